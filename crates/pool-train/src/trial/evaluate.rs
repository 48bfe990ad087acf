//! Passes over sets of images without gradients, and what their logits say.

use pool_metrics::Evaluation;
use pool_models::{Mode, Net, count_errors, cross_entropy, predicted_classes};
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::run::StopFlag;

/// The logits `[N, classes]` of images `[N, 1, H, W]`. Batches differ from training in nothing but order, dropout and
/// gradients.
pub(crate) fn logits_of(
    net: &Net,
    images: &Tensor,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Tensor, TrainError> {
    let _guard = tch::no_grad_guard();
    let batches = images
        .f_split(batch_size as i64, 0)?
        .iter()
        .map(|batch| {
            stop.check()?;
            Ok(net.forward(batch, Mode::Inference)?)
        })
        .collect::<Result<Vec<Tensor>, TrainError>>()?;
    Ok(Tensor::f_cat(&batches, 0)?)
}

/// Loss and errors of `[N, classes]` logits against `[N]` labels. Summed in `f64`, in which 60,000 losses lose nothing.
pub(crate) fn evaluation_of(logits: &Tensor, labels: &Tensor) -> Result<Evaluation, TrainError> {
    Ok(Evaluation {
        images: labels.size()[0] as u64,
        errors: i64::try_from(&count_errors(logits, labels)?)? as u64,
        loss: f64::try_from(&cross_entropy(&logits.f_to_kind(Kind::Double)?, labels)?)?,
    })
}

/// The class predicted for each image; labels are bytes, so there are at most 256.
pub(crate) fn classes_of(logits: &Tensor) -> Result<Vec<u8>, TrainError> {
    Ok(Vec::try_from(&predicted_classes(logits)?.f_to_kind(Kind::Uint8)?)?)
}
