//! The tables of a report.

mod comparisons;
mod costs;
mod errors;

pub(super) use self::comparisons::{claims, p_values, pairs, published_figures};
pub(super) use self::costs::pareto;
use super::table::{Detail, Table};
use crate::Analysis;
use crate::analysis::provenance::{THREADS_OF_A_TRIAL, TRIALS_AT_ONCE};

/// How the trials shared the machine, in words.
fn how_trials_ran(analysis: &Analysis) -> String {
    let labels = [TRIALS_AT_ONCE, THREADS_OF_A_TRIAL];
    let facts = analysis.provenance.iter().filter(|(label, _)| labels.contains(label));
    facts.map(|(label, text)| format!("{label}: {text}")).collect::<Vec<_>>().join(", ")
}

/// The tables for which the page has neither a plot nor a table of its own.
pub(super) fn without_pictures(analysis: &Analysis) -> Vec<Table> {
    let arms = &analysis.arms;
    let mut tables: Vec<Table> = published_figures(analysis).into_iter().collect();
    tables.extend([errors::losses(arms, Detail::Full), errors::training(analysis)]);
    tables.extend(costs::tables(arms, Detail::Full));
    tables.extend(errors::all_changes(arms));
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
            tables.extend(errors::classes(arms));
            tables.push(errors::trials(arms));
        }
    }
    tables
}
