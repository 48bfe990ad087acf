//! Two runs side by side: what was set differently, and how the same arms fared in each.
//!
//! Differences of test errors are paired by seed where both runs were tested on the same images and an arm has two seeds in
//! common (corrected for how many arms there are, Holm); otherwise they get Welch's interval for two independent means, and
//! with a single seed in a run nothing at all.

mod difference;
mod matching;
use pool_metrics::MemoryModel;
use pool_spec::Pool;
use serde::Serialize;

pub use self::difference::{Difference, Method};
use super::provenance::settings_and_machine;
use crate::cells::listed;
use crate::figures::spelling;
use crate::{ArmFigures, Estimate, Run, Spread};

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// The runs' directories.
    pub runs: [String; 2],
    /// The runs' studies.
    pub studies: [String; 2],
    /// What was set differently, or ran on something else.
    pub settings: Vec<SettingDifference>,
    /// The arms that both runs have, in the first run's order.
    pub arms: Vec<ArmBeside>,
    /// Arms of one run alone.
    pub unmatched: [Vec<String>; 2],
    /// What a reader must know to read it, in sentences.
    pub notes: Vec<String>,
}

/// A setting that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingDifference {
    /// The setting.
    pub what: String,
    /// Its text in each run.
    pub texts: [String; 2],
}

/// One arm in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmBeside {
    /// The arm's figures in each run.
    pub runs: [ArmInRun; 2],
    /// How its test errors differ.
    pub difference: Difference,
}

/// One arm in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmInRun {
    /// Its name there.
    pub arm: String,
    /// Its pooling layer.
    #[serde(serialize_with = "spelling")]
    pub pool: Option<Pool>,
    /// Share of test images misclassified.
    pub test_error: Option<Estimate>,
    /// Share of validation images misclassified.
    pub validation_error: Option<Estimate>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// Seconds of an epoch.
    pub epoch_s: Option<Spread>,
    /// Whether these were measured, and undisturbed.
    pub times_may_be_compared: bool,
    /// Seconds of predicting the test images.
    pub prediction_s: Option<Spread>,
    /// Peak of memory in training, bytes: measured, or expected by our model.
    pub training_bytes: Option<u64>,
    /// Whether that was measured.
    pub memory_measured: bool,
}

impl RunComparison {
    /// Compares two runs, which may be of different studies.
    pub fn of(first: &Run, second: &Run) -> Self {
        let figures = [first, second].map(|run| run.arms.iter().map(ArmFigures::of).collect::<Vec<_>>());
        let matches = matching::matches(&figures);
        let differences = difference::differences([first, second], &figures, &matches);
        let alone = |run: usize| {
            let matched = |index: &usize| matches.iter().any(|pair| pair[run] == *index);
            let names = figures[run].iter().enumerate().filter(|(index, _)| !matched(index));
            names.map(|(_, arm)| arm.arm.clone()).collect::<Vec<_>>()
        };
        let unmatched = [alone(0), alone(1)];
        let beside = |(&[a, b], difference): (&[usize; 2], Difference)| ArmBeside {
            runs: [ArmInRun::of(&figures[0][a]), ArmInRun::of(&figures[1][b])],
            difference,
        };
        let arms: Vec<ArmBeside> = matches.iter().zip(differences).map(beside).collect();
        Self {
            runs: [first, second].map(|run| run.layout.root().display().to_string()),
            studies: [first, second].map(|run| run.study.clone()),
            settings: settings(first, second),
            notes: notes(first, second, &arms, &unmatched),
            arms,
            unmatched,
        }
    }
}

impl ArmInRun {
    fn of(arm: &ArmFigures) -> Self {
        let measured = arm.costs.training_peak().and_then(|peak| peak.measured_bytes);
        Self {
            arm: arm.arm.clone(),
            pool: arm.pool.clone(),
            test_error: arm.test_error,
            validation_error: arm.validation_error,
            parameters: arm.parameters,
            epoch_s: arm.costs.epoch_s,
            times_may_be_compared: arm.costs.may_be_compared(),
            prediction_s: arm.costs.prediction_s,
            training_bytes: measured.or_else(|| arm.memory_bytes(MemoryModel::Training)),
            memory_measured: measured.is_some(),
        }
    }
}

fn settings(first: &Run, second: &Run) -> Vec<SettingDifference> {
    let texts = |run: &Run| -> Vec<(&'static str, String)> {
        settings_and_machine(run).into_iter().chain([("seeds", seeds(run))]).collect()
    };
    let (first, second) = (texts(first), texts(second));
    let of = |texts: &[(&str, String)], wanted: &str| -> String {
        let found = texts.iter().find(|(label, _)| *label == wanted);
        found.map_or_else(|| "-".to_owned(), |(_, text)| text.clone())
    };
    let longer = if first.len() >= second.len() { &first } else { &second };
    longer
        .iter()
        .map(|(label, _)| SettingDifference {
            what: (*label).to_owned(),
            texts: [of(&first, label), of(&second, label)],
        })
        .filter(|difference| difference.texts[0] != difference.texts[1])
        .collect()
}

fn seeds(run: &Run) -> String {
    let mut seeds: Vec<u64> = run.records().map(|record| record.spec.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    seeds.join(", ")
}

fn notes(first: &Run, second: &Run, arms: &[ArmBeside], unmatched: &[Vec<String>; 2]) -> Vec<String> {
    let mut notes = Vec::new();
    if arms.is_empty() {
        notes.push("The runs have no arm in common: neither a pooling layer nor a name.".to_owned());
    }
    for (alone, which) in unmatched.iter().zip(["first", "second"]) {
        if !alone.is_empty() {
            notes.push(format!("In the {which} run alone: {}.", listed(alone)));
        }
    }
    let dataset = |run: &Run| run.records().next().map(|record| record.spec.data.source.to_string());
    if let (Some(one), Some(other)) = (dataset(first), dataset(second))
        && one != other
    {
        notes.push(format!(
            "The runs are of different data, {one} and {other}: their errors differ by the task before anything else."
        ));
    }
    if arms.iter().flat_map(|arm| &arm.runs).any(|arm| arm.epoch_s.is_some() && !arm.times_may_be_compared) {
        notes.push(
            "Some times were taken while the trials ran, or while the machine had other work, and must not be compared."
                .to_owned(),
        );
    }
    notes
}
