//! The table that answers most kinds: errors and costs of every arm.

use maud::{Markup, html};
use pool_metrics::MemoryModel;

use super::grid::{Cell, Grid, GridRow, arm_name, heads};
use crate::cells::{estimate, mebibytes, number, thousands};
use crate::{Analysis, ArmFigures, TimeSource};

pub(super) fn results(analysis: &Analysis) -> Markup {
    let figures = &analysis.arms;
    html! {
        p.note {
            "Mean over seeds and its 95 % t interval" (one_seed(figures)) ". Over-fitting is the validation loss minus \
             the training loss, both without dropout. " (times(figures)) (test_images(analysis))
        }
        (grid(figures).markup())
    }
}

/// The reader who looks for intervals must learn why there are none.
fn one_seed(figures: &[ArmFigures]) -> &'static str {
    let most = figures.iter().filter_map(|arm| arm.test_error).map(|error| error.seeds).max().unwrap_or(0);
    if most == 1 {
        "; one seed alone gives no interval, and none of the differences can be judged"
    } else {
        ""
    }
}

fn times(figures: &[ArmFigures]) -> &'static str {
    let any = |source| figures.iter().any(|arm| arm.costs.source == source && arm.costs.epoch_s.is_some());
    match (any(TimeSource::Measured), any(TimeSource::InPassing)) {
        (true, true) => "Times are medians; those of some arms were taken in passing, while trials trained. ",
        (true, false) => "Times are medians of repetitions taken alone on the machine. ",
        (false, true) => "Times are medians taken in passing, while the trials trained. ",
        (false, false) => "",
    }
}

fn test_images(analysis: &Analysis) -> String {
    analysis.data.as_ref().map_or_else(String::new, |data| {
        format!(
            "{}: {} training, {} validation and {} test images.",
            data.dataset,
            thousands(Some(data.train_images)),
            thousands(Some(data.validation_images)),
            thousands(Some(data.test_images))
        )
    })
}

fn grid(figures: &[ArmFigures]) -> Grid {
    Grid {
        caption: "Errors and costs of every arm".to_owned(),
        head: heads(&[
            "arm",
            "seeds",
            "test error, %",
            "validation error, %",
            "training error, %",
            "over-fitting, nats",
            "parameters",
            "one epoch, s",
            "prediction, s",
            "training memory, MiB",
            "measured, MiB",
        ]),
        rows: figures.iter().enumerate().map(|(arm, figures)| row(arm, figures)).collect(),
    }
}

fn row(arm: usize, figures: &ArmFigures) -> GridRow {
    let percent = |error| estimate(error, 100.0, 2);
    let median =
        |spread: Option<crate::Spread>, decimals| number(spread.map(|spread| spread.median), decimals);
    let costs = &figures.costs;
    let measured = costs.training_peak().and_then(|peak| peak.measured_bytes).map(|bytes| bytes as f64);
    let cells = [
        figures.trials.len().to_string(),
        percent(figures.test_error),
        percent(figures.validation_error),
        percent(figures.train_error),
        estimate(figures.loss_gap, 1.0, 4),
        thousands(figures.parameters),
        median(costs.epoch_s, 2),
        median(costs.prediction_s, 3),
        mebibytes(figures.memory_bytes(MemoryModel::Training).map(|bytes| bytes as f64)),
        mebibytes(measured),
    ];
    GridRow {
        arms: vec![arm],
        name: arm_name(arm, &figures.arm),
        cells: cells.into_iter().map(Cell::Figure).collect(),
    }
}
