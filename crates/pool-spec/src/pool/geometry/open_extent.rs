//! An output size of which some entries may be left open.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::extent::GREATEST_SIZE;
use crate::reading::Whole;
use crate::{Extent, SettingError};

/// The output size of adaptive pooling: one number for every axis, or a list with one entry per axis, where an entry
/// left open keeps the input's size. PyTorch writes `None` for it, a sweep file `"same"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OpenExtent {
    /// The same along every axis.
    All(usize),
    /// One entry per spatial axis; `None` keeps the input's size.
    Each(Vec<Option<usize>>),
}

impl OpenExtent {
    /// The size along each axis of an input with these `spatial` sizes.
    pub fn resolve(&self, field: &'static str, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        let closed = match self {
            Self::All(size) => Extent::All(*size),
            Self::Each(sizes) if sizes.len() == spatial.len() => {
                Extent::Each(sizes.iter().zip(spatial).map(|(size, &input)| size.unwrap_or(input)).collect())
            }
            Self::Each(_) => {
                let (value, spatial_rank) = (self.to_string(), spatial.len());
                return Err(SettingError::Entries { field, value, spatial_rank });
            }
        };
        closed.resolve_positive(field, spatial.len())
    }
}

impl From<usize> for OpenExtent {
    fn from(size: usize) -> Self {
        Self::All(size)
    }
}

impl<const RANK: usize> From<[usize; RANK]> for OpenExtent {
    fn from(sizes: [usize; RANK]) -> Self {
        Self::Each(sizes.map(Some).to_vec())
    }
}

impl<const RANK: usize> From<[Option<usize>; RANK]> for OpenExtent {
    fn from(sizes: [Option<usize>; RANK]) -> Self {
        Self::Each(sizes.to_vec())
    }
}

impl From<Extent> for OpenExtent {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::All(size) => Self::All(size),
            Extent::Each(sizes) => Self::Each(sizes.into_iter().map(Some).collect()),
        }
    }
}

/// As a sweep file writes it: `7`, or `[7, "same"]`.
impl fmt::Display for OpenExtent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(size) => write!(f, "{size}"),
            Self::Each(sizes) => {
                let entries: Vec<String> = sizes
                    .iter()
                    .map(|size| size.map_or_else(|| format!("\"{OPEN}\""), |size| size.to_string()))
                    .collect();
                write!(f, "[{}]", entries.join(", "))
            }
        }
    }
}

/// The word for an entry left open.
const OPEN: &str = "same";

/// A size as it is read.
type Size = Whole<1, GREATEST_SIZE>;

/// One entry of the list.
struct Entry(Option<usize>);

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(size) => size.serialize(serializer),
            None => serializer.serialize_str(OPEN),
        }
    }
}

impl Serialize for OpenExtent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(size) => size.serialize(serializer),
            Self::Each(sizes) => serializer.collect_seq(sizes.iter().map(|&size| Entry(size))),
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl Visitor<'_> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Size::rule(f)?;
                write!(f, ", or \"{OPEN}\" for the input's own size")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Entry, E> {
                if text == OPEN { Ok(Entry(None)) } else { Err(E::unknown_variant(text, &[OPEN])) }
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Entry, E> {
                Size::check(value.into(), &self).map(|size| Entry(Some(size.to_usize())))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Entry, E> {
                Size::check(value.into(), &self).map(|size| Entry(Some(size.to_usize())))
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}

impl<'de> Deserialize<'de> for OpenExtent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OpenExtentVisitor;

        impl<'de> Visitor<'de> for OpenExtentVisitor {
            type Value = OpenExtent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Size::rule(f)?;
                f.write_str(
                    ", or a list with one entry for each of 1 to 3 spatial axes, such as [7, \"same\"]",
                )
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<OpenExtent, E> {
                Size::check(value.into(), &self).map(|size| OpenExtent::All(size.to_usize()))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<OpenExtent, E> {
                Size::check(value.into(), &self).map(|size| OpenExtent::All(size.to_usize()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OpenExtent, A::Error> {
                let mut sizes = Vec::new();
                while let Some(Entry(size)) = list.next_element()? {
                    sizes.push(size);
                }
                Extent::check_length(sizes.len(), &self)?;
                Ok(OpenExtent::Each(sizes))
            }
        }

        deserializer.deserialize_any(OpenExtentVisitor)
    }
}
