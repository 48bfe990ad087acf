//! Figures from the test images besides the error: classes, calibration, small changes.
use pool_records::{Robustness, TestResults};
use pool_spec::PerturbationKind;
use serde::Serialize;

use super::{ArmFigures, Estimate};

/// Test images after one kind of change at one strength.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RobustnessFigures {
    /// The kind of change, such as `shift`.
    pub kind: PerturbationKind,
    /// How much of it, in the kind's own unit.
    pub strength: f64,
    /// Share of changed images misclassified.
    pub error: Option<Estimate>,
    /// Share of changed images that are still taken for what they were taken for.
    pub consistency: Option<Estimate>,
}

/// One row per kind and strength, in the order in which the trials have them.
pub(super) fn robustness(tests: &[&TestResults], held_out_ratio: f64) -> Vec<RobustnessFigures> {
    let mut rows: Vec<(PerturbationKind, f64)> = Vec::new();
    for &Robustness { kind, strength, .. } in tests.iter().flat_map(|test| &test.robustness) {
        if !rows.contains(&(kind, strength)) {
            rows.push((kind, strength));
        }
    }
    rows.into_iter()
        .map(|(kind, strength)| {
            let over_seeds = |share: fn(&Robustness) -> f64| {
                let values: Vec<f64> =
                    tests.iter().filter_map(|test| changed(test, kind, strength)).map(share).collect();
                Estimate::share(&values, held_out_ratio)
            };
            RobustnessFigures {
                kind,
                strength,
                error: over_seeds(Robustness::error_rate),
                consistency: over_seeds(Robustness::consistency),
            }
        })
        .collect()
}

/// A trial's result for one kind of change at one strength.
pub(crate) fn changed(test: &TestResults, kind: PerturbationKind, strength: f64) -> Option<&Robustness> {
    test.robustness.iter().find(|row| row.kind == kind && row.strength == strength && row.images > 0)
}

/// The fraction of each class's test images that is misclassified; `None` for a class without images.
pub(super) fn class_errors(tests: &[&TestResults], held_out_ratio: f64) -> Vec<Option<Estimate>> {
    let classes = tests.iter().map(|test| test.confusion.classes()).max().unwrap_or(0);
    let per_trial: Vec<Vec<Option<f64>>> = tests.iter().map(|test| errors_by_class(test)).collect();
    (0..classes)
        .map(|class| {
            let values: Vec<f64> =
                per_trial.iter().filter_map(|trial| trial.get(class).copied().flatten()).collect();
            Estimate::share(&values, held_out_ratio)
        })
        .collect()
}

/// The classes, by label, that test images show: those without an image have no error.
pub(crate) fn classes_with_errors(figures: &[ArmFigures]) -> Vec<usize> {
    let classes = figures.iter().map(|arm| arm.class_errors.len()).max().unwrap_or(0);
    let has_error =
        |&class: &usize| figures.iter().any(|arm| arm.class_errors.get(class).is_some_and(Option::is_some));
    (0..classes).filter(has_error).collect()
}

/// Of one trial.
pub(crate) fn errors_by_class(test: &TestResults) -> Vec<Option<f64>> {
    let mut sums = vec![(0, 0); test.confusion.classes()];
    for cell in test.confusion.cells() {
        let (images, wrong) = &mut sums[usize::from(cell.label)];
        *images += cell.count;
        *wrong += if cell.label == cell.prediction { 0 } else { cell.count };
    }
    sums.into_iter()
        .map(|(images, wrong): (u64, u64)| (images > 0).then(|| wrong as f64 / images as f64))
        .collect()
}

/// The kind of change as words.
pub(crate) fn change_words(kind: PerturbationKind) -> &'static str {
    match kind {
        PerturbationKind::Shift => "shift",
        PerturbationKind::CircularShift => "circular shift",
        PerturbationKind::Rotation => "rotation",
        PerturbationKind::Scale => "scaling",
        PerturbationKind::Noise => "noise",
        PerturbationKind::Blur => "blur",
    }
}

/// What stands after a strength.
pub(crate) fn change_unit(kind: PerturbationKind) -> &'static str {
    match kind {
        PerturbationKind::Shift | PerturbationKind::CircularShift | PerturbationKind::Blur => " px",
        PerturbationKind::Rotation => "°",
        PerturbationKind::Scale => " %",
        PerturbationKind::Noise => "",
    }
}

/// What an axis of strengths is called.
pub(crate) fn change_axis_title(kind: PerturbationKind) -> String {
    let strength = match kind {
        PerturbationKind::Shift | PerturbationKind::CircularShift => "pixels",
        PerturbationKind::Rotation => "degrees",
        PerturbationKind::Scale => "per cent larger or smaller",
        PerturbationKind::Noise => "standard deviation, share of the grey range",
        PerturbationKind::Blur => "standard deviation, pixels",
    };
    format!("{}: {strength}", change_words(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_as_words_with_their_units() {
        for (kind, level, axis) in [
            (PerturbationKind::CircularShift, "circular shift, 2 px", "circular shift: pixels"),
            (PerturbationKind::Rotation, "rotation, 2°", "rotation: degrees"),
            (PerturbationKind::Scale, "scaling, 2 %", "scaling: per cent larger or smaller"),
        ] {
            assert_eq!(format!("{}, 2{}", change_words(kind), change_unit(kind)), level);
            assert_eq!(change_axis_title(kind), axis);
        }
    }
}
