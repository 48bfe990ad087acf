//! The sign-flip test: how often would chance alone, which may turn each seed's difference around, bring the arms as far
//! apart?

/// With fewer seeds no p-value can be below 0.03, and the test says next to nothing.
const LEAST_SEEDS: usize = 7;

/// Two-sided p-value of no difference between two arms, from the difference of each seed in whole errors (of `a` minus
/// those of `b`, on the same images); `None` with fewer than 7 seeds.
///
/// Where the arms do not differ, each seed's difference could as well have had the other sign. The p-value is the share of
/// the `2^n` ways to choose the signs in which the differences add up to at least what they do, in either direction:
/// R. A. Fisher, "The Design of Experiments", 1935, section 21. Nothing is assumed of how the differences are distributed
/// but that it is alike on both sides of 0. With `n` seeds it is never below `2 / 2^n`.
///
/// All ways are counted, however many seeds there are: the differences are whole numbers, so the sums of the first `k + 1`
/// follow from how often each sum of the first `k` occurs.
pub fn sign_flip(differences: &[i64]) -> Option<f64> {
    if differences.len() < LEAST_SEEDS {
        return None;
    }
    let observed = differences.iter().sum::<i64>().unsigned_abs();
    let most: u64 = differences.iter().map(|difference| difference.unsigned_abs()).sum();
    // How likely each sum is, from -most to most.
    let at = |sum: i64| (sum + most as i64) as usize;
    let mut shares = vec![0.0_f64; 2 * most as usize + 1];
    shares[at(0)] = 1.0;
    let mut reach = 0;
    for difference in differences.iter().map(|difference| difference.unsigned_abs() as i64) {
        let mut next = vec![0.0; shares.len()];
        for sum in -reach..=reach {
            let half = shares[at(sum)] / 2.0;
            next[at(sum - difference)] += half;
            next[at(sum + difference)] += half;
        }
        reach += difference;
        shares = next;
    }
    let as_far = |sum: &i64| sum.unsigned_abs() >= observed;
    Some((-reach..=reach).filter(as_far).map(|sum| shares[at(sum)]).sum::<f64>().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_of_signs_counts_once() {
        for (differences, expected, why) in [
            (&[1, 1, 1, 1, 1, 1, 1][..], 2.0 / 128.0, "only all and none as far"),
            (&[-3, -5, -1, -2, -8, -4, -9], 2.0 / 128.0, "the same below 0, and of any size"),
            (&[2, -2, 2, -2, 2, -2, 0], 1.0, "a sum of 0 is reached by every choice"),
            (&[0; 9], 1.0, "no difference at all"),
            // One sign turned: 7 - 2 = 5, which 8 of 128 choices reach on either side.
            (&[1, 1, 1, 1, 1, 1, -1], 16.0 / 128.0, "one seed against the others"),
        ] {
            assert_eq!(sign_flip(differences), Some(expected), "{why}");
        }
    }

    #[test]
    fn a_handful_of_seeds_has_no_test() {
        assert_eq!(sign_flip(&[5; 6]), None);
        assert_eq!(sign_flip(&[]), None);
    }

    #[test]
    fn sixty_seeds_are_counted_as_exactly_as_seven() {
        // All of one sign: 2 / 2^60.
        assert_eq!(sign_flip(&[13; 60]), Some(2.0_f64.powi(-59)));
    }
}
