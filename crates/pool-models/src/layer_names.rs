//! Keras's names for layers.

use std::collections::HashMap;

use crate::{Geometry, Layer, Pool};

/// Gives layers Keras's names: the second dense layer is `dense_1`.
#[derive(Default)]
pub(crate) struct LayerNames {
    used: HashMap<String, usize>,
}

impl LayerNames {
    pub(crate) fn next(&mut self, layer: &Layer, spatial_rank: usize) -> String {
        let base = match layer {
            Layer::Conv1d(_) => "conv1d".to_owned(),
            Layer::Conv2d(_) => "conv2d".to_owned(),
            Layer::Conv3d(_) => "conv3d".to_owned(),
            Layer::Pool(pool) => pool_name(pool, spatial_rank),
            Layer::Activation(_) => "activation".to_owned(),
            Layer::Dropout(_) => "dropout".to_owned(),
            Layer::BatchNorm(_) => "batch_normalization".to_owned(),
            Layer::Flatten => "flatten".to_owned(),
            Layer::Dense(_) => "dense".to_owned(),
        };
        let count = self.used.entry(base.clone()).or_insert(0);
        let name = if *count == 0 { base.clone() } else { format!("{base}_{count}") };
        *count += 1;
        name
    }
}

fn pool_name(pool: &Pool, spatial_rank: usize) -> String {
    let Pool::Reduce { reducer, geometry } = pool else { return "none".to_owned() };
    let prefix = match geometry {
        Geometry::Window(_) => "",
        Geometry::Adaptive(_) => "adaptive_",
        Geometry::Global { .. } => "global_",
    };
    format!("{prefix}{}_pooling{spatial_rank}d", reducer.keras_word())
}
