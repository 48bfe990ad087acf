//! Claims as a sweep file states them, on runs that bear them out, contradict them, or cannot tell.
use pool_records::TrialRecord;
use pool_report::{
    Analysis, ClaimResult, Conclusion, html_report, json_results, latex_tables, markdown_report,
    markdown_summary, terminal_report, terminal_summary,
};
use pool_spec::{Claim, ClaimTest, Metric};

use crate::synthetic::{ARMS, Synthetic, costs, err, trial};

fn claim<'a>(analysis: &'a Analysis, says: &str) -> &'a ClaimResult {
    analysis.claims.iter().find(|result| result.claim.says.contains(says)).unwrap()
}

/// The study's arms with so many seeds, trained to these errors.
fn with(seeds: u64, change: impl Fn(&str, u64, &mut TrialRecord)) -> Synthetic {
    let mut study = Synthetic::claiming();
    for (arm, pool) in ARMS {
        for seed in 1..=seeds {
            let mut record = trial(arm, pool, seed, 10);
            change(arm, seed, &mut record);
            study.finish(record);
        }
        study.measure_in(5, &costs(arm, pool));
    }
    study
}

/// Test errors of each arm, spread a little from seed to seed.
fn with_test_errors(errors: [u64; 3]) -> Synthetic {
    with(8, |arm, seed, record| {
        let place = ARMS.iter().position(|(name, _)| *name == arm).unwrap();
        err(record, errors[place] + chance(place, seed), 3 * errors[place]);
    })
}

/// Some errors more or less, in an order of the arm's own.
fn chance(place: usize, seed: u64) -> u64 {
    (seed * seed + place as u64 * seed) % 5
}

#[test]
fn every_claim_has_its_measurement() {
    let analysis = Synthetic::measured(5).analysis();
    let lines: Vec<String> = analysis
        .claims
        .iter()
        .map(|claim| {
            format!("{} {}\n  {}\n  {}", claim.claim.says, claim.conclusion, claim.measured, claim.test)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn one_seed_can_tell_the_parameters_alone() {
    let analysis = Synthetic::published(1, 10).analysis();
    assert_eq!(analysis.claims.len(), 7);
    for result in &analysis.claims {
        let expected = match &result.claim.test {
            ClaimTest::Ratio(Metric::Parameters, _) => Conclusion::Holds,
            // Pooling has fewer parameters than none; times are missing, so that maximum cannot be the best yet.
            _ => Conclusion::CannotBeTold,
        };
        assert_eq!(result.conclusion, expected, "{result:?}");
    }
}

#[test]
fn claims_are_spoken_of_where_a_sweep_file_has_some_and_nowhere_else() {
    let mut silent = Synthetic::study("silent");
    for (arm, pool) in ARMS {
        silent.finish(trial(arm, pool, 1, 2));
    }
    for (study, claims) in [(Synthetic::published(1, 2), 7), (silent, 0)] {
        let run = study.read();
        let analysis = Analysis::of(&run);
        assert_eq!(analysis.claims.len(), claims);
        let speaks_of_them = [
            terminal_report(&analysis, 1000),
            markdown_report(&analysis, &[]),
            markdown_summary(&analysis, &[]),
            latex_tables(&analysis),
            html_report(&run, &analysis),
            json_results(&analysis).to_string(),
        ]
        .map(|text| text.contains("Average pooling trains fastest"));
        assert_eq!(speaks_of_them, [claims > 0; 6]);
        assert_eq!(terminal_summary(&analysis, 1000).contains("claims"), claims > 0);
        assert_eq!(json_results(&analysis).get("claims").is_some(), claims > 0);
    }
}

#[test]
fn a_lower_error_holds_is_contradicted_practically_equal_or_open() {
    for (errors, expected, why) in [
        ([300, 310, 100], Conclusion::Holds, "none errs less than both"),
        ([300, 100, 200], Conclusion::DoesNotHold, "more than maximum"),
        (
            [300, 101, 100],
            Conclusion::CannotBeTold,
            "as good as maximum, by no margin that these images could show",
        ),
    ] {
        let analysis = with_test_errors(errors).analysis();
        let found = claim(&analysis, "the test error is slightly lower");
        assert_eq!(found.conclusion, expected, "{why}: {found:?}");
    }
    let mut study = with(8, |arm, seed, record| {
        if let Some(train) = &mut record.train {
            train.errors = 2_000 + seed * seed * arm.len() as u64 % 5;
            train.loss = 0.1 + 1e-5 * ((seed + 1) * arm.len() as u64 % 5) as f64;
        }
    });
    let analysis = study.analysis();
    let found = claim(&analysis, "training loss and training error");
    assert_eq!(found.conclusion, Conclusion::PracticallyEqual, "{found:?}");
    study.claim(Claim {
        test: ClaimTest::Equal(vec![Metric::TrainingLoss, Metric::TrainingError]),
        says: "They train alike.".to_owned(),
        ..found.claim.clone()
    });
    let analysis = study.analysis();
    assert_eq!(claim(&analysis, "train alike").conclusion, Conclusion::Holds);
}

#[test]
fn the_best_choice_is_higher_in_nothing() {
    for (errors, seconds, expected, why) in [
        ([300, 100, 310], [1.0, 1.0, 3.0], Conclusion::Holds, "errs least and costs no more"),
        ([300, 100, 310], [1.0, 1.5, 3.0], Conclusion::DoesNotHold, "half as slow again as average"),
        ([100, 300, 310], [1.0, 1.0, 3.0], Conclusion::DoesNotHold, "errs more than average"),
    ] {
        let mut study = Synthetic::claiming();
        for (place, (arm, pool)) in ARMS.into_iter().enumerate() {
            for seed in 1..=8 {
                let mut record = trial(arm, pool, seed, 10);
                err(&mut record, errors[place] + chance(place, seed), 3 * errors[place]);
                study.finish(record);
            }
            let mut record = costs(arm, pool);
            record.training.epoch_s = vec![seconds[place]];
            study.measure_in(5, &record);
        }
        let analysis = study.analysis();
        let found = claim(&analysis, "best choice overall");
        assert_eq!(found.conclusion, expected, "{why}: {found:?}");
    }
}

#[test]
fn times_decide_over_processes_and_never_where_the_machine_was_busy() {
    let with = |seconds: [f64; 3], processes: u32, jobs: u32| {
        let mut study = Synthetic::published(2, 2);
        for ((arm, pool), seconds) in ARMS.into_iter().zip(seconds) {
            let mut record = costs(arm, pool);
            record.training.epoch_s = vec![seconds];
            record.contention.jobs = jobs;
            study.measure_in(processes, &record);
        }
        study
    };
    for (study, expected, why) in [
        (with([5.0, 6.0, 9.0], 5, 1), Conclusion::Holds, "below both"),
        (with([5.0, 4.0, 9.0], 5, 1), Conclusion::DoesNotHold, "maximum is faster"),
        (
            with([5.0, 5.01, 9.0], 5, 1),
            Conclusion::DoesNotHold,
            "faster than maximum by less than a twentieth",
        ),
        (with([5.0, 5.01, 5.02], 5, 1), Conclusion::PracticallyEqual, "faster than neither by a twentieth"),
        (with([5.0, 6.0, 9.0], 1, 1), Conclusion::CannotBeTold, "one process"),
        (with([5.0, 6.0, 9.0], 5, 2), Conclusion::CannotBeTold, "contended"),
        (Synthetic::published(2, 2), Conclusion::CannotBeTold, "taken in passing"),
    ] {
        let analysis = study.analysis();
        let found = claim(&analysis, "Average pooling trains fastest");
        assert_eq!(found.conclusion, expected, "{why}: {found:?}");
    }
}

#[test]
fn a_quarter_is_what_pooling_leaves_of_the_studys_parameters() {
    let analysis = Synthetic::published(1, 2).analysis();
    let result = claim(&analysis, "a quarter of the parameters");
    assert_eq!(result.conclusion, Conclusion::Holds);
    // 592,074 / 2,361,546 = 0.25071.
    assert_eq!(
        result.measured,
        "parameters: average 592,074, maximum 592,074 and none 2,361,546; average over none 0.251 and maximum over none \
         0.251"
    );
}

#[test]
fn a_difference_that_is_the_same_for_every_seed_proves_nothing() {
    let analysis = with(3, |arm, _, record| {
        record.train.as_mut().unwrap().errors = if arm == "none" { 100 } else { 200 };
    })
    .analysis();
    let result = claim(&analysis, "training loss and training error");
    assert_eq!(result.conclusion, Conclusion::CannotBeTold);
    assert!(result.measured.contains("leaves no spread to judge them by"), "{result:?}");
}

#[test]
fn more_claims_ask_more_of_each() {
    // One claim of two arms that differ with p = 0.02 or so holds alone, and not among twenty.
    let study = |claims: usize| {
        let mut study = Synthetic::study("many");
        for (arm, errors) in [("average", [100, 104, 101, 103, 102]), ("maximum", [103, 106, 104, 104, 104])]
        {
            for (seed, errors) in (1..).zip(errors) {
                let mut record = trial(arm, "\"max\"", seed, 10);
                record.validation.as_mut().unwrap().errors = errors;
                study.finish(record);
            }
        }
        for number in 0..claims {
            study.claim(Claim {
                says: format!("Claim {number}."),
                reported: None,
                arms: vec!["average".to_owned()],
                than: vec!["maximum".to_owned()],
                test: ClaimTest::Lower(vec![Metric::ValidationError]),
                margin: [].into_iter().collect(),
            });
        }
        study.analysis().claims[0].conclusion
    };
    assert_eq!([study(1), study(40)], [Conclusion::Holds, Conclusion::CannotBeTold]);
}
