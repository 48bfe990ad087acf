//! Which arm to take under a budget.
//!
//! Of the arms within every limit, the one with the lowest mean validation error: the test set selects nothing.
//! Measured figures are preferred. If there are none, the memory model's estimate and the times of the trials are used,
//! and marked as such. An arm without a figure that the budget limits cannot be judged.
use serde::Serialize;

use super::{Analysis, Basis, Budget, Limit, LimitFigure, Standing};
use crate::ArmFigures;
use crate::cells::{listed, percent};

/// The arm to take under a budget, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The budget.
    pub budget: Budget,
    /// The recommended arm; `None` if no arm is known to fit.
    pub arm: Option<String>,
    /// Every arm with a validation error, the lowest first.
    pub arms: Vec<Judgement>,
    /// Arms within the budget that are not distinguishable from it on the test images.
    pub not_distinguishable: Vec<String>,
    /// Arms within the budget that are practically equal to it on the test images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub practically_equal: Vec<String>,
    /// All of it in sentences.
    pub sentences: Vec<String>,
}

/// One arm against the budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The arm.
    pub arm: String,
    /// Its mean fraction of validation images misclassified.
    pub validation_error: f64,
    /// Its figure for each limit of the budget.
    pub figures: Vec<LimitFigure>,
    /// Limits that it breaks.
    pub broken: Vec<Limit>,
    /// Limits whose figure was not measured.
    pub unknown: Vec<Limit>,
}

impl Judgement {
    /// Whether it is known to be within every limit.
    pub fn fits(&self) -> bool {
        self.broken.is_empty() && self.unknown.is_empty()
    }

    fn of(arm: &ArmFigures, budget: &Budget) -> Option<Self> {
        let figures: Vec<LimitFigure> =
            Limit::ALL.into_iter().filter_map(|limit| limit.figure(arm, budget)).collect();
        let limits = |wanted: fn(&LimitFigure) -> bool| {
            figures.iter().filter(|figure| wanted(figure)).map(|figure| figure.limit).collect()
        };
        Some(Self {
            arm: arm.arm.clone(),
            validation_error: arm.validation_error?.mean,
            broken: limits(|figure| figure.value.is_some_and(|value| value > figure.allowed)),
            unknown: limits(|figure| figure.value.is_none()),
            figures,
        })
    }
}

/// The arm with the lowest mean validation error within the budget, and how every arm compares with the limits.
pub fn recommend(analysis: &Analysis, budget: &Budget) -> Recommendation {
    let mut arms: Vec<Judgement> =
        analysis.arms.iter().filter_map(|arm| Judgement::of(arm, budget)).collect();
    arms.sort_by(|a, b| a.validation_error.total_cmp(&b.validation_error));
    let arm = arms.iter().find(|arm| arm.fits()).map(|arm| arm.arm.clone());
    let fitting = |wanted: Standing| -> Vec<String> {
        let Some(arm) = &arm else { return Vec::new() };
        let standing = |other: &Judgement| analysis.comparisons.standing(arm, &other.arm);
        let those = arms.iter().filter(|other| other.fits() && standing(other) == wanted);
        those.map(|other| other.arm.clone()).collect()
    };
    let (not_distinguishable, practically_equal) =
        (fitting(Standing::Open), fitting(Standing::PracticallyEqual));
    let equals = [
        (&practically_equal, "practically equal to it"),
        (&not_distinguishable, "not distinguishable from it"),
    ];
    let sentences = sentences(analysis, arm.as_deref(), &arms, equals);
    Recommendation { budget: *budget, arm, arms, not_distinguishable, practically_equal, sentences }
}

fn sentences(
    analysis: &Analysis,
    arm: Option<&str>,
    arms: &[Judgement],
    equals: [(&Vec<String>, &str); 2],
) -> Vec<String> {
    if arms.is_empty() {
        let diverged = analysis.arms.iter().any(|arm| arm.diverged > 0);
        let why = if diverged {
            "Every finished trial diverged: no arm has a validation error, so none can be recommended. A smaller \
             learning rate may help."
        } else {
            "No arm has a validation error yet, so none can be recommended."
        };
        return vec![why.to_owned()];
    }
    let chosen = arm.and_then(|name| arms.iter().find(|judged| judged.arm == name));
    let mut sentences = match chosen {
        Some(chosen) => vec![take(analysis, chosen)],
        None => nothing_fits(arms),
    };
    for (arms, how) in equals.into_iter().filter(|(arms, _)| !arms.is_empty()) {
        let (verb, be) = if arms.len() == 1 { ("fits", "is") } else { ("fit", "are") };
        sentences.push(format!("{} also {verb} the budget and {be} {how} on the test images.", listed(arms)));
    }
    sentences.extend(Limit::ALL.into_iter().filter_map(|limit| excluded(limit, arms)));
    sentences.extend(unknown(arms));
    sentences.extend(diverged(analysis));
    sentences
}

/// Arms that have no figure to judge, and never will.
fn diverged(analysis: &Analysis) -> Option<String> {
    let all_diverged =
        analysis.arms.iter().filter(|arm| arm.diverged > 0 && arm.diverged == arm.trials.len());
    let names: Vec<&str> = all_diverged.map(|arm| arm.arm.as_str()).collect();
    (!names.is_empty())
        .then(|| format!("Not judged, because every finished trial diverged: {}.", listed(&names)))
}

fn take(analysis: &Analysis, chosen: &Judgement) -> String {
    let test = analysis.arm(&chosen.arm).and_then(|arm| arm.test_error);
    let test = test.map_or(String::new(), |error| format!(" (test: {})", percent(error.mean)));
    let figures: Vec<String> = chosen.figures.iter().filter_map(within).collect();
    let figures =
        if figures.is_empty() { String::new() } else { format!(" Within the limits: {}.", listed(&figures)) };
    format!(
        "Take {}: it has the lowest validation error within the budget, {}{test}.{figures}",
        chosen.arm,
        percent(chosen.validation_error)
    )
}

/// `memory for an image 10.5 MiB of 16.0 MiB`.
fn within(figure: &LimitFigure) -> Option<String> {
    let LimitFigure { limit, allowed, value, basis } = figure;
    let from = match basis {
        Basis::Measured => "",
        Basis::Contended => " (measured while the machine was busy with other work)",
        Basis::InPassing => " (measured while the trials ran)",
        Basis::Model => " (estimated, not measured)",
    };
    Some(format!("{} {} of {}{from}", limit.title(), limit.shown((*value)?), limit.shown(*allowed)))
}

fn excluded(limit: Limit, arms: &[Judgement]) -> Option<String> {
    let names: Vec<String> = arms
        .iter()
        .filter(|arm| arm.broken.contains(&limit))
        .filter_map(|arm| {
            let figure = arm.figures.iter().find(|figure| figure.limit == limit)?;
            Some(format!("{} ({})", arm.arm, limit.shown(figure.value?)))
        })
        .collect();
    (!names.is_empty()).then(|| format!("Over the limit of {}: {}.", limit.title(), listed(&names)))
}

fn unknown(arms: &[Judgement]) -> Option<String> {
    let names: Vec<String> = arms
        .iter()
        .filter(|arm| !arm.unknown.is_empty())
        .map(|arm| {
            let limits: Vec<&str> = arm.unknown.iter().map(|limit| limit.title()).collect();
            format!("{} ({})", arm.arm, listed(&limits))
        })
        .collect();
    (!names.is_empty())
        .then(|| format!("Cannot be judged, as these figures were not measured: {}.", listed(&names)))
}

/// The arm that breaks the fewest limits, by the least, and by how much it does.
fn nothing_fits(arms: &[Judgement]) -> Vec<String> {
    let excess = |arm: &Judgement| -> f64 {
        let over = arm.figures.iter().filter_map(|figure| Some(figure.value? / figure.allowed));
        over.fold(1.0, f64::max)
    };
    // An arm without a broken limit might fit once it is measured.
    if arms.iter().any(|arm| arm.broken.is_empty()) {
        return vec!["No arm is known to fit the budget.".to_owned()];
    }
    let nearest = arms.iter().min_by(|a, b| {
        (a.broken.len(), excess(a))
            .partial_cmp(&(b.broken.len(), excess(b)))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let Some(nearest) = nearest else { return Vec::new() };
    let limits: Vec<String> = nearest
        .figures
        .iter()
        .filter(|figure| nearest.broken.contains(&figure.limit))
        .filter_map(|figure| {
            let LimitFigure { limit, allowed, value, .. } = figure;
            Some(format!("{} {} (limit {})", limit.title(), limit.shown((*value)?), limit.shown(*allowed)))
        })
        .collect();
    vec![format!("No arm fits the budget. The arm {} comes closest: {}.", nearest.arm, listed(&limits))]
}
