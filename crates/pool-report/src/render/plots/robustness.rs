//! What small changes of the test images do: error, and how many predictions stay what they were.

use maud::{Markup, html};
use pool_metrics::{Robustness, TrialRecord};

use super::axis::Axis;
use super::panel::{Frame, Panel};
use super::shape::{band, mark, polyline};
use super::{Plot, PlotKind, SeedRange, Stroke, is_crowded, layer};
use crate::{ArmResults, Run, change};

/// A share of the changed images.
struct Figure {
    title: &'static str,
    words: &'static str,
    of: fn(&Robustness) -> f64,
    /// What the unchanged images give.
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

/// None where no trial was asked for it.
pub(super) fn plot(run: &Run) -> Option<Plot> {
    let kinds = kinds(run);
    (!kinds.is_empty()).then(|| Plot {
        kind: PlotKind::Robustness,
        caption: "The trained networks see every test image again, changed in every direction. Error is the share of \
                  changed images misclassified; consistency the share that is taken for the same class as the \
                  unchanged image, right or wrong. Strength 0 is the unchanged test set. Mean over seeds, band from \
                  the lowest to the highest."
            .to_owned(),
        colours_arms: true,
        columns: 2,
        stacks: kinds
            .iter()
            .flat_map(|kind| FIGURES.iter().map(|figure| figure.panel(run, kind).into()))
            .collect(),
    })
}

/// The kinds of change, in the order of the records.
fn kinds(run: &Run) -> Vec<&str> {
    let mut kinds: Vec<&str> = Vec::new();
    for changed in run.arms.iter().flat_map(ArmResults::healthy).flat_map(changes) {
        if !kinds.contains(&changed.kind.as_str()) {
            kinds.push(&changed.kind);
        }
    }
    kinds
}

fn changes(record: &TrialRecord) -> &[Robustness] {
    record.test.as_ref().map_or(&[], |test| &test.robustness)
}

impl Figure {
    fn panel(&self, run: &Run, kind: &str) -> Panel {
        let curves: Vec<Vec<(f64, SeedRange)>> = run.arms.iter().map(|arm| self.curve(arm, kind)).collect();
        let points = || curves.iter().flatten();
        let with_band = !is_crowded(run.arms.len());
        let frame = Frame {
            x: Axis::from_zero(points().map(|(strength, _)| *strength), 5),
            y: (self.axis)(points().flat_map(|(_, range)| [range.low, range.high]).collect()),
            x_title: change::axis_title(kind),
            size: (400.0, 250.0),
        };
        let drawn = html! {
            @for (arm, curve) in curves.iter().enumerate().filter(|(_, curve)| !curve.is_empty()) {
                (layer(arm, &drawn(Stroke::of_arm(arm), curve, with_band, &frame, |strength, range| {
                    let (arm, figure) = (&run.arms[arm].name, self.words);
                    let level = format!("{} {strength}{}", change::words(kind), change::unit(kind));
                    format!("{arm}, {level}: {figure} {}", range.words("%", 2))
                })))
            }
        };
        frame.panel(&format!("{} under {}, %", self.title, change::words(kind)), &drawn)
    }

    /// Strength and figure, from the unchanged images on; nothing for an arm that was not asked.
    fn curve(&self, arm: &ArmResults, kind: &str) -> Vec<(f64, SeedRange)> {
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
        origin.into_iter().chain(strengths.into_iter().filter_map(changed)).collect()
    }
}

fn drawn(
    stroke: Stroke,
    curve: &[(f64, SeedRange)],
    with_band: bool,
    frame: &Frame,
    words: impl Fn(f64, &SeedRange) -> String,
) -> Markup {
    let along = |figure: fn(&SeedRange) -> f64| -> Vec<(f64, f64)> {
        curve.iter().filter_map(|(strength, range)| frame.at(*strength, figure(range))).collect()
    };
    html! {
        @if with_band { (band(&along(|range| range.low), &along(|range| range.high))) }
        (polyline(&along(|range| range.mean), 2.0, stroke.dash))
        @for (strength, range) in curve {
            @if let Some((x, y)) = frame.at(*strength, range.mean) {
                (mark(&words(*strength, range), &stroke.shape.filled(x, y, 2.5)))
            }
        }
    }
}
