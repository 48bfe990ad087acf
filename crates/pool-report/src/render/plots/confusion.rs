//! Which class is taken for which, one heat map per arm.

use maud::{Markup, html};

use super::panel::{Panel, heading, label, shortened};
use super::shape::{mark, printable, px};
use super::{Plot, PlotKind, Stroke};
use crate::{ArmResults, Run};

const CELL: f64 = 28.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 62.0;
/// More classes than this are too many for numbers.
const MOST_NUMBERED: usize = 20;
/// The strongest colour: numbers are readable on it, on paper and on a dark page.
const STRONGEST: f64 = 0.6;

/// None before a trial has seen the test images.
pub(super) fn plot(run: &Run) -> Option<Plot> {
    let sums: Vec<Option<Vec<Vec<u64>>>> = run.arms.iter().map(sum_over_seeds).collect();
    let most = sums.iter().flatten().flat_map(|counts| confusions(counts)).map(|(.., count)| count).max()?;
    let panels = run.arms.iter().zip(&sums).enumerate().filter_map(|(arm, (results, counts))| {
        Some(panel(arm, &results.name, counts.as_ref()?, most).into())
    });
    Some(Plot {
        kind: PlotKind::Confusion,
        caption: "Test images by their class (rows) and the class predicted (columns), summed over seeds. The diagonal \
                  holds what is right and has no colour; the deeper a cell, the more often one class was taken for \
                  the other, on one scale for all arms."
            .to_owned(),
        colours_arms: false,
        columns: 3,
        stacks: panels.collect(),
    })
}

fn sum_over_seeds(arm: &ArmResults) -> Option<Vec<Vec<u64>>> {
    let tests = arm.healthy().filter_map(|record| record.test.as_ref());
    tests.map(|test| test.confusion.counts().to_vec()).reduce(|mut sum, counts| {
        for (row, more) in sum.iter_mut().zip(&counts) {
            for (cell, more) in row.iter_mut().zip(more) {
                *cell = cell.saturating_add(*more);
            }
        }
        sum
    })
}

/// Label, prediction and count of every cell off the diagonal.
fn confusions(counts: &[Vec<u64>]) -> impl Iterator<Item = (usize, usize, u64)> {
    cells(counts).filter(|(label, prediction, _)| label != prediction)
}

fn cells(counts: &[Vec<u64>]) -> impl Iterator<Item = (usize, usize, u64)> {
    counts.iter().enumerate().flat_map(|(label, row)| {
        row.iter().enumerate().map(move |(prediction, &count)| (label, prediction, count))
    })
}

fn panel(arm: usize, name: &str, counts: &[Vec<u64>], most: u64) -> Panel {
    let classes = counts.len();
    let cell = if classes > MOST_NUMBERED { CELL * 10.0 / classes as f64 } else { CELL };
    let side = cell * classes as f64;
    let stroke = Stroke::of_arm(arm);
    let wrong: u64 = confusions(counts).map(|(.., count)| count).sum();
    let title = format!("{name}: {wrong} misclassified");
    let body = html! {
        g { title { (printable(name)) } (heading(&shortened(name, 38), 0.0)) }
        g fill-opacity="0.8" {
            (label("class predicted", LEFT + side / 2.0, 38.0, "middle"))
            text transform=(format!("translate(11 {}) rotate(-90)", px(TOP + side / 2.0))) text-anchor="middle"
                fill="currentColor" { "class" }
            @if classes <= MOST_NUMBERED {
                @for class in 0..classes {
                    @let middle = (class as f64 + 0.5) * cell;
                    (label(&class.to_string(), LEFT + middle, TOP - 6.0, "middle"))
                    (label(&class.to_string(), LEFT - 7.0, TOP + middle + 4.0, "end"))
                }
            }
        }
        rect x=(px(LEFT)) y=(px(TOP)) width=(px(side)) height=(px(side)) fill="none" stroke="currentColor"
            stroke-opacity="0.3" {}
        g class=(stroke.class()) color=(stroke.colour()) {
            @for (label, prediction, count) in confusions(counts).filter(|(.., count)| *count > 0) {
                (square(name, (label, prediction), count, most, cell))
            }
        }
        @if classes <= MOST_NUMBERED { (numbers(counts, cell)) }
    };
    Panel {
        title,
        size: (LEFT + CELL * 10.0_f64.max(side / CELL) + 8.0, TOP + side + 10.0),
        body,
        arms: vec![arm],
    }
}

fn square(arm: &str, (class, prediction): (usize, usize), count: u64, most: u64, cell: f64) -> Markup {
    let depth = STRONGEST * (0.12 + 0.88 * count as f64 / most as f64);
    let (x, y) = (LEFT + prediction as f64 * cell, TOP + class as f64 * cell);
    let drawn = html! {
        rect x=(px(x)) y=(px(y)) width=(px(cell)) height=(px(cell)) fill="currentColor"
            fill-opacity=(format!("{depth:.2}")) {}
    };
    mark(&format!("{arm}: {count} of class {class} taken for {prediction}"), &drawn)
}

/// Above the squares, and not in the way of a pointer.
fn numbers(counts: &[Vec<u64>], cell: f64) -> Markup {
    let middle = |class: usize| (class as f64 + 0.5) * cell;
    html! {
        g font-size="0.76em" text-anchor="middle" pointer-events="none" fill="currentColor" {
            @for (label, prediction, count) in cells(counts).filter(|(.., count)| *count > 0) {
                text x=(px(LEFT + middle(prediction))) y=(px(TOP + middle(label) + 3.5))
                    fill-opacity=[(label == prediction).then_some("0.62")] { (count) }
            }
        }
    }
}
