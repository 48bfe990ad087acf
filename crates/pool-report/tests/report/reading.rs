//! A run as its directory holds it. A record that something happened to is a failure with a reason, or takes part in
//! every form of the report.

#[expect(dead_code, reason = "the record here is a synthetic one, and no seed")]
#[path = "../../../../fuzz/damage.rs"]
mod damage;

use damage::damaged;
use pool_records::Record;
use pool_records::{PausedTrial, RECORD_VERSION, TrialSummary};
use pool_report::{
    Analysis, PlotKind, ReportError, Run, html_report, json_results, latex_document, latex_tables,
    markdown_report, plot_files, results_csv, tensorboard_events, terminal_report, trials_csv,
};
use proptest::prelude::*;

use crate::synthetic::{Synthetic, costs, err, small, trial};

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
            "its record is unusable: record format 99, but this program reads format 3",
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
    let measured: Vec<bool> = run.arms.iter().map(|arm| !arm.costs.is_empty()).collect();
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
    assert!(run.failures[0].reason.starts_with("its record is unusable: "), "{}", run.failures[0].reason);
}

#[test]
fn a_folder_without_a_plan_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Run::read(&file).unwrap_err().to_string();
    assert!(error.ends_with(" unpacks a bundle into one"), "{error}");
    for path in [folder.path().to_owned(), folder.path().join("absent")] {
        let error = Run::read(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is no run directory: no plan.json lies in it; give the folder that `pool-cli sweep` wrote, such as \
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

/// Four arms of two seeds, of which the later ones err more on the validation images and less on the test images.
fn four_arms() -> Synthetic {
    let mut run = Synthetic::study("searched");
    for (place, arm) in ["a", "b", "c", "d"].into_iter().enumerate() {
        for seed in 1..=2 {
            let mut record = trial(arm, "\"max\"", seed, 3);
            err(&mut record, 100 - 10 * place as u64, 0);
            record.validation.as_mut().unwrap().errors = 100 + 10 * place as u64 + seed;
            run.finish(record);
        }
    }
    run
}

#[test]
fn of_many_arms_those_with_the_lowest_validation_error_are_shown_and_every_trial_has_a_line() {
    let run = Run::read_best(four_arms().root(), 2, &[]).unwrap();
    let arms: Vec<_> = run.arms.iter().map(|arm| (arm.name.as_str(), arm.records.len())).collect();
    assert_eq!(arms, [("a", 2), ("b", 2)]);
    assert_eq!((run.set_aside, run.missing.len(), run.failures.len()), (2, 0, 0));
    let said = Analysis::of(&run).absences.sentences.join(" ");
    assert!(said.contains("2 arms with the highest validation errors are not shown;"), "{said}");

    let csv = trials_csv(&run).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 9);
    let record = four_arms().read().arms[3].records[1].clone();
    let (validation, test) = (record.validation.unwrap().error_rate(), record.test_error().unwrap());
    assert_eq!(lines[8], format!("trial-7,d,2,finished,3,{validation},{test},{}", record.train_s()));

    let whole = Run::read_best(four_arms().root(), 4, &[]).unwrap();
    assert_eq!((whole.arms.len(), whole.set_aside), (4, 0));
    assert!(trials_csv(&whole).is_none(), "results.csv has them all");
}

#[test]
fn of_many_arms_too_a_record_that_cannot_be_used_is_a_failure_and_no_line() {
    let run = four_arms();
    let trials = run.read().records().map(|record| record.id.clone()).collect::<Vec<_>>();
    let text = run.read().records().next().unwrap().to_json();
    run.leave(&trials[0], "record.json", &text.replacen("\"version\":3", "\"version\":2", 1));
    run.leave(&trials[7], "record.json", &text[..text.len() / 2]);
    let read = Run::read_best(run.root(), 2, &[]).unwrap();
    let mut failed: Vec<_> = read.failures.iter().map(|failure| failure.id.as_str()).collect();
    failed.sort_unstable();
    assert_eq!(failed, [&trials[0], &trials[7]], "{:?}", read.failures);
    let csv = trials_csv(&read).unwrap();
    assert_eq!(csv.lines().count(), 7);
    assert!(!csv.contains(&trials[0]) && !csv.contains(&trials[7]), "{csv}");
}

#[test]
fn of_many_arms_those_that_were_read_before_and_are_not_shown_are_not_read_again() {
    let run = four_arms();
    let texts: Vec<String> = run.read().records().map(Record::to_json).collect();
    let known: Vec<TrialSummary> = texts.iter().map(|text| TrialSummary::from_json(text).unwrap()).collect();
    run.leave(&known[7].id, "record.json", "");
    let read = Run::read_best(run.root(), 2, &known).unwrap();
    assert_eq!((read.overview.len(), read.failures.len()), (8, 0));
}

#[test]
fn what_a_search_has_given_up_is_counted_and_is_no_row_of_a_table() {
    let mut run = four_arms();
    let id = run.plan("given up", 1);
    let epochs = trial("given up", "\"max\"", 1, 2).epochs;
    let best = epochs.iter().map(|epoch| epoch.validation_error).fold(f64::INFINITY, f64::min);
    let paused = PausedTrial { version: RECORD_VERSION, id: id.clone(), epochs };
    run.leave(&id, "paused.json", &paused.to_json());
    let read = run.read();
    assert_eq!((read.arms.len(), read.paused.len(), read.missing.len()), (4, 1, 0));
    let said = Analysis::of(&read).absences.sentences.join(" ");
    assert!(said.contains("The search stopped 1 trial early; the best of them"), "{said}");
    let csv = trials_csv(&read).unwrap();
    assert!(csv.contains(&format!("{id},given up,1,paused,2,{best},,")), "{csv}");
}

fn render_all(run: &Run) {
    let analysis = Analysis::of(run);
    let page = html_report(run, &analysis);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    csv::Reader::from_reader(results_csv(run).as_bytes()).into_records().for_each(|row| drop(row.unwrap()));
    assert!(markdown_report(&analysis, &[]).starts_with("# "));
    assert!(json_results(&analysis)["arms"].is_array());
    for text in [latex_document(&analysis), latex_tables(&analysis), terminal_report(&analysis, 80)] {
        assert!(!text.is_empty());
    }
    for plot in plot_files(run, &analysis, &PlotKind::ALL) {
        assert!(plot.svg.starts_with("<svg ") && plot.svg.trim_end().ends_with("</svg>"));
    }
    for record in run.records() {
        let _ = tensorboard_events(record);
    }
}

/// A run whose first arm has left this text as its record, and whose second arm is intact.
fn run_with(record: &str) -> Run {
    let mut study = Synthetic::study("hostile");
    let id = study.plan("maximum", 1);
    study.leave(&id, "record.json", record);
    study.finish(small("average", "\"avg\"", 1, 2));
    study.measure(costs("average", "\"avg\""));
    study.read()
}

/// A record as `run_with` wants it.
fn whole_record() -> String {
    let mut record = small("maximum", "\"max\"", 1, 2);
    record.id = "trial-0".to_owned();
    record.to_json()
}

#[test]
fn a_whole_record_takes_part() {
    let run = run_with(&whole_record());
    assert_eq!(run.records().count(), 2);
    render_all(&run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_record_is_a_failure_with_a_reason_or_is_reported(bytes in damaged(vec![whole_record().into_bytes()])) {
        let run = run_with(&String::from_utf8_lossy(&bytes));
        prop_assert_eq!(run.records().count() + run.failures.len(), 2);
        for failure in &run.failures {
            prop_assert!(!failure.reason.contains(char::is_control), "{}", failure.reason);
        }
        render_all(&run);
    }
}
