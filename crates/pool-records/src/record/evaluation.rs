//! What passes over sets of images find.

use pool_metrics::{Calibration, ConfusionMatrix};
use pool_spec::{Colour, PerturbationKind};
use serde::{Deserialize, Serialize};

use super::nan_as_null;

/// The result of one pass over a set of images, without dropout.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Images seen.
    pub images: u64,
    /// Images misclassified.
    pub errors: u64,
    /// Mean categorical cross-entropy, nats.
    #[serde(with = "nan_as_null")]
    pub loss: f64,
}

impl Evaluation {
    /// Fraction of images misclassified.
    pub fn error_rate(&self) -> f64 {
        self.errors as f64 / self.images as f64
    }
}

/// What the test images say about the weights that training ended on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestResults {
    /// Errors and loss; the loss is the mean negative log-likelihood.
    pub evaluation: Evaluation,
    /// The class of each image.
    pub labels: Vec<u16>,
    /// The class predicted for each image, for paired tests between arms.
    pub predictions: Vec<u16>,
    /// How often each class was taken for each other one.
    pub confusion: ConfusionMatrix,
    /// How far the predicted probabilities can be believed.
    pub calibration: Calibration,
    /// The images with the highest loss, the highest first.
    pub hardest: Vec<HardImage>,
    /// The same images after small changes that leave their class; empty when that was not asked for.
    pub robustness: Vec<Robustness>,
}

/// A test image that a network found hard, with its picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardImage {
    /// Its place among the test images, from 0.
    pub index: u32,
    /// Its class.
    pub label: u16,
    /// The class predicted.
    pub prediction: u16,
    /// Its negative log-likelihood, nats; infinite where the class was given no probability at all.
    #[serde(with = "nan_as_null")]
    pub loss: f64,
    /// Columns of the picture.
    pub width: u32,
    /// What the channels of the picture are.
    #[serde(default, skip_serializing_if = "Colour::is_grey")]
    pub colour: Colour,
    /// Its pixels row by row, channel after channel, 0 is black; Base64 in the file.
    #[serde(with = "pixels")]
    pub pixels: Vec<u8>,
}

/// Test images after one kind of change at one strength, over all its directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robustness {
    /// The kind of change.
    pub kind: PerturbationKind,
    /// How much of it, in the kind's own unit: pixels, degrees, shares.
    pub strength: f64,
    /// Changed images looked at: each test image once for every direction.
    pub images: u64,
    /// Those that were misclassified.
    pub errors: u64,
    /// Those whose predicted class is that of the unchanged image: shift consistency (R. Zhang, "Making Convolutional
    /// Networks Shift-Invariant Again", 2019), for every kind of change.
    pub consistent: u64,
}

impl Robustness {
    /// Share of changed images misclassified.
    pub fn error_rate(&self) -> f64 {
        self.errors as f64 / self.images as f64
    }

    /// Share of changed images that are still taken for what they were taken for.
    pub fn consistency(&self) -> f64 {
        self.consistent as f64 / self.images as f64
    }
}

/// Errors, loss, classes and confidence of a trained network over a set of test images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatedSet {
    /// The data set's name.
    pub dataset: String,
    /// Errors and loss.
    pub evaluation: Evaluation,
    /// How often each class was taken for each other one.
    pub confusion: ConfusionMatrix,
    /// Whether the network is right as often as its confidence says.
    pub calibration: Calibration,
}

/// Bytes as Base64: a picture as a list of numbers would take four times the space.
mod pixels {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(pixels: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(pixels))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
