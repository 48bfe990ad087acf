//! The published study's claims, on runs that bear them out, contradict them, or cannot tell.

use pool_report::{Analysis, Claim, ClaimResult, Conclusion};

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
fn without_the_arms_of_the_study_nothing_can_be_told() {
    let mut study = Synthetic::study("others");
    study.finish(trial("lp", "\"lp\"", 1, 2));
    let analysis = study.analysis();
    assert!(analysis.claims.iter().all(|claim| claim.conclusion == Conclusion::CannotBeTold));
    assert!(analysis.claims.iter().all(|claim| !claim.measured.is_empty()));
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
fn a_quarter_is_a_quarter_to_two_decimals_and_no_claim_about_networks_held_equal() {
    let with = |parameters: u64| {
        let mut study = Synthetic::study("sizes");
        for (arm, pool) in ARMS {
            let mut record = trial(arm, pool, 1, 2);
            record.model.parameters = if arm == "none" { 1_000_000 } else { parameters };
            study.finish(record);
        }
        study
    };
    for (parameters, expected) in [
        (250_700, Conclusion::Holds),
        (300_000, Conclusion::DoesNotHold),
        (1_000_000, Conclusion::CannotBeTold),
    ] {
        assert_eq!(conclusion(&with(parameters), Claim::QuarterOfTheParameters), expected, "{parameters}");
    }
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
