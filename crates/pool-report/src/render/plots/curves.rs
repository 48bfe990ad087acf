//! Learning curves: loss and error of training and validation over the epochs.

use maud::{Markup, html};
use pool_metrics::{EpochRecord, TrialRecord, TrialStatus};

use super::axis::Axis;
use super::panel::{Frame, Panel};
use super::shape::{band, mark, polyline};
use super::{Plot, PlotKind, SeedRange, Stroke, is_crowded, layer};
use crate::{ArmResults, Run};

/// More epochs than this are pointed at one by one no longer: a mark would stand on the next.
const MOST_MARKS: usize = 40;

/// A figure of each epoch, and its words.
struct Figure {
    title: &'static str,
    unit: &'static str,
    decimals: usize,
    of: fn(&EpochRecord) -> f64,
}

const FIGURES: [Figure; 4] = [
    Figure { title: "Training loss, nats", unit: "nats", decimals: 4, of: |epoch| epoch.train_loss },
    Figure { title: "Validation loss, nats", unit: "nats", decimals: 4, of: |epoch| epoch.validation_loss },
    Figure { title: "Training error, %", unit: "%", decimals: 2, of: |epoch| 100.0 * epoch.train_error },
    Figure {
        title: "Validation error, %",
        unit: "%",
        decimals: 2,
        of: |epoch| 100.0 * epoch.validation_error,
    },
];

/// None before the first trial has finished.
pub(super) fn plot(run: &Run) -> Option<Plot> {
    run.records().any(|record| !record.epochs.is_empty()).then(|| Plot {
        kind: PlotKind::LearningCurves,
        caption: caption(run),
        colours_arms: true,
        columns: 2,
        stacks: FIGURES.iter().map(|figure| figure.panel(run).into()).collect(),
    })
}

fn caption(run: &Run) -> String {
    let lines = if is_crowded(run.arms.len()) {
        "Means over the epochs that every seed reached."
    } else {
        "A line is the mean over the epochs that every seed reached, its band reaches from the lowest seed to the \
         highest; a thin line is a trial that diverged."
    };
    format!(
        "{lines} Training figures are taken while the weights change and dropout is on, as Keras prints them. The \
         vertical axes are logarithmic; a zero lies on the lower edge."
    )
}

impl Figure {
    fn panel(&self, run: &Run) -> Panel {
        let epochs = run.records().map(|record| record.epochs.len()).max().unwrap_or(1);
        let frame = Frame {
            x: Axis::epochs(epochs as u32),
            y: Axis::logarithmic(self.figures_that_count(run)),
            x_title: "epoch".to_owned(),
            size: (400.0, 270.0),
        };
        let bands = !is_crowded(run.arms.len());
        let drawn = html! {
            @for (arm, results) in run.arms.iter().enumerate().filter(|(_, results)| !results.records.is_empty()) {
                (layer(arm, &self.curve(Stroke::of_arm(arm), results, bands, &frame)))
            }
        };
        frame.panel(self.title, &drawn)
    }

    /// The figures that the axis must show: those of a diverging trial would squeeze all others.
    fn figures_that_count(&self, run: &Run) -> Vec<f64> {
        let of_epochs = |record: &TrialRecord| record.epochs.iter().map(self.of).collect::<Vec<_>>();
        let healthy: Vec<f64> = run.arms.iter().flat_map(ArmResults::healthy).flat_map(of_epochs).collect();
        if healthy.is_empty() { run.records().flat_map(of_epochs).collect() } else { healthy }
    }

    fn curve(&self, stroke: Stroke, results: &ArmResults, with_band: bool, frame: &Frame) -> Markup {
        let points = self.means(results);
        let along = |figure: fn(&SeedRange) -> f64| -> Vec<(f64, f64)> {
            points.iter().filter_map(|(epoch, range)| frame.at(f64::from(*epoch), figure(range))).collect()
        };
        let marks = points.len() <= MOST_MARKS;
        let width = if with_band { 2.0 } else { 1.4 };
        let radius = if points.len() == 1 { 4.0 } else { 1.8 };
        html! {
            @if with_band {
                (band(&along(|range| range.low), &along(|range| range.high)))
                @for record in results.records.iter().filter(|record| record.status == TrialStatus::Diverged) {
                    (self.diverged(record, frame))
                }
            }
            (polyline(&along(|range| range.mean), width, stroke.dash))
            @for (epoch, range) in points.iter().filter(|_| marks) {
                @if let Some((x, y)) = frame.at(f64::from(*epoch), range.mean) {
                    (mark(&self.words(&results.name, *epoch, range), &stroke.shape.filled(x, y, radius)))
                }
            }
        }
    }

    fn diverged(&self, record: &TrialRecord, frame: &Frame) -> Markup {
        let figures = record.epochs.iter().map(|epoch| (f64::from(epoch.epoch), (self.of)(epoch)));
        let places: Vec<_> = figures.filter_map(|(epoch, figure)| frame.at(epoch, figure)).collect();
        html! { g stroke-opacity="0.6" { (polyline(&places, 1.0, Some("2 2"))) } }
    }

    fn words(&self, arm: &str, epoch: u32, range: &SeedRange) -> String {
        format!("{arm}, epoch {epoch}: {}", range.words(self.unit, self.decimals))
    }

    /// Over the trials that did not diverge, for the epochs that all of them reached.
    fn means(&self, results: &ArmResults) -> Vec<(u32, SeedRange)> {
        let healthy: Vec<&[EpochRecord]> = results.healthy().map(|record| record.epochs.as_slice()).collect();
        let reached_by_all = healthy.iter().map(|epochs| epochs.len()).min().unwrap_or(0);
        (0..reached_by_all)
            .filter_map(|index| {
                let figures = healthy.iter().map(|epochs| (self.of)(&epochs[index]));
                Some((healthy.first()?[index].epoch, SeedRange::of(figures)?))
            })
            .collect()
    }
}
