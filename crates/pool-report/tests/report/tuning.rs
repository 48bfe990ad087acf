//! Runs whose arms were tuned.

use pool_records::TrialRecord;
use pool_report::{Run, markdown_report, trials_csv, write_report};
use pool_spec::{ArmOverrides, Tuning};

use crate::synthetic::{ARMS, Synthetic, diverged, err, small};

/// The sweep file's own learning rate, 0.001, is the second.
const RATES: [f64; 3] = [0.0003, 0.001, 0.003];

fn settings() -> Vec<ArmOverrides> {
    let setting = |rate| ArmOverrides { learning_rate: Some(rate), ..ArmOverrides::default() };
    RATES.map(setting).to_vec()
}

/// A trial with this learning rate that misclassifies so many of a hundred test images, and ten times as many to validate
/// with.
fn with_rate(arm: &str, pool: &str, seed: u64, rate: f64, errors: u64) -> TrialRecord {
    // What these records find grows with the seed, and the seeds of tuning are large.
    let small_seed = seed % 1_000_000;
    let mut record = small(arm, pool, small_seed, 2);
    (record.spec.seed, record.spec.train.learning_rate) = (seed, rate);
    err(&mut record, errors, small_seed);
    if let Some(validation) = &mut record.validation {
        validation.errors = 10 * errors;
    }
    record
}

/// Average is best with 0.003, maximum with the sweep file's 0.001. Before tuning average errs far more, afterwards both err
/// alike.
fn tuned() -> Synthetic {
    let mut study = Synthetic::study("tuned");
    study.tune(settings());
    for ((arm, pool), best) in ARMS.into_iter().zip([2, 1]) {
        for (setting, rate) in RATES.into_iter().enumerate() {
            let errors = if setting == best { 5 } else { 30 };
            for seed in [Tuning::FIRST_SEED, Tuning::FIRST_SEED + 1] {
                study.finish_with(setting, with_rate(arm, pool, seed, rate, errors));
            }
        }
        for seed in 1..=6 {
            let chance = seed % 2;
            let before = if arm == "average" { 30 } else { 5 };
            study.finish(with_rate(arm, pool, seed, 0.001, before + chance));
            if arm == "average" {
                study.finish_with(2, with_rate(arm, pool, seed, 0.003, 5 + chance));
            }
        }
    }
    study
}

fn errors_of(run: &Run) -> Vec<(String, Vec<u64>)> {
    let errors = |records: &[TrialRecord]| -> Vec<u64> {
        records.iter().filter_map(|record| Some(record.test.as_ref()?.evaluation.errors)).collect()
    };
    run.arms.iter().map(|arm| (arm.name.clone(), errors(&arm.records))).collect()
}

#[test]
fn tuned_arms_are_judged_by_their_own_setting_and_both_verdicts_stand_side_by_side() {
    let study = tuned();
    let run = study.read();
    let errors = vec![6, 5, 6, 5, 6, 5];
    assert_eq!(errors_of(&run), [("average".to_owned(), errors.clone()), ("maximum".to_owned(), errors)]);
    let untuned = &run.tuning.as_ref().unwrap().untuned;
    assert_eq!(untuned[0].records.len(), 6);
    assert!(untuned[0].records.iter().all(|record| record.spec.train.learning_rate == 0.001));
    let text = markdown_report(&study.analysis(), &[]);
    for part in [
        "| average | lr 0.003 | 0.42 | 30.50",
        "| maximum | lr 0.001 | 0.42 | 5.50",
        "| average | maximum | maximum | not distinguishable |",
        "Tuning changes the verdict.",
        "The learning rate of average, 0.003, is the largest that was tried: a better one may lie beyond it.",
        "| lr 0.003 | 0.42 \\* | 2.50 |",
        "Chosen were lr 0.003 for average and lr 0.001 for maximum.",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let lines = trials_csv(&run).unwrap();
    assert_eq!(lines.lines().count(), 1 + 12 + 12 + 6, "{lines}");
    assert!(
        lines.contains("tuned-0,average,1,finished,") && lines.lines().nth(1).unwrap().ends_with("lr 0.0003")
    );
}

#[test]
fn an_arm_for_which_nothing_could_be_chosen_says_why() {
    let mut study = tuned();
    for seed in [Tuning::FIRST_SEED, Tuning::FIRST_SEED + 1] {
        for (setting, rate) in RATES.into_iter().enumerate() {
            let mut record = diverged("none", 1);
            (record.spec.seed, record.spec.train.learning_rate) = (seed, rate);
            study.finish_with(setting, record);
        }
    }
    study.finish(with_rate("none", "\"none\"", 1, 0.001, 7));
    let absences = study.analysis().absences.sentences;
    let expected = "No setting can be chosen for none, as each has a trial that diverged. ";
    assert!(absences.iter().any(|sentence| sentence.starts_with(expected)), "{absences:?}");
    let id = study.plan_file().tuning.unwrap().trials[0].trial.id().to_owned();
    std::fs::remove_file(study.read().layout.trial(&id).join("record.json")).unwrap();
    let absences = study.analysis().absences.sentences;
    let expected = "No setting is chosen yet for average, as trials of tuning are missing. ";
    assert!(absences.iter().any(|sentence| sentence.starts_with(expected)), "{absences:?}");
}

#[test]
fn of_more_arms_than_are_shown_the_best_ones_as_they_were_tuned_are() {
    let study = tuned();
    let mut study = study;
    for seed in [Tuning::FIRST_SEED, Tuning::FIRST_SEED + 1] {
        for (setting, rate) in RATES.into_iter().enumerate() {
            study.finish_with(setting, with_rate("none", "\"none\"", seed, rate, 20));
        }
    }
    study.finish(with_rate("none", "\"none\"", 1, 0.001, 20));
    study.finish_with(0, with_rate("none", "\"none\"", 1, 0.0003, 20));
    let run = Run::read_best(study.root(), 2, &[]).unwrap();
    let shown: Vec<&str> = run.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!((shown, run.set_aside), (vec!["average", "maximum"], 1), "average is third before tuning");
}

#[test]
fn a_tuning_that_was_changed_after_a_report_is_named() {
    let study = tuned();
    write_report(&study.read(), &study.analysis()).unwrap();
    assert!(study.analysis().confounding.iter().all(|sentence| !sentence.contains("tuned with")));
    let mut study = study;
    study.finish_with(0, with_rate("average", "\"avg\"", Tuning::FIRST_SEED + 2, 0.0003, 30));
    let confounding = study.analysis().confounding;
    let expected = "What the arms are tuned with was changed after a report had been written";
    assert!(confounding.iter().any(|sentence| sentence.starts_with(expected)), "{confounding:?}");
}
