//! Which training images are held out for validation, and how a file says so.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::reading::Whole;

/// Which training images are held out for validation: `{ tail = 0.2 }`, `{ stratified = 0.2 }`,
/// `{ stratified = 0.2, per_seed = true }`, `{ folds = 5 }`, or `"predefined"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Split {
    /// The last fraction of them, as Keras's `validation_split` does.
    Tail(f64),
    /// The same fraction of every class, drawn once, whatever the trial's seed.
    Stratified(f64),
    /// The same fraction of every class, drawn anew from each trial's seed.
    StratifiedPerSeed(f64),
    /// One of `k` equal parts of every class: the first `k` seeds hold each part out once, and the next `k` other parts.
    Folds(u32),
    /// Those that the data set has set apart itself, as MedMNIST does.
    Predefined,
}

const PREDEFINED: &str = "predefined";

impl Split {
    /// The share of the training images that is held out; `None` if the data set decides.
    pub fn fraction(self) -> Option<f64> {
        match self {
            Self::Tail(fraction) | Self::Stratified(fraction) | Self::StratifiedPerSeed(fraction) => {
                Some(fraction)
            }
            Self::Folds(folds) => Some(1.0 / f64::from(folds)),
            Self::Predefined => None,
        }
    }

    /// Whether other images are held out with another seed.
    pub fn depends_on_seed(self) -> bool {
        match self {
            Self::StratifiedPerSeed(_) | Self::Folds(_) => true,
            Self::Tail(_) | Self::Stratified(_) | Self::Predefined => false,
        }
    }
}

impl Serialize for Split {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, fraction, per_seed) = match *self {
            Self::Tail(fraction) => ("tail", fraction, false),
            Self::Stratified(fraction) => ("stratified", fraction, false),
            Self::StratifiedPerSeed(fraction) => ("stratified", fraction, true),
            Self::Folds(folds) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("folds", &folds)?;
                return map.end();
            }
            Self::Predefined => return serializer.serialize_str(PREDEFINED),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(key, &fraction)?;
        if per_seed {
            map.serialize_entry("per_seed", &true)?;
        }
        map.end()
    }
}

/// The keys of a split, each as it was given.
#[derive(Default)]
struct Keys {
    tail: Option<f64>,
    stratified: Option<f64>,
    per_seed: Option<bool>,
    folds: Option<Whole<2, MOST_FOLDS>>,
}

const MOST_FOLDS: u64 = 1_000;

const KEYS: &[&str] = &["tail", "stratified", "per_seed", "folds"];
/// What is said of any other combination of keys.
const RULE: &str = "{ tail = 0.2 }, { stratified = 0.2 }, { stratified = 0.2, per_seed = true }, { folds = 5 } or \"predefined\"";

impl Keys {
    fn split(self) -> Option<Split> {
        match self {
            Self { tail: Some(fraction), stratified: None, per_seed: None, folds: None } => {
                Some(Split::Tail(fraction))
            }
            Self { tail: None, stratified: Some(fraction), per_seed, folds: None } => {
                let per_seed = per_seed.unwrap_or_default();
                Some(if per_seed { Split::StratifiedPerSeed(fraction) } else { Split::Stratified(fraction) })
            }
            Self { tail: None, stratified: None, per_seed: None, folds: Some(Whole(folds)) } => {
                Some(Split::Folds(folds as u32))
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SplitVisitor;

        impl<'de> Visitor<'de> for SplitVisitor {
            type Value = Split;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(RULE)
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Split, E> {
                match word {
                    PREDEFINED => Ok(Split::Predefined),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Split, A::Error> {
                let mut keys = Keys::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "tail" => keys.tail = Some(map.next_value()?),
                        "stratified" => keys.stratified = Some(map.next_value()?),
                        "per_seed" => keys.per_seed = Some(map.next_value()?),
                        "folds" => keys.folds = Some(map.next_value()?),
                        _ => return Err(A::Error::unknown_field(&key, KEYS)),
                    }
                }
                keys.split().ok_or_else(|| A::Error::invalid_value(serde::de::Unexpected::Map, &self))
            }
        }

        deserializer.deserialize_any(SplitVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_written_as_it_is_read_and_by_its_default_without_per_seed() {
        for (text, split) in [
            (r#"{"tail":0.2}"#, Split::Tail(0.2)),
            (r#"{"stratified":0.2}"#, Split::Stratified(0.2)),
            (r#"{"stratified":0.2,"per_seed":true}"#, Split::StratifiedPerSeed(0.2)),
            (r#"{"folds":5}"#, Split::Folds(5)),
            (r#""predefined""#, Split::Predefined),
        ] {
            assert_eq!(serde_json::from_str::<Split>(text).expect(text), split);
            assert_eq!(serde_json::to_string(&split).expect("a split"), text);
        }
        let once = serde_json::from_str::<Split>(r#"{"per_seed":false,"stratified":0.2}"#);
        assert_eq!(once.expect("the default, written out"), Split::Stratified(0.2));
    }
}
