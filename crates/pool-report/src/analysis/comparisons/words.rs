//! Comparisons in sentences.

use pool_metrics::{Comparison, Interval, Verdict};

use super::PairComparison;
use crate::cells::{counted, listed, p_value, points, points_interval};

/// How the arms were compared.
pub(super) fn about(pairs: &[PairComparison], tested: usize, reference: Option<&str>, arms: usize) -> String {
    if tested == 0 {
        return "It takes two seeds that two arms have in common to compare them.".to_owned();
    }
    let corrected = match tested {
        1 => String::new(),
        tested => format!(", corrected for {} (Holm)", counted(tested, "comparison")),
    };
    let mut sentences = vec![format!(
        "Differences are percentage points of test error. Both a paired bootstrap over images and seeds and a paired \
         t-test over seeds must exclude chance at 5 %{corrected}; the interval spans those of both, uncorrected."
    )];
    let needed = |pair: &PairComparison| {
        pair.comparison.verdict == Verdict::NotDistinguishable && pair.comparison.seeds_needed.is_some()
    };
    if pairs.iter().any(needed) {
        sentences.push(
            "The seeds that would be needed are those of the t-test alone, uncorrected: what the test images leave \
             open, more seeds do not settle."
                .to_owned(),
        );
    }
    if let Some(reference) = reference {
        sentences.push(format!(
            "Every two of {arms} arms would be {}, too many to tell any apart: each arm is compared with {reference}, \
             which has the lowest validation error.",
            counted(arms * (arms - 1) / 2, "comparison")
        ));
    }
    sentences.join(" ")
}

/// What one comparison found.
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
            format!(
                "{} are not distinguishable: {} points {}{more}.",
                listed(&[first, second]),
                points(comparison.difference),
                points_interval(interval)
            )
        }
        Verdict::OneSeed => format!(
            "{} have one seed in common, which says nothing about the arms: these two networks differ by {} points \
             (McNemar's p {}).",
            listed(&[first, second]),
            points(comparison.difference),
            p_value(comparison.mcnemar_combined.p_value)
        ),
    }
}
