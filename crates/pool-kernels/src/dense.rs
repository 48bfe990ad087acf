//! Products of a fully connected layer, forward and backward, divided among threads by the layer's inputs.
//!
//! The crate `gemm-f32` computes the products; this file divides them. Every task takes some of the layer's inputs, the
//! longest side of all three products, so that no thread repeats the work of another; few samples are divided by their outputs.
//! In bfloat16 the factors of a task are rounded on its thread, and multiplied as `f32`.

#![expect(unsafe_code, reason = "matrices within larger ones, written by several threads")]

mod few_samples;

use std::ops::Range;

use gemm_common::Parallelism;

use self::few_samples::{FewSamples, UNITS};
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, product, scratch_length};
use crate::panel::blocks;
use crate::precision::ProductPrecision;
use crate::simd::{MOST_LANES, Simd, round_numbers};
use crate::sum::add_rows;
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// The kernel of a fully connected layer, by its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DenseKernel {
    /// Entries of a sample of the input.
    pub inputs: usize,
    /// Entries of a sample of the output.
    pub units: usize,
    /// The precision of the products, forward and backward.
    pub precision: ProductPrecision,
}

/// The slices that a backward pass reads and writes.
#[derive(Debug)]
pub struct DenseGradients<'a> {
    /// `[N, inputs]`.
    pub input: &'a [f32],
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// Gradient of the output, `[N, units]`.
    pub output_gradient: &'a [f32],
    /// Gradient of the input, `[N, inputs]`; empty if it is not needed.
    pub input_gradient: &'a mut [f32],
    /// Gradient of the weights, `[units, inputs]`; empty if it is not needed.
    pub weight_gradient: &'a mut [f32],
    /// Gradient of the biases, `[units]`.
    pub bias_gradient: &'a mut [f32],
}

/// With fewer samples than this, reading the weights takes longer than multiplying them.
const MANY_SAMPLES: usize = if cfg!(miri) { 2 } else { 16 };
/// The fewest products of few samples that are worth a thread.
const LEAST_SHARED: usize = if cfg!(miri) { 1 } else { 1 << 17 };
/// The inputs of a task; few under Miri, which is slow and should still see several tasks. The partial sums of the tasks are
/// added in order, so that the result does not depend on the number of threads.
const INPUTS: usize = if cfg!(miri) { 24 } else { 1152 };

impl DenseKernel {
    /// `output = input weight^T + bias`, of `[N, inputs]`, `[units, inputs]` and `[units]`.
    ///
    /// # Errors
    /// Not enough memory for the partial sums of every task, and for its weights transposed.
    ///
    /// # Panics
    /// Slices of other lengths than those of the layer.
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        [input, weight, bias]: [&[f32]; 3],
        output: &mut [f32],
    ) -> Result<(), OutOfMemory> {
        let samples = self.check_lengths(input.len(), [weight.len(), bias.len(), output.len()]);
        if samples < MANY_SAMPLES {
            let output = DisjointSlices::new(output);
            let grain = LEAST_SHARED / UNITS.saturating_mul(input.len());
            threads.parallel_for(self.units.div_ceil(UNITS), grain.max(1), &|tasks| {
                let units = tasks.start * UNITS..self.units.min(tasks.end * UNITS);
                isa.run(FewSamples { layer: self, read: [input, weight, bias], output: &output, units });
            });
            return Ok(());
        }
        let mut scratch = Scratch::take();
        let [partial] = scratch.split([scratch_length(&[self.tasks(), output.len()])])?;
        let (parts, outcome) = (DisjointSlices::new(partial), SharedOutcome::default());
        threads.parallel_for(self.tasks(), 1, &|tasks| {
            outcome.record(self.partial_sums(isa, [input, weight], samples, &parts, tasks));
        });
        outcome.into_result()?;
        for sample in output.chunks_exact_mut(self.units) {
            sample.copy_from_slice(bias);
        }
        let parts = self.tasks() * output.len();
        add_rows(output, &partial[..parts]);
        Ok(())
    }

    /// The products of some tasks' inputs and weights, `[N, units]` for each task.
    fn partial_sums(
        &self,
        isa: Isa,
        [input, weight]: [&[f32]; 2],
        samples: usize,
        to: &DisjointSlices<'_, f32>,
        tasks: Range<usize>,
    ) -> Result<(), OutOfMemory> {
        let padded = self.units.checked_next_multiple_of(MOST_LANES).unwrap_or(usize::MAX);
        let mut scratch = Scratch::take();
        let rounded = self.room_to_round(scratch_length(&[samples, INPUTS.min(self.inputs)]));
        let [transposed, rounded] = scratch.split([scratch_length(&[INPUTS, padded]), rounded])?;
        let length = samples * self.units;
        for task in tasks {
            let inputs = self.task_inputs(task);
            // The weights of neighbouring units often lie a power of two apart, which falls on few places of the cache. A
            // product that reads them column by column would wait for memory, so they are transposed first.
            isa.run(Transpose { layer: self, weight, inputs: inputs.clone(), to: transposed, padded });
            // SAFETY: no two threads have a task in common. The factors are the columns of the input, or rounded copies of
            // them, and the rows of the transposed weights that belong to the task's inputs; `check_lengths` has counted both.
            unsafe {
                let partial = to.part(task * length..(task + 1) * length);
                matrix_product(
                    [samples, self.units, inputs.len()],
                    Matrix { first: partial.as_mut_ptr(), row: self.units, column: 1 },
                    self.factor(isa, (input, samples), &inputs, rounded),
                    Matrix { first: transposed.as_ptr(), row: padded, column: 1 },
                );
            }
        }
        Ok(())
    }

    /// Computes the gradients.
    ///
    /// # Errors
    /// Not enough memory to round factors in bfloat16.
    ///
    /// # Panics
    /// Slices of other lengths than those of the layer.
    pub fn backward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        data: DenseGradients<'_>,
    ) -> Result<(), OutOfMemory> {
        let DenseGradients { input, weight, output_gradient, input_gradient, weight_gradient, bias_gradient } =
            data;
        let samples =
            self.check_lengths(input.len(), [weight.len(), bias_gradient.len(), output_gradient.len()]);
        let is_whole_or_empty = |slice: &[f32], length| slice.is_empty() || slice.len() == length;
        assert!(is_whole_or_empty(input_gradient, input.len()), "numbers of the input's gradient");
        assert!(is_whole_or_empty(weight_gradient, weight.len()), "numbers of the weights' gradient");

        let (input_gradient, weight_gradient) =
            (DisjointSlices::new(input_gradient), DisjointSlices::new(weight_gradient));
        let mut scratch = Scratch::take();
        let [rounded] = scratch.split([self.room_to_round(output_gradient.len())])?;
        let output_gradient = match self.precision {
            ProductPrecision::F32 => output_gradient,
            ProductPrecision::Bf16 => {
                isa.run(Round { from: output_gradient, to: &mut *rounded });
                &rounded[..output_gradient.len()]
            }
        };
        let outcome = SharedOutcome::default();
        threads.parallel_for(self.tasks(), 1, &|tasks| {
            let gradients = [&input_gradient, &weight_gradient];
            outcome.record(self.gradients(isa, [input, weight, output_gradient], samples, gradients, tasks));
        });
        outcome.into_result()?;
        bias_gradient.fill(0.0);
        add_rows(bias_gradient, output_gradient);
        Ok(())
    }

    /// The gradients of some tasks' inputs and weights, from that of the output, which is rounded already.
    fn gradients(
        &self,
        isa: Isa,
        [input, weight, output_gradient]: [&[f32]; 3],
        samples: usize,
        [input_gradient, weight_gradient]: [&DisjointSlices<'_, f32>; 2],
        tasks: Range<usize>,
    ) -> Result<(), OutOfMemory> {
        let mut scratch = Scratch::take();
        let rounded = self.room_to_round(scratch_length(&[samples.max(self.units), INPUTS.min(self.inputs)]));
        let [rounded] = scratch.split([rounded])?;
        for task in tasks {
            let inputs = self.task_inputs(task);
            // SAFETY: no two threads have an input in common, and each writes only to the columns of its inputs, which
            // `check_lengths` has counted.
            unsafe {
                if !input_gradient.is_empty() {
                    matrix_product(
                        [samples, inputs.len(), self.units],
                        Matrix { first: input_gradient.at(inputs.start), row: self.inputs, column: 1 },
                        Matrix { first: output_gradient.as_ptr(), row: self.units, column: 1 },
                        self.factor(isa, (weight, self.units), &inputs, rounded),
                    );
                }
                if !weight_gradient.is_empty() {
                    matrix_product(
                        [self.units, inputs.len(), samples],
                        Matrix { first: weight_gradient.at(inputs.start), row: self.inputs, column: 1 },
                        Matrix { first: output_gradient.as_ptr(), row: 1, column: self.units },
                        self.factor(isa, (input, samples), &inputs, rounded),
                    );
                }
            }
        }
        Ok(())
    }

    /// Scratch numbers needed to round this many.
    fn room_to_round(&self, numbers: usize) -> usize {
        match self.precision {
            ProductPrecision::F32 => 0,
            ProductPrecision::Bf16 => numbers,
        }
    }

    /// Some inputs of each of `count` rows: where they lie, or rounded in `room`.
    fn factor(
        &self,
        isa: Isa,
        (rows, count): (&[f32], usize),
        inputs: &Range<usize>,
        room: &mut [f32],
    ) -> Matrix<*const f32> {
        if self.precision == ProductPrecision::F32 {
            return Matrix { first: rows[inputs.start..].as_ptr(), row: self.inputs, column: 1 };
        }
        let room = &mut room[..count * inputs.len()];
        for (row, to) in rows.chunks_exact(self.inputs).zip(room.chunks_exact_mut(inputs.len())) {
            isa.run(Round { from: &row[inputs.clone()], to });
        }
        Matrix { first: room.as_ptr(), row: inputs.len(), column: 1 }
    }

    /// Panics unless the lengths are those of the layer, and returns the number of samples.
    fn check_lengths(&self, input: usize, [weight, bias, output]: [usize; 3]) -> usize {
        assert!(self.inputs > 0 && self.units > 0, "{self:?}");
        let samples = input / self.inputs;
        assert!(samples > 0 && input.is_multiple_of(self.inputs), "numbers of the input");
        assert_eq!(Some(weight), product(&[self.units, self.inputs]), "weights");
        assert_eq!(bias, self.units, "biases");
        assert_eq!(Some(output), product(&[samples, self.units]), "numbers of the output");
        samples
    }

    fn tasks(&self) -> usize {
        self.inputs.div_ceil(INPUTS)
    }

    fn task_inputs(&self, task: usize) -> Range<usize> {
        task * INPUTS..((task + 1) * INPUTS).min(self.inputs)
    }
}

/// A matrix within a larger one.
#[derive(Clone, Copy)]
struct Matrix<P> {
    first: P,
    /// The distance between two rows.
    row: usize,
    /// The distance between two columns.
    column: usize,
}

/// The product of `[rows, depth]` and `[depth, columns]`, on this thread.
///
/// # Safety
/// The matrices lie in memory that can be read, and `to` in memory that nobody else touches meanwhile.
unsafe fn matrix_product(
    [rows, columns, depth]: [usize; 3],
    to: Matrix<*mut f32>,
    left: Matrix<*const f32>,
    right: Matrix<*const f32>,
) {
    let (keeps_what_was_there, factor_of_that, factor) = (false, 0.0, 1.0);
    let conjugates = false;
    let gemm = gemm_f32::gemm::f32::get_gemm_fn();
    // The kernels of gemm write columns. Ours have rows, so `to = left right` is computed as `to^T = right^T left^T`.
    // SAFETY: the caller's promise.
    unsafe {
        gemm(
            columns,
            rows,
            depth,
            to.first,
            to.row as isize,
            to.column as isize,
            keeps_what_was_there,
            right.first,
            right.row as isize,
            right.column as isize,
            left.first,
            left.row as isize,
            left.column as isize,
            factor_of_that,
            factor,
            conjugates,
            conjugates,
            conjugates,
            Parallelism::None,
        );
    }
}

/// Rounds a row.
struct Round<'a> {
    from: &'a [f32],
    /// As long as `from` at least.
    to: &'a mut [f32],
}

impl Kernel for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let to = &mut self.to[..self.from.len()];
        // SAFETY: two slices of the same length.
        unsafe { round_numbers(s, self.from.as_ptr(), to.as_mut_ptr(), to.len()) }
    }
}

/// Writes the weights of some inputs as a row per input and a column per unit, rounded if the layer's factors are.
struct Transpose<'a> {
    layer: &'a DenseKernel,
    weight: &'a [f32],
    inputs: Range<usize>,
    to: &'a mut [f32],
    /// The distance between two rows.
    padded: usize,
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let DenseKernel { inputs: all_inputs, units, precision } = *self.layer;
        let inputs = self.inputs.len();
        let needed = scratch_length(&[inputs, self.padded]);
        assert!(
            self.to.len() >= needed && self.padded >= units.next_multiple_of(S::LANES),
            "room to transpose"
        );
        for first in (0..units).step_by(S::LANES) {
            let mut rows = [self.weight.as_ptr(); MOST_LANES];
            for (lane, row) in rows.iter_mut().enumerate() {
                let unit = (first + lane).min(units - 1);
                // Lanes without a unit repeat the last one.
                // SAFETY: the row of each unit lies in the weights.
                *row = unsafe { row.add(unit * all_inputs + self.inputs.start) };
            }
            for block in blocks(inputs, S::LANES) {
                // SAFETY: the block lies within the task's inputs, and the vector of units within a row of `to`, whose
                // length is asserted above.
                unsafe {
                    let to = self.to.as_mut_ptr().add(block * self.padded + first);
                    s.gather_block(&rows, block, to, self.padded);
                }
            }
            if inputs < S::LANES {
                for input in 0..inputs {
                    for unit in first..units.min(first + S::LANES) {
                        self.to[input * self.padded + unit] =
                            self.weight[unit * all_inputs + self.inputs.start + input];
                    }
                }
            }
        }
        if precision == ProductPrecision::Bf16 {
            let to = self.to.as_mut_ptr();
            // SAFETY: as many numbers lie there, as asserted above.
            unsafe { round_numbers(s, to, to, needed) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_layer() {
        assert_eq!(
            DenseKernel { inputs: 5, units: 3, precision: ProductPrecision::F32 }
                .check_lengths(20, [15, 3, 12]),
            4
        );
    }

    /// Both products are 0 after wrapping around, so that no weights and no outputs would do.
    #[test]
    fn lengths_that_wrap_around_are_refused() {
        let half = 1 << (usize::BITS / 2);
        for (inputs, input, lengths) in [(half, half, [0, half, half]), (1, half, [half, half, 0])] {
            let check = || {
                DenseKernel { inputs, units: half, precision: ProductPrecision::F32 }
                    .check_lengths(input, lengths)
            };
            assert!(std::panic::catch_unwind(check).is_err(), "{inputs} inputs");
        }
    }
}
