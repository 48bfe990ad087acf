//! Arms at the same budget of training: as many epochs, as many steps, or as much time.
//!
//! A sweep gives every arm the same epochs. An arm whose epochs are short could have trained more of them in the time of the
//! others, and one with small batches took more steps. The records have what is needed to ask otherwise: the validation
//! error after every epoch, and the time of an epoch, measured apart. A budget is the smallest that any arm needed for all
//! its epochs; within it, a trial is judged by the epoch whose weights it would have kept.
use pool_metrics::{MeanDifference, holm};
use pool_records::{EpochRecord, TrialRecord};
use pool_spec::EarlyStopping;
use serde::Serialize;

use crate::cells::{counted, fixed, listed, percent};
use crate::figures::{LEVEL, overlap_with_shortest};
use crate::{ArmFigures, ArmResults, Estimate, OverProcesses, Run};

/// Every arm at each budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EqualBudgets {
    /// The budgets: epochs, steps where the arms' batches differ in size, and time where it was measured and may be compared.
    pub budgets: Vec<Budgeted>,
}

/// What is the same for all arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetOf {
    /// Passes over the training images.
    Epochs,
    /// Changes of the weights.
    Steps,
    /// Seconds of training.
    Time,
}

/// The arms at one budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Budgeted {
    /// What is the same.
    pub of: BudgetOf,
    /// How much of it.
    pub amount: f64,
    /// In the plan's order of arms, those without a healthy trial left out.
    pub arms: Vec<AtBudget>,
    /// Who errs least, and whom it errs less than beyond chance.
    pub sentence: String,
}

/// An arm at a budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtBudget {
    /// The arm.
    pub arm: String,
    /// Epochs that the budget pays for, at most those of the sweep.
    pub epochs: u32,
    /// Share of validation images misclassified; `None` where it pays for no epoch.
    pub validation_error: Option<Estimate>,
}

impl EqualBudgets {
    /// `None` where every budget pays for all epochs of all arms, so that there is nothing to tell apart.
    pub(super) fn of(run: &Run, figures: &[ArmFigures]) -> Option<Self> {
        let arms: Vec<Priced<'_>> =
            run.arms.iter().zip(figures).filter_map(|(arm, figures)| Priced::of(arm, figures)).collect();
        let budgets: Vec<Budgeted> = [BudgetOf::Epochs, BudgetOf::Steps, BudgetOf::Time]
            .into_iter()
            .filter_map(|of| budgeted(of, &arms, run.held_out_ratio()))
            .collect();
        let tells_apart =
            |budget: &Budgeted| budget.arms.iter().zip(&arms).any(|(at, arm)| at.epochs < arm.epochs);
        (arms.len() > 1 && budgets.iter().any(tells_apart)).then_some(Self { budgets })
    }
}

/// An arm, and what one epoch of it takes.
struct Priced<'a> {
    name: &'a str,
    trials: Vec<&'a TrialRecord>,
    epochs: u32,
    steps: f64,
    seconds: Option<OverProcesses>,
}

impl<'a> Priced<'a> {
    fn of(arm: &'a ArmResults, figures: &ArmFigures) -> Option<Self> {
        let trials: Vec<&TrialRecord> = arm.healthy().filter(|record| !record.epochs.is_empty()).collect();
        let first = trials.first()?;
        let images: u64 = first.class_images.train.iter().sum();
        let epoch_s = figures.costs.epoch_s.filter(|_| figures.costs.may_be_compared());
        Some(Self {
            name: &arm.name,
            epochs: first.spec.train.epochs,
            steps: images.div_ceil(first.spec.train.batch_size.max(1) as u64) as f64,
            seconds: epoch_s,
            trials,
        })
    }

    /// The validation error of each trial within this many epochs, with its seed.
    fn errors_within(&self, epochs: u32) -> Vec<(u64, f64)> {
        let error = |record: &&TrialRecord| {
            let kept = kept_epoch(&record.epochs, epochs, record.spec.train.early_stopping)?;
            Some((record.spec.seed, kept.validation_error))
        };
        self.trials.iter().filter_map(error).collect()
    }
}

/// The epoch whose weights a trial would have kept, had it ended after so many.
fn kept_epoch(history: &[EpochRecord], epochs: u32, rule: Option<EarlyStopping>) -> Option<&EpochRecord> {
    let mut within = history.iter().filter(|epoch| epoch.epoch <= epochs);
    match rule {
        Some(rule) if rule.restore_best => {
            let mut kept = (None, f64::INFINITY);
            for epoch in within {
                let figure = rule.watched(epoch.validation_loss, epoch.validation_error);
                if rule.improves(figure, kept.1) {
                    kept = (Some(epoch), figure);
                }
            }
            kept.0
        }
        Some(_) | None => within.next_back(),
    }
}

/// What an epoch of each arm takes of a budget; `None` where that is not known of all of them.
fn prices(of: BudgetOf, arms: &[Priced<'_>]) -> Option<Vec<f64>> {
    let prices: Vec<f64> = match of {
        BudgetOf::Epochs => vec![1.0; arms.len()],
        BudgetOf::Steps => arms.iter().map(|arm| arm.steps).collect(),
        BudgetOf::Time => {
            let times: Vec<OverProcesses> = arms.iter().map(|arm| arm.seconds).collect::<Option<_>>()?;
            let shortest = times.iter().map(|time| time.median).min_by(f64::total_cmp)?;
            // Times that cannot be told from the shortest must not cost an arm an epoch.
            let are_short = overlap_with_shortest(&times).unwrap_or_else(|| vec![false; times.len()]);
            let priced = times.iter().zip(are_short);
            priced.map(|(time, is_short)| if is_short { shortest } else { time.median }).collect()
        }
    };
    prices.iter().all(|price| *price > 0.0).then_some(prices)
}

/// `None` where an arm has no price, or where all have the same and it is not that of epochs.
fn budgeted(of: BudgetOf, arms: &[Priced<'_>], held_out_ratio: f64) -> Option<Budgeted> {
    let prices = prices(of, arms)?;
    if of == BudgetOf::Steps && prices.iter().all(|price| *price == prices[0]) {
        return None;
    }
    let amounts = arms.iter().zip(&prices).map(|(arm, price)| price * f64::from(arm.epochs));
    let amount = amounts.fold(f64::INFINITY, f64::min);
    let epochs: Vec<u32> = arms
        .iter()
        .zip(&prices)
        // What the division rounds off must not take an epoch from the arm that set the budget.
        .map(|(arm, price)| ((amount / price * (1.0 + 1e-9)) as u32).min(arm.epochs))
        .collect();
    let errors: Vec<Vec<(u64, f64)>> =
        arms.iter().zip(&epochs).map(|(arm, epochs)| arm.errors_within(*epochs)).collect();
    let at_budget = arms.iter().zip(&epochs).zip(&errors).map(|((arm, epochs), errors)| AtBudget {
        arm: arm.name.to_owned(),
        epochs: *epochs,
        validation_error: Estimate::share(
            &errors.iter().map(|(_, error)| *error).collect::<Vec<_>>(),
            held_out_ratio,
        ),
    });
    let at_budget: Vec<AtBudget> = at_budget.collect();
    let sentence = sentence(of, amount, &at_budget, &errors, held_out_ratio)?;
    Some(Budgeted { of, amount, arms: at_budget, sentence })
}

/// `None` before an arm has an error.
fn sentence(
    of: BudgetOf,
    amount: f64,
    arms: &[AtBudget],
    errors: &[Vec<(u64, f64)>],
    held_out_ratio: f64,
) -> Option<String> {
    let known = arms.iter().enumerate().filter_map(|(place, arm)| Some((place, arm.validation_error?.mean)));
    let (best, error) = known.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let what = match of {
        BudgetOf::Epochs => counted(amount.round() as usize, "epoch"),
        BudgetOf::Steps => counted(amount.round() as usize, "step"),
        BudgetOf::Time => format!("{} s of training", fixed(amount, 1)),
    };
    // Which arm errs least is seen in the same errors: only a correction for all pairs holds for its own.
    let pairs: Vec<[usize; 2]> = (0..arms.len())
        .flat_map(|first| (first + 1..arms.len()).map(move |second| [first, second]))
        .collect();
    let p_values: Vec<f64> =
        pairs.iter().map(|[a, b]| p_value(&errors[*a], &errors[*b], held_out_ratio)).collect();
    let adjusted = holm(&p_values).unwrap_or_default();
    let beyond: Vec<&str> = pairs
        .iter()
        .zip(&adjusted)
        .filter(|(pair, p_value)| pair.contains(&best) && **p_value <= 1.0 - LEVEL)
        .map(|([a, b], _)| arms[if *a == best { *b } else { *a }].arm.as_str())
        .collect();
    let than = match beyond.len() {
        0 => "no arm differs from it beyond chance".to_owned(),
        all if all + 1 == arms.len() && all > 1 => "less than every other arm beyond chance".to_owned(),
        _ => format!("less than {} beyond chance", listed(&beyond)),
    };
    Some(format!(
        "With {what}, {} errs least on the validation images, {}; {than}.",
        arms[best].arm,
        percent(error)
    ))
}

/// Of no difference, by a paired t-test over common seeds; 1 where there are fewer than two.
fn p_value(a: &[(u64, f64)], b: &[(u64, f64)], held_out_ratio: f64) -> f64 {
    let pairs = a.iter().filter_map(|(seed, error)| {
        let (_, other) = b.iter().find(|(of, _)| of == seed)?;
        Some((*error, *other))
    });
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
    MeanDifference::paired(&a, &b, held_out_ratio).map_or(1.0, |found| found.p_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(errors: &[f64]) -> Vec<EpochRecord> {
        let epoch = |(epoch, error): (u32, &f64)| EpochRecord {
            epoch,
            train_loss: 0.1,
            train_error: 0.1,
            validation_loss: 2.0 * error,
            validation_error: *error,
            train_s: 1.0,
            validation_s: 0.1,
        };
        (1..).zip(errors).map(epoch).collect()
    }

    #[test]
    fn a_trial_is_judged_by_the_epoch_that_it_would_have_kept() {
        let history = history(&[0.3, 0.1, 0.2, 0.05]);
        let best = EarlyStopping {
            monitor: pool_spec::Monitor::ValidationLoss,
            patience: 3,
            min_delta: 0.0,
            restore_best: true,
        };
        let last = EarlyStopping { restore_best: false, ..best };
        for (rule, epochs, expected, why) in [
            (Some(best), 3, Some(0.1), "the best within the budget"),
            (Some(best), 9, Some(0.05), "the best of all"),
            (Some(last), 3, Some(0.2), "the last within the budget"),
            (None, 3, Some(0.2), "the last within the budget"),
            (Some(EarlyStopping { min_delta: 0.2, ..best }), 9, Some(0.1), "0.05 improves by too little"),
            (None, 0, None, "no epoch at all"),
        ] {
            let found = kept_epoch(&history, epochs, rule).map(|epoch| epoch.validation_error);
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn seeds_are_paired_and_one_alone_tells_nothing() {
        let fast = [(1, 0.01), (2, 0.011), (3, 0.012)];
        let slow = [(3, 0.032), (2, 0.031), (1, 0.0301)];
        assert!(p_value(&fast, &slow, 0.0) < 0.001);
        assert_eq!(p_value(&fast[..1], &slow, 0.0), 1.0);
    }
}
