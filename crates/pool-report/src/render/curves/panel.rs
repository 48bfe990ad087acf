//! One panel of the learning curves: one figure of every epoch, for all arms.

use plotters::coord::Shift;
use plotters::prelude::*;
use pool_metrics::{EpochRecord, TrialRecord, TrialStatus, mean};

use super::axis::Axis;
use super::stroke::{Stroke, is_crowded};
use crate::Run;

const FONT: &str = "sans-serif";

/// A figure of each epoch, and its words.
pub(super) struct Panel {
    pub(super) title: &'static str,
    figure: fn(&EpochRecord) -> f64,
}

pub(super) const PANELS: [Panel; 4] = [
    Panel { title: "training loss, nats", figure: |epoch| epoch.train_loss },
    Panel { title: "validation loss, nats", figure: |epoch| epoch.validation_loss },
    Panel { title: "training error, %", figure: |epoch| 100.0 * epoch.train_error },
    Panel { title: "validation error, %", figure: |epoch| 100.0 * epoch.validation_error },
];

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type DrawResult = Result<(), Box<dyn std::error::Error>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

impl Panel {
    pub(super) fn draw(&self, run: &Run, area: &Area<'_>) -> DrawResult {
        let epochs = run.records().map(|record| record.epochs.len()).max().unwrap_or(1) as u32;
        let axis = Axis::logarithmic(self.figures_that_count(run).into_iter());
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 19))
            .margin(10)
            .margin_right(18)
            .x_label_area_size(46)
            .y_label_area_size(58)
            .build_cartesian_2d(Axis::epochs(epochs), axis.clone())?;
        chart
            .configure_mesh()
            .x_desc("epoch")
            .label_style((FONT, 17))
            .axis_desc_style((FONT, 17))
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .draw()?;
        for (index, arm) in run.arms.iter().enumerate() {
            self.draw_arm(
                &arm.records,
                Stroke::of_arm(index),
                !is_crowded(run.arms.len()),
                &axis,
                &mut chart,
            )?;
        }
        Ok(())
    }

    /// The figures that the axis must show: those of a diverging trial would squeeze all others.
    fn figures_that_count(&self, run: &Run) -> Vec<f64> {
        let of_epochs = |record: &TrialRecord| record.epochs.iter().map(self.figure).collect::<Vec<_>>();
        let healthy: Vec<f64> =
            run.records().filter(|record| is_healthy(record)).flat_map(of_epochs).collect();
        if healthy.is_empty() { run.records().flat_map(of_epochs).collect() } else { healthy }
    }

    fn draw_arm(
        &self,
        records: &[TrialRecord],
        Stroke { colour, dash }: Stroke,
        with_seeds: bool,
        axis: &Axis,
        chart: &mut Chart<'_, '_>,
    ) -> DrawResult {
        let place = |(epoch, figure): (u32, f64)| Some((f64::from(epoch), axis.place(figure)?));
        // A path of one point is invisible.
        let dots = |points: &[(f64, f64)], radius: i32, style: ShapeStyle| -> Vec<_> {
            let lonely = if points.len() == 1 { points } else { &[] };
            lonely.iter().map(|&point| Circle::new(point, radius, style)).collect()
        };
        for record in records.iter().filter(|_| with_seeds) {
            let figures = record.epochs.iter().map(|epoch| (epoch.epoch, (self.figure)(epoch)));
            let points: Vec<_> = figures.filter_map(place).collect();
            chart.draw_series(dots(&points, 3, colour.mix(0.35).filled()))?;
            chart.draw_series(LineSeries::new(points, colour.mix(0.35).stroke_width(1)))?;
        }
        let points: Vec<_> = self.mean_curve(records).into_iter().filter_map(place).collect();
        chart.draw_series(dots(&points, 5, colour.filled()))?;
        let style = colour.stroke_width(2);
        match dash {
            Some((drawn, left)) => chart.draw_series(DashedLineSeries::new(points, drawn, left, style))?,
            None => chart.draw_series(LineSeries::new(points, style))?,
        };
        Ok(())
    }

    /// The mean of the trials that did not diverge, over the epochs that all of them reached.
    fn mean_curve(&self, records: &[TrialRecord]) -> Vec<(u32, f64)> {
        let healthy: Vec<&[EpochRecord]> = records
            .iter()
            .filter(|record| is_healthy(record))
            .map(|record| record.epochs.as_slice())
            .collect();
        let reached_by_all = healthy.iter().map(|epochs| epochs.len()).min().unwrap_or(0);
        (0..reached_by_all)
            .filter_map(|index| {
                let figures: Vec<f64> = healthy.iter().map(|epochs| (self.figure)(&epochs[index])).collect();
                Some((healthy.first()?[index].epoch, mean(&figures)?))
            })
            .collect()
    }
}

fn is_healthy(record: &TrialRecord) -> bool {
    record.status != TrialStatus::Diverged
}
