//! What a sweep would train, before it does.

use pool_metrics::{MemoryEstimate, MemoryModel, ModelFacts};
use serde::Serialize;

use super::table::Table;
use super::terminal::render_with_notes;
use crate::cells::{gibibytes, mebibytes, thousands};

/// One arm of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedArm {
    /// Its name.
    pub arm: String,
    /// The seeds it will be trained with.
    pub seeds: Vec<u64>,
    /// Its network.
    pub model: ModelFacts,
}

/// The arms of a plan, at most `width` columns wide where the words allow it.
pub fn plan_table(arms: &[PlannedArm], width: u16) -> String {
    format!("{}\n{}", render_with_notes(&networks(arms), width), render_with_notes(&costs(arms), width))
}

fn networks(arms: &[PlannedArm]) -> Table {
    let rows = arms.iter().map(|PlannedArm { arm, model, .. }| {
        let shapes: Vec<String> = model.shapes.iter().map(|shape| shape_text(shape)).collect();
        vec![arm.clone(), model.pool.clone(), shapes.join(" ")]
    });
    Table {
        title: title(arms),
        word_columns: 3,
        header: ["arm", "pool", "shapes"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec!["Shapes are those of one sample, on the way in and after every layer.".to_owned()],
    }
}

fn costs(arms: &[PlannedArm]) -> Table {
    let rows = arms.iter().map(|PlannedArm { arm, model, .. }| {
        let bytes = |wanted| {
            model.memory.iter().find(|estimate| estimate.model == wanted).map(MemoryEstimate::total_bytes)
        };
        vec![
            arm.clone(),
            thousands(Some(model.parameters)),
            gibibytes(bytes(MemoryModel::KerasLegacy)),
            mebibytes(bytes(MemoryModel::Training).map(|bytes| bytes as f64)),
            mebibytes(bytes(MemoryModel::Inference).map(|bytes| bytes as f64)),
        ]
    });
    let batch = arms.first().and_then(|arm| arm.model.memory.first()).map(|estimate| estimate.batch_size);
    let header = ["arm", "parameters", "keras_legacy, GiB", "training, MiB", "inference, MiB"];
    Table {
        title: format!("Parameters, and memory at batch size {}", thousands(batch)),
        word_columns: 1,
        header: header.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// All arms of a sweep have as many seeds; a plan put together by hand may not.
fn title(arms: &[PlannedArm]) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let trials: usize = arms.iter().map(|arm| arm.seeds.len()).sum();
    let (trials, of_arms) = (counted(trials, "trial"), counted(arms.len(), "arm"));
    match arms {
        [first, others @ ..] if others.iter().all(|arm| arm.seeds.len() == first.seeds.len()) => {
            format!("{trials}: {of_arms}, {} each", counted(first.seeds.len(), "seed"))
        }
        _ => format!("{trials}: {of_arms}"),
    }
}

/// `[32, 12, 12]` as `32x12x12`.
fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
