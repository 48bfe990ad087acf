//! The catalogue of pooling operators.

use super::table::Table;
use super::terminal::render_with_notes;

/// One operator, in the words of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRow {
    /// Operators of one group stand in one table under this title.
    pub group: String,
    /// Its name.
    pub name: String,
    /// How a sweep file writes it.
    pub spelling: String,
    /// What it computes.
    pub formula: String,
    /// What it learns.
    pub learns: String,
}

/// One table per group, in the order of the rows, at most `width` columns wide where the words allow it.
pub fn operator_table(rows: &[OperatorRow], width: u16) -> String {
    let groups = rows.chunk_by(|left, right| left.group == right.group);
    groups.map(|group| render_with_notes(&table(group), width)).collect::<Vec<_>>().join("\n")
}

fn table(group: &[OperatorRow]) -> Table {
    let cells = |row: &OperatorRow| {
        vec![row.name.clone(), row.spelling.clone(), row.formula.clone(), row.learns.clone()]
    };
    Table {
        title: group.first().map(|row| row.group.clone()).unwrap_or_default(),
        word_columns: 4,
        header: ["operator", "for example", "formula", "learns"].map(str::to_owned).to_vec(),
        rows: group.iter().map(cells).collect(),
        notes: Vec::new(),
    }
}
