//! A figure over the seeds of an arm: the line is the mean, and the band holds every seed, however they are
//! distributed.

use maud::{Markup, html};
use pool_metrics::mean;

use crate::cells::fixed;
use crate::chart::{Frame, SeriesStyle, band, mark, polyline};

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
