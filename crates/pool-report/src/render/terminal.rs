//! A report for a terminal.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};

use super::document::{self, Block, Detail};
use super::table::Table;
use super::{beside, recommendation};
use crate::{Analysis, Recommendation, RunComparison};

/// Columns between two columns of a table.
const GAP: u16 = 2;
/// A longer word among names may be broken; a figure never is.
const LONGEST_NAME: u16 = 16;
const TOO_NARROW: &str =
    "Intervals are left out for want of width; a wider terminal and the report's files have them.";
const NO_BREAK: &str = "\u{a0}";

/// What a person reads after a sweep, the verdict first, at most `width` columns wide where the words allow it.
pub fn terminal_report(analysis: &Analysis, width: u16) -> String {
    render_blocks(&document::blocks(analysis, Detail::Brief), width)
}

/// Which arm to take under a budget.
pub fn terminal_recommendation(recommendation: &Recommendation, width: u16) -> String {
    render_blocks(&recommendation::blocks(recommendation), width)
}

/// Two runs side by side.
pub fn terminal_comparison(comparison: &RunComparison, width: u16) -> String {
    render_blocks(&beside::blocks(comparison), width)
}

/// Blocks with an empty line between them; a heading stands on what it heads.
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
        };
        after_heading = matches!(block, Block::Heading(_));
    }
    // A name must not steer the terminal.
    text.retain(|character| character == '\n' || !character.is_control());
    text
}

/// The first line of an item begins with a dash, the others below its words.
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
    // A unit stands beneath its word: columns are as narrow as their figures, and no unit is broken off by chance.
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

/// `mean [low, high]` with this joint between mean and interval, and no place to break it elsewhere: the intervals of
/// a table all stand beneath their means, or none does.
fn join_intervals(rows: &mut [Vec<String>], word_columns: usize, joint: &str) {
    for cell in rows.iter_mut().flat_map(|row| row.iter_mut().skip(word_columns)) {
        if let Some((mean, interval)) =
            cell.strip_suffix(']').and_then(|cell| cell.split_once([' ', '\u{a0}']))
        {
            *cell = format!("{mean}{joint}{}]", interval.replace(' ', NO_BREAK));
        }
    }
}

/// Leaves the means, where even two lines a cell are too wide; says whether there was an interval.
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

/// What each column needs, gap included, so that no word of it is broken; long words among names may be.
fn least_widths<'a>(
    word_columns: usize,
    header: &'a [String],
    rows: &'a [Vec<String>],
) -> impl Iterator<Item = u16> + 'a {
    header.iter().enumerate().map(move |(index, head)| {
        let cells = std::iter::once(head).chain(rows.iter().filter_map(move |row| row.get(index)));
        let words = cells.flat_map(|cell| cell.split([' ', '\n']));
        let longest = words.map(|word| word.chars().count()).max().unwrap_or(0) as u16;
        let longest = if index < word_columns { longest.min(LONGEST_NAME) } else { longest };
        longest + if index == 0 { 0 } else { GAP }
    })
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
