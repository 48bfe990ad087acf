//! Passes over sets of images without gradients, and what their logits show: losses, classes, confidence, the hardest
//! images, and the effect of small changes.

use std::rc::Rc;

use mnist_data::{LabelledImages, PerturbationLevel, standard_levels};
use pool_metrics::{Calibration, ConfusionMatrix};
use pool_models::{
    PredictedProbabilities, Predictor, count_errors, cross_entropy, predicted_classes,
    predicted_probabilities,
};
use pool_records::{Evaluation, HardImage, Robustness, StopFlag, TestResults};
use pool_spec::{ComputeDevice, Perturbations, TrialSpec};
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::device::evaluation_batch;
use crate::resident::{Batch, ImageSet, ResidentData};

/// The logits `[N, classes]` of all images of a set, on its device. Batches differ from training in nothing but order,
/// dropout, gradients and, on a CUDA device, size.
fn logits_of(
    predictor: &Predictor<'_>,
    set: &ImageSet,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Tensor, TrainError> {
    // All of them in one tensor from the first batch on: small ones that stay, made between large ones that go, would
    // leave the allocator with gaps that no large one fits into.
    let mut all: Option<Tensor> = None;
    let mut done = 0;
    for batch in set.batches(batch_size) {
        stop.check()?;
        let logits = predictor.forward(&batch?.images)?;
        let size = logits.size();
        let all = match &mut all {
            Some(all) => all,
            None => {
                all.insert(Tensor::f_empty([set.len() as i64, size[1]], (logits.kind(), logits.device()))?)
            }
        };
        all.f_narrow(0, done, size[0])?.f_copy_(&logits)?;
        done += size[0];
    }
    match all {
        Some(all) => Ok(all),
        None => Ok(predictor.forward(&set.whole()?.images)?),
    }
}

/// Loss and errors of a set of images, none of whose logits is kept: with many classes they are larger than the images.
pub(crate) fn evaluate(
    predictor: &Predictor<'_>,
    set: &ImageSet,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Evaluation, TrainError> {
    let mut sums = Sums::on(set.device())?;
    for batch in set.batches(batch_size) {
        stop.check()?;
        let Batch { images, labels } = batch?;
        sums.add(&predictor.forward(&images)?, &labels)?;
    }
    sums.evaluation()
}

/// Losses and errors of a set, summed on its device, which is read once. In `f64`, in which 60,000 losses lose nothing.
struct Sums {
    images: i64,
    loss_and_errors: Tensor,
}

impl Sums {
    fn on(device: Device) -> Result<Self, TrainError> {
        Ok(Self { images: 0, loss_and_errors: Tensor::f_zeros([2], (Kind::Double, device))? })
    }

    /// Adds those of `[N, classes]` logits against `[N]` labels.
    fn add(&mut self, logits: &Tensor, labels: &Tensor) -> Result<(), TrainError> {
        let images = labels.size()[0];
        if images > 0 {
            let loss = cross_entropy(&logits.f_to_kind(Kind::Double)?, labels)?.f_mul_scalar(images)?;
            let errors = count_errors(logits, labels)?.f_to_kind(Kind::Double)?;
            let _added_in_place = self.loss_and_errors.f_add_(&Tensor::f_stack(&[loss, errors], 0)?)?;
            self.images += images;
        }
        Ok(())
    }

    /// The loss of no images is no number.
    fn evaluation(&self) -> Result<Evaluation, TrainError> {
        let sums = Vec::<f64>::try_from(&self.loss_and_errors)?;
        let images = self.images as u64;
        Ok(Evaluation { images, errors: sums[1] as u64, loss: sums[0] / self.images as f64 })
    }
}

/// The class predicted for each image. Labels are 16-bit numbers: outputs beyond them are no class of any set.
pub(crate) fn classes_of(logits: &Tensor) -> Result<Vec<u16>, TrainError> {
    let classes = Vec::<i64>::try_from(&predicted_classes(logits)?)?;
    Ok(classes.into_iter().map(|class| u16::try_from(class).unwrap_or(u16::MAX)).collect())
}

/// The classes of one batch of images, read back: what a prediction takes.
pub(crate) fn predict(predictor: &Predictor<'_>, images: &Tensor) -> Result<Vec<u16>, TrainError> {
    classes_of(&predictor.forward(images)?)
}

/// What a network makes of a set of labelled images.
pub(crate) struct Examined {
    pub(crate) evaluation: Evaluation,
    pub(crate) predictions: Vec<u16>,
    /// The negative log-likelihood of each image, nats.
    pub(crate) loss: Vec<f64>,
    pub(crate) confusion: ConfusionMatrix,
    pub(crate) calibration: Calibration,
}

/// One pass over `pictures`, from which the batches of `set` are made.
pub(crate) fn examine(
    predictor: &Predictor<'_>,
    pictures: &LabelledImages,
    set: &ImageSet,
    classes: usize,
    batch_size: usize,
    stop: &StopFlag,
) -> Result<Examined, TrainError> {
    let logits = logits_of(predictor, set, batch_size, stop)?;
    let predictions = classes_of(&logits)?;
    let (labels, label_tensor) = (pictures.labels(), set.labels()?);
    let correct: Vec<bool> = labels.iter().zip(&predictions).map(|(label, found)| label == found).collect();
    let PredictedProbabilities { confidence, loss } = predicted_probabilities(&logits, &label_tensor)?;
    let mut sums = Sums::on(logits.device())?;
    sums.add(&logits, &label_tensor)?;
    Ok(Examined {
        evaluation: sums.evaluation()?,
        confusion: ConfusionMatrix::from_predictions(labels, &predictions, classes)?,
        calibration: Calibration::from_confidences(&confidence, &correct)?,
        predictions,
        loss,
    })
}

/// Hard images kept per trial: enough for a strip in the report, little enough for ten thousand records.
const HARDEST: usize = 24;

/// Every trial sees the same noise, whatever its seed: it belongs to the images.
const NOISE_SEED: u64 = 0;

/// Evaluates the test images, once as they are and once per change.
pub(super) fn examine_test_images(
    spec: &TrialSpec,
    predictor: &Predictor<'_>,
    data: &ResidentData,
    device: ComputeDevice,
    stop: &StopFlag,
) -> Result<TestResults, TrainError> {
    let (pictures, batch_size) = (&data.test_pictures, evaluation_batch(device, spec.train.batch_size));
    let Examined { evaluation, predictions, loss, confusion, calibration } =
        examine(predictor, pictures, &data.test, data.classes, batch_size, stop)?;
    let changed = Changed { predictor, pictures, data, predictions: &predictions, device, batch_size, stop };
    Ok(TestResults {
        evaluation,
        labels: pictures.labels().to_vec(),
        confusion,
        calibration,
        hardest: hardest(pictures, &predictions, &loss),
        robustness: match spec.evaluation.perturbations {
            Perturbations::Standard => changed.by_all(&standard_levels())?,
            Perturbations::None => Vec::new(),
        },
        predictions,
    })
}

/// The images with the greatest loss, the greatest first; among equals the first of the set.
fn hardest(pictures: &LabelledImages, predictions: &[u16], loss: &[f64]) -> Vec<HardImage> {
    let mut order: Vec<usize> = (0..loss.len()).collect();
    order.sort_by(|&a, &b| loss[b].total_cmp(&loss[a]));
    order
        .into_iter()
        .take(HARDEST)
        .map(|index| HardImage {
            index: index as u32,
            label: pictures.labels()[index],
            prediction: predictions[index],
            loss: loss[index],
            width: pictures.width() as u32,
            colour: pictures.shape().colour,
            pixels: pictures.picture(index).unwrap_or_default().to_vec(),
        })
        .collect()
}

/// The test images, to be changed, and what was predicted for them unchanged.
struct Changed<'a> {
    predictor: &'a Predictor<'a>,
    pictures: &'a LabelledImages,
    data: &'a ResidentData,
    predictions: &'a [u16],
    device: ComputeDevice,
    batch_size: usize,
    stop: &'a StopFlag,
}

impl Changed<'_> {
    fn by_all(&self, levels: &[PerturbationLevel]) -> Result<Vec<Robustness>, TrainError> {
        levels.iter().map(|level| self.by(level)).collect()
    }

    fn by(&self, level: &PerturbationLevel) -> Result<Robustness, TrainError> {
        let mut sums =
            Robustness { kind: level.kind, strength: level.strength, images: 0, errors: 0, consistent: 0 };
        for perturbation in &level.perturbations {
            let pictures = Rc::new(self.pictures.perturbed(perturbation, NOISE_SEED)?);
            let changed = ImageSet::new(Rc::clone(&pictures), &self.data.normalization, self.device)?;
            let classes = classes_of(&logits_of(self.predictor, &changed, self.batch_size, self.stop)?)?;
            sums.images += classes.len() as u64;
            sums.errors += differences(&classes, pictures.labels());
            sums.consistent += classes.len() as u64 - differences(&classes, self.predictions);
        }
        Ok(sums)
    }
}

fn differences(a: &[u16], b: &[u16]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a != b).count() as u64
}

#[cfg(test)]
mod tests {
    use mnist_data::PictureShape;

    use super::*;

    #[test]
    fn the_hardest_images_come_first_with_their_pictures() {
        let pictures =
            LabelledImages::new(PictureShape::grey(1, 2), vec![1, 2, 3, 4, 5, 6], vec![7, 8, 9]).unwrap();
        let found = hardest(&pictures, &[7, 0, 1], &[0.1, 2.0, f64::INFINITY]);
        let rows: Vec<_> = found.iter().map(|image| (image.index, image.label, image.prediction)).collect();
        assert_eq!(rows, [(2, 9, 1), (1, 8, 0), (0, 7, 7)]);
        assert_eq!((found[0].width, &found[0].pixels[..]), (2, &[5, 6][..]));
    }
}
