//! The published study's claims, and what this run says of each.

use maud::{Markup, html};

use crate::{Analysis, ClaimResult, Conclusion};

/// None where the run is not the study's.
pub(super) fn claims(analysis: &Analysis) -> Option<Markup> {
    (!analysis.claims.is_empty()).then(|| {
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
