//! Steps of stochastic gradient descent, plain and with momentum.

use super::decay::DecayVectors;
use super::{Decay, Rule, apply, without_denormals};
use crate::isa::Isa;
use crate::simd::Simd;
use crate::threads::Threads;

/// One step of gradient descent without momentum, as PyTorch's `SGD` does it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdStep {
    /// The step size.
    pub learning_rate: f64,
    /// How parameters decay.
    pub decay: Decay,
}

/// The numbers of a step without momentum: slices of one length.
#[derive(Debug)]
pub struct SgdSlices<'a> {
    /// The parameters.
    pub parameters: &'a mut [f32],
    /// Their gradients.
    pub gradients: &'a [f32],
}

impl SgdStep {
    /// Changes the parameters.
    ///
    /// # Panics
    /// Slices of different lengths.
    pub fn apply(&self, isa: Isa, threads: &dyn Threads, slices: SgdSlices<'_>) {
        let SgdSlices { parameters, gradients } = slices;
        apply(self, isa, threads, gradients, [parameters]);
    }
}

/// One step of gradient descent with momentum (Polyak 1964), or Nesterov's (Sutskever et al. 2013), as PyTorch's `SGD` does
/// it: the velocity is a sum of gradients, and the step size is no part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MomentumStep {
    /// The step size.
    pub learning_rate: f64,
    /// The part of the velocity that each step keeps.
    pub momentum: f64,
    /// Whether the step goes where the velocity will lead it.
    pub nesterov: bool,
    /// How parameters decay.
    pub decay: Decay,
}

/// The numbers of a step with momentum: slices of one length.
#[derive(Debug)]
pub struct MomentumSlices<'a> {
    /// The parameters.
    pub parameters: &'a mut [f32],
    /// Their gradients.
    pub gradients: &'a [f32],
    /// The sums of their gradients so far, each step's share less; zero before the first step.
    pub velocity: &'a mut [f32],
}

impl MomentumStep {
    /// Changes the parameters and the velocity. A velocity that has decayed below the normal numbers becomes zero, because
    /// processors compute slowly with numbers that small.
    ///
    /// # Panics
    /// Slices of different lengths.
    pub fn apply(&self, isa: Isa, threads: &dyn Threads, slices: MomentumSlices<'_>) {
        let MomentumSlices { parameters, gradients, velocity } = slices;
        apply(self, isa, threads, gradients, [parameters, velocity]);
    }
}

/// The settings of a step without momentum in every lane.
#[derive(Clone, Copy)]
pub(super) struct SgdVectors<F> {
    learning_rate: F,
    decay: DecayVectors<F>,
}

impl Rule<1> for SgdStep {
    type Settings<S: Simd> = SgdVectors<S::F>;

    #[inline(always)]
    fn settings<S: Simd>(&self, s: S) -> SgdVectors<S::F> {
        let learning_rate = s.splat(self.learning_rate as f32);
        SgdVectors { learning_rate, decay: self.decay.vectors(s, self.learning_rate) }
    }

    #[inline(always)]
    fn change<S: Simd>(
        s: S,
        SgdVectors { learning_rate, decay }: SgdVectors<S::F>,
        gradient: S::F,
        [parameter]: [S::F; 1],
    ) -> [S::F; 1] {
        let gradient = decay.gradient(s, parameter, gradient);
        [s.sub(decay.parameter(s, parameter), s.mul(gradient, learning_rate))]
    }
}

/// The settings of a step with momentum in every lane.
#[derive(Clone, Copy)]
pub(super) struct MomentumVectors<F> {
    learning_rate: F,
    momentum: F,
    nesterov: bool,
    decay: DecayVectors<F>,
}

impl Rule<2> for MomentumStep {
    type Settings<S: Simd> = MomentumVectors<S::F>;

    #[inline(always)]
    fn settings<S: Simd>(&self, s: S) -> MomentumVectors<S::F> {
        MomentumVectors {
            learning_rate: s.splat(self.learning_rate as f32),
            momentum: s.splat(self.momentum as f32),
            nesterov: self.nesterov,
            decay: self.decay.vectors(s, self.learning_rate),
        }
    }

    #[inline(always)]
    fn change<S: Simd>(
        s: S,
        MomentumVectors { learning_rate, momentum, nesterov, decay }: MomentumVectors<S::F>,
        gradient: S::F,
        [parameter, velocity]: [S::F; 2],
    ) -> [S::F; 2] {
        let gradient = decay.gradient(s, parameter, gradient);
        let velocity = without_denormals(s, s.mul_add(velocity, momentum, gradient));
        let direction = if nesterov { s.mul_add(velocity, momentum, gradient) } else { velocity };
        [s.sub(decay.parameter(s, parameter), s.mul(direction, learning_rate)), velocity]
    }
}
