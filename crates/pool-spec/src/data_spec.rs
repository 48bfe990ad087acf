//! The images of a trial: where they come from, which are held out, and what the test images are looked at under.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ClassImages;

/// Which images, and which of them decide when to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Where the images come from.
    pub source: DataSource,
    /// Which training images are held out.
    pub validation: Split,
}

/// Where the images come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSource {
    /// Handwritten digits (LeCun, Cortes & Burges 1998).
    Mnist,
    /// Articles of clothing (Xiao, Rasul & Vollgraf 2017).
    FashionMnist,
    /// Bars and crosses made on the spot, for tests and first tries.
    Generated,
    /// The four IDX files in a folder of the user's.
    Dir(PathBuf),
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mnist => f.write_str("MNIST"),
            Self::FashionMnist => f.write_str("Fashion-MNIST"),
            Self::Generated => f.write_str("bars and crosses (generated)"),
            Self::Dir(path) => path.display().fmt(f),
        }
    }
}

/// What the channels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// One channel: brightness.
    #[default]
    Grey,
    /// Three channels: red, green and blue.
    Rgb,
}

impl Colour {
    /// How many channels a picture has.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }

    /// The one with this many channels.
    pub fn of_channels(channels: usize) -> Option<Self> {
        match channels {
            1 => Some(Self::Grey),
            3 => Some(Self::Rgb),
            _ => None,
        }
    }

    /// Whether this is [`Colour::Grey`].
    pub fn is_grey(&self) -> bool {
        *self == Self::Grey
    }
}

/// How a picture of another size is brought to the size of a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// All of it, with its aspect kept, and white around it.
    #[default]
    Fit,
    /// Its middle, with its aspect kept: what is beyond the frame is lost.
    Crop,
    /// All of it, without regard to its aspect.
    Stretch,
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

/// Which training images are held out for validation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The last fraction of them, as Keras's `validation_split` does.
    Tail(f64),
    /// The same fraction of every class, drawn once, whatever the trial's seed.
    Stratified(f64),
}

impl Split {
    /// The share of the training images that is held out.
    pub fn fraction(self) -> f64 {
        match self {
            Self::Tail(fraction) | Self::Stratified(fraction) => fraction,
        }
    }
}
