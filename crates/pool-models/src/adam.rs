//! Adam over all variables of a network at once, with a state that can be saved.

use std::collections::{BTreeMap, HashMap};

use pool_kernels::AdamStep;
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor};

use crate::native::{adam_step, is_dense_cpu_f32};
use crate::{AdamSettings, Kernels, ModelError};

/// Adam over the trainable variables of a `VarStore`.
///
/// Unlike tch's optimizers it asks libtorch for the gradients instead of letting it add them to `grad`, where they would
/// have to be zeroed, changes every variable in one pass over memory, and can save its moments: training that goes on from
/// a saved state is training that never stopped.
#[derive(Debug)]
pub struct Adam {
    settings: AdamSettings,
    kernels: Kernels,
    /// The greatest norm of all gradients together.
    clip_norm: Option<f64>,
    /// Sorted by name.
    variables: Vec<Moments>,
    steps: u64,
}

#[derive(Debug)]
struct Moments {
    name: String,
    variable: Tensor,
    first: Tensor,
    second: Tensor,
}

impl Adam {
    /// An optimizer of the variables that `store` holds now and that ask for a gradient.
    ///
    /// # Errors
    /// libtorch's refusal (out of memory, say).
    pub fn new(store: &VarStore, settings: AdamSettings) -> Result<Self, ModelError> {
        let by_name: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
        let trainable = by_name.into_iter().filter(|(_, variable)| variable.requires_grad());
        let moments = trainable.map(|(name, variable)| -> Result<Moments, TchError> {
            let zeros = || variable.detach().f_zeros_like();
            Ok(Moments { name, first: zeros()?, second: zeros()?, variable })
        });
        let variables = moments.collect::<Result<_, _>>()?;
        Ok(Self { settings, kernels: Kernels::default(), clip_norm: None, variables, steps: 0 })
    }

    /// Chooses the implementation; an optimizer is made with [`Kernels::Fast`].
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// Shortens the gradients of a step, all by the same factor, where their Euclidean norm over all variables is greater
    /// than this. PyTorch: `clip_grad_norm_`; Keras: `global_clipnorm`.
    #[must_use]
    pub fn with_clip_norm(self, clip_norm: Option<f64>) -> Self {
        Self { clip_norm, ..self }
    }

    /// Changes the step size from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.settings.learning_rate = learning_rate;
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Computes the gradients of `loss`, a tensor of one number, frees its graph, and changes the variables by them.
    ///
    /// # Errors
    /// A loss that does not depend on every variable, or libtorch's refusal.
    pub fn step(&mut self, loss: &Tensor) -> Result<(), ModelError> {
        let leaves: Vec<&Tensor> = self.variables.iter().map(|moments| &moments.variable).collect();
        let (keep_graph, create_graph) = (false, false);
        let gradients = Tensor::f_run_backward(&[loss], &leaves, keep_graph, create_graph)?;
        if let Some((moments, _)) =
            self.variables.iter().zip(&gradients).find(|(_, gradient)| !gradient.defined())
        {
            return Err(ModelError::NoGradient { variable: moments.name.clone() });
        }
        let _no_gradient = tch::no_grad_guard();
        let gradients = match self.clip_norm {
            None => gradients,
            Some(most) => clipped(&gradients, most)?,
        };
        let AdamSettings { learning_rate, beta1, beta2, epsilon } = self.settings;
        let step = AdamStep { learning_rate, beta1, beta2, epsilon, step: self.steps + 1 };
        for (moments, gradient) in self.variables.iter_mut().zip(&gradients) {
            if self.kernels == Kernels::Fast && moments.has_kernel() && is_dense_cpu_f32(gradient) {
                moments.change(step, gradient)?;
            } else {
                moments.change_by_torch(step, gradient)?;
            }
        }
        self.steps += 1;
        Ok(())
    }

    /// The moments by name, `first/VARIABLE` and `second/VARIABLE`, and the steps taken as `steps`: tensors on the CPU.
    /// Those of an optimizer on the CPU are its own, which the next step changes: save or copy them before.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, ModelError> {
        let mut state = vec![("steps".to_owned(), Tensor::f_from_slice(&[self.steps as i64])?)];
        for (entry, tensor) in self.entries() {
            state.push((entry, tensor.f_to_device(Device::Cpu)?));
        }
        Ok(state)
    }

    /// Goes on from what [`Adam::state`] gave for a network with the same variables.
    ///
    /// # Errors
    /// [`ModelError::OptimizerState`] for a state of other variables; nothing is changed then.
    pub fn set_state(&mut self, state: &[(String, Tensor)]) -> Result<(), ModelError> {
        let mut saved: HashMap<&str, &Tensor> =
            state.iter().map(|(entry, tensor)| (&entry[..], tensor)).collect();
        let refuse = |name: &str| ModelError::OptimizerState { entry: name.to_owned() };
        let steps = saved.remove("steps").filter(|steps| steps.kind() == Kind::Int64 && steps.numel() == 1);
        let steps = steps.map(|steps| steps.int64_value(&[0])).and_then(|steps| u64::try_from(steps).ok());
        let steps = steps.ok_or_else(|| refuse("steps"))?;
        let mut pairs = Vec::new();
        for (entry, tensor) in self.entries() {
            let found = saved.remove(&entry[..]).filter(|found| found.size() == tensor.size());
            pairs.push((tensor, found.ok_or_else(|| refuse(&entry))?));
        }
        if let Some(extra) = saved.into_keys().min() {
            return Err(refuse(extra));
        }
        for (tensor, saved) in pairs {
            tensor.shallow_clone().f_copy_(saved)?;
        }
        self.steps = steps;
        Ok(())
    }

    /// The moments, and the names under which they are saved.
    fn entries(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.variables.iter().flat_map(|Moments { name, first, second, .. }| {
            [("first", first), ("second", second)]
                .map(|(moment, tensor)| (format!("{moment}/{name}"), tensor))
        })
    }
}

/// The gradients, shortened to this norm. Reads no number back, so that a CUDA device is not waited for.
fn clipped(gradients: &[Tensor], most: f64) -> Result<Vec<Tensor>, TchError> {
    let norms = gradients.iter().map(Tensor::f_norm).collect::<Result<Vec<_>, _>>()?;
    let norm = Tensor::f_stack(&norms, 0)?.f_norm()?;
    // As PyTorch has it, whose gradients of length 0 stay numbers.
    let share = norm.f_add_scalar(1e-6)?.f_reciprocal()?.f_mul_scalar(most)?.f_clamp_max(1.0)?;
    gradients.iter().map(|gradient| gradient.f_mul(&share)).collect()
}

impl Moments {
    fn has_kernel(&self) -> bool {
        [&self.variable, &self.first, &self.second]
            .into_iter()
            .all(|tensor| is_dense_cpu_f32(tensor) && tensor.is_contiguous())
    }

    fn change(&mut self, step: AdamStep, gradient: &Tensor) -> Result<(), TchError> {
        let gradient = gradient.f_contiguous()?;
        adam_step(step, &mut self.variable, [&mut self.first, &mut self.second], &gradient);
        Ok(())
    }

    /// For every device and element type. Reads no number back, so that a CUDA device is not waited for.
    fn change_by_torch(&mut self, step: AdamStep, gradient: &Tensor) -> Result<(), TchError> {
        let left = |beta: f64| 1.0 - beta.powf(step.step as f64);
        let gradient = gradient.f_to_kind(self.first.kind())?;
        let weighted = gradient.f_mul_scalar(1.0 - step.beta1)?;
        let _in_place = self.first.f_mul_scalar_(step.beta1)?.f_add_(&weighted)?;
        let square = gradient.f_square()?.f_mul_scalar_(1.0 - step.beta2)?;
        let _in_place = self.second.f_mul_scalar_(step.beta2)?.f_add_(&square)?;
        let mut root = self.second.f_sqrt()?;
        let root = root.f_div_scalar_(left(step.beta2).sqrt())?.f_add_scalar_(step.epsilon)?;
        let change = self.first.f_div(&root)?.f_mul_scalar_(step.learning_rate / left(step.beta1))?;
        let _changed_in_place = self.variable.f_sub_(&change)?;
        Ok(())
    }
}
