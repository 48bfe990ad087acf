//! The Pareto front: the arms that no other arm beats on every count at once.

use thiserror::Error;

/// Why points cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum ParetoError {
    /// A point measured on a different number of objectives than the first one.
    #[error(
        "point {point} has {found} objectives: the first point has {expected}, and all must have as many"
    )]
    Ragged { point: usize, found: usize, expected: usize },
    /// NaN is neither better nor worse than anything.
    #[error("objective {objective} of point {point} is NaN: every objective must be a number")]
    NotANumber { point: usize, objective: usize },
}

/// Marks the points that no other point dominates, in input order; every objective is minimised.
///
/// Equal points do not dominate each other ([`dominates`]), so they are on the front together or not at all, and the front of any points is never empty. Objectives may be in any
/// units, as only values of the same objective are compared; negate one that is to be maximised. Takes
/// `points² * objectives` comparisons, nothing for the tens of arms of a study.
///
/// # Errors
/// [`ParetoError::Ragged`] if the points differ in their number of objectives, [`ParetoError::NotANumber`] if an
/// objective is NaN. Infinities are fine: an arm that never finished took infinitely long.
pub fn pareto_front(points: &[Vec<f64>]) -> Result<Vec<bool>, ParetoError> {
    let expected = points.first().map_or(0, Vec::len);
    for (point, objectives) in points.iter().enumerate() {
        if objectives.len() != expected {
            return Err(ParetoError::Ragged { point, found: objectives.len(), expected });
        }
        if let Some(objective) = objectives.iter().position(|value| value.is_nan()) {
            return Err(ParetoError::NotANumber { point, objective });
        }
    }
    Ok(points.iter().map(|point| !points.iter().any(|other| dominates(other, point))).collect())
}

/// Whether point `a` dominates point `b`: at most as large in every objective, and smaller in at least one.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_nothing_else_beats() {
        const INF: f64 = f64::INFINITY;
        for (points, expected, why) in [
            (vec![], vec![], "no points, no front"),
            (vec![vec![3.0, 3.0]], vec![true], "a single point has no rival"),
            (vec![vec![1.0, 2.0], vec![2.0, 1.0]], vec![true, true], "a trade-off keeps both"),
            (vec![vec![2.0, 2.0], vec![1.0, 1.0]], vec![false, true], "worse in both"),
            (vec![vec![1.0, 2.0], vec![1.0, 1.0]], vec![false, true], "equal in one, worse in the other"),
            (vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![true, true], "equal points stay together"),
            (
                vec![vec![2.0], vec![2.0], vec![1.0]],
                vec![false, false, true],
                "equal points leave together, and one objective leaves only its minimum",
            ),
            (vec![vec![0.0, INF], vec![0.0, 5.0]], vec![false, true], "infinity is worse than any number"),
            (vec![vec![-0.0], vec![0.0]], vec![true, true], "the two zeros are equal"),
            (vec![vec![], vec![]], vec![true, true], "without objectives nothing is worse"),
        ] {
            assert_eq!(pareto_front(&points).unwrap(), expected, "{why}");
        }
    }

    #[test]
    fn points_that_cannot_be_compared_are_refused() {
        for (points, message) in [
            (
                vec![vec![1.0, 2.0], vec![1.0]],
                "point 1 has 1 objectives: the first point has 2, and all must have as many",
            ),
            (
                vec![vec![1.0, 2.0], vec![1.0, f64::NAN]],
                "objective 1 of point 1 is NaN: every objective must be a number",
            ),
        ] {
            assert_eq!(pareto_front(&points).unwrap_err().to_string(), message);
        }
    }
}
