//! A figure over seeds, as a line and its band show it: every seed lies within, whatever its distribution.

use pool_metrics::mean;

use crate::cells::fixed;

/// The mean over the seeds, the lowest and the highest of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SeedRange {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    seeds: usize,
}

impl SeedRange {
    /// None without figures, or where they have no mean.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_says_how_many_seeds_it_is_over() {
        let words =
            |figures: &[f64]| SeedRange::of(figures.iter().copied()).map(|spread| spread.words("%", 2));
        assert_eq!(words(&[1.0, 2.0, 1.5]).as_deref(), Some("1.50 % (1.00 to 2.00 over 3 seeds)"));
        assert_eq!(words(&[1.0]).as_deref(), Some("1.00 % (one seed)"));
        assert_eq!(words(&[]), None);
        assert_eq!(words(&[f64::NAN, 1.0]), None);
    }
}
