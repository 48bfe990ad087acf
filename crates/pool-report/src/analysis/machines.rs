//! Whether all costs were measured under the same conditions: a run can be resumed on another machine.

use crate::ArmFigures;
use crate::cells::listed;

/// Marks the measured times of all arms as incomparable if they were taken on different machines.
pub(super) fn mark_unlike(arms: &mut [ArmFigures]) {
    let unlike = machines(arms).len() > 1;
    for arm in arms {
        arm.costs.unlike_others = unlike && arm.costs.machine.is_some();
    }
}

/// A warning if they were.
pub(super) fn sentence(arms: &[ArmFigures]) -> Option<String> {
    let machines = machines(arms);
    (machines.len() > 1).then(|| {
        format!(
            "The times were measured under different conditions ({}), so they must not be compared and decide \
             nothing. To measure them again, remove the run's folder costs and run the same sweep on one machine.",
            listed(&machines)
        )
    })
}

/// The different machines on which costs were measured.
fn machines(arms: &[ArmFigures]) -> Vec<String> {
    let mut machines: Vec<String> = Vec::new();
    for machine in arms.iter().filter_map(|arm| arm.costs.machine.as_ref()) {
        if !machines.contains(machine) {
            machines.push(machine.clone());
        }
    }
    machines
}
