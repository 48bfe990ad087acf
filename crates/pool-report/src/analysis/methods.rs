//! How a study was made, in sentences that a publication can use as they are: arms, images, training, seeds, statistics,
//! costs, machine and software.
//!
//! Only what the records and the plan say is said, and nothing of what was found. What the arms have in common is said
//! once; what differs is said with the names of the arms while there are few of them. How arms are compared, and claims
//! judged, are the sentences of their own parts of the analysis.

mod machine;
mod study;
mod training;

use pool_records::TrialRecord;

use super::comparisons::{Comparisons, SPLITS_OVERLAP};
use super::{ClaimResult, claims};
use crate::cells::{counted, listed, thousands};
use crate::{ArmFigures, Run};

/// The most arms that are named.
const MOST_NAMED: usize = 6;
/// What a setting is that differs between more arms than are named.
const EACH_ARMS_OWN: &str = "each arm's own";

/// The methods as paragraphs of sentences, in reading order; empty before the first trial has finished.
pub(super) fn methods(
    run: &Run,
    arms: &[ArmFigures],
    comparisons: &Comparisons,
    claims: &[ClaimResult],
) -> Vec<Vec<String>> {
    if run.records().next().is_none() {
        return Vec::new();
    }
    let paragraphs = [
        study::arms_and_networks(run, arms),
        study::images(run),
        training::recipe(run, arms),
        training::trials(run, comparisons),
        statistics(run, arms, comparisons, claims),
        machine::costs(run, arms),
        machine::machine_and_software(run),
    ];
    paragraphs.into_iter().filter(|sentences| !sentences.is_empty()).collect()
}

/// How figures are summarised, arms compared and claims judged.
fn statistics(
    run: &Run,
    arms: &[ArmFigures],
    comparisons: &Comparisons,
    claims: &[ClaimResult],
) -> Vec<String> {
    let has_interval = |arm: &ArmFigures| arm.validation_error.is_some_and(|error| error.interval.is_some());
    let has_intervals = arms.iter().any(has_interval);
    let mut sentences = Vec::new();
    if has_intervals {
        sentences.push(
            "Figures of an arm are means over its seeds, with 95 % intervals of Student's t, which cover the choice of \
             seeds but not of images."
                .to_owned(),
        );
    }
    if !comparisons.pairs.is_empty() {
        sentences.extend(comparisons.method.iter().cloned());
        if comparisons.tested == 0 {
            sentences.push(
                "McNemar's exact test (McNemar, 1947) compares two networks that share a seed, and not their arms."
                    .to_owned(),
            );
        }
    }
    // The comparisons say it where there are some.
    if has_intervals && run.held_out_ratio() > 0.0 && comparisons.tested == 0 {
        sentences.push(SPLITS_OVERLAP.to_owned());
    }
    sentences.extend(comparisons.left_out.iter().cloned());
    if !claims.is_empty() {
        let verb = if claims.len() == 1 { "was" } else { "were" };
        sentences.push(format!("{} about the arms {verb} judged.", counted(claims.len(), "claim")));
        sentences.push(claims::HOW_THEY_ARE_JUDGED.to_owned());
    }
    sentences
}

/// The text that all trials share; where it differs, each with its arms while these are few, or `None`.
fn by_arm(run: &Run, text: impl Fn(&TrialRecord) -> String) -> Option<String> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for arm in &run.arms {
        for text in arm.records.iter().map(&text) {
            let place = groups.iter().position(|(known, _)| *known == text).unwrap_or_else(|| {
                groups.push((text, Vec::new()));
                groups.len() - 1
            });
            let names = &mut groups[place].1;
            if names.last() != Some(&arm.name.as_str()) {
                names.push(&arm.name);
            }
        }
    }
    let arms = run.arms.iter().filter(|arm| !arm.records.is_empty()).count();
    match &groups[..] {
        [(only, _)] => Some(only.clone()),
        groups if (1..=MOST_NAMED).contains(&arms) => {
            let words: Vec<String> =
                groups.iter().map(|(text, names)| format!("{text} ({})", listed(names))).collect();
            Some(listed(&words))
        }
        _ => None,
    }
}

/// As [`by_arm`], and else that each arm has its own.
pub(super) fn of_arms(run: &Run, text: impl Fn(&TrialRecord) -> String) -> String {
    by_arm(run, text).unwrap_or_else(|| EACH_ARMS_OWN.to_owned())
}

/// The arms by their names, or their number where they are many.
pub(super) fn named<S: AsRef<str>>(arms: &[S]) -> String {
    if arms.len() <= MOST_NAMED { listed(arms) } else { counted(arms.len(), "arm") }
}

/// `5`, or `3 to 5`.
fn range(values: impl Iterator<Item = u64>) -> String {
    let values: Vec<u64> = values.collect();
    let [from, to] = [values.iter().min(), values.iter().max()].map(|end| thousands(end.copied()));
    if from == to { from } else { format!("{from} to {to}") }
}

/// `1 epoch`, `3 epochs`, or `3 to 5 epochs`.
fn counted_range(values: impl Iterator<Item = u64>, what: &str) -> String {
    match range(values).as_str() {
        "1" => format!("1 {what}"),
        several => format!("{several} {what}s"),
    }
}

/// A share as a percentage with no more digits than it has: `20 %`.
fn per_cent(share: f64) -> String {
    format!("{} %", (1e4 * share).round() / 100.0)
}
