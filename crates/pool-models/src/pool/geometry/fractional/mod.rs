//! Fractional windows (Graham, "Fractional Max-Pooling", 2014): regions of varying size, so that a layer can shrink its
//! input by any ratio.

#[cfg(test)]
mod golden;

use std::ops::Range;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Extent, SettingError};

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
    /// Output over input along every axis, in `(0, 1]`, rounded down. PyTorch: `output_ratio`; TensorFlow's
    /// `pooling_ratio` is its inverse.
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
    /// Always the same: the pseudo-random sequence with `u = 1/2`.
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
    pub(super) fn output(&self, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        let outputs = match &self.size {
            FractionalSize::Output(output) => output.resolve_positive("output", spatial.len())?,
            FractionalSize::Ratio(ratio) => {
                let ratio = *ratio;
                if !(ratio > 0.0 && ratio <= 1.0) {
                    return Err(SettingError::Range { field: "ratio", value: ratio, interval: "(0, 1]" });
                }
                spatial.iter().map(|&input| (input as f64 * ratio).floor() as usize).collect()
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
    pub(crate) fn regions(
        &self,
        spatial: &[usize],
        mut generator: Option<&mut ChaCha8Rng>,
    ) -> Result<Vec<Vec<Range<usize>>>, SettingError> {
        let outputs = self.output(spatial)?;
        let sizes = self.sizes(spatial.len())?;
        let mut axes = Vec::with_capacity(spatial.len());
        for (axis, (&input, &output)) in spatial.iter().zip(&outputs).enumerate() {
            let mut places = |total, steps| self.places(total, steps, generator.as_deref_mut());
            axes.push(match &sizes {
                Some(sizes) => {
                    let size = sizes[axis];
                    sized(&places(input - size, output - 1), size)
                }
                None => {
                    let reach = usize::from(self.regions == FractionalRegions::Overlapping);
                    between(&places(input, output), reach, input)
                }
            });
        }
        Ok(axes)
    }

    /// `steps + 1` places from 0 to `total`, whose distances are `total / steps` rounded up or down.
    fn places(&self, total: usize, steps: usize, generator: Option<&mut ChaCha8Rng>) -> Vec<usize> {
        match (generator, self.sequence) {
            (None, _) => evenly_spread(total, steps, 0.5),
            (Some(generator), FractionalSequence::PseudoRandom) => {
                evenly_spread(total, steps, generator.random())
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

/// `floor((i + u) a) - floor(u a)` with `a = total / steps`; the last place is `total`, however the product rounds, and
/// the only one where there are no steps.
fn evenly_spread(total: usize, steps: usize, u: f64) -> Vec<usize> {
    let step = total as f64 / steps as f64;
    let first = (u * step).floor();
    (0..steps).map(|i| (((i as f64 + u) * step).floor() - first) as usize).chain([total]).collect()
}

/// The steps of an evenly spread sequence in random order.
fn shuffled(total: usize, steps: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    if steps == 0 {
        return vec![total];
    }
    let (short, longer) = (total / steps, total % steps);
    let mut lengths: Vec<usize> = (0..steps).map(|step| short + usize::from(step < longer)).collect();
    lengths.shuffle(generator);
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
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn graham(sequence: FractionalSequence, regions: FractionalRegions) -> Fractional {
        let size = FractionalSize::Output(18.into());
        Fractional { sequence, regions, ..Fractional::new(size) }
    }

    #[test]
    fn disjoint_regions_cover_the_input_once_with_two_sizes() {
        let mut generator = ChaCha8Rng::seed_from_u64(1);
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

    #[test]
    fn prediction_uses_the_same_regions_every_time_and_training_does_not() {
        let fractional = graham(FractionalSequence::Random, FractionalRegions::Disjoint);
        assert_eq!(fractional.regions(&[25, 25], None), fractional.regions(&[25, 25], None));
        let mut generator = ChaCha8Rng::seed_from_u64(1);
        let first = fractional.regions(&[25, 25], Some(&mut generator));
        assert_ne!(first, fractional.regions(&[25, 25], Some(&mut generator)));
        assert_eq!(first, fractional.regions(&[25, 25], Some(&mut ChaCha8Rng::seed_from_u64(1))));
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
