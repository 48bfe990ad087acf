//! Many ratios in few words.

use crate::case::Rivalry;
use crate::table::{PASSES, Table};

/// A cell that is slower than this is a regression of what a user had.
const TOO_SLOW: f64 = 0.9;
const NOTABLY_SLOWER: f64 = 0.98;

/// Ratios under one heading.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Geometric means: forward alone, forward with backward, all.
    pub(crate) means: [Option<f64>; 3],
    /// The slowest, and where.
    pub(crate) slowest: Option<(f64, String)>,
    /// How many cells there are, and how many of them are slower than [`TOO_SLOW`].
    pub(crate) cells: usize,
    pub(crate) too_slow: usize,
}

/// A line per table; then one for every way in which each operator is counted once, and one for everything.
pub(crate) fn lines(tables: &[Table]) -> Vec<Line> {
    let all: Vec<&Table> = tables.iter().collect();
    let mut lines: Vec<Line> = all.iter().map(|table| line(table.rivalry.title(), &[table])).collect();
    let those = |wanted: fn(Rivalry) -> bool| -> Vec<&Table> {
        all.iter().copied().filter(|table| wanted(table.rivalry)).collect()
    };
    lines.push(line("each operator once, beside Kernels::Reference", &those(Rivalry::is_reference)));
    lines.push(line("each operator once, beside its shortest composition", &those(Rivalry::is_shortest)));
    lines.push(line("all", &all));
    lines
}

fn line(name: &str, tables: &[&Table]) -> Line {
    let cells: Vec<(String, &str, f64)> = tables
        .iter()
        .flat_map(|table| {
            let place = |case| {
                if tables.len() > 1 {
                    format!("{}, {case}", table.rivalry.title())
                } else {
                    format!("{case}")
                }
            };
            table.ratios().map(move |(case, pass, ratio)| (place(case), pass, ratio))
        })
        .collect();
    let of_pass = |wanted: Option<&str>| {
        geometric_mean(
            cells.iter().filter(|(_, pass, _)| wanted.is_none_or(|name| name == *pass)).map(|cell| cell.2),
        )
    };
    let slowest = cells.iter().min_by(|left, right| left.2.total_cmp(&right.2));
    Line {
        name: name.to_owned(),
        means: [of_pass(Some(PASSES[0])), of_pass(Some(PASSES[1])), of_pass(None)],
        slowest: slowest.map(|(place, pass, ratio)| (*ratio, format!("{place}, {pass}"))),
        cells: cells.len(),
        too_slow: cells.iter().filter(|cell| cell.2 < TOO_SLOW).count(),
    }
}

/// Every cell that is slower than libtorch's by more than the clock's noise, the slowest first.
pub(crate) fn slower(tables: &[Table]) -> Vec<String> {
    let mut slower: Vec<(f64, String)> = Vec::new();
    for table in tables {
        let cells = table.ratios().filter(|(.., ratio)| *ratio < NOTABLY_SLOWER);
        slower.extend(cells.map(|(case, pass, ratio)| {
            (ratio, format!("{ratio:.2}: {}, {case}, {pass}", table.rivalry.title()))
        }));
    }
    slower.sort_by(|left, right| left.0.total_cmp(&right.0));
    slower.into_iter().map(|(_, text)| text).collect()
}

fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    let count = logarithms.len();
    (count > 0).then(|| (logarithms.iter().sum::<f64>() / count as f64).exp())
}
