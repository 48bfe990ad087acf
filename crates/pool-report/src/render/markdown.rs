//! Blocks as Markdown.

use super::document::{self, Block};
use super::tables::{Detail, Table};
use crate::Analysis;

/// A picture that a document includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// Its file, in the same folder as the document.
    pub file: String,
}

/// The full report, with these pictures, and the methods and the settings at its end.
pub fn markdown_report(analysis: &Analysis, pictures: &[Picture]) -> String {
    let mut text = render_markdown(&analysis.study, &document::blocks(analysis, Detail::Full));
    text += &render_pictures(pictures);
    if !analysis.methods.is_empty() {
        text += &format!("## Methods\n\n{}", paragraphs(&analysis.methods));
    }
    if !analysis.provenance.is_empty() {
        text += "## Machine and settings\n\n";
    }
    for (label, value) in &analysis.provenance {
        text += &format!("- {label}: {}\n", escape(value));
    }
    text
}

/// The brief report with these pictures, for documents about the study.
pub fn markdown_summary(analysis: &Analysis, pictures: &[Picture]) -> String {
    let text = render_markdown(&analysis.study, &document::blocks(analysis, Detail::Brief));
    format!("{}\n", (text + &render_pictures(pictures)).trim_end())
}

/// The methods alone, to be pasted into a document: paragraphs without a heading.
pub fn markdown_methods(analysis: &Analysis) -> String {
    if analysis.methods.is_empty() {
        return "No trial of this run has finished: there are no methods to describe yet.\n".to_owned();
    }
    format!("{}\n", paragraphs(&analysis.methods).trim_end())
}

fn paragraphs(paragraphs: &[Vec<String>]) -> String {
    paragraphs.iter().map(|sentences| format!("{}\n\n", escape(&sentences.join(" ")))).collect()
}

fn render_pictures(pictures: &[Picture]) -> String {
    let picture = |picture: &Picture| format!("![{}]({})\n\n", escape(&picture.title), picture.file);
    pictures.iter().map(picture).collect()
}

/// A document with this title.
pub(super) fn render_markdown(title: &str, blocks: &[Block]) -> String {
    let blocks = blocks.iter().map(|block| match block {
        Block::Heading(title) => format!("## {}\n\n", escape(title)),
        Block::Paragraph(sentences) => format!("{}\n\n", escape(&sentences.join(" "))),
        Block::List(items) => {
            let items: String = items.iter().map(|item| format!("- {}\n", escape(item))).collect();
            format!("{items}\n")
        }
        Block::Table(table) => render_table(table),
        Block::Picture { title, file } => format!("![{}]({file})\n\n", escape(title)),
    });
    std::iter::once(format!("# {}\n\n", escape(title))).chain(blocks).collect()
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

/// Escapes names that would otherwise become table borders, HTML, links or emphasis.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // Renderers disagree about a backslash before a pipe, but not about an entity.
            '\\' => escaped += "&#92;",
            '|' | '*' | '`' | '_' | '~' => escaped.extend(['\\', character]),
            // A parenthesis right after a bracket would make a link; after an interval there is a space.
            '(' if escaped.ends_with(']') => escaped += "\\(",
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
