//! Claims that are not paired by seed: test errors, time, size, and everything at once.

use super::super::{Comparisons, ParetoFront, Standing};
use super::{Conclusion, Finding, StudyArms, cannot_be_told};
use crate::cells::{fixed, listed, percent, spread, thousands};
use crate::{ArmFigures, Spread, StudyPool, TimeSource};

pub(super) fn none_tests_better(study: &StudyArms<'_>, comparisons: &Comparisons) -> Finding {
    let (Some(none), pooled) = (study.none, study.pooled()) else {
        return cannot_be_told("the run has no arm without pooling");
    };
    if pooled.is_empty() {
        return cannot_be_told("the run has neither average nor maximum pooling");
    }
    let pairs: Vec<_> = pooled.iter().filter_map(|arm| comparisons.pair(&none.arm, &arm.arm)).collect();
    let standings: Vec<Standing> =
        pooled.iter().map(|arm| comparisons.standing(&none.arm, &arm.arm)).collect();
    let errors: Vec<String> = [&pooled[..], &[none]]
        .concat()
        .iter()
        .filter_map(|arm| Some(format!("{} {}", arm.arm, percent(arm.test_error?.mean))))
        .collect();
    if errors.is_empty() {
        return cannot_be_told("no trial of the study's arms has a test error");
    }
    let sentences: Vec<&str> = pairs.iter().map(|(pair, _)| pair.sentence.as_str()).collect();
    let measured = format!("{}. {}", listed(&errors), sentences.join(" ")).trim().to_owned();
    let conclusion = if standings.contains(&Standing::Worse) {
        Conclusion::DoesNotHold
    } else if standings.iter().all(|standing| *standing == Standing::Better) {
        Conclusion::Holds
    } else {
        Conclusion::CannotBeTold
    };
    (conclusion, measured)
}

/// Fewer timed epochs than this have no range.
const LEAST_EPOCHS: usize = 2;
/// A ratio that rounds to a quarter.
const QUARTER: std::ops::RangeInclusive<f64> = 0.245..=0.255;

pub(super) fn average_trains_fastest(study: &StudyArms<'_>) -> Finding {
    let arms = study.present();
    let (Some(average), [_, _, ..]) = (study.average, arms.as_slice()) else {
        return cannot_be_told("it takes average pooling and another of the study's arms");
    };
    let epochs: Vec<(&ArmFigures, Spread)> =
        arms.iter().filter_map(|arm| Some((*arm, arm.costs.epoch_s?))).collect();
    if epochs.is_empty() {
        return cannot_be_told("no epoch of the study's arms was timed to its end");
    }
    let shown: Vec<String> =
        epochs.iter().map(|(arm, epoch)| format!("{} {} s", arm.arm, spread(Some(*epoch), 1.0, 2))).collect();
    let [average_s, maximum_s] =
        [StudyPool::Average, StudyPool::Maximum].map(|pool| pool.published().train_s);
    let measured = format!(
        "one epoch: {}; the study's own table has {average_s} s for average and {maximum_s} s for maximum",
        listed(&shown)
    );
    let why_not = if epochs.len() < arms.len() {
        Some("an arm has no epoch times")
    } else if arms.iter().any(|arm| arm.costs.source == TimeSource::InPassing) {
        Some("taken in passing, while the trials ran, and not measured apart")
    } else if arms.iter().any(|arm| arm.costs.contended) {
        Some("the machine had other work meanwhile")
    } else if epochs.iter().any(|(_, epoch)| epoch.repetitions < LEAST_EPOCHS) {
        Some("one epoch was timed, which has no range")
    } else {
        None
    };
    if let Some(why) = why_not {
        return cannot_be_told(format!("{measured} ({why})"));
    }
    let Some((_, own)) = epochs.iter().find(|(arm, _)| arm.arm == average.arm) else {
        return cannot_be_told(measured);
    };
    let others = || epochs.iter().filter(|(arm, _)| arm.arm != average.arm).map(|(_, epoch)| epoch);
    let conclusion = if others().any(|other| other.p95 < own.p05) {
        Conclusion::DoesNotHold
    } else if others().all(|other| own.p95 < other.p05) && arms.len() == 3 {
        Conclusion::Holds
    } else {
        Conclusion::CannotBeTold
    };
    (conclusion, measured)
}

pub(super) fn quarter_of_the_parameters(study: &StudyArms<'_>) -> Finding {
    let Some((none, all)) = study.none.and_then(|none| Some((none, none.parameters?))) else {
        return cannot_be_told("the run has no arm without pooling");
    };
    let ratios: Vec<(String, f64)> = study
        .pooled()
        .iter()
        .filter_map(|arm| {
            let parameters = arm.parameters?;
            let ratio = parameters as f64 / all.max(1) as f64;
            let words = format!("{} {} ({})", arm.arm, fixed(ratio, 4), thousands(Some(parameters)));
            Some((words, ratio))
        })
        .collect();
    if ratios.is_empty() {
        return cannot_be_told("the run has neither average nor maximum pooling");
    }
    let words: Vec<&str> = ratios.iter().map(|(words, _)| words.as_str()).collect();
    let measured = format!("{} of the {} parameters of {}", listed(&words), thousands(Some(all)), none.arm);
    let quarter = ratios.iter().all(|(_, ratio)| QUARTER.contains(ratio));
    (if quarter { Conclusion::Holds } else { Conclusion::DoesNotHold }, measured)
}

/// Among the study's arms: it does not hold if an arm errs less than maximum; it holds if maximum is on the Pareto front
/// and errs less than each of the others. What is left cannot be told: maximum is then one of several good choices, or off
/// the front by differences that may be chance.
pub(super) fn maximum_is_best(study: &StudyArms<'_>, comparisons: &Comparisons) -> Finding {
    let arms = study.present();
    let (Some(maximum), [_, _, ..]) = (study.maximum, arms.as_slice()) else {
        return cannot_be_told("it takes maximum pooling and another of the study's arms");
    };
    let front = ParetoFront::of(&arms);
    let Some(place) = front.arm(&maximum.arm) else {
        return cannot_be_told("maximum pooling has no test error");
    };
    let standing = |other: &&&ArmFigures| comparisons.standing(&maximum.arm, &other.arm);
    let others: Vec<&ArmFigures> = arms.iter().copied().filter(|arm| arm.arm != maximum.arm).collect();
    let worse_than: Vec<&str> =
        others.iter().filter(|arm| standing(arm) == Standing::Worse).map(|arm| arm.arm.as_str()).collect();
    let rivals: Vec<&ArmFigures> =
        others.iter().filter(|arm| standing(arm) != Standing::Better).copied().collect();

    let counts: Vec<&str> = front.objectives.iter().map(|objective| objective.title()).collect();
    let mut measured = if place.on_front {
        format!("maximum is on the Pareto front by {}", listed(&counts))
    } else {
        let verb = if place.dominated_by.len() == 1 { "is" } else { "are" };
        format!(
            "{} {verb} at least as good on all of {}, and better on one",
            listed(&place.dominated_by),
            listed(&counts)
        )
    };
    if !worse_than.is_empty() {
        measured += &format!("; {} errs less on the test images", listed(&worse_than));
    }
    for rival in &rivals {
        measured += &format!("; {}", beside(&front, rival, maximum, comparisons));
    }
    let unmeasured: Vec<&str> = front.unmeasured.iter().map(|objective| objective.title()).collect();
    if !unmeasured.is_empty() {
        measured +=
            &format!("; without {}, which not every arm has or may be compared by", listed(&unmeasured));
    }
    let told = others.iter().all(|arm| standing(&arm) != Standing::Unknown);
    let conclusion = if !worse_than.is_empty() {
        Conclusion::DoesNotHold
    } else if place.on_front && told && rivals.is_empty() && arms.len() == 3 {
        Conclusion::Holds
    } else {
        Conclusion::CannotBeTold
    };
    (conclusion, measured)
}

/// What a rival has over maximum.
fn beside(
    front: &ParetoFront,
    rival: &ArmFigures,
    maximum: &ArmFigures,
    comparisons: &Comparisons,
) -> String {
    let better: Vec<&str> = front
        .objectives
        .iter()
        .filter(|objective| objective.of(rival) < objective.of(maximum))
        .map(|objective| objective.title())
        .collect();
    let error = match comparisons.standing(&rival.arm, &maximum.arm) {
        Standing::NotDistinguishable => "is not distinguishable from it in test error",
        Standing::Unknown => "has one seed in common with it, too few to compare their test errors",
        Standing::Better => "errs less",
        Standing::Worse => "errs more",
    };
    let better = if better.is_empty() { "nothing".to_owned() } else { listed(&better) };
    format!("{} {error}, and measured lower in {better}", rival.arm)
}
