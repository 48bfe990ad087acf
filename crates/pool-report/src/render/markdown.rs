//! A report as a document.

use super::beside;
use super::document::{self, Block, Detail};
use super::table::Table;
use crate::{Analysis, RunComparison};

/// A picture that a document shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// Its file, beside the document.
    pub file: String,
}

/// Everything that a run says, with these pictures at its end.
pub fn markdown_report(analysis: &Analysis, pictures: &[Picture]) -> String {
    let mut text =
        format!("# {}\n\n{}", escape(&analysis.study), render(&document::blocks(analysis, Detail::Full)));
    text += &render_pictures(pictures);
    if !analysis.provenance.is_empty() {
        text += "## Machine and settings\n\n";
    }
    for (label, value) in &analysis.provenance {
        text += &format!("- {label}: {}\n", escape(value));
    }
    text
}

/// Two runs side by side.
pub fn markdown_comparison(comparison: &RunComparison) -> String {
    let [first, second] = comparison.studies.each_ref().map(|study| escape(study));
    format!("# {first} and {second}\n\n{}", render(&beside::blocks(comparison)))
}

/// What a document on the study shows of a run: the verdict and the tables of a terminal, and pictures.
pub fn markdown_summary(analysis: &Analysis, pictures: &[Picture]) -> String {
    let blocks = render(&document::blocks(analysis, Detail::Brief));
    format!("# {}\n\n{blocks}{}", escape(&analysis.study), render_pictures(pictures)).trim_end().to_owned()
        + "\n"
}

fn render_pictures(pictures: &[Picture]) -> String {
    let picture = |picture: &Picture| format!("![{}]({})\n\n", escape(&picture.title), picture.file);
    pictures.iter().map(picture).collect()
}

fn render(blocks: &[Block]) -> String {
    blocks
        .iter()
        .map(|block| match block {
            Block::Heading(title) => format!("## {}\n\n", escape(title)),
            Block::Paragraph(sentences) => format!("{}\n\n", escape(&sentences.join(" "))),
            Block::List(items) => {
                let items: String = items.iter().map(|item| format!("- {}\n", escape(item))).collect();
                format!("{items}\n")
            }
            Block::Table(table) => render_table(table),
        })
        .collect()
}

fn render_table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let alignment =
        (0..table.header.len()).map(|column| if column < table.word_columns { "---" } else { "---:" });
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

/// Keeps names from becoming table borders, HTML, links or emphasis.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // A backslash before a pipe is read in two ways, an entity in one.
            '\\' => escaped += "&#92;",
            '|' | '*' | '`' | '_' | '~' => escaped.extend(['\\', character]),
            // What follows brackets would be the target of a link; an interval is followed by a space.
            '(' if escaped.ends_with(']') => escaped += "\\(",
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
