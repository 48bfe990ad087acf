//! What a reader must know before trusting the figures: trials that are missing, classes without images, and arms that
//! differ in more than their pooling layer.
use pool_records::{EarlierEpochs, Failure, TrialRecord, TunedArm};
use pool_spec::ClassImages;
use serde::Serialize;

use crate::cells::{counted, fixed, listed, percent, thousands};
use crate::{ArmFigures, Run};

/// Trials and measurements that left no record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absences {
    /// Tasks that failed, and records that cannot be read.
    pub failed: Vec<Failure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
    /// Arms with planned cost measurements that have not run yet.
    pub unmeasured: Vec<String>,
    /// All of this in sentences; empty if nothing is missing.
    pub sentences: Vec<String>,
}

impl Absences {
    pub(super) fn of(run: &Run) -> Self {
        Self {
            failed: run.failures.clone(),
            missing: run.missing.clone(),
            unmeasured: run.unmeasured.clone(),
            sentences: sentences(run),
        }
    }
}

/// The most arms that are named.
const MOST_ARMS: usize = 6;
/// The most failures that are listed one by one.
const MOST_FAILURES: usize = 20;

fn sentences(run: &Run) -> Vec<String> {
    let untuned = run.tuning.iter().flat_map(|tuning| &tuning.untuned).any(|arm| !arm.records.is_empty());
    let nothing =
        (run.records().next().is_none() && !untuned).then(|| "No trial of this run has finished.".to_owned());
    let set_aside = (run.set_aside > 0).then(|| {
        let verb = if run.set_aside == 1 { "is" } else { "are" };
        format!(
            "{} with the highest validation errors {verb} not shown; trials.csv has a line for every finished trial.",
            counted(run.set_aside, "arm")
        )
    });
    let paused = (!run.paused.is_empty()).then(|| {
        let best = run.paused.iter().filter_map(|trial| trial.validation_error).min_by(f64::total_cmp);
        let best = best.map_or(String::new(), |best| {
            format!("; the best of them had reached a validation error of {}", percent(best))
        });
        let trials = counted(run.paused.len(), "trial");
        format!("The search stopped {trials} early{best}. trials.csv has a line for each.")
    });
    let more = run.failures.len().saturating_sub(MOST_FAILURES);
    let more =
        (more > 0).then(|| format!("{} more failed; results.json lists all reasons.", counted(more, "task")));
    let failures = run.failures.iter().take(MOST_FAILURES).map(|Failure { id, seed, reason, .. }| {
        let what = if seed.is_some() { "Trial" } else { "The measurement" };
        format!("{what} {id} failed: {}.", reason.trim_end_matches('.'))
    });
    let missing = match run.missing.len() {
        0 => None,
        1 => Some("One trial of the plan has".to_owned()),
        count => Some(format!("{} of the plan have", counted(count, "trial"))),
    };
    let missing = missing
        .map(|trials| format!("{trials} no record yet; run the same sweep again to add what is missing."));
    let unmeasured = (!run.unmeasured.is_empty()).then(|| {
        let arms = match run.unmeasured.len() {
            few if few <= MOST_ARMS => listed(&run.unmeasured),
            many => counted(many, "arm"),
        };
        format!(
            "Time and memory of {arms} have not been measured yet, or not by all processes; run the same sweep again to \
             measure them."
        )
    });
    let first = nothing.into_iter().chain(without_a_setting(run)).chain(set_aside).chain(paused);
    first.chain(failures).chain(more).chain(missing).chain(unmeasured).collect()
}

/// The arms for which tuning has chosen nothing, and why.
fn without_a_setting(run: &Run) -> Vec<String> {
    let tried = || run.tuning.iter().flat_map(|tuning| &tuning.tried).filter(|arm| arm.chosen.is_none());
    let named = |is_wanted: fn(&TunedArm) -> bool| {
        let arms: Vec<&str> = tried().filter(|arm| is_wanted(arm)).map(|arm| arm.arm.as_str()).collect();
        (!arms.is_empty())
            .then(|| if arms.len() <= MOST_ARMS { listed(&arms) } else { counted(arms.len(), "arm") })
    };
    let what =
        "The verdict is of tuned arms; figures with the sweep file's settings are in the table on tuning.";
    let waiting = named(TunedArm::is_waiting)
        .map(|arms| format!("No setting is chosen yet for {arms}, as trials of tuning are missing. {what}"));
    let diverged = named(|arm| !arm.is_waiting()).map(|arms| {
        format!("No setting can be chosen for {arms}, as each has a trial that diverged. {what}")
    });
    waiting.into_iter().chain(diverged).collect()
}

/// More classes than this are counted rather than listed.
const MOST_CLASSES: usize = 8;
/// The cure: a stratified split puts every class with at least two images on both sides.
const CURE: &str = "In the sweep file, validation = { stratified = 0.2 } below [data] puts images of every class on \
                    both sides.";

/// The classes that training, validation or test images lack, in sentences. Empty if every class that occurs is in all
/// three.
pub fn class_gaps(images: &ClassImages) -> Vec<String> {
    let count = |part: &[u64], class: usize| part.get(class).copied().unwrap_or(0);
    let (held_out, only_tested): (Vec<usize>, Vec<usize>) =
        images.untrained().into_iter().partition(|&class| count(&images.validation, class) > 0);
    // Classes without training images are reported above.
    let unvalidated = images.unvalidated().into_iter().filter(|&class| count(&images.train, class) > 0);
    let (single, several): (Vec<usize>, Vec<usize>) =
        unvalidated.partition(|&class| count(&images.train, class) == 1);
    let curable = !held_out.is_empty() || !several.is_empty();
    let gaps = [
        (held_out, "No training image shows", "validation holds all that do, so no network can learn"),
        (only_tested, "No training image shows", "only test images do, so no network can learn"),
        (several, "No validation image shows", "early stopping and the choice of an arm ignore"),
        (
            single,
            "No validation image shows",
            "the only image is a training image, so the choice of an arm ignores",
        ),
        (images.untested(), "No test image shows", "the test error says nothing about"),
    ];
    let found = gaps.into_iter().filter(|(classes, ..)| !classes.is_empty());
    found
        .map(|(classes, lack, why)| {
            let them = if classes.len() == 1 { "it" } else { "them" };
            format!("{lack} {}: {why} {them}.", named(&classes))
        })
        .chain(curable.then(|| CURE.to_owned()))
        .collect()
}

/// `class 4`, `classes 0 and 1`, `30 classes (0, 1, 2, ...)`.
fn named(classes: &[usize]) -> String {
    let labels: Vec<String> = classes.iter().take(MOST_CLASSES).map(ToString::to_string).collect();
    match classes.len() {
        1 => format!("class {}", labels.concat()),
        2..=MOST_CLASSES => format!("classes {}", listed(&labels)),
        count => format!("{count} classes ({}, ...)", labels.join(", ")),
    }
}

/// Differences between arms other than pooling, and between trials other than the seed, in sentences.
pub(super) fn confounding(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let found = [
        unequal_sizes(arms),
        unlike_machines(arms),
        resumed_otherwise(run),
        seeds_added(run),
        tuned_again(run),
    ];
    found.into_iter().flatten().collect()
}

/// A warning if there are more seeds than an earlier report was written for, and no design that planned for it.
fn seeds_added(run: &Run) -> Option<String> {
    if !run.comparison.looks.is_empty() {
        return run.seeds.is_planned_otherwise(&run.seeds_of_reports).then(|| {
            "The design of this run was changed after a report had been written, so it was not fixed before the first \
             result: it may decide falsely more often than in one of twenty sweeps."
                .to_owned()
        });
    }
    let (arm, then, now) = run.seeds.grown_since(&run.seeds_of_reports)?;
    Some(format!(
        "Seeds were added after a report had been written: {arm} had {then}, and has {now}. The tests hold at 5 % for a \
         number of seeds that was fixed before; seeds that are added because a result was not clear make a difference \
         easier to find where there is none. seeds.until in the sweep file plans for more."
    ))
}

/// A warning if the arms were tuned otherwise when an earlier report was written.
fn tuned_again(run: &Run) -> Option<String> {
    run.seeds.is_tuned_otherwise(&run.seeds_of_reports).then(|| {
        "What the arms are tuned with was changed after a report had been written: settings that are tried until a result \
         pleases make a difference easier to find where there is none."
            .to_owned()
    })
}

/// Parameter counts within this ratio count as equal, because a pooling layer that learns adds a handful.
pub(super) const SAME_SIZE: f64 = 1.02;

/// A warning if the networks of the arms have different numbers of parameters.
fn unequal_sizes(arms: &[ArmFigures]) -> Option<String> {
    let sized = || arms.iter().filter_map(|arm| Some((arm.arm.as_str(), arm.parameters?)));
    let (Some((small, least)), Some((large, most))) = (
        sized().min_by_key(|(_, parameters)| *parameters),
        sized().max_by_key(|(_, parameters)| *parameters),
    ) else {
        return None;
    };
    let ratio = most as f64 / least.max(1) as f64;
    if ratio <= SAME_SIZE {
        return None;
    }
    Some(format!(
        "The arms differ in more than pooling: {large} has {} times the parameters of {small}, {} against {}, because \
         the pooling layer sets the size of the dense layer after it. A difference in error may come from either; \
         [control] parameters = \"match\" in the sweep file makes the parameter counts equal.",
        fixed(ratio, if ratio < 1.95 { 2 } else { 1 }),
        thousands(Some(most)),
        thousands(Some(least))
    ))
}

/// Marks the measured times of all arms as incomparable if they were taken on different machines.
pub(super) fn mark_unlike_machines(arms: &mut [ArmFigures]) {
    let unlike = machines(arms).len() > 1;
    for arm in arms {
        arm.costs.unlike_others = unlike && !arm.costs.machines.is_empty();
    }
}

/// A warning if costs were measured under different conditions: a run can be resumed on another machine.
fn unlike_machines(arms: &[ArmFigures]) -> Option<String> {
    let machines = machines(arms);
    (machines.len() > 1).then(|| {
        format!(
            "The times were measured under different conditions ({}), so they must not be compared and decide \
             nothing. To measure them again, remove the run's folder costs and run the same sweep on one machine.",
            listed(&machines)
        )
    })
}

/// The different machines on which costs were measured.
fn machines(arms: &[ArmFigures]) -> Vec<String> {
    let mut machines: Vec<String> = Vec::new();
    for machine in arms.iter().flat_map(|arm| &arm.costs.machines) {
        if !machines.contains(machine) {
            machines.push(machine.clone());
        }
    }
    machines
}

/// The most trials that are named.
const MOST_RESUMED: usize = 5;

/// A warning that names the trials that were resumed with different settings, such as another number of threads.
fn resumed_otherwise(run: &Run) -> Option<String> {
    let resumed: Vec<String> = run.records().filter_map(changes).collect();
    if resumed.is_empty() {
        return None;
    }
    let named = resumed.iter().take(MOST_RESUMED).cloned().collect::<Vec<_>>().join("; ");
    let more = resumed.len().saturating_sub(MOST_RESUMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(format!(
        "{} resumed after an interruption with different settings ({named}{more}). The last digits of such a trial may \
         differ from those of an uninterrupted one.",
        counted(resumed.len(), "trial")
    ))
}

/// `max-s1-0de0d558: 2 threads instead of 1 after epoch 3`.
fn changes(record: &TrialRecord) -> Option<String> {
    let next = record.earlier.iter().skip(1).map(|earlier| earlier.with.clone()).chain([record.ended_with()]);
    let changes = record.earlier.iter().zip(next).map(|(EarlierEpochs { until_epoch, with }, next)| {
        format!("{} after epoch {until_epoch}", next.changes_from(with).join(", "))
    });
    let changes: Vec<String> = changes.collect();
    (!changes.is_empty()).then(|| format!("{}: {}", record.id, changes.join(", then ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(train: &[u64], validation: &[u64], test: &[u64]) -> Vec<String> {
        let [train, validation, test] = [train, validation, test].map(<[u64]>::to_vec);
        class_gaps(&ClassImages { train, validation, test })
    }

    #[test]
    fn a_set_sorted_by_class_is_told_to_lack_a_class_on_either_side() {
        assert_eq!(
            told(&[20, 20, 20, 20], &[0, 0, 0, 0, 20], &[5, 5, 5, 5, 5]),
            [
                "No training image shows class 4: validation holds all that do, so no network can learn it.",
                "No validation image shows classes 0, 1, 2 and 3: early stopping and the choice of an arm ignore \
                 them.",
                CURE
            ]
        );
    }

    #[test]
    fn what_a_stratified_split_cannot_divide_has_no_cure_by_it() {
        assert_eq!(
            told(&[20, 1, 0, 9], &[5, 0, 0, 2], &[5, 1, 3]),
            [
                "No training image shows class 2: only test images do, so no network can learn it.",
                "No validation image shows class 1: the only image is a training image, so the choice of an arm \
                 ignores it.",
                "No test image shows class 3: the test error says nothing about it.",
            ]
        );
    }

    #[test]
    fn nothing_is_told_where_every_class_is_in_each_part_and_many_are_counted() {
        assert!(told(&[0, 4, 4], &[0, 1, 1], &[0, 2, 2]).is_empty(), "class 0 never occurs");
        let many = told(&[1; 30], &[1; 30], &[]);
        assert_eq!(
            many,
            [
                "No test image shows 30 classes (0, 1, 2, 3, 4, 5, 6, 7, ...): the test error says nothing about them."
            ]
        );
    }
}
