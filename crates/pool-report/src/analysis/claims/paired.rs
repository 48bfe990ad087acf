//! Claims about figures of the trials: differences between arms, paired by seed.
use pool_metrics::{PairedT, holm, mean, paired_t};
use pool_records::TrialRecord;
use pool_spec::PerturbationKind;

use super::{Conclusion, Finding, StudyArms, cannot_be_told};
use crate::cells::{NOTHING, fixed, listed, percent};
use crate::figures::{LEVEL, changed};
use crate::{ArmFigures, ArmResults, Run};

/// Which side a claim says is lower.
#[derive(Clone, Copy)]
pub(super) enum Side {
    NoneIsLower,
    PooledIsLower,
}

/// Where a figure is in a trial's record.
pub(super) type OfTrial = fn(&TrialRecord) -> Option<f64>;

/// A figure of a trial.
pub(super) struct Figure<F> {
    pub(super) words: &'static str,
    pub(super) unit: &'static str,
    /// From the record's unit to that one.
    pub(super) scale: f64,
    pub(super) decimals: usize,
    pub(super) of: F,
}

/// One difference, first minus second arm, that the claim says is negative.
#[derive(Clone, Copy)]
struct Difference {
    test: Option<PairedT>,
    seeds: usize,
}

/// Differences, and what was measured in words.
type Evidence = (Vec<Difference>, String);

/// Both pooled arms against none, on all figures.
pub(super) fn paired_claim(study: &StudyArms<'_>, side: Side, figures: &[Figure<OfTrial>]) -> Finding {
    let (differences, words): (Vec<_>, Vec<_>) =
        figures.iter().map(|figure| evidence(study, side, figure)).unzip();
    conclude(study, &differences.concat(), words.join("; "))
}

/// Shift consistency at the smallest distance; as higher is better, the figure is the share that does not stay.
pub(super) fn invariance(study: &StudyArms<'_>) -> Finding {
    const KIND: PerturbationKind = PerturbationKind::Shift;
    let shifts = study.none.into_iter().flat_map(|arm| &arm.robustness).filter(|row| row.kind == KIND);
    let Some(strength) = shifts.map(|row| row.strength).min_by(f64::total_cmp) else {
        return cannot_be_told(
            "no shifted test images were looked at, or the run has no arm without pooling",
        );
    };
    let of = |record: &TrialRecord| {
        let row = changed(record.test.as_ref()?, KIND, strength)?;
        Some(1.0 - row.consistency())
    };
    let figure = Figure { words: "the differences", unit: "points", scale: 100.0, decimals: 2, of };
    let (differences, words) = evidence(study, Side::PooledIsLower, &figure);
    let levels: Vec<String> = study
        .present()
        .into_iter()
        .filter_map(|arm| {
            let row = arm.robustness.iter().find(|row| row.kind == KIND && row.strength == strength)?;
            Some(format!("{} {}", arm.arm, percent(1.0 - row.consistency?.mean)))
        })
        .collect();
    let measured =
        format!("images that change class when shifted by {strength} px: {}; {words}", listed(&levels));
    conclude(study, &differences, measured)
}

/// `training loss: none minus average -0.0056 [-0.0061, -0.0051], none minus maximum ... nats`.
fn evidence<F: Fn(&TrialRecord) -> Option<f64>>(
    study: &StudyArms<'_>,
    side: Side,
    figure: &Figure<F>,
) -> Evidence {
    let Some(none) = study.none else { return Evidence::default() };
    let pairs = study.pooled().into_iter().map(|pooled| match side {
        Side::NoneIsLower => (none, pooled),
        Side::PooledIsLower => (pooled, none),
    });
    let (differences, words): (Vec<Difference>, Vec<String>) = pairs
        .map(|(first, second)| {
            let (a, b) = by_seed(study.run, first, second, &figure.of);
            let shown = |value: f64| fixed(value * figure.scale, figure.decimals);
            let test = paired_t(&a, &b, LEVEL);
            let difference = match (&test, mean(&a).zip(mean(&b))) {
                (Some(PairedT { mean, interval, .. }), _) => {
                    format!("{} [{}, {}]", shown(*mean), shown(interval.low), shown(interval.high))
                }
                (None, Some((a, b))) => shown(a - b),
                (None, None) => NOTHING.to_owned(),
            };
            let words = format!("{} minus {} {difference}", first.arm, second.arm);
            (Difference { test, seeds: a.len() }, words)
        })
        .unzip();
    (differences, format!("{}: {} {}", figure.words, listed(&words), figure.unit))
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
        let values = results
            .flat_map(ArmResults::healthy)
            .filter_map(|record| Some((record.spec.seed, figure(record)?)));
        values.filter(|(_, value)| value.is_finite()).collect()
    };
    let second = of(&second.arm);
    let partner = |seed: u64| second.iter().find(|(other, _)| *other == seed).map(|(_, value)| *value);
    of(&first.arm).into_iter().filter_map(|(seed, value)| Some((value, partner(seed)?))).unzip()
}

/// The rule of this module's claims. Differences that are all equal leave a t-test nothing to judge by.
fn conclude(study: &StudyArms<'_>, differences: &[Difference], measured: String) -> Finding {
    if differences.is_empty() {
        return cannot_be_told("the run lacks the arm without pooling, or both of average and maximum");
    }
    if differences.iter().all(|difference| difference.seeds == 0) {
        return cannot_be_told(
            "no seed was trained to its end, without diverging, by two arms that it is about",
        );
    }
    if differences.iter().any(|difference| difference.seeds < 2) {
        return cannot_be_told(format!("{measured}; it takes two seeds that the arms have in common"));
    }
    let tests: Option<Vec<PairedT>> = differences.iter().map(|difference| difference.test).collect();
    let Some(tests) = tests.filter(|tests| tests.iter().all(|test| test.t.is_some() || test.mean == 0.0))
    else {
        return cannot_be_told(format!(
            "{measured}; a difference is the same for every seed, which leaves no spread to judge it by"
        ));
    };
    let alpha = 1.0 - LEVEL;
    let p_values: Vec<f64> = tests.iter().map(|test| test.p_value).collect();
    // A paired t-test's p-value is a probability, which is all that Holm's correction asks for.
    let against = holm(&p_values).unwrap_or_default();
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
