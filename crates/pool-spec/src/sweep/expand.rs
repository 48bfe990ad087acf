//! From a sweep to a plan: every trial with its network, every measurement of costs.

use std::collections::HashSet;

use super::arm::Arm;
use super::check::Sweep;
use super::control::{MatchError, match_parameters};
use super::filling::Fillings;
use super::network::{FillError, Filled, NetworkTemplate};
use super::search::{SPACE, Search};
use super::toml_file::ControlledParameters;
use super::tune::Tune;
use crate::{
    CostSpec, DataFacts, ImageCounts, Measurement, NetworkError, Plan, Sequential, SettingTrial, SweepError,
    Trial, TrialSpec, Tuning,
};

/// A space counts as used up after this many draws, and `DRAWS_PER_ARM` more for every arm.
const FEWEST_DRAWS: u64 = 1_000;
const DRAWS_PER_ARM: u64 = 10;

impl Sweep {
    /// Expands the sweep into trials, seed by seed, so that an interrupted sweep has compared all arms on the seeds it
    /// finished.
    ///
    /// # Errors
    /// Settings that do not fit one another or the data.
    pub fn plan(&self, facts: &DataFacts) -> Result<Plan, SweepError> {
        self.check_sizes(facts.images)?;
        let template = self.network.clone().unwrap_or_else(NetworkTemplate::reference);
        let context = NetworkContext { template, input: facts.sample, classes: facts.classes };
        for arm in &self.arms {
            self.check_network(arm, &context)?;
        }
        let arms = self.with_drawn(&context)?;
        let networks = self.networks(&arms, &context)?;
        let arms_and_networks = || arms.iter().zip(&networks);
        let trials: Vec<Trial> = self
            .seeds
            .iter()
            .flat_map(|&seed| arms_and_networks().map(move |(arm, network)| (seed, arm, network)))
            .map(|(seed, arm, network)| self.trial(arm, network, seed))
            .collect();
        let tuning =
            self.tune.as_ref().map(|tune| self.tuning(tune, &arms, &trials, &context)).transpose()?;
        // By turns, so that what the machine does meanwhile falls on all arms alike.
        let processes = if self.cost_epochs > 0 { self.cost_processes } else { 0 };
        let measurements = (1..=processes)
            .flat_map(|process| arms_and_networks().map(move |(arm, network)| (process, arm, network)))
            .map(|(process, arm, network)| CostSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.fillings.pool.clone(),
                fill: arm.fillings.fill.clone(),
                data: self.data.clone(),
                train: self.train.with_overrides(&arm.overrides),
                epochs: self.cost_epochs,
                process,
                processes,
                // Which weights it starts from changes neither time nor memory.
                model: network.clone(),
            })
            .map(Measurement::from)
            .collect();
        Ok(Plan {
            study: self.study.clone(),
            sweep_text: self.source.text.clone(),
            trials,
            tuning,
            measurements,
            comparison: self.comparison.clone(),
            claims: self.claims.clone(),
            reported: self.reported.clone(),
            search: self.search.as_ref().map(|search| search.plan(arms.len(), self.arms.len())),
            images: facts.images,
            classes: facts.class_images.clone(),
        })
    }

    fn trial(&self, arm: &Arm, network: &Sequential, seed: u64) -> Trial {
        Trial::from(TrialSpec {
            study: self.study.clone(),
            arm: arm.name.clone(),
            pool: arm.fillings.pool.clone(),
            fill: arm.fillings.fill.clone(),
            seed,
            data: self.data.clone(),
            train: self.train.with_overrides(&arm.overrides),
            evaluation: self.evaluation,
            model: network.clone().seed(seed),
        })
    }

    /// Every arm with every setting: with the seeds of tuning, and with the study's seeds where the setting is not the one
    /// that the file has.
    fn tuning(
        &self,
        tune: &Tune,
        arms: &[Arm],
        untuned: &[Trial],
        context: &NetworkContext,
    ) -> Result<Tuning, SweepError> {
        let mut tried: Vec<(usize, Arm, Sequential)> = Vec::new();
        for (setting, overrides) in tune.settings.iter().enumerate() {
            let arms = arms.iter().map(|arm| Arm { overrides: overrides.clone(), ..arm.clone() });
            let arms: Vec<Arm> = arms.collect();
            let networks = self.networks(&arms, context)?;
            tried.extend(arms.into_iter().zip(networks).map(|(arm, network)| (setting, arm, network)));
        }
        let with_seeds = |seeds: &mut dyn Iterator<Item = u64>| -> Vec<SettingTrial> {
            let of_seed = |seed| {
                tried.iter().map(move |(setting, arm, network)| SettingTrial {
                    setting: *setting,
                    trial: self.trial(arm, network, seed),
                })
            };
            seeds.flat_map(of_seed).collect()
        };
        let trials = with_seeds(&mut tune.seeds());
        let mut tuned = with_seeds(&mut self.seeds.iter().copied());
        let untuned: HashSet<&str> = untuned.iter().map(Trial::id).collect();
        tuned.retain(|tuned| !untuned.contains(tuned.trial.id()));
        Ok(Tuning { settings: tune.settings.clone(), trials, tuned })
    }

    /// An error of the data set, at the setting that names it.
    pub fn dataset_error(&self, message: impl Into<String>, is_missing_data: bool) -> SweepError {
        SweepError { is_missing_data, ..self.source.error_of("data.dataset", message) }
    }

    /// An error of the split into training and validation images, at its setting.
    pub fn validation_error(&self, message: impl Into<String>) -> SweepError {
        self.source.error_of("data.validation", message)
    }

    /// The arms of the file, and those that the search draws beside them: each different from all before, and such that
    /// its network can be built.
    fn with_drawn(&self, context: &NetworkContext) -> Result<Vec<Arm>, SweepError> {
        let Some(search) = &self.search else { return Ok(self.arms.clone()) };
        let mut arms = self.arms.clone();
        let mut seen: HashSet<String> = arms.iter().map(|arm| self.fingerprint(arm, context)).collect();
        let mut misfit = None;
        let most_draws = FEWEST_DRAWS + DRAWS_PER_ARM * search.arms as u64;
        for number in 0..most_draws {
            if arms.len() >= search.arms {
                return Ok(arms);
            }
            let Some(arm) = search.draw(number, &self.arms) else { break };
            match self.check_network(&arm, context) {
                Ok(()) if seen.insert(self.fingerprint(&arm, context)) => arms.push(arm),
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
            && let Some(error) = misfit
        {
            let space = self.source.error_of(SPACE, "").line;
            return Err(SweepError { line: error.line.or(space), ..error });
        }
        let misfit =
            misfit.map_or(String::new(), |error| format!(" (one that does not fit: {})", error.message));
        let message = format!(
            "the space holds {} different networks that fit, and the trials ask for {}{misfit}; add values, or give \
             fewer trials",
            arms.len(),
            search.arms
        );
        Err(self.source.error_of(SPACE, message))
    }

    /// The same for arms that would give the same numbers.
    fn fingerprint(&self, arm: &Arm, context: &NetworkContext) -> String {
        let network = context.fill(&context.template.with_overrides(&arm.overrides), arm);
        let settings = (network.ok().map(|filled| filled.model), self.train.with_overrides(&arm.overrides));
        serde_json::to_string(&settings).expect("a spec holds only what JSON can express")
    }

    /// Each arm's network, with seed 0, from which neither time nor memory depends: what `[control]` holds equal, and else
    /// only what the arm itself changes.
    fn networks(&self, arms: &[Arm], context: &NetworkContext) -> Result<Vec<Sequential>, SweepError> {
        let templates = self.templates(arms, context)?;
        let filled = arms.iter().zip(&templates).map(|(arm, template)| {
            let filled = context.fill(template, arm).map_err(|message| self.arm_error(arm, message))?;
            Ok(filled.model)
        });
        filled.collect()
    }

    fn arm_error(&self, arm: &Arm, message: impl std::fmt::Display) -> SweepError {
        self.source.error_at(Some(arm.span.clone()), format!("arm \"{}\": {message}", arm.name))
    }

    fn templates(&self, arms: &[Arm], context: &NetworkContext) -> Result<Vec<NetworkTemplate>, SweepError> {
        let changed: Vec<(NetworkTemplate, &Fillings)> =
            arms.iter().map(|arm| (context.template.with_overrides(&arm.overrides), &arm.fillings)).collect();
        let Some(ControlledParameters::Match) = &self.control else {
            return Ok(changed.into_iter().map(|(network, _)| network).collect());
        };
        match_parameters(&context.template, &changed, context.input, context.classes).map_err(|error| {
            let message = format!("parameters = \"match\": {error}");
            match error {
                MatchError::TooMany { arm, .. } | MatchError::TooFar { arm, .. } => {
                    self.source.error_at(Some(arms[arm].span.clone()), message)
                }
                MatchError::NoHiddenDense | MatchError::Network(_) | MatchError::Fill(_) => {
                    self.source.error_of("control.parameters", message)
                }
            }
        })
    }

    fn check_sizes(&self, images: ImageCounts) -> Result<(), SweepError> {
        let available = usize::try_from(images.train).unwrap_or(usize::MAX);
        let drawn = self.search.as_ref().map_or(&[][..], Search::batch_sizes);
        let drawn = drawn.iter().map(|&size| (size, "search.space.batch_size"));
        let sizes = std::iter::once((self.train.batch_size, "train.batch_size")).chain(drawn);
        match sizes.into_iter().find(|(size, _)| *size > available) {
            None => Ok(()),
            Some((size, key)) => {
                let message = format!(
                    "batch_size = {size}: only {available} images are left for training; make it smaller"
                );
                Err(self.source.error_of(key, message))
            }
        }
    }

    fn check_network(&self, arm: &Arm, context: &NetworkContext) -> Result<(), SweepError> {
        let template = context.template.with_overrides(&arm.overrides);
        let Filled { model, spans } =
            context.fill(&template, arm).map_err(|error| self.arm_error(arm, error))?;
        let inferred = model.infer().map_err(|error| {
            let layer = match &error {
                NetworkError::Layer { index, .. } => spans.get(*index).cloned().flatten(),
                NetworkError::Setting(_) => None,
            };
            let span = layer.unwrap_or_else(|| arm.span.clone());
            self.source.error_at(Some(span), format!("arm \"{}\": {error}", arm.name))
        })?;
        let output = inferred.output().unwrap_or(&context.input);
        let classes = context.classes;
        if *output != [classes] {
            let message = format!(
                "arm \"{}\": the network ends in the shape {output:?}, but the data has {classes} classes; end the \
                 layers in {{ dense = {{ units = {classes} }} }}",
                arm.name
            );
            return Err(self.source.error_of("model.layers", message));
        }
        Ok(())
    }
}

/// What every arm's network is made of.
struct NetworkContext {
    template: NetworkTemplate,
    input: [usize; 3],
    classes: usize,
}

impl NetworkContext {
    /// An arm's network, with seed 0.
    fn fill(&self, template: &NetworkTemplate, arm: &Arm) -> Result<Filled, FillError> {
        template.filled(self.input, self.classes, &arm.fillings, 0)
    }
}
