//! The network that all arms share, with one or more slots for the pooling layer under comparison.

use std::fmt;

use pool_models::{Conv2d, Dense, Dropout, Flatten, Layer, Pool, Sequential};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The layers of a sweep's network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTemplate {
    layers: Vec<TemplateLayer>,
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
        }
    }

    pub(super) fn new(layers: Vec<TemplateLayer>) -> Self {
        Self { layers }
    }

    /// How many places the arm's pooling layer takes.
    pub fn slots(&self) -> usize {
        self.layers.iter().filter(|layer| matches!(layer, TemplateLayer::Slot)).count()
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

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TemplateLayer, A::Error> {
                Layer::deserialize(MapAccessDeserializer::new(map)).map(TemplateLayer::Fixed)
            }
        }

        deserializer.deserialize_any(LayerVisitor)
    }
}
