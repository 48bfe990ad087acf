//! Weight decay, as a part of a step.

use crate::simd::Simd;

/// How a step lets parameters decay towards 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Decay {
    /// Not at all.
    #[default]
    None,
    /// This many times the parameter is added to its gradient, before the optimizer sees it.
    InGradient(f64),
    /// This many times the step size is the share of the parameter that is taken off it, whatever its gradient.
    Decoupled(f64),
}

/// The same in every lane.
#[derive(Clone, Copy)]
pub(super) enum DecayVectors<F> {
    None,
    /// What the parameter is multiplied by and added to the gradient.
    InGradient(F),
    /// What the parameter is multiplied by.
    Decoupled(F),
}

impl Decay {
    #[inline(always)]
    pub(super) fn vectors<S: Simd>(self, s: S, learning_rate: f64) -> DecayVectors<S::F> {
        match self {
            Self::None => DecayVectors::None,
            Self::InGradient(amount) => DecayVectors::InGradient(s.splat(amount as f32)),
            Self::Decoupled(amount) => {
                DecayVectors::Decoupled(s.splat((1.0 - learning_rate * amount) as f32))
            }
        }
    }
}

impl<F: Copy> DecayVectors<F> {
    /// The gradient with which the optimizer goes on.
    #[inline(always)]
    pub(super) fn gradient<S: Simd<F = F>>(self, s: S, parameter: F, gradient: F) -> F {
        match self {
            Self::None | Self::Decoupled(_) => gradient,
            Self::InGradient(amount) => s.mul_add(parameter, amount, gradient),
        }
    }

    /// The parameter from which the optimizer goes on.
    #[inline(always)]
    pub(super) fn parameter<S: Simd<F = F>>(self, s: S, parameter: F) -> F {
        match self {
            Self::None | Self::InGradient(_) => parameter,
            Self::Decoupled(share) => s.mul(parameter, share),
        }
    }
}
