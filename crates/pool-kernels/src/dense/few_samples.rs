//! Outputs of few samples: reading the weights takes longer than multiplying them, so they are neither transposed nor copied.

#![expect(unsafe_code, reason = "vectors are read in place")]

use std::ops::Range;

use super::{DenseKernel, INPUTS};
use crate::isa::Kernel;
use crate::precision::ProductPrecision;
use crate::simd::{MOST_LANES, Simd};
use crate::sum::Total;
use crate::threads::DisjointSlices;

/// Units that are computed at once.
pub(super) const UNITS: usize = 8;

/// The outputs of some units, for all samples.
pub(super) struct FewSamples<'a> {
    pub(super) layer: &'a DenseKernel,
    /// Input, weights and biases, as [`DenseKernel::forward`] takes and has checked them.
    pub(super) read: [&'a [f32]; 3],
    pub(super) output: &'a DisjointSlices<'a, f32>,
    pub(super) units: Range<usize>,
}

impl Kernel for FewSamples<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.layer.precision {
            ProductPrecision::F32 => self.all::<S, false>(s),
            ProductPrecision::Bf16 => self.all::<S, true>(s),
        }
    }
}

impl FewSamples<'_> {
    #[inline(always)]
    fn all<S: Simd, const ROUNDS: bool>(self, s: S) {
        let Self {
            layer: &DenseKernel { inputs, units: all_units, .. }, read: [input, weight, bias], ..
        } = self;
        for first in self.units.clone().step_by(UNITS) {
            let units = first..self.units.end.min(first + UNITS);
            for (sample, input) in input.chunks_exact(inputs).enumerate() {
                // SAFETY: no two threads have a unit in common.
                let to = unsafe {
                    self.output.part(sample * all_units + units.start..sample * all_units + units.end)
                };
                to.copy_from_slice(&bias[units.clone()]);
                let weight = &weight[units.start * inputs..units.end * inputs];
                if units.len() == UNITS {
                    add_sums::<S, UNITS, ROUNDS>(s, input, weight, to);
                } else {
                    for (weight, to) in weight.chunks_exact(inputs).zip(to.chunks_exact_mut(1)) {
                        add_sums::<S, 1, ROUNDS>(s, input, weight, to);
                    }
                }
            }
        }
    }
}

/// Adds the products of `input` with each of `U` rows of weights to `to`.
#[inline(always)]
fn add_sums<S: Simd, const U: usize, const ROUNDS: bool>(
    s: S,
    input: &[f32],
    weight: &[f32],
    to: &mut [f32],
) {
    const { assert!(INPUTS.is_multiple_of(S::LANES), "parts are whole vectors, except the last one") }
    let inputs = input.len();
    assert!(weight.len() == U * inputs && to.len() == U, "rows of weights, and as many outputs");
    let mut totals = [Total::new(s, s.splat(0.0)); U];
    let rounded = |numbers| if ROUNDS { s.round_to_bf16(numbers) } else { numbers };
    for part in (0..inputs).step_by(INPUTS) {
        let mut sums = [s.splat(0.0); U];
        for first in (part..inputs.min(part + INPUTS)).step_by(S::LANES) {
            // SAFETY: vectors of the input and of each row, up to their ends.
            unsafe {
                let seen = rounded(s.load_up_to(input.as_ptr().add(first), inputs - first));
                for (unit, sum) in sums.iter_mut().enumerate() {
                    let weights = weight.as_ptr().add(unit * inputs + first);
                    *sum = s.mul_add(seen, rounded(s.load_up_to(weights, inputs - first)), *sum);
                }
            }
        }
        for (total, &sum) in totals.iter_mut().zip(&sums) {
            total.add(s, sum);
        }
    }
    for (to, total) in to.iter_mut().zip(&totals) {
        let mut lanes = [0.0; MOST_LANES];
        // SAFETY: a vector has no more lanes than the widest one.
        unsafe { s.store(lanes.as_mut_ptr(), total.value(s)) }
        let sum: f64 = lanes.into_iter().map(f64::from).sum();
        *to = (f64::from(*to) + sum) as f32;
    }
}
