//! The published study's claims.

use super::Table;
use crate::ClaimResult;

/// One row per claim.
pub(crate) fn claims(claims: &[ClaimResult]) -> Table {
    let rows = claims.iter().map(|claim| {
        vec![
            claim.sentence.to_owned(),
            claim.conclusion.to_string(),
            claim.measured.clone(),
            claim.test.to_owned(),
        ]
    });
    Table::new("The published study's claims", &["claim", "conclusion", "measured", "test"], rows.collect())
        .with_word_columns(4)
        .with_notes([
            "A claim holds when every difference it speaks of is on its side at 5 %, does not hold when one is on the \
             other side at 5 % after correction, and cannot be told otherwise. Differences are in the unit named, with \
             95 % intervals over seeds."
                .to_owned(),
        ])
}
