//! How a classifier's predictions compare with the labels: the error rate, and the confusion matrix, from which every
//! class's scores follow.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Labels are bytes, so no data set can have more classes than a byte has values.
const MAX_CLASSES: usize = 256;

/// Scores of one class against all others; `None` where the quotient is 0/0.
///
/// With `tp` the samples of this class predicted as it, `fp` the other samples predicted as it, and `fn` the
/// samples of it predicted as something else. Undefined scores stay undefined rather than becoming 0 or 1, because
/// a class that a small test set lacks says nothing about the classifier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassScores {
    /// `tp / (tp + fp)`, in `[0, 1]`; `None` if the class was never predicted.
    pub precision: Option<f64>,
    /// `tp / (tp + fn)`, in `[0, 1]`; `None` if no sample has this label.
    pub recall: Option<f64>,
    /// `2 tp / (2 tp + fp + fn)`, the harmonic mean of precision and recall where both exist, in `[0, 1]`; `None`
    /// if the class occurs neither as a label nor as a prediction.
    pub f1: Option<f64>,
    /// Number of samples with this label (`tp + fn`).
    pub support: u64,
}

/// How often each class was taken for each other one.
///
/// Never empty: it is square, has 1 to 256 classes and counts at least one sample. It serialises as its rows, and
/// reading it back checks the same rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u64>>", into = "Vec<Vec<u64>>")]
pub struct ConfusionMatrix {
    counts: Vec<Vec<u64>>,
    total: u64,
}

impl ConfusionMatrix {
    /// Counts `labels` against `predictions`, both numbered from 0 to `classes - 1`.
    ///
    /// # Errors
    /// A [`ClassificationError`] if the lengths differ, there are no samples, `classes` is not from 1 to 256, or a
    /// label or prediction lies outside the classes.
    pub fn from_predictions(
        labels: &[u8],
        predictions: &[u8],
        classes: usize,
    ) -> Result<Self, ClassificationError> {
        check_class_count(classes)?;
        check_paired(labels, predictions)?;
        let mut counts = vec![vec![0; classes]; classes];
        for (sample, (&label, &prediction)) in labels.iter().zip(predictions).enumerate() {
            let row = counts.get_mut(usize::from(label)).ok_or(ClassificationError::LabelOutside {
                sample,
                label,
                classes,
            })?;
            let count = row
                .get_mut(usize::from(prediction))
                .ok_or(ClassificationError::PredictionOutside { sample, prediction, classes })?;
            *count += 1;
        }
        Ok(Self { counts, total: labels.len() as u64 })
    }

    /// Samples as `counts[true class][predicted class]`.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    /// Number of samples, at least 1.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Number of samples off the diagonal.
    pub fn errors(&self) -> u64 {
        self.total - self.correct()
    }

    /// `errors / total`, in `[0, 1]`.
    pub fn error_rate(&self) -> f64 {
        self.errors() as f64 / self.total as f64
    }

    /// `(total - errors) / total`, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.total as f64
    }

    /// Precision, recall, F1 and support of every class, in class order.
    pub fn per_class(&self) -> Vec<ClassScores> {
        (0..self.classes())
            .map(|class| {
                let hits = self.counts[class][class];
                let support: u64 = self.counts[class].iter().sum();
                let predicted: u64 = self.counts.iter().map(|row| row[class]).sum();
                ClassScores {
                    precision: ratio(hits as f64, predicted as f64),
                    recall: ratio(hits as f64, support as f64),
                    // tp + fp + tp + fn, added as f64: near u64::MAX samples the integer sum would overflow.
                    f1: ratio(2.0 * hits as f64, predicted as f64 + support as f64),
                    support,
                }
            })
            .collect()
    }

    fn correct(&self) -> u64 {
        self.counts.iter().enumerate().map(|(class, row)| row[class]).sum()
    }
}

impl TryFrom<Vec<Vec<u64>>> for ConfusionMatrix {
    type Error = ClassificationError;

    /// Takes counts made elsewhere, as `counts[true class][predicted class]`: a square of 1 to 256 classes, whose sum is
    /// neither zero nor more than a `u64` holds.
    fn try_from(counts: Vec<Vec<u64>>) -> Result<Self, Self::Error> {
        let classes = counts.len();
        check_class_count(classes)?;
        if let Some((row, columns)) =
            counts.iter().map(Vec::len).enumerate().find(|&(_, columns)| columns != classes)
        {
            return Err(ClassificationError::NotSquare { row, columns, classes });
        }
        let total = counts
            .iter()
            .flatten()
            .try_fold(0_u64, |sum, &count| sum.checked_add(count))
            .ok_or(ClassificationError::TooManySamples)?;
        if total == 0 { Err(ClassificationError::NoSamples) } else { Ok(Self { counts, total }) }
    }
}

impl From<ConfusionMatrix> for Vec<Vec<u64>> {
    fn from(matrix: ConfusionMatrix) -> Self {
        matrix.counts
    }
}

fn check_class_count(classes: usize) -> Result<(), ClassificationError> {
    if (1..=MAX_CLASSES).contains(&classes) {
        Ok(())
    } else {
        Err(ClassificationError::ClassCount { classes })
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Why labels and predictions (or stored counts) cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum ClassificationError {
    /// The two slices do not describe the same samples.
    #[error("{labels} labels but {predictions} predictions: every label needs exactly one prediction")]
    LengthsDiffer { labels: usize, predictions: usize },
    /// A rate over nothing is undefined.
    #[error("0 samples: at least one label with its prediction is needed")]
    NoSamples,
    /// The number of classes does not fit the one-byte labels.
    #[error("{classes} classes: the number of classes must be from 1 to 256")]
    ClassCount { classes: usize },
    /// A label names a class that does not exist.
    #[error("label {label} of sample {sample}: with {classes} classes, labels must be below {classes}")]
    LabelOutside { sample: usize, label: u8, classes: usize },
    /// A prediction names a class that does not exist.
    #[error(
        "prediction {prediction} of sample {sample}: with {classes} classes, predictions must be below {classes}"
    )]
    PredictionOutside { sample: usize, prediction: u8, classes: usize },
    /// Stored counts do not form a square.
    #[error(
        "row {row} of the confusion matrix has {columns} columns: {classes} rows need {classes} columns each"
    )]
    NotSquare { row: usize, columns: usize, classes: usize },
    /// Stored counts whose sum is no 64-bit number.
    #[error("the counts of the confusion matrix add up to more than {max}", max = u64::MAX)]
    TooManySamples,
}

/// Fraction of samples whose prediction is not their label, in `[0, 1]`.
///
/// # Errors
/// [`ClassificationError::LengthsDiffer`] or [`ClassificationError::NoSamples`].
pub fn error_rate(labels: &[u8], predictions: &[u8]) -> Result<f64, ClassificationError> {
    check_paired(labels, predictions)?;
    let wrong = labels.iter().zip(predictions).filter(|(label, prediction)| label != prediction).count();
    Ok(wrong as f64 / labels.len() as f64)
}

fn check_paired(labels: &[u8], predictions: &[u8]) -> Result<(), ClassificationError> {
    if labels.len() != predictions.len() {
        return Err(ClassificationError::LengthsDiffer {
            labels: labels.len(),
            predictions: predictions.len(),
        });
    }
    if labels.is_empty() { Err(ClassificationError::NoSamples) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_counts_true_classes_down_and_predicted_ones_across() {
        let matrix = ConfusionMatrix::from_predictions(&[0, 0, 1, 2, 2], &[0, 1, 1, 0, 2], 3).unwrap();
        assert_eq!(matrix.counts(), [[1, 1, 0], [0, 1, 0], [1, 0, 1]]);
        assert_eq!((matrix.errors(), matrix.total(), matrix.classes()), (2, 5, 3));
        assert_eq!((matrix.error_rate(), matrix.accuracy()), (0.4, 0.6));
    }

    #[test]
    fn scores_that_divide_zero_by_zero_are_absent() {
        // Class 1 is never predicted, class 2 never occurs, class 3 does neither.
        let matrix = ConfusionMatrix::from_predictions(&[0, 1, 0, 0], &[0, 0, 0, 2], 4).unwrap();
        let scores = |precision, recall, f1, support| ClassScores { precision, recall, f1, support };
        assert_eq!(
            matrix.per_class(),
            [
                scores(Some(2.0 / 3.0), Some(2.0 / 3.0), Some(2.0 / 3.0), 3),
                scores(None, Some(0.0), Some(0.0), 1),
                scores(Some(0.0), None, Some(0.0), 0),
                scores(None, None, None, 0),
            ]
        );
    }

    #[test]
    fn input_that_cannot_be_counted_is_refused() {
        for (labels, predictions, classes, message) in [
            (
                &[0, 1][..],
                &[0][..],
                2,
                "2 labels but 1 predictions: every label needs exactly one prediction",
            ),
            (&[], &[], 2, "0 samples: at least one label with its prediction is needed"),
            (&[0], &[0], 0, "0 classes: the number of classes must be from 1 to 256"),
            (&[0], &[0], 257, "257 classes: the number of classes must be from 1 to 256"),
            (&[0, 10], &[0, 0], 10, "label 10 of sample 1: with 10 classes, labels must be below 10"),
            (&[0], &[12], 10, "prediction 12 of sample 0: with 10 classes, predictions must be below 10"),
        ] {
            let error = ConfusionMatrix::from_predictions(labels, predictions, classes).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn counts_read_from_a_file_obey_the_same_rules() {
        let matrix: ConfusionMatrix = serde_json::from_str("[[3,1],[0,2]]").unwrap();
        assert_eq!(matrix, ConfusionMatrix::try_from(vec![vec![3, 1], vec![0, 2]]).unwrap());
        assert_eq!(serde_json::to_string(&matrix).unwrap(), "[[3,1],[0,2]]");
        for (json, message) in [
            ("[]", "0 classes: the number of classes must be from 1 to 256"),
            ("[[1,2],[3]]", "row 1 of the confusion matrix has 1 columns: 2 rows need 2 columns each"),
            ("[[0,0],[0,0]]", "0 samples: at least one label with its prediction is needed"),
            (
                "[[18446744073709551615,1],[0,0]]",
                "the counts of the confusion matrix add up to more than 18446744073709551615",
            ),
        ] {
            let error = serde_json::from_str::<ConfusionMatrix>(json).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn error_rate_needs_no_classes_but_paired_samples() {
        assert_eq!(error_rate(&[7, 1, 2, 255], &[7, 2, 2, 255]), Ok(0.25));
        assert_eq!(error_rate(&[], &[]), Err(ClassificationError::NoSamples));
        assert_eq!(
            error_rate(&[1], &[]),
            Err(ClassificationError::LengthsDiffer { labels: 1, predictions: 0 })
        );
    }
}
