//! An optimizer of all variables of a network at once, with a state that can be saved.

mod rule;

use std::collections::{BTreeMap, HashMap};

use pool_kernels::Decay;
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor};

use self::rule::{RuleState, Step};
use crate::{Kernels, ModelError, OptimizerSpec};

/// An optimizer of the trainable variables of a `VarStore`.
///
/// Unlike tch's optimizers it asks libtorch for the gradients instead of letting it add them to `grad`, where they would
/// have to be zeroed, changes every variable in one pass over memory, and can save its state: training that goes on from
/// a saved state is training that never stopped.
///
/// ```
/// use pool_models::{Optimizer, OptimizerSpec, SgdSettings};
/// use tch::{Device, Kind, Tensor, nn};
///
/// let weights = nn::VarStore::new(Device::Cpu);
/// let weight = weights.root().var_copy("weight", &Tensor::ones([2, 2], (Kind::Float, Device::Cpu)));
/// let nesterov = OptimizerSpec::Sgd(SgdSettings { momentum: 0.9, nesterov: true });
/// let mut optimizer = Optimizer::new(&weights, nesterov, 0.1)?.with_weight_decay(5e-4);
/// optimizer.step(&weight.square().sum(Kind::Float))?;
/// assert!(weight.max().double_value(&[]) < 1.0);
/// # Ok::<(), pool_models::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Optimizer {
    spec: OptimizerSpec,
    learning_rate: f64,
    weight_decay: f64,
    kernels: Kernels,
    /// The greatest norm of all gradients together.
    clip_norm: Option<f64>,
    /// Sorted by name.
    variables: Vec<Variable>,
    steps: u64,
}

#[derive(Debug)]
struct Variable {
    name: String,
    tensor: Tensor,
    state: RuleState,
}

impl Optimizer {
    /// An optimizer of the variables that `store` holds now and that ask for a gradient, with this step size.
    ///
    /// # Errors
    /// libtorch's refusal (out of memory, say).
    pub fn new(store: &VarStore, spec: OptimizerSpec, learning_rate: f64) -> Result<Self, ModelError> {
        let by_name: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
        let trainable = by_name.into_iter().filter(|(_, variable)| variable.requires_grad());
        let variables = trainable.map(|(name, tensor)| -> Result<Variable, TchError> {
            Ok(Variable { name, state: RuleState::new(spec.rule(), &tensor)?, tensor })
        });
        let variables = variables.collect::<Result<_, _>>()?;
        let kernels = Kernels::default();
        Ok(Self { spec, learning_rate, weight_decay: 0.0, kernels, clip_norm: None, variables, steps: 0 })
    }

    /// Chooses the implementation; an optimizer is made with [`Kernels::Fast`].
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// Lets weights decay towards 0, in the way of the optimizer ([`OptimizerSpec::decay`]). Weights are the variables of
    /// two axes or more, as in timm: biases, and what normalisation and pooling learn per channel or cell, do not decay.
    #[must_use]
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Shortens the gradients of a step, all by the same factor, where their Euclidean norm over all variables is greater
    /// than this. PyTorch: `clip_grad_norm_`; Keras: `global_clipnorm`.
    #[must_use]
    pub fn with_clip_norm(self, clip_norm: Option<f64>) -> Self {
        Self { clip_norm, ..self }
    }

    /// Changes the step size from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
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
        let leaves: Vec<&Tensor> = self.variables.iter().map(|variable| &variable.tensor).collect();
        let (keep_graph, create_graph) = (false, false);
        let gradients = Tensor::f_run_backward(&[loss], &leaves, keep_graph, create_graph)?;
        if let Some((variable, _)) =
            self.variables.iter().zip(&gradients).find(|(_, gradient)| !gradient.defined())
        {
            return Err(ModelError::NoGradient { variable: variable.name.clone() });
        }
        let _no_gradient = tch::no_grad_guard();
        let gradients = match self.clip_norm {
            None => gradients,
            Some(most) => clipped(&gradients, most)?,
        };
        let Self { spec, learning_rate, weight_decay, kernels, .. } = *self;
        let step = Step { learning_rate, number: self.steps + 1, kernels };
        for (Variable { tensor, state, .. }, gradient) in self.variables.iter_mut().zip(&gradients) {
            let decay = decay_of(tensor, spec, weight_decay);
            state.change(step, decay, tensor, gradient)?;
        }
        self.steps += 1;
        Ok(())
    }

    /// What it keeps of every variable, by name (`first/VARIABLE`, say; [`OptimizerSpec::state_tensors`] has the names), and
    /// the steps taken as `steps`: tensors on the CPU. Those of an optimizer on the CPU are its own, which the next step
    /// changes: save or copy them before.
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

    /// Goes on from what [`Optimizer::state`] gave for the same optimizer of a network with the same variables.
    ///
    /// # Errors
    /// [`ModelError::OptimizerState`] for a state of other variables or of another optimizer; nothing is changed then.
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

    /// What it keeps, and the names under which it is saved.
    fn entries(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let names = self.spec.state_tensors();
        self.variables.iter().flat_map(move |Variable { name, state, .. }| {
            names.iter().zip(state.tensors()).map(move |(kept, tensor)| (format!("{kept}/{name}"), tensor))
        })
    }
}

/// How this variable decays.
fn decay_of(variable: &Tensor, spec: OptimizerSpec, weight_decay: f64) -> Decay {
    if weight_decay == 0.0 || !is_weight(variable) {
        return Decay::None;
    }
    match spec.decay() {
        pool_spec::Decay::InGradient => Decay::InGradient(weight_decay),
        pool_spec::Decay::Decoupled => Decay::Decoupled(weight_decay),
    }
}

/// Whether a variable is one that decays: the weight of a convolution, of a dense layer, or of a pooling layer that mixes
/// channels. All others have a single axis, of channels or of the cells of a window, and mean something at the values that
/// they have: exponents, gates, scales, shifts.
fn is_weight(variable: &Tensor) -> bool {
    variable.dim() >= 2
}

/// The gradients, shortened to this norm. Reads no number back, so that a CUDA device is not waited for.
fn clipped(gradients: &[Tensor], most: f64) -> Result<Vec<Tensor>, TchError> {
    let norms = gradients.iter().map(Tensor::f_norm).collect::<Result<Vec<_>, _>>()?;
    let norm = Tensor::f_stack(&norms, 0)?.f_norm()?;
    // As PyTorch has it, whose gradients of length 0 stay numbers.
    let share = norm.f_add_scalar(1e-6)?.f_reciprocal()?.f_mul_scalar(most)?.f_clamp_max(1.0)?;
    gradients.iter().map(|gradient| gradient.f_mul(&share)).collect()
}
