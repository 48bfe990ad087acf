//! What was found, before anything else.

use maud::{Markup, html};

use crate::Analysis;

pub(super) fn verdict(analysis: &Analysis) -> Markup {
    html! { (found(analysis)) (absences(analysis)) }
}

fn found(analysis: &Analysis) -> Markup {
    let Some((answer, more)) = analysis.verdict.sentences.split_first() else { return html! {} };
    html! {
        div.verdict {
            p.answer { (answer) }
            @for sentence in more { p { (sentence) } }
            @if let Some(front) = &analysis.pareto.sentence { p { (front) } }
            @for sentence in &analysis.confounding { p.note { (sentence) } }
        }
    }
}

/// What is not in the figures, which a reader must know before believing them.
fn absences(analysis: &Analysis) -> Markup {
    let sentences = || analysis.absences.sentences.iter().chain(&analysis.comparisons.left_out);
    html! {
        @if sentences().next().is_some() {
            div.warning {
                h3 { "What is not in these figures" }
                ul { @for sentence in sentences() { li { (sentence) } } }
            }
        }
    }
}
