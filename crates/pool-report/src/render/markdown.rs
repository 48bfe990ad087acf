//! Tables for a document.

use super::table::Table;
use super::tables::{absences, tables};
use crate::Run;
use crate::analysis::provenance::provenance;

/// All tables of a run as Markdown.
pub fn markdown_tables(run: &Run) -> String {
    let mut text = format!("# {}\n\n", escape(&run.study));
    for absence in absences(run) {
        text += &format!("{}\n\n", escape(&absence));
    }
    for table in tables(run) {
        text += &render(&table);
    }
    let provenance = provenance(run);
    if !provenance.is_empty() {
        text += "## Machine and settings\n\n";
    }
    for (label, value) in provenance {
        text += &format!("- {label}: {}\n", escape(&value));
    }
    text
}

fn render(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let alignment =
        std::iter::once("---").chain(std::iter::repeat_n("---:", table.header.len().saturating_sub(1)));
    let mut text = format!("## {}\n\n{}", escape(&table.title), line(&table.header));
    text += &format!("| {} |\n", alignment.collect::<Vec<_>>().join(" | "));
    for row in &table.rows {
        text += &line(row);
    }
    text.push('\n');
    for note in &table.notes {
        text += &format!("{}\n\n", escape(note));
    }
    text
}

/// Keeps names from becoming table borders, HTML or emphasis.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // A backslash before a pipe is read in two ways, an entity in one.
            '\\' => escaped += "&#92;",
            '|' | '*' | '`' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
