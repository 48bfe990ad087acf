//! Tables for a terminal.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::tables::{Table, absences, tables};
use crate::Run;

/// All tables of a run, at most `width` columns wide where the words allow it.
pub fn terminal_tables(run: &Run, width: u16) -> String {
    let mut text = String::new();
    for table in tables(run) {
        text += &render_with_notes(&table, width);
        text.push('\n');
    }
    for absence in absences(run) {
        text += &wrap(&absence, width.into());
    }
    text
}

/// Title, table and notes.
pub(super) fn render_with_notes(table: &Table, width: u16) -> String {
    let notes: String = table.notes.iter().map(|note| wrap(note, width.into())).collect();
    format!("{}\n{}\n{notes}", table.title, render(table, width))
}

fn render(table: &Table, width: u16) -> comfy_table::Table {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(&table.header)
        .add_rows(&table.rows);
    for column in drawn.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn
}

/// Breaks a paragraph at spaces.
fn wrap(paragraph: &str, width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_break_at_spaces_only() {
        assert_eq!(wrap("one two three", 7), "one two\nthree\n");
        assert_eq!(wrap("incomprehensibilities", 7), "incomprehensibilities\n");
    }
}
