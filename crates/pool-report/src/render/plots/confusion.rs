//! Which class is mistaken for which, one heat map per arm.

use maud::{Markup, html};
use pool_metrics::ConfusionMatrix;

use crate::chart::{Chart, Panel, SeriesStyle, heading, label, mark, printable, px, shortened};
use crate::{ArmResults, Run};

const CELL: f64 = 28.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 62.0;
/// With more classes than this there is no space for numbers.
const MOST_NUMBERED: usize = 20;
/// With more classes than this a cell is smaller than a dot, and the figure larger than the rest of the page.
const MOST_DRAWN: usize = 256;
/// The opacity of the deepest cell: numbers remain readable on it, on paper and on a dark page.
const DEEPEST: f64 = 0.6;

/// `None` before a trial has been tested, and with too many classes to draw.
pub(super) fn chart(run: &Run) -> Option<Chart> {
    let sums: Vec<Option<Vec<Vec<u64>>>> = run.arms.iter().map(sum_over_seeds).collect();
    let most = sums.iter().flatten().flat_map(|counts| confusions(counts)).map(|(.., count)| count).max()?;
    let panels = run.arms.iter().zip(&sums).enumerate().filter_map(|(arm, (results, counts))| {
        Some(panel(arm, &results.name, counts.as_ref()?, most).into())
    });
    Some(Chart {
        caption: "Test images by class (rows) and predicted class (columns), summed over seeds. The diagonal counts \
                  correct predictions and has no colour; the deeper the colour of a cell, the more often its class is \
                  mistaken for the other, on one scale for all arms."
            .to_owned(),
        colours_series: false,
        columns: 3,
        stacks: panels.collect(),
    })
}

/// By label and prediction; `None` without a test, and with too many classes to draw.
fn sum_over_seeds(arm: &ArmResults) -> Option<Vec<Vec<u64>>> {
    let matrices = || arm.healthy().filter_map(|record| record.test.as_ref()).map(|test| &test.confusion);
    let classes = matrices().map(ConfusionMatrix::classes).max().filter(|classes| *classes <= MOST_DRAWN)?;
    let mut sums = vec![vec![0_u64; classes]; classes];
    for cell in matrices().flat_map(ConfusionMatrix::cells) {
        let sum = &mut sums[usize::from(cell.label)][usize::from(cell.prediction)];
        *sum = sum.saturating_add(cell.count);
    }
    Some(sums)
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
    let style = SeriesStyle::nth(arm);
    let wrong: u64 = confusions(counts).map(|(.., count)| count).sum();
    let title = format!("{name}: {wrong} misclassified");
    let body = html! {
        g { title { (printable(name)) } (heading(&shortened(name, 38), 0.0)) }
        g fill-opacity="0.8" {
            (label("predicted class", LEFT + side / 2.0, 38.0, "middle"))
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
        g class=(style.class()) color=(style.colour()) {
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
        series: vec![arm],
    }
}

fn square(arm: &str, (class, prediction): (usize, usize), count: u64, most: u64, cell: f64) -> Markup {
    let depth = DEEPEST * (0.12 + 0.88 * count as f64 / most as f64);
    let (x, y) = (LEFT + prediction as f64 * cell, TOP + class as f64 * cell);
    let drawn = html! {
        rect x=(px(x)) y=(px(y)) width=(px(cell)) height=(px(cell)) fill="currentColor"
            fill-opacity=(format!("{depth:.2}")) {}
    };
    mark(&format!("{arm}: {count} of class {class} predicted as {prediction}"), &drawn)
}

/// Drawn above the squares, but without taking the pointer from them.
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
