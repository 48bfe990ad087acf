//! Tuning: what was tried, what was chosen, and whether it changes who is better.
//!
//! The arms of a run that tunes are judged as they were tuned. Next to it is the same comparison with the sweep file's
//! settings, which are the same for all arms: each family of pairs is corrected by itself.
use pool_metrics::Verdict;
use pool_records::TunedArm;
use pool_spec::ArmOverrides;
use serde::Serialize;

use super::Comparisons;
use super::methods::named;
use crate::cells::{counted, listed};
use crate::read::TuningResults;
use crate::{ArmFigures, Estimate, Run};

/// What tuning found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningFindings {
    /// The settings that every arm was tried with.
    pub settings: Vec<ArmOverrides>,
    /// What was found with them, and what was chosen, in the plan's order of arms.
    pub tried: Vec<TunedArm>,
    /// The test error of each arm with the sweep file's settings, in the same order.
    pub untuned_test_error: Vec<Option<Estimate>>,
    /// The pairs of arms that were compared with either settings.
    pub pairs: Vec<TunedPair>,
    /// What was chosen, what it changes, and what leaves doubt, in sentences.
    pub sentences: Vec<String>,
}

/// Two arms with the sweep file's settings and with their own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TunedPair {
    /// The first arm.
    pub first: String,
    /// The second arm.
    pub second: String,
    /// First minus second in words, with the sweep file's settings.
    pub untuned: ShortVerdict,
    /// The same with the setting that was chosen for each.
    pub tuned: ShortVerdict,
}

/// A difference of test errors and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShortVerdict {
    /// First minus second, as a share of the test images.
    pub difference: f64,
    /// Its interval, as in the table of pairs.
    pub interval: pool_metrics::Interval,
    /// The conclusion.
    pub verdict: Verdict,
}

impl TuningFindings {
    pub(super) fn of(run: &Run, tuned: &Comparisons) -> Option<Self> {
        let TuningResults { settings, tried, untuned } = run.tuning.as_ref()?;
        let figures: Vec<ArmFigures> = untuned.iter().map(ArmFigures::of).collect();
        let before = Comparisons::of(run, untuned, &figures, tuned.reference.as_deref());
        let pairs = pairs(&before, tuned);
        let are_all = pairs.len() == tuned.pairs.len();
        Some(Self {
            sentences: sentences(settings, tried, are_all.then_some(&pairs)),
            settings: settings.clone(),
            tried: tried.clone(),
            untuned_test_error: figures.iter().map(|arm| arm.test_error).collect(),
            pairs,
        })
    }
}

fn pairs(untuned: &Comparisons, tuned: &Comparisons) -> Vec<TunedPair> {
    // Both families have the arms in the plan's order, so no pair is turned. One seed says nothing of arms.
    let short = |comparisons: &Comparisons, first: &str, second: &str| {
        let (pair, _) = comparisons.pair(first, second)?;
        (pair.comparison.verdict != Verdict::OneSeed).then_some(ShortVerdict {
            difference: pair.comparison.difference,
            interval: pair.interval,
            verdict: pair.comparison.verdict,
        })
    };
    let both = tuned.pairs.iter().filter_map(|pair| {
        let (first, second) = (&pair.first, &pair.second);
        Some(TunedPair {
            untuned: short(untuned, first, second)?,
            tuned: short(tuned, first, second)?,
            first: first.clone(),
            second: second.clone(),
        })
    });
    both.collect()
}

/// `pairs` are given where all of them were compared both ways.
fn sentences(settings: &[ArmOverrides], tried: &[TunedArm], pairs: Option<&Vec<TunedPair>>) -> Vec<String> {
    let of_arm = |arm: &TunedArm| arm.settings.iter().map(|found| found.trials + found.missing).sum();
    let budget = tried.first().map_or(0, of_arm);
    let mut sentences = vec![format!(
        "Every arm is to be tried with the same {} in {}; the lowest validation error chooses, and the arms are then trained \
         with seeds that tuning has not seen.",
        counted(settings.len(), "setting"),
        counted(budget, "trial")
    )];
    sentences.extend(pairs.and_then(|pairs| changed(pairs)));
    sentences.extend(at_the_edge(settings, tried));
    sentences
}

/// Whether tuning changes who is better.
fn changed(pairs: &[TunedPair]) -> Option<String> {
    let of: Vec<String> = pairs
        .iter()
        .filter(|pair| pair.tuned.verdict != pair.untuned.verdict)
        .map(|pair| listed(&[&pair.first, &pair.second]))
        .collect();
    match (of.len(), pairs.len()) {
        (_, 0) => None,
        (0, 1) => Some("Tuning does not change the verdict.".to_owned()),
        (1, 1) => Some("Tuning changes the verdict.".to_owned()),
        (0, _) => Some("Tuning changes the verdict on no pair of arms.".to_owned()),
        (changed, all) => Some(format!(
            "Tuning changes the verdict on {changed} of {}: {}.",
            counted(all, "pair"),
            of.join("; ")
        )),
    }
}

/// Warnings where the best learning rate is the smallest or the largest that was tried: a better one may lie beyond.
fn at_the_edge(settings: &[ArmOverrides], tried: &[TunedArm]) -> Vec<String> {
    let rates = || settings.iter().filter_map(|setting| setting.learning_rate);
    let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    if least >= most {
        return Vec::new();
    }
    let chosen = |arm: &TunedArm| arm.choice(settings)?.0.learning_rate;
    let warning = |(edge, rate): (&str, f64)| {
        let arms: Vec<&str> =
            tried.iter().filter(|arm| chosen(arm) == Some(rate)).map(|arm| arm.arm.as_str()).collect();
        (!arms.is_empty()).then(|| {
            format!(
                "The learning rate of {}, {rate}, is the {edge} that was tried: a better one may lie beyond it.",
                named(&arms)
            )
        })
    };
    [("smallest", least), ("largest", most)].into_iter().filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(chosen: Option<usize>) -> TunedArm {
        let found =
            pool_records::TriedSetting { trials: 2, validation_error: Some(0.1), ..Default::default() };
        TunedArm { arm: "max".to_owned(), settings: vec![found; 3], chosen }
    }

    fn rates() -> Vec<ArmOverrides> {
        let setting = |rate| ArmOverrides { learning_rate: Some(rate), ..ArmOverrides::default() };
        [0.0003, 0.001, 0.003].map(setting).to_vec()
    }

    #[test]
    fn a_choice_at_the_edge_of_what_was_tried_leaves_doubt() {
        for (chosen, expected) in [
            (
                0,
                Some(
                    "The learning rate of max, 0.0003, is the smallest that was tried: a better one may lie beyond it.",
                ),
            ),
            (1, None),
            (
                2,
                Some(
                    "The learning rate of max, 0.003, is the largest that was tried: a better one may lie beyond it.",
                ),
            ),
        ] {
            assert_eq!(at_the_edge(&rates(), &[arm(Some(chosen))]).first().map(String::as_str), expected);
        }
    }

    #[test]
    fn nothing_is_said_of_pairs_that_were_not_all_compared_both_ways() {
        assert_eq!(
            sentences(&rates(), &[arm(Some(1))], None),
            [
                "Every arm is to be tried with the same 3 settings in 6 trials; the lowest validation error chooses, and the \
                 arms are then trained with seeds that tuning has not seen."
            ]
        );
    }
}
