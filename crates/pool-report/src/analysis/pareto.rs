//! The Pareto front of the arms: those that no other arm beats in every objective at once.
use pool_metrics::{dominates, pareto_front};
use serde::Serialize;

use crate::ArmFigures;
use crate::cells::listed;

/// What is compared; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Mean fraction of the test images misclassified.
    TestError,
    /// Trainable parameters.
    Parameters,
    /// Median seconds of one epoch.
    EpochTime,
    /// Median seconds to predict the smallest measured batch.
    Latency,
    /// Measured peak memory of training, in bytes.
    TrainingPeak,
}

impl Objective {
    /// Every objective, in the order of the tables.
    pub const ALL: [Self; 5] =
        [Self::TestError, Self::Parameters, Self::EpochTime, Self::Latency, Self::TrainingPeak];

    /// Its name in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::TestError => "test error",
            Self::Parameters => "parameters",
            Self::EpochTime => "epoch time",
            Self::Latency => "latency",
            Self::TrainingPeak => "training memory",
        }
    }

    /// An arm's value. `None` if it was not measured, or is a time that must not be compared.
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

/// Which arms are on the front. Values are compared as measured, so a difference within the noise can decide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParetoFront {
    /// The objectives for which every arm with a test error has a value.
    pub objectives: Vec<Objective>,
    /// The other objectives.
    pub unmeasured: Vec<Objective>,
    /// The arms with a test error, in the plan's order.
    pub arms: Vec<ParetoArm>,
    /// The front in a sentence. `None` for fewer than two arms.
    pub sentence: Option<String>,
}

/// One arm with its values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParetoArm {
    /// The name of the arm.
    pub arm: String,
    /// Its values, in the order of the objectives.
    pub values: Vec<f64>,
    /// Whether no other arm is at least as good in every objective and better in one.
    pub on_front: bool,
    /// The arms that are so.
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
        // Points are refused for a missing or NaN objective; these have every objective.
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

    /// The arm of this name.
    pub fn arm(&self, name: &str) -> Option<&ParetoArm> {
        self.arms.iter().find(|arm| arm.arm == name)
    }
}

fn sentence(arms: &[ParetoArm], objectives: &[Objective]) -> Option<String> {
    let front: Vec<&str> = arms.iter().filter(|arm| arm.on_front).map(|arm| arm.arm.as_str()).collect();
    if arms.len() < 2 {
        return None;
    }
    let titles: Vec<&str> = objectives.iter().map(|objective| objective.title()).collect();
    let verb = if front.len() == 1 { "is" } else { "are" };
    Some(format!(
        "By {}, {} {verb} on the Pareto front: no other arm is at least as good in all of them and better in one.",
        listed(&titles),
        listed(&front)
    ))
}
