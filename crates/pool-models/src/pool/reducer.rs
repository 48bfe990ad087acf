//! How a window becomes one value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a window becomes one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reducer {
    /// The greatest value. Of equal ones, the first in row-major order receives the gradient, as in PyTorch, and as in
    /// TensorFlow's one- and two-dimensional windows (its 3D windows give all of it to each, and Keras's global maximum
    /// splits it). Keras: `MaxPooling`; PyTorch: `MaxPool`.
    Max,
    /// The arithmetic mean of the values inside the input; padded cells never count. Keras: `AveragePooling`;
    /// PyTorch: `AvgPool` with `count_include_pad=False`.
    Avg,
}

impl Reducer {
    /// Every reducer, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Max, Self::Avg];

    /// The word that a sweep file uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Avg => "avg",
        }
    }

    /// The word in Keras's layer names, such as `max_pooling2d`.
    pub(crate) fn keras_word(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Avg => "average",
        }
    }
}

impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
