//! The figures of every arm, for other programs.

use serde_json::json;

use crate::{ArmFigures, Run};

/// The study, the figures of each arm (fractions, nats, seconds, bytes), and the trials that are not in them.
pub fn json_results(run: &Run) -> serde_json::Value {
    let arms: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
    json!({
        "study": run.study,
        "run": run.layout.root().display().to_string(),
        "arms": arms,
        "failed": run.failures,
        "missing": run.missing,
        "unmeasured": run.unmeasured,
    })
}
