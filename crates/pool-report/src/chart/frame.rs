//! An area between two axes, and the names of its points, as many as there is space for.

use maud::{Markup, html};

use super::axis::Axis;
use super::marks::{px, series_attribute};
use super::panel::{CHARACTER, Panel, heading, label, shortened};

/// Two axes and the area between them.
pub(crate) struct Frame {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// What the horizontal axis shows, with its unit.
    pub(crate) x_title: String,
    pub(crate) size: (f64, f64),
}

const TOP: f64 = 32.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 42.0;

impl Frame {
    /// The point of a pair of figures, in pixels; `None` for NaN.
    pub(crate) fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.across(self.x.fraction(x)?), self.up(self.y.fraction(y)?)))
    }

    /// Pixels from the left edge.
    fn across(&self, fraction: f64) -> f64 {
        self.left() + fraction * (self.size.0 - self.left() - RIGHT)
    }

    /// Pixels from the upper edge.
    fn up(&self, fraction: f64) -> f64 {
        TOP + (1.0 - fraction) * (self.size.1 - TOP - BOTTOM)
    }

    /// The area between the axes.
    fn area(&self) -> Rectangle {
        Rectangle { left: self.across(0.0), top: self.up(1.0), right: self.across(1.0), bottom: self.up(0.0) }
    }

    /// Space for the longest label of the vertical axis.
    fn left(&self) -> f64 {
        let longest = self.y.ticks().map(|(_, tick)| tick.label.chars().count()).max().unwrap_or(0);
        14.0 + CHARACTER * longest as f64
    }

    /// The panel: title, grid and labels around what is drawn.
    pub(crate) fn panel(&self, title: &str, drawn: &Markup) -> Panel {
        let (left, bottom) = (self.across(0.0), self.up(0.0));
        let body = html! {
            (heading(title, 0.0))
            g stroke="currentColor" stroke-opacity="0.16" {
                @for y in self.y.ticks().map(|(fraction, _)| px(self.up(fraction))) {
                    line x1=(px(left)) x2=(px(self.across(1.0))) y1=(y) y2=(y) {}
                }
                @for x in self.x.ticks().map(|(fraction, _)| px(self.across(fraction))) {
                    line x1=(x) x2=(x) y1=(px(self.up(1.0))) y2=(px(bottom)) {}
                }
            }
            path d=(format!("M{} {}V{}H{}", px(left), px(self.up(1.0)), px(bottom), px(self.across(1.0)))) fill="none"
                stroke="currentColor" stroke-opacity="0.55" {}
            g fill-opacity="0.8" {
                @for (fraction, tick) in self.y.ticks() {
                    (label(&tick.label, left - 6.0, self.up(fraction) + 4.0, "end"))
                }
                @for (fraction, tick) in self.x.readable_ticks(self.size.0 - left - RIGHT) {
                    (label(&tick.label, self.across(fraction), bottom + 16.0, "middle"))
                }
                (label(&self.x_title, self.across(0.5), self.size.1 - 7.0, "middle"))
            }
            (drawn)
        };
        Panel { title: title.to_owned(), size: self.size, body, series: Vec::new() }
    }
}

#[derive(Clone, Copy)]
struct Rectangle {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rectangle {
    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn contains(&self, other: &Self) -> bool {
        other.left >= self.left
            && other.top >= self.top
            && other.right <= self.right
            && other.bottom <= self.bottom
    }
}

const NAME_HEIGHT: f64 = 14.0;
/// From the middle of a mark to its name.
const NAME_DISTANCE: f64 = 9.0;
const MOST_CHARACTERS: usize = 22;

/// Places the names of points so that no name covers a point or another name.
pub(crate) struct PointNames {
    taken: Vec<Rectangle>,
    area: Rectangle,
}

impl PointNames {
    /// For these points of a frame.
    pub(crate) fn of(frame: &Frame, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Self::within(frame.area(), points)
    }

    fn within(area: Rectangle, points: impl Iterator<Item = (f64, f64)>) -> Self {
        let radius = NAME_DISTANCE - 2.0;
        let mark =
            |(x, y)| Rectangle { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
        Self { taken: points.map(mark).collect(), area }
    }

    /// The name to the right of its point, to the left, above or below; nothing if every position is taken.
    pub(crate) fn place(&mut self, series: usize, name: &str, (x, y): (f64, f64)) -> Markup {
        let words = shortened(name, MOST_CHARACTERS);
        let width = CHARACTER * words.chars().count() as f64;
        let (right, left) = (x + NAME_DISTANCE, x - NAME_DISTANCE);
        let candidates = [
            (right, y, "start"),
            (left, y, "end"),
            (right, y - 11.0, "start"),
            (right, y + 11.0, "start"),
            (left, y - 11.0, "end"),
            (left, y + 11.0, "end"),
            (x, y - 17.0, "middle"),
            (x, y + 17.0, "middle"),
        ];
        let free = candidates.into_iter().find_map(|(x, y, anchor)| {
            let left = match anchor {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2.0,
            };
            let (top, bottom) = (y - NAME_HEIGHT / 2.0, y + NAME_HEIGHT / 2.0);
            let rectangle = Rectangle { left, top, right: left + width, bottom };
            self.is_free(&rectangle).then_some((x, y, anchor, rectangle))
        });
        let Some((x, y, anchor, rectangle)) = free else { return html! {} };
        self.taken.push(rectangle);
        html! {
            g.halo data-arms=[series_attribute(&[series])] stroke="#ffffff" stroke-width="3" stroke-linejoin="round"
                paint-order="stroke" { (label(&words, x, y + 4.0, anchor)) }
        }
    }

    fn is_free(&self, rectangle: &Rectangle) -> bool {
        self.area.contains(rectangle) && !self.taken.iter().any(|taken| taken.overlaps(rectangle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_lie_between_the_axes() {
        let frame = Frame {
            x: Axis::epochs(10),
            y: Axis::linear([0.0, 10.0], 5),
            x_title: "epoch".to_owned(),
            size: (400.0, 300.0),
        };
        let (left, right) = (frame.left(), 400.0 - RIGHT);
        assert_eq!(frame.at(1.0, 0.0), Some((left, 300.0 - BOTTOM)));
        assert_eq!(frame.at(10.0, 10.0), Some((right, TOP)));
        assert_eq!(frame.at(f64::NAN, 1.0), None);
    }

    #[test]
    fn names_stand_next_to_their_points_and_never_on_another() {
        let points = [(100.0, 50.0), (110.0, 50.0), (195.0, 80.0)];
        let area = |right| Rectangle { left: 0.0, top: 0.0, right, bottom: 100.0 };
        let mut names = PointNames::within(area(200.0), points.into_iter());
        let mut place = |series: usize| names.place(series, "maximum", points[series]).into_string();
        assert!(place(1).contains("text-anchor=\"start\""), "the right is free");
        assert!(place(0).contains("x=\"91\""), "left, because the right is taken");
        assert!(place(2).contains("text-anchor=\"end\""), "the right edge is near");
        let mut narrow = PointNames::within(area(30.0), std::iter::empty());
        assert_eq!(narrow.place(0, "maximum", (15.0, 50.0)).into_string(), "", "no space at all");
    }
}
