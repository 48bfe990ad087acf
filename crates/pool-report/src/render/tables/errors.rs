//! What the arms get wrong.

use super::super::cells::{estimate, number, thousands};
use super::{Table, row};
use crate::{ArmFigures, Run};

pub(super) fn errors(run: &Run, figures: &[ArmFigures]) -> Table {
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
    let images = run.records().next().map(|record| {
        let settings = &record.settings;
        format!(
            "{} training, {} validation and {} test images.",
            thousands(Some(settings.train_images)),
            thousands(Some(settings.validation_images)),
            thousands(Some(settings.test_images))
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
            "Mean over seeds and its 95 % t interval; one seed alone gives no interval. Training images are \
             evaluated without dropout, by the weights of the best epoch, like the others."
                .to_owned(),
        ])
        .with_notes(images)
        .with_notes(diverged)
}

/// How long training went on, and what of it was over-fitting.
pub(super) fn training(figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
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
    Table::new("Training and over-fitting", &header, rows.collect()).with_notes([
        "The best epoch is that of the lowest validation loss, after which a network only over-fits. The gaps are \
         validation minus training, without dropout. Seconds are those of all training steps, as the trials ran."
            .to_owned(),
    ])
}

pub(super) fn losses(figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let loss = |figure| estimate(figure, 1.0, 4);
        row(&arm.arm, [loss(arm.test_loss), loss(arm.validation_loss), loss(arm.train_loss)])
    });
    Table::new(
        "Loss, categorical cross-entropy in nats",
        &["arm", "test", "validation", "training"],
        rows.collect(),
    )
}
