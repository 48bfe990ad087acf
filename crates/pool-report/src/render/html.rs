//! The report for people: one file that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::curves::{Stroke, caption, panels, strokes};
use super::document::{Block, Detail, blocks};
use super::table::Table;
use crate::{Analysis, Run};

const STYLE: &str = include_str!("report.css");

/// The whole page.
pub fn html_report(run: &Run, analysis: &Analysis) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (run.study) ": pooling study" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (run.study) }
                    p { "Which pooling layer should this network use, and what does the choice cost?" }
                }
                main {
                    @for part in &blocks(analysis, Detail::Full) { (block(part)) }
                    (curves(run))
                    (settings(analysis))
                    (sweep_file(run))
                }
            }
        }
    };
    page.into_string()
}

fn block(block: &Block) -> Markup {
    match block {
        Block::Heading(title) => html! { h2 { (title) } },
        Block::Paragraph(sentences) => html! { p { (sentences.join(" ")) } },
        Block::List(items) => html! { ul { @for item in items { li { (item) } } } },
        Block::Table(table) => section(table),
    }
}

fn section(table: &Table) -> Markup {
    html! {
        section {
            h2 { (table.title) }
            div.wide {
                table {
                    thead { tr { @for cell in &table.header { th scope="col" { (cell) } } } }
                    tbody {
                        @for row in &table.rows {
                            tr {
                                @for (index, cell) in row.iter().enumerate() {
                                    @if index == 0 { th scope="row" { (cell) } } @else { td { (figure(cell)) } }
                                }
                            }
                        }
                    }
                }
            }
            @for note in &table.notes { p.note { (note) } }
        }
    }
}

/// On a narrow screen the interval stands beneath its mean.
fn figure(cell: &str) -> Markup {
    match cell.split_once(' ') {
        Some((mean, interval)) => html! { (mean) " " span.interval { (interval) } },
        None => html! { (cell) },
    }
}

fn curves(run: &Run) -> Markup {
    html! {
        @if run.records().next().is_some() {
            section.curves {
                h2 { "Learning curves" }
                ul.legend { @for (name, stroke) in strokes(run) { li { (sample(stroke)) (name) } } }
                div.panels {
                    @for (title, svg) in panels(run) {
                        div role="img" aria-label=(title) { (PreEscaped(svg)) }
                    }
                }
                p.note { (caption(run)) }
            }
        }
    }
}

/// A short piece of an arm's curve.
fn sample(stroke: Stroke) -> Markup {
    let dash = stroke.dash.map(|(drawn, left)| format!("{drawn} {left}"));
    html! {
        svg width="34" height="10" aria-hidden="true" {
            line x1="0" y1="5" x2="34" y2="5" stroke=(stroke.css_colour()) stroke-width="3" stroke-dasharray=[dash];
        }
    }
}

fn settings(analysis: &Analysis) -> Markup {
    let provenance = &analysis.provenance;
    html! {
        @if !provenance.is_empty() {
            section {
                h2 { "Machine and settings" }
                dl { @for (label, value) in provenance { dt { (label) } dd { (value) } } }
            }
        }
    }
}

fn sweep_file(run: &Run) -> Markup {
    html! {
        @if !run.sweep_text.is_empty() {
            section {
                h2 { "Sweep file" }
                pre.wide { (run.sweep_text) }
            }
        }
    }
}
