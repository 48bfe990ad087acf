//! Places of the arms, and their trials one by one.

use pool_metrics::TrialStatus;

use super::{Table, row};
use crate::cells::{NOTHING, listed, mebibytes, number, points, points_interval, thousands};
use crate::{ArmFigures, Objective, ParetoFront, Proportion};

/// Which arms are on the Pareto front, and what dominates the others; none with a single arm.
pub(crate) fn pareto(front: &ParetoFront) -> Option<Table> {
    if front.arms.len() < 2 {
        return None;
    }
    let rows = front.arms.iter().map(|arm| {
        let place = match arm.dominated_by.as_slice() {
            [] => "on it".to_owned(),
            [some @ .., _] if some.len() > 2 => format!("beaten by {} arms", arm.dominated_by.len()),
            some => format!("beaten by {}", listed(some)),
        };
        let values =
            front.objectives.iter().zip(&arm.values).map(|(objective, value)| shown(*objective, *value));
        vec![arm.arm.clone(), place].into_iter().chain(values).collect()
    });
    let columns = front.objectives.iter().map(|objective| heading(*objective));
    let header: Vec<&str> = ["arm", "Pareto front"].into_iter().chain(columns).collect();
    let unmeasured: Vec<&str> = front.unmeasured.iter().map(|objective| objective.title()).collect();
    let without = (!unmeasured.is_empty())
        .then(|| format!("Without {}, which not every arm has, or may be compared by.", listed(&unmeasured)));
    Some(
        Table::new("Pareto front", &header, rows.collect())
            .with_word_columns(2)
            .with_notes([
                "An arm is beaten by one that is as good on every count here and better on one. Values count as \
                 measured: a difference within the noise can put an arm on the front, or off it."
                    .to_owned(),
            ])
            .with_notes(without),
    )
}

fn heading(objective: Objective) -> &'static str {
    match objective {
        Objective::TestError => "test error, %",
        Objective::Parameters => "parameters",
        Objective::EpochTime => "one epoch, s",
        Objective::Latency => "latency, ms",
        Objective::TrainingPeak => "memory, MiB",
    }
}

fn shown(objective: Objective, value: f64) -> String {
    match objective {
        Objective::TestError => points(value),
        Objective::Parameters => thousands(Some(value as u64)),
        Objective::EpochTime => number(Some(value), 2),
        Objective::Latency => number(Some(1000.0 * value), 2),
        Objective::TrainingPeak => mebibytes(Some(value)),
    }
}

/// Every trial, with Wilson's interval for what other images could make of it.
pub(crate) fn trials(arms: &[ArmFigures]) -> Table {
    let share = |part: Option<Proportion>| {
        part.map_or_else(
            || NOTHING.to_owned(),
            |part| {
                let interval = part
                    .interval
                    .map_or_else(String::new, |interval| format!(" {}", points_interval(interval)));
                format!("{}{interval}", points(part.share))
            },
        )
    };
    let rows = arms.iter().flat_map(|arm| {
        arm.trials.iter().map(move |trial| {
            let rest = [
                trial.seed.to_string(),
                ended(trial.status).to_owned(),
                trial.epochs.to_string(),
                share(trial.test_error),
                share(trial.validation_error),
            ];
            row(&arm.arm, rest)
        })
    });
    let header = ["arm", "seed", "ended", "epochs", "test error, %", "validation error, %"];
    Table::new("Every trial", &header, rows.collect()).with_notes([
        "Each interval is Wilson's, at 95 %: how far other images could move the error of this one network."
            .to_owned(),
    ])
}

fn ended(status: TrialStatus) -> &'static str {
    match status {
        TrialStatus::Finished => "finished",
        TrialStatus::StoppedEarly => "stopped early",
        TrialStatus::Diverged => "diverged",
    }
}
