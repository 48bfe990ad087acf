//! The published study's claims, on runs that bear them out, contradict them, or cannot tell.
use pool_records::TrialRecord;
use pool_report::{
    Analysis, Claim, ClaimResult, Conclusion, html_report, json_results, latex_tables, markdown_report,
    markdown_summary, terminal_report, terminal_summary,
};
use pool_spec::{DataSource, PublicSet};

use crate::synthetic::{ARMS, Synthetic, costs, err, trial};

fn claim(analysis: &Analysis, wanted: Claim) -> &ClaimResult {
    analysis.claims.iter().find(|result| result.claim == wanted).unwrap()
}

fn conclusion(study: &Synthetic, wanted: Claim) -> Conclusion {
    claim(&study.analysis(), wanted).conclusion
}

/// The study's arms with three seeds and these test errors.
fn with_test_errors(errors: [u64; 3]) -> Synthetic {
    let mut study = Synthetic::study("claims");
    for ((arm, pool), errors) in ARMS.into_iter().zip(errors) {
        for seed in 1..=3 {
            let mut record = trial(arm, pool, seed, 10);
            err(&mut record, errors + seed * seed * errors % 5, errors + seed);
            study.finish(record);
        }
        study.measure(costs(arm, pool));
    }
    study
}

#[test]
fn every_claim_has_its_measurement() {
    let analysis = Synthetic::measured(5).analysis();
    let lines: Vec<String> = analysis
        .claims
        .iter()
        .map(|claim| format!("{} {}\n  {}", claim.sentence, claim.conclusion, claim.measured))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn one_seed_can_tell_the_parameters_alone() {
    let analysis = Synthetic::published(1, 10).analysis();
    for result in &analysis.claims {
        let expected = match result.claim {
            Claim::QuarterOfTheParameters => Conclusion::Holds,
            Claim::NoneTrainsBetter
            | Claim::PoolingValidatesBetter
            | Claim::NoneTestsBetter
            | Claim::AverageTrainsFastest
            | Claim::Invariance
            | Claim::MaximumIsBest => Conclusion::CannotBeTold,
        };
        assert_eq!(result.conclusion, expected, "{result:?}");
    }
}

#[test]
fn claims_are_judged_on_the_studys_arms_in_its_network_on_its_data_and_on_no_other_run() {
    let with = |change: fn(&mut TrialRecord)| {
        let mut study = Synthetic::study("whose");
        for (arm, pool) in ARMS {
            let mut record = trial(arm, pool, 1, 2);
            change(&mut record);
            study.finish(record);
        }
        study
    };
    let without_one = |left_out: &str| {
        let mut study = Synthetic::study("two arms");
        for (arm, pool) in ARMS.into_iter().filter(|(arm, _)| *arm != left_out) {
            study.finish(trial(arm, pool, 1, 2));
        }
        study
    };
    let mut more = with(|_| {});
    more.finish(trial("lp", "\"lp\"", 1, 2));
    for (study, claims, why) in [
        (with(|_| {}), 7, "the study's"),
        (more, 7, "the study's, and another arm"),
        (
            with(|record| record.spec.data.source = DataSource::Public(PublicSet::FashionMnist)),
            7,
            "its second data set",
        ),
        (
            with(|record| record.spec.data.source = DataSource::Dir("/data/my-digits".into())),
            0,
            "data of somebody's own",
        ),
        (with(|record| record.spec.data.source = DataSource::Generated), 0, "a smoke test"),
        (with(|record| record.model.parameters -= 1), 0, "another network"),
        (without_one("average"), 0, "no average"),
        (without_one("maximum"), 0, "no maximum"),
        (without_one("none"), 0, "nothing without pooling"),
        (Synthetic::study("nothing yet"), 0, "no trial"),
    ] {
        let run = study.read();
        let analysis = Analysis::of(&run);
        assert_eq!(analysis.claims.len(), claims, "{why}");
        let speaks_of_them = [
            terminal_report(&analysis, 1000),
            markdown_report(&analysis, &[]),
            markdown_summary(&analysis, &[]),
            latex_tables(&analysis),
            html_report(&run, &analysis),
            json_results(&analysis).to_string(),
        ]
        .map(|text| text.contains("Average pooling trains fastest"));
        assert_eq!(speaks_of_them, [claims > 0; 6], "{why}");
        assert_eq!(terminal_summary(&analysis, 1000).contains("claims"), claims > 0, "{why}");
        assert_eq!(json_results(&analysis).get("claims").is_some(), claims > 0, "{why}");
    }
}

#[test]
fn none_tests_better_when_it_errs_less_than_both() {
    for (errors, expected, why) in [
        ([300, 310, 100], Conclusion::Holds, "less than both"),
        ([300, 100, 200], Conclusion::DoesNotHold, "more than maximum"),
        ([300, 101, 100], Conclusion::CannotBeTold, "not distinguishable from maximum"),
    ] {
        assert_eq!(conclusion(&with_test_errors(errors), Claim::NoneTestsBetter), expected, "{why}");
    }
}

#[test]
fn maximum_is_best_when_it_errs_less_than_both_and_one_of_several_otherwise() {
    for (errors, expected, why) in [
        ([300, 100, 310], Conclusion::Holds, "less than both"),
        ([100, 300, 310], Conclusion::DoesNotHold, "average errs less"),
        ([101, 100, 310], Conclusion::CannotBeTold, "average is as good"),
    ] {
        assert_eq!(conclusion(&with_test_errors(errors), Claim::MaximumIsBest), expected, "{why}");
    }
}

#[test]
fn average_trains_fastest_when_its_epochs_lie_below_the_others() {
    let with = |seconds: [f64; 3], jobs: u32| {
        let mut study = Synthetic::published(2, 2);
        for ((arm, pool), seconds) in ARMS.into_iter().zip(seconds) {
            let mut record = costs(arm, pool);
            record.training.epoch_s = vec![seconds, seconds * 1.05];
            record.contention.jobs = jobs;
            study.measure(record);
        }
        study
    };
    for (study, expected, why) in [
        (with([5.0, 6.0, 9.0], 1), Conclusion::Holds, "below both"),
        (with([5.0, 4.0, 9.0], 1), Conclusion::DoesNotHold, "maximum is faster"),
        (with([5.0, 5.1, 9.0], 1), Conclusion::CannotBeTold, "the ranges overlap"),
        (with([5.0, 6.0, 9.0], 2), Conclusion::CannotBeTold, "contended"),
        (Synthetic::published(2, 2), Conclusion::CannotBeTold, "taken in passing"),
    ] {
        assert_eq!(conclusion(&study, Claim::AverageTrainsFastest), expected, "{why}");
    }
}

#[test]
fn a_quarter_is_what_pooling_leaves_of_the_studys_parameters() {
    let analysis = Synthetic::published(1, 2).analysis();
    let result = claim(&analysis, Claim::QuarterOfTheParameters);
    assert_eq!(result.conclusion, Conclusion::Holds);
    // 592,074 / 2,361,546 = 0.25071.
    assert_eq!(
        result.measured,
        "average 0.2507 (592,074) and maximum 0.2507 (592,074) of the 2,361,546 parameters of none"
    );
}

#[test]
fn a_difference_that_is_the_same_for_every_seed_proves_nothing() {
    let mut study = Synthetic::study("steady");
    for ((arm, pool), errors) in ARMS.into_iter().zip([200, 200, 100]) {
        for seed in 1..=3 {
            let mut record = trial(arm, pool, seed, 10);
            record.train.as_mut().unwrap().errors = errors;
            study.finish(record);
        }
    }
    let analysis = study.analysis();
    let result = claim(&analysis, Claim::NoneTrainsBetter);
    assert_eq!(result.conclusion, Conclusion::CannotBeTold);
    assert!(result.measured.ends_with("leaves no spread to judge it by"), "{result:?}");
}
