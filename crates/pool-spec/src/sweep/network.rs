//! The network that all arms share, with one or more slots for the pooling layer under comparison.

use std::fmt;
use std::ops::Range;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::arm::ArmOverrides;
use crate::{Conv2d, Dense, Dropout, Flatten, Layer, Pool, Sequential};

/// The layers of a sweep's network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTemplate {
    layers: Vec<TemplateLayer>,
    /// Where each layer stands in the sweep file; empty for a network that stands in none.
    spans: Vec<Range<usize>>,
}

/// A layer, or the place where an arm's pooling layer goes: the word `"pool"` in a sweep file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TemplateLayer {
    Slot,
    Fixed(Layer),
}

impl NetworkTemplate {
    /// The network of the published study, with as many outputs as there are classes.
    pub fn reference(classes: usize) -> Self {
        let fixed = |layer: Layer| TemplateLayer::Fixed(layer);
        Self {
            layers: vec![
                fixed(Conv2d::new(32, 5).relu().into()),
                TemplateLayer::Slot,
                fixed(Dropout::new(0.2).into()),
                fixed(Flatten.into()),
                fixed(Dense::new(128).relu().into()),
                fixed(Dense::new(classes).into()),
            ],
            spans: Vec::new(),
        }
    }

    pub(super) fn new(layers: Vec<Spanned<TemplateLayer>>) -> Self {
        let spans = layers.iter().map(Spanned::span).collect();
        Self { layers: layers.into_iter().map(Spanned::into_inner).collect(), spans }
    }

    /// Where the layer at this position stands, unless it is an arm's.
    pub(super) fn span_of_fixed(&self, index: usize) -> Option<Range<usize>> {
        match self.layers.get(index)? {
            TemplateLayer::Slot => None,
            TemplateLayer::Fixed(_) => self.spans.get(index).cloned(),
        }
    }

    /// How many places the arm's pooling layer takes.
    pub fn slots(&self) -> usize {
        self.layers.iter().filter(|layer| matches!(layer, TemplateLayer::Slot)).count()
    }

    /// The place of the first dense layer after the pooling that is not the last layer.
    pub(super) fn hidden_dense(&self) -> Option<usize> {
        let slot = self.layers.iter().rposition(|layer| matches!(layer, TemplateLayer::Slot))?;
        let hidden = slot + 1..self.layers.len().saturating_sub(1);
        hidden.into_iter().find(|&index| matches!(self.layers[index], TemplateLayer::Fixed(Layer::Dense(_))))
    }

    /// The network with this many units in the dense layer at `index`; without change where that is no dense layer.
    pub(super) fn with_units(&self, index: usize, units: usize) -> Self {
        let mut network = self.clone();
        if let Some(TemplateLayer::Fixed(Layer::Dense(dense))) = network.layers.get_mut(index) {
            dense.units = units;
        }
        network
    }

    /// Whether a layer's dropout rate can be changed.
    pub(super) fn has_dropout(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, TemplateLayer::Fixed(Layer::Dropout(_))))
    }

    /// The network with the slots and the dropout of an arm: a slot that the arm does not take is left empty.
    pub(super) fn with_overrides(&self, overrides: &ArmOverrides) -> Self {
        let mut network = self.clone();
        let mut slot = 0;
        for layer in &mut network.layers {
            match layer {
                TemplateLayer::Slot => {
                    if overrides.slots.as_ref().is_some_and(|taken| !taken.contains(&slot)) {
                        *layer = TemplateLayer::Fixed(Pool::None.into());
                    }
                    slot += 1;
                }
                TemplateLayer::Fixed(Layer::Dropout(dropout)) => {
                    dropout.rate = overrides.dropout.unwrap_or(dropout.rate);
                }
                TemplateLayer::Fixed(_) => {}
            }
        }
        network
    }

    /// The network with `pool` in every slot.
    pub fn fill(&self, input: [usize; 3], pool: &Pool, seed: u64) -> Sequential {
        self.layers
            .iter()
            .map(|layer| match layer {
                TemplateLayer::Slot => pool.clone().into(),
                TemplateLayer::Fixed(layer) => layer.clone(),
            })
            .fold(Sequential::new(input).seed(seed), Sequential::add)
    }
}

impl<'de> Deserialize<'de> for TemplateLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LayerVisitor;

        impl<'de> Visitor<'de> for LayerVisitor {
            type Value = TemplateLayer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a layer, such as \"pool\", \"flatten\" or { dense = { units = 10 } }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TemplateLayer, E> {
                if text == "pool" {
                    return Ok(TemplateLayer::Slot);
                }
                Layer::deserialize(StrDeserializer::<E>::new(text)).map(TemplateLayer::Fixed)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TemplateLayer, A::Error> {
                let layer = Layer::deserialize(MapAccessDeserializer::new(&mut map))?;
                match map.next_key::<String>()? {
                    None => Ok(TemplateLayer::Fixed(layer)),
                    Some(key) => Err(A::Error::custom(format!(
                        "a second layer or key, `{key}`, in one table; give each layer a table of its own"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(LayerVisitor)
    }
}
