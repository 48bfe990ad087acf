//! The tables of the other forms of the report that the page has no picture for.

use maud::{Markup, html};

use super::super::table::Table;
use super::super::tables::without_pictures;
use super::grid::{Cell, Grid, GridRow, arm_name};
use crate::{Analysis, Run};

pub(super) fn tables(run: &Run, analysis: &Analysis) -> Markup {
    html! {
        @for table in without_pictures(analysis) {
            h3 { (table.title) }
            @for note in &table.notes { p.note { (note) } }
            (grid(run, &table).markup())
        }
    }
}

fn grid(run: &Run, table: &Table) -> Grid {
    Grid {
        caption: table.title.clone(),
        head: table.header.clone(),
        rows: table.rows.iter().map(|cells| row(run, cells, table.word_columns)).collect(),
    }
}

fn row(run: &Run, cells: &[String], word_columns: usize) -> GridRow {
    let (name, figures) =
        cells.split_first().map_or(("", &[][..]), |(name, figures)| (name.as_str(), figures));
    let arm = run.arms.iter().position(|arm| is_about(name, &arm.name));
    let cell = |(column, text): (usize, &String)| {
        let words = column + 1 < word_columns;
        if words { Cell::Words(html! { (text) }) } else { Cell::Figure(text.clone()) }
    };
    GridRow {
        arms: arm.into_iter().collect(),
        name: arm.map_or_else(|| html! { (name) }, |arm| arm_name(arm, name)),
        cells: figures.iter().enumerate().map(cell).collect(),
    }
}

/// Rows are named after their arm; those beside the published study say whose figures they are, too.
fn is_about(row: &str, arm: &str) -> bool {
    row.strip_prefix(arm).is_some_and(|rest| matches!(rest, "" | ": study" | ": ours"))
}
