//! Learning curves as SVG.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use pool_metrics::{EpochRecord, mean};

use crate::{ArmResults, Run};

/// Okabe and Ito's palette, which colour-blind readers can tell apart (Okabe & Ito 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];
const SIZE: (u32, u32) = (960, 720);
const FONT: &str = "sans-serif";

/// One of the four panels: a figure of each epoch.
struct Panel {
    title: &'static str,
    figure: fn(&EpochRecord) -> f64,
}

const PANELS: [Panel; 4] = [
    Panel { title: "training loss, nats", figure: |epoch| epoch.train_loss },
    Panel { title: "validation loss, nats", figure: |epoch| epoch.validation_loss },
    Panel { title: "training error, %", figure: |epoch| 100.0 * epoch.train_error },
    Panel { title: "validation error, %", figure: |epoch| 100.0 * epoch.validation_error },
];

/// Loss and error of training and validation over the epochs: a thin line per seed, a thick one for the mean over the
/// epochs that every seed reached. Arms share colours across panels.
pub fn learning_curves_svg(run: &Run) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        if let Err(error) = draw(run, &root) {
            // Drawing into memory fails on ranges without extent only, which `axis` rules out.
            tracing::warn!(%error, "the learning curves could not be drawn");
        }
    }
    svg
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawResult = Result<(), Box<dyn std::error::Error>>;

fn draw(run: &Run, root: &Area<'_>) -> DrawResult {
    root.fill(&WHITE)?;
    let epochs = run.records().map(|record| record.epochs.len()).max().unwrap_or(1).max(2);
    for (index, (panel, area)) in PANELS.iter().zip(root.split_evenly((2, 2))).enumerate() {
        draw_panel(run, panel, epochs as u32, index == 0, &area)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(run: &Run, panel: &Panel, epochs: u32, with_legend: bool, area: &Area<'_>) -> DrawResult {
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, (FONT, 17))
        .margin(12)
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(1f64..f64::from(epochs), axis(run, panel.figure))?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .x_labels(epochs.min(10) as usize)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_labels(6)
        .y_label_formatter(&label)
        .label_style((FONT, 13))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .draw()?;
    for (arm, &colour) in run.arms.iter().zip(COLOURS.iter().cycle()) {
        for record in &arm.records {
            let points = points(&record.epochs, panel.figure);
            chart.draw_series(LineSeries::new(points, colour.mix(0.35).stroke_width(1)))?;
        }
        chart
            .draw_series(LineSeries::new(mean_curve(arm, panel.figure), colour.stroke_width(3)))?
            .label(&arm.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
    }
    if with_legend && run.arms.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.15))
            .label_font((FONT, 13))
            .draw()?;
    }
    Ok(())
}

/// As many decimals as small figures need.
fn label(value: &f64) -> String {
    if *value < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

/// From zero to a little above the greatest figure.
fn axis(run: &Run, figure: fn(&EpochRecord) -> f64) -> Range<f64> {
    let figures = run.records().flat_map(|record| &record.epochs).map(figure);
    let greatest = figures.filter(|figure| figure.is_finite()).fold(0.0, f64::max);
    0.0..if greatest > 0.0 { 1.05 * greatest } else { 1.0 }
}

fn points(epochs: &[EpochRecord], figure: fn(&EpochRecord) -> f64) -> Vec<(f64, f64)> {
    epochs
        .iter()
        .map(|epoch| (f64::from(epoch.epoch), figure(epoch)))
        .filter(|(_, y)| y.is_finite())
        .collect()
}

fn mean_curve(arm: &ArmResults, figure: fn(&EpochRecord) -> f64) -> Vec<(f64, f64)> {
    let reached_by_all = arm.records.iter().map(|record| record.epochs.len()).min().unwrap_or(0);
    (0..reached_by_all)
        .filter_map(|index| {
            let figures: Vec<f64> = arm.records.iter().map(|record| figure(&record.epochs[index])).collect();
            let mean = mean(&figures).filter(|mean| mean.is_finite())?;
            Some((index as f64 + 1.0, mean))
        })
        .collect()
}
