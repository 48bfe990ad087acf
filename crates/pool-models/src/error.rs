//! What can be wrong with a setting, a network or a tensor.

use std::path::PathBuf;

/// A setting that cannot work: names the field, its value, the rule and the cure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// A size that must count something is zero.
    #[error("{field} = {value}: every entry must be at least 1")]
    Zero {
        /// The setting's name.
        field: &'static str,
        /// The setting as given.
        value: String,
    },
    /// A list whose length is not the number of spatial axes.
    #[error(
        "{field} = {value}: the input has {spatial_rank} spatial axes, so give one number for all of them or \
         a list of {spatial_rank}"
    )]
    Entries {
        /// The setting's name.
        field: &'static str,
        /// The setting as given.
        value: String,
        /// Spatial axes of the input.
        spatial_rank: usize,
    },
    /// A window that does not fit.
    #[error(
        "{field} = {size}: the window is larger than its input ({input} along spatial axis {axis}, padding \
         included); make it smaller or use padding = \"same\""
    )]
    WindowTooLarge {
        /// The setting's name: `size` of pooling, `kernel` of convolution.
        field: &'static str,
        /// Window size along the axis.
        size: usize,
        /// Input size along the axis, padding included.
        input: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// Padding so wide that a window could see nothing else.
    #[error("padding = {padding}: at most half of the window is allowed, here {limit} (size = {size})")]
    PaddingTooLarge {
        /// Padding along the axis.
        padding: usize,
        /// Window size along the axis.
        size: usize,
        /// The greatest padding allowed.
        limit: usize,
    },
    /// A fraction outside its interval.
    #[error("{field} = {value}: must lie in {interval}")]
    Range {
        /// The setting's name.
        field: &'static str,
        /// The setting as given.
        value: f64,
        /// The interval, such as `[0, 1)`.
        interval: &'static str,
    },
    /// More than any machine holds.
    #[error("{product} come to {count}, and at most 2^32 are supported; choose smaller sizes")]
    TooLarge {
        /// What was counted.
        product: &'static str,
        /// How many there would be.
        count: u128,
    },
    /// An input of the wrong number of axes.
    #[error("needs an input of shape {expected}, found {found:?}{cure}")]
    InputShape {
        /// The shape that would work, in words.
        expected: &'static str,
        /// The shape of one sample.
        found: Vec<usize>,
        /// What to do, with its own punctuation, or nothing.
        cure: &'static str,
    },
    /// Two ways of saying which windows exist.
    #[error("{found} exclude each other; keep one of size, adaptive and global")]
    ManyGeometries {
        /// The keys that were given.
        found: String,
    },
    /// No way of saying which windows exist.
    #[error("no window is given; add size = 2, adaptive = [7, 7] or global = true")]
    NoGeometry,
    /// A setting of one geometry used with another.
    #[error("{field} belongs to size; adaptive and global windows have none")]
    OnlyWithSize {
        /// The setting's name.
        field: &'static str,
    },
    /// A network that starts from nothing.
    #[error("input shape {shape:?}: give channels and 1 to 3 spatial sizes, all at least 1")]
    ModelInput {
        /// The shape as given.
        shape: Vec<usize>,
    },
}

// Every message holds its cause, so that `source` would only say it twice.
/// Anything that can go wrong while describing, building or running a network.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A setting of a layer, found by inferring shapes.
    #[error("layer {layer}: {cause}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// Its place in the network's list of layers, from 0.
        index: usize,
        /// What is wrong.
        cause: SettingError,
    },
    /// A setting outside any layer, or of a layer used alone.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A tensor whose axes are not the ones that the network or layer was made for.
    #[error("the input tensor has shape {found:?}, expected {expected}")]
    TensorShape {
        /// The expected shape, in words.
        expected: String,
        /// The shape found.
        found: Vec<i64>,
    },
    /// A tensor of integers.
    #[error("the input tensor holds {found:?}, expected a floating-point type; convert it first")]
    TensorKind {
        /// The element type found.
        found: tch::Kind,
    },
    /// libtorch refused.
    #[error("libtorch: {}", first_line(.0))]
    Torch(tch::TchError),
    /// A weights file that cannot be written, or does not belong to the network.
    #[error("weights file {path}: {}", first_line(.cause), path = .path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// libtorch's words.
        cause: tch::TchError,
    },
}

impl From<tch::TchError> for ModelError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}

/// libtorch's words without the C++ stack that follows them.
fn first_line(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or("no reason given").to_owned()
}
