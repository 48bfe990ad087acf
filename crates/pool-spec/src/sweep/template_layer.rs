//! A layer of the network that arms share, as a sweep file has it: a layer, or a place that an arm fills.

use std::fmt;
use std::ops::Range;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error as _, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::filling::{Filling, POOL};
use crate::reading::{value, variant, yes};
use crate::{Activation, BranchInput, Conv2d, Dense, Extent, Join, Layer};

/// A layer, and where it stands in the sweep file; nowhere, in a built-in network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TemplateLayer {
    pub(super) kind: TemplateKind,
    pub(super) span: Option<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TemplateKind {
    /// A layer that is no arm's.
    Fixed(Layer),
    /// What an arm fills.
    Place(Place),
    /// A layer with an output for each class.
    Logits(Logits),
    /// Branches, with places in them perhaps.
    Parallel(TemplateParallel),
}

/// A named spot of the network: `"pool"`, `{ place = "down" }`, or a table with what it has of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) name: String,
    /// The convolution that a filling goes around.
    pub(super) conv: Option<Conv2d>,
    /// What fills it where the arm does not.
    pub(super) default: Option<Filling>,
}

/// The layer that gives one number for each class: a dense layer, or a convolution if it has a kernel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logits {
    #[serde(default)]
    kernel: Option<Extent>,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default)]
    activation: Option<Activation>,
}

impl Default for Logits {
    fn default() -> Self {
        Self { kernel: None, bias: true, activation: None }
    }
}

impl Logits {
    pub(super) fn of(&self, classes: usize) -> Layer {
        let Self { kernel, bias, activation } = self.clone();
        match kernel {
            None => Dense { bias, activation, ..Dense::new(classes) }.into(),
            Some(kernel) => Conv2d { bias, activation, ..Conv2d::new(classes, kernel) }.into(),
        }
    }
}

/// Branches of a template; what [`Parallel`](crate::Parallel) is to a network.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateParallel {
    pub(super) branches: Vec<Vec<TemplateLayer>>,
    pub(super) join: Join,
    #[serde(default)]
    pub(super) input: BranchInput,
}

impl TemplateLayer {
    /// All layers of this one that are no branches: its own, or those of its branches.
    pub(super) fn leaves(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match &self.kind {
            TemplateKind::Parallel(parallel) => {
                Box::new(parallel.branches.iter().flatten().flat_map(Self::leaves))
            }
            TemplateKind::Fixed(_) | TemplateKind::Place(_) | TemplateKind::Logits(_) => {
                Box::new(std::iter::once(self))
            }
        }
    }

    /// The place that this is, if it is one.
    pub(super) fn place(&self) -> Option<&Place> {
        match &self.kind {
            TemplateKind::Place(place) => Some(place),
            TemplateKind::Fixed(_) | TemplateKind::Logits(_) | TemplateKind::Parallel(_) => None,
        }
    }

    /// Calls `change` for this layer and for those of its branches, in order.
    pub(super) fn visit(&mut self, change: &mut impl FnMut(&mut Self)) {
        change(self);
        if let TemplateKind::Parallel(parallel) = &mut self.kind {
            parallel.branches.iter_mut().flatten().for_each(|layer| layer.visit(change));
        }
    }
}

impl<'de> Deserialize<'de> for TemplateLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<TemplateKind>::deserialize(deserializer)?;
        let span = Some(spanned.span());
        Ok(Self { kind: spanned.into_inner(), span })
    }
}

/// What a layer of a sweep file can be: a word of [`Layer`], or of this file.
const WORDS: &[&str] = &[
    "conv1d",
    "conv2d",
    "conv3d",
    POOL,
    "activation",
    "dropout",
    "batch_norm",
    "space_to_depth",
    "flatten",
    "dense",
    "logits",
    "residual",
    "parallel",
    "place",
];

impl<'de> Deserialize<'de> for TemplateKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LayerVisitor;

        impl<'de> Visitor<'de> for LayerVisitor {
            type Value = TemplateKind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a layer, such as \"pool\", \"flatten\" or { dense = { units = 10 } }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TemplateKind, E> {
                match text {
                    word if !WORDS.contains(&word) => Err(E::unknown_variant(word, WORDS)),
                    POOL => Ok(TemplateKind::Place(Place::named(POOL))),
                    "logits" => Ok(TemplateKind::Logits(Logits::default())),
                    word => Layer::deserialize(StrDeserializer::<E>::new(word)).map(TemplateKind::Fixed),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TemplateKind, A::Error> {
                match map.next_key::<String>()?.as_deref() {
                    None => Err(A::Error::invalid_value(
                        Unexpected::Map,
                        &"a table with one key, as in configs/sweep.toml",
                    )),
                    Some(word) if !WORDS.contains(&word) => Err(A::Error::unknown_variant(word, WORDS)),
                    Some("place") => value(map).map(TemplateKind::Place),
                    Some("logits") => value(map).map(TemplateKind::Logits),
                    Some("parallel") => value(map).map(TemplateKind::Parallel),
                    Some("residual") => {
                        value::<Residual, _>(map).map(|residual| TemplateKind::Parallel(residual.into()))
                    }
                    Some(key) => variant(key, map).map(TemplateKind::Fixed),
                }
            }
        }

        deserializer.deserialize_any(LayerVisitor)
    }
}

/// The short form of branches that are added, one of which is a shortcut.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Residual {
    layers: Vec<TemplateLayer>,
    #[serde(default)]
    shortcut: Vec<TemplateLayer>,
}

impl From<Residual> for TemplateParallel {
    fn from(Residual { layers, shortcut }: Residual) -> Self {
        Self { branches: vec![layers, shortcut], join: Join::Add, input: BranchInput::Whole }
    }
}

impl Place {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), conv: None, default: None }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct PlaceTable {
            name: String,
            conv2d: Option<Conv2d>,
            default: Option<Filling>,
        }

        struct PlaceVisitor;

        impl<'de> Visitor<'de> for PlaceVisitor {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a place's name, or a table such as { name = \"down\", conv2d = { filters = 32, kernel = 3 }, \
                     default = \"max\" }",
                )
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Place, E> {
                Ok(Place::named(name))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
                let PlaceTable { name, conv2d: conv, default } =
                    PlaceTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Place { name, conv, default })
            }
        }

        deserializer.deserialize_any(PlaceVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_can_be_named() {
        let refused = serde_json::from_str::<Layer>("\"no layer\"").unwrap_err().to_string();
        let words: Vec<&str> = refused.split('`').skip(3).step_by(2).collect();
        assert!(words.len() > 9, "{refused}");
        assert!(words.iter().all(|word| WORDS.contains(word)), "{refused}");
    }
}
