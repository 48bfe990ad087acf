//! The claim about everything at once.

use super::super::{Comparisons, ParetoFront, Standing};
use super::{Conclusion, Finding, StudyArms, cannot_be_told};
use crate::ArmFigures;
use crate::cells::listed;

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
