//! Differences between arms other than their pooling layer.

use crate::ArmFigures;
use crate::cells::{fixed, thousands};

/// Parameter counts within this ratio count as equal, because a pooling layer that learns adds a handful.
const SAME: f64 = 1.02;

/// A warning if the networks of the arms have different numbers of parameters.
pub(super) fn sentences(arms: &[ArmFigures]) -> Vec<String> {
    let sized = || arms.iter().filter_map(|arm| Some((arm.arm.as_str(), arm.parameters?)));
    let (Some((small, least)), Some((large, most))) = (
        sized().min_by_key(|(_, parameters)| *parameters),
        sized().max_by_key(|(_, parameters)| *parameters),
    ) else {
        return Vec::new();
    };
    let ratio = most as f64 / least.max(1) as f64;
    if ratio <= SAME {
        return Vec::new();
    }
    vec![format!(
        "The arms differ in more than pooling: {large} has {} times the parameters of {small}, {} against {}, because \
         the pooling layer sets the size of the dense layer after it. A difference in error may come from either; \
         [control] parameters = \"match\" in the sweep file makes the parameter counts equal.",
        fixed(ratio, if ratio < 1.95 { 2 } else { 1 }),
        thousands(Some(most)),
        thousands(Some(least))
    )]
}
