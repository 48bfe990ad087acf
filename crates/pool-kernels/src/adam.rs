//! Adam in one pass over parameters, gradients and moments.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use crate::threads::{DisjointSlices, Threads};

/// One step of Adam (Kingma & Ba 2015), as PyTorch's `Adam` without weight decay does it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// The step size.
    pub learning_rate: f64,
    /// The part of the first moment that each step keeps.
    pub beta1: f64,
    /// The part of the second moment that each step keeps.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// The number of this step; the first is 1.
    pub step: u64,
}

/// The numbers of a step of Adam: slices of one length.
#[derive(Debug)]
pub struct AdamSlices<'a> {
    /// The parameters.
    pub parameters: &'a mut [f32],
    /// Their gradients.
    pub gradients: &'a [f32],
    /// First moments, zero before the first step.
    pub first: &'a mut [f32],
    /// Second moments, zero before the first step.
    pub second: &'a mut [f32],
}

/// The number of parameters of a task; few under Miri, which is slow and should still see several tasks.
const TASK: usize = if cfg!(miri) { 1 << 6 } else { 1 << 13 };

impl AdamStep {
    /// Changes the parameters and the moments. A moment that has decayed below the normal numbers becomes zero, because
    /// processors compute slowly with numbers that small.
    ///
    /// # Panics
    /// Slices of different lengths.
    pub fn apply(&self, isa: Isa, threads: &dyn Threads, slices: AdamSlices<'_>) {
        let AdamSlices { parameters, gradients, first, second } = slices;
        let length = gradients.len();
        assert_eq!([parameters.len(), first.len(), second.len()], [length; 3], "numbers of Adam");
        let [parameters, first, second] = [parameters, first, second].map(DisjointSlices::new);
        threads.parallel_for(length.div_ceil(TASK), 4, &|tasks| {
            let range = tasks.start * TASK..(tasks.end * TASK).min(length);
            // SAFETY: no two tasks have a number in common.
            let [parameters, first, second] =
                [&parameters, &first, &second].map(|all| unsafe { all.part(range.clone()) });
            isa.run(Update { step: self, parameters, gradients: &gradients[range], first, second });
        });
    }

    /// The step size with the bias correction of the first moment, and the root of the correction of the second.
    fn corrections(&self) -> (f32, f32) {
        let correction = |beta: f64| 1.0 - beta.powf(self.step as f64);
        ((self.learning_rate / correction(self.beta1)) as f32, correction(self.beta2).sqrt() as f32)
    }
}

struct Update<'a> {
    step: &'a AdamStep,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Kernel for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let whole = self.gradients.len() / S::LANES * S::LANES;
        // SAFETY: the range lies in the gradients, and the other slices are as long: `apply` gives each the same range.
        unsafe { self.vectors(s, 0..whole) }
        let rest = self.gradients.len() - whole;
        if rest > 0 {
            // The rest is copied into a vector of its own, and back.
            let mut padded = [[0.0f32; crate::simd::MOST_LANES]; 4];
            let [parameters, gradients, first, second] = &mut padded;
            parameters[..rest].copy_from_slice(&self.parameters[whole..]);
            gradients[..rest].copy_from_slice(&self.gradients[whole..]);
            first[..rest].copy_from_slice(&self.first[whole..]);
            second[..rest].copy_from_slice(&self.second[whole..]);
            let mut last = Update { step: self.step, parameters, gradients, first, second };
            // SAFETY: each array has room for the widest vector.
            unsafe { last.vectors(s, 0..S::LANES) }
            self.parameters[whole..].copy_from_slice(&parameters[..rest]);
            self.first[whole..].copy_from_slice(&first[..rest]);
            self.second[whole..].copy_from_slice(&second[..rest]);
        }
    }
}

impl Update<'_> {
    /// # Safety
    /// The range lies in all slices, and its length is a multiple of the lanes.
    #[inline(always)]
    unsafe fn vectors<S: Simd>(&mut self, s: S, range: Range<usize>) {
        let (step_size, root_of_correction) = self.step.corrections();
        let splat = |value: f64| s.splat(value as f32);
        let (beta1, beta2, epsilon) =
            (splat(self.step.beta1), splat(self.step.beta2), splat(self.step.epsilon));
        let (rest1, rest2) = (splat(1.0 - self.step.beta1), splat(1.0 - self.step.beta2));
        let (step_size, root_of_correction) = (s.splat(step_size), s.splat(root_of_correction));
        let least = s.splat(f32::MIN_POSITIVE);
        let zero = s.splat(0.0);
        for index in range.step_by(S::LANES) {
            // SAFETY: the caller's promise.
            unsafe {
                let gradient = s.load(self.gradients.as_ptr().add(index));
                let [parameter_at, first_at, second_at] =
                    [&mut self.parameters, &mut self.first, &mut self.second]
                        .map(|all| all.as_mut_ptr().add(index));
                let first = s.mul_add(s.load(first_at), beta1, s.mul(gradient, rest1));
                let second = s.mul_add(s.load(second_at), beta2, s.mul(s.mul(gradient, gradient), rest2));
                let first = s.select(s.gt(least, s.abs(first)), zero, first);
                let second = s.select(s.gt(least, second), zero, second);
                let root = s.add(s.div(s.sqrt(second), root_of_correction), epsilon);
                let change = s.div(s.mul(first, step_size), root);
                s.store(first_at, first);
                s.store(second_at, second);
                s.store(parameter_at, s.sub(s.load(parameter_at), change));
            }
        }
    }
}
