//! What a publication claims of its arms, and what would bear it out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence about some arms of a sweep, and the figures that it is judged by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The sentence.
    pub says: String,
    /// What its source reported, in its own words or figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<String>,
    /// The arms that it is about.
    pub arms: Vec<String>,
    /// The arms that it compares them with, every one with every one.
    pub than: Vec<String>,
    /// What it says of them.
    pub test: ClaimTest,
    /// The difference below which two values are practically equal: percentage points of a share, nats of a loss, and per cent
    /// of time, memory and parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub margin: BTreeMap<Metric, f64>,
}

/// What a claim says of its arms' figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimTest {
    /// They are lower than those of the other arms.
    Lower(Vec<Metric>),
    /// They are lower, or practically equal.
    NotHigher(Vec<Metric>),
    /// They are practically equal.
    Equal(Vec<Metric>),
    /// They are so many times those of the other arms, from one number to another.
    Ratio(Metric, [f64; 2]),
}

impl ClaimTest {
    /// The figures that it is about.
    pub fn metrics(&self) -> &[Metric] {
        match self {
            Self::Lower(metrics) | Self::NotHigher(metrics) | Self::Equal(metrics) => metrics,
            Self::Ratio(metric, _) => std::slice::from_ref(metric),
        }
    }
}

/// A figure of an arm that claims may be about; of each, less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of the test images misclassified.
    TestError,
    /// Share of the validation images misclassified.
    ValidationError,
    /// Share of the training images misclassified, without dropout.
    TrainingError,
    /// Cross-entropy of the test images.
    TestLoss,
    /// Cross-entropy of the validation images.
    ValidationLoss,
    /// Cross-entropy of the training images, without dropout.
    TrainingLoss,
    /// Validation loss minus training loss.
    GeneralisationGap,
    /// Expected calibration error of the test images.
    CalibrationError,
    /// Share of the test images that change their predicted class when they are shifted by the least distance measured.
    ShiftChanges,
    /// Trainable parameters.
    Parameters,
    /// Seconds of one epoch of training.
    EpochTime,
    /// Seconds of predicting all test images.
    PredictionTime,
    /// Seconds of predicting one image.
    Latency,
    /// Peak memory of training.
    TrainingMemory,
}

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricUnit {
    /// A share of images, written in per cent; differences in percentage points.
    Share,
    /// A loss.
    Nats,
    /// An amount, of which margins are per cent.
    Amount,
}

impl Metric {
    /// Its unit.
    pub fn unit(self) -> MetricUnit {
        match self {
            Self::TestError
            | Self::ValidationError
            | Self::TrainingError
            | Self::CalibrationError
            | Self::ShiftChanges => MetricUnit::Share,
            Self::TestLoss | Self::ValidationLoss | Self::TrainingLoss | Self::GeneralisationGap => {
                MetricUnit::Nats
            }
            Self::Parameters
            | Self::EpochTime
            | Self::PredictionTime
            | Self::Latency
            | Self::TrainingMemory => MetricUnit::Amount,
        }
    }

    /// Whether an arm has one value of it, whatever the seed: a number that is counted, or a peak that is measured once.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Parameters | Self::TrainingMemory)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TestError => "test error",
            Self::ValidationError => "validation error",
            Self::TrainingError => "training error",
            Self::TestLoss => "test loss",
            Self::ValidationLoss => "validation loss",
            Self::TrainingLoss => "training loss",
            Self::GeneralisationGap => "generalisation gap",
            Self::CalibrationError => "calibration error",
            Self::ShiftChanges => "images that change class when shifted",
            Self::Parameters => "parameters",
            Self::EpochTime => "epoch time",
            Self::PredictionTime => "prediction time",
            Self::Latency => "latency",
            Self::TrainingMemory => "training memory",
        })
    }
}
