//! The sweep file as TOML, before anything is checked. What needs no check beyond its type is read as what it is.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::claims::ClaimToml;
use super::filling::Filling;
use super::networks::BuiltInNetwork;
use super::seeds::{CompareToml, SeedsToml};
use super::template_layer::TemplateLayer;
use super::tune::TuneToml;
use crate::reading::Whole;
use crate::{
    Augmentation, Colour, DataSource, EvaluationSpec, Extent, Normalize, Padding, PictureSize, Pool, Reducer,
    Reported, Resize, Split, TrainSpec, Unreadable,
};

/// A seed: TOML's integers end here.
pub(super) type SeedToml = Whole<0, { i64::MAX as u64 }>;
/// Images of a batch.
pub(super) type BatchSizeToml = Whole<1, { u32::MAX as u64 }>;
/// A place of a network, from 1.
pub(super) type PlaceToml = Whole<1, { u64::MAX }>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepToml {
    pub(super) study: String,
    pub(super) seeds: SeedsToml,
    pub(super) data: DataToml,
    pub(super) train: TrainSpec,
    #[serde(default)]
    pub(super) evaluation: EvaluationSpec,
    #[serde(default)]
    pub(super) costs: CostsToml,
    #[serde(default)]
    pub(super) compare: CompareToml,
    #[serde(default)]
    pub(super) control: ControlToml,
    pub(super) model: Option<ModelToml>,
    pub(super) search: Option<SearchToml>,
    pub(super) tune: Option<TuneToml>,
    #[serde(default)]
    pub(super) arm: Vec<ArmToml>,
    #[serde(default)]
    pub(super) claim: Vec<ClaimToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataToml {
    pub(super) dataset: DataSource,
    #[serde(default = "keras_split")]
    pub(super) validation: Split,
    pub(super) size: Option<PictureSize>,
    pub(super) resize: Option<Resize>,
    pub(super) colour: Option<Colour>,
    pub(super) unreadable: Option<Unreadable>,
    #[serde(default)]
    pub(super) normalize: Normalize,
    #[serde(default)]
    pub(super) augment: Augmentation,
}

/// The split of the published study.
fn keras_split() -> Split {
    Split::Tail(0.2)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CostsToml {
    #[serde(default = "one_epoch")]
    pub(super) epochs: Whole<0, 100>,
    #[serde(default = "five_processes")]
    pub(super) processes: Whole<1, 100>,
}

impl Default for CostsToml {
    fn default() -> Self {
        Self { epochs: one_epoch(), processes: five_processes() }
    }
}

fn one_epoch() -> Whole<0, 100> {
    Whole(1)
}

/// What differs from process to process shows in five, and an interval over them is not too wide.
fn five_processes() -> Whole<1, 100> {
    Whole(5)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlToml {
    pub(super) parameters: Option<ControlledParameters>,
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
    pub(super) network: Option<BuiltInNetwork>,
    pub(super) layers: Option<Vec<TemplateLayer>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmToml {
    pub(super) name: Spanned<String>,
    pub(super) pool: Option<Pool>,
    #[serde(default)]
    pub(super) fill: BTreeMap<String, Filling>,
    pub(super) reported: Option<Reported>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchToml {
    pub(super) strategy: StrategyToml,
    pub(super) trials: Option<Whole<1, 10_000>>,
    pub(super) hours: Option<f64>,
    #[serde(default = "zero")]
    pub(super) seed: SeedToml,
    pub(super) reduction: Option<Whole<2, 100>>,
    /// At most the epochs of a trial.
    pub(super) first_epochs: Option<Whole<1, { u64::MAX }>>,
    pub(super) space: SpaceToml,
}

fn zero() -> SeedToml {
    Whole(0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StrategyToml {
    Random,
    Halving,
}

/// One list or range per axis; an axis that is left out does not vary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceToml {
    pub(super) reduce: Option<Vec<Reducer>>,
    pub(super) size: Option<Vec<Extent>>,
    pub(super) stride: Option<Vec<Extent>>,
    pub(super) padding: Option<Vec<Padding>>,
    pub(super) slots: Option<Vec<Vec<PlaceToml>>>,
    pub(super) dropout: Option<Numbers>,
    pub(super) learning_rate: Option<Numbers>,
    pub(super) batch_size: Option<Vec<BatchSizeToml>>,
    pub(super) weight_decay: Option<Numbers>,
    pub(super) momentum: Option<Numbers>,
    pub(super) label_smoothing: Option<Numbers>,
}

/// `[0.1, 0.2]`, or `{ from = 1e-4, to = 1e-2, scale = "log" }`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Numbers {
    List(Vec<f64>),
    Range(Range),
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) from: f64,
    pub(super) to: f64,
    #[serde(default)]
    pub(super) scale: Scale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scale {
    #[default]
    Linear,
    Log,
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumbersVisitor;

        impl<'de> Visitor<'de> for NumbersVisitor {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list such as [0.1, 0.2], or a range such as { from = 0.0, to = 0.5 }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Numbers, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Numbers::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Numbers, A::Error> {
                Range::deserialize(MapAccessDeserializer::new(map)).map(Numbers::Range)
            }
        }

        deserializer.deserialize_any(NumbersVisitor)
    }
}
