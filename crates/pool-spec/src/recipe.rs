//! The recipe: how every trial of a sweep is trained.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::reading::{is_zero, whole, yes};
use crate::{ArmOverrides, OptimizerSpec, Precision, Schedule, StepSizes};

/// The training protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Epochs at most.
    #[serde(deserialize_with = "whole::<1, 100_000, _, _>")]
    pub epochs: u32,
    /// Images per step; the default is the published study's.
    #[serde(default = "studys_batch_size", deserialize_with = "whole::<1, { u32::MAX as u64 }, _, _>")]
    pub batch_size: usize,
    /// The rule by which a step changes the weights. Left out where it is Adam as the study has it, as in trials from before
    /// there was a choice.
    #[serde(default, skip_serializing_if = "OptimizerSpec::is_default")]
    pub optimizer: OptimizerSpec,
    /// The step size; its greatest, where a schedule changes it.
    #[serde(default = "adams_learning_rate")]
    pub learning_rate: f64,
    /// How strongly weights decay towards 0; [`OptimizerSpec::decay`] says how the optimizer does it. Weights are the
    /// variables of two axes or more: biases, and what normalisation and pooling learn per channel or cell, do not decay.
    /// Left out where it is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_decay: f64,
    /// How the step size changes. Left out where it does not, as in trials from before there was a choice.
    #[serde(default, skip_serializing_if = "Schedule::is_constant")]
    pub schedule: Schedule,
    /// Epochs in which the step size rises to `learning_rate`, before the schedule begins.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warmup_epochs: f64,
    /// The share of a label that is spread evenly over all classes while training (Szegedy et al. 2016); validation and test
    /// go by the labels as they are. Left out where it is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// The greatest norm of a step's gradients, all together; longer ones are shortened. `None` takes them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// When to stop before the last epoch; `None` trains them all.
    pub early_stopping: Option<EarlyStopping>,
    /// The numbers that products are computed with. Left out where it is the default, as trials from before there was a
    /// choice have it.
    #[serde(default, skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

fn studys_batch_size() -> usize {
    200
}

fn adams_learning_rate() -> f64 {
    1e-3
}

impl TrainSpec {
    /// The protocol with what an arm overrides.
    pub(crate) fn with_overrides(&self, overrides: &ArmOverrides) -> Self {
        Self {
            batch_size: overrides.batch_size.unwrap_or(self.batch_size),
            learning_rate: overrides.learning_rate.unwrap_or(self.learning_rate),
            weight_decay: overrides.weight_decay.unwrap_or(self.weight_decay),
            optimizer: overrides.momentum.map_or(self.optimizer, |share| self.optimizer.with_momentum(share)),
            label_smoothing: overrides.label_smoothing.unwrap_or(self.label_smoothing),
            ..self.clone()
        }
    }

    /// The step size of every step, of epochs with as many steps as this.
    pub fn step_sizes(&self, steps_per_epoch: u64) -> StepSizes {
        StepSizes::new(self.learning_rate, self.schedule, self.warmup_epochs, self.epochs, steps_per_epoch)
    }

    /// The schedule in words.
    pub fn schedule_words(&self) -> String {
        match self.warmup_epochs {
            0.0 => self.schedule.to_string(),
            epochs => format!("{}, after a warm-up of {epochs} epochs", self.schedule),
        }
    }

    /// The optimizer in words.
    pub fn optimizer_words(&self) -> String {
        let Self { optimizer, learning_rate, weight_decay, .. } = self;
        let mut words = format!("{optimizer}, learning rate {learning_rate}, {}", optimizer.rule());
        if *weight_decay > 0.0 {
            write!(words, ", weight decay {weight_decay} {}", optimizer.decay()).expect("a string grows");
        }
        if let Some(norm) = self.clip_norm {
            write!(words, ", gradients clipped to a norm of {norm}").expect("a string grows");
        }
        words
    }

    /// The loss in words.
    pub fn loss_words(&self) -> String {
        match self.label_smoothing {
            0.0 => "cross-entropy".to_owned(),
            smoothing => format!("cross-entropy, labels smoothed by {smoothing}"),
        }
    }
}

/// Stops when a validation figure no longer improves (Prechelt 1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// The figure to watch.
    #[serde(default)]
    pub monitor: Monitor,
    /// Epochs without improvement before stopping.
    #[serde(deserialize_with = "whole::<1, { u32::MAX as u64 }, _, _>")]
    pub patience: u32,
    /// A smaller decrease is no improvement.
    #[serde(default)]
    pub min_delta: f64,
    /// Go back to the weights of the best epoch in the end.
    #[serde(default = "yes")]
    pub restore_best: bool,
}

impl EarlyStopping {
    /// The figure of an epoch that is watched.
    pub fn watched(&self, validation_loss: f64, validation_error: f64) -> f64 {
        match self.monitor {
            Monitor::ValidationLoss => validation_loss,
            Monitor::ValidationError => validation_error,
        }
    }

    /// Whether a figure is smaller than the best before by more than `min_delta`, as in Keras; before the first epoch, the
    /// best is infinite.
    pub fn improves(&self, figure: f64, best: f64) -> bool {
        figure < best - self.min_delta
    }
}

impl fmt::Display for EarlyStopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { monitor, patience, min_delta, restore_best } = self;
        write!(f, "{monitor}, patience {patience}")?;
        if *min_delta > 0.0 {
            write!(f, ", min delta {min_delta}")?;
        }
        f.write_str(if *restore_best { ", best weights restored" } else { ", last weights kept" })
    }
}

/// A validation figure; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// Mean cross-entropy of the validation images.
    #[default]
    ValidationLoss,
    /// Share of validation images misclassified.
    ValidationError,
}

impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ValidationLoss => "validation loss",
            Self::ValidationError => "validation error",
        })
    }
}
