//! What the arms were tuned with, and whether that changes who is better.

use super::comparisons::verdict_word;
use super::{Detail, Table, row};
use crate::analysis::ShortVerdict;
use crate::cells::{NOTHING, estimate, number, points, points_interval};
use crate::{Analysis, TuningFindings};

/// More arms do not fit side by side.
const MOST_COLUMNS: usize = 8;

/// The tables of a run that tuned; none of any other.
pub(in crate::render) fn tuning(analysis: &Analysis, detail: Detail) -> Vec<Table> {
    let Some(tuning) = &analysis.tuning else { return Vec::new() };
    let mut tables = vec![chosen(analysis, tuning)];
    tables.extend(side_by_side(analysis, tuning));
    if detail == Detail::Full && (1..=MOST_COLUMNS).contains(&tuning.tried.len()) {
        tables.push(every_setting(tuning));
    }
    tables
}

fn chosen(analysis: &Analysis, tuning: &TuningFindings) -> Table {
    let rows = tuning.tried.iter().zip(&tuning.untuned_test_error).map(|(arm, untuned)| {
        let (setting, validation) = match arm.choice(&tuning.settings) {
            Some((setting, found)) => (setting.to_string(), found.validation_error),
            None => (NOTHING.to_owned(), None),
        };
        let tuned = analysis.arm(&arm.arm).and_then(|arm| arm.test_error);
        let rest = [
            setting,
            number(validation.map(|error| 100.0 * error), 2),
            estimate(*untuned, 100.0, 2),
            estimate(tuned, 100.0, 2),
        ];
        row(&arm.arm, rest)
    });
    let header = ["arm", "chosen", "validation, %", "test before, %", "test tuned, %"];
    Table::new("Tuning", &header, rows.collect())
        .with_word_columns(2)
        .with_notes(tuning.sentences.clone())
        .with_notes([
            "Validation is the mean error over the seeds of tuning. Before is with the sweep file's settings; everything else \
             in this report is of the tuned arms, except for times and memory, which were measured with the sweep file's \
             settings."
                .to_owned(),
        ])
}

/// `None` before two arms have been compared both ways.
fn side_by_side(analysis: &Analysis, tuning: &TuningFindings) -> Option<Table> {
    let has_margin = analysis.comparisons.margin.is_some();
    let rows = tuning.pairs.iter().map(|pair| {
        let word = |short: &ShortVerdict| {
            verdict_word(&pair.first, &pair.second, short.verdict, has_margin).to_owned()
        };
        let difference = |short: &ShortVerdict| {
            format!("{} {}", points(short.difference), points_interval(short.interval))
        };
        vec![
            pair.first.clone(),
            pair.second.clone(),
            word(&pair.untuned),
            word(&pair.tuned),
            difference(&pair.untuned),
            difference(&pair.tuned),
        ]
    });
    let header = ["first", "second", "better before", "better tuned", "before, points", "tuned, points"];
    let rows: Vec<Vec<String>> = rows.collect();
    (!rows.is_empty()).then(|| {
        Table::new("All pairs, before and after tuning", &header, rows).with_word_columns(4).with_notes([
            "First minus second, in points of test error. The pairs before and those after tuning are two families, each \
             corrected by itself."
                .to_owned(),
        ])
    })
}

fn every_setting(tuning: &TuningFindings) -> Table {
    let rows = tuning.settings.iter().enumerate().map(|(place, setting)| {
        let cells = tuning.tried.iter().map(|arm| {
            let error = arm.settings.get(place).and_then(|found| found.validation_error);
            let mark = if arm.chosen == Some(place) { " *" } else { "" };
            format!("{}{mark}", number(error.map(|error| 100.0 * error), 2))
        });
        row(&setting.to_string(), cells)
    });
    let header: Vec<&str> =
        std::iter::once("setting").chain(tuning.tried.iter().map(|arm| arm.arm.as_str())).collect();
    Table::new("Validation error with every setting, %", &header, rows.collect()).with_notes([
        "The mean over the seeds of tuning, without trials that diverged. A star marks what was chosen."
            .to_owned(),
    ])
}
