//! Error against each cost: which arms no other one beats in both.

use maud::{Markup, html};
use pool_metrics::{MemoryModel, pareto_front};

use super::axis::Axis;
use super::labels::Labels;
use super::panel::{Frame, Panel, arms_attribute};
use super::shape::{mark, polyline, whisker_up};
use super::{Plot, PlotKind, Stroke, layer};
use crate::cells::{number, thousands};
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
        words: |seconds| format!("{} s an epoch", number(Some(seconds), 2)),
    },
    Cost {
        title: "Test error, %, and prediction time",
        axis_title: "seconds to predict the test images",
        of: |arm| arm.costs.prediction_s.map(|seconds| seconds.median),
        words: |seconds| format!("{} s for the test images", number(Some(seconds), 3)),
    },
    Cost {
        title: "Test error, %, and memory of training",
        axis_title: "MiB by our model of a training step",
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

/// With more arms than this the names and intervals of the front alone are drawn; the others say theirs when pointed
/// at.
const MOST_NAMED: usize = 12;

/// One arm in one panel.
struct Point<'a> {
    arm: usize,
    name: &'a str,
    cost: f64,
    error: Estimate,
    on_front: bool,
}

/// None before two arms have seen the test images.
pub(super) fn plot(figures: &[ArmFigures]) -> Option<Plot> {
    let panels: Vec<Panel> = COSTS.iter().filter_map(|cost| cost.panel(figures)).collect();
    (!panels.is_empty()).then(|| Plot {
        kind: PlotKind::Pareto,
        caption: caption(figures),
        colours_arms: true,
        columns: 2,
        stacks: panels.into_iter().map(Into::into).collect(),
    })
}

fn caption(figures: &[ArmFigures]) -> String {
    let mut words = "Down and to the left is better. Filled marks are on the panel's Pareto front, which the dashed \
                     line joins: no other arm has both the lower mean error and the lower cost. Upright lines are \
                     95 % intervals of the mean over seeds; where they overlap widely, the order of two arms is open."
        .to_owned();
    if figures.iter().any(|arm| arm.costs.contended) {
        words += " Times are contended: the machine had other work while some were taken, so they must not be \
                  compared.";
    }
    if figures.iter().any(|arm| arm.costs.source == TimeSource::InPassing && arm.costs.epoch_s.is_some()) {
        words += " Times of arms whose costs were not measured apart were taken while their trials trained.";
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
            y: Axis::linear(errors_that_count(&points), 5),
            x_title: self.axis_title.to_owned(),
            size: (400.0, 290.0),
        };
        let places: Vec<Option<(f64, f64)>> =
            points.iter().map(|point| frame.at(point.cost, 100.0 * point.error.mean)).collect();
        let on_front = points.iter().filter(|point| point.on_front);
        let members: Vec<usize> = on_front.map(|point| point.arm).collect();
        let is_named = |point: &Point<'_>| point.on_front || points.len() <= MOST_NAMED;
        let mut labels = Labels::around(places.iter().flatten().copied(), frame.room());
        let drawn = html! {
            // Without one of its members the front would be another one.
            g stroke-opacity="0.5" data-arms=[arms_attribute(&members)] {
                (polyline(&front(&points, &frame), 1.2, Some("4 4")))
            }
            @for (point, place) in points.iter().zip(&places) {
                @if let Some(place) = *place {
                    (layer(point.arm, &self.drawn(point, place, is_named(point), &frame)))
                }
            }
            @for (point, place) in points.iter().zip(&places).filter(|(point, _)| is_named(point)) {
                @if let Some(place) = *place { (labels.place(point.arm, point.name, place)) }
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
        // Every point has two finite objectives, which is all that could be refused.
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
        let shape = Stroke::of_arm(point.arm).shape;
        let shape = if point.on_front { shape.filled(x, y, 5.5) } else { shape.hollow(x, y, 5.0) };
        let drawn = html! {
            @if let Some(ends) = ends { g stroke-opacity="0.55" { (whisker_up(x, ends)) } }
            (shape)
        };
        mark(&self.words_of(point), &drawn)
    }

    fn words_of(&self, point: &Point<'_>) -> String {
        let front = if point.on_front { ", on the front" } else { "" };
        let error = crate::cells::estimate(Some(point.error), 100.0, 2);
        format!("{}: error {error} %, {}{front}", point.name, (self.words)(point.cost))
    }
}

/// What the axis must show: all means, and of the intervals as much as leaves the means apart.
fn errors_that_count(points: &[Point<'_>]) -> Vec<f64> {
    let means = || points.iter().map(|point| point.error.mean);
    let (least, greatest) = (means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max));
    let room = if greatest > least { 1.5 * (greatest - least) } else { f64::INFINITY };
    let ends = points
        .iter()
        .filter_map(|point| point.error.interval)
        .flat_map(|interval| [interval.low.max(least - room).max(0.0), interval.high.min(greatest + room)]);
    means().chain(ends).map(|share| 100.0 * share).collect()
}

/// The stairs from one arm of the front to the next: what costs less than the next one has the error of the last.
fn front(points: &[Point<'_>], frame: &Frame) -> Vec<(f64, f64)> {
    let mut members: Vec<&Point<'_>> = points.iter().filter(|point| point.on_front).collect();
    members.sort_by(|one, other| one.cost.total_cmp(&other.cost));
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for place in members.iter().filter_map(|point| frame.at(point.cost, 100.0 * point.error.mean)) {
        if let Some(&(_, y)) = stairs.last() {
            stairs.push((place.0, y));
        }
        stairs.push(place);
    }
    stairs
}
