//! How the step size changes from step to step of training.

use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::reading::whole;

/// How the step size changes in the course of training, as a share of `learning_rate`. Every shape is a function of the
/// step alone, so that a trial that was interrupted goes on as if it had not been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// The same in every step.
    #[default]
    Constant,
    /// Times `factor` after every so many epochs. PyTorch: `StepLR`.
    Step(StepSchedule),
    /// Half a cosine, from the whole to nothing (Loshchilov & Hutter 2017). PyTorch: `CosineAnnealingLR`.
    Cosine,
    /// A straight line, from the whole to nothing. PyTorch: `LinearLR`.
    Linear,
    /// Up from a 25th along half a cosine for three tenths of the steps, and down to next to nothing (Smith & Topin
    /// 2019). PyTorch: `OneCycleLR` with its defaults.
    OneCycle,
}

/// The settings of [`Schedule::Step`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSchedule {
    /// Epochs from one change to the next.
    #[serde(deserialize_with = "whole::<1, 100_000, _, _>")]
    pub every: u32,
    /// What the step size is multiplied by, above 0 and at most 1.
    #[serde(default = "a_tenth")]
    pub factor: f64,
}

fn a_tenth() -> f64 {
    0.1
}

/// Where OneCycle's peak lies, and how far below it the first and the last step are.
const PEAK_AT: f64 = 0.3;
const FIRST: f64 = 1.0 / 25.0;
const LAST: f64 = FIRST / 1e4;

impl Schedule {
    /// Whether it is the one that is left out of a record.
    pub fn is_constant(&self) -> bool {
        *self == Self::Constant
    }

    /// The share of `learning_rate` in this step, from 0, of so many, without warm-up.
    fn share(self, step: u64, steps: u64, steps_per_epoch: u64) -> f64 {
        let done = step as f64 / steps.max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Step(StepSchedule { every, factor }) => {
                let epoch = step / steps_per_epoch.max(1);
                factor.powf((epoch / u64::from(every)) as f64)
            }
            Self::Cosine => half_cosine(1.0, 0.0, done),
            Self::Linear => 1.0 - done,
            Self::OneCycle => {
                let last = steps.saturating_sub(1) as f64;
                let peak = PEAK_AT * steps as f64 - 1.0;
                let step = step as f64;
                if step <= peak {
                    half_cosine(FIRST, 1.0, step / peak)
                } else {
                    half_cosine(1.0, LAST, (step - peak) / (last - peak))
                }
            }
        }
    }
}

/// From one value to another, as `done` goes from 0 to 1.
fn half_cosine(from: f64, to: f64, done: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * done.clamp(0.0, 1.0)).cos()) / 2.0
}

/// The schedule of one trial: with the number of its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSizes {
    learning_rate: f64,
    schedule: Schedule,
    warmup_steps: u64,
    steps: u64,
    steps_per_epoch: u64,
}

impl StepSizes {
    /// Of this many epochs of as many steps each; the first `warmup_epochs` rise to `learning_rate` in a straight line.
    pub fn new(
        learning_rate: f64,
        schedule: Schedule,
        warmup_epochs: f64,
        epochs: u32,
        steps_per_epoch: u64,
    ) -> Self {
        let warmup_steps = (warmup_epochs * steps_per_epoch as f64).round() as u64;
        let steps = u64::from(epochs) * steps_per_epoch;
        Self { learning_rate, schedule, warmup_steps, steps, steps_per_epoch }
    }

    /// The step size of this step, from 0. A cosine and a line begin where the warm-up ends; changes after every so many
    /// epochs are counted from the first step.
    pub fn of(&self, step: u64) -> f64 {
        let Self { learning_rate, schedule, warmup_steps, steps, steps_per_epoch } = *self;
        if step < warmup_steps {
            return learning_rate * (step + 1) as f64 / warmup_steps as f64;
        }
        let behind = match schedule {
            Schedule::Cosine | Schedule::Linear => warmup_steps,
            Schedule::Constant | Schedule::Step(_) | Schedule::OneCycle => 0,
        };
        learning_rate * schedule.share(step - behind, steps - behind, steps_per_epoch)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step(StepSchedule { every, factor }) => write!(f, "times {factor} every {every} epochs"),
            Self::Cosine => f.write_str("cosine to 0"),
            Self::Linear => f.write_str("linear to 0"),
            Self::OneCycle => f.write_str("one cycle"),
        }
    }
}
