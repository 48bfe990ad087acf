//! The Pareto front of the arms: which ones no other arm beats on every count at once.

use pool_metrics::pareto_front;
use serde::Serialize;

use crate::ArmFigures;
use crate::cells::listed;

/// One count, of which less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Mean share of test images misclassified.
    TestError,
    /// Trainable parameters.
    Parameters,
    /// Median seconds of one epoch.
    EpochTime,
    /// Median seconds of predicting the smallest measured batch.
    Latency,
    /// Measured peak of memory in training, bytes.
    TrainingPeak,
}

impl Objective {
    /// Every count, in the order of the tables.
    pub const ALL: [Self; 5] =
        [Self::TestError, Self::Parameters, Self::EpochTime, Self::Latency, Self::TrainingPeak];

    /// Its words.
    pub fn title(self) -> &'static str {
        match self {
            Self::TestError => "test error",
            Self::Parameters => "parameters",
            Self::EpochTime => "time of an epoch",
            Self::Latency => "latency",
            Self::TrainingPeak => "memory in training",
        }
    }

    /// An arm's value; none where it was not measured, or was measured while the machine had other work.
    pub fn of(self, arm: &ArmFigures) -> Option<f64> {
        let timed = arm.costs.may_be_compared();
        match self {
            Self::TestError => arm.test_error.map(|error| error.mean),
            Self::Parameters => arm.parameters.map(|count| count as f64),
            Self::EpochTime => arm.costs.epoch_s.filter(|_| timed).map(|epoch| epoch.median),
            Self::Latency => arm.costs.smallest_batch().filter(|_| timed).map(|latency| latency.p50_s),
            Self::TrainingPeak => arm.costs.training_peak()?.measured_bytes.map(|bytes| bytes as f64),
        }
    }
}

/// The arms' places. Values count as measured: a difference within the noise puts an arm on the front, too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParetoFront {
    /// The counts that every arm with a test error has.
    pub objectives: Vec<Objective>,
    /// The other counts.
    pub unmeasured: Vec<Objective>,
    /// The arms with a test error, in the plan's order.
    pub arms: Vec<ParetoArm>,
    /// The front in a sentence; none without arms.
    pub sentence: Option<String>,
}

/// One arm and the front.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParetoArm {
    /// The arm.
    pub arm: String,
    /// Its values, in the order of the objectives.
    pub values: Vec<f64>,
    /// No other arm is at least as good on every count and better on one.
    pub on_front: bool,
    /// The arms that are.
    pub dominated_by: Vec<String>,
}

impl ParetoFront {
    pub(crate) fn of(arms: &[&ArmFigures]) -> Self {
        let arms: Vec<&ArmFigures> =
            arms.iter().copied().filter(|arm| Objective::TestError.of(arm).is_some()).collect();
        let (objectives, unmeasured): (Vec<Objective>, Vec<Objective>) = Objective::ALL
            .into_iter()
            .partition(|objective| arms.iter().all(|arm| objective.of(arm).is_some()));
        let points: Vec<Vec<f64>> = arms
            .iter()
            .map(|arm| objectives.iter().filter_map(|objective| objective.of(arm)).collect())
            .collect();
        // Every point has a number for each objective, so none is refused.
        let on_front = pareto_front(&points).unwrap_or_default();
        let placed: Vec<ParetoArm> = arms
            .iter()
            .zip(&points)
            .zip(on_front)
            .map(|((arm, values), on_front)| ParetoArm {
                arm: arm.arm.clone(),
                dominated_by: arms
                    .iter()
                    .zip(&points)
                    .filter(|(_, other)| dominates(other, values))
                    .map(|(other, _)| other.arm.clone())
                    .collect(),
                values: values.clone(),
                on_front,
            })
            .collect();
        let sentence = sentence(&placed, &objectives);
        Self { objectives, unmeasured, arms: placed, sentence }
    }

    /// The place of an arm.
    pub fn arm(&self, name: &str) -> Option<&ParetoArm> {
        self.arms.iter().find(|arm| arm.arm == name)
    }
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
}

fn sentence(arms: &[ParetoArm], objectives: &[Objective]) -> Option<String> {
    let front: Vec<&str> = arms.iter().filter(|arm| arm.on_front).map(|arm| arm.arm.as_str()).collect();
    if arms.len() < 2 {
        return None;
    }
    let counts: Vec<&str> = objectives.iter().map(|objective| objective.title()).collect();
    let (verb, them) = if front.len() == 1 { ("is", "it") } else { ("are", "them") };
    Some(format!(
        "By {}, {} {verb} on the Pareto front: no other arm is as good as {them} on every count and better on one.",
        listed(&counts),
        listed(&front)
    ))
}
