//! What the arms get wrong: over all images, class by class, trial by trial, and after small changes.
use pool_records::TrialStatus;
use pool_spec::PerturbationKind;

use super::{Detail, Table, how_trials_ran, row};
use crate::cells::{NOTHING, counted, estimate, number, percent, points, points_interval, thousands};
use crate::figures::{change_unit, change_words, classes_with_errors};
use crate::{Analysis, ArmFigures, ClassNames, Estimate, Proportion, RobustnessFigures};

pub(super) fn errors(analysis: &Analysis) -> Table {
    let figures = &analysis.arms;
    let rows = figures.iter().map(|arm| {
        let in_percent = |figure| estimate(figure, 100.0, 2);
        let rest = [
            arm.trials.len().to_string(),
            in_percent(arm.test_error),
            in_percent(arm.validation_error),
            in_percent(arm.train_error),
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
        let verb = if arm.diverged == 1 { "is" } else { "are" };
        format!(
            "{} of arm {} diverged and {verb} excluded from the means.",
            counted(arm.diverged, "trial"),
            arm.arm
        )
    });
    Table::new("Error, %", &["arm", "seeds", "test", "validation", "training"], rows.collect())
        .with_notes([
            "Mean over seeds with its 95 % t interval, which covers the choice of seeds but not of images; a single \
             seed gives no interval. Training images are evaluated without dropout, with the weights of the best \
             epoch, like the others."
                .to_owned(),
        ])
        .with_notes(images)
        .with_notes(floor(analysis))
        .with_notes(diverged)
}

/// How far other test images could move the lowest error of a single network.
fn floor(analysis: &Analysis) -> Option<String> {
    let images = analysis.data.as_ref()?.test_images;
    let error = analysis.arms.iter().filter_map(|arm| Some(arm.test_error?.mean)).reduce(f64::min)?;
    let standard_error = (error * (1.0 - error) / images as f64).sqrt();
    (images > 0).then(|| {
        format!(
            "With {} test images, an error of {} of one network has a standard error of {} points from the images alone; \
             means over seeds and differences between arms have less.",
            thousands(Some(images)),
            percent(error),
            points(standard_error)
        )
    })
}

/// How long training took, and how much of it was over-fitting.
pub(super) fn training(analysis: &Analysis) -> Table {
    let rows = analysis.arms.iter().map(|arm| {
        let rest = [
            number(arm.epochs.map(|epochs| epochs.mean), 1),
            estimate(arm.costs.train_s, 1.0, 1),
            number(arm.epoch_of_lowest_validation_loss.map(|epoch| epoch.mean), 1),
            estimate(arm.last_epoch_error, 100.0, 2),
            estimate(arm.loss_gap, 1.0, 4),
            estimate(arm.error_gap, 100.0, 2),
        ];
        row(&arm.arm, rest)
    });
    let header = [
        "arm",
        "epochs",
        "training, s",
        "best epoch",
        "last epoch, %",
        "loss gap, nats",
        "error gap, points",
    ];
    Table::new("Training and over-fitting", &header, rows.collect()).with_notes([format!(
        "The best epoch has the lowest validation loss; after it, a network only over-fits. Last epoch is the validation \
         error after the last epoch that ran. The gaps are validation minus training, without dropout. Seconds are the sum \
         of all training steps, measured while the trials ran ({}).",
        how_trials_ran(analysis)
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
        "The loss is the categorical cross-entropy (on the test images, the negative log-likelihood). ECE is the \
         expected calibration error on the test images, with 15 bins of confidence."
            .to_owned(),
    ])
}

/// The error of each class, means over seeds. `None` before a trial has been tested.
pub(super) fn classes(figures: &[ArmFigures], names: &ClassNames) -> Option<Table> {
    let classes = classes_with_errors(figures);
    if classes.is_empty() {
        return None;
    }
    let rows = figures.iter().map(|arm| {
        let error = |class: usize| arm.class_errors.get(class).copied().flatten();
        row(&arm.arm, classes.iter().map(|&class| number(error(class).map(|error| 100.0 * error.mean), 2)))
    });
    let columns: Vec<String> = classes.iter().map(|&class| names.name(class)).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    Some(Table::new("Test error of each class, %", &header, rows.collect()))
}

/// Every trial. Wilson's interval states how far other test images could move its error.
pub(super) fn trials(arms: &[ArmFigures]) -> Table {
    let share = |part: Option<Proportion>| {
        part.map_or_else(
            || NOTHING.to_owned(),
            |part| {
                let interval = part
                    .interval
                    .map_or_else(String::new, |interval| format!(" {}", points_interval(interval)));
                format!("{}{interval}", points(part.share))
            },
        )
    };
    let rows = arms.iter().flat_map(|arm| {
        arm.trials.iter().map(move |trial| {
            let rest = [
                trial.seed.to_string(),
                ended(trial.status).to_owned(),
                trial.epochs.to_string(),
                share(trial.test_error),
                share(trial.validation_error),
            ];
            row(&arm.arm, rest)
        })
    });
    let header = ["arm", "seed", "ended", "epochs", "test error, %", "validation error, %"];
    Table::new("Every trial", &header, rows.collect()).with_notes([
        "Intervals are Wilson's, at 95 %: how much the error of this one network could change with other images."
            .to_owned(),
    ])
}

fn ended(status: TrialStatus) -> &'static str {
    match status {
        TrialStatus::Finished => "finished",
        TrialStatus::StoppedEarly => "stopped early",
        TrialStatus::Diverged => "diverged",
    }
}

/// One of the two figures: error or consistency.
type ChangeFigure = fn(&RobustnessFigures) -> Option<Estimate>;

/// The kinds of change with their strengths, in the order of the records.
fn levels(arms: &[ArmFigures]) -> Vec<(PerturbationKind, Vec<f64>)> {
    let mut kinds: Vec<(PerturbationKind, Vec<f64>)> = Vec::new();
    for &RobustnessFigures { kind, strength, .. } in arms.iter().flat_map(|arm| &arm.robustness) {
        let known = kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            kinds.push((kind, Vec::new()));
            kinds.len() - 1
        });
        if !kinds[known].1.contains(&strength) {
            kinds[known].1.push(strength);
        }
    }
    kinds
}

fn find(arm: &ArmFigures, kind: PerturbationKind, strength: f64) -> Option<&RobustnessFigures> {
    arm.robustness.iter().find(|row| row.kind == kind && row.strength == strength)
}

/// Consistency after the smallest change of each kind. `None` if it was not measured.
pub(super) fn small_changes(arms: &[ArmFigures]) -> Option<Table> {
    let levels: Vec<(PerturbationKind, f64)> = levels(arms)
        .into_iter()
        .filter_map(|(kind, strengths)| Some((kind, strengths.into_iter().min_by(f64::total_cmp)?)))
        .collect();
    let rows = arms.iter().map(|arm| {
        row(
            &arm.arm,
            levels.iter().map(|(kind, strength)| {
                let mean_alone = |found: Estimate| Estimate { interval: None, ..found };
                estimate(
                    find(arm, *kind, *strength).and_then(|row| row.consistency).map(mean_alone),
                    100.0,
                    2,
                )
            }),
        )
    });
    let columns: Vec<String> = levels
        .iter()
        .map(|(kind, strength)| format!("{}, {strength}{}", change_words(*kind), change_unit(*kind)))
        .collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    (!levels.is_empty()).then(|| {
        Table::new(
            "Test images that keep their predicted class after a small change, %",
            &header,
            rows.collect(),
        )
    })
}

/// Error and consistency at every strength, two tables per kind.
pub(super) fn all_changes(arms: &[ArmFigures]) -> Vec<Table> {
    let figures: [(&str, ChangeFigure); 2] =
        [("error, %", |row| row.error), ("predicted class kept, %", |row| row.consistency)];
    levels(arms)
        .into_iter()
        .flat_map(|(kind, strengths)| {
            figures.map(|(what, figure)| of_kind(arms, kind, &strengths, what, figure))
        })
        .collect()
}

fn of_kind(
    arms: &[ArmFigures],
    kind: PerturbationKind,
    strengths: &[f64],
    what: &str,
    figure: ChangeFigure,
) -> Table {
    let rows = arms.iter().map(|arm| {
        row(
            &arm.arm,
            strengths.iter().map(|strength| estimate(find(arm, kind, *strength).and_then(figure), 100.0, 2)),
        )
    });
    let columns: Vec<String> =
        strengths.iter().map(|strength| format!("{strength}{}", change_unit(kind))).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    Table::new(format!("Test images after {}: {what}", change_words(kind)), &header, rows.collect())
}
