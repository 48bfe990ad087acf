//! `[search]` as TOML, before anything is checked.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::reading::Whole;
use crate::sweep::toml_file::{BatchSizeToml, SeedToml};
use crate::{Extent, Padding, Reducer};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sweep) struct SearchToml {
    pub(super) strategy: StrategyToml,
    pub(super) trials: Option<Spanned<Whole<1, 10_000>>>,
    pub(super) hours: Option<Spanned<f64>>,
    #[serde(default = "zero")]
    pub(super) seed: SeedToml,
    pub(super) reduction: Option<Spanned<Whole<2, 100>>>,
    /// At most the epochs of a trial.
    pub(super) first_epochs: Option<Spanned<Whole<1, { u64::MAX }>>>,
    pub(super) space: Spanned<SpaceToml>,
}

/// A place of a network's, from 1.
pub(super) type PlaceToml = Whole<1, { u64::MAX }>;

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
    pub(super) reduce: Option<Spanned<Vec<Reducer>>>,
    pub(super) size: Option<Spanned<Vec<Extent>>>,
    pub(super) stride: Option<Spanned<Vec<Extent>>>,
    pub(super) padding: Option<Spanned<Vec<Padding>>>,
    pub(super) slots: Option<Spanned<Vec<Vec<PlaceToml>>>>,
    pub(super) dropout: Option<Spanned<Numbers>>,
    pub(super) learning_rate: Option<Spanned<Numbers>>,
    pub(super) batch_size: Option<Spanned<Vec<BatchSizeToml>>>,
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
