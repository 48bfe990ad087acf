//! Seeds until decided: looks at the seeds so far that together err no more often than a single look would.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::comparison::Verdict;
use super::interval::Interval;
use super::mean_difference::MeanDifference;

/// Points of the grid on which the density of a sum that was not stopped is kept. Odd, as Simpson's rule asks.
const GRID: usize = 1_201;
/// Beyond so many standard deviations the density of a sum is 0 to every digit of what it adds.
const FAR: f64 = 8.5;

/// The looks of a group-sequential design at one pair of arms out of a family: how many seeds each look has, and how sure a
/// look must be.
///
/// At every look, a repeated confidence interval is drawn around the pair's difference ([`MeanDifference`]): C. Jennison
/// and B. W. Turnbull, "Group Sequential Methods with Applications to Clinical Trials", Chapman & Hall 2000, chapter 9. The
/// pair is decided by the first interval that excludes 0 (one arm is better) or lies within the margin on both sides of 0
/// (the arms are practically equal). Every look of every pair together, the intervals miss any true difference with a
/// probability of at most `alpha`, and a decision is false only if one of them does. So this one number bounds false
/// "better", false "worse" and false "equal" alike, whatever the truth.
///
/// A look's level follows from the error that may be spent until then: on each side `2 - 2 Φ(z / sqrt(t))` at the share `t` of
/// all seeds, with the `z` that spends all at the end; K. K. G. Lan and D. L. DeMets, "Discrete Sequential Boundaries for
/// Clinical Trials", Biometrika 70(3), 1983, of O'Brien and Fleming's type. Early looks stop only what is plain, and the last
/// one is nearly as sharp as if nobody had looked before. An always-valid confidence sequence may be looked at after every
/// seed, but its intervals are half as wide again even where they are tightest (a normal mixture at 95 %: 3.03 standard errors
/// instead of 1.96), which costs more than twice the seeds. Student's distribution takes the place of the normal one, level by
/// level.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedLooks {
    looks: Vec<Look>,
    margin: f64,
}

/// One look of a design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Seeds that each arm has by then.
    pub seeds: u32,
    /// Two-sided level of the look's interval: it misses the truth this often, by itself.
    pub alpha: f64,
}

impl SeedLooks {
    /// Looks after so many seeds each, rising, at one of so many pairs that all together may err with probability `alpha`.
    /// `margin` is in the unit of the differences.
    ///
    /// `None` without looks or pairs, if the looks do not rise from at least 2, if `alpha` is not strictly between 0 and 1,
    /// or if `margin` is negative or not finite.
    pub fn new(looks: &[u32], pairs: usize, alpha: f64, margin: f64) -> Option<Self> {
        let rising = looks.windows(2).all(|pair| pair[0] < pair[1]);
        let sound = rising && *looks.first()? >= 2 && pairs > 0 && alpha > 0.0 && alpha < 1.0;
        if !(sound && margin >= 0.0 && margin.is_finite()) {
            return None;
        }
        let alphas = levels(looks, alpha / pairs as f64)?;
        let looks = looks.iter().zip(alphas).map(|(&seeds, alpha)| Look { seeds, alpha }).collect();
        Some(Self { looks, margin })
    }

    /// The looks, in order.
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// What this look, from 0, says of a pair with this difference: the interval, and whether it decides.
    ///
    /// `None` for a look that the design does not have, or one so early that no interval can be written down.
    pub fn judge(&self, look: usize, difference: &MeanDifference) -> Option<(Interval, Verdict)> {
        let interval = difference.interval(self.looks.get(look)?.alpha)?;
        // Without any spread there is nothing to be sure by.
        let verdict = if difference.standard_error == 0.0 {
            Verdict::Open
        } else if -self.margin < interval.low && interval.high < self.margin {
            Verdict::PracticallyEqual
        } else if interval.high < 0.0 {
            Verdict::FirstBetter
        } else if interval.low > 0.0 {
            Verdict::SecondBetter
        } else {
            Verdict::Open
        };
        Some((interval, verdict))
    }
}

/// The two-sided level of each look for which the error spent so far follows the spending function.
///
/// Under no difference the looks' statistics, each times the root of its share of the seeds, are a Brownian motion at those
/// shares, as far as the chance is in the seeds. What is in the images does not change from look to look, so that the looks are
/// more alike than this, and err less. The density of one that no earlier look has stopped follows from look to look by
/// integration, and the boundary is where what leaves it equals what may be spent: P. Armitage, C. K. McPherson and B. C. Rowe,
/// "Repeated Significance Tests on Accumulating Data", Journal of the Royal Statistical Society A 132(2), 1969.
fn levels(looks: &[u32], alpha: f64) -> Option<Vec<f64>> {
    let last = f64::from(*looks.last()?);
    // A quarter: half of alpha for each side, and half of that for each tail of the spending function.
    let critical = normal_critical(alpha / 4.0);
    let spent = |time: f64| 4.0 * normal_tail(critical / time.sqrt());
    let mut alphas = Vec::with_capacity(looks.len());
    let mut density: Option<Density> = None;
    let mut before = 0.0;
    for &seeds in looks {
        let time = f64::from(seeds) / last;
        let (boundary, next) = match &density {
            None => {
                let boundary = normal_critical(spent(time) / 2.0);
                (boundary, Density::first(time, boundary))
            }
            Some(density) => {
                let boundary = density.boundary(time, spent(time) - before);
                (boundary, density.next(time, boundary))
            }
        };
        alphas.push(2.0 * normal_tail(boundary));
        before = spent(time);
        density = Some(next);
    }
    Some(alphas)
}

/// The density, at one look, of a sum that has crossed no boundary until then.
struct Density {
    time: f64,
    at: Vec<f64>,
    /// The density times the weight that Simpson's rule gives to its place.
    mass: Vec<f64>,
}

impl Density {
    fn first(time: f64, boundary: f64) -> Self {
        Self::on_grid(time, boundary, |sum| normal_density(sum / time.sqrt()) / time.sqrt())
    }

    fn next(&self, time: f64, boundary: f64) -> Self {
        let step = (time - self.time).sqrt();
        Self::on_grid(time, boundary, |sum| {
            let from = self.at.iter().zip(&self.mass);
            from.map(|(start, mass)| mass * normal_density((sum - start) / step) / step).sum()
        })
    }

    fn on_grid(time: f64, boundary: f64, density: impl Fn(f64) -> f64) -> Self {
        let end = boundary.min(FAR) * time.sqrt();
        let width = 2.0 * end / (GRID - 1) as f64;
        let at: Vec<f64> = (0..GRID).map(|place| -end + width * place as f64).collect();
        let weight = |place: usize| match place {
            0 => 1.0,
            place if place == GRID - 1 => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let mass = at.iter().enumerate().map(|(place, &sum)| density(sum) * weight(place) * width / 3.0);
        Self { time, mass: mass.collect(), at }
    }

    /// How many standard deviations from 0 the boundary at `time` lies that lets just `exit` cross it.
    fn boundary(&self, time: f64, exit: f64) -> f64 {
        let step = (time - self.time).sqrt();
        let leaving = |boundary: f64| -> f64 {
            let end = boundary * time.sqrt();
            let tails = |start: f64| normal_tail((end - start) / step) + normal_tail((end + start) / step);
            self.at.iter().zip(&self.mass).map(|(&start, mass)| mass * tails(start)).sum()
        };
        let (mut low, mut high) = (0.0, 40.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if leaving(middle) > exit { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

fn normal_density(x: f64) -> f64 {
    Normal::standard().pdf(x)
}

/// `P(Z >= x)`.
fn normal_tail(x: f64) -> f64 {
    Normal::standard().sf(x)
}

/// The `x` with so much above it. statrs has an inverse, which is good to ten digits.
fn normal_critical(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if normal_tail(middle) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests;
