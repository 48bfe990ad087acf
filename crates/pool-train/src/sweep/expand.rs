//! From a sweep to a plan: every trial with its network, every measurement of costs.

use std::collections::HashSet;
use std::ops::Range;

use mnist_data::{DataDir, DataError};
use pool_models::{ModelError, Pool};

use super::check::{Arm, Sweep};
use super::control::{MatchError, match_parameters};
use super::division::labels_of;
use super::network::NetworkTemplate;
use super::plan::{CostSpec, ImageCounts, Plan, TrialSpec};
use super::spec::DataFacts;
use super::toml_file::ControlledParameters;
use crate::{SweepError, TrainError};

/// Draws before a space counts as used up: these, and so many more for every arm.
const FEWEST_DRAWS: u64 = 1_000;
const DRAWS_PER_ARM: u64 = 10;

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
        let images = self.count_images(&facts)?;
        self.check_sizes(images)?;
        let template = self.network.clone().unwrap_or_else(|| NetworkTemplate::reference(facts.classes));
        let site = Site { template, input: [1, facts.height, facts.width], classes: facts.classes };
        for arm in &self.arms {
            self.check_network(arm, &site)?;
        }
        let arms = self.with_drawn(&site)?;
        let networks = self.networks(&arms, &site)?;
        let arms_and_networks = || arms.iter().zip(&networks);
        let trials = self
            .seeds
            .iter()
            .flat_map(|&seed| arms_and_networks().map(move |(arm, network)| (seed, arm, network)))
            .map(|(seed, arm, network)| TrialSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.pool.clone(),
                seed,
                data: self.data.clone(),
                train: self.train.with_changes(&arm.changes),
                evaluation: self.evaluation,
                model: network.fill(site.input, &arm.pool, seed),
            })
            .collect();
        let measurements = arms_and_networks()
            .filter(|_| self.cost_epochs > 0)
            .map(|(arm, network)| CostSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.pool.clone(),
                data: self.data.clone(),
                train: self.train.with_changes(&arm.changes),
                epochs: self.cost_epochs,
                // Which weights it starts from changes neither time nor memory.
                model: network.fill(site.input, &arm.pool, 0),
            })
            .collect();
        let text = self.source.text.clone();
        let search = self.search.as_ref().map(|search| search.plan(arms.len()));
        let division = facts.labels.map(|labels| self.data.divide(&labels)).transpose();
        let classes = division.map_err(|error| self.at_validation(&error))?.map(|division| division.classes);
        Ok(Plan::new(self.study.clone(), text, trials, measurements, search, images, classes))
    }

    /// The images of every trial, which are those of [`DataSpec::divide`](super::DataSpec), known without the labels.
    fn count_images(&self, facts: &DataFacts) -> Result<ImageCounts, SweepError> {
        let split = self.data.validation.to_validation_split();
        let (train, validation) =
            split.sizes(&facts.counts.train).map_err(|error| self.at_validation(&error))?;
        let test: usize = facts.counts.test.iter().sum();
        Ok(ImageCounts { train: train as u64, validation: validation as u64, test: test as u64 })
    }

    fn at_validation(&self, error: &DataError) -> SweepError {
        self.source.error_at(Some(self.spans.validation.clone()), error.to_string())
    }

    /// The arms of the file, and those that the search draws beside them: each different from all before, and such that
    /// its network can be built.
    fn with_drawn(&self, site: &Site) -> Result<Vec<Arm>, SweepError> {
        let Some(search) = &self.search else { return Ok(self.arms.clone()) };
        let mut arms = self.arms.clone();
        let mut seen: HashSet<String> = arms.iter().map(|arm| self.fingerprint(arm, site)).collect();
        let mut misfit = None;
        let most_draws = FEWEST_DRAWS + DRAWS_PER_ARM * search.arms as u64;
        for number in 0..most_draws {
            if arms.len() >= search.arms {
                return Ok(arms);
            }
            let Some(arm) = search.draw(number, &self.arms) else { break };
            match self.check_network(&arm, site) {
                Ok(()) if seen.insert(self.fingerprint(&arm, site)) => arms.push(arm),
                Ok(()) => {}
                Err(error) => misfit = Some(error),
            }
        }
        // A search that has hours takes as many arms as there are.
        if search.takes_what_there_is() && !arms.is_empty() {
            return Ok(arms);
        }
        // Where nothing fits, the space is not what is wrong.
        if arms.is_empty()
            && let Some(SweepError { file, line, message }) = misfit
        {
            return Err(SweepError { line: line.or(self.source.line_of(&search.span)), file, message });
        }
        let misfit =
            misfit.map_or(String::new(), |error| format!(" (one that does not fit: {})", error.message));
        let message = format!(
            "the space holds {} different networks that fit, and the trials ask for {}{misfit}; add values, or give \
             fewer trials",
            arms.len(),
            search.arms
        );
        Err(self.source.error_at(Some(search.span.clone()), message))
    }

    /// The same for arms that would give the same numbers.
    fn fingerprint(&self, arm: &Arm, site: &Site) -> String {
        let network = site.template.with_changes(&arm.changes).fill(site.input, &arm.pool, 0);
        let settings = (network, self.train.with_changes(&arm.changes));
        serde_json::to_string(&settings).expect("a spec holds only what JSON can express")
    }

    /// Each arm's network: what `[control]` holds equal, and else only what the arm itself changes.
    fn networks(&self, arms: &[Arm], site: &Site) -> Result<Vec<NetworkTemplate>, SweepError> {
        let changed: Vec<(NetworkTemplate, &Pool)> =
            arms.iter().map(|arm| (site.template.with_changes(&arm.changes), &arm.pool)).collect();
        let Some((ControlledParameters::Match, span)) = &self.control else {
            return Ok(changed.into_iter().map(|(network, _)| network).collect());
        };
        match_parameters(&site.template, &changed, site.input).map_err(|error| {
            let span = match error {
                MatchError::TooMany { arm, .. } | MatchError::TooFar { arm, .. } => arms[arm].span.clone(),
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
        self.data.divide(&labels_of(&data)).map_err(|error| self.at_validation(&error))?;
        Ok(())
    }

    fn check_sizes(&self, images: ImageCounts) -> Result<(), SweepError> {
        let available = usize::try_from(images.train).unwrap_or(usize::MAX);
        let too_large = |size: usize, span: &Range<usize>| {
            let message = format!(
                "batch_size = {size}: only {available} images are left for training; make it smaller"
            );
            Err(self.source.error_at(Some(span.clone()), message))
        };
        if self.train.batch_size > available {
            return too_large(self.train.batch_size, &self.spans.batch_size);
        }
        let drawn = self.search.as_ref().and_then(|search| search.batch_sizes.as_ref());
        if let Some((sizes, span)) = drawn
            && let Some(&size) = sizes.iter().find(|&&size| size > available)
        {
            return too_large(size, span);
        }
        Ok(())
    }

    fn check_network(&self, arm: &Arm, site: &Site) -> Result<(), SweepError> {
        let network = site.template.with_changes(&arm.changes);
        let inferred = network.fill(site.input, &arm.pool, 0).infer().map_err(|error| {
            let layer = match &error {
                ModelError::Layer { index, .. } => network.span_of_fixed(*index),
                _ => None,
            };
            let span = layer.unwrap_or_else(|| arm.span.clone());
            self.source.error_at(Some(span), format!("arm \"{}\": {error}", arm.name))
        })?;
        let output = inferred.output().unwrap_or(&site.input);
        let classes = site.classes;
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

/// What every arm's network is made of.
struct Site {
    template: NetworkTemplate,
    input: [usize; 3],
    classes: usize,
}
