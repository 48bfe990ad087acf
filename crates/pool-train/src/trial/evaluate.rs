//! One pass over a set of images without gradients.

use std::time::Instant;

use pool_metrics::Evaluation;
use pool_models::{Mode, Net, cross_entropy, predicted_classes};
use tch::{Kind, Tensor};

use super::resident::ImageTensors;
use crate::TrainError;
use crate::run::StopFlag;

/// Repetitions of the timed prediction, after one that warms up.
const PREDICTION_REPEATS: usize = 5;

/// An evaluation and the class predicted for each image.
pub(super) struct Evaluated {
    pub(super) evaluation: Evaluation,
    pub(super) predictions: Vec<u8>,
}

/// Loss and errors over all images. Batches differ from training in nothing but order, dropout and gradients.
pub(super) fn evaluate(
    net: &Net,
    data: &ImageTensors,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Evaluated, TrainError> {
    let _guard = tch::no_grad_guard();
    let mut loss_sum = 0.0;
    let mut predictions = Vec::with_capacity(data.len() as usize);
    for_each_batch(data, batch_size, stop, |batch| {
        let logits = net.forward(&batch.images, Mode::Inference)?;
        let mean_loss = f64::try_from(&cross_entropy(&logits, &batch.labels)?)?;
        loss_sum += mean_loss * batch.len() as f64;
        predictions.push(predicted_classes(&logits)?.f_to_kind(Kind::Uint8)?);
        Ok(())
    })?;
    let predictions = Tensor::f_cat(&predictions, 0)?;
    let errors = predictions.f_ne_tensor(&data.labels)?.f_sum(Kind::Int64)?;
    let evaluation = Evaluation {
        images: data.len(),
        errors: i64::try_from(&errors)? as u64,
        loss: loss_sum / data.len() as f64,
    };
    Ok(Evaluated { evaluation, predictions: Vec::try_from(&predictions)? })
}

/// Seconds to predict the class of every image, once per repetition.
pub(super) fn time_prediction(
    net: &Net,
    data: &ImageTensors,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Vec<f64>, TrainError> {
    let _guard = tch::no_grad_guard();
    let predict_all = || {
        let start = Instant::now();
        for_each_batch(data, batch_size, stop, |batch| {
            let classes = predicted_classes(&net.forward(&batch.images, Mode::Inference)?)?;
            let _read_back: Vec<i64> = Vec::try_from(&classes)?;
            Ok(())
        })?;
        Ok(start.elapsed().as_secs_f64())
    };
    predict_all()?;
    (0..PREDICTION_REPEATS).map(|_| predict_all()).collect()
}

fn for_each_batch(
    data: &ImageTensors,
    batch_size: usize,
    stop: &StopFlag,
    mut run: impl FnMut(&ImageTensors) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let images = data.len() as usize;
    for start in (0..images).step_by(batch_size) {
        stop.check()?;
        run(&data.slice(start, batch_size.min(images - start))?)?;
    }
    Ok(())
}
