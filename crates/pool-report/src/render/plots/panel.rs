//! One picture of a plot: a frame with two axes, or a row of a list.

use maud::{Markup, html};

use super::axis::Axis;
use super::shape::{printable, px};

/// The font's size; a title is a little larger.
pub(super) const FONT: f64 = 12.5;
/// Pixels of one character at that size, generously.
pub(super) const CHARACTER: f64 = 7.0;

/// A picture with its size in pixels. Colours of text and axes are `currentColor`, those of arms come from groups.
pub(in crate::render) struct Panel {
    /// What it shows; empty for a row of a list.
    pub(in crate::render) title: String,
    pub(super) size: (f64, f64),
    pub(super) body: Markup,
    /// The arms that it is about, if it vanishes with them.
    pub(in crate::render) arms: Vec<usize>,
}

impl Panel {
    /// A picture of its own within a page, without background.
    pub(in crate::render) fn svg(&self) -> Markup {
        let (width, height) = self.size;
        let label = (!self.title.is_empty()).then_some(&self.title);
        html! {
            svg.panel data-arms=[arms_attribute(&self.arms)] viewBox=(format!("0 0 {} {}", px(width), px(height)))
                font-size=(FONT) role="img" aria-label=[label] { (self.body) }
        }
    }
}

/// The arms that something vanishes with, as the page's script reads them.
pub(in crate::render) fn arms_attribute(arms: &[usize]) -> Option<String> {
    let words: Vec<String> = arms.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The title of a panel, at its upper left.
pub(super) fn heading(words: &str, x: f64) -> Markup {
    html! { text x=(px(x)) y="17" font-size="1.08em" font-weight="600" fill="currentColor" { (words) } }
}

/// Text whose anchor is `start`, `middle` or `end`.
pub(super) fn label(words: &str, x: f64, y: f64, anchor: &str) -> Markup {
    html! { text x=(px(x)) y=(px(y)) text-anchor=(anchor) fill="currentColor" { (words) } }
}

/// Two axes and the room between them.
pub(super) struct Frame {
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// What the axis below shows, with its unit.
    pub(super) x_title: String,
    pub(super) size: (f64, f64),
}

const TOP: f64 = 32.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 42.0;

impl Frame {
    /// Where a pair of figures lies, in pixels; NaN lies nowhere.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(self.x.place(x)?), self.up(self.y.place(y)?)))
    }

    /// Pixels from the left edge, of a share of the axis.
    fn across(&self, share: f64) -> f64 {
        self.left() + share * (self.size.0 - self.left() - RIGHT)
    }

    /// Pixels from the upper edge.
    fn up(&self, share: f64) -> f64 {
        TOP + (1.0 - share) * (self.size.1 - TOP - BOTTOM)
    }

    /// Left, top, right and bottom of the room between the axes.
    pub(super) fn room(&self) -> (f64, f64, f64, f64) {
        (self.across(0.0), self.up(1.0), self.across(1.0), self.up(0.0))
    }

    /// As much as the longest label of the vertical axis needs.
    pub(super) fn left(&self) -> f64 {
        let longest = self.y.ticks().map(|(_, tick)| tick.label.chars().count()).max().unwrap_or(0);
        14.0 + CHARACTER * longest as f64
    }

    /// The panel: title, grid, labels, and what is drawn between them.
    pub(super) fn panel(&self, title: &str, drawn: &Markup) -> Panel {
        let (left, bottom) = (self.across(0.0), self.up(0.0));
        let body = html! {
            (heading(title, 0.0))
            g stroke="currentColor" stroke-opacity="0.16" {
                @for (share, _) in self.y.ticks() {
                    line x1=(px(left)) x2=(px(self.across(1.0))) y1=(px(self.up(share))) y2=(px(self.up(share))) {}
                }
                @for x in self.x.ticks().map(|(share, _)| px(self.across(share))) {
                    line x1=(x) x2=(x) y1=(px(self.up(1.0))) y2=(px(bottom)) {}
                }
            }
            path d=(format!("M{} {}V{}H{}", px(left), px(self.up(1.0)), px(bottom), px(self.across(1.0)))) fill="none"
                stroke="currentColor" stroke-opacity="0.55" {}
            g fill-opacity="0.8" {
                @for (share, tick) in self.y.ticks() { (label(&tick.label, left - 6.0, self.up(share) + 4.0, "end")) }
                @for (share, tick) in readable(&self.x, self.size.0 - left - RIGHT) {
                    (label(&tick.label, self.across(share), bottom + 16.0, "middle"))
                }
                (label(&self.x_title, self.across(0.5), self.size.1 - 7.0, "middle"))
            }
            (drawn)
        };
        Panel { title: title.to_owned(), size: self.size, body, arms: Vec::new() }
    }
}

/// The ticks of a horizontal axis whose labels have room, from the first on.
pub(super) fn readable(axis: &Axis, width: f64) -> Vec<(f64, &super::axis::Tick)> {
    let mut free_from = f64::NEG_INFINITY;
    let room = |tick: &super::axis::Tick| CHARACTER * tick.label.chars().count() as f64 / 2.0;
    let mut kept = Vec::new();
    for (share, tick) in axis.ticks() {
        if share * width - room(tick) >= free_from {
            free_from = share * width + room(tick) + CHARACTER;
            kept.push((share, tick));
        }
    }
    kept
}

/// Names that would not fit are cut; a mark's words and the tables hold them whole.
pub(super) fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return printable(name);
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", printable(kept.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            x: Axis::epochs(10),
            y: Axis::linear([0.0, 10.0], 5),
            x_title: "epoch".to_owned(),
            size: (400.0, 300.0),
        }
    }

    #[test]
    fn figures_lie_between_the_axes() {
        let frame = frame();
        let (left, right) = (frame.left(), 400.0 - RIGHT);
        assert_eq!(frame.at(1.0, 0.0), Some((left, 300.0 - BOTTOM)));
        assert_eq!(frame.at(10.0, 10.0), Some((right, TOP)));
        assert_eq!(frame.at(f64::NAN, 1.0), None);
    }

    #[test]
    fn labels_that_would_overlap_are_left_out() {
        let axis = Axis::linear([0.0, 10_000.0], 10);
        assert_eq!(readable(&axis, 1_000.0).len(), 11);
        assert!(readable(&axis, 150.0).len() < 6);
    }

    #[test]
    fn long_names_are_cut_and_control_characters_vanish() {
        assert_eq!(shortened("maximum", 10), "maximum");
        assert_eq!(shortened(&"x".repeat(60), 10), format!("{}…", "x".repeat(9)));
        assert_eq!(shortened("a\u{1}b", 10), "a b");
    }
}
