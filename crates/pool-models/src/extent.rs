//! A size along each spatial axis: one number for all of them, or a list.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SettingError;

/// A size along each spatial axis: `2` means 2 along every axis of whatever rank the input has, `[2, 3]` fits inputs
/// of two spatial axes only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Extent {
    /// The same along every axis.
    All(usize),
    /// One size per spatial axis, in the input's order.
    Each(Vec<usize>),
}

impl Extent {
    /// The size along each of `spatial_rank` axes.
    ///
    /// # Errors
    /// [`SettingError::Entries`] when a list has another length, [`SettingError::WholeRange`] for sizes that nothing has;
    /// `field` names the setting in the message.
    pub fn resolve(&self, field: &'static str, spatial_rank: usize) -> Result<Vec<usize>, SettingError> {
        let sizes = match self {
            Self::All(size) => vec![*size; spatial_rank],
            Self::Each(sizes) if sizes.len() == spatial_rank => sizes.clone(),
            Self::Each(_) => {
                return Err(SettingError::Entries { field, value: self.to_string(), spatial_rank });
            }
        };
        // Products of three of them fit 64 bits, and so nothing computed from them overflows.
        match sizes.iter().find(|&&size| size as u64 > GREATEST) {
            None => Ok(sizes),
            Some(&value) => Err(SettingError::WholeRange { field, value, interval: "[0, 2^20]" }),
        }
    }

    /// Like [`Extent::resolve`], and every entry must be at least 1.
    ///
    /// # Errors
    /// [`SettingError::Zero`] as well.
    pub fn resolve_positive(
        &self,
        field: &'static str,
        spatial_rank: usize,
    ) -> Result<Vec<usize>, SettingError> {
        let sizes = self.resolve(field, spatial_rank)?;
        if sizes.contains(&0) {
            return Err(SettingError::Zero { field, value: self.to_string() });
        }
        Ok(sizes)
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(size) => write!(f, "{size}"),
            Self::Each(sizes) => write!(f, "{sizes:?}"),
        }
    }
}

impl From<usize> for Extent {
    fn from(size: usize) -> Self {
        Self::All(size)
    }
}

impl<const RANK: usize> From<[usize; RANK]> for Extent {
    fn from(sizes: [usize; RANK]) -> Self {
        Self::Each(sizes.to_vec())
    }
}

impl Serialize for Extent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All(size) => size.serialize(serializer),
            Self::Each(sizes) => sizes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Extent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExtentVisitor)
    }
}

/// The greatest size that is taken seriously; products of three of them still fit 64 bits.
const GREATEST: u64 = 1 << 20;

impl Extent {
    /// A size as it was read.
    pub(crate) fn checked_size<E: serde::de::Error>(value: i128) -> Result<usize, E> {
        u64::try_from(value)
            .ok()
            .filter(|&size| size <= GREATEST)
            .and_then(|size| usize::try_from(size).ok())
            .ok_or_else(|| E::custom(format!("{value} is no size; give a whole number from 0 to {GREATEST}")))
    }

    /// Whether a list of this many entries can belong to an input; if not, why.
    pub(crate) fn checked_length(length: usize) -> Result<(), &'static str> {
        match length {
            0 => Err("an empty list; give one whole number per spatial axis"),
            1..=3 => Ok(()),
            _ => Err("more than 3 entries; inputs have 1 to 3 spatial axes"),
        }
    }
}

struct ExtentVisitor;

impl<'de> Visitor<'de> for ExtentVisitor {
    type Value = Extent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, or a list with one whole number per spatial axis, such as 2 or [2, 3]")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Extent, E> {
        Extent::checked_size(value.into()).map(Extent::All)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Extent, E> {
        Extent::checked_size(value.into()).map(Extent::All)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Extent, A::Error> {
        let mut sizes = Vec::new();
        while let Some(value) = list.next_element::<i64>()? {
            sizes.push(Extent::checked_size(value.into())?);
        }
        Extent::checked_length(sizes.len()).map_err(A::Error::custom)?;
        Ok(Extent::Each(sizes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_broadcasts_and_a_list_must_match_the_rank() {
        assert_eq!(Extent::from(2).resolve("size", 3), Ok(vec![2, 2, 2]));
        assert_eq!(Extent::from([2, 3]).resolve("size", 2), Ok(vec![2, 3]));
        let error = Extent::from([2, 3]).resolve("size", 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "size = [2, 3]: the input has 1 spatial axes, so give one number for all of them or a list of 1"
        );
    }

    #[test]
    fn sizes_that_make_no_sense_are_refused_when_read() {
        for (text, part) in [
            ("-1", "-1 is no size"),
            ("9999999999", "is no size"),
            ("[]", "an empty list"),
            ("[1, 2, 3, 4]", "more than 3 entries"),
            ("\"2\"", "a whole number, or a list"),
            ("1.5", "a whole number, or a list"),
        ] {
            let error = serde_json::from_str::<Extent>(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
