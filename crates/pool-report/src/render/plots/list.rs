//! A list over one horizontal axis: every row a name, its figure in words, and what is drawn beneath them.
//!
//! Rows are panels of their own, so that a page closes the gap when an arm is hidden, and a printer may break between
//! them. The name stands above the drawing, because a phone has no room beside it.

use maud::{Markup, html};

use super::axis::Axis;
use super::panel::{CHARACTER, Panel, heading, label, readable, shortened};
use super::shape::{printable, px};

const WIDTH: f64 = 400.0;
const MARGIN: f64 = 14.0;
const ROW: f64 = 40.0;
/// Where the drawing of a row has its middle.
pub(super) const MIDDLE: f64 = 28.0;

pub(super) struct List {
    pub(super) title: String,
    pub(super) axis: Axis,
    /// What the axis shows, with its unit.
    pub(super) axis_title: String,
}

/// One row, before it is drawn.
pub(super) struct Row {
    /// The arms that it is about, with which it vanishes.
    pub(super) arms: Vec<usize>,
    pub(super) name: String,
    /// The figure in words, at the right.
    pub(super) figure: String,
    pub(super) drawn: Markup,
}

impl List {
    /// Pixels from the left edge; NaN lies nowhere.
    pub(super) fn at(&self, figure: f64) -> Option<f64> {
        self.axis.place(figure).map(across)
    }

    /// The title, what `key` explains (of this height), and the axis.
    pub(super) fn head(&self, key: &Markup, key_height: f64) -> Panel {
        let axis = 24.0 + key_height;
        let body = html! {
            (heading(&self.title, 0.0))
            g transform="translate(0 26)" { (key) }
            g fill-opacity="0.8" {
                (label(&self.axis_title, across(0.5), axis + 14.0, "middle"))
                @for (share, tick) in readable(&self.axis, WIDTH - 2.0 * MARGIN) {
                    (label(&tick.label, across(share), axis + 31.0, "middle"))
                }
            }
            path d=(format!("M{} {}H{}", px(across(0.0)), px(axis + 37.5), px(across(1.0)))) stroke="currentColor"
                stroke-opacity="0.55" fill="none" {}
        };
        Panel { title: self.title.clone(), size: (WIDTH, axis + 38.0), body, arms: Vec::new() }
    }

    pub(super) fn row(&self, row: &Row) -> Panel {
        let room = (WIDTH - 2.0 * MARGIN) / CHARACTER - row.figure.chars().count() as f64 - 2.0;
        let body = html! {
            g stroke="currentColor" stroke-opacity="0.16" {
                @for (share, _) in self.axis.ticks() {
                    line x1=(px(across(share))) x2=(px(across(share))) y1=(MIDDLE - 9.0) y2=(ROW) {}
                }
            }
            g {
                title { (printable(&row.name)) }
                (label(&shortened(&row.name, room.max(8.0) as usize), 0.0, 15.0, "start"))
            }
            g fill-opacity="0.8" { (label(&row.figure, WIDTH, 15.0, "end")) }
            (row.drawn)
        };
        Panel {
            title: format!("{}: {}", row.name, row.figure),
            size: (WIDTH, ROW),
            body,
            arms: row.arms.clone(),
        }
    }

    /// A vertical line through a row, such as that of no difference.
    pub(super) fn upright(&self, figure: f64) -> Markup {
        html! {
            @if let Some(x) = self.at(figure) {
                line x1=(px(x)) x2=(px(x)) y1=(MIDDLE - 9.0) y2=(ROW) stroke="currentColor" stroke-opacity="0.7" {}
            }
        }
    }
}

fn across(share: f64) -> f64 {
    MARGIN + share * (WIDTH - 2.0 * MARGIN)
}

/// Swatches with their words, wrapped, and the height that they need.
pub(super) fn key(entries: &[(Markup, String)]) -> (Markup, f64) {
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
