//! The tables of a report.

mod arms;
mod claims;
mod comparisons;
mod costs;
mod errors;
mod published;
mod robustness;

pub(super) use self::arms::{pareto, trials};
pub(super) use self::claims::claims;
pub(super) use self::comparisons::{p_values, pairs};
pub(super) use self::published::beside_the_published;
use super::document::Detail;
pub(super) use super::table::{Table, row};
use crate::Analysis;
use crate::analysis::provenance::{THREADS_OF_A_TRIAL, TRIALS_AT_ONCE};

/// How the trials shared the machine.
fn as_they_ran(analysis: &Analysis) -> String {
    let labels = [TRIALS_AT_ONCE, THREADS_OF_A_TRIAL];
    let facts = analysis.provenance.iter().filter(|(label, _)| labels.contains(label));
    facts.map(|(label, text)| format!("{label} {text}")).collect::<Vec<_>>().join(", ")
}

/// Those for which the page has neither a picture nor a table of its own.
pub(super) fn without_pictures(analysis: &Analysis) -> Vec<Table> {
    let arms = &analysis.arms;
    let mut tables: Vec<Table> = beside_the_published(analysis).into_iter().collect();
    tables.extend([errors::losses(arms, Detail::Full), errors::training(analysis)]);
    tables.extend(costs::tables(arms, Detail::Full));
    tables.extend(robustness::every(arms));
    tables.extend(pareto(&analysis.pareto));
    tables
}

/// Every table with a row per arm, in reading order.
pub(super) fn of_arms(analysis: &Analysis, detail: Detail) -> Vec<Table> {
    let arms = &analysis.arms;
    let mut tables = vec![errors::errors(analysis), errors::losses(arms, detail), errors::training(analysis)];
    tables.extend(costs::tables(arms, detail));
    match detail {
        Detail::Brief => tables.extend(robustness::smallest(arms)),
        Detail::Full => {
            tables.extend(robustness::every(arms));
            tables.extend(errors::classes(arms));
            tables.push(trials(arms));
        }
    }
    tables
}
