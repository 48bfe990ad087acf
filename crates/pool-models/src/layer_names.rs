//! Keras's names for layers.

use std::collections::HashMap;

use crate::{Geometry, Layer, Pool, Reducer};

/// Gives layers Keras's names: the second dense layer is `dense_1`.
#[derive(Default)]
pub(crate) struct LayerNames {
    used: HashMap<String, usize>,
}

impl LayerNames {
    pub(crate) fn next(&mut self, layer: &Layer, spatial_rank: usize) -> String {
        let base = base_name(layer, spatial_rank);
        let count = self.used.entry(base.clone()).or_insert(0);
        let name = if *count == 0 { base.clone() } else { format!("{base}_{count}") };
        *count += 1;
        name
    }
}

/// The name of the first such layer.
pub(crate) fn base_name(layer: &Layer, spatial_rank: usize) -> String {
    match layer {
        Layer::Conv1d(_) => "conv1d".to_owned(),
        Layer::Conv2d(_) => "conv2d".to_owned(),
        Layer::Conv3d(_) => "conv3d".to_owned(),
        Layer::Pool(pool) => pool_name(pool, spatial_rank),
        Layer::Activation(_) => "activation".to_owned(),
        Layer::Dropout(_) => "dropout".to_owned(),
        Layer::BatchNorm(_) => "batch_normalization".to_owned(),
        Layer::Flatten => "flatten".to_owned(),
        Layer::Dense(_) => "dense".to_owned(),
    }
}

fn pool_name(pool: &Pool, spatial_rank: usize) -> String {
    let (prefix, word) = match pool {
        Pool::None => return "none".to_owned(),
        Pool::StridedConv(_) => return format!("strided_conv{spatial_rank}d"),
        Pool::Blur(_) => ("", "blur"),
        Pool::Haar => ("", "haar"),
        Pool::Spectral { .. } => ("", "spectral"),
        Pool::Reduce { reducer, geometry } => {
            let prefix = match geometry {
                Geometry::Window(_) => "",
                Geometry::Adaptive(_) => "adaptive_",
                Geometry::Global { .. } => "global_",
                Geometry::Fractional(_) => "fractional_",
                Geometry::Pyramid(_) => "pyramid_",
            };
            // Keras's word.
            (prefix, if *reducer == Reducer::Avg { "average" } else { reducer.name() })
        }
    };
    format!("{prefix}{word}_pooling{spatial_rank}d")
}

/// Keras's class for a layer of this name: `max_pooling2d` is a `MaxPooling2D`.
pub(crate) fn class_of(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    let class: String = name.split('_').map(capitalised).collect();
    let mut letters = class.chars().rev();
    match (letters.next(), letters.next()) {
        (Some('d'), Some('0'..='9')) => format!("{}D", &class[..class.len() - 1]),
        _ => class,
    }
}
