//! How far a run is, from its directory alone.
use pool_records::Record;
use pool_records::{EpochRecord, PausedTrial, RECORD_VERSION, RunLayout};
use pool_report::{RunStatus, TaskProgress, terminal_status};
use std::fs::File;
use std::io::Write;

use crate::synthetic::{Synthetic, trial};

fn epoch(epoch: u32) -> EpochRecord {
    EpochRecord {
        epoch,
        train_loss: 0.5,
        train_error: 0.1,
        validation_loss: 0.4,
        validation_error: 0.0725,
        train_s: 9.0,
        validation_s: 1.0,
    }
}

fn history(epochs: u32) -> String {
    (1..=epochs).map(|number| serde_json::to_string(&epoch(number)).unwrap() + "\n").collect()
}

/// A run with a trial in every state, and the lock of the one that runs.
fn every_state() -> (Synthetic, File) {
    let mut run = Synthetic::study("half done");
    run.finish(trial("max", "\"max\"", 1, 10));
    let running = run.plan_epochs("avg", 1, 10);
    let half_a_line = &history(4)[..history(4).len() - 20];
    run.leave(&running, "history.jsonl", half_a_line);
    run.fail("max", 2, "out of luck");
    let interrupted = run.plan_epochs("avg", 2, 10);
    run.leave(&interrupted, "history.jsonl", &history(7));
    let paused = run.plan_epochs("max", 3, 10);
    let epochs = vec![epoch(1), epoch(2)];
    run.leave(
        &paused,
        "paused.json",
        &PausedTrial { version: RECORD_VERSION, id: paused.clone(), epochs }.to_json(),
    );
    run.plan_epochs("avg", 3, 10);
    let path = RunLayout::lock_in(&RunLayout::new(run.root()).trial(&running));
    let mut lock = File::create(path).unwrap();
    lock.write_all(b"process 7 on node1").unwrap();
    lock.lock().unwrap();
    (run, lock)
}

#[test]
fn every_state_is_told_from_the_files() {
    let (run, lock) = every_state();
    let status = RunStatus::read(run.root()).unwrap();
    let found: Vec<_> = status.trials.iter().map(|task| (task.state.clone(), task.epochs)).collect();
    let expected = [
        (TaskProgress::Finished, 0),
        (TaskProgress::Running("process 7 on node1".to_owned()), 3),
        (TaskProgress::Failed("out of luck".to_owned()), 0),
        (TaskProgress::Interrupted, 7),
        (TaskProgress::Paused, 2),
        (TaskProgress::Waiting, 0),
    ];
    assert_eq!(found, expected);
    // 7 + 3 + 10 epochs of 10 s, by the one that runs.
    assert_eq!(status.seconds_to_go, Some(200.0));
    assert!(!status.is_over());

    drop(lock);
    let status = RunStatus::read(run.root()).unwrap();
    assert_eq!(status.trials[1].state, TaskProgress::Interrupted, "its process has ended");
    assert_eq!(status.seconds_to_go, None);
}

#[test]
fn a_record_that_a_report_cannot_use_is_not_called_finished() {
    let mut run = Synthetic::study("damaged");
    let whole = trial("max", "\"max\"", 1, 10);
    run.finish(whole.clone());
    let damages: [(&str, String); 4] = [
        ("torn", whole.to_json()[..200].to_owned()),
        ("no record at all", "{}".to_owned()),
        ("of another version", whole.to_json().replacen("\"version\":3", "\"version\":1", 1)),
        ("of another trial", whole.to_json()),
    ];
    for (seed, (_, text)) in (2..).zip(&damages) {
        let id = run.plan("max", seed);
        run.leave(&id, "record.json", text);
    }
    let costs = run.plan_costs("max");
    run.leave_costs(&costs, "record.json", "[]");
    let status = RunStatus::read(run.root()).unwrap();
    let report = run.read();
    assert_eq!(status.trials[0].state, TaskProgress::Finished);
    let failures = status.trials.iter().skip(1).chain(&status.costs);
    for ((task, failure), why) in
        failures.zip(&report.failures).zip(damages.map(|(why, _)| why).into_iter().chain(["costs"]))
    {
        assert_eq!(
            (&task.id, &task.state),
            (&failure.id, &TaskProgress::Failed(failure.reason.clone())),
            "{why}"
        );
    }
    assert_eq!(report.failures.len(), 5);
    let text = terminal_status(&status, 140);
    assert!(text.contains("5 trials: 1 finished, 4 failed."), "{text}");
    assert!(text.contains("its record is unusable"), "{text}");

    // What could be used a moment ago is not read again, and the rest is.
    run.leave(&status.trials[0].id, "record.json", "damaged since");
    run.leave(&status.trials[4].id, "record.json", "damaged otherwise");
    let again = RunStatus::read_after(run.root(), Some(&status)).unwrap();
    assert_eq!(again.trials[0].state, TaskProgress::Finished);
    assert_ne!(again.trials[4].state, status.trials[4].state);

    // A process that makes it again says more than what is left of it.
    let path = RunLayout::lock_in(&RunLayout::new(run.root()).trial(&status.trials[1].id));
    let mut lock = File::create(path).unwrap();
    lock.write_all(b"process 7 on node1").unwrap();
    lock.lock().unwrap();
    let status = RunStatus::read(run.root()).unwrap();
    assert_eq!(status.trials[1].state, TaskProgress::Running("process 7 on node1".to_owned()));
}

#[test]
fn a_sweep_is_over_when_nothing_waits_or_runs() {
    let mut run = Synthetic::study("done");
    run.finish(trial("max", "\"max\"", 1, 10));
    run.fail("max", 2, "out of luck");
    assert!(RunStatus::read(run.root()).unwrap().is_over());
    run.plan("max", 3);
    assert!(!RunStatus::read(run.root()).unwrap().is_over());
}

#[test]
fn the_status_fits_terminals_of_every_usual_width() {
    let (run, _lock) = every_state();
    let status = RunStatus::read(run.root()).unwrap();
    for width in [50, 140] {
        insta::assert_snapshot!(format!("status_{width}"), terminal_status(&status, width));
    }
}

#[test]
fn a_plan_whose_ids_lead_out_of_the_run_is_refused() {
    let run = Synthetic::study("hostile");
    let plan = std::fs::read_to_string(run.root().join("plan.json")).unwrap();
    let entry = r#""trials":[{"id":"../../secret","arm":"a","seed":1,"spec":null}]"#;
    std::fs::write(run.root().join("plan.json"), plan.replace(r#""trials":[]"#, entry)).unwrap();
    let error = RunStatus::read(run.root()).unwrap_err().to_string();
    assert!(error.contains("the id \"../../secret\" is no folder's name"), "{error}");
}
