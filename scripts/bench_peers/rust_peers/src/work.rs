//! What to do: `Work` of `scripts/bench_peers/work.py`.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Work {
    pub layers: Vec<Layer>,
    pub train_images: usize,
    pub batch_size: usize,
    pub epochs: usize,
    pub seed: u64,
    pub learning_rate: f64,
    pub adam_epsilon: f64,
    pub batch_norm_momentum: f64,
    pub batch_norm_epsilon: f64,
    pub predictions: usize,
    pub latencies: usize,
    pub latency_warm_up: usize,
}

impl Work {
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// A layer; the pooling layers are 2x2.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layer {
    Conv(Conv),
    BatchNorm { channels: usize },
    Relu,
    MaxPool,
    AveragePool,
    GlobalAverage,
    Dropout { share: f32 },
    Flatten,
    Dense { inputs: usize, units: usize },
    Residual { layers: Vec<Layer>, shortcut: Vec<Layer> },
}

#[derive(Deserialize)]
pub struct Conv {
    pub channels: usize,
    pub filters: usize,
    pub kernel: usize,
    pub padding: usize,
    pub stride: usize,
    pub bias: bool,
}
