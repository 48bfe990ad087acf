//! The error of every class by itself.

use maud::{Markup, html};

use super::super::plots::{Stroke, arms_attribute};
use super::grid::arm_name;
use crate::cells::estimate;
use crate::figures::classes_with_errors;
use crate::{ArmFigures, Estimate};

/// More classes than this make no table that anybody reads.
const MOST: usize = 40;

pub(super) fn classes(figures: &[ArmFigures]) -> Option<Markup> {
    let classes = classes_with_errors(figures);
    let errors = figures.iter().flat_map(|arm| &arm.class_errors).flatten();
    let worst = errors.map(|error| error.mean).fold(0.0, f64::max);
    (1..=MOST).contains(&classes.len()).then(|| {
        html! {
            p.note {
                "Share of each class's test images misclassified, mean over seeds; the bar is that figure beside the \
                 worst of all arms. Point at a figure for its interval."
            }
            div.wide tabindex="0" role="region" aria-label="Error of each class" {
                table.sortable.heat {
                    caption { "Test error of each class, %" }
                    thead { tr { th scope="col" { "arm" } @for class in &classes { th scope="col" { (class) } } } }
                    tbody { @for (arm, figures) in figures.iter().enumerate() { (row(arm, figures, &classes, worst)) } }
                }
            }
        }
    })
}

fn row(arm: usize, figures: &ArmFigures, classes: &[usize], worst: f64) -> Markup {
    html! {
        tr data-arms=[arms_attribute(&[arm])] {
            th scope="row" { (arm_name(arm, &figures.arm)) }
            @for class in classes { (cell(arm, figures.class_errors.get(*class).copied().flatten(), worst)) }
        }
    }
}

fn cell(arm: usize, error: Option<Estimate>, worst: f64) -> Markup {
    let Some(error) = error else { return html! { td { "-" } } };
    let width = if worst > 0.0 { 34.0 * error.mean / worst } else { 0.0 };
    html! {
        td title=(format!("{} %", estimate(Some(error), 100.0, 2))) {
            (format!("{:.2}", 100.0 * error.mean))
            svg.bar-under.(Stroke::of_arm(arm).class()) width="34" height="4" aria-hidden="true" {
                rect x=(format!("{:.1}", 34.0 - width)) width=(format!("{width:.1}")) height="4" fill="currentColor" {}
            }
        }
    }
}
