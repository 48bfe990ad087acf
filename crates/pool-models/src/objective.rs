//! The loss and what is read off a classifier's logits.

use tch::{Kind, Reduction, Tensor};

use crate::ModelError;

/// Mean categorical cross-entropy in nats of `[N, classes]` logits against `[N]` labels of type `i64`, softmax
/// included. Keras: `SparseCategoricalCrossentropy(from_logits=True)`; PyTorch: `CrossEntropyLoss`.
///
/// # Errors
/// libtorch's refusal, of shapes that do not match for example.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    const IGNORE_NO_CLASS: i64 = -100;
    Ok(logits.f_cross_entropy_loss(labels, None::<&Tensor>, Reduction::Mean, IGNORE_NO_CLASS, 0.0)?)
}

/// The class with the greatest logit of each row, `[N]` of type `i64`.
///
/// # Errors
/// libtorch's refusal.
pub fn predicted_classes(logits: &Tensor) -> Result<Tensor, ModelError> {
    Ok(logits.f_argmax(1, false)?)
}

/// How many rows of `logits` have their greatest entry elsewhere than at the label, as a tensor of one `i64`: reading
/// it is left to the caller, who may want to sum many first.
///
/// # Errors
/// libtorch's refusal.
pub fn count_errors(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    Ok(predicted_classes(logits)?.f_ne_tensor(labels)?.f_sum(Kind::Int64)?)
}
