//! What a sweep is expected to take.

use pool_records::Probe;
use pool_run::{Share, estimate_from};
use pool_spec::{Plan, SweepEstimate};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};

/// A step of 10 ms, a batch predicted in 2 ms.
const PROBE: Probe = Probe { step_s: 0.01, prediction_s: 0.002, peak_bytes: Some(100 << 20) };
const START_S: f64 = 0.5;

/// With `jobs` trials at once.
fn estimate(text: &str, jobs: u32) -> (Plan, SweepEstimate) {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), text).unwrap();
    let selection = plan.select(&[]).unwrap();
    let arms = plan.arms().len();
    let estimate = estimate_from(&selection, Share { jobs, threads: 1 }, &vec![PROBE; arms]);
    (plan, estimate)
}

/// 1,600 training and 400 validation images in batches of 100.
const EPOCH_S: f64 = 16.0 * PROBE.step_s + 4.0 * PROBE.prediction_s;

/// All images once more, the 500 test images without changes and with each of the standard ones.
fn evaluation_s() -> f64 {
    let changes: usize = mnist_data::standard_levels().iter().map(|level| level.perturbations.len()).sum();
    (20 + 5 * (1 + changes)) as f64 * PROBE.prediction_s
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9 * expected
}

#[test]
fn a_trial_takes_its_epochs_and_its_evaluation_and_a_sweep_all_its_trials() {
    let (plan, estimate) = estimate(SMALL, 1);
    let expected = START_S + 2.0 * EPOCH_S + evaluation_s();
    for (row, arm) in estimate.arms.iter().zip(plan.arms()) {
        assert_eq!(row.arm, arm);
        assert!(close(row.trial_s, expected), "{} instead of {expected}", row.trial_s);
        assert_eq!(row.peak_bytes, Some((100 << 20) + 2_500 * 28 * 28 * 2));
    }
    assert!(close(estimate.total_s, 4.0 * expected), "two arms, two seeds");
}

#[test]
fn trials_that_run_at_once_take_as_long_as_those_that_follow_one_another() {
    let trial_s = START_S + 2.0 * EPOCH_S + evaluation_s();
    for (jobs, in_a_row) in [(1, 4.0), (2, 2.0), (3, 2.0), (4, 1.0), (9, 1.0)] {
        let (_, estimate) = estimate(SMALL, jobs);
        assert!(close(estimate.total_s, in_a_row * trial_s), "{jobs} at once: {}", estimate.total_s);
    }
}

#[test]
fn successive_halving_takes_what_is_new_in_each_rung() {
    let search = "[search]\nstrategy = \"halving\"\ntrials = 10\n[search.space]\nreduce = [\"max\", \"avg\", \"min\"]\n\
                  size = [2, 3, 4]\n[[arm]]";
    let (settings, _) = SMALL.split_once("[[arm]]").unwrap();
    let text =
        format!("{settings}{search}\nname = \"max\"\npool = \"max\"\n").replace("epochs = 2", "epochs = 9");
    let (plan, estimate) = estimate(&text, 1);
    let rungs: Vec<_> = plan.rungs().iter().map(|rung| (rung.arms, rung.seeds, rung.epochs)).collect();
    assert_eq!(rungs, [(9, 1, 1), (3, 1, 3), (1, 2, 9)]);
    // Nine of one epoch, three of two more, one of six more, and its second seed of nine.
    let epochs = 9.0 + 3.0 * 2.0 + 6.0 + 9.0;
    let starts = 9.0 + 3.0 + 2.0;
    let expected = starts * START_S + epochs * EPOCH_S + 2.0 * evaluation_s();
    assert!(close(estimate.total_s, expected), "{} instead of {expected}", estimate.total_s);
}
