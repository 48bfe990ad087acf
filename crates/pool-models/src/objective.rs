//! The loss and what is read off a classifier's logits.

use tch::{Kind, Reduction, Tensor};

use crate::ModelError;

/// Mean categorical cross-entropy in nats of `[N, classes]` logits against `[N]` labels of type `i64`, softmax
/// included. Keras: `SparseCategoricalCrossentropy(from_logits=True)`; PyTorch: `CrossEntropyLoss`.
///
/// # Errors
/// libtorch's refusal, of shapes that do not match for example.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, ModelError> {
    smoothed_cross_entropy(logits, labels, 0.0)
}

/// As [`cross_entropy`], against labels of which the share `smoothing` is spread evenly over all classes (Szegedy et al.
/// 2016). Keras: `CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)`; PyTorch:
/// `CrossEntropyLoss(label_smoothing=smoothing)`.
///
/// # Errors
/// As of [`cross_entropy`]; a `smoothing` that is not from 0 to 1.
pub fn smoothed_cross_entropy(
    logits: &Tensor,
    labels: &Tensor,
    smoothing: f64,
) -> Result<Tensor, ModelError> {
    const IGNORE_NO_CLASS: i64 = -100;
    let no_weights = None::<&Tensor>;
    Ok(logits.f_cross_entropy_loss(labels, no_weights, Reduction::Mean, IGNORE_NO_CLASS, smoothing)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothed_labels_give_the_cross_entropy_of_their_definition() {
        let logits = Tensor::from_slice(&[2.0, -1.0, 0.5, 0.0, 3.0, -2.0]).reshape([2, 3]);
        let labels = Tensor::from_slice(&[0i64, 2]);
        // numpy, with the labels as vectors: one_hot * (1 - smoothing) + smoothing / 3.
        for (smoothing, expected) in [(0.0, 2.648_148_266), (0.1, 2.606_481_599), (0.5, 2.439_814_933)] {
            let loss = smoothed_cross_entropy(&logits, &labels, smoothing).unwrap().double_value(&[]);
            assert!((loss - expected).abs() < 1e-9, "{smoothing}: {loss}");
        }
    }
}
