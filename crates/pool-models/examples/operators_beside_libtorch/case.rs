//! What is measured: operators, windows, shapes and memory layouts.

use std::fmt;

use pool_models::{Pool, Reducer};
use tch::Tensor;

/// `[N, C, H, W]`.
pub(crate) type Shape = [i64; 4];

pub(crate) const SHAPES: [Shape; 6] = [
    [1, 1, 28, 28],
    [1, 32, 24, 24],
    [32, 3, 32, 32],
    [200, 32, 24, 24],
    [32, 64, 28, 28],
    [256, 64, 56, 56],
];

pub(crate) const QUICK_SHAPES: [Shape; 2] = [[1, 1, 28, 28], [4, 24, 14, 14]];

/// An operator, and what of libtorch's it is measured beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rivalry {
    Max,
    Avg,
    Lp,
    LpComposed,
    Soft,
    SoftComposed,
    Stochastic,
    Blur,
    BlurComposed,
}

impl Rivalry {
    pub(crate) const ALL: [Self; 9] = [
        Self::Max,
        Self::Avg,
        Self::Lp,
        Self::LpComposed,
        Self::Soft,
        Self::SoftComposed,
        Self::Stochastic,
        Self::Blur,
        Self::BlurComposed,
    ];

    pub(crate) fn operator(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Avg => "avg",
            Self::Lp | Self::LpComposed => "lp",
            Self::Soft | Self::SoftComposed => "soft",
            Self::Stochastic => "stochastic",
            Self::Blur | Self::BlurComposed => "blur",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Max => "max beside max_pool2d",
            Self::Avg => "avg beside avg_pool2d",
            Self::Lp => "lp (p = 2) beside gathered windows",
            Self::LpComposed => "lp (p = 2) beside avg_pool2d of powers",
            Self::Soft => "soft beside gathered windows",
            Self::SoftComposed => "soft beside avg_pool2d of exponentials",
            Self::Stochastic => "stochastic, in training, beside gathered windows",
            Self::Blur => "blur beside max_pool2d and weighted slices",
            Self::BlurComposed => "blur beside max_pool2d and conv2d by channel",
        }
    }

    /// Whether libtorch's side is this project's own layer with libtorch's functions.
    pub(crate) fn is_reference(self) -> bool {
        !matches!(self, Self::LpComposed | Self::SoftComposed | Self::BlurComposed)
    }

    /// Whether libtorch's side is the least that computes this operator.
    pub(crate) fn is_shortest(self) -> bool {
        !matches!(self, Self::Lp | Self::Soft | Self::Blur)
    }

    fn windows(self) -> &'static [Window] {
        match self {
            Self::Blur | Self::BlurComposed => &[Window::Blur],
            _ => &[Window::Two, Window::ThreeByTwo, Window::Five, Window::Global],
        }
    }

    fn reducer(self) -> Reducer {
        match self {
            Self::Max | Self::Blur | Self::BlurComposed => Reducer::Max,
            Self::Avg => Reducer::Avg,
            Self::Lp | Self::LpComposed => Reducer::Lp { p: 2.0 },
            Self::Soft | Self::SoftComposed => Reducer::Soft { beta: 1.0 },
            Self::Stochastic => Reducer::Stochastic,
        }
    }

    /// Whether libtorch's side lays the cells of every window side by side.
    fn gathers(self) -> bool {
        matches!(self, Self::Lp | Self::Soft | Self::Stochastic)
    }
}

/// Which windows are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Two,
    ThreeByTwo,
    Five,
    Global,
    /// The maximum over windows of 2 with stride 1, then 3 taps with stride 2.
    Blur,
}

impl Window {
    /// Size and stride of the windows along an axis of this length.
    pub(crate) fn size_and_stride(self, length: i64) -> [i64; 2] {
        match self {
            Self::Two => [2, 2],
            Self::ThreeByTwo => [3, 2],
            Self::Five => [5, 5],
            Self::Global => [length, length],
            Self::Blur => [2, 1],
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Two => "2",
            Self::ThreeByTwo => "3/2",
            Self::Five => "5",
            Self::Global => "global",
            Self::Blur => "2, 3 taps/2",
        })
    }
}

/// How a batch lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Contiguous,
    ChannelsLast,
}

impl Layout {
    /// The same batch `[N, C, H, W]`, in this layout.
    pub(crate) fn laid_out(self, batch: &Tensor) -> Tensor {
        match self {
            Self::Contiguous => batch.contiguous(),
            Self::ChannelsLast => batch.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Contiguous => "contiguous",
            Self::ChannelsLast => "channels last",
        })
    }
}

/// One row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) rivalry: Rivalry,
    pub(crate) window: Window,
    pub(crate) shape: Shape,
    pub(crate) layout: Layout,
}

impl Case {
    /// All rows of a table. Of a single channel both layouts are the same memory.
    pub(crate) fn of(rivalry: Rivalry, shapes: &[Shape]) -> Vec<Self> {
        let mut cases = Vec::new();
        for &shape in shapes {
            for &window in rivalry.windows() {
                let layouts = [Layout::Contiguous, Layout::ChannelsLast];
                let different = layouts.into_iter().take(if shape[1] == 1 { 1 } else { 2 });
                cases.extend(different.map(|layout| Self { rivalry, window, shape, layout }));
            }
        }
        cases
    }

    pub(crate) fn pool(&self) -> Pool {
        let reducer = self.rivalry.reducer();
        match self.window {
            Window::Two => Pool::window(reducer, 2),
            Window::ThreeByTwo => Pool::window(reducer, pool_models::Window::new(3).stride(2)),
            Window::Five => Pool::window(reducer, 5),
            Window::Global => Pool::global(reducer),
            Window::Blur => Pool::blur(2),
        }
    }

    /// Why libtorch's side would need too much memory, if it would.
    pub(crate) fn too_large(&self) -> Option<String> {
        /// Copies of the gathered windows that lie in memory at once, forward and backward.
        const COPIES: i64 = 10;
        const MOST_BYTES: i64 = 4 << 30;
        let [samples, channels, height, width] = self.shape;
        let cells = |length| {
            let [size, stride] = self.window.size_and_stride(length);
            ((length - size) / stride + 1) * size
        };
        let bytes = 4 * samples * channels * cells(height) * cells(width) * COPIES;
        let gib = bytes as f64 / (1u64 << 30) as f64;
        (self.rivalry.gathers() && bytes > MOST_BYTES)
            .then(|| format!("not measured: {gib:.1} GiB of gathered windows"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [n, c, h, w] = self.shape;
        write!(f, "{n}x{c}x{h}x{w}, window {}, {}", self.window, self.layout)
    }
}
