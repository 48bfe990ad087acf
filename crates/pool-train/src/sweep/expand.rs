//! From a sweep to a plan: every trial with its network, every measurement of costs.

use mnist_data::DataDir;
use pool_models::{ModelError, Pool};

use super::check::{Arm, Sweep};
use super::control::{MatchError, match_parameters};
use super::network::NetworkTemplate;
use super::plan::{CostSpec, Plan, TrialSpec};
use super::spec::DataFacts;
use super::toml_file::ControlledParameters;
use crate::{SweepError, TrainError};

impl Sweep {
    /// Expands the sweep into trials, seed by seed, so that an interrupted sweep has compared all arms on the seeds it
    /// finished.
    ///
    /// # Errors
    /// Settings that do not fit one another or the data.
    pub fn plan(&self, data_dir: &DataDir) -> Result<Plan, TrainError> {
        let facts = self.data.source.facts(data_dir).map_err(|error| {
            // A folder is named by the sweep file; nothing but the file's author can mend it.
            self.source.error_at(Some(self.spans.dataset.clone()), error.to_string())
        })?;
        self.check_sizes(facts)?;
        let network = self.network.clone().unwrap_or_else(|| NetworkTemplate::reference(facts.classes));
        let input = [1, facts.height, facts.width];
        for arm in &self.arms {
            self.check_network(arm, &network, input, facts.classes)?;
        }
        let networks = self.controlled(network, input)?;
        let arms = || self.arms.iter().zip(&networks);
        let trials = self
            .seeds
            .iter()
            .flat_map(|&seed| arms().map(move |(arm, network)| (seed, arm, network)))
            .map(|(seed, arm, network)| TrialSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.pool.clone(),
                seed,
                data: self.data.clone(),
                train: self.train.clone(),
                evaluation: self.evaluation,
                model: network.fill(input, &arm.pool, seed),
            })
            .collect();
        let measurements = arms()
            .filter(|_| self.cost_epochs > 0)
            .map(|(arm, network)| CostSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.pool.clone(),
                data: self.data.clone(),
                train: self.train.clone(),
                epochs: self.cost_epochs,
                // Which weights it starts from changes neither time nor memory.
                model: network.fill(input, &arm.pool, 0),
            })
            .collect();
        Ok(Plan::new(self.study.clone(), self.source.text.clone(), trials, measurements))
    }

    /// Each arm's network: the same for all, but for what `[control]` changes to hold something else equal.
    fn controlled(
        &self,
        network: NetworkTemplate,
        input: [usize; 3],
    ) -> Result<Vec<NetworkTemplate>, SweepError> {
        let Some((ControlledParameters::Match, span)) = &self.control else {
            return Ok(vec![network; self.arms.len()]);
        };
        let pools: Vec<&Pool> = self.arms.iter().map(|arm| &arm.pool).collect();
        match_parameters(&network, input, &pools).map_err(|error| {
            let span = match error {
                MatchError::TooMany { arm, .. } | MatchError::TooFar { arm, .. } => {
                    self.arms[arm].span.clone()
                }
                MatchError::NoHiddenDense | MatchError::Network(_) => span.clone(),
            };
            self.source.error_at(Some(span), format!("parameters = \"match\": {error}"))
        })
    }

    /// Loads the images once and divides them, so that what is missing or does not fit is known before the first trial.
    ///
    /// # Errors
    /// Missing or broken data, or a validation split that leaves a part empty.
    pub fn check_data(&self, data_dir: &DataDir) -> Result<(), TrainError> {
        let data = self.data.source.load(data_dir)?;
        self.data
            .validation
            .to_validation_split()
            .split(data.train.labels())
            .map_err(|error| self.source.error_at(Some(self.spans.validation.clone()), error.to_string()))?;
        Ok(())
    }

    fn check_sizes(&self, facts: DataFacts) -> Result<(), SweepError> {
        let available = (facts.train_images as f64 * (1.0 - self.data.validation.fraction())) as usize;
        if available == 0 || available == facts.train_images {
            let message = format!(
                "validation = {:?}: leaves one side without images, of {} in all",
                self.data.validation.fraction(),
                facts.train_images
            );
            return Err(self.source.error_at(Some(self.spans.validation.clone()), message));
        }
        if self.train.batch_size > available {
            let message = format!(
                "batch_size = {}: only {available} images are left for training; make it smaller",
                self.train.batch_size
            );
            return Err(self.source.error_at(Some(self.spans.batch_size.clone()), message));
        }
        Ok(())
    }

    fn check_network(
        &self,
        arm: &Arm,
        network: &NetworkTemplate,
        input: [usize; 3],
        classes: usize,
    ) -> Result<(), SweepError> {
        let inferred = network.fill(input, &arm.pool, 0).infer().map_err(|error| {
            let layer = match &error {
                ModelError::Layer { index, .. } => network.span_of_fixed(*index),
                _ => None,
            };
            let span = layer.unwrap_or_else(|| arm.span.clone());
            self.source.error_at(Some(span), format!("arm \"{}\": {error}", arm.name))
        })?;
        let output = inferred.output().unwrap_or(&input);
        if *output != [classes] {
            let message = format!(
                "arm \"{}\": the network ends in the shape {output:?}, but the data has {classes} classes; end the \
                 layers in {{ dense = {{ units = {classes} }} }}",
                arm.name
            );
            return Err(self.source.error_at(self.spans.model.clone(), message));
        }
        Ok(())
    }
}
