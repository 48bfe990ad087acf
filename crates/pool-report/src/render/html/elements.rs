//! What the parts of the page are made of: the legend, plots, and tables that can be sorted. Each names its arms, so
//! that the page's script can hide an arm everywhere at once.

use maud::{Markup, html};

use crate::Run;
use crate::chart::{Chart, SeriesStyle, Stack, series_attribute};

/// The arms and their colours, always in view: the legend of every plot, which the script turns into switches.
pub(super) fn legend_bar(run: &Run) -> Markup {
    html! {
        div.bar role="region" aria-label="Arms and their colours" {
            ul.legend {
                @for (arm, results) in run.arms.iter().enumerate() {
                    li { span.chip data-arm=(arm) { (named_sample(arm, &results.name)) } }
                }
            }
        }
    }
}

/// The same next to a plot, printed only: on paper the bar is pages away.
fn legend_on_paper(run: &Run) -> Markup {
    html! {
        ul.legend.paper aria-hidden="true" {
            @for (arm, results) in run.arms.iter().enumerate() {
                li data-arms=[series_attribute(&[arm])] { span.chip { (named_sample(arm, &results.name)) } }
            }
        }
    }
}

fn named_sample(arm: usize, name: &str) -> Markup {
    html! { (sample(SeriesStyle::nth(arm))) span { (name) } }
}

/// A short piece of an arm's line.
fn sample(style: SeriesStyle) -> Markup {
    html! { svg.(style.class()) width="30" height="14" aria-hidden="true" { (style.sample(1.0, 7.0, 28.0)) } }
}

/// A plot with its caption.
pub(super) fn plot(run: &Run, chart: &Chart) -> Markup {
    html! {
        p.note { (chart.caption) }
        @if chart.colours_series { (legend_on_paper(run)) }
        div.panels.three[chart.columns > 2] { @for stack in &chart.stacks { (panels(stack)) } }
    }
}

/// One tab stop: within it, the arrow keys move from mark to mark.
fn panels(stack: &Stack) -> Markup {
    let arms = match stack.panels.as_slice() {
        [alone] => series_attribute(&alone.series),
        _ => None,
    };
    let title = stack.panels.first().map(|panel| &panel.title);
    html! {
        div.stack role="group" aria-label=[title] data-arms=[arms] { @for panel in &stack.panels { (panel.svg()) } }
    }
}

/// A table that a reader can sort: names in the first column, figures or words in the others.
pub(super) struct Grid {
    /// What it shows, for readers who cannot see its surroundings.
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<GridRow>,
}

pub(super) struct GridRow {
    /// The arms it is about: hiding one of them hides the row.
    pub(super) arms: Vec<usize>,
    pub(super) name: Markup,
    pub(super) cells: Vec<Cell>,
}

pub(super) enum Cell {
    /// A number, perhaps with its interval; never broken across lines.
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

    /// The head of a column is aligned like its cells.
    fn holds_words(&self, column: usize) -> bool {
        let cell = self.rows.first().zip(column.checked_sub(1)).and_then(|(row, index)| row.cells.get(index));
        matches!(cell, Some(Cell::Words(_)))
    }
}

/// The heads of the columns.
pub(super) fn heads(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl GridRow {
    fn markup(&self) -> Markup {
        html! {
            tr data-arms=[series_attribute(&self.arms)] {
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
        span.named { span.swatch.(SeriesStyle::nth(arm).class()) aria-hidden="true" {} span { (name) } }
    }
}

/// The style sheet moves the interval below its mean on a narrow screen.
fn figure(cell: &str) -> Markup {
    match cell.split_once(" [") {
        Some((mean, interval)) => html! { (mean) " " span.interval { "[" (interval) } },
        None => html! { (cell) },
    }
}
