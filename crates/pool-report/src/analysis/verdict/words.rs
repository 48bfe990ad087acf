//! The verdict in sentences.
use pool_metrics::MemoryModel;

use super::{Choice, Decision, measured_training_bytes};
use crate::ArmFigures;
use crate::analysis::{Comparisons, Standing};
use crate::cells::{counted, fixed, listed, mebibytes, percent, thousands};

/// More names than this are counted rather than listed.
const MOST_NAMES: usize = 6;

/// The test error of the best arm, and how the others compare with it.
pub(super) fn found(arms: &[ArmFigures], best: &ArmFigures, comparisons: &Comparisons) -> String {
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
    let parts = [Standing::NotDistinguishable, Standing::Better, Standing::Worse, Standing::Unknown].map(
        |standing| {
            let those: Vec<&str> = others
                .iter()
                .copied()
                .filter(|other| comparisons.standing(name, other) == standing)
                .collect();
            let all = those.len() == others.len() && those.len() > 1;
            (!those.is_empty()).then(|| match standing {
                Standing::NotDistinguishable if all && those.len() > MOST_NAMES => {
                    "no other arm is distinguishable from it".to_owned()
                }
                Standing::NotDistinguishable => {
                    let verb = if those.len() == 1 { "is" } else { "are" };
                    format!("{} {verb} not distinguishable from it", names_or_count(&those))
                }
                Standing::Better if all => format!("{name} errs less than every other arm"),
                Standing::Better => format!("{name} errs less than {}", names_or_count(&those)),
                Standing::Worse => format!("{name} errs more than {}", names_or_count(&those)),
                Standing::Unknown => format!("{} cannot be compared with it", names_or_count(&those)),
            })
        },
    );
    parts.into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

fn names_or_count(names: &[&str]) -> String {
    if names.len() <= MOST_NAMES { listed(names) } else { counted(names.len(), "other arm") }
}

/// The costs of the chosen arm, and how much more the best arm and the largest arm cost.
pub(super) fn costs(arms: &[ArmFigures], choice: &Choice, best: &ArmFigures) -> Option<String> {
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
pub(super) fn advice(Choice { arm, candidates, decision }: &Choice) -> String {
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
