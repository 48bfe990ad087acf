//! A size along each spatial axis: one number for all of them, or a list.

use std::fmt;

use serde::de::{Error, Expected, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SettingError;
use crate::reading::Whole;

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
    /// [`SettingError::Entries`] when a list has another length, [`SettingError::Rule`] for sizes that nothing has;
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
        match sizes.iter().find(|&&size| size as u64 > GREATEST_SIZE) {
            None => Ok(sizes),
            Some(size) => Err(SettingError::Rule {
                field,
                value: size.to_string(),
                rule: "must lie in [0, 2^20]".to_owned(),
            }),
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

/// The greatest size that is taken seriously; products of three of them still fit 64 bits.
pub(crate) const GREATEST_SIZE: u64 = 1 << 20;

impl<'de> Deserialize<'de> for Extent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExtentVisitor::<1>)
    }
}

impl Extent {
    /// Whether a list of this many entries can belong to an input.
    pub(crate) fn check_length<E: Error>(length: usize, expected: &dyn Expected) -> Result<(), E> {
        if (1..=3).contains(&length) { Ok(()) } else { Err(E::invalid_length(length, expected)) }
    }
}

/// Reads sizes that are at least `LEAST`.
pub(crate) struct ExtentVisitor<const LEAST: u64>;

impl<'de, const LEAST: u64> Visitor<'de> for ExtentVisitor<LEAST> {
    type Value = Extent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Whole::<LEAST, GREATEST_SIZE>::rule(f)?;
        f.write_str(", or a list with one for each of 1 to 3 spatial axes")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Extent, E> {
        Whole::<LEAST, GREATEST_SIZE>::check(value.into(), &self).map(|size| Extent::All(size.to_usize()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Extent, E> {
        Whole::<LEAST, GREATEST_SIZE>::check(value.into(), &self).map(|size| Extent::All(size.to_usize()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Extent, A::Error> {
        let mut sizes = Vec::new();
        while let Some(size) = list.next_element::<Whole<LEAST, GREATEST_SIZE>>()? {
            sizes.push(size.to_usize());
        }
        Extent::check_length(sizes.len(), &self)?;
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
        const RULE: &str =
            "a whole number from 1 to 1048576, or a list with one for each of 1 to 3 spatial axes";
        for (text, part) in [
            ("0", RULE),
            ("-1", RULE),
            ("9999999999", RULE),
            ("[]", RULE),
            ("[1, 2, 3, 4]", RULE),
            ("\"2\"", RULE),
            ("1.5", RULE),
            ("[1, 0]", "a whole number from 1 to 1048576"),
        ] {
            let error = serde_json::from_str::<Extent>(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
