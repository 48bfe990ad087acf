//! Products of a fully connected layer, forward and backward, shared among threads by its inputs.
//!
//! The products themselves are the `gemm-f32` crate's. What is done here is to divide them: every task takes some of the
//! layer's inputs, which is the longest side of all three products, so that no thread repeats another one's work.

#![expect(unsafe_code, reason = "products of matrices that are parts of others, by several threads")]

use std::ops::Range;

use gemm_common::Parallelism;

use crate::isa::{Isa, Kernel};
use crate::panel::blocks;
use crate::scratch::Scratch;
use crate::simd::{MOST_LANES, Simd};
use crate::sum::add_rows;
use crate::threads::{Parts, Threads};

/// The sizes of a fully connected layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Entries of a sample on the way in.
    pub inputs: usize,
    /// Entries of a sample on the way out.
    pub units: usize,
}

/// What a backward pass reads and writes.
#[derive(Debug)]
pub struct DenseGradients<'a> {
    /// `[N, inputs]`.
    pub input: &'a [f32],
    /// `[units, inputs]`.
    pub weight: &'a [f32],
    /// Gradient of the output, `[N, units]`.
    pub output_gradient: &'a [f32],
    /// Gradient of the input, `[N, inputs]`; empty if nobody needs it.
    pub input_gradient: &'a mut [f32],
    /// Gradient of the weights, `[units, inputs]`; empty if nobody needs it.
    pub weight_gradient: &'a mut [f32],
    /// Gradient of the biases, `[units]`.
    pub bias_gradient: &'a mut [f32],
}

/// Inputs of a task. The partial sums of these are added in their order, so that the result does not depend on the number
/// of threads.
const INPUTS: usize = 1152;

impl Dense {
    /// `output = input weight^T + bias`, of `[N, inputs]`, `[units, inputs]` and `[units]`.
    ///
    /// # Panics
    /// Slices of other lengths than the layer says.
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        [input, weight, bias]: [&[f32]; 3],
        output: &mut [f32],
    ) {
        let samples = self.samples(input);
        assert_eq!((weight.len(), bias.len()), (self.units * self.inputs, self.units), "weights and biases");
        assert_eq!(output.len(), samples * self.units, "numbers of the output");
        let mut scratch = Scratch::take();
        let [partial] = scratch.split([self.tasks() * output.len()]);
        let parts = Parts::of(partial);
        threads.share(self.tasks(), 1, &|tasks| {
            let padded = self.units.next_multiple_of(MOST_LANES);
            let mut scratch = Scratch::take();
            let [transposed] = scratch.split([INPUTS * padded]);
            for task in tasks {
                let inputs = self.inputs_of(task);
                // The weights of a unit lie one after another, often a power of two from the next unit's: a product that
                // reads them side by side would fetch them from a few places of the cache.
                isa.run(Transpose { dense: self, weight, inputs: inputs.clone(), to: transposed, padded });
                // SAFETY: no two threads have a task in common. The factors are the columns of the input and the rows of
                // the transposed weights that belong to the task's inputs.
                unsafe {
                    let partial = parts.part(task * output.len()..(task + 1) * output.len());
                    product(
                        [samples, self.units, inputs.len()],
                        Matrix { first: partial.as_mut_ptr(), row: self.units, column: 1 },
                        Matrix { first: input.as_ptr().add(inputs.start), row: self.inputs, column: 1 },
                        Matrix { first: transposed.as_ptr(), row: padded, column: 1 },
                    );
                }
            }
        });
        for sample in output.chunks_exact_mut(self.units) {
            sample.copy_from_slice(bias);
        }
        let parts = self.tasks() * output.len();
        add_rows(output, &partial[..parts]);
    }

    /// Computes the gradients.
    ///
    /// # Panics
    /// Slices of other lengths than the layer says.
    pub fn backward(&self, threads: &dyn Threads, data: DenseGradients<'_>) {
        let DenseGradients { input, weight, output_gradient, input_gradient, weight_gradient, bias_gradient } =
            data;
        let samples = self.samples(input);
        let is_whole_or_empty = |slice: &[f32], length| slice.is_empty() || slice.len() == length;
        assert_eq!(
            (weight.len(), bias_gradient.len()),
            (self.units * self.inputs, self.units),
            "weights and biases"
        );
        assert_eq!(output_gradient.len(), samples * self.units, "numbers of the output's gradient");
        assert!(is_whole_or_empty(input_gradient, input.len()), "numbers of the input's gradient");
        assert!(is_whole_or_empty(weight_gradient, weight.len()), "numbers of the weights' gradient");

        let (input_gradient, weight_gradient) = (Parts::of(input_gradient), Parts::of(weight_gradient));
        threads.share(self.tasks(), 1, &|tasks| {
            for task in tasks {
                let inputs = self.inputs_of(task);
                // SAFETY: no two threads have an input in common, and each writes to its inputs' columns alone.
                unsafe {
                    if !input_gradient.is_empty() {
                        product(
                            [samples, inputs.len(), self.units],
                            Matrix { first: input_gradient.at(inputs.start), row: self.inputs, column: 1 },
                            Matrix { first: output_gradient.as_ptr(), row: self.units, column: 1 },
                            Matrix { first: weight.as_ptr().add(inputs.start), row: self.inputs, column: 1 },
                        );
                    }
                    if !weight_gradient.is_empty() {
                        product(
                            [self.units, inputs.len(), samples],
                            Matrix { first: weight_gradient.at(inputs.start), row: self.inputs, column: 1 },
                            Matrix { first: output_gradient.as_ptr(), row: 1, column: self.units },
                            Matrix { first: input.as_ptr().add(inputs.start), row: self.inputs, column: 1 },
                        );
                    }
                }
            }
        });
        bias_gradient.fill(0.0);
        add_rows(bias_gradient, output_gradient);
    }

    fn samples(&self, input: &[f32]) -> usize {
        assert!(self.inputs > 0 && self.units > 0, "{self:?}");
        let samples = input.len() / self.inputs;
        assert!(samples > 0 && input.len() == samples * self.inputs, "numbers of the input");
        samples
    }

    fn tasks(&self) -> usize {
        self.inputs.div_ceil(INPUTS)
    }

    fn inputs_of(&self, task: usize) -> Range<usize> {
        task * INPUTS..((task + 1) * INPUTS).min(self.inputs)
    }
}

/// A matrix within a larger one.
#[derive(Clone, Copy)]
struct Matrix<P> {
    first: P,
    /// How far apart rows and columns lie.
    row: usize,
    column: usize,
}

/// The product of `[rows, depth]` and `[depth, columns]`, on this thread.
///
/// # Safety
/// The matrices lie in memory that can be read, and `to` in memory that nobody else touches.
unsafe fn product(
    [rows, columns, depth]: [usize; 3],
    to: Matrix<*mut f32>,
    left: Matrix<*const f32>,
    right: Matrix<*const f32>,
) {
    let (keeps_what_was_there, factor_of_that, factor) = (false, 0.0, 1.0);
    let conjugates = false;
    let product = gemm_f32::gemm::f32::get_gemm_fn();
    // gemm's kernels write columns. Ours is `to = left right` with rows, so that they get `to^T = right^T left^T`.
    // SAFETY: the caller's promise.
    unsafe {
        product(
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

/// Writes the weights of some inputs as a row per input and a column per unit.
struct Transpose<'a> {
    dense: &'a Dense,
    weight: &'a [f32],
    inputs: Range<usize>,
    to: &'a mut [f32],
    /// How far apart the rows lie.
    padded: usize,
}

impl Kernel for Transpose<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Dense { inputs: all_inputs, units } = *self.dense;
        let inputs = self.inputs.len();
        assert!(self.to.len() >= inputs * self.padded && self.padded >= units.next_multiple_of(S::LANES));
        for first in (0..units).step_by(S::LANES) {
            let mut rows = [self.weight.as_ptr(); MOST_LANES];
            for (lane, row) in rows.iter_mut().enumerate() {
                let unit = (first + lane).min(units - 1);
                // SAFETY: a row of the weights lies in them. Lanes without a unit repeat the last one.
                *row = unsafe { row.add(unit * all_inputs + self.inputs.start) };
            }
            for block in blocks(inputs, S::LANES) {
                // SAFETY: the block's inputs are the task's; the columns of a vector of units lie in a row.
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
    }
}
