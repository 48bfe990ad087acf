//! The report for people: one file that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::curves::learning_curves_svg;
use super::tables::{Table, absences, provenance, tables};
use crate::Run;

const STYLE: &str = include_str!("report.css");

/// The whole page.
pub fn html_report(run: &Run) -> String {
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
                    (absence_notes(run))
                    @for table in tables(run) { (section(&table)) }
                    (curves(run))
                    (settings(run))
                    (sweep_file(run))
                }
            }
        }
    };
    page.into_string()
}

fn absence_notes(run: &Run) -> Markup {
    let absences = absences(run);
    html! {
        @if !absences.is_empty() {
            section.warning {
                h2 { "What is not in these tables" }
                ul { @for absence in &absences { li { (absence) } } }
            }
        }
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
                                    @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
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

fn curves(run: &Run) -> Markup {
    html! {
        @if run.records().next().is_some() {
            section {
                h2 { "Learning curves" }
                figure.wide {
                    (PreEscaped(learning_curves_svg(run)))
                    figcaption.note {
                        "A thin line per seed, a thick one for their mean over the epochs that every seed reached. \
                         Training figures are taken while the weights change and dropout is on, as Keras prints them."
                    }
                }
            }
        }
    }
}

fn settings(run: &Run) -> Markup {
    let provenance = provenance(run);
    html! {
        @if !provenance.is_empty() {
            section {
                h2 { "Machine and settings" }
                dl { @for (label, value) in &provenance { dt { (label) } dd { (value) } } }
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
