//! A sweep file, up to the plan of its trials. Trains nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mnist_data::DataDir;
use pool_report::{PlannedArm, PlannedImages, PlannedSweep, plan_table};
use pool_train::{DataSource, Sweep, TrialSpec};
use pooling_fuzz::{assert_is_one_line_about, folder, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("sweep.toml", bytes);
    let mut sweep = match Sweep::read(&path) {
        Ok(sweep) => sweep,
        Err(error) => return assert_is_one_line_about(&path, &error),
    };
    // A plan of MNIST needs no file, and any other folder's files are none of this target's business.
    sweep.data.source = DataSource::Mnist;
    let plan = match sweep.plan(&DataDir::at(folder().join("no-data"))) {
        Ok(plan) => plan,
        Err(error) => return assert_is_one_line_about(&path, &error),
    };
    assert_eq!(plan.trials.len(), plan.arms().len() * sweep.seeds.len());
    let mut arms = Vec::new();
    for trial in plan.trials.iter().take(plan.arms().len()) {
        let spec = trial.spec();
        let json = serde_json::to_string(spec).expect("a spec holds only what JSON can express");
        assert_eq!(serde_json::from_str::<TrialSpec>(&json).ok().as_ref(), Some(spec), "{json}");
        let model = spec.model_facts().expect("the plan has ruled out what cannot be");
        arms.push(PlannedArm { arm: spec.arm.clone(), seeds: vec![spec.seed], model });
    }
    let rungs = plan.rungs().to_vec();
    let images = PlannedImages::default();
    plan_table(&PlannedSweep { arms, rungs, hours: None, images, times: None }, 80);
});
