//! Seeds until every comparison is decided: with a launcher that trains nothing.

use std::collections::BTreeMap;

use crate::fake::{Fake, record};
use pool_metrics::{Calibration, ConfusionMatrix};
use pool_records::{Evaluation, RunDir, RunLayout, StopFlag, TestResults};
use pool_run::{
    LaunchError, LaunchRequest, Launcher, LocalExecutor, LocalOptions, SweepEvent, SweepSummary, run_sweep,
};
use pool_spec::{Plan, PlanFile, Task};
use pool_testkit::{SMALL_SWEEP, plan};

const IMAGES: usize = 2_000;

/// Three arms, and looks after 4, 8 and 12 seeds.
fn design() -> String {
    let until = "seeds = { until = { margin = 1.0, at_most = 12, looks = [4, 8] } }";
    let third = "[[arm]]\nname = \"avg\"\npool = \"avg\"\n";
    format!("{}{third}", SMALL_SWEEP.replace("seeds = [1, 2]", until))
}

/// What trials of an arm predict: so many of two thousand images wrong, from the first on, for each seed.
fn erring(
    errors: impl Fn(&str, u64) -> usize + Sync,
) -> impl Fn(&LaunchRequest<'_>, &StopFlag) -> Result<(), LaunchError> + Sync {
    move |job, _| {
        let Task::Trial(trial) = job.task else { panic!("no costs are asked for") };
        let wrong = errors(&trial.spec().arm, trial.spec().seed);
        let labels = vec![0_u16; IMAGES];
        let predictions: Vec<u16> = (0..IMAGES).map(|image| u16::from(image < wrong)).collect();
        let mut record = record(trial);
        record.test = Some(TestResults {
            evaluation: Evaluation { images: IMAGES as u64, errors: wrong as u64, loss: 0.1 },
            confusion: ConfusionMatrix::from_predictions(&labels, &predictions, 10).unwrap(),
            calibration: Calibration::from_confidences(&[0.9], &[true]).unwrap(),
            labels,
            predictions,
            hardest: Vec::new(),
            robustness: Vec::new(),
        });
        RunDir::store_record(job.folder, &record).unwrap();
        Ok(())
    }
}

fn run(plan: &Plan, dir: &RunDir, launcher: &dyn Launcher) -> (SweepSummary, Vec<(usize, u32)>) {
    let options = LocalOptions { jobs: Some(1), threads: Some(1), ..LocalOptions::default() };
    let everything = plan.select(&[]).unwrap();
    let mut looks = Vec::new();
    let mut on_event = |event: SweepEvent<'_>| {
        if let SweepEvent::Look { arms, seeds, .. } = event {
            looks.push((arms, seeds));
        }
    };
    let executor = LocalExecutor::new(launcher, options);
    let summary = run_sweep(&everything, dir, &executor, &StopFlag::new(), &mut on_event).unwrap();
    (summary, looks)
}

/// Seeds that have a record, by arm.
fn seeds(plan: &Plan, dir: &RunDir) -> BTreeMap<String, usize> {
    let mut seeds = BTreeMap::new();
    for trial in &plan.trials {
        let trained = RunDir::has_record(&dir.layout().trial(trial.id()));
        *seeds.entry(trial.spec().arm.clone()).or_default() += usize::from(trained);
    }
    seeds
}

fn of(arms: [(&str, usize); 3]) -> BTreeMap<String, usize> {
    arms.into_iter().map(|(arm, seeds)| (arm.to_owned(), seeds)).collect()
}

/// Some spread from seed to seed, the same for every arm.
fn spread(seed: u64) -> usize {
    [0, 2, 1, 3][(seed % 4) as usize]
}

#[test]
fn arms_that_are_decided_are_trained_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &design()).unwrap();
    assert_eq!(plan.trials.len(), 3 * 12, "the plan has what the sweep may come to");
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    // Plain from the first look: max errs far less than both others. Those two stay open: their difference changes its
    // sign from seed to seed.
    let errors = |arm: &str, seed: u64| match arm {
        "max" => 20 + spread(seed),
        "none" => 900 + spread(seed),
        _ => 900 + if seed.is_multiple_of(2) { 90 } else { 0 },
    };
    let fake = Fake::new(erring(errors));
    let (summary, looks) = run(&plan, &dir, &fake);
    assert_eq!(looks, [(3, 4), (2, 8), (2, 12)]);
    assert_eq!(seeds(&plan, &dir), of([("max", 4), ("none", 12), ("avg", 12)]));
    assert_eq!((summary.finished, summary.failed.len()), (28, 0));
    let stored = std::fs::read_to_string(RunLayout::new(dir.layout().root()).plan()).unwrap();
    let stored = PlanFile::from_json(&stored).unwrap();
    assert_eq!(stored.trials.len(), 28, "a report must not miss trials that nobody asked for");
    assert_eq!(stored.comparison, plan.comparison);
}

#[test]
fn a_sweep_whose_pairs_are_all_decided_ends_there_and_again_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &design()).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let errors = |arm: &str, seed: u64| {
        let wrong = match arm {
            "max" => 20,
            "avg" => 400,
            _ => 900,
        };
        wrong + spread(seed)
    };
    let (_, looks) = run(&plan, &dir, &Fake::new(erring(errors)));
    assert_eq!(looks, [(3, 4)]);
    assert_eq!(seeds(&plan, &dir), of([("max", 4), ("none", 4), ("avg", 4)]));
    let again = Fake::new(erring(errors));
    let (_, looks) = run(&plan, &dir, &again);
    assert_eq!(looks, [(3, 4)]);
    assert!(again.ran().is_empty());
}

#[test]
fn an_interrupted_design_goes_on_at_the_look_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &design()).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let errors = |_: &str, seed: u64| 100 + if seed.is_multiple_of(2) { 90 } else { 0 };
    let erring =
        erring(move |arm, seed| if arm == "max" { errors(arm, seed) } else { errors(arm, seed + 1) });
    let died = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| match job.task {
        Task::Trial(trial) if trial.spec().seed > 5 => Err(LaunchError::Died("switched off".to_owned())),
        _ => erring(job, stop),
    });
    run(&plan, &dir, &died);
    let before = seeds(&plan, &dir);
    assert_eq!(before["max"], 5);
    let fake = Fake::new(&erring);
    let (summary, _) = run(&plan, &dir, &fake);
    assert!(summary.failed.is_empty());
    assert_eq!(seeds(&plan, &dir)["max"], 12);
    assert_eq!(fake.ran().len() + before.values().sum::<usize>(), seeds(&plan, &dir).values().sum::<usize>());
}
