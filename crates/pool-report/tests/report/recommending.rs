//! Which arm to take under a budget.
use pool_metrics::MemoryModel;
use pool_report::{Basis, Budget, Limit, recommend, terminal_recommendation};

use crate::synthetic::{Synthetic, costs, diverged, trial};

#[test]
fn the_lowest_validation_error_within_the_budget_is_taken() {
    let analysis = Synthetic::measured(5).analysis();
    let budget = Budget { max_memory_bytes: Some(12 << 20), max_train_s: Some(100.0), ..Budget::default() };
    let found = recommend(&analysis, &budget);
    assert_eq!(found.arm.as_deref(), Some("maximum"));
    assert_eq!(found.not_distinguishable, ["average"]);
    let none = found.arms.iter().find(|arm| arm.arm == "none").unwrap();
    assert_eq!(none.broken, [Limit::Memory, Limit::TrainTime]);
    insta::assert_snapshot!("within_the_budget", terminal_recommendation(&found, 80));
}

#[test]
fn each_limit_is_held_against_its_own_figure() {
    let analysis = Synthetic::measured(5).analysis();
    let at = |budget: Budget| {
        let found = recommend(&analysis, &budget);
        let maximum = found.arms.iter().find(|arm| arm.arm == "maximum").unwrap();
        let [figure] = maximum.figures.as_slice() else { panic!("{maximum:?}") };
        (figure.value.unwrap(), figure.basis)
    };
    let none = Budget::default();
    let peaks = &analysis.arm("maximum").unwrap().costs.peaks;
    let measured = |phase: MemoryModel, batch_size: u64| {
        let peak = peaks.iter().find(|peak| (peak.phase, peak.batch_size) == (phase, batch_size));
        peak.unwrap().measured_bytes.unwrap() as f64
    };
    let inference = measured(MemoryModel::Inference, 1);
    let training = measured(MemoryModel::Training, 200);
    for (budget, value, why) in [
        (Budget { max_memory_bytes: Some(1), ..none }, inference, "prediction of one image"),
        (
            Budget { max_train_memory_bytes: Some(1), ..none },
            training,
            "training at the batch that is trained with, not at 1,000",
        ),
        (Budget { max_parameters: Some(1), ..none }, 592_074.0, "parameters"),
        (Budget { max_train_s: Some(1.0), ..none }, 72.0, "7.2 s times ten epochs"),
        (Budget { max_prediction_s: Some(1.0), ..none }, 0.38, "the median"),
    ] {
        let (found, basis) = at(budget);
        assert!((found - value).abs() < 1e-9, "{why}: {found}");
        assert_eq!(basis, Basis::Measured, "{why}");
    }
    // One in ten repetitions takes a tenth longer than 0.4 ms.
    let (latency, _) = at(Budget { max_latency_s: Some(1.0), ..none });
    assert!((latency - 0.000_44).abs() < 1e-9, "{latency}");
}

#[test]
fn nothing_fits_and_the_nearest_arm_says_why() {
    let analysis = Synthetic::measured(5).analysis();
    let budget = Budget { max_parameters: Some(1_000), max_prediction_s: Some(0.1), ..Budget::default() };
    let found = recommend(&analysis, &budget);
    assert_eq!(found.arm, None);
    insta::assert_snapshot!("nothing_fits", terminal_recommendation(&found, 80));
}

#[test]
fn an_arm_whose_figure_was_not_measured_cannot_be_judged() {
    let mut study = Synthetic::published(3, 10);
    study.measure(costs("none", "\"none\""));
    let budget = Budget { max_latency_s: Some(0.001), max_memory_bytes: Some(20 << 20), ..Budget::default() };
    let found = recommend(&study.analysis(), &budget);
    assert_eq!(found.arm.as_deref(), Some("none"), "the only one that is known to fit");
    let average = found.arms.iter().find(|arm| arm.arm == "average").unwrap();
    assert_eq!(average.unknown, [Limit::Latency]);
    assert_eq!(average.figures[0].basis, Basis::Model);
    let text = found.sentences.join(" ");
    assert!(
        text.contains(
            "Cannot be judged, as these figures were not measured: average (latency of an image) and maximum \
             (latency of an image)."
        ),
        "{text}"
    );
}

#[test]
fn where_all_arms_diverged_none_is_waited_for() {
    let mut study = Synthetic::study("diverged");
    study.finish(diverged("maximum", 1));
    let found = recommend(&study.analysis(), &Budget::default());
    assert_eq!(found.arm, None);
    let told = found.sentences.join(" ");
    assert!(told.starts_with("Every finished trial diverged: no arm has a validation error"), "{told}");
    assert!(!told.contains("yet"), "{told}");

    study.finish(trial("average", "\"avg\"", 1, 2));
    let found = recommend(&study.analysis(), &Budget::default());
    assert_eq!(found.arm.as_deref(), Some("average"));
    let last = found.sentences.last().unwrap();
    assert_eq!(last, "Not judged, because every finished trial diverged: maximum.");
}

#[test]
fn without_a_budget_the_lowest_validation_error_wins_and_without_trials_nothing() {
    let mut study = Synthetic::study("free");
    assert_eq!(
        recommend(&study.analysis(), &Budget::default()).sentences,
        ["No arm has a validation error yet, so none can be recommended."]
    );
    study.finish(trial("maximum", "\"max\"", 1, 2));
    let found = recommend(&study.analysis(), &Budget::default());
    assert_eq!(found.arm.as_deref(), Some("maximum"));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["arm"], "maximum");
}
