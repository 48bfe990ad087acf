//! The images of a trial: where they come from, which are held out, and what the test images are looked at under.

use serde::{Deserialize, Serialize};

use crate::{Augmentation, ClassImages, DataSource, Normalize, PictureSettings, Split};

/// Which images, and which of them decide when to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Where the images come from.
    pub source: DataSource,
    /// Which training images are held out.
    pub validation: Split,
    /// What is done with pictures that lie in a folder.
    #[serde(default, skip_serializing_if = "PictureSettings::is_default")]
    pub pictures: PictureSettings,
    /// What is done to their channels.
    #[serde(default, skip_serializing_if = "Normalize::is_none")]
    pub normalize: Normalize,
    /// How training images are changed at random. Left out where they are not.
    #[serde(default, skip_serializing_if = "Augmentation::is_none")]
    pub augment: Augmentation,
}

/// What a plan must know of a data set, divided as the sweep file asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFacts {
    /// Shape of one image: channels, height and width.
    pub sample: [usize; 3],
    /// Classes, from label 0.
    pub classes: usize,
    /// Images that every trial loads.
    pub images: ImageCounts,
    /// Images of each class; `None` for a public set that is not on this machine.
    pub class_images: Option<ClassImages>,
}

/// How many images there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageCounts {
    /// To train with.
    pub train: u64,
    /// To decide when to stop.
    pub validation: u64,
    /// To test with.
    pub test: u64,
}

impl ImageCounts {
    /// All of them.
    pub fn all(self) -> u64 {
        self.train + self.validation + self.test
    }
}

/// What is done with the test images besides counting errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationSpec {
    /// The small changes that the test images are looked at under.
    #[serde(default)]
    pub perturbations: Perturbations,
}

/// Small changes of the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Perturbations {
    /// Those of the standard levels: shifts, rotations, scaling, noise and blur.
    #[default]
    Standard,
    /// None.
    None,
}
