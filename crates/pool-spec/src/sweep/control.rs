//! Holds the number of parameters equal between arms, so that pooling is compared and not the size of a dense layer.

use super::filling::Fillings;
use super::network::{FillError, NetworkTemplate};
use crate::NetworkError;

/// Networks whose numbers of parameters differ by more than this share are not equally large.
const TOLERANCE: f64 = 0.02;

/// Why the arms cannot have equally many parameters.
#[derive(Debug, thiserror::Error)]
pub(super) enum MatchError {
    #[error(
        "the network has no dense layer between the pooling and its last layer, whose units could change; add one, or \
         leave this out"
    )]
    NoHiddenDense,
    #[error(
        "this arm needs {least} parameters with a single unit in its dense layer, more than the {target} of the first \
         arm; put an arm with more parameters first, or leave this out"
    )]
    TooMany { arm: usize, least: u64, target: u64 },
    #[error(
        "this arm comes no nearer to the {target} parameters of the first arm than {nearest}, with {units} units in its \
         dense layer; put an arm with more parameters first, or leave this out"
    )]
    TooFar { arm: usize, nearest: u64, target: u64, units: usize },
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Fill(#[from] FillError),
}

/// The networks of the arms, all made of `base`. All have as many parameters as that of the first, up to half a unit of
/// the first dense layer after the pooling.
pub(super) fn match_parameters(
    base: &NetworkTemplate,
    arms: &[(NetworkTemplate, &Fillings)],
    input: [usize; 3],
    classes: usize,
) -> Result<Vec<NetworkTemplate>, MatchError> {
    let dense = base.hidden_dense().ok_or(MatchError::NoHiddenDense)?;
    let parameters = |network: &NetworkTemplate, fillings: &Fillings| -> Result<u64, MatchError> {
        Ok(network.fill(input, classes, fillings, 0)?.infer()?.parameters())
    };
    let Some(((first, of_first), others)) = arms.split_first() else {
        return Ok(Vec::new());
    };
    let target = parameters(first, of_first)?;
    let matched = others.iter().enumerate().map(|(index, (network, fillings))| {
        // A unit adds its weights, its bias, and its weights in the layer after: always the same number.
        let least = parameters(&network.with_units(dense, 1), fillings)?;
        let per_unit = parameters(&network.with_units(dense, 2), fillings)?.saturating_sub(least).max(1);
        if least > target {
            return Err(MatchError::TooMany { arm: index + 1, least, target });
        }
        let further_units = (target - least + per_unit / 2) / per_unit;
        let (units, nearest) = (1 + further_units as usize, least + further_units * per_unit);
        if nearest.abs_diff(target) as f64 > TOLERANCE * target as f64 {
            return Err(MatchError::TooFar { arm: index + 1, nearest, target, units });
        }
        Ok(network.with_units(dense, units))
    });
    std::iter::once(Ok(first.clone())).chain(matched).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::Pool;

    const INPUT: [usize; 3] = [1, 28, 28];
    const CLASSES: usize = 10;

    fn matched(network: &NetworkTemplate, pools: &[Pool]) -> Result<Vec<NetworkTemplate>, MatchError> {
        let fillings: Vec<Fillings> = pools.iter().cloned().map(Fillings::from).collect();
        let arms: Vec<_> = fillings.iter().map(|fillings| (network.clone(), fillings)).collect();
        match_parameters(network, &arms, INPUT, CLASSES)
    }

    #[test]
    fn every_arm_gets_as_many_parameters_as_the_first_within_half_a_unit() {
        let network = NetworkTemplate::reference();
        let pools = [Pool::max(2), Pool::None, Pool::avg(2), Pool::max(4)];
        let networks = matched(&network, &pools).unwrap();
        let count = |index: usize| {
            let network = networks[index].fill(INPUT, CLASSES, &pools[index].clone().into(), 0).unwrap();
            network.infer().unwrap().parameters()
        };
        assert_eq!((count(0), count(2)), (592_074, 592_074));
        // A unit costs 18,432 + 1 + 10 parameters without pooling, and 32 * 6 * 6 + 11 with windows of 4x4.
        assert!(count(1).abs_diff(592_074) <= 18_443 / 2, "{}", count(1));
        assert!(count(3).abs_diff(592_074) <= 1_163 / 2, "{}", count(3));
    }

    #[test]
    fn an_arm_that_whole_units_bring_no_nearer_is_refused() {
        let network = NetworkTemplate::reference();
        let first = network.with_units(network.hidden_dense().unwrap(), 40);
        let pools = [Pool::max(4), Pool::None];
        let error = matched(&first, &pools).unwrap_err().to_string();
        assert!(
            error.starts_with("this arm comes no nearer to the 47362 parameters of the first arm than"),
            "{error}"
        );
    }

    #[test]
    fn an_arm_that_is_too_large_with_one_unit_is_refused() {
        let network = NetworkTemplate::reference();
        let small = network.with_units(network.hidden_dense().unwrap(), 2);
        let error = matched(&small, &[Pool::max(24), Pool::None]).unwrap_err().to_string();
        assert!(error.starts_with("this arm needs 19285 parameters with a single unit"), "{error}");
    }
}
