//! What the arms get wrong.

use super::super::document::Detail;
use super::{Table, as_they_ran, row};
use crate::cells::{estimate, number, thousands};
use crate::figures::classes_with_errors;
use crate::{Analysis, ArmFigures, Estimate};

pub(super) fn errors(analysis: &Analysis) -> Table {
    let figures = &analysis.arms;
    let rows = figures.iter().map(|arm| {
        let percent = |figure| estimate(figure, 100.0, 2);
        let rest = [
            arm.trials.len().to_string(),
            percent(arm.test_error),
            percent(arm.validation_error),
            percent(arm.train_error),
        ];
        row(&arm.arm, rest)
    });
    let images = analysis.data.as_ref().map(|data| {
        format!(
            "{} training, {} validation and {} test images of {}.",
            thousands(Some(data.train_images)),
            thousands(Some(data.validation_images)),
            thousands(Some(data.test_images)),
            data.dataset
        )
    });
    let diverged = figures.iter().filter(|arm| arm.diverged > 0).map(|arm| {
        let (trials, enter) = match arm.diverged {
            1 => ("1 trial".to_owned(), "enters"),
            count => (format!("{count} trials"), "enter"),
        };
        format!("{trials} of arm {} diverged and {enter} no mean.", arm.arm)
    });
    Table::new("Error, %", &["arm", "seeds", "test", "validation", "training"], rows.collect())
        .with_notes([
            "Mean over seeds and its 95 % t interval: how far other seeds could move it, other images not counted; one seed \
             alone gives no interval. Training images are \
             evaluated without dropout, by the weights of the best epoch, like the others."
                .to_owned(),
        ])
        .with_notes(images)
        .with_notes(diverged)
}

/// How long training went on, and what of it was over-fitting.
pub(super) fn training(analysis: &Analysis) -> Table {
    let rows = analysis.arms.iter().map(|arm| {
        let rest = [
            number(arm.epochs.map(|epochs| epochs.mean), 1),
            estimate(arm.costs.train_s, 1.0, 1),
            number(arm.epoch_of_lowest_validation_loss.map(|epoch| epoch.mean), 1),
            estimate(arm.loss_gap, 1.0, 4),
            estimate(arm.error_gap, 100.0, 2),
        ];
        row(&arm.arm, rest)
    });
    let header = ["arm", "epochs", "training, s", "best epoch", "loss gap, nats", "error gap, points"];
    Table::new("Training and over-fitting", &header, rows.collect()).with_notes([format!(
        "The best epoch is that of the lowest validation loss, after which a network only over-fits. The gaps are \
         validation minus training, without dropout. Seconds are those of all training steps, as the trials ran: {}.",
        as_they_ran(analysis)
    )])
}

pub(super) fn losses(figures: &[ArmFigures], detail: Detail) -> Table {
    let calibration = |error: Option<Estimate>| match detail {
        Detail::Brief => number(error.map(|error| 100.0 * error.mean), 2),
        Detail::Full => estimate(error, 100.0, 2),
    };
    let rows = figures.iter().map(|arm| {
        let loss = |figure| estimate(figure, 1.0, 4);
        let rest = [
            loss(arm.test_loss),
            loss(arm.validation_loss),
            loss(arm.train_loss),
            calibration(arm.calibration_error),
        ];
        row(&arm.arm, rest)
    });
    let header = ["arm", "test, nats", "validation, nats", "training, nats", "ECE, %"];
    Table::new("Loss and calibration", &header, rows.collect()).with_notes([
        "The loss is the categorical cross-entropy, on the test images the negative log-likelihood. ECE is \
         the expected calibration error of the test images, over 15 bins of confidence."
            .to_owned(),
    ])
}

/// Error class by class, means over seeds; none where no trial was tested.
pub(super) fn classes(figures: &[ArmFigures]) -> Option<Table> {
    let classes = classes_with_errors(figures);
    if classes.is_empty() {
        return None;
    }
    let rows = figures.iter().map(|arm| {
        let error = |class: usize| arm.class_errors.get(class).copied().flatten();
        row(&arm.arm, classes.iter().map(|&class| number(error(class).map(|error| 100.0 * error.mean), 2)))
    });
    let columns: Vec<String> = classes.iter().map(ToString::to_string).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    Some(Table::new("Test error of each class, %", &header, rows.collect()))
}
