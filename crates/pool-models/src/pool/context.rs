//! What a reducer may need besides its windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use pool_spec::Learned;
use tch::{TchError, Tensor};

use super::plan::ShapePlan;
use super::random::Random;
use super::windows::{WindowSet, Windows};
use crate::{Kernels, Mode};

/// The variables of one layer, by name.
pub(super) type Variables = BTreeMap<&'static str, Tensor>;

/// What a reducer may need besides its windows.
pub(super) struct Context<'a> {
    pub(super) mode: Mode,
    pub(super) random: &'a Random,
    pub(super) kernels: Kernels,
    pub(super) plan: &'a ShapePlan,
    pub(super) variables: &'a Variables,
}

/// A number of a reducer that may be learned.
pub(super) enum Number {
    Given(f64),
    /// Broadcasts to `[N, C, output...]`.
    Learned(Tensor),
}

impl<'a> Context<'a> {
    /// These windows over an input `[N, C, spatial...]`.
    pub(super) fn windows<'w>(&self, input: &'w Tensor, set: &'w Arc<WindowSet>) -> Windows<'w> {
        Windows::new(input, set, self.kernels)
    }

    /// The planned windows of this number, which `plan.rs` makes for layers of this kind, over an input.
    pub(super) fn planned<'w>(&self, input: &'w Tensor, number: usize) -> Windows<'w>
    where
        'a: 'w,
    {
        self.windows(input, &self.plan.sets[number])
    }

    /// A variable in the element type of the input.
    pub(super) fn variable(&self, name: &str, input: &Tensor) -> Result<Tensor, TchError> {
        // `learned.rs` of pool-spec declares what the reducers read, and `check_variables` has seen that all of it is there.
        let variable = &self.variables[name];
        // A conversion that converts nothing would still be recorded, together with the device (`torchscript.rs`).
        if variable.kind() == input.kind() {
            Ok(variable.shallow_clone())
        } else {
            variable.f_to_kind(input.kind())
        }
    }

    /// The variable with one entry per channel, or for all of them, broadcastable to `[N, C, output...]`.
    pub(super) fn per_channel(&self, name: &str, windows: &Windows<'_>) -> Result<Tensor, TchError> {
        let mut shape = vec![1i64; windows.spatial_rank() + 1];
        shape[0] = -1;
        self.variable(name, windows.input())?.f_reshape(&shape)
    }

    /// The number as given, or its variable.
    pub(super) fn number(
        &self,
        name: &str,
        given: f64,
        learned: Learned,
        windows: &Windows<'_>,
    ) -> Result<Number, TchError> {
        match learned {
            Learned::No => Ok(Number::Given(given)),
            Learned::Layer | Learned::Channel => self.per_channel(name, windows).map(Number::Learned),
        }
    }
}
