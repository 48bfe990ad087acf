//! Every schedule gives the step sizes that PyTorch's and Keras's schedulers give. See scripts/golden/schedules.py.

use pool_spec::{Schedule, StepSizes};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    schedule: Schedule,
    epochs: u32,
    steps_per_epoch: u64,
    warmup_epochs: f64,
    learning_rate: f64,
    expected: Vec<f64>,
}

#[test]
fn every_step_has_the_size_that_pytorch_and_keras_give_it() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/schedules.json")).unwrap();
    for Case { schedule, epochs, steps_per_epoch, warmup_epochs, learning_rate, expected } in cases {
        let sizes = StepSizes::new(learning_rate, schedule, warmup_epochs, epochs, steps_per_epoch);
        assert_eq!(expected.len() as u64, u64::from(epochs) * steps_per_epoch);
        for (step, expected) in (0..).zip(expected) {
            let found = sizes.of(step);
            // Most of PyTorch's are products of many steps, each rounded; Keras's are f32.
            let close = (found - expected).abs() <= 1e-6 * learning_rate;
            assert!(close, "{schedule}, warm-up {warmup_epochs}: step {step} is {found}, not {expected}");
        }
    }
}
