//! Calibration equals numpy bin by bin, with which torchmetrics agrees; `scripts/golden/calibration.py` made the values
//! and names the versions.

use pool_metrics::{Calibration, CalibrationBin};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    calibrations: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    confidences: Vec<f64>,
    correct: Vec<bool>,
    bins: Vec<CalibrationBin>,
    expected: f64,
    maximum: f64,
}

#[test]
fn bins_and_calibration_errors_equal_numpy() {
    let golden: Golden = serde_json::from_str(include_str!("golden/calibrations.json")).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
    for case in golden.calibrations {
        let ours = Calibration::from_confidences(&case.confidences, &case.correct).unwrap();
        assert_eq!(ours.bins().len(), case.bins.len(), "{}", case.name);
        for (bin, (ours, theirs)) in ours.bins().iter().zip(&case.bins).enumerate() {
            let what = format!("bin {bin} of {}: {ours:?}, {theirs:?}", case.name);
            assert_eq!((ours.count, ours.accuracy), (theirs.count, theirs.accuracy), "{what}");
            assert_eq!(ours.mean_confidence.is_some(), theirs.mean_confidence.is_some(), "{what}");
            let means = ours.mean_confidence.zip(theirs.mean_confidence);
            assert!(means.is_none_or(|(ours, theirs)| near(ours, theirs)), "{what}");
        }
        assert!(near(ours.expected_calibration_error(), case.expected), "{}", case.name);
        assert!(near(ours.maximum_calibration_error(), case.maximum), "{}", case.name);
    }
}
