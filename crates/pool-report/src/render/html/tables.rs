//! The tables of the page: results, every two arms, every trial, and those of the other output formats.

use maud::{Markup, html};
use pool_metrics::MemoryModel;
use pool_records::{Evaluation, TrialRecord, TrialStatus};

use super::super::tables::{Detail, Table, tuning as tuning_tables, without_pictures};
use super::elements::{Cell, Grid, GridRow, arm_name, heads};
use crate::cells::{NOTHING, estimate, mebibytes, number, p_value, points, points_interval, thousands};
use crate::{Analysis, ArmFigures, OverProcesses, PairComparison, Proportion, Run, TimeSource};

/// The table that answers most questions: errors and costs of every arm.
pub(super) fn results(analysis: &Analysis) -> Markup {
    let figures = &analysis.arms;
    html! {
        p.note {
            "Mean over seeds with its 95 % t interval" (one_seed(figures)) ". Over-fitting is the validation loss \
             minus the training loss, both without dropout. " (times(figures)) (test_images(analysis))
        }
        (results_grid(figures).markup())
    }
}

/// Explains why there are no intervals.
fn one_seed(figures: &[ArmFigures]) -> &'static str {
    let most = figures.iter().filter_map(|arm| arm.test_error).map(|error| error.seeds).max().unwrap_or(0);
    if most == 1 { "; a single seed gives no interval, so none of the differences can be judged" } else { "" }
}

fn times(figures: &[ArmFigures]) -> &'static str {
    let any = |source| figures.iter().any(|arm| arm.costs.source == source && arm.costs.epoch_s.is_some());
    match (any(TimeSource::Measured), any(TimeSource::InPassing)) {
        (true, true) => "Times are medians; those of some arms were taken while the trials trained. ",
        (true, false) => "Times are medians of repetitions that had the machine to themselves. ",
        (false, true) => "Times are medians, taken while the trials trained. ",
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

fn results_grid(figures: &[ArmFigures]) -> Grid {
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
        rows: figures.iter().enumerate().map(|(arm, figures)| results_row(arm, figures)).collect(),
    }
}

fn results_row(arm: usize, figures: &ArmFigures) -> GridRow {
    let percent = |error| estimate(error, 100.0, 2);
    let median = |time: Option<OverProcesses>, decimals| number(time.map(|time| time.median), decimals);
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

/// More pairs than this scroll in a box of their own; otherwise nobody would find what follows them.
const MOST_PAIRS: usize = 20;

/// Every two arms in words, with the p-values.
pub(super) fn pairs(run: &Run, analysis: &Analysis) -> Markup {
    let grid = Grid {
        caption: "All pairs of arms on the test images".to_owned(),
        head: heads(&[
            "first and second arm",
            "in words",
            "difference, points",
            "p, corrected",
            "p, bootstrap",
            "p, paired t",
            "p, McNemar",
        ]),
        rows: analysis.comparisons.pairs.iter().map(|pair| pair_row(run, pair)).collect(),
    };
    html! {
        p.note {
            "McNemar's exact test compares the trained networks, all seeds together, rather than the arms; it is \
             shown for information and decides nothing."
        }
        div.tall[analysis.comparisons.pairs.len() > MOST_PAIRS] { (grid.markup()) }
    }
}

fn pair_row(run: &Run, pair: &PairComparison) -> GridRow {
    let PairComparison { first, second, comparison, interval, sentence } = pair;
    let arms =
        [first, second].into_iter().filter_map(|name| run.arms.iter().position(|arm| arm.name == *name));
    let p = |value: Option<f64>| Cell::Figure(value.map_or_else(|| NOTHING.to_owned(), p_value));
    GridRow {
        arms: arms.collect(),
        name: html! { (first) " − " (second) },
        cells: vec![
            Cell::Words(html! { span.sentence { (sentence) } }),
            Cell::Figure(format!("{} {}", points(comparison.difference), points_interval(*interval))),
            p(comparison.adjusted_p_value),
            p(Some(comparison.bootstrap.p_value)),
            p(comparison.paired_t.map(|test| test.p_value)),
            p(Some(comparison.mcnemar_combined.p_value)),
        ],
    }
}

/// Every trial: the numbers behind the means.
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
            .flat_map(|(arm, results)| results.records.iter().map(move |record| trial_row(arm, record)))
            .collect(),
    };
    html! {
        p.note {
            "Errors with Wilson's 95 % interval, which covers the choice of images but not of seeds. The gap is the \
             validation loss minus the training loss. Diverged trials are excluded from the means."
        }
        (grid.markup())
    }
}

fn trial_row(arm: usize, record: &TrialRecord) -> GridRow {
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
    let first = [Cell::Figure(record.spec.seed.to_string()), Cell::Figure(ended(record.status).to_owned())];
    GridRow {
        arms: vec![arm],
        name: arm_name(arm, &record.spec.arm),
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

/// The tables of the other output formats for which the page has no plot.
pub(super) fn more_tables(run: &Run, analysis: &Analysis) -> Markup {
    with_titles(run, &without_pictures(analysis))
}

/// What tuning chose, and what it changes.
pub(super) fn tuning(run: &Run, analysis: &Analysis) -> Markup {
    with_titles(run, &tuning_tables(analysis, Detail::Full))
}

fn with_titles(run: &Run, tables: &[Table]) -> Markup {
    html! {
        @for table in tables {
            h3 { (table.title) }
            @for note in &table.notes { p.note { (note) } }
            (table_grid(run, table).markup())
        }
    }
}

fn table_grid(run: &Run, table: &Table) -> Grid {
    Grid {
        caption: table.title.clone(),
        head: table.header.clone(),
        rows: table.rows.iter().map(|cells| table_row(run, cells, table.word_columns)).collect(),
    }
}

fn table_row(run: &Run, cells: &[String], word_columns: usize) -> GridRow {
    let (name, figures) =
        cells.split_first().map_or(("", &[][..]), |(name, figures)| (name.as_str(), figures));
    let arm = run.arms.iter().position(|arm| is_about(name, &arm.name));
    let cell = |(column, text): (usize, &String)| {
        let words = column + 1 < word_columns;
        if words { Cell::Words(html! { (text) }) } else { Cell::Figure(text.clone()) }
    };
    GridRow {
        arms: arm.into_iter().collect(),
        name: arm.map_or_else(|| html! { (name) }, |arm| arm_name(arm, name)),
        cells: figures.iter().enumerate().map(cell).collect(),
    }
}

/// A row is named after its arm; in the comparison with reported figures, the name also says whose figures they are.
fn is_about(row: &str, arm: &str) -> bool {
    row.strip_prefix(arm).is_some_and(|rest| matches!(rest, "" | ": reported" | ": ours"))
}
