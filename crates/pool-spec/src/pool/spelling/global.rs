//! `global = true`, or `global = { keep_dims = true }`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `true`, or `{ keep_dims = true }`.
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
