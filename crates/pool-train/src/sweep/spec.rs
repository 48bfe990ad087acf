//! What every trial of a sweep shares: the data and the training protocol.

use std::fmt;
use std::path::PathBuf;

use mnist_data::{
    BARS_AND_CROSSES_CLASSES, ClassCounts, DataDir, DataError, Dataset, PublicSet, SetLabels, ValidationSplit,
};
use pool_models::Precision;
use pool_models::reading::whole;
use serde::{Deserialize, Serialize};

use super::division::labels_of;
use super::search::Changes;

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

impl DataSource {
    /// Loads and checks the images.
    ///
    /// # Errors
    /// Missing or broken files.
    pub fn load(&self, data_dir: &DataDir) -> Result<Dataset, DataError> {
        match self {
            Self::Mnist => Dataset::mnist(data_dir),
            Self::FashionMnist => Dataset::fashion_mnist(data_dir),
            Self::Generated => Ok(Dataset::bars_and_crosses(GENERATED_SEED)),
            Self::Dir(path) => Dataset::from_dir(path),
        }
    }

    /// What this many classes are called, by label: their numbers, where the set says no more.
    pub fn class_names(&self, classes: usize) -> Vec<String> {
        let known: &[&str] = match self {
            Self::Mnist => PublicSet::Mnist.class_names(),
            Self::FashionMnist => PublicSet::FashionMnist.class_names(),
            Self::Generated => &BARS_AND_CROSSES_CLASSES,
            Self::Dir(_) => &[],
        };
        let numbered = |class: usize| known.get(class).map_or_else(|| class.to_string(), ToString::to_string);
        (0..classes).map(numbered).collect()
    }

    /// What a plan needs to know. The public sets are known without their files; a folder is read.
    pub(super) fn facts(&self, data_dir: &DataDir) -> Result<DataFacts, DataError> {
        let set = match self {
            Self::Mnist => PublicSet::Mnist,
            Self::FashionMnist => PublicSet::FashionMnist,
            Self::Generated | Self::Dir(_) => {
                let data = self.load(data_dir)?;
                return Ok(DataFacts {
                    height: data.train.height(),
                    width: data.train.width(),
                    classes: data.classes,
                    counts: data.class_counts(),
                    labels: Some(labels_of(&data)),
                });
            }
        };
        let labels = Dataset::public_labels(set, data_dir)
            .inspect_err(|error| tracing::debug!(%error, "planning without the labels"));
        Ok(DataFacts {
            height: 28,
            width: 28,
            classes: set.class_names().len(),
            counts: set.class_counts(),
            labels: labels.ok(),
        })
    }
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

/// The generated set is always the same one, so that its trials can be compared.
const GENERATED_SEED: u64 = 0;

/// What a plan must know of a data set.
#[derive(Debug, Clone)]
pub(super) struct DataFacts {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) classes: usize,
    /// Images of each class.
    pub(super) counts: ClassCounts,
    /// None of a public set that is not on this machine.
    pub(super) labels: Option<SetLabels>,
}

/// What is done with the test images beside counting errors.
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
    /// Those of [`mnist_data::standard_levels`]: shifts, rotations, scaling, noise and blur.
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
    pub(crate) fn fraction(self) -> f64 {
        match self {
            Self::Tail(fraction) | Self::Stratified(fraction) => fraction,
        }
    }

    pub(crate) fn to_validation_split(self) -> ValidationSplit {
        match self {
            Self::Tail(fraction) => ValidationSplit::Tail { fraction },
            Self::Stratified(fraction) => ValidationSplit::Stratified { fraction, seed: 0 },
        }
    }
}

/// The training protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Epochs at most.
    pub epochs: u32,
    /// Images per step.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// When to stop before the last epoch; none trains them all.
    pub early_stopping: Option<EarlyStopping>,
    /// The numbers that products are computed with. Left out where it is the default, as trials from before there was a
    /// choice have it.
    #[serde(default, skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

impl TrainSpec {
    /// Adam's epsilon, Keras's default (PyTorch's is 1e-8).
    pub const ADAM_EPSILON: f64 = 1e-7;

    /// The protocol with what an arm changes.
    pub(super) fn with_changes(&self, changes: &Changes) -> Self {
        Self {
            batch_size: changes.batch_size.unwrap_or(self.batch_size),
            learning_rate: changes.learning_rate.unwrap_or(self.learning_rate),
            ..self.clone()
        }
    }

    /// The optimizer in words.
    pub(crate) fn optimizer(&self) -> String {
        format!("Adam, learning rate {}, epsilon {:e}", self.learning_rate, Self::ADAM_EPSILON)
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

fn yes() -> bool {
    true
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
