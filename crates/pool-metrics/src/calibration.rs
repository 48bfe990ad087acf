//! Calibration: is a network that says "99 %" right 99 times in a hundred?

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of bins, as in Guo et al.
const BINS: usize = 15;

/// One bin of a reliability diagram: the images whose confidence lies above the end of the bin before and not above the
/// end of this one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationBin {
    /// Number of images.
    pub count: u64,
    /// Mean confidence of these images, in `[0, 1]`; `None` without images.
    pub mean_confidence: Option<f64>,
    /// Fraction of these images that are classified correctly, in `[0, 1]`; `None` without images.
    pub accuracy: Option<f64>,
}

impl CalibrationBin {
    /// `|accuracy - mean confidence|`, in `[0, 1]`; `None` without images.
    pub fn gap(&self) -> Option<f64> {
        self.accuracy.zip(self.mean_confidence).map(|(accuracy, confidence)| (accuracy - confidence).abs())
    }
}

/// How well a network's confidence matches its accuracy: 15 bins of equal width over `[0, 1]`.
///
/// The confidence of an image is the probability that the network gives to the class it predicts. Bin `i` of 15 holds
/// those in `((i - 1)/15, i/15]`, and the first one those of exactly 0, too: C. Guo, G. Pleiss, Y. Sun and
/// K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 2. Never empty. It serialises as
/// its bins, and reading it back checks them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<CalibrationBin>", into = "Vec<CalibrationBin>")]
pub struct Calibration {
    bins: Vec<CalibrationBin>,
}

/// Why calibration cannot be computed from confidences, or read from stored bins.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum CalibrationError {
    /// The two slices do not describe the same images.
    #[error("{confidences} confidences but {correct} outcomes: every image needs exactly one of each")]
    LengthsDiffer { confidences: usize, correct: usize },
    /// A mean over nothing is undefined.
    #[error("0 images: at least one confidence with its outcome is needed")]
    NoImages,
    /// A confidence that is no probability.
    #[error("confidence {value} of image {image}: a confidence must be a number from 0 to 1")]
    NotAProbability { image: usize, value: f64 },
    /// Stored bins of another number.
    #[error("{bins} calibration bins: there must be {BINS}")]
    BinCount { bins: usize },
    /// A stored bin that contradicts itself.
    #[error(
        "calibration bin {bin}: with images it needs a mean confidence and an accuracy from 0 to 1, without images neither"
    )]
    Bin { bin: usize },
    /// Stored counts whose sum is no 64-bit number.
    #[error("the counts of the calibration bins add up to more than {max}", max = u64::MAX)]
    TooManyImages,
}

impl Calibration {
    /// Sorts images into bins: `confidences[i]` is the probability that image `i`'s predicted class was given, and
    /// `correct[i]` whether it is the image's label.
    ///
    /// # Errors
    /// A [`CalibrationError`] if the lengths differ, there are no images, or a confidence is NaN or outside `[0, 1]`.
    pub fn from_confidences(confidences: &[f64], correct: &[bool]) -> Result<Self, CalibrationError> {
        if confidences.len() != correct.len() {
            return Err(CalibrationError::LengthsDiffer {
                confidences: confidences.len(),
                correct: correct.len(),
            });
        }
        if confidences.is_empty() {
            return Err(CalibrationError::NoImages);
        }
        let mut sums = [(0_u64, 0.0_f64, 0_u64); BINS];
        for (image, (&value, &correct)) in confidences.iter().zip(correct).enumerate() {
            if !(0.0..=1.0).contains(&value) {
                return Err(CalibrationError::NotAProbability { image, value });
            }
            let (count, confidence, hits) = &mut sums[bin_of(value)];
            *count += 1;
            *confidence += value;
            *hits += u64::from(correct);
        }
        let bins = sums.into_iter().map(|(count, confidence, hits)| {
            let mean = |sum: f64| (count > 0).then(|| (sum / count as f64).min(1.0));
            CalibrationBin { count, mean_confidence: mean(confidence), accuracy: mean(hits as f64) }
        });
        Ok(Self { bins: bins.collect() })
    }

    /// The 15 bins by rising confidence.
    pub fn bins(&self) -> &[CalibrationBin] {
        &self.bins
    }

    /// Number of images, at least 1.
    pub fn total(&self) -> u64 {
        self.bins.iter().map(|bin| bin.count).sum()
    }

    /// Mean over the images of their bin's `|accuracy - mean confidence|`, in `[0, 1]`: the "ECE" of Guo et al.
    ///
    /// It is 0 for a perfectly calibrated network, and depends on the bins: compare it only between equal
    /// ones.
    pub fn expected_calibration_error(&self) -> f64 {
        let total = self.total() as f64;
        self.bins.iter().filter_map(|bin| Some(bin.count as f64 / total * bin.gap()?)).sum::<f64>().min(1.0)
    }

    /// The largest `|accuracy - mean confidence|` of a bin that has images, in `[0, 1]`: the "MCE" of Guo et al. A bin
    /// of one image counts as much as any other.
    pub fn maximum_calibration_error(&self) -> f64 {
        self.bins.iter().filter_map(CalibrationBin::gap).fold(0.0, f64::max)
    }
}

/// The first bin whose end is not below the confidence, which lies in `[0, 1]`. The ends are compared rather than the
/// confidence multiplied, whose rounding would push some confidences of exactly `i/15` into the next bin.
fn bin_of(confidence: f64) -> usize {
    (1..BINS).filter(|&end| end as f64 / (BINS as f64) < confidence).count()
}

impl TryFrom<Vec<CalibrationBin>> for Calibration {
    type Error = CalibrationError;

    fn try_from(bins: Vec<CalibrationBin>) -> Result<Self, Self::Error> {
        if bins.len() != BINS {
            return Err(CalibrationError::BinCount { bins: bins.len() });
        }
        let possible = |value: Option<f64>, count| match value {
            Some(value) => count > 0 && (0.0..=1.0).contains(&value),
            None => count == 0,
        };
        let sound = |bin: &CalibrationBin| {
            possible(bin.mean_confidence, bin.count) && possible(bin.accuracy, bin.count)
        };
        if let Some(bin) = bins.iter().position(|bin| !sound(bin)) {
            return Err(CalibrationError::Bin { bin });
        }
        let total = bins
            .iter()
            .try_fold(0_u64, |sum, bin| sum.checked_add(bin.count))
            .ok_or(CalibrationError::TooManyImages)?;
        if total == 0 { Err(CalibrationError::NoImages) } else { Ok(Self { bins }) }
    }
}

impl From<Calibration> for Vec<CalibrationBin> {
    fn from(calibration: Calibration) -> Self {
        calibration.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_bin_belongs_to_it() {
        for i in 1..=BINS {
            let end = i as f64 / BINS as f64;
            assert_eq!(bin_of(end), i - 1, "{end} ends bin {i}");
            assert_eq!(bin_of(end.next_down()), i - 1, "just below {end}");
            if i < BINS {
                assert_eq!(bin_of(end.next_up()), i, "just above {end}");
            }
        }
        assert_eq!(bin_of(0.0), 0, "0 has no bin below it");
    }

    #[test]
    fn errors_follow_from_the_gaps_of_the_bins() {
        let words = |confidences: &[f64], correct: &[bool]| {
            let calibration = Calibration::from_confidences(confidences, correct).unwrap();
            (calibration.expected_calibration_error(), calibration.maximum_calibration_error())
        };
        for (confidences, correct, expected, why) in [
            (&[1.0, 1.0][..], &[true, true][..], (0.0, 0.0), "sure and right"),
            (&[1.0, 1.0], &[false, false], (1.0, 1.0), "sure and wrong"),
            (
                &[0.75, 0.75, 0.75, 0.75],
                &[true, true, false, true],
                (0.0, 0.0),
                "three out of four, as promised",
            ),
            (&[0.5, 0.5, 1.0, 1.0], &[true, true, true, true], (0.25, 0.5), "half of the images too modest"),
            (&[0.0], &[true], (1.0, 1.0), "right without believing it"),
        ] {
            assert_eq!(words(confidences, correct), expected, "{why}");
        }
    }

    #[test]
    fn bins_without_images_have_neither_mean() {
        let calibration = Calibration::from_confidences(&[0.99, 1.0], &[true, false]).unwrap();
        assert_eq!(calibration.total(), 2);
        let (last, others) = calibration.bins().split_last().unwrap();
        assert_eq!(*last, CalibrationBin { count: 2, mean_confidence: Some(0.995), accuracy: Some(0.5) });
        assert!(others.iter().all(|bin| (bin.count, bin.gap()) == (0, None)));
    }

    #[test]
    fn confidences_that_are_none_are_refused() {
        for (confidences, correct, message) in [
            (&[0.5][..], &[][..], "1 confidences but 0 outcomes: every image needs exactly one of each"),
            (&[], &[], "0 images: at least one confidence with its outcome is needed"),
            (
                &[0.5, 1.5],
                &[true, true],
                "confidence 1.5 of image 1: a confidence must be a number from 0 to 1",
            ),
            (&[-0.5], &[true], "confidence -0.5 of image 0: a confidence must be a number from 0 to 1"),
            (&[f64::NAN], &[true], "confidence NaN of image 0: a confidence must be a number from 0 to 1"),
        ] {
            let error = Calibration::from_confidences(confidences, correct).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn bins_read_from_a_file_obey_the_same_rules() {
        let calibration = Calibration::from_confidences(&[0.1, 0.95, 0.97], &[false, true, false]).unwrap();
        let json = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);

        let absent = CalibrationBin { count: 0, mean_confidence: None, accuracy: None };
        let bin = |count, mean_confidence, accuracy| {
            let mut bins = vec![absent; BINS];
            bins[3] = CalibrationBin { count, mean_confidence, accuracy };
            bins
        };
        let contradiction = "calibration bin 3: with images it needs a mean confidence and an accuracy from 0 to 1, without images neither";
        let mut too_many = bin(u64::MAX, Some(0.2), Some(0.5));
        too_many[14] = CalibrationBin { count: 1, mean_confidence: Some(1.0), accuracy: Some(1.0) };
        for (bins, message) in [
            (vec![absent; 10], "10 calibration bins: there must be 15"),
            (vec![absent; BINS], "0 images: at least one confidence with its outcome is needed"),
            (bin(1, None, Some(1.0)), contradiction),
            (bin(1, Some(0.2), Some(1.5)), contradiction),
            (bin(0, Some(0.2), None), contradiction),
            (too_many, "the counts of the calibration bins add up to more than 18446744073709551615"),
        ] {
            assert_eq!(Calibration::try_from(bins).unwrap_err().to_string(), message);
        }
    }
}
