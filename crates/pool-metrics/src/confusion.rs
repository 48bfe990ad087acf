//! How a classifier's predictions compare with the labels: the error rate, and the confusion matrix, from which every
//! class's scores follow.

mod stored;

use serde::{Deserialize, Serialize};
use stored::Stored;
use thiserror::Error;

/// Labels are 16-bit numbers, so no data set can have more classes than those have values.
const MAX_CLASSES: usize = 1 << 16;

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
/// Never empty: it is square, has 1 to 65,536 classes and counts at least one sample. It takes memory for the cells that
/// are not 0. Up to 256 classes it serialises as its rows, and with more as `{ classes, cells }`; reading it back checks
/// the same rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ConfusionMatrix {
    classes: usize,
    /// Those that count something, row by row, each once.
    cells: Vec<Cell>,
    total: u64,
}

/// One entry of a [`ConfusionMatrix`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The true class, which is the row.
    pub label: u16,
    /// The class predicted, which is the column.
    pub prediction: u16,
    /// Samples.
    pub count: u64,
}

impl ConfusionMatrix {
    /// Counts `labels` against `predictions`, both numbered from 0 to `classes - 1`.
    ///
    /// # Errors
    /// A [`ClassificationError`] if the lengths differ, there are no samples, `classes` is not from 1 to 65,536, or a
    /// label or prediction lies outside the classes.
    pub fn from_predictions(
        labels: &[u16],
        predictions: &[u16],
        classes: usize,
    ) -> Result<Self, ClassificationError> {
        check_class_count(classes)?;
        check_paired(labels, predictions)?;
        let mut pairs = Vec::with_capacity(labels.len());
        for (sample, (&label, &prediction)) in labels.iter().zip(predictions).enumerate() {
            if usize::from(label) >= classes {
                return Err(ClassificationError::LabelOutside { sample, label, classes });
            }
            if usize::from(prediction) >= classes {
                return Err(ClassificationError::PredictionOutside { sample, prediction, classes });
            }
            pairs.push((label, prediction));
        }
        pairs.sort_unstable();
        let cells = pairs.chunk_by(|a, b| a == b).map(|alike| Cell {
            label: alike[0].0,
            prediction: alike[0].1,
            count: alike.len() as u64,
        });
        Ok(Self { classes, cells: cells.collect(), total: labels.len() as u64 })
    }

    /// From counts made elsewhere.
    fn from_cells(classes: usize, mut cells: Vec<Cell>) -> Result<Self, ClassificationError> {
        check_class_count(classes)?;
        cells.retain(|cell| cell.count > 0);
        cells.sort_unstable_by_key(|cell| (cell.label, cell.prediction));
        let outside = |cell: &&Cell| usize::from(cell.label.max(cell.prediction)) >= classes;
        if let Some(&Cell { label, prediction, .. }) = cells.iter().find(outside) {
            return Err(ClassificationError::CellOutside { label, prediction, classes });
        }
        if let Some(twice) = cells
            .windows(2)
            .find(|two| (two[0].label, two[0].prediction) == (two[1].label, two[1].prediction))
        {
            let Cell { label, prediction, .. } = twice[0];
            return Err(ClassificationError::CellTwice { label, prediction });
        }
        let total = cells.iter().try_fold(0_u64, |sum, cell| sum.checked_add(cell.count));
        match total {
            None => Err(ClassificationError::TooManySamples),
            Some(0) => Err(ClassificationError::NoSamples),
            Some(total) => Ok(Self { classes, cells, total }),
        }
    }

    /// The cells that count something, row by row.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cells off the diagonal that count something, row by row.
    pub fn mistakes(&self) -> impl Iterator<Item = Cell> {
        self.cells.iter().copied().filter(|cell| cell.label != cell.prediction)
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
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
        let mut sums = vec![(0, 0, 0); self.classes];
        for &Cell { label, prediction, count } in &self.cells {
            let (label, prediction) = (usize::from(label), usize::from(prediction));
            sums[label].0 += count;
            sums[prediction].1 += count;
            sums[label].2 += if label == prediction { count } else { 0 };
        }
        sums.into_iter()
            .map(|(support, predicted, hits): (u64, u64, u64)| ClassScores {
                precision: ratio(hits as f64, predicted as f64),
                recall: ratio(hits as f64, support as f64),
                // tp + fp + tp + fn, added as f64: near u64::MAX samples the integer sum would overflow.
                f1: ratio(2.0 * hits as f64, predicted as f64 + support as f64),
                support,
            })
            .collect()
    }

    fn correct(&self) -> u64 {
        self.cells.iter().filter(|cell| cell.label == cell.prediction).map(|cell| cell.count).sum()
    }

    fn rows(&self) -> Vec<Vec<u64>> {
        let mut rows = vec![vec![0; self.classes]; self.classes];
        for &Cell { label, prediction, count } in &self.cells {
            rows[usize::from(label)][usize::from(prediction)] = count;
        }
        rows
    }
}

impl TryFrom<Vec<Vec<u64>>> for ConfusionMatrix {
    type Error = ClassificationError;

    /// Takes counts made elsewhere, as `counts[true class][predicted class]`: a square of 1 to 65,536 classes, whose sum
    /// is neither zero nor more than a `u64` holds.
    fn try_from(counts: Vec<Vec<u64>>) -> Result<Self, Self::Error> {
        let classes = counts.len();
        check_class_count(classes)?;
        if let Some((row, columns)) =
            counts.iter().map(Vec::len).enumerate().find(|&(_, columns)| columns != classes)
        {
            return Err(ClassificationError::NotSquare { row, columns, classes });
        }
        let cells = (0..=u16::MAX).zip(&counts).flat_map(|(label, row)| {
            (0..=u16::MAX).zip(row).map(move |(prediction, &count)| Cell { label, prediction, count })
        });
        Self::from_cells(classes, cells.filter(|cell| cell.count > 0).collect())
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
    /// The number of classes does not fit 16-bit labels.
    #[error("{classes} classes: the number of classes must be from 1 to {MAX_CLASSES}")]
    ClassCount { classes: usize },
    /// A label names a class that does not exist.
    #[error("label {label} of sample {sample}: with {classes} classes, labels must be below {classes}")]
    LabelOutside { sample: usize, label: u16, classes: usize },
    /// A prediction names a class that does not exist.
    #[error(
        "prediction {prediction} of sample {sample}: with {classes} classes, predictions must be below {classes}"
    )]
    PredictionOutside { sample: usize, prediction: u16, classes: usize },
    /// Stored counts do not form a square.
    #[error(
        "row {row} of the confusion matrix has {columns} columns: {classes} rows need {classes} columns each"
    )]
    NotSquare { row: usize, columns: usize, classes: usize },
    /// A stored cell names a class that does not exist.
    #[error(
        "cell ({label}, {prediction}) of the confusion matrix: with {classes} classes, both must be below {classes}"
    )]
    CellOutside { label: u16, prediction: u16, classes: usize },
    /// A stored cell stands twice.
    #[error("cell ({label}, {prediction}) of the confusion matrix appears twice; each may stand once")]
    CellTwice { label: u16, prediction: u16 },
    /// Stored counts whose sum is no 64-bit number.
    #[error("the counts of the confusion matrix add up to more than {max}", max = u64::MAX)]
    TooManySamples,
}

/// Fraction of samples whose prediction is not their label, in `[0, 1]`.
///
/// # Errors
/// [`ClassificationError::LengthsDiffer`] or [`ClassificationError::NoSamples`].
pub fn error_rate(labels: &[u16], predictions: &[u16]) -> Result<f64, ClassificationError> {
    check_paired(labels, predictions)?;
    let wrong = labels.iter().zip(predictions).filter(|(label, prediction)| label != prediction).count();
    Ok(wrong as f64 / labels.len() as f64)
}

fn check_paired(labels: &[u16], predictions: &[u16]) -> Result<(), ClassificationError> {
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
        assert_eq!(matrix.rows(), [[1, 1, 0], [0, 1, 0], [1, 0, 1]]);
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
            (&[0], &[0], 0, "0 classes: the number of classes must be from 1 to 65536"),
            (&[0], &[0], 65_537, "65537 classes: the number of classes must be from 1 to 65536"),
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
            ("[]", "0 classes: the number of classes must be from 1 to 65536"),
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
    fn with_many_classes_only_the_cells_that_count_something_are_stored() {
        let matrix =
            ConfusionMatrix::from_predictions(&[60_000, 3, 60_000], &[60_000, 2, 60_000], 65_536).unwrap();
        let json = r#"{"classes":65536,"cells":[[3,2,1],[60000,60000,2]]}"#;
        assert_eq!(serde_json::to_string(&matrix).unwrap(), json);
        assert_eq!(serde_json::from_str::<ConfusionMatrix>(json).unwrap(), matrix);
        assert_eq!((matrix.errors(), matrix.mistakes().count()), (1, 1));
        for (cells, message) in [
            (
                "[[3,300,1]]",
                "cell (3, 300) of the confusion matrix: with 300 classes, both must be below 300",
            ),
            ("[[3,2,1],[3,2,1]]", "cell (3, 2) of the confusion matrix appears twice; each may stand once"),
            ("[]", "0 samples: at least one label with its prediction is needed"),
        ] {
            let json = format!(r#"{{"classes":300,"cells":{cells}}}"#);
            let error = serde_json::from_str::<ConfusionMatrix>(&json).unwrap_err();
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
