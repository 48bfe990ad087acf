//! Claims about time and size.

use super::{Conclusion, Finding, StudyArms, cannot_be_told};
use crate::cells::{fixed, listed, spread, thousands};
use crate::{ArmFigures, Spread, StudyPool, TimeSource};

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
