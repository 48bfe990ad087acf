//! The sweep file as TOML, before anything is checked.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::network::TemplateLayer;
use super::search::SearchToml;
use crate::reading::Whole;
use crate::{EarlyStopping, EvaluationSpec, Pool, Precision, Split};

/// A seed: TOML's integers end here.
pub(super) type SeedToml = Whole<0, { i64::MAX as u64 }>;
/// Images of a batch.
pub(super) type BatchSizeToml = Whole<1, { u32::MAX as u64 }>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepToml {
    pub(super) study: Spanned<String>,
    pub(super) seeds: Spanned<Vec<Spanned<SeedToml>>>,
    pub(super) data: DataToml,
    pub(super) train: TrainToml,
    #[serde(default)]
    pub(super) evaluation: EvaluationSpec,
    #[serde(default)]
    pub(super) costs: CostsToml,
    #[serde(default)]
    pub(super) control: ControlToml,
    pub(super) model: Option<ModelToml>,
    pub(super) search: Option<SearchToml>,
    #[serde(default)]
    pub(super) arm: Vec<ArmToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataToml {
    pub(super) dataset: Spanned<DatasetToml>,
    #[serde(default = "keras_split")]
    pub(super) validation: Spanned<Split>,
}

/// The split of the published study.
fn keras_split() -> Spanned<Split> {
    Spanned::new(0..0, Split::Tail(0.2))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DatasetToml {
    Mnist,
    FashionMnist,
    Generated,
    Dir(PathBuf),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainToml {
    pub(super) epochs: Whole<1, 100_000>,
    #[serde(default = "studys_batch_size")]
    pub(super) batch_size: Spanned<BatchSizeToml>,
    #[serde(default = "adams_learning_rate")]
    pub(super) learning_rate: Spanned<f64>,
    pub(super) early_stopping: Option<Spanned<EarlyStopping>>,
    #[serde(default)]
    pub(super) precision: Precision,
}

fn studys_batch_size() -> Spanned<BatchSizeToml> {
    Spanned::new(0..0, Whole(200))
}

fn adams_learning_rate() -> Spanned<f64> {
    Spanned::new(0..0, 1e-3)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CostsToml {
    #[serde(default = "three_epochs")]
    pub(super) epochs: Whole<0, 100>,
}

impl Default for CostsToml {
    fn default() -> Self {
        Self { epochs: three_epochs() }
    }
}

/// A median and the spread around it.
fn three_epochs() -> Whole<0, 100> {
    Whole(3)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlToml {
    pub(super) parameters: Option<Spanned<ControlledParameters>>,
}

/// What is held equal between the arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ControlledParameters {
    /// The number of parameters: the first dense layer after the pooling gets as many units as it takes.
    Match,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelToml {
    pub(super) layers: Spanned<Vec<Spanned<TemplateLayer>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmToml {
    pub(super) name: Spanned<String>,
    pub(super) pool: Spanned<Pool>,
}
