//! What can be wrong with a setting.

/// A setting that cannot work: the message names the field, its value, the rule and the cure.
#[expect(missing_docs, reason = "the message above each variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// A size that must count something is zero.
    #[error("{field} = {value}: every entry must be at least 1")]
    Zero { field: &'static str, value: String },
    /// A list whose length is not the number of spatial axes.
    #[error(
        "{field} = {value}: the input has {spatial_rank} spatial axes, so give one number for all of them or \
         a list of {spatial_rank}"
    )]
    Entries { field: &'static str, value: String, spatial_rank: usize },
    /// A window that does not fit.
    #[error(
        "{field} = {size}: the window {spread}is larger than its input ({input} along spatial axis {axis}, \
         padding included); make it smaller{cure}",
        spread = if reach == size { String::new() } else { format!("spreads over {reach} entries and ") }
    )]
    WindowTooLarge {
        field: &'static str,
        size: usize,
        reach: usize,
        input: usize,
        axis: usize,
        cure: &'static str,
    },
    /// Padding so wide that a window could see nothing else.
    #[error("padding = {padding}: at most half of the window is allowed, here {limit} (size = {size})")]
    PaddingTooLarge { padding: usize, size: usize, limit: usize },
    /// Entries so far apart that a window sees none of the input.
    #[error(
        "dilation = {dilation}: window {window} along spatial axis {axis} would see padding alone; make the \
         dilation or the padding smaller"
    )]
    BlindWindow { dilation: usize, window: usize, axis: usize },
    /// An output that the input is too small for.
    #[error(
        "{field} = {output}: at most {limit} of the {input} entries along spatial axis {axis} can be asked for; \
         choose a smaller output"
    )]
    OutputTooLarge { field: &'static str, output: usize, input: usize, limit: usize, axis: usize },
    /// A ratio that asks for more than windows of one size leave.
    #[error(
        "ratio = {ratio}: makes {output} windows, and at most {limit} of size {size} fit the {input} entries along \
         spatial axis {axis}; choose a smaller ratio or size"
    )]
    RatioTooLarge { ratio: f64, output: usize, size: usize, input: usize, limit: usize, axis: usize },
    /// A ratio that leaves nothing.
    #[error(
        "ratio = {ratio}: leaves nothing of the {input} entries along spatial axis {axis}; choose a greater one"
    )]
    NothingLeft { ratio: f64, input: usize, axis: usize },
    /// A setting that changes nothing where it stands.
    #[error("{field} says nothing here: {reason}; leave it out")]
    Idle { field: &'static str, reason: &'static str },
    /// A reducer that the geometry cannot feed.
    #[error("reduce = \"{reducer}\" works on {needed} only; {cure}")]
    Geometry { reducer: &'static str, needed: &'static str, cure: &'static str },
    /// A list without entries.
    #[error("{field} = []: give at least one level, such as [4, 2, 1]")]
    NoLevels { field: &'static str },
    /// A value that breaks any other rule.
    #[error("{field} = {value}: {rule}")]
    Rule { field: &'static str, value: String, rule: String },
    /// A fraction outside its interval.
    #[error("{field} = {value}: must lie in {interval}")]
    Range { field: &'static str, value: f64, interval: &'static str },
    /// More than any machine holds.
    #[error("{product} come to {count}, and at most {limit} are supported; choose smaller sizes")]
    TooLarge { product: &'static str, count: u128, limit: &'static str },
    /// More memory than one layer may take, counted over the whole batch before anything is allocated.
    #[error(
        "{what} would take {bytes} bytes for an input of shape {input:?}, and one layer may take at most 17179869184 \
         (16 GiB) at once; {cure}"
    )]
    TooMuchMemory { what: &'static str, input: Vec<i64>, bytes: u128, cure: &'static str },
    /// An input of the wrong number of axes.
    #[error("needs an input of shape {expected}, found {found:?}{cure}")]
    InputShape { expected: &'static str, found: Vec<usize>, cure: &'static str },
    /// Two keys of which one decides.
    #[error("{found} exclude each other; keep one of them")]
    Conflict { found: String },
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
    Misplaced { field: &'static str, owner: &'static str },
    /// Indices asked of a layer that has none.
    #[error(
        "{pool} has no indices; only maximum pooling over one set of windows has (no pyramid, no expectation)"
    )]
    NoIndices { pool: String },
    /// A mask for a layer that takes none.
    #[error("{pool} takes no mask; global pooling does, but for lip")]
    NoMask { pool: String },
    /// A network that starts from nothing.
    #[error("input shape {shape:?}: give channels and 1 to 3 spatial sizes, all at least 1")]
    ModelInput { shape: Vec<usize> },
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
