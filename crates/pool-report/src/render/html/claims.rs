//! The published study's claims, and what this run says of each.

use maud::{Markup, html};

use crate::{Analysis, ClaimResult, Conclusion};

/// None where too few of the study's arms are in the run for any of its claims.
pub(super) fn claims(analysis: &Analysis) -> Option<Markup> {
    let of_the_study =
        analysis.arms.iter().filter(|arm| arm.study_pool.is_some() && arm.test_error.is_some());
    (of_the_study.count() > 1).then(|| {
        html! {
            p.note {
                "The study trained each arm once. A claim holds here, or does not, only where the figures say so \
                 beyond chance."
            }
            ol.claims { @for claim in &analysis.claims { (item(claim)) } }
        }
    })
}

fn item(claim: &ClaimResult) -> Markup {
    let class = match claim.conclusion {
        Conclusion::Holds => "yes",
        Conclusion::DoesNotHold => "no",
        Conclusion::CannotBeTold => "open",
    };
    html! {
        li {
            div {
                p.claim { (claim.sentence) }
                p { span.tag.(class) { (claim.conclusion) } }
            }
            div {
                p { "Measured: " (claim.measured.trim_end_matches('.')) "." }
                p.note { "Tested: " (claim.test) "." }
            }
        }
    }
}
