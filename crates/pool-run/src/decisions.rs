//! Which arms a design is not done with.

use std::collections::{HashMap, HashSet};

use pool_metrics::{ArmPair, FamilyRules, Verdict, compare_family};
use pool_records::{RunDir, TaskState, TestedArms, TrialRecord};
use pool_spec::{Selection, Task};

use crate::ScheduleError;

/// What the trials of one arm have left so far.
#[derive(Default)]
struct ArmSoFar {
    records: Vec<TrialRecord>,
    /// Seeds whose trial has come to an end, with a record or without.
    ended: HashSet<u64>,
}

/// The arms with a comparison that no look so far has decided.
///
/// # Errors
/// A record that cannot be read, or predictions that cannot be compared.
pub(crate) fn undecided_arms<'p>(
    selection: &Selection<'p>,
    dir: &RunDir,
) -> Result<HashSet<&'p str>, ScheduleError> {
    let plan = selection.plan;
    let mut arms: Vec<(&'p str, ArmSoFar)> =
        selection.one_per_arm().into_iter().map(|trial| (&*trial.spec().arm, ArmSoFar::default())).collect();
    for &trial in &selection.trials {
        let Some((_, arm)) = arms.iter_mut().find(|(arm, _)| *arm == trial.spec().arm) else { continue };
        let task = Task::Trial(trial);
        match dir.state::<TrialRecord>(task)? {
            TaskState::Finished(record) => arm.records.push(*record),
            TaskState::Failed(_) => {}
            TaskState::Unusable(_) | TaskState::Paused(_) | TaskState::Begun | TaskState::Waiting => continue,
        }
        arm.ended.insert(trial.spec().seed);
    }
    let looks: HashMap<&str, usize> = arms
        .iter()
        .map(|(arm, so_far)| (*arm, plan.comparison.looks_done(|seed| so_far.ended.contains(&seed))))
        .collect();
    let Some(tested) = TestedArms::of(arms.iter().map(|(arm, so_far)| (*arm, so_far.records.as_slice())))
    else {
        // Not one trial has a result: more seeds would have none either.
        return Ok(HashSet::new());
    };
    let (pairs, apart): (Vec<_>, Vec<_>) =
        tested.pairs(|arm| looks[arm]).into_iter().partition(|(_, pair)| !pair.common_seeds().is_empty());
    let (names, pairs): (Vec<[&str; 2]>, Vec<ArmPair<'_>>) = pairs.into_iter().unzip();
    let rules = FamilyRules::planned(&plan.comparison, plan.arms().len(), tested.held_out_ratio);
    let found = compare_family(tested.labels, &pairs, &rules)?;
    let is_open = |verdict: Verdict| matches!(verdict, Verdict::Open | Verdict::OneSeed);
    let open =
        names.into_iter().zip(&found).filter(|(_, found)| is_open(found.verdict)).map(|(arms, _)| arms);
    let open: HashSet<&str> = open.chain(apart.into_iter().map(|(arms, _)| arms)).flatten().collect();
    Ok(arms.iter().map(|(arm, _)| *arm).filter(|arm| open.contains(arm)).collect())
}
