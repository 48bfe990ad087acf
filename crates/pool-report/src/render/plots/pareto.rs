//! Error against each cost: which arms no other arm beats in both.

use maud::{Markup, html};
use pool_metrics::{MemoryModel, pareto_front};

use crate::cells::{estimate, number, thousands};
use crate::chart::{
    Axis, Chart, Frame, Panel, PointNames, SeriesStyle, mark, polyline, series_attribute, series_group,
    vertical_whisker,
};
use crate::{ArmFigures, Estimate, TimeSource};

const MIB: f64 = (1u64 << 20) as f64;

/// Something that an arm costs.
struct Cost {
    title: &'static str,
    axis_title: &'static str,
    of: fn(&ArmFigures) -> Option<f64>,
    words: fn(f64) -> String,
}

const COSTS: [Cost; 4] = [
    Cost {
        title: "Test error, %, and training time",
        axis_title: "seconds of training per epoch",
        of: |arm| arm.costs.epoch_s.map(|seconds| seconds.median),
        words: |seconds| format!("{} s per epoch", number(Some(seconds), 2)),
    },
    Cost {
        title: "Test error, %, and prediction time",
        axis_title: "seconds to predict the test images",
        of: |arm| arm.costs.prediction_s.map(|seconds| seconds.median),
        words: |seconds| format!("{} s for the test images", number(Some(seconds), 3)),
    },
    Cost {
        title: "Test error, %, and training memory",
        axis_title: "MiB, estimated for a training step",
        of: |arm| arm.memory_bytes(MemoryModel::Training).map(|bytes| bytes as f64 / MIB),
        words: |mib| format!("{} MiB", number(Some(mib), 1)),
    },
    Cost {
        title: "Test error, %, and parameters",
        axis_title: "trainable parameters, thousands",
        of: |arm| arm.parameters.map(|count| count as f64 / 1e3),
        words: |thousand| format!("{} parameters", thousands(Some((1e3 * thousand).round() as u64))),
    },
];

/// With more arms than this only the front gets names and intervals; the others show theirs when pointed at.
const MOST_NAMED: usize = 12;

/// An arm in one panel.
struct Point<'a> {
    arm: usize,
    name: &'a str,
    cost: f64,
    error: Estimate,
    on_front: bool,
}

/// `None` before two arms have been tested.
pub(super) fn chart(figures: &[ArmFigures]) -> Option<Chart> {
    let panels: Vec<Panel> = COSTS.iter().filter_map(|cost| cost.panel(figures)).collect();
    (!panels.is_empty()).then(|| Chart {
        caption: caption(figures),
        colours_series: true,
        columns: 2,
        stacks: panels.into_iter().map(Into::into).collect(),
    })
}

fn caption(figures: &[ArmFigures]) -> String {
    let mut words = "Down and to the left is better. Filled marks are on the panel's Pareto front, which the dashed \
                     line connects: no other arm has both a lower mean error and a lower cost. Vertical lines are \
                     95 % intervals of the mean over seeds; where they overlap widely, the order of two arms is \
                     uncertain."
        .to_owned();
    if figures.iter().any(|arm| arm.costs.contended) {
        words += " Some times are contended: the machine was busy with other work when they were taken, so they must \
                  not be compared.";
    }
    if figures.iter().any(|arm| arm.costs.source == TimeSource::InPassing && arm.costs.epoch_s.is_some()) {
        words +=
            " The times of arms without a measurement of their own were taken while their trials trained.";
    }
    words
}

impl Cost {
    fn panel(&self, figures: &[ArmFigures]) -> Option<Panel> {
        let points = self.points(figures);
        if points.len() < 2 {
            return None;
        }
        let frame = Frame {
            x: Axis::fitting(points.iter().map(|point| point.cost), 5),
            y: Axis::linear(errors_on_axis(&points), 5),
            x_title: self.axis_title.to_owned(),
            size: (400.0, 290.0),
        };
        let positions: Vec<Option<(f64, f64)>> =
            points.iter().map(|point| frame.at(point.cost, 100.0 * point.error.mean)).collect();
        let on_front = points.iter().filter(|point| point.on_front);
        let members: Vec<usize> = on_front.map(|point| point.arm).collect();
        let is_named = |point: &Point<'_>| point.on_front || points.len() <= MOST_NAMED;
        let mut names = PointNames::of(&frame, positions.iter().flatten().copied());
        let drawn = html! {
            // Without one of its members it would be another front, so it is hidden with any of them.
            g stroke-opacity="0.5" data-arms=[series_attribute(&members)] {
                (polyline(&front(&points, &frame), 1.2, Some("4 4")))
            }
            @for (point, position) in points.iter().zip(&positions) {
                @if let Some(position) = *position {
                    (series_group(point.arm, &self.drawn(point, position, is_named(point), &frame)))
                }
            }
            @for (point, position) in points.iter().zip(&positions).filter(|(point, _)| is_named(point)) {
                @if let Some(position) = *position { (names.place(point.arm, point.name, position)) }
            }
        };
        Some(frame.panel(self.title, &drawn))
    }

    fn points<'a>(&self, figures: &'a [ArmFigures]) -> Vec<Point<'a>> {
        let mut points: Vec<Point<'_>> = figures
            .iter()
            .enumerate()
            .filter_map(|(arm, figures)| {
                let cost = (self.of)(figures).filter(|cost| cost.is_finite())?;
                Some(Point { arm, name: &figures.arm, cost, error: figures.test_error?, on_front: false })
            })
            .collect();
        let objectives: Vec<Vec<f64>> =
            points.iter().map(|point| vec![point.error.mean, point.cost]).collect();
        // Points are refused for an objective that is missing or NaN; these have neither.
        for (point, on_front) in points.iter_mut().zip(pareto_front(&objectives).unwrap_or_default()) {
            point.on_front = on_front;
        }
        points
    }

    fn drawn(&self, point: &Point<'_>, (x, y): (f64, f64), with_interval: bool, frame: &Frame) -> Markup {
        let ends = point.error.interval.filter(|_| with_interval).and_then(|interval| {
            let up = |share: f64| Some(frame.at(point.cost, 100.0 * share)?.1);
            Some((up(interval.low)?, up(interval.high)?))
        });
        let shape = SeriesStyle::nth(point.arm).shape;
        let shape = if point.on_front { shape.filled(x, y, 5.5) } else { shape.hollow(x, y, 5.0) };
        let drawn = html! {
            @if let Some(ends) = ends { g stroke-opacity="0.55" { (vertical_whisker(x, ends)) } }
            (shape)
        };
        mark(&self.words_of(point), &drawn)
    }

    fn words_of(&self, point: &Point<'_>) -> String {
        let front = if point.on_front { ", on the front" } else { "" };
        let error = estimate(Some(point.error), 100.0, 2);
        format!("{}: error {error} %, {}{front}", point.name, (self.words)(point.cost))
    }
}

/// The errors that the axis covers: all means, and as much of the intervals as keeps the means distinguishable.
fn errors_on_axis(points: &[Point<'_>]) -> Vec<f64> {
    let means = || points.iter().map(|point| point.error.mean);
    let (least, greatest) = (means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max));
    let margin = if greatest > least { 1.5 * (greatest - least) } else { f64::INFINITY };
    let ends = points.iter().filter_map(|point| point.error.interval).flat_map(|interval| {
        [interval.low.max(least - margin).max(0.0), interval.high.min(greatest + margin)]
    });
    means().chain(ends).map(|share| 100.0 * share).collect()
}

/// The front as a staircase from arm to arm: up to the cost of the next one, the best error is that of the last.
fn front(points: &[Point<'_>], frame: &Frame) -> Vec<(f64, f64)> {
    let mut members: Vec<&Point<'_>> = points.iter().filter(|point| point.on_front).collect();
    members.sort_by(|one, other| one.cost.total_cmp(&other.cost));
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for (x, y) in members.iter().filter_map(|point| frame.at(point.cost, 100.0 * point.error.mean)) {
        if let Some(&(_, last_error)) = stairs.last() {
            stairs.push((x, last_error));
        }
        stairs.push((x, y));
    }
    stairs
}
