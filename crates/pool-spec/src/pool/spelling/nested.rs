//! The values of the long spelling that are tables or lists of their own.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::extent::GREATEST_SIZE;
use crate::pool::{Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize};
use crate::reading::whole;
use crate::{Extent, SettingError};

/// `{}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoSettings {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpectralSpelling {
    pub(super) output: Extent,
}

/// One level of a pyramid.
pub(super) struct LevelSpelling(pub(super) usize);

impl Serialize for LevelSpelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LevelSpelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole::<1, GREATEST_SIZE, _, _>(deserializer).map(Self)
    }
}

/// `global = true`, or `global = { keep_dims = true }`.
pub(super) struct GlobalSpelling {
    pub(super) keep_dims: bool,
}

impl Serialize for GlobalSpelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.keep_dims {
            serializer.collect_map([("keep_dims", true)])
        } else {
            serializer.serialize_bool(true)
        }
    }
}

impl<'de> Deserialize<'de> for GlobalSpelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            keep_dims: bool,
        }

        struct GlobalVisitor;

        impl<'de> Visitor<'de> for GlobalVisitor {
            type Value = GlobalSpelling;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, or { keep_dims = true }")
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<GlobalSpelling, E> {
                if value {
                    Ok(GlobalSpelling { keep_dims: false })
                } else {
                    Err(E::custom("global = false says nothing; leave the key out"))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GlobalSpelling, A::Error> {
                let Keys { keep_dims } = Keys::deserialize(MapAccessDeserializer::new(map))?;
                Ok(GlobalSpelling { keep_dims })
            }
        }

        deserializer.deserialize_any(GlobalVisitor)
    }
}

/// `fractional = { ratio = 0.7, regions = "overlapping" }`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FractionalSpelling {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<RegionsWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<FractionalSequence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<FractionalEvaluation>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RegionsWord {
    Disjoint,
    Overlapping,
}

impl TryFrom<FractionalSpelling> for Fractional {
    type Error = SettingError;

    fn try_from(spelling: FractionalSpelling) -> Result<Self, SettingError> {
        let conflict = |found: &str| SettingError::Conflict { found: found.to_owned() };
        let size = match (spelling.ratio, spelling.output) {
            (Some(_), Some(_)) => return Err(conflict("ratio and output")),
            (Some(ratio), None) => FractionalSize::Ratio(ratio),
            (None, Some(output)) => FractionalSize::Output(output),
            (None, None) => return Err(SettingError::NoFractionalSize),
        };
        let regions = match (spelling.size, spelling.regions) {
            (Some(_), Some(_)) => return Err(conflict("size and regions")),
            (Some(size), None) => FractionalRegions::Sized(size),
            (None, Some(RegionsWord::Overlapping)) => FractionalRegions::Overlapping,
            (None, Some(RegionsWord::Disjoint) | None) => FractionalRegions::Disjoint,
        };
        let sequence = spelling.sequence.unwrap_or_default();
        let evaluation = spelling.evaluation.unwrap_or_default();
        Ok(Self { size, sequence, regions, evaluation })
    }
}

impl From<&Fractional> for FractionalSpelling {
    fn from(fractional: &Fractional) -> Self {
        let Fractional { size, sequence, regions, evaluation } = fractional;
        let (ratio, output) = match size {
            FractionalSize::Ratio(ratio) => (Some(*ratio), None),
            FractionalSize::Output(output) => (None, Some(output.clone())),
        };
        let (size, regions) = match regions {
            FractionalRegions::Disjoint => (None, None),
            FractionalRegions::Overlapping => (None, Some(RegionsWord::Overlapping)),
            FractionalRegions::Sized(size) => (Some(size.clone()), None),
        };
        Self {
            ratio,
            output,
            size,
            regions,
            sequence: unless_default(*sequence),
            evaluation: unless_default(*evaluation),
        }
    }
}

pub(super) fn unless_default<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}
