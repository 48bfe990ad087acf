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

/// What a classifier says of each image, as probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedProbabilities {
    /// The probability of the predicted class, in `[0, 1]`.
    pub confidence: Vec<f64>,
    /// The negative logarithm of the probability of the image's own class, nats.
    pub loss: Vec<f64>,
}

/// Softmax of `[N, classes]` logits, read at the predicted class and at the `[N]` labels of type `i64`. Computed in
/// `f64`, so that a confidence of nearly 1 keeps its digits.
///
/// # Errors
/// libtorch's refusal, of labels that are no class for example.
pub fn predicted_probabilities(
    logits: &Tensor,
    labels: &Tensor,
) -> Result<PredictedProbabilities, ModelError> {
    let log_probabilities = logits.f_log_softmax(1, Kind::Double)?;
    let confidence = log_probabilities.f_amax([1], false)?.f_exp()?;
    let loss = log_probabilities.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?.f_neg()?;
    Ok(PredictedProbabilities { confidence: Vec::try_from(&confidence)?, loss: Vec::try_from(&loss)? })
}

/// Softmax of one row of logits, `[1, classes]`: the probability of every class, in `f64`.
///
/// # Errors
/// libtorch's refusal.
pub fn class_probabilities(logits: &Tensor) -> Result<Vec<f64>, ModelError> {
    Ok(Vec::try_from(&logits.f_softmax(1, Kind::Double)?.f_flatten(0, -1)?)?)
}
