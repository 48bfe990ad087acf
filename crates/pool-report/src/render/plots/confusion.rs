//! Which class is mistaken for which, one heat map per arm.

use maud::{Markup, html};
use pool_metrics::ConfusionMatrix;

use crate::chart::{CHARACTER, Chart, Panel, SeriesStyle, heading, label, mark, printable, px, shortened};
use crate::{ArmResults, ClassNames, Run};

const CELL: f64 = 28.0;
const LEFT: f64 = 34.0;
const TOP: f64 = 62.0;
/// With more classes than this there is no space for numbers.
const MOST_NUMBERED: usize = 20;
/// With more classes than this a cell is smaller than a dot, and the figure larger than the rest of the page.
const MOST_DRAWN: usize = 256;
/// Longer names of classes are cut; the marks hold them whole.
const MOST_CHARACTERS: usize = 14;
/// Characters of a label for which `LEFT` and `TOP` leave space.
const FEW_CHARACTERS: usize = 2;
/// The opacity of the deepest cell: numbers remain readable on it, on paper and on a dark page.
const DEEPEST: f64 = 0.6;

/// `None` before a trial has been tested, and with too many classes to draw.
pub(super) fn chart(run: &Run, names: &ClassNames) -> Option<Chart> {
    let sums: Vec<Option<Vec<Vec<u64>>>> = run.arms.iter().map(sum_over_seeds).collect();
    let most = sums.iter().flatten().flat_map(|counts| confusions(counts)).map(|(.., count)| count).max()?;
    let panels = run.arms.iter().zip(&sums).enumerate().filter_map(|(arm, (results, counts))| {
        Some(panel(arm, &results.name, &Heat::of(counts.as_ref()?, names), most).into())
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

/// The counts of an arm, and where they are drawn.
struct Heat<'a> {
    counts: &'a [Vec<u64>],
    names: &'a ClassNames,
    /// Side of a cell, and the corner of the first, in pixels.
    cell: f64,
    left: f64,
    top: f64,
}

impl<'a> Heat<'a> {
    fn of(counts: &'a [Vec<u64>], names: &'a ClassNames) -> Self {
        let classes = counts.len();
        let cell = if classes > MOST_NUMBERED { CELL * 10.0 / classes as f64 } else { CELL };
        let mut heat = Self { counts, names, cell, left: LEFT, top: TOP };
        let extra = heat.longest_label().saturating_sub(FEW_CHARACTERS) as f64 * CHARACTER;
        heat.left += extra;
        heat.top += extra;
        heat
    }

    fn has_labels(&self) -> bool {
        self.counts.len() <= MOST_NUMBERED
    }

    fn label(&self, class: usize) -> String {
        shortened(&self.names.name(class), MOST_CHARACTERS)
    }

    /// In characters; 0 without labels.
    fn longest_label(&self) -> usize {
        let classes = if self.has_labels() { self.counts.len() } else { 0 };
        (0..classes).map(|class| self.label(class).chars().count()).max().unwrap_or(0)
    }

    fn side(&self) -> f64 {
        self.cell * self.counts.len() as f64
    }

    fn middle(&self, class: usize) -> f64 {
        (class as f64 + 0.5) * self.cell
    }

    /// The classes at the rows and columns. Names stand upright above the columns, as they are wider than a cell.
    fn labels(&self) -> Markup {
        let upright = self.longest_label() > FEW_CHARACTERS;
        html! {
            @for class in 0..self.counts.len() {
                @let (words, middle) = (self.label(class), self.middle(class));
                @if upright {
                    text transform=(format!("translate({} {}) rotate(-90)", px(self.left + middle + 4.0), px(self.top - 6.0)))
                        fill="currentColor" { (words) }
                } @else {
                    (label(&words, self.left + middle, self.top - 6.0, "middle"))
                }
                (label(&words, self.left - 7.0, self.top + middle + 4.0, "end"))
            }
        }
    }

    fn square(&self, arm: &str, (class, prediction): (usize, usize), count: u64, most: u64) -> Markup {
        let depth = DEEPEST * (0.12 + 0.88 * count as f64 / most as f64);
        let (x, y) = (self.left + prediction as f64 * self.cell, self.top + class as f64 * self.cell);
        let drawn = html! {
            rect x=(px(x)) y=(px(y)) width=(px(self.cell)) height=(px(self.cell)) fill="currentColor"
                fill-opacity=(format!("{depth:.2}")) {}
        };
        let [class, prediction] = [class, prediction].map(|label| self.names.name(label));
        mark(&format!("{arm}: {count} of class {class} predicted as {prediction}"), &drawn)
    }

    /// Drawn above the squares, but without taking the pointer from them.
    fn numbers(&self) -> Markup {
        html! {
            g font-size="0.76em" text-anchor="middle" pointer-events="none" fill="currentColor" {
                @for (label, prediction, count) in cells(self.counts).filter(|(.., count)| *count > 0) {
                    text x=(px(self.left + self.middle(prediction))) y=(px(self.top + self.middle(label) + 3.5))
                        fill-opacity=[(label == prediction).then_some("0.62")] { (count) }
                }
            }
        }
    }
}

fn panel(arm: usize, name: &str, heat: &Heat<'_>, most: u64) -> Panel {
    let Heat { counts, left, top, .. } = heat;
    let side = heat.side();
    let style = SeriesStyle::nth(arm);
    let wrong: u64 = confusions(counts).map(|(.., count)| count).sum();
    let title = format!("{name}: {wrong} misclassified");
    let body = html! {
        g { title { (printable(name)) } (heading(&shortened(name, 38), 0.0)) }
        g fill-opacity="0.8" {
            (label("predicted class", left + side / 2.0, 38.0, "middle"))
            text transform=(format!("translate(11 {}) rotate(-90)", px(top + side / 2.0))) text-anchor="middle"
                fill="currentColor" { "class" }
            @if heat.has_labels() { (heat.labels()) }
        }
        rect x=(px(*left)) y=(px(*top)) width=(px(side)) height=(px(side)) fill="none" stroke="currentColor"
            stroke-opacity="0.3" {}
        g class=(style.class()) color=(style.colour()) {
            @for (label, prediction, count) in confusions(counts).filter(|(.., count)| *count > 0) {
                (heat.square(name, (label, prediction), count, most))
            }
        }
        @if heat.has_labels() { (heat.numbers()) }
    };
    Panel { title, size: (left + side.max(CELL * 10.0) + 8.0, top + side + 10.0), body, series: vec![arm] }
}
