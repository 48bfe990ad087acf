//! What happens at the edges of the input.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Extent;
use crate::extent::{ExtentVisitor, GREATEST_SIZE};
use crate::reading::Whole;

/// What happens at the edges. Padded cells never count in an average and never win a maximum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// Only windows that lie inside the input.
    #[default]
    Valid,
    /// As many windows as the stride fits into the input, as Keras does: `ceil(n / stride)` outputs, the odd cell of
    /// padding at the end.
    Same,
    /// This many cells at both ends, at most half of the window.
    Symmetric(Extent),
}

impl Padding {
    /// Whether there is none.
    pub fn is_valid(&self) -> bool {
        *self == Self::Valid
    }
}

impl Serialize for Padding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Valid => serializer.serialize_str("valid"),
            Self::Same => serializer.serialize_str("same"),
            Self::Symmetric(cells) => cells.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PaddingVisitor;

        impl<'de> Visitor<'de> for PaddingVisitor {
            type Value = Padding;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"valid\", \"same\", or ")?;
                ExtentVisitor::<0>.expecting(f)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Padding, E> {
                match text {
                    "valid" => Ok(Padding::Valid),
                    "same" => Ok(Padding::Same),
                    other => match other.to_ascii_lowercase().as_str() {
                        small @ ("valid" | "same") => {
                            Err(E::custom(format!("padding = \"{other}\" is spelt \"{small}\" here")))
                        }
                        _ => Err(E::unknown_variant(other, &["valid", "same"])),
                    },
                }
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Padding, E> {
                Whole::<0, GREATEST_SIZE>::check(value.into(), &self).map(symmetric)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Padding, E> {
                Whole::<0, GREATEST_SIZE>::check(value.into(), &self).map(symmetric)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Padding, A::Error> {
                ExtentVisitor::<0>.visit_seq(list).map(Padding::Symmetric)
            }
        }

        fn symmetric(cells: Whole<0, GREATEST_SIZE>) -> Padding {
            Padding::Symmetric(Extent::All(cells.to_usize()))
        }

        deserializer.deserialize_any(PaddingVisitor)
    }
}
