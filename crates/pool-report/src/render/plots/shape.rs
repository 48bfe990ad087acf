//! What plots are made of: numbers as SVG writes them, shapes, lines, bands, and marks that say their figures.

use maud::{Markup, html};

/// A length or place in pixels, to a tenth.
pub(super) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Circle,
    Square,
    Diamond,
    Triangle,
    Cross,
    Plus,
}

impl Shape {
    pub(super) fn filled(self, x: f64, y: f64, radius: f64) -> Markup {
        self.drawn(x, y, radius, "currentColor")
    }

    /// An outline, on whatever lies beneath.
    pub(super) fn hollow(self, x: f64, y: f64, radius: f64) -> Markup {
        self.drawn(x, y, radius, "none")
    }

    /// All shapes look about as large as the circle.
    fn drawn(self, x: f64, y: f64, radius: f64, fill: &str) -> Markup {
        let corners = |corners: &[(f64, f64)]| {
            let places = corners.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius));
            path(&places.collect::<Vec<_>>())
        };
        let outline = match self {
            Self::Circle => {
                return html! {
                    circle cx=(px(x)) cy=(px(y)) r=(px(radius)) fill=(fill) stroke="currentColor" stroke-width="1.5" {}
                };
            }
            Self::Square => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]) + "Z",
            Self::Diamond => corners(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]) + "Z",
            Self::Triangle => corners(&[(0.0, -1.2), (1.15, 0.85), (-1.15, 0.85)]) + "Z",
            Self::Cross => corners(&[(-1.0, -1.0), (1.0, 1.0)]) + &corners(&[(-1.0, 1.0), (1.0, -1.0)]),
            Self::Plus => corners(&[(0.0, -1.2), (0.0, 1.2)]) + &corners(&[(-1.2, 0.0), (1.2, 0.0)]),
        };
        html! { path d=(outline) fill=(fill) stroke="currentColor" stroke-width="1.5" {} }
    }
}

/// `M` and `L` through these places.
fn path(places: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (index, &(x, y)) in places.iter().enumerate() {
        text += &format!("{}{} {}", if index == 0 { "M" } else { "L" }, px(x), px(y));
    }
    text
}

/// A line through these places; nothing for fewer than two, which have none.
pub(super) fn polyline(places: &[(f64, f64)], width: f64, dash: Option<&str>) -> Markup {
    html! {
        @if places.len() > 1 {
            path d=(path(places)) fill="none" stroke="currentColor" stroke-width=(px(width)) stroke-linejoin="round"
                stroke-dasharray=[dash] {}
        }
    }
}

/// The area between two curves over the same places.
pub(super) fn band(low: &[(f64, f64)], high: &[(f64, f64)]) -> Markup {
    let around: Vec<(f64, f64)> = low.iter().chain(high.iter().rev()).copied().collect();
    html! {
        @if low.len() > 1 { path d=(path(&around) + "Z") fill="currentColor" fill-opacity="0.16" {} }
    }
}

/// The horizontal extent of an interval, with ends.
pub(super) fn whisker_across((x1, x2): (f64, f64), y: f64) -> Markup {
    let d =
        format!("M{} {y:.1}H{}M{} {}v6M{} {}v6", px(x1), px(x2), px(x1), px(y - 3.0), px(x2), px(y - 3.0));
    html! { path d=(d) fill="none" stroke="currentColor" stroke-width="1.5" {} }
}

/// The vertical extent of an interval, with ends.
pub(super) fn whisker_up(x: f64, (y1, y2): (f64, f64)) -> Markup {
    let d =
        format!("M{x:.1} {}V{}M{} {}h6M{} {}h6", px(y1), px(y2), px(x - 3.0), px(y1), px(x - 3.0), px(y2));
    html! { path d=(d) fill="none" stroke="currentColor" stroke-width="1.5" {} }
}

/// Something drawn that says its figures when pointed at.
pub(super) fn mark(words: &str, drawn: &Markup) -> Markup {
    html! { g.mark { title { (printable(words)) } (drawn) } }
}

/// Control characters, which no SVG may hold, become spaces.
pub(super) fn printable(words: &str) -> String {
    words.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_to_a_tenth_and_no_further() {
        for (value, text) in [(1.0, "1"), (0.25, "0.2"), (-3.16, "-3.2"), (100.0, "100"), (9.96, "10")] {
            assert_eq!(px(value), text);
        }
    }

    #[test]
    fn one_place_alone_is_no_line_and_no_band() {
        assert_eq!(polyline(&[(1.0, 2.0)], 2.0, None).into_string(), "");
        assert_eq!(band(&[(1.0, 2.0)], &[(1.0, 3.0)]).into_string(), "");
        assert!(polyline(&[(1.0, 2.0), (3.0, 4.5)], 2.0, None).into_string().contains("M1 2L3 4.5"));
    }

    #[test]
    fn marks_escape_their_words() {
        assert_eq!(
            mark("<a> & b\u{1}", &html! {}).into_string(),
            "<g class=\"mark\"><title>&lt;a&gt; &amp; b </title></g>"
        );
    }
}
