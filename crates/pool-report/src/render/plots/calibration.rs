//! How far the predicted probabilities can be believed.

use maud::{Markup, html};
use pool_metrics::{Calibration, CalibrationBin};

use super::axis::Axis;
use super::list::{List, MIDDLE, Row};
use super::panel::{Frame, Panel};
use super::shape::{mark, polyline, px};
use super::{Plot, PlotKind, SeedRange, Stack, Stroke, layer};
use crate::cells::thousands;
use crate::{ArmResults, Run};

/// Bins with fewer predictions say next to nothing, and a line through them would draw the eye.
const FEWEST: u64 = 10;

/// None before a trial has seen the test images.
pub(super) fn plot(run: &Run) -> Option<Plot> {
    run.arms.iter().flat_map(calibrations).next()?;
    Some(Plot {
        kind: PlotKind::Calibration,
        caption: format!(
            "Predictions sorted by the confidence that the network states, all seeds together: on the dashed line a \
             network is right as often as it says. Bins with fewer than {FEWEST} predictions are left out, and a \
             larger mark stands for more of them. The expected calibration error is the mean distance from that line \
             over all predictions (Guo et al. 2017): per arm the mean over seeds, the line from the lowest to the \
             highest."
        ),
        colours_arms: true,
        columns: 2,
        stacks: vec![reliability(run).into(), expected_errors(run)],
    })
}

fn calibrations(arm: &ArmResults) -> impl Iterator<Item = &Calibration> {
    arm.healthy().filter_map(|record| Some(&record.test.as_ref()?.calibration))
}

fn reliability(run: &Run) -> Panel {
    let frame = Frame {
        x: Axis::linear([0.0, 100.0], 5),
        y: Axis::linear([0.0, 100.0], 5),
        x_title: "stated confidence, %".to_owned(),
        size: (400.0, 360.0),
    };
    let diagonal: Vec<(f64, f64)> = [0.0, 100.0].into_iter().filter_map(|end| frame.at(end, end)).collect();
    let drawn = html! {
        g stroke-opacity="0.6" { (polyline(&diagonal, 1.2, Some("5 4"))) }
        @for (arm, results) in run.arms.iter().enumerate() {
            (layer(arm, &curve(&results.name, Stroke::of_arm(arm), &pooled(results), &frame)))
        }
    };
    frame.panel("Right predictions, %", &drawn)
}

/// The predictions of one bin, of all seeds.
struct Bin {
    count: u64,
    mean_confidence: f64,
    accuracy: f64,
}

fn pooled(arm: &ArmResults) -> Vec<Bin> {
    let bins = calibrations(arm).map(|found| found.bins().len()).max().unwrap_or(0);
    (0..bins)
        .map(|index| {
            let found = || calibrations(arm).filter_map(|found| found.bins().get(index));
            let count: u64 = found().map(|bin| bin.count).sum();
            let weighted = |share: fn(&CalibrationBin) -> Option<f64>| {
                let sum: f64 = found().filter_map(|bin| Some(bin.count as f64 * share(bin)?)).sum();
                sum / (count as f64).max(1.0)
            };
            Bin {
                count,
                mean_confidence: weighted(|bin| bin.mean_confidence),
                accuracy: weighted(|bin| bin.accuracy),
            }
        })
        .collect()
}

fn curve(arm: &str, stroke: Stroke, bins: &[Bin], frame: &Frame) -> Markup {
    let counted = bins.iter().filter(|bin| bin.count >= FEWEST);
    let points: Vec<(&Bin, (f64, f64))> = counted
        .filter_map(|bin| Some((bin, frame.at(100.0 * bin.mean_confidence, 100.0 * bin.accuracy)?)))
        .collect();
    let places: Vec<(f64, f64)> = points.iter().map(|(_, place)| *place).collect();
    let all: u64 = bins.iter().map(|bin| bin.count).sum();
    html! {
        (polyline(&places, 1.6, stroke.dash))
        @for (bin, (x, y)) in &points {
            @let radius = 2.5 + 4.0 * (bin.count as f64 / all as f64).sqrt();
            (mark(&words(arm, bin), &stroke.shape.filled(*x, *y, radius)))
        }
    }
}

fn words(arm: &str, Bin { count, mean_confidence, accuracy }: &Bin) -> String {
    let (stated, right) = (100.0 * mean_confidence, 100.0 * accuracy);
    format!(
        "{arm}: {} predictions, confident to {stated:.1} %, right in {right:.1} %",
        thousands(Some(*count))
    )
}

fn expected_errors(run: &Run) -> Stack {
    let ranges: Vec<Option<SeedRange>> = run
        .arms
        .iter()
        .map(|arm| SeedRange::of(calibrations(arm).map(|found| 100.0 * found.expected_calibration_error())))
        .collect();
    let list = List {
        title: "Expected calibration error".to_owned(),
        axis: Axis::from_zero(ranges.iter().flatten().map(|range| range.high), 5),
        axis_title: "percentage points".to_owned(),
    };
    let rows = run.arms.iter().zip(&ranges).enumerate().filter_map(|(arm, (results, range))| {
        let range = (*range)?;
        let (low, mean, high) = (list.at(range.low)?, list.at(range.mean)?, list.at(range.high)?);
        let drawn = html! {
            line x1=(px(low)) x2=(px(high)) y1=(MIDDLE) y2=(MIDDLE) stroke="currentColor" stroke-width="2" {}
            (Stroke::of_arm(arm).shape.filled(mean, MIDDLE, 4.5))
        };
        let words = format!("{}: {}", results.name, range.words("points", 3));
        Some(list.row(&Row {
            arms: vec![arm],
            name: results.name.clone(),
            figure: format!("{:.3}", range.mean),
            drawn: layer(arm, &mark(&words, &drawn)),
        }))
    });
    Stack { panels: std::iter::once(list.head(&html! {}, 0.0)).chain(rows).collect() }
}
