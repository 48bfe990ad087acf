//! One table of times per operator.

use crate::case::{Case, Rivalry};
use crate::timing::Timing;

/// A time beside libtorch's, or why there is none.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Timed(Timing),
    Skipped(String),
}

/// One window of one shape in one layout.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: Case,
    /// Forward alone, and forward with backward.
    pub(crate) cells: [Cell; 2],
}

/// What the two cells of a row are.
pub(crate) const PASSES: [&str; 2] = ["forward", "forward and backward"];

/// One operator beside one of libtorch's.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rivalry: Rivalry,
    pub(crate) rows: Vec<Row>,
}

const HEAD: [&str; 9] = [
    "shape",
    "window",
    "layout",
    "forward, ours",
    "libtorch",
    "ratio",
    "with backward, ours",
    "libtorch",
    "ratio",
];
/// Columns of words, which begin at the left.
const WORDS: usize = 3;

impl Table {
    /// Every cell that was timed: its case, its pass and its ratio.
    pub(crate) fn ratios(&self) -> impl Iterator<Item = (&Case, &'static str, f64)> {
        self.rows.iter().flat_map(|row| {
            row.cells.iter().zip(PASSES).filter_map(|(cell, pass)| match cell {
                Cell::Timed(timing) => Some((&row.case, pass, timing.ratio())),
                Cell::Skipped(_) => None,
            })
        })
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<Vec<String>> =
            std::iter::once(HEAD.map(str::to_owned).to_vec()).chain(self.lines()).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        let mut text = format!("{}\n", self.rivalry.title());
        for line in &lines {
            for (column, (entry, width)) in line.iter().zip(&widths).enumerate() {
                text +=
                    &if column < WORDS { format!("{entry:<width$}  ") } else { format!("{entry:>width$}  ") };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text + &self.notes().map(|note| format!("{note}\n")).collect::<String>()
    }

    pub(crate) fn markdown(&self) -> String {
        let line = |entries: &[String]| format!("| {} |\n", entries.join(" | "));
        let rule: String =
            (0..HEAD.len()).map(|column| if column < WORDS { "---|" } else { "---:|" }).collect();
        let mut text = format!("## {}\n\n{}|{rule}\n", self.rivalry.title(), line(&HEAD.map(str::to_owned)));
        text.extend(self.lines().map(|entries| line(&entries)));
        text + &self.notes().map(|note| format!("\n{note}\n")).collect::<String>()
    }

    fn lines(&self) -> impl Iterator<Item = Vec<String>> {
        self.rows.iter().map(|Row { case, cells }| {
            let [n, c, h, w] = case.shape;
            let words = [format!("{n}x{c}x{h}x{w}"), case.window.to_string(), case.layout.to_string()];
            let times = cells.iter().flat_map(|cell| match cell {
                Cell::Timed(timing) => {
                    [time(timing.ours_s), time(timing.libtorch_s), format!("{:.2}", timing.ratio())]
                }
                Cell::Skipped(_) => ["-"; 3].map(str::to_owned),
            });
            words.into_iter().chain(times).collect()
        })
    }

    /// Why cells are empty.
    fn notes(&self) -> impl Iterator<Item = String> {
        self.rows.iter().filter_map(|row| match &row.cells[0] {
            Cell::Skipped(reason) => Some(format!("{}: {reason}.", row.case)),
            Cell::Timed(_) => None,
        })
    }
}

/// Three digits and a unit.
fn time(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let decimals = match number {
        n if n < 10.0 => 2,
        n if n < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.decimals$} {unit}")
}
