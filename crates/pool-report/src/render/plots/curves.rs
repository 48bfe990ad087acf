//! Learning curves, and what all curves over the seeds of an arm share: the line is the mean, and the band holds every
//! seed, however they are distributed.

use maud::{Markup, html};
use pool_metrics::mean;
use pool_records::{EpochRecord, TrialRecord, TrialStatus};

use crate::cells::fixed;
use crate::chart::{Axis, Chart, Frame, Panel, SeriesStyle, band, is_crowded, mark, polyline, series_group};
use crate::{ArmResults, Run};

/// With more epochs than this there are no marks, as they would overlap.
const MOST_MARKS: usize = 40;

/// A figure that every epoch has.
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

/// `None` before the first trial has finished.
pub(super) fn chart(run: &Run) -> Option<Chart> {
    run.records().any(|record| !record.epochs.is_empty()).then(|| Chart {
        caption: caption(run),
        colours_series: true,
        columns: 2,
        stacks: FIGURES.iter().map(|figure| figure.panel(run).into()).collect(),
    })
}

fn caption(run: &Run) -> String {
    let lines = if is_crowded(run.arms.len()) {
        "Each line is the mean over seeds, up to the last epoch that all of them reached; with so many arms, the \
         ranges of the seeds are not drawn."
    } else {
        "Each line is the mean over seeds, up to the last epoch that all of them reached; its band spans the lowest \
         to the highest seed. A thin line is a trial that diverged."
    };
    format!(
        "{lines} Training figures are averaged while the weights change and with dropout on, as in Keras. The \
         vertical axes are logarithmic; a zero lies on the lower edge."
    )
}

impl Figure {
    fn panel(&self, run: &Run) -> Panel {
        let epochs = run.records().map(|record| record.epochs.len()).max().unwrap_or(1);
        let frame = Frame {
            x: Axis::epochs(epochs as u32),
            y: Axis::logarithmic(self.figures_on_axis(run)),
            x_title: "epoch".to_owned(),
            size: (400.0, 270.0),
        };
        let bands = !is_crowded(run.arms.len());
        let drawn = html! {
            @for (arm, results) in run.arms.iter().enumerate().filter(|(_, results)| !results.records.is_empty()) {
                (series_group(arm, &self.curve(SeriesStyle::nth(arm), results, bands, &frame)))
            }
        };
        frame.panel(self.title, &drawn)
    }

    /// The figures that the axis covers. Those of a diverging trial would squeeze all others.
    fn figures_on_axis(&self, run: &Run) -> Vec<f64> {
        let of_epochs = |record: &TrialRecord| record.epochs.iter().map(self.of).collect::<Vec<_>>();
        let healthy: Vec<f64> = run.arms.iter().flat_map(ArmResults::healthy).flat_map(of_epochs).collect();
        if healthy.is_empty() { run.records().flat_map(of_epochs).collect() } else { healthy }
    }

    fn curve(&self, style: SeriesStyle, results: &ArmResults, with_band: bool, frame: &Frame) -> Markup {
        let curve = self.means(results);
        let epochs = curve.0.len();
        let width = if with_band { 2.0 } else { 1.4 };
        let radius = if epochs == 1 { 4.0 } else { 1.8 };
        let diverged = results.records.iter().filter(|record| record.status == TrialStatus::Diverged);
        html! {
            @if with_band {
                (curve.band(frame))
                @for record in diverged { (self.diverged(record, frame)) }
            }
            (curve.line(style, width, frame))
            @if epochs <= MOST_MARKS {
                (curve.marks(style, radius, frame, |epoch, range| {
                    format!("{}, epoch {epoch}: {}", results.name, range.words(self.unit, self.decimals))
                }))
            }
        }
    }

    fn diverged(&self, record: &TrialRecord, frame: &Frame) -> Markup {
        let figures = record.epochs.iter().map(|epoch| (f64::from(epoch.epoch), (self.of)(epoch)));
        let points: Vec<_> = figures.filter_map(|(epoch, figure)| frame.at(epoch, figure)).collect();
        html! { g stroke-opacity="0.6" { (polyline(&points, 1.0, Some("2 2"))) } }
    }

    /// Over the trials that did not diverge, for the epochs that all of them reached.
    fn means(&self, results: &ArmResults) -> SeedCurve {
        let healthy: Vec<&[EpochRecord]> = results.healthy().map(|record| record.epochs.as_slice()).collect();
        let reached_by_all = healthy.iter().map(|epochs| epochs.len()).min().unwrap_or(0);
        let points = (0..reached_by_all).filter_map(|index| {
            let figures = healthy.iter().map(|epochs| (self.of)(&epochs[index]));
            Some((f64::from(healthy.first()?[index].epoch), SeedRange::of(figures)?))
        });
        SeedCurve(points.collect())
    }
}

/// The mean over the seeds, the lowest and the highest of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SeedRange {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    seeds: usize,
}

impl SeedRange {
    /// `None` if there are no figures or their mean is not finite.
    pub(super) fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let figures: Vec<f64> = figures.collect();
        Some(Self {
            mean: mean(&figures).filter(|mean| mean.is_finite())?,
            low: figures.iter().copied().fold(f64::INFINITY, f64::min),
            high: figures.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            seeds: figures.len(),
        })
    }

    /// `1.23 % (1.10 to 1.31 over 5 seeds)`
    pub(super) fn words(&self, unit: &str, decimals: usize) -> String {
        let figure = |value| fixed(value, decimals);
        let range = match self.seeds {
            1 => "one seed".to_owned(),
            seeds => format!("{} to {} over {seeds} seeds", figure(self.low), figure(self.high)),
        };
        format!("{} {unit} ({range})", figure(self.mean))
    }
}

/// An arm's seed ranges by epoch, strength or whatever the horizontal axis shows.
pub(super) struct SeedCurve(pub(super) Vec<(f64, SeedRange)>);

impl SeedCurve {
    /// From the lowest to the highest seed.
    pub(super) fn band(&self, frame: &Frame) -> Markup {
        band(&self.along(frame, |range| range.low), &self.along(frame, |range| range.high))
    }

    /// Through the means.
    pub(super) fn line(&self, style: SeriesStyle, width: f64, frame: &Frame) -> Markup {
        polyline(&self.along(frame, |range| range.mean), width, style.dash)
    }

    /// A mark on every mean, with these words.
    pub(super) fn marks(
        &self,
        style: SeriesStyle,
        radius: f64,
        frame: &Frame,
        words: impl Fn(f64, &SeedRange) -> String,
    ) -> Markup {
        html! {
            @for (x, range) in &self.0 {
                @if let Some((left, top)) = frame.at(*x, range.mean) {
                    (mark(&words(*x, range), &style.shape.filled(left, top, radius)))
                }
            }
        }
    }

    fn along(&self, frame: &Frame, figure: fn(&SeedRange) -> f64) -> Vec<(f64, f64)> {
        self.0.iter().filter_map(|(x, range)| frame.at(*x, figure(range))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_states_its_number_of_seeds() {
        let words = |figures: &[f64]| SeedRange::of(figures.iter().copied()).map(|range| range.words("%", 2));
        assert_eq!(words(&[1.0, 2.0, 1.5]).as_deref(), Some("1.50 % (1.00 to 2.00 over 3 seeds)"));
        assert_eq!(words(&[1.0]).as_deref(), Some("1.00 % (one seed)"));
        assert_eq!(words(&[]), None);
        assert_eq!(words(&[f64::NAN, 1.0]), None);
    }
}
