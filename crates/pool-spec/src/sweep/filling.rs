//! What an arm puts into the places of a network.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::site::Site;
use crate::reading::{value, variant};
use crate::{Conv2d, Extent, Layer, Padding, Pool};

/// What an arm fills: the pooling layer in the places called `pool`, and what goes into those of other names. A place
/// that it does not fill has its default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fillings {
    /// The pooling layer under comparison.
    pub pool: Option<Pool>,
    /// What fills the places of these names.
    pub fill: BTreeMap<String, Filling>,
}

/// What fills one place of a network, around the convolution that the place may have.
#[derive(Debug, Clone, PartialEq)]
pub enum Filling {
    /// The place's convolution, if it has one, and then this pooling layer.
    Pool(Pool),
    /// One of the ready-made ways to downsample around a convolution.
    Site(Site),
    /// These layers.
    Layers(Vec<FillingLayer>),
}

/// A layer of a [`Filling`].
#[derive(Debug, Clone, PartialEq)]
pub enum FillingLayer {
    /// The place's convolution, with these changes: `"conv"`, or `{ conv = { stride = 2 } }`.
    Conv(ConvChange),
    /// Any other layer.
    Fixed(Layer),
}

/// What a filling changes about the place's convolution.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvChange {
    /// Entries of its kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Extent>,
    /// Its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Extent>,
    /// What happens at the edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<Padding>,
}

impl ConvChange {
    fn of(&self, conv: &Conv2d) -> Conv2d {
        let mut changed = conv.clone();
        let Self { kernel, stride, padding } = self.clone();
        changed.kernel = kernel.unwrap_or(changed.kernel);
        changed.stride = stride.unwrap_or(changed.stride);
        changed.padding = padding.unwrap_or(changed.padding);
        changed
    }
}

/// The filling would need a convolution, and its place has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoConvolution;

impl Filling {
    /// The layers of a place with this convolution.
    pub(super) fn layers(&self, conv: Option<&Conv2d>) -> Result<Vec<Layer>, NoConvolution> {
        match self {
            Self::Pool(pool) => {
                let conv = conv.map(|conv| Layer::from(conv.clone()));
                Ok(conv.into_iter().chain([pool.clone().into()]).collect())
            }
            Self::Site(site) => match (site, conv) {
                (site, Some(conv)) => Ok(site.around(conv)),
                (Site::StridedConv, None) => Ok(vec![Pool::strided_conv(2).into()]),
                (_, None) => Err(NoConvolution),
            },
            Self::Layers(layers) => layers
                .iter()
                .map(|layer| match layer {
                    FillingLayer::Conv(change) => Ok(change.of(conv.ok_or(NoConvolution)?).into()),
                    FillingLayer::Fixed(layer) => Ok(layer.clone()),
                })
                .collect(),
        }
    }
}

impl Fillings {
    /// What goes into the places of this name, if the arm fills them.
    pub(super) fn of(&self, place: &str) -> Option<Filling> {
        match &self.pool {
            Some(pool) if place == POOL => Some(Filling::Pool(pool.clone())),
            _ => self.fill.get(place).cloned(),
        }
    }

    /// The places that are filled.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        let pool = self.pool.is_some().then_some(POOL);
        pool.into_iter().chain(self.fill.keys().map(String::as_str))
    }
}

/// The name of the place that an arm's `pool` fills.
pub(super) const POOL: &str = "pool";

impl From<Pool> for Fillings {
    fn from(pool: Pool) -> Self {
        Self { pool: Some(pool), fill: BTreeMap::new() }
    }
}

impl fmt::Display for Fillings {
    /// The pooling layer alone, or `down = "adown", head = "max"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = self.pool.as_ref().map(ToString::to_string);
        let fill = self.fill.iter().map(|(place, filling)| format!("{place} = {filling}"));
        let words: Vec<String> = pool.into_iter().chain(fill).collect();
        f.write_str(if words.is_empty() { "as the network is" } else { "" })?;
        f.write_str(&words.join(", "))
    }
}

impl fmt::Display for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(pool) => pool.fmt(f),
            Self::Site(site) => write!(f, "\"{site}\""),
            Self::Layers(layers) => {
                let words: Vec<String> = layers.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", words.join(", "))
            }
        }
    }
}

impl fmt::Display for FillingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conv(ConvChange { stride: Some(stride), .. }) => {
                write!(f, "{{ conv = {{ stride = {stride} }} }}")
            }
            Self::Conv(_) => f.write_str("\"conv\""),
            Self::Fixed(Layer::Pool(pool)) => write!(f, "{{ pool = {pool} }}"),
            Self::Fixed(layer) => f.write_str(&layer.describe().base_name(2)),
        }
    }
}

impl Serialize for Filling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Pool(pool) => pool.serialize(serializer),
            Self::Site(site) => site.serialize(serializer),
            Self::Layers(layers) => layers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Filling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FillingVisitor;

        impl<'de> Visitor<'de> for FillingVisitor {
            type Value = Filling;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "a pooling layer such as \"max\", a list of layers such as [\"conv\", {{ pool = \"max\" }}], or one \
                     of {}",
                    Site::words()
                )
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Filling, E> {
                let of_site = Site::deserialize(StrDeserializer::<E>::new(text));
                of_site.map(Filling::Site).or_else(|_| {
                    let pool = Pool::deserialize(StrDeserializer::<E>::new(text)).map(Filling::Pool);
                    pool.map_err(|error| {
                        let message = error.to_string();
                        let message = message.trim_end();
                        E::custom(format!("{message}; around a convolution also {}", Site::words()))
                    })
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Filling, A::Error> {
                Pool::deserialize(MapAccessDeserializer::new(map)).map(Filling::Pool)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Filling, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Filling::Layers)
            }
        }

        deserializer.deserialize_any(FillingVisitor)
    }
}

const CONV: &str = "conv";

impl Serialize for FillingLayer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Conv(change) if *change == ConvChange::default() => serializer.serialize_str(CONV),
            Self::Conv(change) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(CONV, change)?;
                map.end()
            }
            Self::Fixed(layer) => layer.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FillingLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LayerVisitor;

        impl<'de> Visitor<'de> for LayerVisitor {
            type Value = FillingLayer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a layer, such as \"conv\", { conv = { stride = 2 } } or { pool = \"max\" }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FillingLayer, E> {
                if text == CONV {
                    return Ok(FillingLayer::Conv(ConvChange::default()));
                }
                Layer::deserialize(StrDeserializer::<E>::new(text)).map(FillingLayer::Fixed)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FillingLayer, A::Error> {
                match map.next_key::<String>()?.as_deref() {
                    None => Err(A::Error::invalid_value(
                        Unexpected::Map,
                        &"a table with one key, as in configs/sweep.toml",
                    )),
                    Some(CONV) => value(map).map(FillingLayer::Conv),
                    Some(key) => variant(key, map).map(FillingLayer::Fixed),
                }
            }
        }

        deserializer.deserialize_any(LayerVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        fill: Filling,
    }

    fn filling(text: &str) -> Filling {
        toml::from_str::<File>(&format!("fill = {text}")).unwrap().fill
    }

    #[test]
    fn a_place_is_filled_around_its_convolution() {
        let conv = Conv2d::new(8, 3).padding(Padding::Same);
        for (text, expected) in [
            ("\"max\"", vec![conv.clone().into(), Pool::max(2).into()]),
            ("\"none\"", vec![conv.clone().into(), Pool::None.into()]),
            ("[{ pool = \"max\" }, \"conv\"]", vec![Pool::max(2).into(), conv.clone().into()]),
            ("\"strided_conv\"", vec![conv.clone().stride(2).into()]),
            (
                "[{ conv = { kernel = 1, stride = 3, padding = \"valid\" } }]",
                vec![Conv2d::new(8, 1).stride(3).into()],
            ),
            ("[]", Vec::new()),
        ] {
            assert_eq!(filling(text).layers(Some(&conv)).unwrap(), expected, "{text}");
        }
        assert_eq!(filling("\"max\"").layers(None).unwrap(), [Pool::max(2).into()]);
        assert_eq!(filling("\"strided_conv\"").layers(None).unwrap(), [Pool::strided_conv(2).into()]);
        for text in ["\"adown\"", "[\"conv\"]"] {
            assert_eq!(filling(text).layers(None), Err(NoConvolution), "{text}");
        }
    }

    #[test]
    fn what_a_record_holds_is_read_as_it_was_written() {
        for (text, words) in [
            ("\"max\"", "\"max\""),
            ("{ reduce = \"avg\", size = 3, stride = 2 }", "{ reduce = \"avg\", size = 3, stride = 2 }"),
            ("\"blur_before\"", "\"blur_before\""),
            ("[{ pool = \"max\" }, \"conv\"]", "[{ pool = \"max\" }, \"conv\"]"),
            ("[{ conv = { stride = 2 } }, \"flatten\"]", "[{ conv = { stride = 2 } }, flatten]"),
        ] {
            let read = filling(text);
            let again: Filling = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
            assert_eq!(again, read, "{text}");
            assert_eq!(read.to_string(), words);
        }
    }

    #[test]
    fn the_words_of_fillings_name_their_places() {
        assert_eq!(Fillings::from(Pool::max(2)).to_string(), "\"max\"");
        assert_eq!(Fillings::default().to_string(), "as the network is");
        let fill = BTreeMap::from([
            ("head".to_owned(), Filling::Pool(Pool::None)),
            ("down".to_owned(), Filling::Site(Site::Adown)),
        ]);
        assert_eq!(Fillings { pool: None, fill }.to_string(), "down = \"adown\", head = \"none\"");
    }
}
