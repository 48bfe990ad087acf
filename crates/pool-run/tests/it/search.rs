//! Arms that are drawn, and successive halving: with a launcher that trains nothing.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

use crate::fake::{Fake, record, succeed};
use pool_records::{
    EpochRecord, ModelFacts, PausedTrial, RECORD_VERSION, RunDir, RunLayout, StopFlag, TrialRecord,
};
use pool_run::{
    LaunchError, LaunchRequest, LocalExecutor, LocalOptions, SweepEvent, SweepSummary, TaskOutcome, run_sweep,
};
use pool_spec::{Plan, PlanFile, Task};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};

const SPACE: &str = r#"
[search.space]
reduce = ["max", "avg", { lp = { p = 3.0 } }]
size = [2, 3, 4]
stride = [2, 3]
padding = ["valid", "same"]
dropout = { from = 0.0, to = 0.5 }
learning_rate = { from = 1e-4, to = 1e-2, scale = "log" }
batch_size = [50, 100]
"#;

fn searched(search: &str) -> String {
    let (settings, arms) = SMALL.split_once("[[arm]]").unwrap();
    format!("{settings}\n[search]\n{search}\n{SPACE}\n[[arm]]{arms}")
}

fn arms(plan: &Plan) -> Vec<String> {
    plan.arms().into_iter().map(str::to_owned).collect()
}

#[test]
fn the_same_file_draws_the_same_arms_and_another_seed_draws_others() {
    let folder = tempfile::tempdir().unwrap();
    let text = searched("strategy = \"random\"\ntrials = 40");
    let first = plan(folder.path(), &text).unwrap();
    assert_eq!(first.trials.len(), 40);
    assert_eq!(arms(&first)[..2], ["max", "none"], "the arms of the file take part");
    assert_eq!(arms(&plan(folder.path(), &text).unwrap()), arms(&first));
    let other = plan(folder.path(), &text.replace("trials = 40", "trials = 40\nseed = 1")).unwrap();
    assert_ne!(arms(&other), arms(&first));
    assert_eq!(arms(&other)[..2], ["max", "none"]);
}

#[test]
fn more_trials_draw_more_arms_and_change_none() {
    let folder = tempfile::tempdir().unwrap();
    let text = searched("strategy = \"random\"\ntrials = 20");
    let few = arms(&plan(folder.path(), &text).unwrap());
    let many = arms(&plan(folder.path(), &text.replace("20", "60")).unwrap());
    assert_eq!(many[..few.len()], few);
}

#[test]
fn every_drawn_arm_is_another_network_or_protocol_and_says_so_in_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &searched("strategy = \"random\"\ntrials = 60")).unwrap();
    let names: HashSet<&str> = plan.arms().into_iter().collect();
    let settings: HashSet<String> = plan
        .trials
        .iter()
        .filter(|trial| trial.spec().seed == 1)
        .map(|trial| {
            let spec = trial.spec();
            serde_json::to_string(&(&spec.model, &spec.train)).unwrap()
        })
        .collect();
    assert_eq!((names.len(), settings.len()), (30, 30), "two seeds each");
    for trial in &plan.trials[2..30] {
        let spec = trial.spec();
        assert!(spec.arm.contains(&format!("batch {}", spec.train.batch_size)), "{}", spec.arm);
        assert!(spec.arm.contains(&format!("lr {}", spec.train.learning_rate)), "{}", spec.arm);
    }
}

#[test]
fn a_space_without_so_many_different_networks_says_how_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = searched("strategy = \"random\"\ntrials = 60").replace(SPACE, "");
    let text = format!("{text}\n[search.space]\nreduce = [\"max\", \"avg\"]\nsize = [2, 3, 40]\n");
    let error = plan(folder.path(), &text).unwrap_err().to_string();
    assert!(
        error.contains("the space holds 5 different networks that fit, and the trials ask for 30"),
        "{error}"
    );
    assert!(
        error.contains("one that does not fit: arm \"") && error.contains("give fewer trials"),
        "{error}"
    );
    let with_hours = text.replace("trials = 60", "hours = 1.0");
    assert_eq!(plan(folder.path(), &with_hours).unwrap().trials.len(), 10, "hours take what there is");
}

#[test]
fn slots_say_where_and_how_often_is_pooled() {
    let folder = tempfile::tempdir().unwrap();
    let two = SMALL.replace(
        "    \"pool\",\n",
        "    \"pool\",\n    { conv2d = { filters = 4, kernel = 3 } },\n    \"pool\",\n",
    );
    let (settings, _) = two.split_once("[[arm]]").unwrap();
    let text = format!(
        "{settings}\n[search]\nstrategy = \"random\"\ntrials = 6\n[search.space]\nreduce = [\"max\"]\n\
         slots = [[1], [2], [1, 2]]\n"
    );
    let plan = plan(folder.path(), &text).unwrap();
    let mut shapes: Vec<(String, Vec<usize>)> = plan.trials[..3]
        .iter()
        .map(|trial| {
            let facts = ModelFacts::new(&trial.spec().model, &trial.spec().train).unwrap();
            (trial.spec().arm.clone(), facts.shapes.iter().map(|shape| shape[shape.len() - 1]).collect())
        })
        .collect();
    shapes.sort();
    let expected = [
        ("max 2, at 1", vec![28, 24, 12, 10, 10, 400, 4]),
        ("max 2, at 1+2", vec![28, 24, 12, 10, 5, 5, 100, 4]),
        ("max 2, at 2", vec![28, 24, 22, 11, 11, 484, 4]),
    ];
    assert_eq!(shapes, expected.map(|(arm, shape)| (arm.to_owned(), shape)));
}

/// One seed decides, two are trained in the end: 9 arms until epoch 1, 3 until epoch 3, 1 until epoch 9.
fn halved() -> String {
    searched("strategy = \"halving\"\ntrials = 10").replace("epochs = 2", "epochs = 9")
}

/// How good each arm is, whatever it is called: by its place, the last one best.
fn error_of(plan: &Plan, job: &LaunchRequest<'_>, epoch: u32) -> f64 {
    let place = plan.arms().iter().position(|arm| *arm == job.task.arm()).unwrap();
    1.0 / (1 + place) as f64 / f64::from(epoch)
}

fn epochs_of(plan: &Plan, job: &LaunchRequest<'_>, until: u32) -> Vec<EpochRecord> {
    let epoch = |epoch| EpochRecord {
        epoch,
        train_loss: 1.0,
        train_error: 0.5,
        validation_loss: 1.0,
        validation_error: error_of(plan, job, epoch),
        train_s: 900.0,
        validation_s: 0.0,
    };
    (1..=until).map(epoch).collect()
}

fn train(plan: &Plan, job: &LaunchRequest<'_>) -> Result<(), LaunchError> {
    let Task::Trial(trial) = job.task else { return succeed(job, &StopFlag::new()) };
    match job.until_epoch {
        Some(until) => {
            let epochs = epochs_of(plan, job, until);
            let paused = PausedTrial { version: RECORD_VERSION, id: trial.id().to_owned(), epochs };
            RunDir::store_paused(job.folder, &paused).unwrap();
        }
        None => {
            let record = TrialRecord { epochs: epochs_of(plan, job, 9), ..record(trial) };
            RunDir::store_record(job.folder, &record).unwrap();
        }
    }
    Ok(())
}

/// Runs the plan until it is over or `most` tasks have been started. Gives what was started, as (arm's place, seed,
/// until which epoch), the rungs, and the summary.
type Started = Vec<(usize, Option<u64>, Option<u32>)>;
fn climb(plan: &Plan, root: &Path, jobs: u32, most: usize) -> (Started, Vec<(usize, u32)>, SweepSummary) {
    let dir = RunDir::create(root, plan).unwrap();
    let started = Mutex::new(Vec::new());
    let stop = StopFlag::new();
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
        let mut started = started.lock().unwrap();
        if started.len() == most {
            stop.set();
            return Err(LaunchError::Stopped);
        }
        let place = plan.arms().iter().position(|arm| *arm == job.task.arm()).unwrap();
        started.push((place, job.task.seed(), job.until_epoch));
        train(plan, job)
    });
    let mut rungs = Vec::new();
    let options = LocalOptions { jobs: Some(jobs), ..LocalOptions::default() };
    let everything = plan.select(&[]).unwrap();
    let summary = run_sweep(&everything, &dir, &LocalExecutor::new(&fake, options), &stop, &mut |event| {
        if let SweepEvent::Rung { arms, epochs, .. } = event {
            rungs.push((arms, epochs));
        }
    })
    .unwrap();
    (started.into_inner().unwrap(), rungs, summary)
}

#[test]
fn the_best_third_goes_on_and_the_last_rung_has_every_seed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &halved()).unwrap();
    let root = folder.path().join("run");
    let (started, rungs, summary) = climb(&plan, &root, 1, usize::MAX);
    assert_eq!(rungs, [(9, 1), (3, 3), (1, 9)]);
    let first = (0..9).map(|place| (place, Some(1), Some(1)));
    let second = (6..9).map(|place| (place, Some(1), Some(3)));
    let last = [(8, Some(1), None), (8, Some(2), None)];
    assert_eq!(started, first.chain(second).chain(last).collect::<Vec<_>>());
    assert_eq!((summary.finished, summary.failed.len()), (2, 0));

    let stored = std::fs::read_to_string(root.join("plan.json")).unwrap();
    let stored: PlanFile = serde_json::from_str(&stored).unwrap();
    assert_eq!((stored.trials.len(), stored.rungs.len()), (10, 3), "9 arms, and the best one's second seed");

    let (again, _, summary) = climb(&plan, &root, 1, usize::MAX);
    assert_eq!((again.len(), summary.kept.len()), (0, 2), "the same sweep again has nothing left to do");
}

#[test]
fn a_search_that_is_interrupted_anywhere_takes_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &halved()).unwrap();
    let (whole, _, _) = climb(&plan, &folder.path().join("whole"), 1, usize::MAX);
    for most in 0..whole.len() {
        let root = folder.path().join(format!("after-{most}"));
        let (mut started, _, summary) = climb(&plan, &root, 1, most);
        assert!(summary.stopped);
        let (rest, _, summary) = climb(&plan, &root, 2, usize::MAX);
        assert!(!summary.stopped);
        started.extend(rest);
        started.sort_unstable_by_key(|&(place, seed, until)| (until.unwrap_or(9), seed, place));
        assert_eq!(started, whole, "interrupted after {most}");
    }
}

#[test]
fn an_arm_that_dies_does_not_go_on_whatever_it_had_come_to() {
    for (rung, starts) in [(1, 9 + 3 + 2), (2, 9 + 3 + 2)] {
        dies_in(rung, starts);
    }
}

fn dies_in(rung: u32, starts: usize) {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &halved()).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let best = plan.arms()[8].to_owned();
    let fake = Fake::new(|job: &LaunchRequest<'_>, _: &StopFlag| {
        if job.task.arm() == best && job.until_epoch == Some(if rung == 1 { 1 } else { 3 }) {
            return Err(LaunchError::Failed("out of luck".to_owned()));
        }
        train(&plan, job)
    });
    let everything = plan.select(&[]).unwrap();
    let team = LocalExecutor::new(&fake, LocalOptions { jobs: Some(1), ..LocalOptions::default() });
    let summary = run_sweep(&everything, &dir, &team, &StopFlag::new(), &mut |_| {}).unwrap();
    assert_eq!((summary.finished, summary.failed.len(), fake.ran().len()), (2, 1, starts), "{rung}");
    let finished = plan.trials.iter().filter(|trial| RunDir::has_record(&dir.layout().trial(trial.id())));
    assert!(finished.into_iter().all(|trial| trial.spec().arm == plan.arms()[7]), "the second best has won");
    let layout = dir.layout();
    let paused = plan.trials.iter().filter(|trial| RunLayout::paused_in(&layout.trial(trial.id())).exists());
    let expected = if rung == 1 { 7 } else { 8 };
    assert_eq!(paused.count(), expected, "what was paused stays so, and what has a record is not");
}

#[test]
fn what_is_finished_stays_in_the_plan_of_a_search_that_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    climb(&plan(folder.path(), &halved()).unwrap(), &root, 1, usize::MAX);
    let more = plan(folder.path(), &halved().replace("trials = 10", "trials = 19")).unwrap();
    let (started, _, summary) = climb(&more, &root, 1, 1);
    assert!(summary.stopped && started.len() == 1);
    let stored = std::fs::read_to_string(root.join("plan.json")).unwrap();
    let stored: PlanFile = serde_json::from_str(&stored).unwrap();
    let finals = stored.trials.iter().filter(|trial| trial.spec().seed == 2);
    assert_eq!(finals.count(), 1, "the best arm's second seed has a record");
}

#[test]
fn when_its_hours_are_used_up_a_search_starts_nothing_more_and_goes_on_with_more_of_them() {
    let folder = tempfile::tempdir().unwrap();
    // Two epochs of a quarter of an hour each: two trials make an hour.
    let text = searched("strategy = \"random\"\ntrials = 20\nhours = 5.9");
    let root = folder.path().join("run");
    let run = |text: &str| {
        let plan = plan(folder.path(), text).unwrap();
        let dir = RunDir::create(&root, &plan).unwrap();
        let fake = Fake::new(|job: &LaunchRequest<'_>, _: &StopFlag| {
            let Task::Trial(trial) = job.task else { unreachable!("no costs are measured") };
            let record = TrialRecord { epochs: epochs_of(&plan, job, 2), ..record(trial) };
            RunDir::store_record(job.folder, &record).unwrap();
            Ok(())
        });
        let everything = plan.select(&[]).unwrap();
        let team = LocalExecutor::new(&fake, LocalOptions { jobs: Some(1), ..LocalOptions::default() });
        run_sweep(&everything, &dir, &team, &StopFlag::new(), &mut |_| {}).unwrap()
    };
    let summary = run(&text);
    assert_eq!((summary.finished, summary.out_of_hours), (12, true));
    let summary = run(&text);
    assert_eq!((summary.finished, summary.kept.len(), summary.out_of_hours), (0, 12, true), "spent is spent");
    let summary = run(&text.replace("5.9", "100.0"));
    assert_eq!((summary.finished, summary.kept.len(), summary.out_of_hours), (8, 12, false));
}

#[test]
fn where_nothing_fits_the_reason_is_the_networks_and_not_the_number_of_trials() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _) = SMALL.split_once("[[arm]]").unwrap();
    let search =
        "[search]\nstrategy = \"random\"\ntrials = 4\n[search.space]\nreduce = [\"max\"]\nsize = [50]\n";
    let error = plan(folder.path(), &format!("{settings}{search}")).unwrap_err().to_string();
    assert!(error.contains("arm \"max 50\": ") && !error.contains("fewer trials"), "{error}");
    let line = settings.lines().count() + 4;
    assert!(error.contains(&format!("sweep.toml:{line}: ")), "{error}");
}

/// Runs a search, and gives every count that a person is shown: tasks that have come to their end, of how many.
fn counts(
    plan: &Plan,
    root: &Path,
    launch: impl Fn(&LaunchRequest<'_>, &StopFlag) -> Result<(), LaunchError> + Sync,
) -> Vec<(usize, usize)> {
    let dir = RunDir::create(root, plan).unwrap();
    let stop = StopFlag::new();
    let fake = Fake::new(|job: &LaunchRequest<'_>, _: &StopFlag| launch(job, &stop));
    let everything = plan.select(&[]).unwrap();
    let team = LocalExecutor::new(&fake, LocalOptions { jobs: Some(1), ..LocalOptions::default() });
    let mut shown: Vec<(usize, usize)> = Vec::new();
    run_sweep(&everything, &dir, &team, &stop, &mut |event| match event {
        SweepEvent::Stage { done, all } => shown.push((done, all)),
        SweepEvent::Ended(_, TaskOutcome::Stopped) => {}
        SweepEvent::Ended(..) => {
            let (done, all) = *shown.last().unwrap();
            shown.push((done + 1, all));
        }
        SweepEvent::Planned { trials, measurements, finished } => {
            assert!(finished <= trials + measurements, "{finished} of {trials} + {measurements}");
        }
        _ => {}
    })
    .unwrap();
    shown
}

#[test]
fn no_count_of_a_search_exceeds_its_total_and_the_last_one_reaches_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &halved()).unwrap();
    let of_rung = |job: &LaunchRequest<'_>, rung: u32| job.until_epoch == Some(rung);
    let place = |job: &LaunchRequest<'_>| plan.arms().iter().position(|arm| *arm == job.task.arm()).unwrap();
    // A trial that ends for good within a rung leaves its record, as one does that diverges or stops early.
    let ends = |job: &LaunchRequest<'_>| {
        let Task::Trial(trial) = job.task else { unreachable!("no costs are measured") };
        RunDir::store_record(job.folder, &TrialRecord { epochs: epochs_of(&plan, job, 1), ..record(trial) })
            .unwrap();
        Ok(())
    };
    let dies = |_: &LaunchRequest<'_>| Err(LaunchError::Failed("out of luck".to_owned()));
    // Nine arms, three of them, and two seeds of one.
    let all = 9 + 3 + 2;

    let whole = counts(&plan, &folder.path().join("whole"), |job, _| train(&plan, job));
    assert_eq!(whole.first(), Some(&(0, all)));
    assert_eq!(whole.last(), Some(&(all, all)));

    let ended_early = counts(&plan, &folder.path().join("ended early"), |job, _| {
        if of_rung(job, 1) && place(job) > 4 { ends(job) } else { train(&plan, job) }
    });
    let died = counts(&plan, &folder.path().join("died"), |job, _| {
        if of_rung(job, 1) && place(job) > 0 { dies(job) } else { train(&plan, job) }
    });
    assert_eq!(died.last(), Some(&(9 + 1 + 2, 9 + 1 + 2)), "one arm is left for the second rung");

    let root = folder.path().join("interrupted");
    let interrupted = counts(&plan, &root, |job, stop| {
        if of_rung(job, 3) && place(job) == 7 {
            stop.set();
            return Err(LaunchError::Stopped);
        }
        train(&plan, job)
    });
    let resumed = counts(&plan, &root, |job, _| train(&plan, job));
    assert_eq!(resumed.first(), Some(&(9, all)), "the first rung is behind it");
    assert_eq!(resumed.last(), Some(&(all, all)));

    for shown in [&whole, &ended_early, &died, &interrupted, &resumed] {
        assert!(shown.iter().all(|(done, all)| done <= all), "{shown:?}");
        assert!(shown.is_sorted_by_key(|(done, _)| *done), "{shown:?}");
    }
    for shown in [&ended_early, &died] {
        let (done, all) = shown.last().unwrap();
        assert_eq!(done, all, "{shown:?}");
    }
}
