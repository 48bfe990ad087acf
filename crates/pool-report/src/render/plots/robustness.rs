//! The effect of small changes of the test images: on the error, and on how many predictions stay the same.

use maud::html;
use pool_records::{Robustness, TrialRecord};
use pool_spec::PerturbationKind;

use super::curves::{SeedCurve, SeedRange};
use crate::chart::{Axis, Chart, Frame, Panel, SeriesStyle, is_crowded, series_group};
use crate::figures::{change_axis_title, change_unit, change_words};
use crate::{ArmResults, Run};

/// A share of the changed images.
struct Figure {
    title: &'static str,
    words: &'static str,
    of: fn(&Robustness) -> f64,
    /// The figure of the unchanged images.
    unchanged: fn(&TrialRecord) -> Option<f64>,
    axis: fn(Vec<f64>) -> Axis,
}

const FIGURES: [Figure; 2] = [
    Figure {
        title: "Error",
        words: "error",
        of: |changed| 100.0 * changed.error_rate(),
        unchanged: |record| record.test_error().map(|share| 100.0 * share),
        axis: |figures| Axis::from_zero(figures, 5),
    },
    Figure {
        title: "Consistency",
        words: "consistency",
        of: |changed| 100.0 * changed.consistency(),
        unchanged: |_| Some(100.0),
        axis: |figures| Axis::linear(figures.into_iter().chain([100.0]), 5),
    },
];

/// `None` if no trial measured it.
pub(super) fn chart(run: &Run) -> Option<Chart> {
    let kinds = kinds(run);
    (!kinds.is_empty()).then(|| Chart {
        caption: "The trained networks classify every test image again, changed in every direction. Error is the \
                  share of changed images that are misclassified; consistency is the share with the same predicted \
                  class as the unchanged image, right or wrong. Strength 0 is the unchanged test set. Lines are means \
                  over seeds, bands span the lowest to the highest seed."
            .to_owned(),
        colours_series: true,
        columns: 2,
        stacks: kinds
            .iter()
            .flat_map(|&kind| FIGURES.iter().map(move |figure| figure.panel(run, kind).into()))
            .collect(),
    })
}

/// The kinds of change, in the order of the records.
fn kinds(run: &Run) -> Vec<PerturbationKind> {
    let mut kinds: Vec<PerturbationKind> = Vec::new();
    for changed in run.arms.iter().flat_map(ArmResults::healthy).flat_map(changes) {
        if !kinds.contains(&changed.kind) {
            kinds.push(changed.kind);
        }
    }
    kinds
}

fn changes(record: &TrialRecord) -> &[Robustness] {
    record.test.as_ref().map_or(&[], |test| &test.robustness)
}

impl Figure {
    fn panel(&self, run: &Run, kind: PerturbationKind) -> Panel {
        let curves: Vec<SeedCurve> = run.arms.iter().map(|arm| self.curve(arm, kind)).collect();
        let points = || curves.iter().flat_map(|curve| &curve.0);
        let with_band = !is_crowded(run.arms.len());
        let frame = Frame {
            x: Axis::from_zero(points().map(|(strength, _)| *strength), 5),
            y: (self.axis)(points().flat_map(|(_, range)| [range.low, range.high]).collect()),
            x_title: change_axis_title(kind),
            size: (400.0, 250.0),
        };
        let words = |arm: &str, strength: f64, range: &SeedRange| {
            let level = format!("{} {strength}{}", change_words(kind), change_unit(kind));
            format!("{arm}, {level}: {} {}", self.words, range.words("%", 2))
        };
        let drawn = |curve: &SeedCurve, arm: usize| {
            let (style, name) = (SeriesStyle::nth(arm), &run.arms[arm].name);
            html! {
                @if with_band { (curve.band(&frame)) }
                (curve.line(style, 2.0, &frame))
                (curve.marks(style, 2.5, &frame, |strength, range| words(name, strength, range)))
            }
        };
        let drawn = html! {
            @for (arm, curve) in curves.iter().enumerate().filter(|(_, curve)| !curve.0.is_empty()) {
                (series_group(arm, &drawn(curve, arm)))
            }
        };
        frame.panel(&format!("{} under {}, %", self.title, change_words(kind)), &drawn)
    }

    /// By strength, from the unchanged images on; empty if the arm has no such figures.
    fn curve(&self, arm: &ArmResults, kind: PerturbationKind) -> SeedCurve {
        let found = || arm.healthy().flat_map(changes).filter(|changed| changed.kind == kind);
        let mut strengths: Vec<f64> = found().map(|changed| changed.strength).collect();
        strengths.sort_by(f64::total_cmp);
        strengths.dedup();
        let changed = |strength: f64| {
            let figures = found().filter(|changed| changed.strength == strength).map(self.of);
            Some((strength, SeedRange::of(figures)?))
        };
        let unchanged = SeedRange::of(arm.healthy().filter_map(self.unchanged));
        let origin = unchanged.filter(|_| strengths.first().is_some_and(|&least| least > 0.0));
        let origin = origin.map(|range| (0.0, range));
        SeedCurve(origin.into_iter().chain(strengths.into_iter().filter_map(changed)).collect())
    }
}
