//! From the sweep file as written to a sweep that can be trusted.

use std::collections::BTreeMap;
use std::path::Path;

use super::arm::{Arm, ArmOverrides};
use super::axes::AxisChecker;
use super::check_data::check_data;
use super::claims::check_claims;
use super::error::Source;
use super::filling::{Fillings, POOL};
use super::network::NetworkTemplate;
use super::search::{Search, SearchContext};
use super::seeds::{check_design_fits, check_seeds};
use super::toml_file::{ArmToml, ControlledParameters, ModelToml, SweepToml};
use super::tune::{TUNE, Tune};
use crate::{
    Claim, ComparisonSpec, DataSpec, Decay, EvaluationSpec, Reported, Schedule, StepSchedule, SweepError,
    TrainSpec, Tuning,
};

/// A sweep file in which every single setting is right. Whether they fit one another (a window and its input, say) is
/// known when it is planned, since that depends on the data.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(super) source: Source,
    /// The study's name, which names the run directory too.
    pub study: String,
    /// One trial per arm and seed.
    pub seeds: Vec<u64>,
    /// How the arms are compared, and whether some of the seeds may be left out.
    pub comparison: ComparisonSpec,
    /// The images.
    pub data: DataSpec,
    /// The training protocol.
    pub train: TrainSpec,
    /// What is done with the test images.
    pub evaluation: EvaluationSpec,
    /// Epochs that each process times for an arm's costs; 0 measures none.
    pub cost_epochs: u32,
    /// Processes that measure an arm's costs.
    pub cost_processes: u32,
    /// The arms, in the order of the file.
    pub arms: Vec<Arm>,
    /// What is claimed of the arms.
    pub claims: Vec<Claim>,
    /// What a publication reported of the arms, by their names.
    pub reported: BTreeMap<String, Reported>,
    pub(super) control: Option<ControlledParameters>,
    pub(super) network: Option<NetworkTemplate>,
    /// Draws further arms; `None` trains only those listed.
    pub(super) search: Option<Search>,
    /// What every arm is tuned with; `None` trains it as the file has it.
    pub(super) tune: Option<Tune>,
}

const MAX_NAME: usize = 60;
/// A plan keeps a network for each, and training the least of them takes a second.
const MAX_TRIALS: usize = 100_000;

impl Sweep {
    /// Reads and checks a sweep file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(file: &Path) -> Result<Self, SweepError> {
        let source = Source::read(file)?;
        let raw: SweepToml = toml::from_str(&source.text).map_err(|error| source.toml_error(&error))?;
        Self::check(source, raw, file.parent().unwrap_or(Path::new("")))
    }

    /// The same with seeds from 1 to `count`, all of which are trained.
    ///
    /// # Errors
    /// A file whose search or design decides how many seeds there are, or more trials than are planned.
    pub fn with_seeds(mut self, count: u32) -> Result<Self, SweepError> {
        let decided_by = match &self.search {
            Some(_) => Some("[search]"),
            None => (!self.comparison.looks.is_empty()).then_some("seeds.until"),
        };
        if let Some(decided_by) = decided_by {
            let message = format!("{decided_by} decides how many seeds there are; leave --seeds {count} out");
            return Err(self.source.error_of("seeds", message));
        }
        self.seeds = (1..=u64::from(count)).collect();
        // The run keeps the text; at its end, a remark moves no line that an error may name.
        let remark =
            format!("\n# --seeds {count}: seeds 1 to {count} were trained instead of those of this file.\n");
        self.source.text.push_str(&remark);
        self.check_trials(self.arms.len())?;
        Ok(self)
    }

    /// The sweep file's text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    fn check(source: Source, raw: SweepToml, folder: &Path) -> Result<Self, SweepError> {
        check_study_name(&source, &raw.study)?;
        let (seeds, comparison) = check_seeds(&source, &raw.seeds, raw.compare)?;
        let data = check_data(&source, raw.data, folder)?;
        check_train(&source, &raw.train)?;
        let draws_decay = raw.search.as_ref().is_some_and(|search| search.space.weight_decay.is_some());
        if !draws_decay {
            check_decay_is_there(&source, &raw.train)?;
        }
        let train = raw.train;
        let network = raw.model.map(|model| check_model(&source, model)).transpose()?;
        if raw.arm.is_empty() && raw.search.is_none() {
            let message = "there is no [[arm]]: add at least one, such as name = \"max\" and pool = \"max\"";
            return Err(source.error_at(None, message));
        }
        let reported = raw.arm.iter().filter_map(|arm| Some((arm.name.as_ref().clone(), arm.reported?)));
        let reported: BTreeMap<String, Reported> = reported.collect();
        let arms = check_arms(&source, raw.arm)?;
        if !comparison.looks.is_empty() {
            check_design_fits(&source, arms.len(), raw.search.is_some())?;
        }
        let claims = check_claims(&source, raw.claim, &arms, comparison.margin)?;
        let around =
            SearchContext { listed: &arms, seeds: seeds.len(), train: &train, network: network.as_ref() };
        let search = raw.search.map(|search| Search::check(&source, search, &around)).transpose()?;
        let most_arms = search.as_ref().map_or(arms.len(), |search| search.arms);
        let tune = raw.tune.map(|tune| {
            check_tuning_fits(&source, &seeds, !comparison.looks.is_empty(), search.is_some())?;
            let axes = AxisChecker { source: &source, table: TUNE, train: &train, network: network.as_ref() };
            Tune::check(tune, &axes)
        });
        let sweep = Self {
            study: raw.study,
            seeds,
            comparison,
            data,
            train,
            evaluation: raw.evaluation,
            cost_epochs: raw.costs.epochs.0 as u32,
            cost_processes: raw.costs.processes.0 as u32,
            claims,
            reported,
            arms,
            control: raw.control.parameters,
            network,
            search,
            tune: tune.transpose()?,
            source,
        };
        sweep.check_trials(most_arms)?;
        Ok(sweep)
    }

    /// A plan has a network for each trial, and of a tuned arm one for each setting that may be chosen.
    fn check_trials(&self, arms: usize) -> Result<(), SweepError> {
        let (seeds, settings) = (self.seeds.len(), self.tune.as_ref().map_or(0, |tune| tune.settings.len()));
        let trials = seeds.saturating_mul(arms).saturating_mul(1 + settings);
        if trials <= MAX_TRIALS {
            return Ok(());
        }
        let with_settings = match settings {
            0 => String::new(),
            settings => format!(", with the file's settings and {settings} others,"),
        };
        let message = format!(
            "{seeds} seeds for each of {arms} arms{with_settings} are {trials} trials, and at most {MAX_TRIALS} are planned; \
             divide the study"
        );
        Err(self.source.error_of("seeds", message))
    }
}

/// Tuning comes before seeds that are listed, and they must be fresh.
fn check_tuning_fits(
    source: &Source,
    seeds: &[u64],
    has_looks: bool,
    has_search: bool,
) -> Result<(), SweepError> {
    const FIRST: u64 = Tuning::FIRST_SEED;
    if has_search {
        let message = "[tune] and [search] exclude each other: a search draws its arms' settings itself; put the axes into \
                       [search.space], or list the arms";
        return Err(source.error_of(TUNE, message));
    }
    if has_looks {
        let message = "[tune] and seeds.until exclude each other; list the seeds";
        return Err(source.error_of(TUNE, message));
    }
    match seeds.iter().find(|&&seed| seed >= FIRST) {
        None => Ok(()),
        Some(seed) => {
            let message = format!(
                "seed {seed}: [tune] takes the seeds from {FIRST} on, and the study's must be others; give smaller ones"
            );
            Err(source.error_of("seeds", message))
        }
    }
}

/// The network: one of the literature, or the layers of the file.
fn check_model(source: &Source, model: ModelToml) -> Result<NetworkTemplate, SweepError> {
    let network = match model {
        ModelToml { network: Some(network), layers: None } => return Ok(network.template()),
        ModelToml { network: None, layers: Some(layers) } => NetworkTemplate::new(layers),
        ModelToml { network: Some(_), layers: Some(_) } => {
            let message = "network and layers exclude each other; keep one of them";
            return Err(source.error_of("model.network", message));
        }
        ModelToml { network: None, layers: None } => {
            let message =
                "[model] is empty: add network = \"resnet8\", or layers = [...], or leave the table out";
            return Err(source.error_of("model", message));
        }
    };
    if !network.has_places() {
        let message = "layers has no \"pool\": put that word where the arms' pooling layer goes";
        return Err(source.error_of("model.layers", message));
    }
    Ok(network)
}

fn check_study_name(source: &Source, name: &str) -> Result<(), SweepError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(allowed) {
        let message = format!(
            "study = \"{}\": it names a folder, so use 1 to {MAX_NAME} letters, digits, '-', '_' and '.', the first \
             of them no '.'",
            name.escape_debug()
        );
        return Err(source.error_of("study", message));
    }
    Ok(())
}

fn check_train(source: &Source, train: &TrainSpec) -> Result<(), SweepError> {
    let learning_rate = train.learning_rate;
    if !(learning_rate > 0.0 && learning_rate.is_finite()) {
        let message = format!("learning_rate = {learning_rate}: give a finite number above 0, such as 0.001");
        return Err(source.error_of("train.learning_rate", message));
    }
    train.optimizer.check().map_err(|message| source.error_of("train.optimizer", message))?;
    let decay = train.weight_decay;
    if !(decay >= 0.0 && decay.is_finite()) {
        let message = format!("weight_decay = {decay}: give 0 or a small positive number, such as 0.0005");
        return Err(source.error_of("train.weight_decay", message));
    }
    let smoothing = train.label_smoothing;
    if !(0.0..1.0).contains(&smoothing) {
        let message = format!("label_smoothing = {smoothing}: give 0 or more, and less than 1, such as 0.1");
        return Err(source.error_of("train.label_smoothing", message));
    }
    if let Some(norm) = train.clip_norm.filter(|norm| !(*norm > 0.0 && norm.is_finite())) {
        let message =
            format!("clip_norm = {norm}: give a finite number above 0, such as 1.0, or leave it out");
        return Err(source.error_of("train.clip_norm", message));
    }
    let warmup = train.warmup_epochs;
    if !(0.0..f64::from(train.epochs)).contains(&warmup) {
        let message = format!("warmup_epochs = {warmup}: give 0 or more, and less than epochs, such as 1.0");
        return Err(source.error_of("train.warmup_epochs", message));
    }
    match train.schedule {
        Schedule::Step(StepSchedule { factor, .. }) if !(factor > 0.0 && factor <= 1.0) => {
            let message = format!("factor = {factor}: give a number above 0 and at most 1, such as 0.1");
            return Err(source.error_of("train.schedule", message));
        }
        Schedule::OneCycle if warmup > 0.0 => {
            let message = format!(
                "warmup_epochs = {warmup}: schedule = \"one_cycle\" has a rise of its own; leave warmup_epochs out"
            );
            return Err(source.error_of("train.warmup_epochs", message));
        }
        _ => {}
    }
    let min_delta = train.early_stopping.map_or(0.0, |stopping| stopping.min_delta);
    if !(min_delta >= 0.0 && min_delta.is_finite()) {
        let message = format!("min_delta = {min_delta}: give 0 or a small positive number, such as 0.0001");
        return Err(source.error_of("train.early_stopping", message));
    }
    Ok(())
}

/// An optimizer that differs from another by its weight decay alone would be that other one without.
fn check_decay_is_there(source: &Source, train: &TrainSpec) -> Result<(), SweepError> {
    let optimizer = train.optimizer;
    match optimizer.decay() {
        Decay::Decoupled if train.weight_decay == 0.0 => {
            let word = optimizer.word();
            let message = format!(
                "optimizer = \"{word}\": without weight_decay it is \"{}\"; add weight_decay = 0.01, or write that",
                word.trim_end_matches('w')
            );
            Err(source.error_of("train.optimizer", message))
        }
        Decay::Decoupled | Decay::InGradient => Ok(()),
    }
}

fn check_arms(source: &Source, raw: Vec<ArmToml>) -> Result<Vec<Arm>, SweepError> {
    let mut arms: Vec<Arm> = Vec::new();
    for ArmToml { name, pool, fill, reported: _ } in raw {
        let fillings = Fillings { pool, fill };
        let span = name.span();
        let at = |message: String| source.error_at(Some(span.clone()), message);
        let name = name.into_inner();
        let printable = |c: char| !c.is_control() && !is_invisible(c);
        if name.is_empty()
            || name.trim() != name
            || name.chars().count() > MAX_NAME
            || !name.chars().all(printable)
        {
            let shown = name.escape_debug();
            return Err(at(format!(
                "arm name \"{shown}\": use 1 to {MAX_NAME} visible characters, without spaces at the ends"
            )));
        }
        for earlier in &arms {
            if earlier.name == name {
                return Err(at(format!("arm \"{name}\" appears twice; give each arm a name of its own")));
            }
            if earlier.fillings == fillings {
                return Err(at(format!(
                    "arm \"{name}\" is the same as arm \"{}\" ({fillings}): every seed would give the same numbers \
                     twice; remove one",
                    earlier.name
                )));
            }
        }
        if fillings.fill.contains_key(POOL) {
            return Err(at(format!(
                "arm \"{name}\": what goes into the place \"pool\" is the arm's own pool; write pool = \"max\" instead \
                 of fill = {{ pool = \"max\" }}"
            )));
        }
        arms.push(Arm { name, fillings, overrides: ArmOverrides::default(), span });
    }
    Ok(arms)
}

/// Characters that show nothing, or turn what follows around: two arms could look alike, and a table be scrambled.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
