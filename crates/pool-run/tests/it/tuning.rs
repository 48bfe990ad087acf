//! Tuning, and what is trained after it: with a launcher that trains nothing.

use std::collections::BTreeSet;

use crate::fake::{Fake, record};
use pool_records::{Evaluation, RunDir, RunLayout, StopFlag};
use pool_run::{
    LaunchError, LaunchRequest, LocalExecutor, LocalOptions, SweepEvent, SweepSummary, run_sweep,
};
use pool_spec::{Plan, PlanFile, Task, TrialSpec, Tuning};
use pool_testkit::{SMALL_SWEEP, plan};

/// The sweep file's own learning rate, 0.001, is one of the three.
fn tuned() -> String {
    format!("{SMALL_SWEEP}\n[tune]\nlearning_rate = [0.0003, 0.001, 0.003]\nseeds = 2\n")
}

/// Trains `max` best with 0.003, and `none` with the sweep file's 0.001.
fn trains(spec: &TrialSpec) -> Evaluation {
    let best = if spec.arm == "max" { 0.003 } else { 0.001 };
    let errors = if spec.train.learning_rate == best { 10 } else { 20 };
    Evaluation { images: 1_000, errors: errors + spec.seed % 2, loss: 0.1 }
}

type Started = BTreeSet<(String, String, u64)>;

/// Arm, learning rate and seed of every trial that was started, in two sets: before and after the settings were chosen.
fn run(
    plan: &Plan,
    dir: &RunDir,
    behaviour: impl Fn(&TrialSpec) -> Result<(), LaunchError> + Sync,
) -> (SweepSummary, [Started; 2]) {
    let fake = Fake::new(|job: &LaunchRequest<'_>, _: &StopFlag| {
        let Task::Trial(trial) = job.task else { panic!("no costs are asked for") };
        behaviour(trial.spec())?;
        let mut record = record(trial);
        record.validation = Some(trains(trial.spec()));
        RunDir::store_record(job.folder, &record).unwrap();
        Ok(())
    });
    let options = LocalOptions { jobs: Some(1), threads: Some(1), ..LocalOptions::default() };
    let executor = LocalExecutor::new(&fake, options);
    let mut started = [Started::new(), Started::new()];
    let mut is_tuned = false;
    let mut on_event = |event: SweepEvent<'_>| match event {
        SweepEvent::Tuned { .. } => is_tuned = true,
        SweepEvent::Started(Task::Trial(trial)) => {
            let TrialSpec { arm, train, seed, .. } = trial.spec();
            started[usize::from(is_tuned)].insert((arm.clone(), train.learning_rate.to_string(), *seed));
        }
        _ => {}
    };
    let everything = plan.select(&[]).unwrap();
    let summary = run_sweep(&everything, dir, &executor, &StopFlag::new(), &mut on_event).unwrap();
    (summary, started)
}

fn stored(dir: &RunDir) -> Tuning {
    let text = std::fs::read_to_string(RunLayout::new(dir.layout().root()).plan()).unwrap();
    PlanFile::from_json(&text).unwrap().tuning.unwrap()
}

#[test]
fn every_arm_is_tried_with_the_same_settings_and_trained_anew_with_its_best() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &tuned()).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let (summary, [tuning, study]) = run(&plan, &dir, |_| Ok(()));
    let mut all = Started::new();
    for arm in ["max", "none"] {
        for rate in ["0.0003", "0.001", "0.003"] {
            all.extend([1_000_001, 1_000_002].map(|seed| (arm.to_owned(), rate.to_owned(), seed)));
        }
    }
    assert_eq!(tuning, all);
    let expected = [("max", "0.001"), ("max", "0.003"), ("none", "0.001")];
    let with_seeds = expected.iter().flat_map(|(arm, rate)| [1, 2].map(|seed| (*arm, *rate, seed)));
    let with_seeds: Started =
        with_seeds.map(|(arm, rate, seed)| (arm.to_owned(), rate.to_owned(), seed)).collect();
    assert_eq!(study, with_seeds, "an arm whose best setting is the sweep file's is trained once");
    assert_eq!((summary.finished, summary.failed.len()), (12 + 6, 0));
    let stored = stored(&dir);
    assert_eq!((stored.trials.len(), stored.tuned.len()), (12, 2));
    let (again, started) = run(&plan, &dir, |_| Ok(()));
    assert_eq!(started, [Started::new(), Started::new()]);
    assert_eq!((again.kept.len(), again.finished), (18, 0));
}

#[test]
fn an_arm_with_a_trial_of_tuning_that_died_waits_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &tuned()).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let dies = |spec: &TrialSpec| match spec {
        TrialSpec { seed: 1_000_002, arm, .. } if arm == "max" => {
            Err(LaunchError::Failed("out of luck".to_owned()))
        }
        _ => Ok(()),
    };
    let (summary, [_, study]) = run(&plan, &dir, dies);
    assert_eq!(summary.failed.len(), 3);
    assert!(!study.iter().any(|(arm, rate, _)| arm == "max" && rate != "0.001"), "{study:?}");
    let (summary, [tuning, study]) = run(&plan, &dir, |_| Ok(()));
    assert_eq!((tuning.len(), summary.failed.len()), (3, 0));
    assert_eq!(study.len(), 2, "now max has its setting");
}
