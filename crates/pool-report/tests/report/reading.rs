//! A run as its directory holds it.

use pool_report::{ReportError, Run};

use crate::synthetic::{Synthetic, costs, trial};

#[test]
fn arms_come_in_the_order_of_the_plan() {
    let mut study = Synthetic::study("order");
    for (arm, seed) in [("zebra", 1), ("ant", 1), ("zebra", 2), ("mole", 1)] {
        study.finish(trial(arm, "\"max\"", seed, 2));
    }
    let run = study.read();
    let names: Vec<(&str, usize)> =
        run.arms.iter().map(|arm| (arm.name.as_str(), arm.records.len())).collect();
    assert_eq!(names, [("zebra", 2), ("ant", 1), ("mole", 1)]);
    assert_eq!(run.study, "order");
}

#[test]
fn a_trial_without_a_record_is_missing() {
    let mut study = Synthetic::published(1, 2);
    let id = study.plan("maximum", 2);
    let run = study.read();
    assert_eq!(run.missing, [id]);
    assert!(run.failures.is_empty());
    assert_eq!(run.records().count(), 3);
}

#[test]
fn a_trial_that_died_has_failed_for_the_reason_it_left() {
    let mut study = Synthetic::study("died");
    let failure = study.fail("maximum", 7, "killed by signal 9");
    let run = study.read();
    assert_eq!(run.failures, [failure]);
    assert!(run.missing.is_empty());
}

#[test]
fn a_record_counts_although_an_earlier_attempt_failed() {
    let mut study = Synthetic::study("again");
    let id = study.finish(trial("maximum", "\"max\"", 1, 2));
    study.leave(&id, "failure.json", "{}");
    let run = study.read();
    assert_eq!((run.records().count(), run.failures.len()), (1, 0));
}

#[test]
fn files_that_cannot_be_used_are_failures_with_a_reason() {
    let whole = trial("maximum", "\"max\"", 1, 2).to_json();
    for (file, text, reason) in [
        ("record.json", &whole[..whole.len() / 2], "its record is unusable: not a record: EOF"),
        ("record.json", "", "its record is unusable: not a record: EOF"),
        (
            "record.json",
            r#"{"version": 99}"#,
            "its record is unusable: record format 99, but this program reads format 2",
        ),
        ("record.json", &whole, "its record is that of "),
        ("failure.json", "{", "what happened cannot be read from its failure.json: EOF"),
    ] {
        let mut study = Synthetic::published(1, 2);
        let id = study.plan("maximum", 1);
        study.leave(&id, file, text);
        let run = study.read();
        let [failure] = run.failures.as_slice() else { panic!("{reason}: {:?}", run.failures) };
        assert!(failure.reason.starts_with(reason), "{}", failure.reason);
        assert_eq!(
            (failure.id.as_str(), failure.arm.as_str(), failure.seed),
            (id.as_str(), "maximum", Some(1))
        );
        assert_eq!(run.records().count(), 3, "the others are read");
    }
}

#[test]
fn costs_belong_to_their_arm_and_are_missed_by_its_name() {
    let mut study = Synthetic::published(1, 2);
    study.measure(costs("none", "\"none\""));
    study.plan_costs("average");
    let broken = study.plan_costs("maximum");
    study.leave_costs(&broken, "record.json", "{");
    let run = study.read();
    let measured: Vec<bool> = run.arms.iter().map(|arm| arm.costs.is_some()).collect();
    assert_eq!(measured, [false, false, true]);
    assert_eq!(run.unmeasured, ["average"]);
    let [failure] = run.failures.as_slice() else { panic!("{:?}", run.failures) };
    assert_eq!((failure.id.as_str(), failure.arm.as_str(), failure.seed), (broken.as_str(), "maximum", None));
    assert!(failure.reason.starts_with("its record is unusable: "), "{}", failure.reason);
}

#[test]
fn a_record_that_is_not_text_is_a_failure() {
    let mut study = Synthetic::study("bytes");
    let id = study.plan("maximum", 1);
    std::fs::write(study.leave(&id, "record.json", ""), [0xff, 0xfe]).unwrap();
    let run = study.read();
    assert!(run.failures[0].reason.starts_with("its record cannot be read: "), "{}", run.failures[0].reason);
}

#[test]
fn a_folder_without_a_plan_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [folder.path().to_owned(), folder.path().join("absent"), file] {
        let error = Run::read(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is no run directory: it has no plan.json; give the folder that `pool-cli sweep` wrote, such as \
                 runs/mnist-pooling",
                path.display()
            )
        );
    }
}

#[test]
fn a_broken_plan_is_named_with_its_cure() {
    let study = Synthetic::study("broken");
    let plan = study.root().join("plan.json");
    std::fs::write(&plan, r#"{"study": "broken""#).unwrap();
    let error = Run::read(study.root()).unwrap_err();
    assert!(matches!(error, ReportError::Plan { .. }));
    let text = error.to_string();
    assert!(text.starts_with(&plan.display().to_string()), "{text}");
    assert!(text.ends_with("; run the sweep again to write it anew"), "{text}");
}
