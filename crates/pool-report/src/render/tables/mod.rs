//! The tables of a report, before they become terminal text, Markdown, LaTeX or HTML.

mod budgets;
mod comparisons;
mod costs;
mod errors;
mod tuning;

pub(super) use self::budgets::equal_budgets;
pub(super) use self::comparisons::{claims, p_values, pairs, reported_figures};
pub(super) use self::costs::pareto;
pub(super) use self::tuning::tuning;
use crate::Analysis;
use crate::analysis::provenance::{THREADS_OF_A_TRIAL, TRIALS_AT_ONCE};

/// A table of text: one header, then rows of as many cells.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) header: Vec<String>,
    /// The number of leading columns that hold words; the others hold figures.
    pub(super) word_columns: usize,
    pub(super) rows: Vec<Vec<String>>,
    /// What a reader must know to understand it, in full sentences.
    pub(super) notes: Vec<String>,
}

impl Table {
    /// One column of words, the others figures.
    pub(super) fn new(title: impl Into<String>, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            title: title.into(),
            header: header.iter().map(|&cell| cell.to_owned()).collect(),
            word_columns: 1,
            rows,
            notes: Vec::new(),
        }
    }

    pub(super) fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(super) fn with_word_columns(mut self, word_columns: usize) -> Self {
        self.word_columns = word_columns;
        self
    }
}

/// A row with this first cell.
pub(super) fn row(first: &str, rest: impl IntoIterator<Item = String>) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

/// How much of a report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What a person reads after a sweep.
    Brief,
    /// Everything.
    Full,
}

/// How the trials shared the machine, in words.
fn how_trials_ran(analysis: &Analysis) -> String {
    let labels = [TRIALS_AT_ONCE, THREADS_OF_A_TRIAL];
    let facts = analysis.provenance.iter().filter(|(label, _)| labels.contains(label));
    facts.map(|(label, text)| format!("{label}: {text}")).collect::<Vec<_>>().join(", ")
}

/// The tables for which the page has neither a plot nor a table of its own.
pub(super) fn without_pictures(analysis: &Analysis) -> Vec<Table> {
    let arms = &analysis.arms;
    let mut tables: Vec<Table> = reported_figures(analysis).into_iter().collect();
    tables.extend([errors::losses(arms, Detail::Full), errors::training(analysis)]);
    tables.extend(costs::tables(arms, Detail::Full));
    tables.extend(errors::all_changes(arms));
    tables.extend(equal_budgets(analysis));
    tables.extend(pareto(&analysis.pareto));
    tables
}

/// Every table with a row per arm, in reading order.
pub(super) fn of_arms(analysis: &Analysis, detail: Detail) -> Vec<Table> {
    let arms = &analysis.arms;
    let mut tables = vec![errors::errors(analysis), errors::losses(arms, detail), errors::training(analysis)];
    tables.extend(costs::tables(arms, detail));
    match detail {
        Detail::Brief => tables.extend(errors::small_changes(arms)),
        Detail::Full => {
            tables.extend(errors::all_changes(arms));
            tables.extend(errors::classes(arms, &analysis.class_names));
            tables.push(errors::trials(arms));
        }
    }
    tables
}
