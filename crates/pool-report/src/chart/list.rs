//! Rows over one horizontal axis: each has a name, its figure in words, and a drawing below them.
//!
//! Every row is a panel, so that a page closes the gap when a series is hidden, and a printer may break between rows.
//! The name stands above the drawing because a phone is too narrow for both on one line.

use maud::{Markup, html};

use super::axis::Axis;
use super::marks::{printable, px};
use super::panel::{CHARACTER, Panel, heading, label, shortened};

const WIDTH: f64 = 400.0;
const MARGIN: f64 = 14.0;
const ROW_HEIGHT: f64 = 40.0;
/// The vertical middle of a row's drawing.
pub(crate) const ROW_MIDDLE: f64 = 28.0;

/// A heading, an axis, and the rows below it.
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) axis: Axis,
    /// What the axis shows, with its unit.
    pub(crate) axis_title: String,
}

/// One row, before it is drawn.
pub(crate) struct Row {
    /// The series it is about: hiding one of them hides the row.
    pub(crate) series: Vec<usize>,
    pub(crate) name: String,
    /// The figure in words, right-aligned.
    pub(crate) figure: String,
    pub(crate) drawn: Markup,
}

impl List {
    /// Pixels from the left edge; `None` for NaN.
    pub(crate) fn at(&self, figure: f64) -> Option<f64> {
        self.axis.fraction(figure).map(across)
    }

    /// The first panel: title, `key` (of this height), and axis.
    pub(crate) fn head(&self, key: &Markup, key_height: f64) -> Panel {
        let axis = 24.0 + key_height;
        let body = html! {
            (heading(&self.title, 0.0))
            g transform="translate(0 26)" { (key) }
            g fill-opacity="0.8" {
                (label(&self.axis_title, across(0.5), axis + 14.0, "middle"))
                @for (fraction, tick) in self.axis.readable_ticks(WIDTH - 2.0 * MARGIN) {
                    (label(&tick.label, across(fraction), axis + 31.0, "middle"))
                }
            }
            path d=(format!("M{} {}H{}", px(across(0.0)), px(axis + 37.5), px(across(1.0)))) stroke="currentColor"
                stroke-opacity="0.55" fill="none" {}
        };
        Panel { title: self.title.clone(), size: (WIDTH, axis + 38.0), body, series: Vec::new() }
    }

    pub(crate) fn row(&self, row: &Row) -> Panel {
        let free = (WIDTH - 2.0 * MARGIN) / CHARACTER - row.figure.chars().count() as f64 - 2.0;
        let body = html! {
            g stroke="currentColor" stroke-opacity="0.16" {
                @for x in self.axis.ticks().map(|(fraction, _)| px(across(fraction))) {
                    line x1=(x) x2=(x) y1=(ROW_MIDDLE - 9.0) y2=(ROW_HEIGHT) {}
                }
            }
            g {
                title { (printable(&row.name)) }
                (label(&shortened(&row.name, free.max(8.0) as usize), 0.0, 15.0, "start"))
            }
            g fill-opacity="0.8" { (label(&row.figure, WIDTH, 15.0, "end")) }
            (row.drawn)
        };
        Panel {
            title: format!("{}: {}", row.name, row.figure),
            size: (WIDTH, ROW_HEIGHT),
            body,
            series: row.series.clone(),
        }
    }

    /// A shaded band of a row between two figures.
    pub(crate) fn band(&self, from: f64, to: f64) -> Markup {
        html! {
            @if let Some((left, right)) = self.at(from).zip(self.at(to)) {
                rect x=(px(left)) width=(px(right - left)) y=(ROW_MIDDLE - 9.0) height=(ROW_HEIGHT - ROW_MIDDLE + 9.0)
                    fill="currentColor" fill-opacity="0.10" {}
            }
        }
    }

    /// A vertical line through a row at this figure, such as zero.
    pub(crate) fn vertical_line(&self, figure: f64) -> Markup {
        html! {
            @if let Some(x) = self.at(figure) {
                line x1=(px(x)) x2=(px(x)) y1=(ROW_MIDDLE - 9.0) y2=(ROW_HEIGHT) stroke="currentColor"
                    stroke-opacity="0.7" {}
            }
        }
    }
}

fn across(fraction: f64) -> f64 {
    MARGIN + fraction * (WIDTH - 2.0 * MARGIN)
}

/// A key to what is drawn: swatches with their words, wrapped, and the height that they need.
pub(crate) fn key(entries: &[(Markup, String)]) -> (Markup, f64) {
    const LINE: f64 = 18.0;
    let (mut x, mut line) = (0.0, 0.0);
    let mut placed = Vec::new();
    for (swatch, words) in entries {
        let width = 18.0 + CHARACTER * words.chars().count() as f64 + 10.0;
        if x + width > WIDTH && x > 0.0 {
            (x, line) = (0.0, line + 1.0);
        }
        placed.push((x, line * LINE, swatch, words));
        x += width;
    }
    let drawn = html! {
        @for (x, y, swatch, words) in &placed {
            g transform=(format!("translate({} {})", px(*x), px(*y))) { (swatch) (label(words, 18.0, 10.0, "start")) }
        }
    };
    (drawn, if entries.is_empty() { 0.0 } else { (line + 1.0) * LINE + 4.0 })
}
