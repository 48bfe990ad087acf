//! From the cells of one window to one value, and back: one pair of functions per reducer.
//!
//! Every lane of a vector is another channel, so that nothing here knows of memory layouts.

mod log_mean_exp;
mod max;
mod mean;
mod median;
mod power;
mod power_mean;
mod soft;
mod stochastic;
mod weighted;

pub(crate) use log_mean_exp::LogMeanExp;
pub(crate) use max::{Max, Min};
pub(crate) use mean::Mean;
pub(crate) use median::Median;
pub(crate) use power::Lp;
pub(crate) use power_mean::PowerMean;
pub(crate) use soft::Soft;
pub(crate) use stochastic::{Sampled, StochasticMean};
pub(crate) use weighted::Weighted;

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
        /// How sharply the weights prefer the greatest.
        beta: f32,
    },
    /// One of the positive values, drawn in proportion to them.
    Sampled,
    /// What [`Reduce::Sampled`] gives on average: `sum a^2 / sum a` of `a = max(x, 0)`.
    StochasticMean,
    /// The lower middle of the sorted values; NaN if there is one.
    Median,
    /// The sum of the cells times the windows' weights.
    Weighted,
}

impl Reduce {
    /// Cells of the largest window: single precision counts no further.
    pub const MOST_CELLS: usize = 1 << 24;

    /// Whether it needs one random number per output.
    pub(crate) fn draws(self) -> bool {
        self == Self::Sampled
    }
}

/// A reducer's arithmetic.
pub(crate) trait WindowKernel: Copy {
    /// The value of a window; `draw` is uniform on `[0, 1)`.
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, draw: S::F) -> S::F;
    /// Adds to the cells' gradients what follows from that of the value.
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    );
}

/// The values of one window, of as many channels as there are lanes.
pub(crate) struct Cells<'a, S> {
    s: S,
    window: WindowCells<'a>,
    /// The window's origin, and how far apart pixels lie.
    origin: *const f32,
    stride: usize,
}

impl<'a, S: Simd> Cells<'a, S> {
    /// # Safety
    /// `panel` holds a vector for every pixel of the windows that this one is of, `stride` numbers apart, and nobody
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
        // SAFETY: `Windows` holds no cell outside its pixels, and `new` promises a vector for each.
        unsafe { self.s.load(self.origin.add(pixel * self.stride)) }
    }

    #[inline(always)]
    pub(crate) fn weight(&self, index: usize) -> f32 {
        self.window.weights[index]
    }

    /// How many cells a mean divides by.
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
    /// Whether this is all that comes to its cells.
    alone: bool,
}

impl<'a, S: Simd> CellGradients<'a, S> {
    /// # Safety
    /// As [`Cells::new`], and nothing else touches the vectors while this lives. Where windows are `alone`, no cell is
    /// another window's, and what stands there is written over.
    #[inline(always)]
    #[expect(unsafe_code, reason = "pointer arithmetic")]
    pub(crate) unsafe fn new(
        s: S,
        window: WindowCells<'a>,
        panel: *mut f32,
        stride: usize,
        alone: bool,
    ) -> Self {
        // SAFETY: the origin is one of the pixels.
        let origin = unsafe { panel.add(window.origin * stride) };
        Self { s, window, origin, stride, alone }
    }

    /// Adds to the gradient of a cell, once.
    #[inline(always)]
    #[expect(unsafe_code, reason = "reading and writing a vector")]
    pub(crate) fn add(&self, index: usize, value: S::F) {
        let pixel = self.window.cells[index] as usize;
        // SAFETY: `Windows` holds no cell outside its pixels, and `new` promises a vector for each.
        unsafe {
            let place = self.origin.add(pixel * self.stride);
            let sum = if self.alone { value } else { self.s.add(self.s.load(place), value) };
            self.s.store(place, sum);
        }
    }
}
