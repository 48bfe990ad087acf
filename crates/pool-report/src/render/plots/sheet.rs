//! A plot as a file of its own, for paper: all panels side by side on white, the names of the arms below.

use maud::{Markup, html};

use super::panel::{CHARACTER, FONT, Panel, label, shortened};
use super::shape::px;
use super::{Plot, Stack, Stroke};

const MARGIN: f64 = 16.0;
const GAP: f64 = 24.0;
const TITLE: f64 = 34.0;
const ROW: f64 = 22.0;
/// Of the piece of curve before a name.
const SAMPLE: f64 = 30.0;
/// Longer names are cut; the tables hold them whole.
const MOST_CHARACTERS: usize = 48;

/// The plot with its title and, where arms differ by colour, their names.
pub(super) fn sheet(plot: &Plot, arms: &[(usize, &str)]) -> String {
    let columns = plot.columns.clamp(1, plot.stacks.len().max(1));
    let width = plot.stacks.iter().map(Stack::width).fold(0.0, f64::max);
    let sheet_width = 2.0 * MARGIN + columns as f64 * (width + GAP) - GAP;
    let names = if plot.colours_arms { arms } else { &[] };
    let (legend, legend_height) = legend(names, sheet_width);
    let mut top = MARGIN + TITLE;
    let rows: Vec<(f64, &[Stack])> = (plot.stacks.chunks(columns))
        .map(|row| {
            let place = top;
            top += row.iter().map(Stack::height).fold(0.0, f64::max) + GAP;
            (place, row)
        })
        .collect();
    let height = top + legend_height;
    let drawing = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {} {}", px(sheet_width), px(height)))
            width=(px(sheet_width)) height=(px(height)) font-family="system-ui, sans-serif" font-size=(FONT)
            color="#1c1e21" role="img" {
            title { (plot.kind.title()) }
            rect width="100%" height="100%" fill="#ffffff" {}
            text x=(MARGIN) y="34" font-size="18" font-weight="600" fill="currentColor" { (plot.kind.title()) }
            @for (top, row) in &rows {
                @for (column, stack) in row.iter().enumerate() {
                    (drawn(stack, MARGIN + column as f64 * (width + GAP), *top))
                }
            }
            g transform=(format!("translate(0 {})", px(top))) { (legend) }
        }
    };
    format!("{}\n", drawing.into_string())
}

fn drawn(stack: &Stack, left: f64, top: f64) -> Markup {
    let mut place = top;
    let placed = stack.panels.iter().map(|Panel { size, body, .. }| {
        let from = place;
        place += size.1;
        (from, body)
    });
    html! {
        @for (top, body) in placed { g transform=(format!("translate({} {})", px(left), px(top))) { (body) } }
    }
}

/// Names side by side in columns of equal width, and the height that they need.
fn legend(arms: &[(usize, &str)], width: f64) -> (Markup, f64) {
    let longest = arms.iter().map(|(_, name)| name.chars().count().min(MOST_CHARACTERS)).max().unwrap_or(0);
    let column_width = SAMPLE + 24.0 + CHARACTER * longest as f64;
    let columns = (((width - 2.0 * MARGIN) / column_width) as usize).clamp(1, arms.len().max(1));
    let drawn = html! {
        @for (place, &(arm, name)) in arms.iter().enumerate() {
            @let (x, y) = (MARGIN + (place % columns) as f64 * column_width, (place / columns) as f64 * ROW);
            @let stroke = Stroke::of_arm(arm);
            g color=(stroke.colour()) { (stroke.sample(x, y, SAMPLE)) }
            (label(&shortened(name, MOST_CHARACTERS), x + SAMPLE + 8.0, y + 4.0, "start"))
        }
    };
    (drawn, arms.len().div_ceil(columns) as f64 * ROW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_short_ones_stand_side_by_side() {
        let rows = |name: &str, count: usize| {
            let arms: Vec<(usize, &str)> = (0..count).map(|arm| (arm, name)).collect();
            legend(&arms, 960.0).1 / ROW
        };
        assert_eq!(rows("max", 3), 1.0);
        assert_eq!(rows(&"x".repeat(100), 3), 2.0, "cut names stand in two columns");
        assert_eq!(rows("max", 40), 4.0);
        assert_eq!(rows("max", 0), 0.0);
    }
}
