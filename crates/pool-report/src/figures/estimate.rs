//! Summaries: a mean over seeds, a median over repetitions, a share of images.
use pool_metrics::{Interval, mean, median, quantile, sample_sd, t_interval, wilson_interval};
use serde::Serialize;

/// The level of every interval in a report.
pub(crate) const LEVEL: f64 = 0.95;

/// A mean over seeds with its spread and 95 % t interval, which one seed alone does not have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Standard deviation from seed to seed.
    pub sd: Option<f64>,
    /// The interval.
    pub interval: Option<Interval>,
    /// Seeds behind it.
    pub seeds: usize,
    /// [`TrialRecord::held_out_ratio`](pool_records::TrialRecord::held_out_ratio).
    #[serde(skip)]
    pub(crate) held_out_ratio: f64,
}

impl Estimate {
    /// For figures that cannot be negative: the interval is cut at zero.
    pub(crate) fn of(values: &[f64], held_out_ratio: f64) -> Option<Self> {
        Self::within(values, held_out_ratio, 0.0, f64::INFINITY)
    }

    /// Of a share of images.
    pub(crate) fn share(values: &[f64], held_out_ratio: f64) -> Option<Self> {
        Self::within(values, held_out_ratio, 0.0, 1.0)
    }

    /// Of a difference.
    pub(crate) fn signed(values: &[f64], held_out_ratio: f64) -> Option<Self> {
        Self::within(values, held_out_ratio, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// Figures that are no number, such as the loss of an image that was given no probability at all, are left out.
    fn within(values: &[f64], held_out_ratio: f64, low: f64, high: f64) -> Option<Self> {
        let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let clamped = |interval: Interval| Interval {
            low: interval.low.clamp(low, high),
            high: interval.high.clamp(low, high),
        };
        Some(Self {
            mean: mean(&values)?,
            sd: sample_sd(&values),
            interval: t_interval(&values, LEVEL, held_out_ratio).map(clamped),
            seeds: values.len(),
            held_out_ratio,
        })
    }

    /// The standard error of the mean, `sd sqrt(1/seeds + held_out_ratio)`; `None` for one seed.
    pub fn standard_error(&self) -> Option<f64> {
        Some(self.sd? * (1.0 / self.seeds as f64 + self.held_out_ratio).sqrt())
    }
}

/// Sizes that were repeated: their middle, and the range of all but the extreme tenth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The value below which 5 % lie.
    pub p05: f64,
    /// The value below which 95 % lie.
    pub p95: f64,
    /// Repetitions behind it.
    pub repetitions: usize,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            median: median(values)?,
            p05: quantile(values, 0.05)?,
            p95: quantile(values, 0.95)?,
            repetitions: values.len(),
        })
    }
}

/// A share of images, and Wilson's interval for the probability behind it: how far other images could move it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// Images counted.
    pub count: u64,
    /// Images in all.
    pub images: u64,
    /// `count / images`.
    pub share: f64,
    /// 95 % interval.
    pub interval: Option<Interval>,
}

impl Proportion {
    pub(crate) fn of(count: u64, images: u64) -> Self {
        let interval = wilson_interval(count, images, LEVEL);
        Self { count, images, share: count as f64 / images as f64, interval }
    }
}
