//! Claims about figures of the trials: differences between arms, paired by seed.

use pool_metrics::{PairedT, TrialRecord, holm, paired_t};

use super::{Conclusion, Finding, StudyArms, cannot_be_told};
use crate::cells::fixed;
use crate::figures::{LEVEL, changed};
use crate::{ArmFigures, Run};

/// Which side a claim says is lower.
#[derive(Clone, Copy)]
pub(super) enum Side {
    NoneIsLower,
    PooledIsLower,
}

/// A figure of a trial: its words, what to multiply it with, the decimals to show, and where it is.
pub(super) type Figure<F> = (&'static str, f64, usize, F);

/// One difference, first minus second arm, that the claim says is negative.
struct Difference {
    words: String,
    test: Option<PairedT>,
    seeds: usize,
}

/// Both pooled arms against none, on all figures.
pub(super) fn paired_claim(
    study: &StudyArms<'_>,
    side: Side,
    figures: &[Figure<fn(&TrialRecord) -> Option<f64>>],
) -> Finding {
    let differences = figures
        .iter()
        .flat_map(|(words, scale, decimals, figure)| {
            differences(study, side, (words, *scale, *decimals, figure))
        })
        .collect();
    conclude(study, differences)
}

/// Shift consistency at the smallest distance; higher is better, so that the figure is what does not stay.
pub(super) fn invariance(study: &StudyArms<'_>) -> Finding {
    const KIND: &str = "shift";
    let shifts = study.none.into_iter().flat_map(|arm| &arm.robustness).filter(|row| row.kind == KIND);
    let Some(strength) = shifts.map(|row| row.strength).min_by(f64::total_cmp) else {
        return cannot_be_told(
            "no shifted test images were looked at, or the run has no arm without pooling",
        );
    };
    let inconsistent = |record: &TrialRecord| {
        let row = changed(record.test.as_ref()?, KIND, strength)?;
        Some(1.0 - row.consistency())
    };
    let figure = ("images that change class, points", 100.0, 2, &inconsistent);
    let (conclusion, measured) = conclude(study, differences(study, Side::PooledIsLower, figure));
    (conclusion, format!("shifted by {strength} px: {measured}"))
}

fn differences(
    study: &StudyArms<'_>,
    side: Side,
    (words, scale, decimals, figure): Figure<&impl Fn(&TrialRecord) -> Option<f64>>,
) -> Vec<Difference> {
    let Some(none) = study.none else { return Vec::new() };
    let pooled = study.pooled().into_iter();
    pooled
        .map(|pooled| {
            let (first, second) = match side {
                Side::NoneIsLower => (none, pooled),
                Side::PooledIsLower => (pooled, none),
            };
            let (a, b) = by_seed(study.run, first, second, figure);
            let test = paired_t(&a, &b, LEVEL);
            let shown = test.as_ref().map_or("-".to_owned(), |test| {
                let figure = |value: f64| fixed(value * scale, decimals);
                let PairedT { mean, interval, .. } = test;
                format!("{} [{}, {}]", figure(*mean), figure(interval.low), figure(interval.high))
            });
            let words = format!("{words}: {} minus {} {shown}", first.arm, second.arm);
            Difference { words, test, seeds: a.len() }
        })
        .collect()
}

/// The figure of both arms, for the seeds that both finished without diverging.
fn by_seed(
    run: &Run,
    first: &ArmFigures,
    second: &ArmFigures,
    figure: impl Fn(&TrialRecord) -> Option<f64>,
) -> (Vec<f64>, Vec<f64>) {
    let of = |name: &str| -> Vec<(u64, f64)> {
        let results = run.arms.iter().filter(|arm| arm.name == name);
        let values =
            results.flat_map(|arm| arm.healthy()).filter_map(|record| Some((record.seed, figure(record)?)));
        values.filter(|(_, value)| value.is_finite()).collect()
    };
    let second = of(&second.arm);
    let partner = |seed: u64| second.iter().find(|(other, _)| *other == seed).map(|(_, value)| *value);
    of(&first.arm).into_iter().filter_map(|(seed, value)| Some((value, partner(seed)?))).unzip()
}

/// The rule of this module's claims. Differences that are all equal leave a t-test nothing to judge by.
fn conclude(study: &StudyArms<'_>, differences: Vec<Difference>) -> Finding {
    if differences.is_empty() {
        return cannot_be_told("the run lacks the arm without pooling, or both of average and maximum");
    }
    let words: Vec<&str> = differences.iter().map(|difference| difference.words.as_str()).collect();
    let measured = words.join("; ");
    if differences.iter().any(|difference| difference.seeds < 2) {
        return cannot_be_told("it takes two seeds that the arms have in common");
    }
    let tests: Option<Vec<PairedT>> = differences.iter().map(|difference| difference.test).collect();
    let Some(tests) = tests.filter(|tests| tests.iter().all(|test| test.t.is_some() || test.mean == 0.0))
    else {
        return cannot_be_told(format!(
            "{measured}: every seed differs by the same, which leaves no spread to judge by"
        ));
    };
    let alpha = 1.0 - LEVEL;
    let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
    let against: Vec<f64> = holm(&p_values).unwrap_or_default();
    let contradicted = tests.iter().zip(against).any(|(test, p_value)| test.mean > 0.0 && p_value <= alpha);
    let complete = study.average.is_some() && study.maximum.is_some();
    let borne_out = tests.iter().all(|test| test.mean < 0.0 && test.p_value <= alpha);
    let conclusion = if contradicted {
        Conclusion::DoesNotHold
    } else if borne_out && complete {
        Conclusion::Holds
    } else {
        Conclusion::CannotBeTold
    };
    (conclusion, measured)
}
