//! What runs, in which order, and what becomes of the rest: with a launcher that trains nothing.

use std::collections::HashSet;
use std::fs;
use std::sync::Mutex;

use crate::fake::{Fake, record, succeed};
use pool_records::{RunDir, RunLayout, StopFlag};
use pool_run::{LaunchError, LaunchRequest, Launcher, LocalExecutor, LocalOptions, SweepSummary, run_sweep};
use pool_spec::{Plan, Task};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};

fn run(plan: &Plan, dir: &RunDir, launcher: &dyn Launcher, jobs: u32, stop: &StopFlag) -> SweepSummary {
    let options = LocalOptions { jobs: Some(jobs), threads: Some(1), ..LocalOptions::default() };
    let everything = plan.select(&[]).unwrap();
    run_sweep(&everything, dir, &LocalExecutor::new(launcher, options), stop, &mut |_| {}).unwrap()
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.trials.iter().map(|trial| trial.id().to_owned()).collect()
}

#[test]
fn trials_run_seed_by_seed_so_that_all_arms_have_been_compared_when_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let order: Vec<(&str, u64)> =
        plan.trials.iter().map(|trial| (trial.spec().arm.as_str(), trial.spec().seed)).collect();
    assert_eq!(order, [("max", 1), ("none", 1), ("max", 2), ("none", 2)]);
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let fake = Fake::new(succeed);
    let summary = run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert_eq!(fake.ran(), ids(&plan));
    assert_eq!((summary.finished, summary.kept.len(), summary.failed.len()), (4, 0, 0));
}

#[test]
fn the_same_sweep_again_runs_nothing_that_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    RunDir::store_record(&dir.prepare(Task::Trial(&plan.trials[1])).unwrap(), &record(&plan.trials[1]))
        .unwrap();
    let fake = Fake::new(succeed);
    let summary = run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert_eq!((summary.finished, summary.kept.len()), (3, 1));
    assert!(!fake.ran().contains(&plan.trials[1].id().to_owned()));
    let again = Fake::new(succeed);
    run(&plan, &dir, &again, 1, &StopFlag::new());
    assert!(again.ran().is_empty());
}

#[test]
fn a_changed_setting_is_a_new_trial_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let before = plan(folder.path(), SMALL).unwrap();
    let root = folder.path().join("run");
    let dir = RunDir::create(&root, &before).unwrap();
    run(&before, &dir, &Fake::new(succeed), 1, &StopFlag::new());
    drop(dir);
    let after = plan(folder.path(), &SMALL.replace("epochs = 2", "epochs = 3")).unwrap();
    let dir = RunDir::create(&root, &after).unwrap();
    let fake = Fake::new(succeed);
    run(&after, &dir, &fake, 1, &StopFlag::new());
    assert_eq!(fake.ran().len(), 4);
    let all: HashSet<String> = ids(&before).into_iter().chain(ids(&after)).collect();
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|id| RunDir::has_record(&dir.layout().trial(id))));
}

#[test]
fn a_trial_that_dies_is_noted_with_its_reason_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let victim = plan.trials[0].id().to_owned();
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
        if job.task.id() == victim {
            Err(LaunchError::Died("out of luck".to_owned()))
        } else {
            succeed(job, stop)
        }
    });
    let summary = run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert_eq!(summary.finished, 3);
    assert_eq!((summary.failed[0].id.as_str(), summary.failed[0].reason.as_str()), (&*victim, "out of luck"));
    let stored = fs::read_to_string(RunLayout::failure_in(&dir.layout().trial(&victim))).unwrap();
    assert!(stored.contains("out of luck"));

    run(&plan, &dir, &Fake::new(succeed), 1, &StopFlag::new());
    assert!(
        !RunLayout::failure_in(&dir.layout().trial(&victim)).exists(),
        "a trial that works in the end has not failed"
    );
}

#[test]
fn a_process_that_claims_success_without_a_record_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let summary =
        run(&plan, &dir, &Fake::new(|_: &LaunchRequest<'_>, _: &StopFlag| Ok(())), 1, &StopFlag::new());
    assert_eq!(summary.failed.len(), 4);
    assert_eq!(summary.failed[0].reason, "the process ended without a record");
}

#[test]
fn a_record_that_cannot_be_read_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    run(&plan, &dir, &Fake::new(succeed), 1, &StopFlag::new());
    let torn = plan.trials[2].id();
    let whole = fs::read_to_string(RunLayout::record_in(&dir.layout().trial(torn))).unwrap();
    fs::write(RunLayout::record_in(&dir.layout().trial(torn)), &whole[..whole.len() / 2]).unwrap();
    let fake = Fake::new(succeed);
    run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert_eq!(fake.ran(), [torn]);
    let made_again = fs::read_to_string(RunLayout::record_in(&dir.layout().trial(torn))).unwrap();
    assert_eq!(made_again, whole);
}

#[test]
fn of_what_an_interrupted_attempt_left_only_the_checkpoint_stays() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let trial = &plan.trials[0];
    let attempt = dir.prepare(Task::Trial(trial)).unwrap();
    fs::write(attempt.join(".partial-x"), "half a record").unwrap();
    fs::create_dir(attempt.join("tensorboard")).unwrap();
    fs::create_dir(attempt.join("checkpoint")).unwrap();
    let again = dir.prepare(Task::Trial(trial)).unwrap();
    let mut names: Vec<_> = fs::read_dir(again).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".lock", "checkpoint", "spec.json"], "the next attempt goes on from the checkpoint");
}

#[test]
fn after_a_request_to_stop_nothing_more_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
        if job.task.id() == plan.trials[1].id() {
            stop.set();
            return Err(LaunchError::Stopped);
        }
        succeed(job, stop)
    });
    let summary = run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert!(summary.stopped);
    assert_eq!((fake.ran().len(), summary.finished, summary.failed.len()), (2, 1, 0));
}

#[test]
fn several_jobs_run_every_trial_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &SMALL.replace("[1, 2]", "[1, 2, 3, 4, 5, 6]")).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let fake = Fake::new(succeed);
    let summary = run(&plan, &dir, &fake, 4, &StopFlag::new());
    assert_eq!(summary.finished, 12);
    let ran = fake.ran();
    assert_eq!((ran.len(), ran.iter().collect::<HashSet<_>>().len()), (12, 12));
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let taken = folder.path().join("photos");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("cat.png"), "").unwrap();
    let error = RunDir::create(&taken, &plan).unwrap_err().to_string();
    assert!(
        error.ends_with("photos exists and is no run directory; choose another folder with --out"),
        "{error}"
    );
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);
}

#[test]
fn files_that_only_look_like_a_runs_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    for (name, text) in [("sweep.toml", "study = \"mine\""), ("plan.json", "{\"terraform\": true}")] {
        let taken = folder.path().join(name.replace('.', "-"));
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join(name), text).unwrap();
        let error = RunDir::create(&taken, &plan).unwrap_err().to_string();
        assert!(error.contains("is no run directory"), "{name}: {error}");
        assert_eq!(fs::read_to_string(taken.join(name)).unwrap(), text);
    }
}

#[test]
fn a_torn_plan_beside_trials_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let root = folder.path().join("run");
    let dir = RunDir::create(&root, &plan).unwrap();
    run(&plan, &dir, &Fake::new(succeed), 1, &StopFlag::new());
    drop(dir);
    let whole = fs::read_to_string(root.join("plan.json")).unwrap();
    fs::write(root.join("plan.json"), &whole[..whole.len() / 2]).unwrap();
    let dir = RunDir::create(&root, &plan).unwrap();
    assert_eq!(fs::read_to_string(root.join("plan.json")).unwrap(), whole);
    assert!(
        plan.trials.iter().all(|trial| RunDir::has_record(&dir.layout().trial(trial.id()))),
        "nothing is lost"
    );
}

#[test]
fn a_run_directory_belongs_to_one_sweep_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let root = folder.path().join("run");
    let first = RunDir::create(&root, &plan).unwrap();
    let error = RunDir::create(&root, &plan).unwrap_err().to_string();
    assert!(error.starts_with("another sweep is running in"), "{error}");
    drop(first);
    RunDir::create(&root, &plan).unwrap();
}

#[test]
fn a_record_of_another_version_is_neither_used_nor_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    run(&plan, &dir, &Fake::new(succeed), 1, &StopFlag::new());
    let path = RunLayout::record_in(&dir.layout().trial(plan.trials[0].id()));
    let newer = fs::read_to_string(&path).unwrap().replace("\"version\":3", "\"version\":4");
    fs::write(&path, &newer).unwrap();
    let fake = Fake::new(succeed);
    let everything = plan.select(&[]).unwrap();
    let team = LocalExecutor::new(&fake, LocalOptions::default());
    let error = run_sweep(&everything, &dir, &team, &StopFlag::new(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("record format 4") && error.contains("move its folder away"), "{error}");
    assert!(fake.ran().is_empty());
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[test]
fn fewer_trials_than_jobs_share_all_threads() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &SMALL.replace("[1, 2]", "[1]")).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let seen = Mutex::new(Vec::new());
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
        seen.lock().unwrap().push((job.jobs, job.threads));
        succeed(job, stop)
    });
    let one = plan.select(&["max".to_owned()]).unwrap();
    let team = LocalExecutor::new(&fake, LocalOptions { jobs: Some(64), ..LocalOptions::default() });
    run_sweep(&one, &dir, &team, &StopFlag::new(), &mut |_| {}).unwrap();
    let processors = std::thread::available_parallelism().unwrap().get() as u32;
    assert_eq!(*seen.lock().unwrap(), [(1, processors)]);
}

/// The sweep of the other tests, with its arms' costs from two processes each.
fn plan_with_costs(folder: &std::path::Path) -> Plan {
    let plan = plan(folder, &SMALL.replace("epochs = 0", "epochs = 1\nprocesses = 2")).unwrap();
    let turns: Vec<(u32, &str)> =
        plan.measurements.iter().map(|costs| (costs.spec().process, costs.spec().arm.as_str())).collect();
    assert_eq!(turns, [(1, "max"), (1, "none"), (2, "max"), (2, "none")], "the arms by turns");
    plan
}

#[test]
fn costs_are_measured_after_all_trials_one_arm_at_a_time_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan_with_costs(folder.path());
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let shares = Mutex::new(Vec::new());
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
        shares.lock().unwrap().push((matches!(job.task, Task::Costs(_)), job.jobs));
        succeed(job, stop)
    });
    let summary = run(&plan, &dir, &fake, 2, &StopFlag::new());
    assert_eq!((summary.finished, summary.measured), (4, 4));
    let expected = [[(false, 2); 4].as_slice(), &[(true, 1); 4]].concat();
    assert_eq!(*shares.lock().unwrap(), expected);

    let again = Fake::new(succeed);
    let summary = run(&plan, &dir, &again, 2, &StopFlag::new());
    assert_eq!((again.ran().len(), summary.measured), (0, 0));
}

#[test]
fn a_measurement_that_dies_is_noted_and_measured_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan_with_costs(folder.path());
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| match job.task {
        Task::Costs(_) => Err(LaunchError::Died("out of luck".to_owned())),
        Task::Trial(_) => succeed(job, stop),
    });
    let summary = run(&plan, &dir, &fake, 1, &StopFlag::new());
    assert_eq!((summary.finished, summary.failed.len()), (4, 4));
    assert_eq!((summary.failed[0].arm.as_str(), summary.failed[0].seed), ("max", None));
    let again = Fake::new(succeed);
    run(&plan, &dir, &again, 1, &StopFlag::new());
    let measurements: Vec<_> = plan.measurements.iter().map(|measured| measured.id().to_owned()).collect();
    assert_eq!(again.ran(), measurements);
}
