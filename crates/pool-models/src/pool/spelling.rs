//! How a pooling layer is written in a sweep file: `"max"`, or `{ reduce = "max", size = 3, stride = 2 }`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Geometry, Padding, Pool, Reducer, Window};
use crate::{Extent, SettingError};

/// The long spelling, key by key, before it is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongSpelling {
    reduce: Reducer,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stride: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Padding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adaptive: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<GlobalSpelling>,
}

impl TryFrom<LongSpelling> for Pool {
    type Error = SettingError;

    fn try_from(long: LongSpelling) -> Result<Self, SettingError> {
        let given: Vec<&str> = [
            ("size", long.size.is_some()),
            ("adaptive", long.adaptive.is_some()),
            ("global", long.global.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, given)| given.then_some(key))
        .collect();
        if given.len() > 1 {
            return Err(SettingError::ManyGeometries { found: given.join(" and ") });
        }
        if long.size.is_none() {
            for (field, given) in [("stride", long.stride.is_some()), ("padding", long.padding.is_some())] {
                if given {
                    return Err(SettingError::OnlyWithSize { field });
                }
            }
        }
        let geometry = match (long.size, long.adaptive, long.global) {
            (Some(size), _, _) => Geometry::Window(Window {
                stride: long.stride.unwrap_or_else(|| size.clone()),
                size,
                padding: long.padding.unwrap_or_default(),
            }),
            (None, Some(output), _) => Geometry::Adaptive(output),
            (None, None, Some(GlobalSpelling { keep_dims })) => Geometry::Global { keep_dims },
            (None, None, None) => return Err(SettingError::NoGeometry),
        };
        Ok(Self::Reduce { reducer: long.reduce, geometry })
    }
}

impl From<(Reducer, Geometry)> for LongSpelling {
    fn from((reduce, geometry): (Reducer, Geometry)) -> Self {
        let mut long = Self { reduce, size: None, stride: None, padding: None, adaptive: None, global: None };
        match geometry {
            Geometry::Window(Window { size, stride, padding }) => {
                long.size = Some(size);
                long.stride = Some(stride);
                long.padding = Some(padding);
            }
            Geometry::Adaptive(output) => long.adaptive = Some(output),
            Geometry::Global { keep_dims } => long.global = Some(GlobalSpelling { keep_dims }),
        }
        long
    }
}

/// `true`, or `{ keep_dims = true }`.
struct GlobalSpelling {
    keep_dims: bool,
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

impl Serialize for Pool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Reduce { reducer, geometry } => {
                LongSpelling::from((*reducer, geometry.clone())).serialize(serializer)
            }
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
                if text == "none" {
                    return Ok(Pool::None);
                }
                match Reducer::ALL.into_iter().find(|reducer| reducer.name() == text) {
                    Some(reducer) => Ok(Pool::window(reducer, 2)),
                    None => {
                        let known: Vec<String> =
                            Reducer::ALL.iter().map(|reducer| format!("\"{reducer}\"")).collect();
                        Err(E::custom(format!(
                            "unknown pooling layer \"{text}\"; use {}, \"none\", or a table such as {{ reduce = \
                             \"max\", size = 2 }}",
                            known.join(", ")
                        )))
                    }
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pool, A::Error> {
                let long = LongSpelling::deserialize(MapAccessDeserializer::new(map))?;
                long.try_into().map_err(serde::de::Error::custom)
            }
        }

        deserializer.deserialize_any(PoolVisitor)
    }
}

/// The TOML spelling, as short as it can be.
impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reducer, geometry) = match self {
            Self::None => return f.write_str("\"none\""),
            Self::Reduce { reducer, geometry } => (reducer, geometry),
        };
        if *self == Self::window(*reducer, 2) {
            return write!(f, "\"{reducer}\"");
        }
        write!(f, "{{ reduce = \"{reducer}\", ")?;
        match geometry {
            Geometry::Window(Window { size, stride, padding }) => {
                write!(f, "size = {size}")?;
                if stride != size {
                    write!(f, ", stride = {stride}")?;
                }
                if *padding != Padding::Valid {
                    write!(f, ", padding = {padding}")?;
                }
            }
            Geometry::Adaptive(output) => write!(f, "adaptive = {output}")?,
            Geometry::Global { keep_dims: false } => f.write_str("global = true")?,
            Geometry::Global { keep_dims: true } => f.write_str("global = { keep_dims = true }")?,
        }
        f.write_str(" }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Arm {
        pool: Pool,
    }

    fn read(value: &str) -> Result<Pool, String> {
        toml::from_str::<Arm>(&format!("pool = {value}"))
            .map(|arm| arm.pool)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn every_spelling_means_the_layer_that_its_rust_constructor_makes() {
        for (text, pool) in [
            ("\"max\"", Pool::max(2)),
            ("\"avg\"", Pool::avg(2)),
            ("\"none\"", Pool::None),
            ("{ reduce = \"max\", size = 3 }", Pool::max(3)),
            ("{ reduce = \"avg\", size = [2, 3], stride = 2 }", Pool::avg([2, 3]).stride(2)),
            ("{ reduce = \"max\", size = 3, padding = \"same\" }", Pool::max(3).padding(Padding::Same)),
            (
                "{ reduce = \"max\", size = 3, padding = [1, 0] }",
                Pool::max(3).padding(Padding::Symmetric([1, 0].into())),
            ),
            ("{ reduce = \"max\", adaptive = [7, 7] }", Pool::adaptive(Reducer::Max, [7, 7])),
            ("{ reduce = \"avg\", global = true }", Pool::global(Reducer::Avg)),
            (
                "{ reduce = \"avg\", global = { keep_dims = true } }",
                Pool::Reduce { reducer: Reducer::Avg, geometry: Geometry::Global { keep_dims: true } },
            ),
        ] {
            assert_eq!(read(text), Ok(pool.clone()), "{text}");
            assert_eq!(pool.to_string(), text, "shown as it was written");
            let stored = serde_json::to_string(&pool).unwrap();
            assert_eq!(serde_json::from_str::<Pool>(&stored).unwrap(), pool, "{stored}");
        }
    }

    #[test]
    fn wrong_spellings_say_what_is_right() {
        for (text, part) in [
            ("\"maximum\"", "unknown pooling layer \"maximum\"; use \"max\", \"avg\", \"none\", or a table"),
            ("3", "a pooling layer, such as \"max\""),
            ("{ reduce = \"maximum\", size = 2 }", "unknown variant `maximum`, expected `max` or `avg`"),
            ("{ reduce = \"max\" }", "no window is given"),
            ("{ size = 2 }", "missing field `reduce`"),
            ("{ reduce = \"max\", size = 2, global = true }", "size and global exclude each other"),
            ("{ reduce = \"max\", adaptive = 7, stride = 2 }", "stride belongs to size"),
            ("{ reduce = \"max\", size = 2, padding = \"full\" }", "unknown variant `full`"),
            ("{ reduce = \"max\", size = -2 }", "-2 is no size"),
            ("{ reduce = \"max\", sice = 2 }", "unknown field `sice`, expected one of"),
            ("{ reduce = \"max\", global = false }", "leave the key out"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
