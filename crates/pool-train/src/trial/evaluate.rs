//! Passes over sets of images without gradients, and what their logits say.

use mnist_data::LabelledImages;
use pool_metrics::{Calibration, ConfusionMatrix};
use pool_models::{
    Mode, Net, PredictedProbabilities, count_errors, cross_entropy, predicted_classes,
    predicted_probabilities,
};
use pool_records::{Evaluation, StopFlag};
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::resident::ImageTensors;

/// The logits `[N, classes]` of images `[N, 1, H, W]`, on their device. Batches differ from training in nothing but
/// order, dropout, gradients and, on a CUDA device, size.
pub(crate) fn logits_of(
    net: &Net,
    images: &Tensor,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Tensor, TrainError> {
    let _guard = tch::no_grad_guard();
    // All of them in one tensor from the first batch on: small ones that stay, made between large ones that go, would
    // leave the allocator with gaps that no large one fits into.
    let mut all: Option<Tensor> = None;
    let mut done = 0;
    for batch in images.f_split(batch_size as i64, 0)? {
        stop.check()?;
        let logits = net.forward(&batch, Mode::Inference)?;
        let size = logits.size();
        let all = match &mut all {
            Some(all) => all,
            None => {
                all.insert(Tensor::f_empty([images.size()[0], size[1]], (logits.kind(), logits.device()))?)
            }
        };
        all.f_narrow(0, done, size[0])?.f_copy_(&logits)?;
        done += size[0];
    }
    match all {
        Some(all) => Ok(all),
        None => Ok(net.forward(images, Mode::Inference)?),
    }
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

/// The classes of one batch of images, read back, without gradients: what a prediction takes.
pub(crate) fn predict(net: &Net, images: &Tensor) -> Result<Vec<u8>, TrainError> {
    let _guard = tch::no_grad_guard();
    classes_of(&net.forward(images, Mode::Inference)?)
}

/// What a network makes of a set of labelled images.
pub(crate) struct Examined {
    pub(crate) evaluation: Evaluation,
    pub(crate) predictions: Vec<u8>,
    /// The negative log-likelihood of each image, nats.
    pub(crate) loss: Vec<f64>,
    pub(crate) confusion: ConfusionMatrix,
    pub(crate) calibration: Calibration,
}

/// One pass over `pictures`, which are `images` as tensors.
pub(crate) fn examine(
    net: &Net,
    pictures: &LabelledImages,
    images: &ImageTensors,
    classes: usize,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Examined, TrainError> {
    let logits = logits_of(net, &images.images, batch_size, stop)?;
    let predictions = classes_of(&logits)?;
    let labels = pictures.labels();
    let correct: Vec<bool> = labels.iter().zip(&predictions).map(|(label, found)| label == found).collect();
    let PredictedProbabilities { confidence, loss } = predicted_probabilities(&logits, &images.labels)?;
    Ok(Examined {
        evaluation: evaluation_of(&logits, &images.labels)?,
        confusion: ConfusionMatrix::from_predictions(labels, &predictions, classes)?,
        calibration: Calibration::from_confidences(&confidence, &correct)?,
        predictions,
        loss,
    })
}
