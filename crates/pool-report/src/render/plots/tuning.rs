//! Validation error against what was tuned: whether an arm's best setting lies well within what was tried.

use maud::{Markup, html};
use pool_records::TunedArm;
use pool_spec::ArmOverrides;

use crate::TuningFindings;
use crate::cells::percent;
use crate::chart::{Axis, Chart, Frame, Panel, SeriesStyle, mark, polyline, series_group};

/// Something that tuning may vary.
struct TunedAxis {
    title: &'static str,
    of: fn(&ArmOverrides) -> Option<f64>,
}

const AXES: [TunedAxis; 5] = [
    TunedAxis { title: "learning rate", of: |setting| setting.learning_rate },
    TunedAxis { title: "weight decay", of: |setting| setting.weight_decay },
    TunedAxis { title: "momentum", of: |setting| setting.momentum },
    TunedAxis { title: "dropout", of: |setting| setting.dropout },
    TunedAxis { title: "label smoothing", of: |setting| setting.label_smoothing },
];

/// The lowest validation error that an arm had with a value of the axis, whatever the other axes had.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lowest {
    value: f64,
    error: f64,
    is_chosen: bool,
}

/// `None` where nothing was tuned, or no setting has been tried yet.
pub(super) fn chart(tuning: Option<&TuningFindings>) -> Option<Chart> {
    let tuning = tuning?;
    let panels: Vec<Panel> = AXES.iter().filter_map(|axis| axis.panel(tuning)).collect();
    (!panels.is_empty()).then(|| Chart {
        caption: "Each mark is the mean validation error over the seeds of tuning; where several axes were tuned, the lowest \
                  that the others allow. The filled mark is the setting that was chosen. An arm whose filled mark lies at \
                  an edge might do better beyond it. The vertical axes are logarithmic; a zero lies on the lower edge."
            .to_owned(),
        colours_series: true,
        columns: 2,
        stacks: panels.into_iter().map(Into::into).collect(),
    })
}

impl TunedAxis {
    /// `None` if the axis has a single value, or there is no figure for it.
    fn panel(&self, tuning: &TuningFindings) -> Option<Panel> {
        let curves: Vec<Vec<Lowest>> =
            tuning.tried.iter().map(|arm| self.curve(&tuning.settings, arm)).collect();
        let points = || curves.iter().flatten();
        let first = points().next()?.value;
        if points().all(|point| point.value == first) {
            return None;
        }
        let frame = Frame {
            x: Axis::fitting(points().map(|point| point.value), 5),
            y: Axis::logarithmic(points().map(|point| 100.0 * point.error)),
            x_title: self.title.to_owned(),
            size: (400.0, 270.0),
        };
        let drawn = html! {
            @for (arm, (tried, curve)) in tuning.tried.iter().zip(&curves).enumerate() {
                @if !curve.is_empty() { (series_group(arm, &self.drawn(arm, &tried.arm, curve, &frame))) }
            }
        };
        Some(frame.panel(&format!("Validation error, %, and {}", self.title), &drawn))
    }

    /// In rising order of values.
    fn curve(&self, settings: &[ArmOverrides], arm: &TunedArm) -> Vec<Lowest> {
        let mut curve: Vec<Lowest> = Vec::new();
        for (place, (setting, found)) in settings.iter().zip(&arm.settings).enumerate() {
            let (Some(value), Some(error)) = ((self.of)(setting), found.validation_error) else { continue };
            let is_chosen = arm.chosen == Some(place);
            match curve.iter_mut().find(|point| point.value == value) {
                None => curve.push(Lowest { value, error, is_chosen }),
                Some(point) if error < point.error || is_chosen => {
                    *point = Lowest { value, error, is_chosen };
                }
                Some(_) => {}
            }
        }
        curve.sort_by(|a, b| a.value.total_cmp(&b.value));
        curve
    }

    fn drawn(&self, arm: usize, name: &str, curve: &[Lowest], frame: &Frame) -> Markup {
        let style = SeriesStyle::nth(arm);
        let at = |point: &Lowest| frame.at(point.value, 100.0 * point.error);
        let line: Vec<(f64, f64)> = curve.iter().filter_map(at).collect();
        html! {
            (polyline(&line, 1.6, style.dash))
            @for point in curve {
                @if let Some((x, y)) = at(point) {
                    @let shape = if point.is_chosen { style.shape.filled(x, y, 5.0) } else { style.shape.hollow(x, y, 3.5) };
                    (mark(&self.words(name, point), &shape))
                }
            }
        }
    }

    fn words(&self, name: &str, Lowest { value, error, is_chosen }: &Lowest) -> String {
        let chosen = if *is_chosen { ", chosen" } else { "" };
        format!("{name}, {} {value}: {}{chosen}", self.title, percent(*error))
    }
}

#[cfg(test)]
mod tests {
    use pool_records::TriedSetting;

    use super::*;

    #[test]
    fn a_curve_has_the_lowest_error_of_every_value_and_marks_the_chosen_setting() {
        let settings: Vec<ArmOverrides> = [(0.01, 0.2), (0.001, 0.2), (0.01, 0.5), (0.001, 0.5)]
            .map(|(rate, dropout)| ArmOverrides {
                learning_rate: Some(rate),
                dropout: Some(dropout),
                ..ArmOverrides::default()
            })
            .to_vec();
        let found = |error| TriedSetting { validation_error: Some(error), ..TriedSetting::default() };
        let arm = TunedArm {
            arm: "max".to_owned(),
            settings: [0.04, 0.02, 0.03, 0.01].map(found).to_vec(),
            chosen: Some(3),
        };
        assert_eq!(
            AXES[0].curve(&settings, &arm),
            [
                Lowest { value: 0.001, error: 0.01, is_chosen: true },
                Lowest { value: 0.01, error: 0.03, is_chosen: false }
            ]
        );
        assert!(AXES[1].curve(&settings, &arm).is_empty(), "weight decay was not tuned");
    }
}
