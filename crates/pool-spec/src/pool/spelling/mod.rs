//! How a pooling layer is written in a sweep file: `"max"`, or `{ reduce = "max", size = 3, stride = 2 }`.

mod foreign;
mod given;
mod long;
mod nested;
pub(super) mod peers;
#[cfg(test)]
mod peers_tests;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Blur, Pool, Reducer};
use crate::reading::one_line;
use crate::reading::{TomlText, explain};

pub(crate) use foreign::answer;
use given::Call;
use long::LongSpelling;

/// The layers that one word says, each with its default settings.
fn one_word(name: &str) -> Option<Pool> {
    match name {
        "none" => Some(Pool::None),
        "haar" => Some(Pool::Haar),
        "blur" => Some(Pool::Blur(Blur::default())),
        "strided_conv" => Some(Pool::strided_conv(2)),
        name => match Reducer::named(name)? {
            Reducer::Attention => Some(Pool::global(Reducer::Attention)),
            reducer => Some(Pool::window(reducer, 2)),
        },
    }
}

/// The word for a layer, if there is one.
fn word_of(pool: &Pool) -> Option<&'static str> {
    let name = match pool {
        Pool::None => "none",
        Pool::Reduce { reducer, .. } => reducer.name(),
        Pool::StridedConv(_) => "strided_conv",
        Pool::Blur(_) => "blur",
        Pool::Haar => "haar",
        Pool::Spectral { .. } => return None,
    };
    (one_word(name).as_ref() == Some(pool)).then_some(name)
}

/// As short as it can be.
impl Serialize for Pool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match word_of(self) {
            Some(word) => serializer.serialize_str(word),
            None => LongSpelling::from(self).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Pool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PoolVisitor;

        impl<'de> Visitor<'de> for PoolVisitor {
            type Value = Pool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pooling layer, such as \"max\", \"none\" or { reduce = \"max\", size = 2 }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Pool, E> {
                one_word(text).ok_or_else(|| E::custom(unknown(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pool, A::Error> {
                LongSpelling::read(map)?.try_into().map_err(serde::de::Error::custom)
            }
        }

        deserializer.deserialize_any(PoolVisitor)
    }
}

fn unknown(word: &str) -> String {
    if word == "spectral" {
        return "spectral pooling needs its output size: { spectral = { output = 7 } }".to_owned();
    }
    if let Some(answer) = answer(word) {
        return one_line(&answer);
    }
    let known: Vec<String> = Reducer::ALL.iter().map(|reducer| format!("\"{reducer}\"")).collect();
    format!(
        "unknown pooling layer \"{}\"; use {}, \"strided_conv\", \"blur\", \"haar\", \"none\", or a table such as \
         {{ reduce = \"max\", size = 2 }}",
        word.escape_debug(),
        known.join(", ")
    )
}

/// The TOML spelling, as short as it can be.
impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spelling = String::new();
        self.serialize(toml::ser::ValueSerializer::new(&mut spelling)).map_err(|_| fmt::Error)?;
        f.write_str(&spelling)
    }
}

impl std::str::FromStr for Pool {
    type Err = SpellingError;

    /// Reads a TOML value: `"max"`, or `{ reduce = "max", size = 3 }`. A word needs no quotes, which a shell would take
    /// away.
    fn from_str(text: &str) -> Result<Self, SpellingError> {
        let text = text.trim();
        if let Some(pool) = one_word(text) {
            return Ok(pool);
        }
        let is_word = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if is_word || Call::parse(text).is_some() {
            return Err(SpellingError { reason: unknown(text) });
        }
        toml::de::ValueDeserializer::parse(text).and_then(Self::deserialize).map_err(|error| {
            let explained = explain(TomlText::Value(text), error.span(), error.message());
            SpellingError { reason: explained.unwrap_or_else(|| one_line(error.message())) }
        })
    }
}

/// A pooling layer that is spelt wrongly, outside a file: one line, without a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SpellingError {
    /// What is wrong, and what would be right.
    pub reason: String,
}
