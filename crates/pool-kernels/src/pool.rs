//! Pooling a batch, forward and backward, panel by panel.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::{Batch, Panel};
use crate::reduce::{CellGradients, CellValues, Reduce, ReducerKernel, with_reducer};
use crate::simd::Simd;
use crate::sum::Total;
use crate::threads::{DisjointSlices, SharedOutcome, Threads, grain};
use crate::windows::{Round, Walk, WindowTable};

/// One pooling of a batch: its windows, and how each becomes one value.
#[derive(Debug, Clone, Copy)]
pub struct Pooling<'a> {
    /// The windows.
    pub windows: &'a WindowTable,
    /// How a window becomes one value.
    pub reduce: Reduce,
    /// The batch that is pooled.
    pub batch: Batch,
    /// One number in `[0, 1)` per output, channels first, for [`Reduce::Sampled`]; empty for other reducers.
    pub draws: &'a [f32],
}

impl Pooling<'_> {
    /// Pools `input` into `output`.
    ///
    /// # Errors
    /// Not enough memory for a vector per pixel, [`Pooling::scratch_bytes`].
    ///
    /// # Panics
    /// Slices of other lengths than those of the batch and the windows; a window of more than [`Reduce::MOST_CELLS`].
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), OutOfMemory> {
        self.check(input.len(), output.len());
        let (output, outcome) = (DisjointSlices::new(output), SharedOutcome::default());
        threads.parallel_for(self.panels(isa), self.grain(isa), &|panels| {
            outcome.record(isa.run(Forward { pooling: self, input, output: &output, panels }));
        });
        outcome.into_result()
    }

    /// Computes the gradient of the input from that of the output, and writes all of it.
    ///
    /// # Errors
    /// As [`Pooling::forward`].
    ///
    /// # Panics
    /// Slices of other lengths than those of the batch and the windows; a window of more than [`Reduce::MOST_CELLS`].
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
        let (input_gradient, outcome) = (DisjointSlices::new(input_gradient), SharedOutcome::default());
        threads.parallel_for(self.panels(isa), self.grain(isa), &|panels| {
            let input_gradient = &input_gradient;
            outcome.record(isa.run(Backward {
                pooling: self,
                input,
                output_gradient,
                input_gradient,
                panels,
            }));
        });
        outcome.into_result()
    }

    /// The most scratch memory that this many threads need, forward or backward. Each thread works on as many planes as a
    /// vector has lanes, of this many pixels of the input and of the output.
    pub fn scratch_bytes(isa: Isa, threads: u64, planes: u64, [input, output]: [u64; 2]) -> u64 {
        let lanes = isa.lanes() as u64;
        let vectors = 4 * u128::from(input) + 2 * u128::from(output);
        let at_once = u128::from(threads.min(planes.div_ceil(lanes)) * lanes);
        let numbers = vectors.saturating_mul(at_once);
        u64::try_from(numbers.saturating_mul(size_of::<f32>() as u128)).unwrap_or(u64::MAX)
    }

    fn check(&self, input: usize, output: usize) {
        assert_eq!(Some(input), self.batch.numbers(self.windows.pixels()), "numbers of the input");
        assert_eq!(Some(output), self.batch.numbers(self.windows.len()), "numbers of the output");
        let draws = if self.reduce.draws() { output } else { 0 };
        assert_eq!(self.draws.len(), draws, "random numbers");
        assert!(self.windows.widest() <= Reduce::MOST_CELLS, "a window of too many cells");
    }

    fn panels(&self, isa: Isa) -> usize {
        self.batch.panels(isa.lanes())
    }

    fn grain(&self, isa: Isa) -> usize {
        grain(self.windows.pixels().saturating_mul(isa.lanes()))
    }

    /// The lengths of scratch memory for a panel of the input, of the output, and of random numbers.
    fn scratch<S: Simd>(&self) -> [usize; 3] {
        let [input, output] =
            [self.windows.pixels(), self.windows.len()].map(|pixels| scratch_length(&[pixels, S::LANES]));
        [input, output, if self.reduce.draws() { output } else { 0 }]
    }

    /// The first panel of each run of panels that lie next to each other in place, and the length of the run: its panels use
    /// the same cache lines. `one_by_one` if there is scratch memory for only one panel.
    fn runs<S: Simd>(&self, panels: Range<usize>, one_by_one: bool) -> impl Iterator<Item = (Panel, usize)> {
        let mut next = panels.start;
        std::iter::from_fn(move || {
            let left = panels.end.checked_sub(next).filter(|&left| left > 0)?;
            let panel = self.batch.panel(next, S::LANES);
            let alone = one_by_one || panel.in_place::<S>(self.windows.pixels()).is_none();
            let vectors = if alone { 1 } else { panel.panels_to_sample_end::<S>().min(left) };
            next += vectors;
            Some((panel, vectors))
        })
    }

    /// The random numbers of a panel, a vector per output.
    #[inline(always)]
    fn gather_draws<S: Simd>(&self, s: S, panel: &Panel, to: &mut [f32]) {
        if self.reduce.draws() {
            let outputs = self.windows.len();
            // SAFETY: `check` has counted the random numbers, and the scratch memory has room for a panel of them.
            unsafe { panel.with_channels_first().gather(s, self.draws.as_ptr(), outputs, to.as_mut_ptr()) }
        }
    }

    /// The random numbers of one output.
    #[inline(always)]
    fn draw<S: Simd>(&self, s: S, gathered: &[f32], window: usize) -> S::F {
        if !self.reduce.draws() {
            return s.splat(0.0);
        }
        let lanes = &gathered[window * S::LANES..][..S::LANES];
        // SAFETY: the slice has as many numbers as there are lanes.
        unsafe { s.load(lanes.as_ptr()) }
    }
}

struct Forward<'a> {
    pooling: &'a Pooling<'a>,
    input: &'a [f32],
    output: &'a DisjointSlices<'a, f32>,
    panels: Range<usize>,
}

impl Kernel for Forward<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        with_reducer!(self.pooling.reduce, kernel => self.with(s, kernel))
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn with<S: Simd, K: ReducerKernel>(self, s: S, kernel: K) -> Result<(), OutOfMemory> {
        let Pooling { windows, batch, .. } = *self.pooling;
        let (pixels, outputs) = (windows.pixels(), windows.len());
        let mut scratch = Scratch::take();
        let [gathered, pooled, draws] = scratch.split(self.pooling.scratch::<S>())?;
        let mut walk = windows.walk()?;
        for (panel, vectors) in self.pooling.runs::<S>(self.panels, self.pooling.reduce.draws()) {
            self.pooling.gather_draws(s, &panel, draws);
            // SAFETY: `check` has counted the numbers, so the panels lie in the batches. The scratch memory has room for
            // one panel. No other task has these panels, and nothing else of the output is touched.
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
                            let cells = CellValues::new(s, seen, from.add(first), stride);
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
    input_gradient: &'a DisjointSlices<'a, f32>,
    panels: Range<usize>,
}

impl Kernel for Backward<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        with_reducer!(self.pooling.reduce, kernel => self.with(s, kernel))
    }
}

/// The places of the vectors of a panel, or of several that lie next to each other.
#[derive(Clone, Copy)]
struct Places<'a> {
    from: *const f32,
    gradient: *const f32,
    /// The distance between two vectors of both.
    stride: usize,
    /// The number of panels.
    vectors: usize,
    draws: &'a [f32],
    to: *mut f32,
    to_stride: usize,
}

impl Backward<'_> {
    /// Adds the gradients of the windows of a round to those of their cells.
    ///
    /// # Safety
    /// The vectors of all pixels and outputs lie at these places, and nobody else touches those that are written.
    #[inline(always)]
    unsafe fn spread<S: Simd, K: ReducerKernel>(
        &self,
        s: S,
        kernel: K,
        (walk, round): (&mut Walk<'_>, &Round),
        at: &Places<'_>,
    ) {
        let windows = self.pooling.windows;
        let (inner, disjoint) = (windows.inner(), windows.are_disjoint());
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
                        let cells = CellValues::new(s, seen, at.from.add(first), at.stride);
                        let spread = CellGradients::new(s, seen, at.to.add(first), at.to_stride, disjoint);
                        kernel.backward(s, &cells, draw, gradient, &spread);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn with<S: Simd, K: ReducerKernel>(self, s: S, kernel: K) -> Result<(), OutOfMemory> {
        let Pooling { windows, batch, .. } = *self.pooling;
        let (pixels, outputs) = (windows.pixels(), windows.len());
        let mut scratch = Scratch::take();
        let [input, output, drawn] = self.pooling.scratch::<S>();
        // If many windows add to a pixel, each round of them is summed on its own.
        let crowded = windows.are_crowded();
        let apart = if crowded { input } else { 0 };
        let [gathered, gradients, draws, spread, round_sums, lost] =
            scratch.split([input, output, drawn, input, apart, apart])?;
        let mut walk = windows.walk()?;
        for (panel, vectors) in
            self.pooling.runs::<S>(self.panels.clone(), crowded || self.pooling.reduce.draws())
        {
            self.pooling.gather_draws(s, &panel, draws);
            // SAFETY: `check` has counted the numbers, so the panels lie in the batches. The scratch memory has room for
            // one panel. No other task has these panels, and nothing else of the gradient is touched.
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
                if windows.are_disjoint() {
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
                        for pixel in windows.pixels_seen_in(&round) {
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
