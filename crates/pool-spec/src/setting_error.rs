//! What can be wrong with a setting.

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
        "{field} = {size}: the window {spread}is larger than its input ({input} along spatial axis {axis}, \
         padding included); make it smaller{cure}",
        spread = if reach == size { String::new() } else { format!("spreads over {reach} entries and ") }
    )]
    WindowTooLarge {
        /// The setting's name: `size` of pooling, `kernel` of convolution.
        field: &'static str,
        /// Entries of the window along the axis.
        size: usize,
        /// From its first entry to its last, holes included.
        reach: usize,
        /// Input size along the axis, padding included.
        input: usize,
        /// The spatial axis, from 0.
        axis: usize,
        /// What else would help, with its own joint, or nothing.
        cure: &'static str,
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
    /// Entries so far apart that a window sees none of the input.
    #[error(
        "dilation = {dilation}: window {window} along spatial axis {axis} would see padding alone; make the \
         dilation or the padding smaller"
    )]
    BlindWindow {
        /// Steps between the window's entries.
        dilation: usize,
        /// Which window, from 0.
        window: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// An output that the input is too small for.
    #[error(
        "{field} = {output}: at most {limit} of the {input} entries along spatial axis {axis} can be asked for; \
         choose a smaller output"
    )]
    OutputTooLarge {
        /// The setting's name.
        field: &'static str,
        /// Output size along the axis.
        output: usize,
        /// Input size along the axis.
        input: usize,
        /// The greatest output size.
        limit: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// A ratio that asks for more than windows of one size leave.
    #[error(
        "ratio = {ratio}: makes {output} windows, and at most {limit} of size {size} fit the {input} entries along \
         spatial axis {axis}; choose a smaller ratio or size"
    )]
    RatioTooLarge {
        /// The ratio of output to input.
        ratio: f64,
        /// Output size along the axis.
        output: usize,
        /// Window size along the axis.
        size: usize,
        /// Input size along the axis.
        input: usize,
        /// The greatest output size.
        limit: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// A ratio that leaves nothing.
    #[error(
        "ratio = {ratio}: leaves nothing of the {input} entries along spatial axis {axis}; choose a greater one"
    )]
    NothingLeft {
        /// The ratio of output to input.
        ratio: f64,
        /// Input size along the axis.
        input: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// Reflection that would need more entries than there are.
    #[error(
        "taps = {taps}: reflecting {padding} entries needs more than the {input} that are left along spatial axis \
         {axis} by size; use fewer taps"
    )]
    ReflectionTooWide {
        /// Entries of the binomial filter.
        taps: usize,
        /// Entries to reflect.
        padding: usize,
        /// Entries there are.
        input: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// A setting that changes nothing where it stands.
    #[error("{field} says nothing here: {reason}; leave it out")]
    Idle {
        /// The setting's name.
        field: &'static str,
        /// Why it does nothing.
        reason: &'static str,
    },
    /// A whole number outside its interval.
    #[error("{field} = {value}: must lie in {interval}")]
    WholeRange {
        /// The setting's name.
        field: &'static str,
        /// The setting as given.
        value: usize,
        /// The interval, such as `[2, 7]`.
        interval: &'static str,
    },
    /// A grid that the stride does not divide.
    #[error("grid = {grid}: must be a multiple of the stride, {stride} along spatial axis {axis}")]
    Grid {
        /// The grid as given.
        grid: usize,
        /// The stride along the axis.
        stride: usize,
        /// The spatial axis, from 0.
        axis: usize,
    },
    /// A reducer that the geometry cannot feed.
    #[error("reduce = \"{reducer}\" works on {needed} only; {cure}")]
    Geometry {
        /// The reducer's name.
        reducer: &'static str,
        /// The geometry it needs, in words.
        needed: &'static str,
        /// What to write.
        cure: &'static str,
    },
    /// A list without entries.
    #[error("{field} = []: give at least one level, such as [4, 2, 1]")]
    NoLevels {
        /// The setting's name.
        field: &'static str,
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
    #[error("{product} come to {count}, and at most {limit} are supported; choose smaller sizes")]
    TooLarge {
        /// What was counted.
        product: &'static str,
        /// How many there would be.
        count: u128,
        /// How many there may be.
        limit: &'static str,
    },
    /// More memory than one layer may take, counted over the whole batch before anything is allocated.
    #[error(
        "{what} would take {bytes} bytes for an input of shape {input:?}, and one layer may take at most 17179869184 \
         (16 GiB) at once; {cure}"
    )]
    TooMuchMemory {
        /// What would take it.
        what: &'static str,
        /// The shape of the input: of a batch, or of one sample where no batch is known yet.
        input: Vec<i64>,
        /// How much it would take.
        bytes: u128,
        /// What to do.
        cure: &'static str,
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
    /// Two keys of which one decides.
    #[error("{found} exclude each other; keep one of them")]
    Conflict {
        /// The keys that were given.
        found: String,
    },
    /// No way of saying which windows exist.
    #[error(
        "no window is given; add size = 2, adaptive = [7, 7], global = true, fractional = {{ ratio = 0.7 }} or \
         pyramid = [4, 2, 1]"
    )]
    NoGeometry,
    /// Fractional windows without a size.
    #[error("fractional = {{}}: give ratio or output, such as {{ ratio = 0.7 }}")]
    NoFractionalSize,
    /// Neither a reducer nor a layer of another kind.
    #[error(
        "nothing says how to pool; add reduce = \"max\", or use strided_conv = {{ size = 2 }}, blur = {{}}, haar = {{}} \
         or spectral = {{ output = 7 }}"
    )]
    NoOperator,
    /// A setting of one kind used with another.
    #[error("{field} belongs to {owner}; leave it out here")]
    Misplaced {
        /// The setting's name.
        field: &'static str,
        /// What it belongs to.
        owner: &'static str,
    },
    /// Indices asked of a layer that has none.
    #[error(
        "{pool} has no indices; only maximum pooling over one set of windows has (no pyramid, no expectation)"
    )]
    NoIndices {
        /// The layer.
        pool: String,
    },
    /// A mask for a layer that takes none.
    #[error("{pool} takes no mask; global pooling does, but for lip")]
    NoMask {
        /// The layer.
        pool: String,
    },
    /// A network that starts from nothing.
    #[error("input shape {shape:?}: give channels and 1 to 3 spatial sizes, all at least 1")]
    ModelInput {
        /// The shape as given.
        shape: Vec<usize>,
    },
}

impl SettingError {
    /// For windows that cannot be padded.
    pub(crate) fn without_padding(self) -> Self {
        match self {
            Self::WindowTooLarge { field, size, reach, input, axis, cure: _ } => {
                Self::WindowTooLarge { field, size, reach, input, axis, cure: "" }
            }
            other => other,
        }
    }
}
