//! Which arm to take under a budget.
//!
//! Of the arms within every limit, the one with the lowest mean validation error: the test set selects nothing.
//! Measured figures are preferred. If there are none, the memory model's estimate and the times of the trials are used,
//! and marked as such. An arm without a figure that the budget limits cannot be judged.

mod limit;
mod words;

use serde::Serialize;

pub use self::limit::{Basis, Limit, LimitFigure};
use super::{Analysis, Standing};
use crate::ArmFigures;

/// The limits; `None` sets no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Budget {
    /// Memory of prediction at the smallest measured batch, bytes.
    pub max_memory_bytes: Option<u64>,
    /// Memory of training, bytes.
    pub max_train_memory_bytes: Option<u64>,
    /// 95th percentile of the seconds to predict the smallest measured batch.
    pub max_latency_s: Option<f64>,
    /// Trainable parameters.
    pub max_parameters: Option<u64>,
    /// Seconds of a whole training.
    pub max_train_s: Option<f64>,
    /// Seconds of predicting the test images.
    pub max_prediction_s: Option<f64>,
}

/// The arm to take under a budget, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The budget.
    pub budget: Budget,
    /// The recommended arm; `None` if no arm is known to fit.
    pub arm: Option<String>,
    /// Every arm with a validation error, the lowest first.
    pub arms: Vec<Judgement>,
    /// Arms within the budget that are not distinguishable from it on the test images.
    pub not_distinguishable: Vec<String>,
    /// All of it in sentences.
    pub sentences: Vec<String>,
}

/// One arm against the budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The arm.
    pub arm: String,
    /// Its mean fraction of validation images misclassified.
    pub validation_error: f64,
    /// Its figure for each limit of the budget.
    pub figures: Vec<LimitFigure>,
    /// Limits that it breaks.
    pub broken: Vec<Limit>,
    /// Limits whose figure was not measured.
    pub unknown: Vec<Limit>,
}

impl Judgement {
    /// Whether it is known to be within every limit.
    pub fn fits(&self) -> bool {
        self.broken.is_empty() && self.unknown.is_empty()
    }

    fn of(arm: &ArmFigures, budget: &Budget) -> Option<Self> {
        let figures: Vec<LimitFigure> =
            Limit::ALL.into_iter().filter_map(|limit| limit.figure(arm, budget)).collect();
        let limits = |wanted: fn(&LimitFigure) -> bool| {
            figures.iter().filter(|figure| wanted(figure)).map(|figure| figure.limit).collect()
        };
        Some(Self {
            arm: arm.arm.clone(),
            validation_error: arm.validation_error?.mean,
            broken: limits(|figure| figure.value.is_some_and(|value| value > figure.allowed)),
            unknown: limits(|figure| figure.value.is_none()),
            figures,
        })
    }
}

/// The arm with the lowest mean validation error within the budget, and how every arm compares with the limits.
pub fn recommend(analysis: &Analysis, budget: &Budget) -> Recommendation {
    let mut arms: Vec<Judgement> =
        analysis.arms.iter().filter_map(|arm| Judgement::of(arm, budget)).collect();
    arms.sort_by(|a, b| a.validation_error.total_cmp(&b.validation_error));
    let arm = arms.iter().find(|arm| arm.fits()).map(|arm| arm.arm.clone());
    let indistinguishable = |other: &&Judgement| {
        let standing = arm.as_ref().map(|arm| analysis.comparisons.standing(arm, &other.arm));
        other.fits() && standing == Some(Standing::NotDistinguishable)
    };
    let not_distinguishable: Vec<String> =
        arms.iter().filter(indistinguishable).map(|other| other.arm.clone()).collect();
    let sentences = words::sentences(analysis, arm.as_deref(), &arms, &not_distinguishable);
    Recommendation { budget: *budget, arm, arms, not_distinguishable, sentences }
}
