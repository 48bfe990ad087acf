//! The arms with as many epochs, steps and seconds of training.

use super::{Table, row};
use crate::cells::{NOTHING, estimate};
use crate::{Analysis, AtBudget, BudgetOf, Budgeted};

/// `None` where every budget pays for all epochs of all arms.
pub(in crate::render) fn equal_budgets(analysis: &Analysis) -> Option<Table> {
    let budgets = &analysis.equal_budgets.as_ref()?.budgets;
    let first = budgets.first()?;
    let cells = |budget: &Budgeted, arm: &str| {
        let found: Option<&AtBudget> = budget.arms.iter().find(|at| at.arm == arm);
        let epochs = found.map_or_else(|| NOTHING.to_owned(), |at| at.epochs.to_string());
        [epochs, estimate(found.and_then(|at| at.validation_error), 100.0, 2)]
    };
    let rows =
        first.arms.iter().map(|at| row(&at.arm, budgets.iter().flat_map(|budget| cells(budget, &at.arm))));
    let heads: Vec<[&str; 2]> = budgets.iter().map(heads).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(heads.into_iter().flatten()).collect();
    let amounts = budgets.iter().map(|budget| budget.sentence.clone());
    Some(Table::new("Validation error at equal epochs, steps and time", &header, rows.collect()).with_notes(
        std::iter::once(
            "Each budget is the smallest that any arm needs for all its epochs; time is that of training, measured apart, and \
             arms whose times cannot be told from the shortest count as equally fast. Within it, a trial is judged by the \
             epoch whose weights it would have kept. Steps are left out where all arms take as many in an epoch. A \
             difference is beyond chance by a paired t-test over seeds at 5 %, corrected for all pairs of arms (Holm, \
             1979); the chance in the validation images is not in it."
                .to_owned(),
        )
        .chain(amounts),
    ))
}

fn heads(budget: &Budgeted) -> [&'static str; 2] {
    match budget.of {
        BudgetOf::Epochs => ["epochs", "error, %"],
        BudgetOf::Steps => ["epochs, equal steps", "error, %, equal steps"],
        BudgetOf::Time => ["epochs, equal time", "error, %, equal time"],
    }
}
