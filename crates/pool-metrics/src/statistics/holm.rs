//! Holm's correction, which keeps a family of comparisons honest about how many there were.

use thiserror::Error;

/// Why p-values cannot be corrected.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum HolmError {
    /// A p-value that is no probability.
    #[error("p-value {value} at position {position}: a p-value must be a number from 0 to 1")]
    NotAProbability {
        /// Position in the slice, from 0.
        position: usize,
        /// The value found there, perhaps NaN.
        value: f64,
    },
}

/// Adjusts p-values for their number, so that those at most `alpha` may all be called significant with a probability
/// of at most `alpha` that any of them is false. The result is in the order of the input.
///
/// With `m` values sorted so that `p(1) <= ... <= p(m)`, the adjusted value is
/// `max over j <= i of min(1, (m - j + 1) p(j))`: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
/// Scandinavian Journal of Statistics 6(2), 1979. It assumes nothing about how the tests depend on each other (arms
/// that are all compared with one baseline do) and never rejects less than Bonferroni's correction.
///
/// # Errors
/// [`HolmError::NotAProbability`] for the first value that is NaN or outside `[0, 1]`.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, HolmError> {
    if let Some((position, &value)) =
        p_values.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value))
    {
        return Err(HolmError::NotAProbability { position, value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));

    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest_so_far = 0.0_f64;
    for (rank, &position) in order.iter().enumerate() {
        let hypotheses_left = (p_values.len() - rank) as f64;
        largest_so_far = largest_so_far.max(hypotheses_left * p_values[position]).min(1.0);
        adjusted[position] = largest_so_far;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusts_in_steps_and_answers_in_input_order() {
        for (p_values, expected, why) in [
            (&[][..], &[][..], "nothing to adjust"),
            (&[0.03], &[0.03], "one test needs no correction"),
            (&[0.25, 0.0625], &[0.25, 0.125], "the smallest is doubled, the largest kept"),
            (&[0.25, 0.25, 0.25], &[0.75, 0.75, 0.75], "ties stay ties"),
            (&[0.5, 0.5, 0.75], &[1.0, 1.0, 1.0], "never above 1"),
            (&[0.125, 0.15625], &[0.25, 0.25], "a larger p-value is never adjusted below a smaller one"),
            (&[0.0, 1.0], &[0.0, 1.0], "the ends of the range"),
        ] {
            assert_eq!(holm(p_values).unwrap(), expected, "{why}");
        }
    }

    #[test]
    fn values_that_are_no_probabilities_are_refused() {
        for (p_values, message) in [
            (&[0.1, 1.5][..], "p-value 1.5 at position 1: a p-value must be a number from 0 to 1"),
            (&[-0.1], "p-value -0.1 at position 0: a p-value must be a number from 0 to 1"),
            (&[0.1, 0.2, f64::NAN], "p-value NaN at position 2: a p-value must be a number from 0 to 1"),
        ] {
            assert_eq!(holm(p_values).unwrap_err().to_string(), message);
        }
    }
}
