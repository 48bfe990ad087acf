//! Every trial by itself: the numbers behind the means.

use maud::{Markup, html};
use pool_metrics::{Evaluation, TrialRecord, TrialStatus};

use super::grid::{Cell, Grid, GridRow, arm_name, heads};
use crate::cells::{NOTHING, number};
use crate::{Proportion, Run};

pub(super) fn trials(run: &Run) -> Markup {
    let arms = run.arms.iter().enumerate();
    let grid = Grid {
        caption: "Every trial of the run".to_owned(),
        head: heads(&[
            "arm",
            "seed",
            "ended",
            "epochs",
            "best epoch",
            "test error, %",
            "validation error, %",
            "training error, %",
            "gap, nats",
            "training, s",
        ]),
        rows: arms
            .flat_map(|(arm, results)| results.records.iter().map(move |record| row(arm, record)))
            .collect(),
    };
    html! {
        p.note {
            "Errors with Wilson's 95 % interval, which says how far other images could move them; it knows nothing of \
             other seeds. The gap is the validation loss minus the training loss. Diverged trials enter no mean."
        }
        (grid.markup())
    }
}

fn row(arm: usize, record: &TrialRecord) -> GridRow {
    let percent = |found: Option<&Evaluation>| found.map_or_else(|| NOTHING.to_owned(), error);
    let contended = if record.contention.is_contended() { " (contended)" } else { "" };
    let figures = [
        record.epochs.len().to_string(),
        record.best_epoch.map_or_else(|| NOTHING.to_owned(), |epoch| epoch.to_string()),
        percent(record.test.as_ref().map(|test| &test.evaluation)),
        percent(record.validation.as_ref()),
        percent(record.train.as_ref()),
        number(record.generalisation_gap().map(|(loss, _)| loss).filter(|gap| gap.is_finite()), 4),
        number(Some(record.train_s()), 1) + contended,
    ];
    let first = [Cell::Figure(record.seed.to_string()), Cell::Figure(ended(record.status).to_owned())];
    GridRow {
        arms: vec![arm],
        name: arm_name(arm, &record.arm),
        cells: first.into_iter().chain(figures.into_iter().map(Cell::Figure)).collect(),
    }
}

fn ended(status: TrialStatus) -> &'static str {
    match status {
        TrialStatus::Finished => "all epochs",
        TrialStatus::StoppedEarly => "stopped early",
        TrialStatus::Diverged => "diverged",
    }
}

/// `1.05 [0.87, 1.27]`
fn error(found: &Evaluation) -> String {
    let Proportion { share, interval, .. } = Proportion::of(found.errors, found.images);
    match interval {
        Some(interval) => {
            format!("{:.2} [{:.2}, {:.2}]", 100.0 * share, 100.0 * interval.low, 100.0 * interval.high)
        }
        None => NOTHING.to_owned(),
    }
}
