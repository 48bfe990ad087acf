//! Everything, for other programs.

use crate::Analysis;

/// The analysis: figures in fractions, nats, seconds and bytes, and every sentence of the report.
pub fn json_results(analysis: &Analysis) -> serde_json::Value {
    // Keys are names and figures are numbers, which JSON can express; a figure that is no number becomes null.
    serde_json::to_value(analysis).expect("an analysis holds only what JSON can express")
}
