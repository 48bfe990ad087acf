//! How one variable changes in a step.

use pool_kernels::{AdamStep, Decay, MomentumStep, SgdStep};
use pool_spec::{AdamSettings, Kernels, UpdateRule};
use tch::{TchError, Tensor};

use crate::native::{adam_step, is_dense_cpu_f32, momentum_step, sgd_step};

/// What all variables have in common in a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) learning_rate: f64,
    /// The number of the step; the first is 1.
    pub(super) number: u64,
    pub(super) kernels: Kernels,
}

/// A rule, with what it keeps of one variable: tensors of the variable's shape, zero before the first step.
#[derive(Debug)]
pub(super) enum RuleState {
    Adam { settings: AdamSettings, first: Tensor, second: Tensor },
    Momentum { momentum: f64, nesterov: bool, velocity: Tensor },
    Descent,
}

impl RuleState {
    pub(super) fn new(rule: UpdateRule, variable: &Tensor) -> Result<Self, TchError> {
        let zeros = || variable.detach().f_zeros_like();
        Ok(match rule {
            UpdateRule::Adam(settings) => Self::Adam { settings, first: zeros()?, second: zeros()? },
            UpdateRule::Momentum { momentum, nesterov } => {
                Self::Momentum { momentum, nesterov, velocity: zeros()? }
            }
            UpdateRule::Descent => Self::Descent,
        })
    }

    /// What it keeps, in the order of [`OptimizerSpec::state_tensors`](pool_spec::OptimizerSpec::state_tensors).
    pub(super) fn tensors(&self) -> Vec<&Tensor> {
        match self {
            Self::Adam { first, second, .. } => vec![first, second],
            Self::Momentum { velocity, .. } => vec![velocity],
            Self::Descent => Vec::new(),
        }
    }

    /// Takes a step.
    pub(super) fn change(
        &mut self,
        step: Step,
        decay: Decay,
        variable: &mut Tensor,
        gradient: &Tensor,
    ) -> Result<(), TchError> {
        let is_kernels = |tensor: &Tensor| is_dense_cpu_f32(tensor) && tensor.is_contiguous();
        let have_kernel =
            is_kernels(variable) && is_dense_cpu_f32(gradient) && self.tensors().into_iter().all(is_kernels);
        match step.kernels {
            Kernels::Fast if have_kernel => {
                self.change_by_kernel(step, decay, variable, &gradient.f_contiguous()?);
                Ok(())
            }
            Kernels::Fast | Kernels::Reference => self.change_by_torch(step, decay, variable, gradient),
        }
    }

    fn change_by_kernel(&mut self, step: Step, decay: Decay, variable: &mut Tensor, gradient: &Tensor) {
        let Step { learning_rate, number, .. } = step;
        match self {
            Self::Adam { settings: AdamSettings { beta1, beta2, epsilon }, first, second } => {
                let (beta1, beta2, epsilon) = (*beta1, *beta2, *epsilon);
                let step = AdamStep { learning_rate, beta1, beta2, epsilon, decay, step: number };
                adam_step(step, variable, [first, second], gradient);
            }
            Self::Momentum { momentum, nesterov, velocity } => {
                let (momentum, nesterov) = (*momentum, *nesterov);
                let step = MomentumStep { learning_rate, momentum, nesterov, decay };
                momentum_step(step, variable, velocity, gradient);
            }
            Self::Descent => sgd_step(SgdStep { learning_rate, decay }, variable, gradient),
        }
    }

    /// For every device and element type. Reads no number back, so that a CUDA device is not waited for.
    fn change_by_torch(
        &mut self,
        step: Step,
        decay: Decay,
        variable: &mut Tensor,
        gradient: &Tensor,
    ) -> Result<(), TchError> {
        let gradient = gradient.f_to_kind(variable.kind())?;
        let gradient = match decay {
            Decay::None | Decay::Decoupled(_) => gradient,
            Decay::InGradient(amount) => gradient.f_add(&variable.f_mul_scalar(amount)?)?,
        };
        let change = match self {
            Self::Adam { settings, first, second } => adam_change(step, *settings, first, second, &gradient)?,
            Self::Momentum { momentum, nesterov, velocity } => {
                let _in_place = velocity.f_mul_scalar_(*momentum)?.f_add_(&gradient)?;
                let direction = if *nesterov {
                    velocity.f_mul_scalar(*momentum)?.f_add_(&gradient)?
                } else {
                    velocity.shallow_clone()
                };
                direction.f_mul_scalar(step.learning_rate)?
            }
            Self::Descent => gradient.f_mul_scalar(step.learning_rate)?,
        };
        match decay {
            Decay::None | Decay::InGradient(_) => {}
            Decay::Decoupled(amount) => {
                let _in_place = variable.f_mul_scalar_(1.0 - step.learning_rate * amount)?;
            }
        }
        let _changed_in_place = variable.f_sub_(&change)?;
        Ok(())
    }
}

/// Changes the moments, and gives what is to be taken off the variable.
fn adam_change(
    step: Step,
    AdamSettings { beta1, beta2, epsilon }: AdamSettings,
    first: &mut Tensor,
    second: &mut Tensor,
    gradient: &Tensor,
) -> Result<Tensor, TchError> {
    let left = |beta: f64| 1.0 - beta.powf(step.number as f64);
    let weighted = gradient.f_mul_scalar(1.0 - beta1)?;
    let _in_place = first.f_mul_scalar_(beta1)?.f_add_(&weighted)?;
    let square = gradient.f_square()?.f_mul_scalar_(1.0 - beta2)?;
    let _in_place = second.f_mul_scalar_(beta2)?.f_add_(&square)?;
    let mut root = second.f_sqrt()?;
    let root = root.f_div_scalar_(left(beta2).sqrt())?.f_add_scalar_(epsilon)?;
    first.f_div(&root)?.f_mul_scalar_(step.learning_rate / left(beta1))
}
