//! What runs at once, what is tried again, and what is not: with a launcher that trains nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::fake::{Fake, succeed};
use pool_records::{RunDir, StopFlag};
use pool_run::{
    LaunchError, LaunchRequest, LocalExecutor, LocalOptions, Needs, SweepEvent, SweepSummary, run_sweep,
};
use pool_spec::{Plan, Task};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};

/// A run of the small sweep: its summary, what was started, and what was told of retries.
fn run(
    options: LocalOptions,
    behaviour: impl Fn(&Plan, &LaunchRequest<'_>, usize) -> Result<(), LaunchError> + Sync,
) -> (SweepSummary, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let attempts = Mutex::new(Vec::<String>::new());
    let fake = Fake::new(|job: &LaunchRequest<'_>, _: &StopFlag| {
        let number = {
            let mut attempts = attempts.lock().unwrap();
            attempts.push(job.task.id().to_owned());
            attempts.iter().filter(|id| *id == job.task.id()).count()
        };
        behaviour(&plan, job, number)
    });
    let mut retries = Vec::new();
    let everything = plan.select(&[]).unwrap();
    let summary =
        run_sweep(&everything, &dir, &LocalExecutor::new(&fake, options), &StopFlag::new(), &mut |event| {
            if let SweepEvent::Retrying { reason, exclusive, .. } = event {
                retries.push(format!("{reason}, {}", if exclusive { "exclusive" } else { "beside others" }));
            }
        })
        .unwrap();
    (summary, fake.ran(), retries)
}

fn is_first(plan: &Plan, job: &LaunchRequest<'_>) -> bool {
    job.task.id() == plan.trials[0].id()
}

fn with_retries(retries: u32) -> LocalOptions {
    LocalOptions { jobs: Some(1), retries, ..LocalOptions::default() }
}

#[test]
fn a_task_that_dies_without_a_word_is_tried_again_as_often_as_allowed() {
    for (deaths, retries, finished, reason) in
        [(1, 1, 4, None), (2, 2, 4, None), (9, 2, 3, Some("aborted (attempt 3)")), (9, 0, 3, Some("aborted"))]
    {
        let (summary, ran, told) = run(with_retries(retries), |plan, job, number| {
            if is_first(plan, job) && number <= deaths {
                return Err(LaunchError::Died("aborted".to_owned()));
            }
            succeed(job, &StopFlag::new())
        });
        let why = format!("{deaths} deaths, {retries} retries");
        assert_eq!(summary.finished, finished, "{why}");
        assert_eq!(summary.failed.first().map(|failure| failure.reason.as_str()), reason, "{why}");
        assert_eq!(told.len(), deaths.min(retries as usize), "{why}");
        assert_eq!(ran.len(), 4 + told.len(), "{why}");
    }
}

#[test]
fn a_task_that_says_why_it_cannot_go_on_is_not_tried_again() {
    let (summary, ran, told) = run(with_retries(5), |plan, job, _| {
        if is_first(plan, job) {
            return Err(LaunchError::Failed("no images".to_owned()));
        }
        succeed(job, &StopFlag::new())
    });
    assert_eq!((summary.finished, ran.len(), told.len()), (3, 4, 0));
    assert_eq!(summary.failed[0].reason, "no images");
}

#[test]
fn a_task_that_ran_out_of_memory_is_tried_once_more_with_nothing_beside_it() {
    for (enough_alone, finished) in [(true, 4), (false, 3)] {
        let running = AtomicUsize::new(0);
        let options = LocalOptions { jobs: Some(4), retries: 5, ..LocalOptions::default() };
        let (summary, ran, told) = run(options, |plan, job, number| {
            let beside = running.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            running.fetch_sub(1, Ordering::SeqCst);
            if is_first(plan, job) && number == 2 {
                assert_eq!((beside, job.jobs), (0, 1), "something ran beside it");
            }
            if is_first(plan, job) && (number == 1 || !enough_alone) {
                return Err(LaunchError::OutOfMemory("killed for lack of memory".to_owned()));
            }
            succeed(job, &StopFlag::new())
        });
        assert_eq!((summary.finished, ran.len()), (finished, 5));
        assert_eq!(told, ["killed for lack of memory, exclusive"]);
        if !enough_alone {
            assert_eq!(summary.failed[0].reason, "killed for lack of memory (attempt 2)");
        }
    }
}

#[test]
fn a_task_waits_while_its_estimate_exceeds_what_is_left_of_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let small = plan(folder.path(), SMALL).unwrap();
    let need = Needs::of(Task::Trial(&small.trials[0]), small.images.all()).memory_bytes;
    assert!((100 << 20..1 << 30).contains(&need), "a process with libtorch and 2,500 images: {need}");
    for (memory_bytes, expected, why) in [
        (10 * need, 4, "there is room for all"),
        (2 * need + (need / 2), 2, "there is room for two"),
        (need / 2, 1, "not even one fits: they run one by one, as the estimate may be wrong"),
    ] {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let options =
            LocalOptions { jobs: Some(4), memory_bytes: Some(memory_bytes), ..LocalOptions::default() };
        let (summary, _, _) = run(options, |_, job, _| {
            most.fetch_max(1 + running.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            running.fetch_sub(1, Ordering::SeqCst);
            succeed(job, &StopFlag::new())
        });
        assert_eq!(summary.finished, 4);
        assert_eq!(most.into_inner(), expected, "{why}");
    }
}

#[test]
fn as_many_run_at_once_as_the_processor_has_threads_for() {
    let processors = std::thread::available_parallelism().unwrap().get() as u32;
    for (jobs, threads, expected, why) in [
        (None, Some(processors), (1, processors), "one takes all threads"),
        (None, Some(10 * processors), (1, 10 * processors), "more than all, because that was asked for"),
        (Some(2), Some(processors), (2, processors), "what is asked for is done"),
    ] {
        let seen = Mutex::new(Vec::new());
        let options = LocalOptions { jobs, threads, ..LocalOptions::default() };
        run(options, |_, job, _| {
            seen.lock().unwrap().push((job.jobs, job.threads));
            succeed(job, &StopFlag::new())
        });
        assert!(seen.into_inner().unwrap().iter().all(|&share| share == expected), "{why}");
    }
}

#[test]
fn a_process_waits_until_the_other_one_in_its_folder_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let error = RunDir::join(folder.path(), &StopFlag::new()).unwrap_err().to_string();
    assert!(error.contains("holds no task: it has no spec.json; give a folder of tasks.txt"), "{error}");
    std::fs::write(folder.path().join("spec.json"), "{}").unwrap();
    let first = RunDir::join(folder.path(), &StopFlag::new()).unwrap();
    let stop = StopFlag::new();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| RunDir::join(folder.path(), &stop));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!second.is_finished());
        drop(first);
        let second = second.join().unwrap().unwrap();
        let third = scope.spawn(|| RunDir::join(folder.path(), &stop));
        stop.set();
        let error = third.join().unwrap().unwrap_err().to_string();
        assert_eq!(error, "stopped before the end");
        drop(second);
    });
}

#[test]
fn an_interrupted_sweep_gives_its_tasks_as_many_threads_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let seen = Mutex::new(Vec::new());
    let run = |most: usize| {
        let stop = StopFlag::new();
        let fake = Fake::new(|job: &LaunchRequest<'_>, stop: &StopFlag| {
            let mut seen = seen.lock().unwrap();
            seen.push(job.threads);
            if seen.len() == most {
                stop.set();
            }
            succeed(job, stop)
        });
        let team = LocalExecutor::new(&fake, LocalOptions { jobs: Some(2), ..LocalOptions::default() });
        run_sweep(&plan.select(&[]).unwrap(), &dir, &team, &stop, &mut |_| {}).unwrap()
    };
    let interrupted = run(2);
    assert!(interrupted.stopped && interrupted.finished >= 2);
    run(usize::MAX);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|threads| *threads == seen[0]), "{seen:?}");
}
