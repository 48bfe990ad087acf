//! Whether the networks are right as often as their stated confidence promises.

use maud::{Markup, html};
use pool_metrics::{Calibration, CalibrationBin};

use super::curves::SeedRange;
use crate::cells::thousands;
use crate::chart::{
    Axis, Chart, Frame, List, Panel, ROW_MIDDLE, Row, SeriesStyle, Stack, mark, polyline, px, series_group,
};
use crate::{ArmResults, Run};

/// Bins with fewer predictions are mostly chance, and a line through them would draw the eye.
const FEWEST: u64 = 10;

/// `None` before a trial has been tested.
pub(super) fn chart(run: &Run) -> Option<Chart> {
    run.arms.iter().flat_map(calibrations).next()?;
    Some(Chart {
        caption: format!(
            "Predictions in bins of the network's confidence, all seeds together: on the dashed line, a network is \
             right as often as its confidence says. Bins with fewer than {FEWEST} predictions are left out, and a \
             larger mark stands for more predictions. The expected calibration error is the mean distance from the \
             dashed line over all predictions (Guo et al. 2017): per arm, the mean over seeds and a line from the \
             lowest to the highest seed."
        ),
        colours_series: true,
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
        x_title: "confidence, %".to_owned(),
        size: (400.0, 360.0),
    };
    let diagonal: Vec<(f64, f64)> = [0.0, 100.0].into_iter().filter_map(|end| frame.at(end, end)).collect();
    let drawn = html! {
        g stroke-opacity="0.6" { (polyline(&diagonal, 1.2, Some("5 4"))) }
        @for (arm, results) in run.arms.iter().enumerate() {
            (series_group(arm, &curve(&results.name, SeriesStyle::nth(arm), &pooled(results), &frame)))
        }
    };
    frame.panel("Correct predictions, %", &drawn)
}

/// The predictions of one bin, all seeds together.
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

fn curve(arm: &str, style: SeriesStyle, bins: &[Bin], frame: &Frame) -> Markup {
    let counted = bins.iter().filter(|bin| bin.count >= FEWEST);
    let points: Vec<(&Bin, (f64, f64))> = counted
        .filter_map(|bin| Some((bin, frame.at(100.0 * bin.mean_confidence, 100.0 * bin.accuracy)?)))
        .collect();
    let line: Vec<(f64, f64)> = points.iter().map(|(_, point)| *point).collect();
    let all: u64 = bins.iter().map(|bin| bin.count).sum();
    html! {
        (polyline(&line, 1.6, style.dash))
        @for (bin, (x, y)) in &points {
            @let radius = 2.5 + 4.0 * (bin.count as f64 / all as f64).sqrt();
            (mark(&words(arm, bin), &style.shape.filled(*x, *y, radius)))
        }
    }
}

fn words(arm: &str, Bin { count, mean_confidence, accuracy }: &Bin) -> String {
    let (confidence, correct) = (100.0 * mean_confidence, 100.0 * accuracy);
    format!(
        "{arm}: {} predictions, mean confidence {confidence:.1} %, {correct:.1} % correct",
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
            line x1=(px(low)) x2=(px(high)) y1=(ROW_MIDDLE) y2=(ROW_MIDDLE) stroke="currentColor" stroke-width="2" {}
            (SeriesStyle::nth(arm).shape.filled(mean, ROW_MIDDLE, 4.5))
        };
        let words = format!("{}: {}", results.name, range.words("points", 3));
        Some(list.row(&Row {
            series: vec![arm],
            name: results.name.clone(),
            figure: format!("{:.3}", range.mean),
            drawn: series_group(arm, &mark(&words, &drawn)),
        }))
    });
    Stack { panels: std::iter::once(list.head(&html! {}, 0.0)).chain(rows).collect() }
}
