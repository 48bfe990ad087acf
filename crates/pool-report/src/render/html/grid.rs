//! Tables that a reader can sort, and from which arms can be hidden.

use maud::{Markup, html};

use super::super::plots::{Stroke, arms_attribute};

/// A table: names in the first column, figures or words in the others.
pub(super) struct Grid {
    /// What it shows, for those who do not see where it stands.
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<GridRow>,
}

pub(super) struct GridRow {
    /// The arms that it is about, with which it vanishes.
    pub(super) arms: Vec<usize>,
    pub(super) name: Markup,
    pub(super) cells: Vec<Cell>,
}

pub(super) enum Cell {
    /// A number, perhaps with its interval: never broken.
    Figure(String),
    /// Text that may be long.
    Words(Markup),
}

impl Grid {
    pub(super) fn markup(&self) -> Markup {
        html! {
            div.wide tabindex="0" role="region" aria-label=(self.caption) {
                table.sortable {
                    caption { (self.caption) }
                    thead {
                        tr {
                            @for (column, cell) in self.head.iter().enumerate() {
                                th.words[self.holds_words(column)] scope="col" { (cell) }
                            }
                        }
                    }
                    tbody { @for row in &self.rows { (row.markup()) } }
                }
            }
        }
    }
}

impl Grid {
    /// The head of a column stands as its cells do.
    fn holds_words(&self, column: usize) -> bool {
        let cell = self.rows.first().zip(column.checked_sub(1)).and_then(|(row, index)| row.cells.get(index));
        matches!(cell, Some(Cell::Words(_)))
    }
}

/// The words above columns.
pub(super) fn heads(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl GridRow {
    fn markup(&self) -> Markup {
        html! {
            tr data-arms=[arms_attribute(&self.arms)] {
                th scope="row" { (self.name) }
                @for cell in &self.cells {
                    @match cell {
                        Cell::Figure(text) => td { (figure(text)) },
                        Cell::Words(words) => td.words { (words) },
                    }
                }
            }
        }
    }
}

/// An arm's name with its colour.
pub(super) fn arm_name(arm: usize, name: &str) -> Markup {
    html! {
        span.named { span.swatch.(Stroke::of_arm(arm).class()) aria-hidden="true" {} span { (name) } }
    }
}

/// On a narrow screen the interval stands beneath its mean.
pub(super) fn figure(cell: &str) -> Markup {
    match cell.split_once(" [") {
        Some((mean, interval)) => html! { (mean) " " span.interval { "[" (interval) } },
        None => html! { (cell) },
    }
}
