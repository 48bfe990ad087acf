//! The arms and their colours, always within reach: the legend of every plot, which the page's script turns into
//! switches.

use maud::{Markup, html};

use super::super::plots::{Stroke, arms_attribute};
use crate::Run;

pub(super) fn bar(run: &Run) -> Markup {
    html! {
        div.bar role="region" aria-label="Arms and their colours" {
            ul.legend {
                @for (arm, results) in run.arms.iter().enumerate() {
                    li { span.chip data-arm=(arm) { (named_sample(arm, &results.name)) } }
                }
            }
        }
    }
}

/// The same beside a plot, for paper alone, where the other one is pages away.
pub(super) fn on_paper(run: &Run) -> Markup {
    html! {
        ul.legend.paper aria-hidden="true" {
            @for (arm, results) in run.arms.iter().enumerate() {
                li data-arms=[arms_attribute(&[arm])] { span.chip { (named_sample(arm, &results.name)) } }
            }
        }
    }
}

fn named_sample(arm: usize, name: &str) -> Markup {
    html! { (sample(Stroke::of_arm(arm))) span { (name) } }
}

/// A short piece of an arm's curve.
fn sample(stroke: Stroke) -> Markup {
    html! { svg.(stroke.class()) width="30" height="14" aria-hidden="true" { (stroke.sample(1.0, 7.0, 28.0)) } }
}
