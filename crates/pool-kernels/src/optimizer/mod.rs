//! The steps of optimizers, each in one pass over parameters, gradients and what the optimizer keeps.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

mod adam;
mod decay;
mod sgd;

use std::ops::Range;

pub use adam::{AdamSlices, AdamStep};
pub use decay::Decay;
pub use sgd::{MomentumSlices, MomentumStep, SgdSlices, SgdStep};

use crate::isa::{Isa, Kernel};
use crate::simd::{MOST_LANES, Simd};
use crate::threads::{DisjointSlices, Threads};

/// How one step changes the `N` numbers that belong to a gradient: the parameter, and what the optimizer keeps of it.
trait Rule<const N: usize>: Sync {
    /// The step's settings in every lane.
    type Settings<S: Simd>: Copy;

    fn settings<S: Simd>(&self, s: S) -> Self::Settings<S>;

    /// The numbers after the step.
    fn change<S: Simd>(s: S, settings: Self::Settings<S>, gradient: S::F, numbers: [S::F; N]) -> [S::F; N];
}

/// The number of parameters of a task; few under Miri, which is slow and should still see several tasks.
const TASK: usize = if cfg!(miri) { 1 << 6 } else { 1 << 13 };

/// Changes all numbers by a rule.
///
/// # Panics
/// Slices of different lengths.
fn apply<const N: usize>(
    rule: &impl Rule<N>,
    isa: Isa,
    threads: &dyn Threads,
    gradients: &[f32],
    numbers: [&mut [f32]; N],
) {
    let length = gradients.len();
    assert_eq!(numbers.each_ref().map(|slice| slice.len()), [length; N], "numbers of an optimizer");
    let numbers = numbers.map(DisjointSlices::new);
    threads.parallel_for(length.div_ceil(TASK), 4, &|tasks| {
        let range = tasks.start * TASK..(tasks.end * TASK).min(length);
        // SAFETY: no two tasks have a number in common.
        let numbers = numbers.each_ref().map(|all| unsafe { all.part(range.clone()) });
        isa.run(Update { rule, gradients: &gradients[range], numbers });
    });
}

struct Update<'a, R, const N: usize> {
    rule: &'a R,
    gradients: &'a [f32],
    numbers: [&'a mut [f32]; N],
}

impl<R: Rule<N>, const N: usize> Kernel for Update<'_, R, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let whole = self.gradients.len() / S::LANES * S::LANES;
        // SAFETY: the range lies in the gradients, and the other slices are as long: `apply` gives each the same range.
        unsafe { self.vectors(s, 0..whole) }
        let rest = self.gradients.len() - whole;
        if rest > 0 {
            // The rest is copied into vectors of its own, and back.
            let mut gradients = [0.0f32; MOST_LANES];
            let mut padded = [[0.0f32; MOST_LANES]; N];
            gradients[..rest].copy_from_slice(&self.gradients[whole..]);
            for (padded, numbers) in padded.iter_mut().zip(&self.numbers) {
                padded[..rest].copy_from_slice(&numbers[whole..]);
            }
            let numbers = padded.each_mut().map(|padded| &mut padded[..]);
            let mut last = Update { rule: self.rule, gradients: &gradients, numbers };
            // SAFETY: each array has room for the widest vector.
            unsafe { last.vectors(s, 0..S::LANES) }
            for (padded, numbers) in padded.iter().zip(&mut self.numbers) {
                numbers[whole..].copy_from_slice(&padded[..rest]);
            }
        }
    }
}

impl<R: Rule<N>, const N: usize> Update<'_, R, N> {
    /// # Safety
    /// The range lies in all slices, and its length is a multiple of the lanes.
    #[inline(always)]
    unsafe fn vectors<S: Simd>(&mut self, s: S, range: Range<usize>) {
        let settings = self.rule.settings(s);
        let gradients = self.gradients.as_ptr();
        let numbers = self.numbers.each_mut().map(|slice| slice.as_mut_ptr());
        for index in range.step_by(S::LANES) {
            // SAFETY: the caller's promise.
            unsafe {
                let gradient = s.load(gradients.add(index));
                // Loops and no closures, which would not be compiled for the instructions that `s` proves.
                let mut values = [gradient; N];
                for kind in 0..N {
                    values[kind] = s.load(numbers[kind].add(index));
                }
                let values = R::change(s, settings, gradient, values);
                for kind in 0..N {
                    s.store(numbers[kind].add(index), values[kind]);
                }
            }
        }
    }
}

/// Zero for a number below the normal ones, because processors compute slowly with numbers that small.
#[inline(always)]
fn without_denormals<S: Simd>(s: S, number: S::F) -> S::F {
    let is_too_small = s.gt(s.splat(f32::MIN_POSITIVE), s.abs(number));
    s.select(is_too_small, s.splat(0.0), number)
}
