//! Plots in the page.

use maud::{Markup, html};

use super::super::plots::{Plot, Stack, arms_attribute};
use super::bar;
use crate::Run;

pub(super) fn pictures(run: &Run, plot: &Plot) -> Markup {
    html! {
        p.note { (plot.caption) }
        @if plot.colours_arms { (bar::on_paper(run)) }
        div.panels.three[plot.columns > 2] { @for stack in &plot.stacks { (panels(stack)) } }
    }
}

/// One stop of the keyboard: the arrow keys go from mark to mark within it.
fn panels(stack: &Stack) -> Markup {
    let arms = match stack.panels.as_slice() {
        [alone] => arms_attribute(&alone.arms),
        _ => None,
    };
    let title = stack.panels.first().map(|panel| &panel.title);
    html! {
        div.stack role="group" aria-label=[title] data-arms=[arms] { @for panel in &stack.panels { (panel.svg()) } }
    }
}
