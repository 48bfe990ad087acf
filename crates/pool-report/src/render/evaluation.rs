//! The errors of a trained network on a set of test images.
use pool_metrics::{Cell, ClassScores, wilson_interval};
use pool_records::{EvaluatedSet, Evaluation};

use super::document::Block;
use super::tables::{Table, row};
use super::terminal::render_blocks;
use crate::cells::{NOTHING, fixed, percent, points_interval, thousands};
use crate::figures::LEVEL;

/// The evaluation of this network, whose classes have these names by label: errors with their interval, loss,
/// calibration, scores of every class, and the most frequent mistakes.
pub fn terminal_evaluation(network: &str, set: &EvaluatedSet, names: &[String], width: u16) -> String {
    let blocks = [
        Block::Paragraph(sentences(network, set)),
        Block::Table(classes(set, names)),
        Block::Table(confusions(set, names)),
    ];
    render_blocks(&blocks, width)
}

fn sentences(network: &str, set: &EvaluatedSet) -> Vec<String> {
    let Evaluation { images, errors, loss } = set.evaluation;
    let interval = wilson_interval(errors, images, LEVEL)
        .map(|interval| format!(" {}", points_interval(interval)))
        .unwrap_or_default();
    vec![
        format!(
            "{network} on {}: {} of {} test images misclassified, {}{interval}.",
            set.dataset,
            thousands(Some(errors)),
            thousands(Some(images)),
            percent(set.evaluation.error_rate()),
        ),
        format!(
            "Negative log-likelihood {} nats; expected calibration error {} points.",
            fixed(loss, 4),
            fixed(100.0 * set.calibration.expected_calibration_error(), 2)
        ),
        "The interval is Wilson's, at 95 %.".to_owned(),
    ]
}

fn classes(set: &EvaluatedSet, names: &[String]) -> Table {
    let share =
        |share: Option<f64>| share.map_or_else(|| NOTHING.to_owned(), |share| fixed(100.0 * share, 2));
    let scores: Vec<(usize, ClassScores)> = set.confusion.per_class().into_iter().enumerate().collect();
    let all = scores.len();
    // A class that has no images and was never predicted has no score.
    let shown = scores.into_iter().filter(|(_, scores)| scores.support > 0 || scores.precision.is_some());
    let rows: Vec<Vec<String>> = shown
        .map(|(class, scores)| {
            let ClassScores { precision, recall, f1, support } = scores;
            let cells = [
                thousands(Some(support)),
                share(recall.map(|recall| 1.0 - recall)),
                share(precision),
                share(f1),
            ];
            row(name(names, class), cells)
        })
        .collect();
    let left_out = match all - rows.len() {
        0 => None,
        1 => Some("One class has no image here and was never predicted; it is left out.".to_owned()),
        count => {
            Some(format!("{count} classes have no image here and were never predicted; they are left out."))
        }
    };
    Table::new("Every class", &["class", "images", "error, %", "precision, %", "F1, %"], rows)
        .with_notes(left_out)
}

/// The pairs of classes that are mistaken most often.
fn confusions(set: &EvaluatedSet, names: &[String]) -> Table {
    const MOST: usize = 10;
    let mut mistakes: Vec<Cell> = set.confusion.mistakes().collect();
    mistakes.sort_by_key(|cell| (std::cmp::Reverse(cell.count), cell.label, cell.prediction));
    let rows = mistakes.iter().take(MOST).map(|&Cell { label, prediction, count }| {
        let [class, taken] = [label, prediction].map(|class| name(names, class.into()).to_owned());
        vec![class, taken, thousands(Some(count))]
    });
    Table::new("Mistaken most often", &["class", "predicted as", "images"], rows.collect())
        .with_word_columns(2)
}

fn name(names: &[String], class: usize) -> &str {
    names.get(class).map_or("?", String::as_str)
}

#[cfg(test)]
mod tests {
    use pool_metrics::{Calibration, ConfusionMatrix};

    use super::*;

    #[test]
    fn classes_that_neither_occur_nor_are_predicted_have_no_row() {
        // Labels 0 and 200; class 7 is predicted once.
        let (labels, predictions) = ([0, 200, 200, 0], [0, 200, 7, 0]);
        let correct: Vec<bool> =
            labels.iter().zip(&predictions).map(|(label, class)| label == class).collect();
        let names: Vec<String> = (0..201).map(|class| class.to_string()).collect();
        let set = EvaluatedSet {
            dataset: "two of 201".to_owned(),
            evaluation: Evaluation { images: 4, errors: 1, loss: 0.1 },
            confusion: ConfusionMatrix::from_predictions(&labels, &predictions, 201).unwrap(),
            calibration: Calibration::from_confidences(&[0.9; 4], &correct).unwrap(),
        };
        let table = classes(&set, &names);
        let rows: Vec<Vec<&str>> =
            table.rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        assert_eq!(
            rows,
            [
                ["0", "2", "0.00", "100.00", "100.00"],
                ["7", "0", "-", "0.00", "0.00"],
                ["200", "2", "50.00", "100.00", "66.67"],
            ]
        );
        assert_eq!(
            table.notes,
            ["198 classes have no image here and were never predicted; they are left out."]
        );
    }
}
