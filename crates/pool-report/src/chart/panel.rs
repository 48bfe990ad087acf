//! Panels, and a chart made of them: as elements of a page, or arranged on paper as one file.

use maud::{Markup, html};

use super::marks::{SeriesStyle, printable, px, series_attribute};

/// The font's size; a heading is a little larger.
const FONT: f64 = 12.5;
/// Width of one character at that size in pixels, estimated generously.
pub(crate) const CHARACTER: f64 = 7.0;

/// A drawing with its size in pixels. Text and axes are in `currentColor`; series get their colours from their groups.
pub(crate) struct Panel {
    /// What it shows, for readers who cannot see it.
    pub(crate) title: String,
    pub(crate) size: (f64, f64),
    pub(crate) body: Markup,
    /// The series that the whole panel is about: hiding one of them hides the panel.
    pub(crate) series: Vec<usize>,
}

/// Panels one below the other: a single one, or the rows of a list under their heading.
pub(crate) struct Stack {
    pub(crate) panels: Vec<Panel>,
}

/// A chart before it becomes part of a page or a file.
pub(crate) struct Chart {
    /// What a reader needs to know to read it.
    pub(crate) caption: String,
    /// Stacks side by side, if the page is wide enough.
    pub(crate) columns: usize,
    /// Whether series are distinguished by colour, so that a legend is needed.
    pub(crate) colours_series: bool,
    pub(crate) stacks: Vec<Stack>,
}

impl Panel {
    /// An element of a page, without background.
    pub(crate) fn svg(&self) -> Markup {
        let (width, height) = self.size;
        html! {
            svg.panel data-arms=[series_attribute(&self.series)]
                viewBox=(format!("0 0 {} {}", px(width), px(height))) font-size=(FONT) role="img"
                aria-label=(self.title) { (self.body) }
        }
    }
}

impl Stack {
    fn width(&self) -> f64 {
        self.panels.iter().map(|panel| panel.size.0).fold(0.0, f64::max)
    }

    fn height(&self) -> f64 {
        self.panels.iter().map(|panel| panel.size.1).sum()
    }
}

impl From<Panel> for Stack {
    fn from(panel: Panel) -> Self {
        Self { panels: vec![panel] }
    }
}

/// The heading of a panel, at its upper edge.
pub(crate) fn heading(words: &str, x: f64) -> Markup {
    html! { text x=(px(x)) y="17" font-size="1.08em" font-weight="600" fill="currentColor" { (words) } }
}

/// Text whose anchor is `start`, `middle` or `end`.
pub(crate) fn label(words: &str, x: f64, y: f64, anchor: &str) -> Markup {
    html! { text x=(px(x)) y=(px(y)) text-anchor=(anchor) fill="currentColor" { (words) } }
}

/// At most this many characters of a name; the last one is an ellipsis if the name is longer.
pub(crate) fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return printable(name);
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", printable(kept.trim_end()))
}

const MARGIN: f64 = 16.0;
const GAP: f64 = 24.0;
const TITLE_HEIGHT: f64 = 34.0;
const LEGEND_ROW: f64 = 22.0;
/// Width of the piece of line before a name in the legend.
const LEGEND_SAMPLE: f64 = 30.0;
/// Longer names are cut in the legend; the tables hold them whole.
const MOST_CHARACTERS: usize = 48;

impl Chart {
    /// A file on its own, for paper: a title, all panels on white, and a legend of these series if colours need one.
    pub(crate) fn sheet(&self, title: &str, series: &[(usize, &str)]) -> String {
        let columns = self.columns.clamp(1, self.stacks.len().max(1));
        let column_width = self.stacks.iter().map(Stack::width).fold(0.0, f64::max);
        let width = 2.0 * MARGIN + columns as f64 * (column_width + GAP) - GAP;
        let named = if self.colours_series { series } else { &[] };
        let (legend, legend_height) = legend(named, width);
        let mut top = MARGIN + TITLE_HEIGHT;
        let rows: Vec<(f64, &[Stack])> = (self.stacks.chunks(columns))
            .map(|row| {
                let row_top = top;
                top += row.iter().map(Stack::height).fold(0.0, f64::max) + GAP;
                (row_top, row)
            })
            .collect();
        let height = top + legend_height;
        let drawing = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {} {}", px(width), px(height)))
                width=(px(width)) height=(px(height)) font-family="system-ui, sans-serif" font-size=(FONT)
                color="#1c1e21" role="img" {
                title { (title) }
                rect width="100%" height="100%" fill="#ffffff" {}
                text x=(MARGIN) y="34" font-size="18" font-weight="600" fill="currentColor" { (title) }
                @for (top, row) in &rows {
                    @for (column, stack) in row.iter().enumerate() {
                        (placed(stack, MARGIN + column as f64 * (column_width + GAP), *top))
                    }
                }
                g transform=(format!("translate(0 {})", px(top))) { (legend) }
            }
        };
        format!("{}\n", drawing.into_string())
    }
}

fn placed(stack: &Stack, left: f64, top: f64) -> Markup {
    let mut next = top;
    let panels = stack.panels.iter().map(|Panel { size, body, .. }| {
        let panel_top = next;
        next += size.1;
        (panel_top, body)
    });
    html! {
        @for (top, body) in panels { g transform=(format!("translate({} {})", px(left), px(top))) { (body) } }
    }
}

/// Names in columns of equal width, and the height that they need.
fn legend(series: &[(usize, &str)], width: f64) -> (Markup, f64) {
    let longest = series.iter().map(|(_, name)| name.chars().count().min(MOST_CHARACTERS)).max().unwrap_or(0);
    let column_width = LEGEND_SAMPLE + 24.0 + CHARACTER * longest as f64;
    let columns = (((width - 2.0 * MARGIN) / column_width) as usize).clamp(1, series.len().max(1));
    let drawn = html! {
        @for (position, &(index, name)) in series.iter().enumerate() {
            @let x = MARGIN + (position % columns) as f64 * column_width;
            @let y = (position / columns) as f64 * LEGEND_ROW;
            @let style = SeriesStyle::nth(index);
            g color=(style.colour()) { (style.sample(x, y, LEGEND_SAMPLE)) }
            (label(&shortened(name, MOST_CHARACTERS), x + LEGEND_SAMPLE + 8.0, y + 4.0, "start"))
        }
    };
    (drawn, series.len().div_ceil(columns) as f64 * LEGEND_ROW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_control_characters_become_spaces() {
        assert_eq!(shortened("maximum", 10), "maximum");
        assert_eq!(shortened(&"x".repeat(60), 10), format!("{}…", "x".repeat(9)));
        assert_eq!(shortened("a\u{1}b", 10), "a b");
    }

    #[test]
    fn a_legend_cuts_long_names_and_puts_short_ones_side_by_side() {
        let rows = |name: &str, count: usize| {
            let series: Vec<(usize, &str)> = (0..count).map(|index| (index, name)).collect();
            legend(&series, 960.0).1 / LEGEND_ROW
        };
        assert_eq!(rows("max", 3), 1.0);
        assert_eq!(rows(&"x".repeat(100), 3), 2.0, "cut names stand in two columns");
        assert_eq!(rows("max", 40), 4.0);
        assert_eq!(rows("max", 0), 0.0);
    }
}
