//! What the arms get wrong.

use super::super::cells::{estimate, thousands};
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
