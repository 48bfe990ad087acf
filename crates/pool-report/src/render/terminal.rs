//! Blocks as text for a terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};

use super::document::{self, Block};
use super::tables::{Detail, Table};
use crate::Analysis;

/// Spaces between two columns of a table.
const GAP: u16 = 2;
/// Longer words in columns of words may be broken; figures never are.
const LONGEST_WORD: u16 = 16;
const TOO_NARROW: &str =
    "Intervals are left out, as this terminal is too narrow; a wider one and the report's files show them.";
const NO_BREAK: &str = "\u{a0}";

/// The brief report, verdict first. Lines are at most `width` columns long, unless a single word or figure is longer.
pub fn terminal_report(analysis: &Analysis, width: u16) -> String {
    render_blocks(&document::blocks(analysis, Detail::Brief), width)
}

/// Blocks, separated by empty lines except after a heading.
pub(super) fn render_blocks(blocks: &[Block], width: u16) -> String {
    let columns = usize::from(width);
    let mut text = String::new();
    let mut after_heading = true;
    for block in blocks {
        if !after_heading {
            text.push('\n');
        }
        text += &match block {
            Block::Heading(title) => format!("{title}\n{}\n", "─".repeat(title.chars().count().min(columns))),
            Block::Paragraph(sentences) => wrap(&sentences.join(" "), columns),
            Block::List(items) => {
                items.iter().map(|item| indent(&wrap(item, columns.saturating_sub(2)))).collect()
            }
            Block::Table(table) => render_with_notes(table, width),
            Block::Picture { file, .. } => format!("({file})\n"),
        };
        after_heading = matches!(block, Block::Heading(_));
    }
    // Names come from sweep files and must not carry escape sequences.
    text.retain(|character| character == '\n' || !character.is_control());
    text
}

/// A list item: a dash before the first line, spaces before the others.
fn indent(wrapped: &str) -> String {
    let lines = wrapped.lines().enumerate();
    lines.map(|(index, line)| format!("{} {line}\n", if index == 0 { "-" } else { " " })).collect()
}

/// Title, table and notes.
pub(super) fn render_with_notes(table: &Table, width: u16) -> String {
    let notes: String = table.notes.iter().map(|note| wrap(note, width.into())).collect();
    format!("{}{}{notes}", wrap(&table.title, width.into()), render(table, width))
}

fn render(table: &Table, width: u16) -> String {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));
    // The unit goes on a line of its own, so that columns can be as narrow as their figures.
    let header: Vec<String> = table.header.iter().map(|cell| cell.replacen(", ", "\n", 1)).collect();
    let mut rows = table.rows.clone();
    join_intervals(&mut rows, table.word_columns, NO_BREAK);
    let fits = |rows: &[Vec<String>]| least_widths(table.word_columns, &header, rows).sum::<u16>() <= width;
    if !fits(&rows) {
        join_intervals(&mut rows, table.word_columns, "\n");
    }
    let means_alone = !fits(&rows) && drop_intervals(&mut rows, table.word_columns);
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(&header)
        .add_rows(&rows);
    let least_widths = least_widths(table.word_columns, &header, &rows);
    for (index, (column, least)) in drawn.column_iter_mut().zip(least_widths).enumerate() {
        let figures = index >= table.word_columns;
        column.set_padding((if index == 0 { 0 } else { GAP }, 0));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        column.set_cell_alignment(if figures { CellAlignment::Right } else { CellAlignment::Left });
    }
    let lines = drawn.lines().map(|line| line.trim_end().replace(NO_BREAK, " "));
    let notes = means_alone.then(|| wrap(TOO_NARROW, width.into()));
    format!("{}\n{}", lines.collect::<Vec<_>>().join("\n"), notes.unwrap_or_default())
}

/// Puts `joint` between mean and interval in `mean [low, high]` and makes the rest unbreakable, so that either all
/// intervals of a table stand below their means or none does.
fn join_intervals(rows: &mut [Vec<String>], word_columns: usize, joint: &str) {
    for cell in rows.iter_mut().flat_map(|row| row.iter_mut().skip(word_columns)) {
        if let Some((mean, interval)) =
            cell.strip_suffix(']').and_then(|cell| cell.split_once([' ', '\u{a0}']))
        {
            *cell = format!("{mean}{joint}{}]", interval.replace(' ', NO_BREAK));
        }
    }
}

/// Keeps only the means, for tables that are too wide even with two lines per cell. Returns whether there was an
/// interval.
fn drop_intervals(rows: &mut [Vec<String>], word_columns: usize) -> bool {
    let mut dropped = false;
    for cell in rows.iter_mut().flat_map(|row| row.iter_mut().skip(word_columns)) {
        if let Some((mean, _)) = cell.strip_suffix(']').and_then(|cell| cell.split_once('\n')) {
            *cell = mean.to_owned();
            dropped = true;
        }
    }
    dropped
}

/// The width each column needs, gap included, to break no word; long words in columns of words may be broken.
fn least_widths<'a>(
    word_columns: usize,
    header: &'a [String],
    rows: &'a [Vec<String>],
) -> impl Iterator<Item = u16> + 'a {
    header.iter().enumerate().map(move |(index, head)| {
        let cells = std::iter::once(head).chain(rows.iter().filter_map(move |row| row.get(index)));
        let words = cells.flat_map(|cell| cell.split([' ', '\n']));
        let longest = words.map(|word| word.chars().count()).max().unwrap_or(0) as u16;
        let longest = if index < word_columns { longest.min(LONGEST_WORD) } else { longest };
        longest + if index == 0 { 0 } else { GAP }
    })
}

/// Breaks a paragraph into lines at spaces.
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
