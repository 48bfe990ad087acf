//! The sweep file as TOML, before anything is checked.

use std::path::PathBuf;

use pool_models::Pool;
use serde::Deserialize;
use toml::Spanned;

use super::network::TemplateLayer;
use super::spec::{EarlyStopping, Split};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepToml {
    pub(super) study: Spanned<String>,
    pub(super) seeds: Spanned<Vec<Spanned<i64>>>,
    pub(super) data: DataToml,
    pub(super) train: TrainToml,
    pub(super) model: Option<ModelToml>,
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
    pub(super) epochs: Spanned<i64>,
    #[serde(default = "studys_batch_size")]
    pub(super) batch_size: Spanned<i64>,
    #[serde(default = "adams_learning_rate")]
    pub(super) learning_rate: Spanned<f64>,
    pub(super) early_stopping: Option<Spanned<EarlyStopping>>,
}

fn studys_batch_size() -> Spanned<i64> {
    Spanned::new(0..0, 200)
}

fn adams_learning_rate() -> Spanned<f64> {
    Spanned::new(0..0, 1e-3)
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
