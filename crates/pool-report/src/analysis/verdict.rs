//! The verdict: a few sentences on which arm has the lowest error, what it costs, and which one to take.
//!
//! *What was found* comes from the test images, where every difference is tested. *What to take* is chosen by the
//! validation images only, so that the test error of the chosen arm stays an honest estimate: of the arms whose mean
//! validation error is at most one standard error above the lowest (L. Breiman et al., "Classification and Regression
//! Trees", 1984, section 3.4.3), the cheapest. Cheapest is the shortest epoch; where the intervals of two epochs over
//! processes overlap (the ranges of nine in ten repetitions, where an arm has one process only), the smaller memory in
//! training; where two memories are within a twentieth, the lower validation error.
use pool_metrics::MemoryModel;
use serde::Serialize;

use super::{Comparisons, Standing};
use crate::cells::{counted, fixed, listed, mebibytes, percent, thousands};
use crate::figures::overlap_with_shortest;
use crate::{ArmFigures, Estimate, OverProcesses};

/// Two figures of memory that differ by at most this fraction of the smaller one count as equal.
const SAME_MEMORY: f64 = 0.05;

/// What was found, and what to take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyVerdict {
    /// One to four sentences.
    pub sentences: Vec<String>,
    /// The arm with the lowest mean test error, or the one that all others were compared with. `None` if every finished
    /// trial diverged.
    pub compared_with: Option<String>,
    /// The arms that are not distinguishable from it on the test images.
    pub not_distinguishable: Vec<String>,
    /// The arms that are practically equal to it on the test images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub practically_equal: Vec<String>,
    /// The arm to take if nothing else is known.
    pub choice: Option<Choice>,
}

/// The arm to take if nothing else is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The arm.
    pub arm: String,
    /// The arms within one standard error of the lowest mean validation error, this one included.
    pub candidates: Vec<String>,
    /// What decided between them.
    pub decision: Decision,
}

/// What decided between arms whose validation errors are as good as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// No other arm has a finished trial.
    OnlyMeasured,
    /// There was one candidate.
    OnlyCandidate,
    /// Its epochs are shorter.
    EpochTime,
    /// It needs less memory in training.
    TrainingMemory,
    /// Time and memory do not tell them apart either: its validation error is lower.
    ValidationError,
}

impl StudyVerdict {
    pub(super) fn of(arms: &[ArmFigures], comparisons: &Comparisons) -> Self {
        let reference = comparisons.reference.as_ref();
        let reference = reference.and_then(|name| arms.iter().find(|arm| arm.arm == *name));
        let Some(best) = reference.or_else(|| lowest(arms, |arm| arm.test_error)) else {
            let diverged = arms.iter().any(|arm| arm.diverged > 0);
            let nothing =
                diverged.then(|| "Every finished trial diverged: there is nothing to compare.".to_owned());
            return Self {
                sentences: nothing.into_iter().collect(),
                compared_with: None,
                not_distinguishable: Vec::new(),
                practically_equal: Vec::new(),
                choice: None,
            };
        };
        let with = |standing: Standing| -> Vec<String> {
            let those = arms.iter().filter(|arm| comparisons.standing(&best.arm, &arm.arm) == standing);
            those.map(|arm| arm.arm.clone()).collect()
        };
        let choice = choose(arms);
        let mut sentences = vec![found(arms, best, comparisons)];
        if let Some(choice) = &choice {
            sentences.extend((arms.len() > 1).then(|| advice(choice)));
            sentences.extend(costs(arms, choice, best));
        }
        Self {
            sentences,
            compared_with: Some(best.arm.clone()),
            not_distinguishable: with(Standing::Open),
            practically_equal: with(Standing::PracticallyEqual),
            choice,
        }
    }
}

fn lowest(arms: &[ArmFigures], figure: fn(&ArmFigures) -> Option<Estimate>) -> Option<&ArmFigures> {
    let known = arms.iter().filter_map(|arm| Some((arm, figure(arm)?.mean)));
    known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(arm, _)| arm)
}

/// The choice by the rule above.
fn choose(arms: &[ArmFigures]) -> Option<Choice> {
    let best = lowest(arms, |arm| arm.validation_error)?;
    let limit = best.validation_error?.mean + standard_error(best)?;
    let within = |arm: &&ArmFigures| arm.validation_error.is_some_and(|error| error.mean <= limit);
    let candidates: Vec<&ArmFigures> = arms.iter().filter(within).collect();
    let fast = fastest(&candidates);
    let small = smallest(&fast);
    let known = arms.iter().filter(|arm| arm.validation_error.is_some()).count();
    let decision = if known == 1 {
        Decision::OnlyMeasured
    } else if candidates.len() == 1 {
        Decision::OnlyCandidate
    } else if fast.len() == 1 {
        Decision::EpochTime
    } else if small.len() == 1 {
        Decision::TrainingMemory
    } else {
        Decision::ValidationError
    };
    let error = |arm: &&&ArmFigures| arm.validation_error.map_or(f64::INFINITY, |error| error.mean);
    let chosen = small.iter().min_by(|a, b| error(a).total_cmp(&error(b)))?;
    let names = candidates.iter().map(|arm| arm.arm.clone()).collect();
    Some(Choice { arm: chosen.arm.clone(), candidates: names, decision })
}

/// Of the mean over seeds; with one seed, of the fraction of images misclassified.
fn standard_error(arm: &ArmFigures) -> Option<f64> {
    arm.validation_error?.standard_error().or_else(|| {
        let error = arm.trials.iter().find_map(|trial| trial.validation_error)?;
        Some((error.share * (1.0 - error.share) / error.images as f64).sqrt())
    })
}

/// The arms whose epoch times [overlap with the shortest](overlap_with_shortest). All arms if a time must not be compared or
/// has no range.
fn fastest<'a>(arms: &[&'a ArmFigures]) -> Vec<&'a ArmFigures> {
    let times: Option<Vec<OverProcesses>> =
        arms.iter().map(|arm| arm.costs.epoch_s.filter(|_| arm.costs.may_be_compared())).collect();
    let Some(are_short) = times.and_then(|times| overlap_with_shortest(&times)) else { return arms.to_vec() };
    arms.iter().zip(are_short).filter(|(_, is_short)| *is_short).map(|(arm, _)| *arm).collect()
}

/// The arms whose training memory counts as equal to the smallest.
fn smallest<'a>(arms: &[&'a ArmFigures]) -> Vec<&'a ArmFigures> {
    let measured: Option<Vec<f64>> = arms.iter().map(|arm| measured_training_bytes(arm)).collect();
    let expected =
        || arms.iter().map(|arm| arm.memory_bytes(MemoryModel::Training).map(|b| b as f64)).collect();
    let Some(bytes) = measured.or_else(expected) else { return arms.to_vec() };
    let least = bytes.iter().copied().fold(f64::INFINITY, f64::min);
    let as_small = |bytes: f64| bytes <= least * (1.0 + SAME_MEMORY);
    arms.iter().zip(bytes).filter(|(_, bytes)| as_small(*bytes)).map(|(arm, _)| *arm).collect()
}

fn measured_training_bytes(arm: &ArmFigures) -> Option<f64> {
    arm.costs.training_peak()?.measured_bytes.map(|bytes| bytes as f64)
}

/// More names than this are counted rather than listed.
const MOST_NAMES: usize = 6;

/// The test error of the best arm, and how the others compare with it.
fn found(arms: &[ArmFigures], best: &ArmFigures, comparisons: &Comparisons) -> String {
    let Some(error) = best.test_error else { return String::new() };
    let (name, seeds) = (&best.arm, counted(error.seeds, "seed"));
    let others: Vec<&str> = arms
        .iter()
        .filter(|arm| arm.arm != *name && arm.test_error.is_some())
        .map(|arm| arm.arm.as_str())
        .collect();
    if others.is_empty() {
        return format!("{name} misclassifies {} of the test images ({seeds}).", percent(error.mean));
    }
    let has = match &comparisons.reference {
        Some(_) => format!("the lowest validation error, and a test error of {}", percent(error.mean)),
        None => format!("the lowest test error, {}", percent(error.mean)),
    };
    let told = |other: &&str| comparisons.standing(name, other) != Standing::Unknown;
    if others.iter().any(told) {
        return format!(
            "{name} has {has} on average over {seeds}; {}.",
            standings(name, &others, comparisons)
        );
    }
    let why = match error.seeds {
        1 => "one seed cannot rank the arms: another seed may order them differently",
        _ => "no other arm shares two seeds with it, which a comparison needs",
    };
    format!("{name} has {has}, but {why}. Train each arm with at least three seeds.")
}

/// Which arms are not distinguishable from this one, which have more errors, and so on.
fn standings(name: &str, others: &[&str], comparisons: &Comparisons) -> String {
    const ALL: [Standing; 5] =
        [Standing::PracticallyEqual, Standing::Open, Standing::Better, Standing::Worse, Standing::Unknown];
    let parts = ALL.map(|standing| {
        let those: Vec<&str> =
            others.iter().copied().filter(|other| comparisons.standing(name, other) == standing).collect();
        let all = those.len() == others.len() && those.len() > 1;
        (!those.is_empty()).then(|| match standing {
            Standing::PracticallyEqual => {
                let verb = if those.len() == 1 { "is" } else { "are" };
                format!("{} {verb} practically equal to it", names_or_count(&those))
            }
            Standing::Open if all && those.len() > MOST_NAMES => {
                "no other arm is distinguishable from it".to_owned()
            }
            Standing::Open => {
                let verb = if those.len() == 1 { "is" } else { "are" };
                format!("{} {verb} not distinguishable from it", names_or_count(&those))
            }
            Standing::Better if all => format!("{name} errs less than every other arm"),
            Standing::Better => format!("{name} errs less than {}", names_or_count(&those)),
            Standing::Worse => format!("{name} errs more than {}", names_or_count(&those)),
            Standing::Unknown => format!("{} cannot be compared with it", names_or_count(&those)),
        })
    });
    parts.into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

fn names_or_count(names: &[&str]) -> String {
    if names.len() <= MOST_NAMES { listed(names) } else { counted(names.len(), "other arm") }
}

/// The costs of the chosen arm, and how much more the best arm and the largest arm cost.
fn costs(arms: &[ArmFigures], choice: &Choice, best: &ArmFigures) -> Option<String> {
    let chosen = arms.iter().find(|arm| arm.arm == choice.arm)?;
    let mut parts = Vec::new();
    // Times that must not be compared have no place in a verdict.
    if let Some(epoch) = chosen.costs.epoch_s.filter(|_| chosen.costs.may_be_compared()) {
        parts.push(format!("{} s per epoch", fixed(epoch.median, 2)));
    }
    match measured_training_bytes(chosen) {
        Some(bytes) => {
            let batch = chosen
                .costs
                .training_batch
                .map(|batch| format!(" at batch size {batch}"))
                .unwrap_or_default();
            parts.push(format!("{} MiB of memory for training{batch}", mebibytes(Some(bytes))));
        }
        None => parts.extend(chosen.memory_bytes(MemoryModel::Training).map(|bytes| {
            format!("an estimated {} MiB of memory for training", mebibytes(Some(bytes as f64)))
        })),
    }
    parts.extend(chosen.parameters.map(|count| format!("{} parameters", thousands(Some(count)))));
    let largest = arms.iter().filter(|arm| arm.parameters.is_some()).max_by_key(|arm| arm.parameters);
    let mut others = vec![best];
    others.extend(largest.filter(|arm| arm.arm != best.arm));
    let comparison: String = others
        .into_iter()
        .filter(|arm| arm.arm != chosen.arm)
        .filter_map(|other| Some(format!("; {}", relative_costs(other, chosen)?)))
        .collect();
    Some(format!("{} needs {}{comparison}.", chosen.arm, listed(&parts)))
}

/// The other arm's costs as multiples of the chosen one's. `None` if nothing differs by more than 5 %.
fn relative_costs(other: &ArmFigures, chosen: &ArmFigures) -> Option<String> {
    let ratio = |figure: &dyn Fn(&ArmFigures) -> Option<f64>, what: &str| {
        let ratio = figure(other)? / figure(chosen).filter(|figure| *figure > 0.0)?;
        let differs = !(0.95..=1.05).contains(&ratio);
        differs.then(|| format!("{} times the {what}", fixed(ratio, if ratio < 1.95 { 2 } else { 1 })))
    };
    let timed = other.costs.may_be_compared() && chosen.costs.may_be_compared();
    let time = |arm: &ArmFigures| arm.costs.epoch_s.filter(|_| timed).map(|epoch| epoch.median);
    let parameters = |arm: &ArmFigures| arm.parameters.map(|count| count as f64);
    let parts: Vec<String> =
        [ratio(&time, "time"), ratio(&measured_training_bytes, "memory"), ratio(&parameters, "parameters")]
            .into_iter()
            .flatten()
            .collect();
    (!parts.is_empty()).then(|| format!("{} needs {}", other.arm, listed(&parts)))
}

/// What to take, and why.
fn advice(Choice { arm, candidates, decision }: &Choice) -> String {
    let others: Vec<&str> =
        candidates.iter().map(String::as_str).filter(|candidate| candidate != arm).collect();
    let equals = names_or_count(&others);
    let why = match decision {
        Decision::OnlyCandidate => {
            return format!(
                "If nothing else is known, take {arm}: no other arm comes within one standard error of its validation \
                 error."
            );
        }
        Decision::OnlyMeasured => {
            return format!(
                "{arm} is the only arm with a finished trial, so there was nothing to choose from."
            );
        }
        Decision::EpochTime => "its epochs are the shortest",
        Decision::TrainingMemory => {
            "it needs the least memory for training, as training times do not distinguish them"
        }
        Decision::ValidationError => "no arm that costs as little has a lower one",
    };
    format!(
        "If nothing else is known, take {arm}: its validation error is as good as that of {equals} (within one \
         standard error of the lowest), and {why}."
    )
}
