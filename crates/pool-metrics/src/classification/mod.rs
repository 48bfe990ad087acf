//! How a classifier's predictions compare with the labels.

mod calibration;
mod confusion;

use thiserror::Error;

pub use calibration::{Calibration, CalibrationBin, CalibrationError};
pub use confusion::{ClassScores, ConfusionMatrix};

/// Why labels and predictions (or stored counts) cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClassificationError {
    /// The two slices do not describe the same samples.
    #[error("{labels} labels but {predictions} predictions: every label needs exactly one prediction")]
    LengthsDiffer {
        /// Number of labels given.
        labels: usize,
        /// Number of predictions given.
        predictions: usize,
    },
    /// A rate over nothing is undefined.
    #[error("0 samples: at least one label with its prediction is needed")]
    NoSamples,
    /// The number of classes does not fit the one-byte labels.
    #[error("{classes} classes: the number of classes must be from 1 to 256")]
    ClassCount {
        /// Number of classes given.
        classes: usize,
    },
    /// A label names a class that does not exist.
    #[error("label {label} of sample {sample}: with {classes} classes, labels must be below {classes}")]
    LabelOutside {
        /// Position in the slice, from 0.
        sample: usize,
        /// The label found there.
        label: u8,
        /// Number of classes given.
        classes: usize,
    },
    /// A prediction names a class that does not exist.
    #[error(
        "prediction {prediction} of sample {sample}: with {classes} classes, predictions must be below {classes}"
    )]
    PredictionOutside {
        /// Position in the slice, from 0.
        sample: usize,
        /// The prediction found there.
        prediction: u8,
        /// Number of classes given.
        classes: usize,
    },
    /// Stored counts do not form a square.
    #[error(
        "row {row} of the confusion matrix has {columns} columns: {classes} rows need {classes} columns each"
    )]
    NotSquare {
        /// Row, from 0.
        row: usize,
        /// Number of counts in that row.
        columns: usize,
        /// Number of rows.
        classes: usize,
    },
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
    fn error_rate_needs_no_classes_but_paired_samples() {
        assert_eq!(error_rate(&[7, 1, 2, 255], &[7, 2, 2, 255]), Ok(0.25));
        assert_eq!(error_rate(&[], &[]), Err(ClassificationError::NoSamples));
        assert_eq!(
            error_rate(&[1], &[]),
            Err(ClassificationError::LengthsDiffer { labels: 1, predictions: 0 })
        );
    }
}
