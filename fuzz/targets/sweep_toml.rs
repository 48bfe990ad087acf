//! A sweep file, up to the plan of its trials and the table that shows it. Trains nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pool_report::{PlannedSweep, plan_table};
use pool_spec::{DataFacts, ImageCounts, Sweep, TrialSpec};
use pooling_fuzz::{assert_is_one_line_about, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("sweep.toml", bytes);
    let sweep = match Sweep::read(&path) {
        Ok(sweep) => sweep,
        Err(error) => return assert_is_one_line_about(&path, &error),
    };
    // Whatever set the file names: the files of a folder are none of this target's business.
    let mnist = DataFacts {
        sample: [1, 28, 28],
        classes: 10,
        images: ImageCounts { train: 48_000, validation: 12_000, test: 10_000 },
        class_images: None,
    };
    let plan = match sweep.plan(&mnist) {
        Ok(plan) => plan,
        Err(error) => return assert_is_one_line_about(&path, &error),
    };
    assert_eq!(plan.trials.len(), plan.arms().len() * sweep.seeds.len());
    for trial in plan.trials.iter().take(plan.arms().len()) {
        let spec = trial.spec();
        let json = serde_json::to_string(spec).expect("a spec holds only what JSON can express");
        assert_eq!(serde_json::from_str::<TrialSpec>(&json).ok().as_ref(), Some(spec), "{json}");
    }
    let everything = plan.select(&[]).expect("no arm is named that is not there");
    let planned = PlannedSweep::new(&everything, None).expect("the plan has ruled out what cannot be");
    plan_table(&planned, 80);
});
