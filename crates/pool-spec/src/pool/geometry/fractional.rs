//! Fractional windows (Graham, "Fractional Max-Pooling", 2014): regions of varying size, so that a layer can shrink its
//! input by any ratio.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Extent, SettingError, draw};

/// Regions of varying size. TensorFlow: `fractional_max_pool`; PyTorch: `FractionalMaxPool2d`, whose regions all have
/// the same size ([`FractionalRegions::Sized`]).
///
/// One set of regions per axis and forward pass serves the whole batch. In training it is drawn from the layer's own
/// generator.
#[derive(Debug, Clone, PartialEq)]
pub struct Fractional {
    /// How large the output is.
    pub size: FractionalSize,
    /// How regions are drawn in training.
    pub sequence: FractionalSequence,
    /// Where regions begin and end.
    pub regions: FractionalRegions,
    /// Which regions prediction uses.
    pub evaluation: FractionalEvaluation,
}

/// How large the output is.
#[derive(Debug, Clone, PartialEq)]
pub enum FractionalSize {
    /// Output over input along every axis, in `(0, 1]`: the decimal number that is written, not the binary one nearest to
    /// it, and the product rounded down: `0.7` of 10 entries are 7. PyTorch: `output_ratio`; TensorFlow's `pooling_ratio`
    /// is its inverse.
    Ratio(f64),
    /// The output's size. PyTorch: `output_size`.
    Output(Extent),
}

/// How the steps between regions are drawn in training: each is the ratio rounded up or down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FractionalSequence {
    /// `floor((i + u) n / o)` with one random `u` in `[0, 1)`: evenly spread.
    #[default]
    PseudoRandom,
    /// The same steps in random order.
    Random,
}

/// Where regions begin and end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum FractionalRegions {
    /// A region ends where the next begins.
    #[default]
    Disjoint,
    /// A region ends one entry after the next begins.
    Overlapping,
    /// All regions have this size, and their beginnings are spread so that the last ends with the input. PyTorch:
    /// `kernel_size`.
    Sized(Extent),
}

/// Which regions prediction uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FractionalEvaluation {
    /// Always the same: the pseudo-random sequence with `u = 1/2`, in whole numbers, so that nothing is rounded.
    #[default]
    Fixed,
    /// The mean over [`Fractional::DRAWS`] sets of regions, the same ones every time, which stands for the expectation
    /// over what training draws.
    Expectation,
}

impl Fractional {
    /// Sets of regions that [`FractionalEvaluation::Expectation`] takes the mean over.
    pub const DRAWS: u64 = 16;

    /// Disjoint regions, pseudo-random in training and fixed in prediction.
    pub fn new(size: FractionalSize) -> Self {
        Self {
            size,
            sequence: FractionalSequence::default(),
            regions: FractionalRegions::default(),
            evaluation: FractionalEvaluation::default(),
        }
    }

    /// The output's size along each axis.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub fn output(&self, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        let outputs = match &self.size {
            FractionalSize::Output(output) => output.resolve_positive("output", spatial.len())?,
            FractionalSize::Ratio(ratio) => {
                let ratio = *ratio;
                if !(ratio > 0.0 && ratio <= 1.0) {
                    return Err(SettingError::Range { field: "ratio", value: ratio, interval: "(0, 1]" });
                }
                spatial.iter().map(|&input| decimal_part(input, ratio)).collect()
            }
        };
        let sizes = self.sizes(spatial.len())?;
        for (axis, (&input, &output)) in spatial.iter().zip(&outputs).enumerate() {
            let size = sizes.as_ref().map_or(1, |sizes| sizes[axis]);
            if size > input {
                let (field, reach, cure) = ("size", size, "");
                return Err(SettingError::WindowTooLarge { field, size, reach, input, axis, cure });
            }
            let limit = input - size + 1;
            match self.size {
                FractionalSize::Ratio(ratio) if output == 0 => {
                    return Err(SettingError::NothingLeft { ratio, input, axis });
                }
                FractionalSize::Ratio(ratio) if output > limit => {
                    return Err(SettingError::RatioTooLarge { ratio, output, size, input, limit, axis });
                }
                FractionalSize::Output(_) if output > limit => {
                    return Err(SettingError::OutputTooLarge { field: "output", output, input, limit, axis });
                }
                _ => {}
            }
        }
        Ok(outputs)
    }

    fn sizes(&self, rank: usize) -> Result<Option<Vec<usize>>, SettingError> {
        match &self.regions {
            FractionalRegions::Disjoint | FractionalRegions::Overlapping => Ok(None),
            FractionalRegions::Sized(size) => size.resolve_positive("size", rank).map(Some),
        }
    }

    /// The regions along each axis; the same ones every time without a generator.
    ///
    /// # Errors
    /// As [`Fractional::output`].
    pub fn regions(
        &self,
        spatial: &[usize],
        mut generator: Option<&mut ChaCha8Rng>,
    ) -> Result<Vec<Vec<Range<usize>>>, SettingError> {
        self.regions_by(spatial, |_, total, steps| self.places(total, steps, generator.as_deref_mut()))
    }

    /// The regions of the pseudo-random sequence with these numbers `u` in `[0, 1)`, one per axis. PyTorch:
    /// `_random_samples`.
    ///
    /// # Errors
    /// As [`Fractional::output`], and a list whose length is not the number of axes.
    pub fn regions_of_samples(
        &self,
        spatial: &[usize],
        samples: &[f64],
    ) -> Result<Vec<Vec<Range<usize>>>, SettingError> {
        if samples.len() != spatial.len() {
            let (value, spatial_rank) = (format!("{samples:?}"), spatial.len());
            return Err(SettingError::Entries { field: "samples", value, spatial_rank });
        }
        self.regions_by(spatial, |axis, total, steps| drawn_spread(total, steps, samples[axis]))
    }

    /// The regions whose `steps + 1` bounds or beginnings from 0 to `total` are those of `places(axis, total, steps)`.
    fn regions_by(
        &self,
        spatial: &[usize],
        mut places: impl FnMut(usize, usize, usize) -> Vec<usize>,
    ) -> Result<Vec<Vec<Range<usize>>>, SettingError> {
        let outputs = self.output(spatial)?;
        let sizes = self.sizes(spatial.len())?;
        let mut axes = Vec::with_capacity(spatial.len());
        for (axis, (&input, &output)) in spatial.iter().zip(&outputs).enumerate() {
            axes.push(match &sizes {
                Some(sizes) => {
                    let size = sizes[axis];
                    sized(&places(axis, input - size, output - 1), size)
                }
                None => {
                    let reach = usize::from(self.regions == FractionalRegions::Overlapping);
                    between(&places(axis, input, output), reach, input)
                }
            });
        }
        Ok(axes)
    }

    /// `steps + 1` places from 0 to `total`, whose distances are `total / steps` rounded up or down.
    fn places(&self, total: usize, steps: usize, generator: Option<&mut ChaCha8Rng>) -> Vec<usize> {
        match (generator, self.sequence) {
            (None, _) => evenly_spread(total, steps),
            (Some(generator), FractionalSequence::PseudoRandom) => {
                drawn_spread(total, steps, draw::unit(generator))
            }
            (Some(generator), FractionalSequence::Random) => shuffled(total, steps, generator),
        }
    }
}

/// Regions of one size.
fn sized(starts: &[usize], size: usize) -> Vec<Range<usize>> {
    starts.iter().map(|&start| start..start + size).collect()
}

/// Regions from each bound to the next, and `reach` entries beyond.
fn between(bounds: &[usize], reach: usize, input: usize) -> Vec<Range<usize>> {
    bounds.windows(2).map(|pair| pair[0]..(pair[1] + reach).min(input)).collect()
}

/// `floor((i + 1/2) total / steps) - floor(total / (2 steps))` in whole numbers; the last place is `total`, and the only
/// one where there are no steps.
fn evenly_spread(total: usize, steps: usize) -> Vec<usize> {
    // Wider than sizes, of which each has less than 2^32.
    let bound = |i: usize| (2 * i as u128 + 1) * total as u128 / (2 * steps as u128);
    (0..steps).map(|i| (bound(i) - bound(0)) as usize).chain([total]).collect()
}

/// `floor((i + u) a) - floor(u a)` with `a = total / steps` and a drawn `u`, in floating point, as PyTorch computes it: the
/// two differ only where a product is whole or nearly so, which a draw is as good as never. The last place is `total`,
/// however the product rounds, and the only one where there are no steps.
fn drawn_spread(total: usize, steps: usize, u: f64) -> Vec<usize> {
    let step = total as f64 / steps as f64;
    let first = (u * step).floor();
    (0..steps).map(|i| (((i as f64 + u) * step).floor() - first) as usize).chain([total]).collect()
}

/// `input` times `ratio`, rounded down, where the ratio, of `(0, 1]`, is the decimal number that it is written as.
fn decimal_part(input: usize, ratio: f64) -> usize {
    // The shortest decimal that is read as this number, never with an exponent: at most 17 digits that are not leading
    // zeros. Behind 38 decimal places, they are too small for any input.
    let written = ratio.to_string();
    let (whole, decimals) = written.split_once('.').unwrap_or((&written, ""));
    let denominator = 10u128.checked_pow(decimals.len() as u32);
    let numerator = format!("{whole}{decimals}").parse::<u128>();
    match (numerator, denominator) {
        (Ok(numerator), Some(denominator)) => (input as u128 * numerator / denominator) as usize,
        _ => 0,
    }
}

/// The steps of an evenly spread sequence in random order.
fn shuffled(total: usize, steps: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    if steps == 0 {
        return vec![total];
    }
    let (short, longer) = (total / steps, total % steps);
    let mut lengths: Vec<usize> = (0..steps).map(|step| short + usize::from(step < longer)).collect();
    draw::shuffle(generator, &mut lengths);
    let mut place = 0;
    std::iter::once(0)
        .chain(lengths.into_iter().map(|length| {
            place += length;
            place
        }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graham(sequence: FractionalSequence, regions: FractionalRegions) -> Fractional {
        let size = FractionalSize::Output(18.into());
        Fractional { sequence, regions, ..Fractional::new(size) }
    }

    #[test]
    fn disjoint_regions_cover_the_input_once_with_two_sizes() {
        let mut generator = draw::generator(1, 0);
        for sequence in [FractionalSequence::PseudoRandom, FractionalSequence::Random] {
            let fractional = graham(sequence, FractionalRegions::Disjoint);
            for _ in 0..100 {
                let regions = &fractional.regions(&[25], Some(&mut generator)).unwrap()[0];
                let covered: Vec<usize> = regions.iter().cloned().flatten().collect();
                assert_eq!(covered, (0..25).collect::<Vec<_>>());
                assert_eq!(regions.iter().filter(|region| region.len() == 2).count(), 7, "25 = 11 + 7 * 2");
            }
        }
    }

    #[test]
    fn overlapping_regions_share_one_entry_and_end_with_the_input() {
        let fractional = graham(FractionalSequence::PseudoRandom, FractionalRegions::Overlapping);
        let regions = &fractional.regions(&[25], None).unwrap()[0];
        assert!(regions.windows(2).all(|pair| pair[0].end == pair[1].start + 1));
        assert_eq!(regions.last().map(|region| region.end), Some(25));
    }

    /// The greatest whole number that is not above `numerator / denominator`, without a division.
    fn floor(numerator: i128, denominator: i128, from: i128) -> i128 {
        (from..).find(|whole| (whole + 1) * denominator > numerator).unwrap()
    }

    #[test]
    fn fixed_regions_are_the_formulas_in_exact_arithmetic_for_every_size_below_400() {
        for n in 1..400i128 {
            for o in 1..=n {
                // (i + 1/2) n / o, as a fraction of 2 o.
                let first = floor(n, 2 * o, 0);
                let mut bounds = vec![0];
                for i in 1..=o {
                    bounds.push(floor((2 * i + 1) * n, 2 * o, bounds[i as usize - 1] + first) - first);
                }
                let fractional = Fractional::new(FractionalSize::Output((o as usize).into()));
                let regions = fractional.regions(&[n as usize], None).unwrap().remove(0);
                let expected = bounds.windows(2).map(|pair| pair[0] as usize..pair[1] as usize);
                assert!(regions.iter().cloned().eq(expected), "{n} entries, {o} regions: {regions:?}");
            }
        }
    }

    #[test]
    fn the_beginnings_of_regions_of_one_size_are_exact_as_well() {
        for (n, k) in (1..120i128).flat_map(|n| [1, 2, 3, 7].map(|k| (n, k))).filter(|(n, k)| k <= n) {
            for o in 2..=n - k + 1 {
                let (total, steps) = (n - k, o - 1);
                let first = floor(total, 2 * steps, 0);
                let starts = (0..o).map(|i| (floor((2 * i + 1) * total, 2 * steps, first) - first) as usize);
                let fractional = Fractional {
                    regions: FractionalRegions::Sized((k as usize).into()),
                    ..Fractional::new(FractionalSize::Output((o as usize).into()))
                };
                let regions = fractional.regions(&[n as usize], None).unwrap().remove(0);
                let expected = starts.map(|start| start..start + k as usize);
                assert!(regions.iter().cloned().eq(expected), "{n} entries, {o} of {k}: {regions:?}");
            }
        }
    }

    /// 29 entries of 100 are `0.29 * 100`, which in floating point is 28.999999999999996.
    #[test]
    fn a_ratio_is_the_decimal_that_is_written() {
        for hundredths in 1..=100usize {
            let ratio: f64 = format!("{}.{:02}", hundredths / 100, hundredths % 100).parse().unwrap();
            for input in 1..400usize {
                assert_eq!(decimal_part(input, ratio), input * hundredths / 100, "{ratio} of {input}");
            }
        }
        for (input, ratio, expected) in [
            (10, 0.7, 7),
            (30_000_000, 0.123_456_7, 3_703_701),
            (1 << 32, 1.0, 1 << 32),
            (1 << 32, 1e-9, 4),
            (1 << 32, f64::MIN_POSITIVE, 0),
            (1 << 32, 5e-324, 0),
            (3, 1.0 / 3.0, 0),
            (3, 0.333_333_333_333_333_37, 1),
        ] {
            assert_eq!(decimal_part(input, ratio), expected, "{ratio} of {input}");
        }
    }

    #[test]
    fn prediction_uses_the_same_regions_every_time_and_training_does_not() {
        let fractional = graham(FractionalSequence::Random, FractionalRegions::Disjoint);
        assert_eq!(fractional.regions(&[25, 25], None), fractional.regions(&[25, 25], None));
        let mut generator = draw::generator(1, 0);
        let first = fractional.regions(&[25, 25], Some(&mut generator));
        assert_ne!(first, fractional.regions(&[25, 25], Some(&mut generator)));
        assert_eq!(first, fractional.regions(&[25, 25], Some(&mut draw::generator(1, 0))));
    }

    #[test]
    fn an_output_that_cannot_be_is_refused() {
        let ratio = |ratio| Fractional::new(FractionalSize::Ratio(ratio));
        let sized = Fractional {
            regions: FractionalRegions::Sized(3.into()),
            ..Fractional::new(FractionalSize::Output(9.into()))
        };
        for (fractional, expected) in [
            (ratio(0.0), "ratio = 0: must lie in (0, 1]"),
            (ratio(f64::NAN), "ratio = NaN: must lie in (0, 1]"),
            (
                ratio(0.05),
                "ratio = 0.05: leaves nothing of the 10 entries along spatial axis 0; choose a greater one",
            ),
            (
                Fractional::new(FractionalSize::Output(11.into())),
                "output = 11: at most 10 of the 10 entries along spatial axis 0 can be asked for; choose a smaller \
                 output",
            ),
            (
                sized,
                "output = 9: at most 8 of the 10 entries along spatial axis 0 can be asked for; choose a smaller \
                 output",
            ),
        ] {
            assert_eq!(fractional.output(&[10]).unwrap_err().to_string(), expected);
        }
    }
}
