//! Comparisons in sentences.
use pool_metrics::{Comparison, Interval, Verdict};

use super::PairComparison;
use crate::cells::{counted, listed, p_value, points, points_interval};

/// How the arms were compared.
pub(super) fn about(pairs: &[PairComparison], tested: usize, reference: Option<&str>, arms: usize) -> String {
    if tested == 0 {
        return "Comparing two arms takes at least two seeds that both were trained with.".to_owned();
    }
    let corrected = match tested {
        1 => String::new(),
        tested => format!(", corrected for {} (Holm)", counted(tested, "comparison")),
    };
    let mut sentences = vec![format!(
        "Differences are percentage points of test error. A difference counts if both a paired bootstrap over images \
         and seeds and a paired t-test over seeds exclude chance at 5 %{corrected}; the interval spans those of both \
         tests, uncorrected."
    )];
    let needed = |pair: &PairComparison| {
        pair.comparison.verdict == Verdict::NotDistinguishable && pair.comparison.seeds_needed.is_some()
    };
    if pairs.iter().any(needed) {
        sentences.push(
            "The number of seeds needed is that of the t-test alone, at the corrected level: more seeds do not remove \
             the uncertainty that comes from the number of test images."
                .to_owned(),
        );
    }
    if let Some(reference) = reference {
        sentences.push(format!(
            "All pairs of {arms} arms would be {}, too many for a difference to stand out after correction: each arm \
             is compared with {reference}, which has the lowest validation error.",
            counted(arms * (arms - 1) / 2, "comparison")
        ));
    }
    sentences.join(" ")
}

/// The result of one comparison.
pub(super) fn sentence(first: &str, second: &str, comparison: &Comparison, interval: Interval) -> String {
    let turned = Interval { low: -interval.high, high: -interval.low };
    let less = |better: &str, worse: &str, by: f64, interval: Interval| {
        format!("{better} errs less than {worse} by {} points {}.", points(by), points_interval(interval))
    };
    match comparison.verdict {
        Verdict::FirstBetter => less(first, second, -comparison.difference, turned),
        Verdict::SecondBetter => less(second, first, comparison.difference, interval),
        Verdict::NotDistinguishable => {
            let more = match comparison.seeds_needed.map(|seeds| seeds as usize) {
                Some(seeds) if seeds > comparison.seeds => format!(
                    "; about {} would be needed to see a difference of this size",
                    counted(seeds, "seed")
                ),
                Some(_) | None => String::new(),
            };
            // Without an explanation, an interval on one side of zero would seem to contradict the verdict.
            let excludes_zero = interval.low > 0.0 || interval.high < 0.0;
            let corrected = match comparison.adjusted_p_value.filter(|_| excludes_zero) {
                Some(p) => format!(" uncorrected, p {} after correction for all comparisons", p_value(p)),
                None => String::new(),
            };
            format!(
                "{} are not distinguishable: {} points {}{corrected}{more}.",
                listed(&[first, second]),
                points(comparison.difference),
                points_interval(interval)
            )
        }
        Verdict::OneSeed => format!(
            "{} share only one seed, too few to compare the arms: these two networks differ by {} points (McNemar's \
             p {}).",
            listed(&[first, second]),
            points(comparison.difference),
            p_value(comparison.mcnemar_combined.p_value)
        ),
    }
}

#[cfg(test)]
mod tests {
    use pool_metrics::{Bootstrap, mcnemar_exact};

    use super::*;

    #[test]
    fn an_interval_without_zero_that_does_not_survive_the_correction_is_explained() {
        let comparison = |low, high| {
            let interval = Interval { low, high };
            let difference = (low + high) / 2.0;
            let comparison = Comparison {
                seeds: 5,
                difference,
                bootstrap: Bootstrap { difference, interval, p_value: 0.03, resamples: 10_000 },
                paired_t: None,
                mcnemar_per_seed: Vec::new(),
                mcnemar_combined: mcnemar_exact(10, 20),
                p_value: Some(0.03),
                adjusted_p_value: Some(0.09),
                verdict: Verdict::NotDistinguishable,
                seeds_needed: Some(7),
            };
            sentence("avg", "none", &comparison, interval)
        };
        assert_eq!(
            comparison(-0.004, -0.001),
            "avg and none are not distinguishable: -0.25 points [-0.40, -0.10] uncorrected, p 0.090 after correction \
             for all comparisons; about 7 seeds would be needed to see a difference of this size."
        );
        assert_eq!(
            comparison(-0.004, 0.002),
            "avg and none are not distinguishable: -0.10 points [-0.40, 0.20]; about 7 seeds would be needed to see a \
             difference of this size."
        );
    }
}
