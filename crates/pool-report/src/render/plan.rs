//! What a sweep would train, before it does.

use pool_metrics::{MemoryEstimate, MemoryModel, ModelFacts};
use serde::Serialize;

use super::cells::{gibibytes, mebibytes, thousands};
use super::tables::Table;
use super::terminal::render_with_notes;

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
    let rows = arms.iter().map(|PlannedArm { arm, seeds, model }| {
        let memory = |wanted| {
            model.memory.iter().find(|estimate| estimate.model == wanted).map(MemoryEstimate::total_bytes)
        };
        vec![
            arm.clone(),
            model.pool.clone(),
            seeds.len().to_string(),
            model.shapes.iter().map(|shape| shape_text(shape)).collect::<Vec<_>>().join(" "),
            thousands(Some(model.parameters)),
            gibibytes(memory(MemoryModel::KerasLegacy)),
            mebibytes(memory(MemoryModel::Training).map(|bytes| bytes as f64)),
            mebibytes(memory(MemoryModel::Inference).map(|bytes| bytes as f64)),
        ]
    });
    let batch = arms
        .first()
        .and_then(|arm| arm.model.memory.first())
        .map(|estimate| format!("Memory is for a batch of {}.", estimate.batch_size));
    let trials: usize = arms.iter().map(|arm| arm.seeds.len()).sum();
    let header = [
        "arm",
        "pool",
        "seeds",
        "shapes, layer by layer",
        "parameters",
        "keras_legacy, GiB",
        "training, MiB",
        "inference, MiB",
    ];
    let table = Table {
        title: format!("{trials} trials, {} arms", arms.len()),
        header: header.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: batch.into_iter().collect(),
    };
    render_with_notes(&table, width)
}

/// `[32, 12, 12]` as `32x12x12`.
fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
