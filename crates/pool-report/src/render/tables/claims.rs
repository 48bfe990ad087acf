//! The published study's claims.

use super::Table;
use crate::Analysis;

/// One row per claim; none where the run is not the study's.
pub(crate) fn claims(analysis: &Analysis) -> Option<Table> {
    if analysis.claims.is_empty() {
        return None;
    }
    let rows = analysis.claims.iter().map(|claim| {
        vec![
            claim.sentence.to_owned(),
            claim.conclusion.to_string(),
            claim.measured.clone(),
            claim.test.to_owned(),
        ]
    });
    let header = ["claim", "conclusion", "measured", "test"];
    let table = Table::new("The published study's claims", &header, rows.collect()).with_word_columns(4);
    Some(table.with_notes([
        "A claim holds when every difference it speaks of is on its side at 5 %, does not hold when one is on the other \
         side at 5 % after correction, and cannot be told otherwise. Intervals are at 95 %, over seeds."
            .to_owned(),
    ]))
}
