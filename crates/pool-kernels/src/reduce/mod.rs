//! From the cells of one window to one value, and back: one pair of functions per reducer, one file per family.
//!
//! Every lane of a vector is another channel, so reducers know nothing of memory layouts. Backward recomputes what it needs.

mod exponential;
mod linear;
mod order;
mod power;
mod stochastic;

pub(crate) use exponential::{LogMeanExp, Soft};
pub(crate) use linear::{Mean, Weighted};
pub(crate) use order::{Max, Median, Min};
pub(crate) use power::{Lp, PowerMean};
pub(crate) use stochastic::{Sampled, StochasticMean};

use crate::simd::Simd;
use crate::windows::WindowCells;

/// How a window becomes one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reduce {
    /// The greatest value; NaN if there is one. Of equal values the first takes the gradient.
    Max,
    /// The smallest value; NaN if there is one. Of equal values the first takes the gradient.
    Min,
    /// The sum over the cells, divided by how many of them count.
    Mean,
    /// `(sum |x|^p)^(1/p)`; the gradient of an all-zero window is 0.
    Lp {
        /// The exponent, positive.
        p: f32,
    },
    /// `(sum |x|^p / n)^(1/p)` of `n` cells.
    PowerMean {
        /// The exponent, positive.
        p: f32,
    },
    /// `logsumexp(x) - ln n` of `n` cells.
    LogMeanExp,
    /// `sum softmax(beta x) x`.
    Soft {
        /// How strongly the weights favour the greatest value.
        beta: f32,
    },
    /// One of the positive values, drawn with a probability proportional to it.
    Sampled,
    /// The expectation of [`Reduce::Sampled`]: `sum a^2 / sum a` of `a = max(x, 0)`.
    StochasticMean,
    /// The lower middle of the sorted values; NaN if there is one.
    Median,
    /// The sum of the cells times the windows' weights.
    Weighted,
}

impl Reduce {
    /// The most cells that a window may have: single precision counts no further.
    pub const MOST_CELLS: usize = 1 << 24;

    /// Whether it needs one random number per output.
    pub(crate) fn draws(self) -> bool {
        self == Self::Sampled
    }
}

/// Evaluates an expression with the kernel of a reducer, which is compiled once for each.
macro_rules! with_reducer {
    ($reduce:expr, $kernel:ident => $call:expr) => {{
        use $crate::reduce::{
            LogMeanExp, Lp, Max, Mean, Median, Min, PowerMean, Sampled, Soft, StochasticMean, Weighted,
        };
        match $reduce {
            Reduce::Max => {
                let $kernel = Max {};
                $call
            }
            Reduce::Min => {
                let $kernel = Min {};
                $call
            }
            Reduce::Mean => {
                let $kernel = Mean;
                $call
            }
            // Compiled without exponentials and logarithms.
            Reduce::Lp { p: 2.0 } => {
                let $kernel = Lp::<true> { p: 2.0 };
                $call
            }
            Reduce::Lp { p } => {
                let $kernel = Lp::<false> { p };
                $call
            }
            Reduce::PowerMean { p } => {
                let $kernel = PowerMean { p };
                $call
            }
            Reduce::LogMeanExp => {
                let $kernel = LogMeanExp;
                $call
            }
            Reduce::Soft { beta } => {
                let $kernel = Soft { beta };
                $call
            }
            Reduce::Sampled => {
                let $kernel = Sampled;
                $call
            }
            Reduce::StochasticMean => {
                let $kernel = StochasticMean;
                $call
            }
            Reduce::Median => {
                let $kernel = Median;
                $call
            }
            Reduce::Weighted => {
                let $kernel = Weighted;
                $call
            }
        }
    }};
}
pub(crate) use with_reducer;

/// A reducer's arithmetic.
pub(crate) trait ReducerKernel: Copy {
    /// The value of a window; `draw` is uniform on `[0, 1)`.
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, draw: S::F) -> S::F;
    /// Adds to the gradients of the cells, given the gradient of the value.
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    );
}

/// The values of one window, of as many channels as there are lanes.
pub(crate) struct CellValues<'a, S> {
    s: S,
    window: WindowCells<'a>,
    /// The window's origin.
    origin: *const f32,
    /// The distance between two pixels.
    stride: usize,
}

impl<'a, S: Simd> CellValues<'a, S> {
    /// # Safety
    /// `panel` holds a vector for every pixel of the table that the window belongs to, `stride` numbers apart, and nobody
    /// writes to them while this lives.
    #[inline(always)]
    #[expect(unsafe_code, reason = "pointer arithmetic")]
    pub(crate) unsafe fn new(s: S, window: WindowCells<'a>, panel: *const f32, stride: usize) -> Self {
        // SAFETY: the origin is one of the pixels.
        let origin = unsafe { panel.add(window.origin * stride) };
        Self { s, window, origin, stride }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.window.cells.len()
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "reading a vector")]
    pub(crate) fn get(&self, index: usize) -> S::F {
        let pixel = self.window.cells[index] as usize;
        // SAFETY: a `WindowTable` has no cell outside its pixels, and `new` promises a vector for each.
        unsafe { self.s.load(self.origin.add(pixel * self.stride)) }
    }

    #[inline(always)]
    pub(crate) fn weight(&self, index: usize) -> f32 {
        self.window.weights[index]
    }

    /// The number of cells that a mean divides by.
    #[inline(always)]
    pub(crate) fn counted(&self) -> f32 {
        self.window.counted
    }
}

/// The gradients of one window's cells.
pub(crate) struct CellGradients<'a, S> {
    s: S,
    window: WindowCells<'a>,
    origin: *mut f32,
    stride: usize,
    /// Whether no other window has these cells, so that what stands there is written over.
    disjoint: bool,
}

impl<'a, S: Simd> CellGradients<'a, S> {
    /// # Safety
    /// As [`CellValues::new`], and nothing else touches the vectors while this lives.
    #[inline(always)]
    #[expect(unsafe_code, reason = "pointer arithmetic")]
    pub(crate) unsafe fn new(
        s: S,
        window: WindowCells<'a>,
        panel: *mut f32,
        stride: usize,
        disjoint: bool,
    ) -> Self {
        // SAFETY: the origin is one of the pixels.
        let origin = unsafe { panel.add(window.origin * stride) };
        Self { s, window, origin, stride, disjoint }
    }

    /// Adds to the gradient of a cell. A reducer does so once for each cell.
    #[inline(always)]
    #[expect(unsafe_code, reason = "reading and writing a vector")]
    pub(crate) fn add(&self, index: usize, value: S::F) {
        let pixel = self.window.cells[index] as usize;
        // SAFETY: a `WindowTable` has no cell outside its pixels, and `new` promises a vector for each.
        unsafe {
            let place = self.origin.add(pixel * self.stride);
            let sum = if self.disjoint { value } else { self.s.add(self.s.load(place), value) };
            self.s.store(place, sum);
        }
    }
}

/// Factors that scale down and up again so that no square overflows: `2^-e` and `2^e` of the greatest activation's exponent
/// `e`, or 1 if that activation is zero or infinite.
#[inline(always)]
fn scales<S: Simd>(s: S, greatest: S::F) -> (S::F, S::F) {
    let (least, most) = (s.splat(f32::MIN_POSITIVE), s.splat(f32::MAX));
    let usable = s.and_not(s.gt(greatest, s.splat(0.0)), s.gt(greatest, most));
    let inside = s.select(usable, s.max(greatest, least), s.splat(1.0));
    let (_, exponent) = s.mantissa_and_exponent(inside);
    // 2^126 and its reciprocal are both normal.
    let exponent = s.max(s.splat(-126.0), s.min(s.splat(126.0), exponent));
    (s.power_of_two(s.sub(s.splat(0.0), exponent)), s.power_of_two(exponent))
}
