//! A step of Adam.

use super::decay::DecayVectors;
use super::{Decay, Rule, apply, without_denormals};
use crate::isa::Isa;
use crate::simd::Simd;
use crate::threads::Threads;

/// One step of Adam (Kingma & Ba 2015), as PyTorch's `Adam` does it, or with decoupled decay its `AdamW`.
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
    /// How parameters decay.
    pub decay: Decay,
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

impl AdamStep {
    /// Changes the parameters and the moments. A moment that has decayed below the normal numbers becomes zero, because
    /// processors compute slowly with numbers that small.
    ///
    /// # Panics
    /// Slices of different lengths.
    pub fn apply(&self, isa: Isa, threads: &dyn Threads, slices: AdamSlices<'_>) {
        let AdamSlices { parameters, gradients, first, second } = slices;
        apply(self, isa, threads, gradients, [parameters, first, second]);
    }

    /// The step size with the bias correction of the first moment, and the root of the correction of the second.
    fn corrections(&self) -> (f32, f32) {
        let correction = |beta: f64| 1.0 - beta.powf(self.step as f64);
        ((self.learning_rate / correction(self.beta1)) as f32, correction(self.beta2).sqrt() as f32)
    }
}

/// The settings of a step in every lane.
#[derive(Clone, Copy)]
pub(super) struct AdamVectors<F> {
    beta1: F,
    beta2: F,
    /// 1 minus each of them.
    rest1: F,
    rest2: F,
    epsilon: F,
    step_size: F,
    root_of_correction: F,
    decay: DecayVectors<F>,
}

impl Rule<3> for AdamStep {
    type Settings<S: Simd> = AdamVectors<S::F>;

    #[inline(always)]
    fn settings<S: Simd>(&self, s: S) -> AdamVectors<S::F> {
        let (step_size, root_of_correction) = self.corrections();
        let splat = |value: f64| s.splat(value as f32);
        AdamVectors {
            beta1: splat(self.beta1),
            beta2: splat(self.beta2),
            rest1: splat(1.0 - self.beta1),
            rest2: splat(1.0 - self.beta2),
            epsilon: splat(self.epsilon),
            step_size: s.splat(step_size),
            root_of_correction: s.splat(root_of_correction),
            decay: self.decay.vectors(s, self.learning_rate),
        }
    }

    #[inline(always)]
    fn change<S: Simd>(
        s: S,
        settings: AdamVectors<S::F>,
        gradient: S::F,
        [parameter, first, second]: [S::F; 3],
    ) -> [S::F; 3] {
        let AdamVectors { beta1, beta2, rest1, rest2, epsilon, step_size, root_of_correction, decay } =
            settings;
        let gradient = decay.gradient(s, parameter, gradient);
        let first = s.mul_add(first, beta1, s.mul(gradient, rest1));
        let second = s.mul_add(second, beta2, s.mul(s.mul(gradient, gradient), rest2));
        let (first, second) = (without_denormals(s, first), without_denormals(s, second));
        let root = s.add(s.div(s.sqrt(second), root_of_correction), epsilon);
        let change = s.div(s.mul(first, step_size), root);
        [s.sub(decay.parameter(s, parameter), change), first, second]
    }
}
