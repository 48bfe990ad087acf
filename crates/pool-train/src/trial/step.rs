//! One step of training, the same whether it is counted or timed.

use pool_models::{Adam, Mode, Net, count_errors, cross_entropy};
use pool_spec::{Kernels, TrainSpec};
use tch::Tensor;
use tch::nn::VarStore;

use crate::TrainError;
use crate::resident::ImageTensors;

/// A network with its optimizer, and the images it learns from.
pub(crate) struct Training<'a> {
    net: &'a Net,
    images: &'a ImageTensors,
    optimizer: Adam,
}

/// What a step says of its batch, before the weights changed. Scalars on libtorch's side: reading them is left to the
/// caller, who sums many first.
pub(crate) struct StepResult {
    /// Mean cross-entropy, nats.
    pub(crate) loss: Tensor,
    /// Images misclassified.
    pub(crate) errors: Tensor,
}

impl<'a> Training<'a> {
    /// Adam as the study uses it, over all variables.
    pub(crate) fn new(
        spec: &TrainSpec,
        net: &'a Net,
        images: &'a ImageTensors,
        variables: &VarStore,
        kernels: Kernels,
    ) -> Result<Self, TrainError> {
        let optimizer = Adam::new(variables, spec.optimizer())?.with_kernels(kernels);
        Ok(Self { net, images, optimizer })
    }

    /// What changes the weights.
    pub(crate) fn optimizer(&mut self) -> &mut Adam {
        &mut self.optimizer
    }

    /// Gathers the images with these indices (`[count]`, `i64`), and changes the weights by them.
    pub(crate) fn step(&mut self, indices: &Tensor) -> Result<StepResult, TrainError> {
        let batch = self.images.gather(indices)?;
        let logits = self.net.forward(&batch.images, Mode::Training)?;
        let loss = cross_entropy(&logits, &batch.labels)?;
        self.optimizer.step(&loss)?;
        let _guard = tch::no_grad_guard();
        Ok(StepResult { loss: loss.f_detach()?, errors: count_errors(&logits, &batch.labels)? })
    }
}
