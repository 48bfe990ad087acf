//! Pooling a batch, forward and backward, panel by panel.

#![expect(unsafe_code, reason = "vectors are read and written where they lie, by several threads")]

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Refused};
use crate::panel::{Batch, Panel};
use crate::reduce::{
    CellGradients, Cells, LogMeanExp, Lp, Max, Mean, Median, Min, PowerMean, Reduce, Sampled, Soft,
    StochasticMean, Weighted, WindowKernel,
};
use crate::rounds::Round;
use crate::scratch::Scratch;
use crate::simd::Simd;
use crate::sum::Total;
use crate::threads::{Parts, Threads, least_tasks};
use crate::windows::{Walk, Windows};

/// One pooling of a batch: what becomes one value, and how.
#[derive(Debug, Clone, Copy)]
pub struct Pooling<'a> {
    /// Which windows exist.
    pub windows: &'a Windows,
    /// How a window becomes one value.
    pub reduce: Reduce,
    /// The batch that is pooled.
    pub batch: Batch,
    /// One number in `[0, 1)` per output, channels first, for [`Reduce::Sampled`]; empty for the others.
    pub draws: &'a [f32],
}

impl Pooling<'_> {
    /// Pools `input` into `output`.
    ///
    /// # Errors
    /// Not enough memory for a vector per pixel, [`Pooling::scratch_bytes`].
    ///
    /// # Panics
    /// Slices that are not as long as the batch and the windows say; a window of more than [`Reduce::MOST_CELLS`].
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), OutOfMemory> {
        self.check(input.len(), output.len());
        let (output, refused) = (Parts::of(output), Refused::default());
        threads.share(self.panels(isa), self.least_panels(isa), &|panels| {
            isa.run(Forward { pooling: self, input, output: &output, panels, refused: &refused });
        });
        refused.whole()
    }

    /// From the gradient of the output to that of the input, which is written whole.
    ///
    /// # Errors
    /// As [`Pooling::forward`].
    ///
    /// # Panics
    /// Slices that are not as long as the batch and the windows say; a window of more than [`Reduce::MOST_CELLS`].
    pub fn backward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    ) -> Result<(), OutOfMemory> {
        self.check(input.len(), output_gradient.len());
        assert_eq!(input.len(), input_gradient.len(), "the gradient of the input");
        let (input_gradient, refused) = (Parts::of(input_gradient), Refused::default());
        threads.share(self.panels(isa), self.least_panels(isa), &|panels| {
            isa.run(Backward {
                pooling: self,
                input,
                output_gradient,
                input_gradient: &input_gradient,
                panels,
                refused: &refused,
            });
        });
        refused.whole()
    }

    /// Memory that so many threads need in passing, forward or backward, at most: each works on as many planes as a vector
    /// has lanes, of so many pixels of the input and of the output.
    pub fn scratch_bytes(isa: Isa, threads: u64, planes: u64, [input, output]: [u64; 2]) -> u64 {
        let lanes = isa.lanes() as u64;
        let vectors = 4 * u128::from(input) + 2 * u128::from(output);
        let at_once = u128::from(threads.min(planes.div_ceil(lanes)) * lanes);
        let numbers = vectors.saturating_mul(at_once);
        u64::try_from(numbers.saturating_mul(size_of::<f32>() as u128)).unwrap_or(u64::MAX)
    }

    fn check(&self, input: usize, output: usize) {
        assert_eq!(input, self.batch.numbers(self.windows.pixels()), "numbers of the input");
        assert_eq!(output, self.batch.numbers(self.windows.len()), "numbers of the output");
        let draws = if self.reduce.draws() { output } else { 0 };
        assert_eq!(self.draws.len(), draws, "random numbers");
        assert!(self.windows.widest() <= Reduce::MOST_CELLS, "a window of too many cells");
    }

    fn panels(&self, isa: Isa) -> usize {
        self.batch.panels(isa.lanes())
    }

    fn least_panels(&self, isa: Isa) -> usize {
        least_tasks(self.windows.pixels() * isa.lanes())
    }

    /// Numbers of scratch memory for a panel of the input, of the output, and of random numbers.
    fn scratch<S: Simd>(&self) -> [usize; 3] {
        let outputs = self.windows.len() * S::LANES;
        [self.windows.pixels() * S::LANES, outputs, if self.reduce.draws() { outputs } else { 0 }]
    }

    /// The first of each run of panels that lie side by side in place, and how many they are: what one of them brings into
    /// the cache, the others use. `one_by_one` where there is scratch memory for one.
    fn runs<S: Simd>(&self, panels: Range<usize>, one_by_one: bool) -> impl Iterator<Item = (Panel, usize)> {
        let mut next = panels.start;
        std::iter::from_fn(move || {
            let left = panels.end.checked_sub(next).filter(|&left| left > 0)?;
            let panel = self.batch.panel(next, S::LANES);
            let alone = one_by_one || panel.in_place::<S>(self.windows.pixels()).is_none();
            let vectors = if alone { 1 } else { panel.beside::<S>().min(left) };
            next += vectors;
            Some((panel, vectors))
        })
    }

    /// The random numbers of a panel, a vector per output.
    #[inline(always)]
    fn gather_draws<S: Simd>(&self, s: S, panel: &Panel, to: &mut [f32]) {
        if self.reduce.draws() {
            let outputs = self.windows.len();
            // SAFETY: `check` has counted the numbers, and the scratch has room for them.
            unsafe { panel.with_channels_first().gather(s, self.draws.as_ptr(), outputs, to.as_mut_ptr()) }
        }
    }

    #[inline(always)]
    fn draw<S: Simd>(&self, s: S, gathered: &[f32], window: usize) -> S::F {
        if !self.reduce.draws() {
            return s.splat(0.0);
        }
        let lanes = &gathered[window * S::LANES..][..S::LANES];
        // SAFETY: as many numbers as lanes.
        unsafe { s.load(lanes.as_ptr()) }
    }
}

/// Calls the same function for whichever reducer it is.
macro_rules! with_reducer {
    ($reduce:expr, $kernel:ident => $call:expr) => {
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
    };
}

struct Forward<'a> {
    pooling: &'a Pooling<'a>,
    input: &'a [f32],
    output: &'a Parts<'a, f32>,
    panels: Range<usize>,
    refused: &'a Refused,
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let refused = self.refused;
        refused.note(with_reducer!(self.pooling.reduce, kernel => self.with(s, kernel)));
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn with<S: Simd, K: WindowKernel>(self, s: S, kernel: K) -> Result<(), OutOfMemory> {
        let Pooling { windows, batch, .. } = *self.pooling;
        let (pixels, outputs) = (windows.pixels(), windows.len());
        let mut scratch = Scratch::take();
        let [gathered, pooled, draws] = scratch.try_split(self.pooling.scratch::<S>())?;
        let mut walk = windows.walk()?;
        for (panel, vectors) in self.pooling.runs::<S>(self.panels, self.pooling.reduce.draws()) {
            self.pooling.gather_draws(s, &panel, draws);
            // SAFETY: `check` has counted the numbers, so that the panels lie in the batches; the scratch has room for
            // one; no other panel's part of the output is touched.
            unsafe {
                let places = panel.in_place::<S>(pixels).zip(panel.in_place::<S>(outputs));
                let (from, to, stride) = match places {
                    Some((from, to)) => (self.input.as_ptr().add(from), self.output.at(to), batch.channels),
                    None => {
                        panel.gather(s, self.input.as_ptr(), pixels, gathered.as_mut_ptr());
                        (gathered.as_ptr(), pooled.as_mut_ptr(), S::LANES)
                    }
                };
                let mut window = 0;
                for outer in windows.outer() {
                    for inner in windows.inner() {
                        let draw = self.pooling.draw(s, draws, window);
                        let seen = walk.window(outer, inner);
                        for first in (0..vectors * S::LANES).step_by(S::LANES) {
                            let cells = Cells::new(s, seen, from.add(first), stride);
                            s.store(to.add(window * stride + first), kernel.forward(s, &cells, draw));
                        }
                        window += 1;
                    }
                }
                if places.is_none() {
                    panel.scatter(s, pooled.as_ptr(), self.output.at(0), outputs);
                }
            }
        }
        Ok(())
    }
}

struct Backward<'a> {
    pooling: &'a Pooling<'a>,
    input: &'a [f32],
    output_gradient: &'a [f32],
    input_gradient: &'a Parts<'a, f32>,
    panels: Range<usize>,
    refused: &'a Refused,
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let refused = self.refused;
        refused.note(with_reducer!(self.pooling.reduce, kernel => self.with(s, kernel)));
    }
}

/// Where the vectors of a panel, or of several side by side, lie.
#[derive(Clone, Copy)]
struct Places<'a> {
    from: *const f32,
    gradient: *const f32,
    /// How far apart the vectors of both lie.
    stride: usize,
    /// Panels side by side.
    vectors: usize,
    draws: &'a [f32],
    to: *mut f32,
    to_stride: usize,
}

impl Backward<'_> {
    /// Adds to the cells' gradients what comes from the windows of a round.
    ///
    /// # Safety
    /// The vectors of all pixels and outputs lie at these places, and nobody else touches those that are written.
    #[inline(always)]
    unsafe fn spread<S: Simd, K: WindowKernel>(
        &self,
        s: S,
        kernel: K,
        (walk, round): (&mut Walk<'_>, &Round),
        at: &Places<'_>,
    ) {
        let windows = self.pooling.windows;
        let (inner, alone) = (windows.inner(), windows.are_apart());
        for row in round.rows.clone() {
            let outer = &windows.outer()[row];
            for column in (round.first..inner.len()).step_by(round.step) {
                let window = row * inner.len() + column;
                let draw = self.pooling.draw(s, at.draws, window);
                let seen = walk.window(outer, &inner[column]);
                for first in (0..at.vectors * S::LANES).step_by(S::LANES) {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let gradient = s.load(at.gradient.add(window * at.stride + first));
                        let cells = Cells::new(s, seen, at.from.add(first), at.stride);
                        let spread = CellGradients::new(s, seen, at.to.add(first), at.to_stride, alone);
                        kernel.backward(s, &cells, draw, gradient, &spread);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn with<S: Simd, K: WindowKernel>(self, s: S, kernel: K) -> Result<(), OutOfMemory> {
        let Pooling { windows, batch, .. } = *self.pooling;
        let (pixels, outputs) = (windows.pixels(), windows.len());
        let mut scratch = Scratch::take();
        let [input, output, drawn] = self.pooling.scratch::<S>();
        // Where many windows add to a pixel, each round of them is summed apart.
        let crowded = windows.are_crowded();
        let apart = if crowded { input } else { 0 };
        let [gathered, gradients, draws, spread, round_sums, lost] =
            scratch.try_split([input, output, drawn, input, apart, apart])?;
        let mut walk = windows.walk()?;
        for (panel, vectors) in
            self.pooling.runs::<S>(self.panels.clone(), crowded || self.pooling.reduce.draws())
        {
            self.pooling.gather_draws(s, &panel, draws);
            // SAFETY: `check` has counted the numbers, so that the panels lie in the batches; the scratch has room for
            // one; no other panel's part of the gradient is touched.
            unsafe {
                let places = panel.in_place::<S>(pixels).zip(panel.in_place::<S>(outputs));
                let (from, gradient, to, stride) = match places {
                    Some((pixel, output)) => (
                        self.input.as_ptr().add(pixel),
                        self.output_gradient.as_ptr().add(output),
                        self.input_gradient.at(pixel),
                        batch.channels,
                    ),
                    None => {
                        panel.gather(s, self.input.as_ptr(), pixels, gathered.as_mut_ptr());
                        panel.gather(s, self.output_gradient.as_ptr(), outputs, gradients.as_mut_ptr());
                        (gathered.as_ptr(), gradients.as_ptr(), spread.as_mut_ptr(), S::LANES)
                    }
                };
                let clear = |pixel: usize| {
                    for first in (0..vectors * S::LANES).step_by(S::LANES) {
                        s.store(to.add(pixel * stride + first), s.splat(0.0));
                    }
                };
                if windows.are_apart() {
                    windows.each_unseen(clear);
                } else {
                    (0..pixels).for_each(clear);
                }
                let at = Places { from, gradient, stride, vectors, draws: &*draws, to, to_stride: stride };
                if crowded {
                    round_sums[..input].fill(0.0);
                    lost[..input].fill(0.0);
                    let (sums, lost) = (round_sums.as_mut_ptr(), lost.as_mut_ptr());
                    for round in windows.rounds() {
                        let apart = Places { to: sums, to_stride: S::LANES, ..at };
                        self.spread(s, kernel, (&mut walk, &round), &apart);
                        for pixel in windows.pixels_of(&round) {
                            let (sum, vector) = (sums.add(pixel * S::LANES), pixel * S::LANES);
                            Total::add_in_place(s, to.add(pixel * stride), lost.add(vector), s.load(sum));
                            s.store(sum, s.splat(0.0));
                        }
                    }
                    for pixel in 0..pixels {
                        Total::settle(s, to.add(pixel * stride), lost.add(pixel * S::LANES));
                    }
                } else {
                    let all = Round { rows: 0..windows.outer().len(), first: 0, step: 1 };
                    self.spread(s, kernel, (&mut walk, &all), &at);
                }
                if places.is_none() {
                    panel.scatter(s, spread.as_ptr(), self.input_gradient.at(0), pixels);
                }
            }
        }
        Ok(())
    }
}
