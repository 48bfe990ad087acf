//! What the test images say: classes, confidence, the hardest of them, and what small changes do.

use mnist_data::{LabelledImages, PerturbationLevel, standard_levels};
use pool_models::Net;
use pool_records::{HardImage, Robustness, StopFlag, TestResults};
use pool_spec::{ComputeDevice, Perturbations, TrialSpec};

use super::evaluate::{Examined, classes_of, examine, logits_of};
use crate::TrainError;
use crate::machine::evaluation_batch;
use crate::resident::{ImageTensors, ResidentData};

/// Hard images kept per trial: enough for a strip in the report, little enough for ten thousand records.
const HARDEST: usize = 24;

/// Every trial sees the same noise, whatever its seed: it belongs to the images.
const NOISE_SEED: u64 = 0;

/// Looks at the test images, once as they are and once per change.
pub(super) fn test(
    spec: &TrialSpec,
    net: &Net,
    data: &ResidentData,
    device: ComputeDevice,
    stop: &StopFlag,
) -> Result<TestResults, TrainError> {
    let (pictures, batch_size) = (&data.test_pictures, evaluation_batch(device, spec.train.batch_size));
    let Examined { evaluation, predictions, loss, confusion, calibration } =
        examine(net, pictures, &data.test, data.classes, batch_size, stop)?;
    let changed = Changed { net, pictures, predictions: &predictions, device, batch_size, stop };
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
fn hardest(pictures: &LabelledImages, predictions: &[u8], loss: &[f64]) -> Vec<HardImage> {
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
            pixels: pictures.picture(index).unwrap_or_default().to_vec(),
        })
        .collect()
}

/// The test images, to be changed, and what was predicted for them unchanged.
struct Changed<'a> {
    net: &'a Net,
    pictures: &'a LabelledImages,
    predictions: &'a [u8],
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
            let pictures = self.pictures.perturbed(perturbation, NOISE_SEED)?;
            let images = ImageTensors::new(&pictures, self.device)?.images;
            let classes = classes_of(&logits_of(self.net, &images, self.batch_size, self.stop)?)?;
            sums.images += classes.len() as u64;
            sums.errors += differences(&classes, pictures.labels());
            sums.consistent += classes.len() as u64 - differences(&classes, self.predictions);
        }
        Ok(sums)
    }
}

fn differences(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a != b).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_images_come_first_with_their_pictures() {
        let pictures = LabelledImages::new(1, 2, vec![1, 2, 3, 4, 5, 6], vec![7, 8, 9]).unwrap();
        let found = hardest(&pictures, &[7, 0, 1], &[0.1, 2.0, f64::INFINITY]);
        let told: Vec<_> = found.iter().map(|image| (image.index, image.label, image.prediction)).collect();
        assert_eq!(told, [(2, 9, 1), (1, 8, 0), (0, 7, 7)]);
        assert_eq!((found[0].width, &found[0].pixels[..]), (2, &[5, 6][..]));
    }
}
