//! What charts are drawn with: shapes, lines, bands, marks that state their figures, and the looks of the series.

use maud::{Markup, html};

/// A length or position in pixels, rounded to a tenth.
pub(crate) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Diamond,
    Triangle,
    Cross,
    Plus,
}

impl Shape {
    pub(crate) fn filled(self, x: f64, y: f64, radius: f64) -> Markup {
        self.drawn(x, y, radius, "currentColor")
    }

    /// An outline through which the ground shows.
    pub(crate) fn hollow(self, x: f64, y: f64, radius: f64) -> Markup {
        self.drawn(x, y, radius, "none")
    }

    /// The corners are chosen so that all shapes look about as large as the circle.
    fn drawn(self, x: f64, y: f64, radius: f64, fill: &str) -> Markup {
        let corners = |corners: &[(f64, f64)]| {
            let points = corners.iter().map(|(dx, dy)| (x + dx * radius, y + dy * radius));
            path(&points.collect::<Vec<_>>())
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

/// The path data of a line through these points.
fn path(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        text += &format!("{}{} {}", if index == 0 { "M" } else { "L" }, px(x), px(y));
    }
    text
}

/// A line through these points; fewer than two draw nothing.
pub(crate) fn polyline(points: &[(f64, f64)], width: f64, dash: Option<&str>) -> Markup {
    html! {
        @if points.len() > 1 {
            path d=(path(points)) fill="none" stroke="currentColor" stroke-width=(px(width)) stroke-linejoin="round"
                stroke-dasharray=[dash] {}
        }
    }
}

/// The area between two curves with the same horizontal positions.
pub(crate) fn band(low: &[(f64, f64)], high: &[(f64, f64)]) -> Markup {
    let outline: Vec<(f64, f64)> = low.iter().chain(high.iter().rev()).copied().collect();
    html! {
        @if low.len() > 1 { path d=(path(&outline) + "Z") fill="currentColor" fill-opacity="0.16" {} }
    }
}

/// An interval as a horizontal line with ends.
pub(crate) fn horizontal_whisker((x1, x2): (f64, f64), y: f64) -> Markup {
    let d =
        format!("M{} {y:.1}H{}M{} {}v6M{} {}v6", px(x1), px(x2), px(x1), px(y - 3.0), px(x2), px(y - 3.0));
    html! { path d=(d) fill="none" stroke="currentColor" stroke-width="1.5" {} }
}

/// An interval as a vertical line with ends.
pub(crate) fn vertical_whisker(x: f64, (y1, y2): (f64, f64)) -> Markup {
    let d =
        format!("M{x:.1} {}V{}M{} {}h6M{} {}h6", px(y1), px(y2), px(x - 3.0), px(y1), px(x - 3.0), px(y2));
    html! { path d=(d) fill="none" stroke="currentColor" stroke-width="1.5" {} }
}

/// A drawing that shows its figures as words when a pointer or the keyboard reaches it.
pub(crate) fn mark(words: &str, drawn: &Markup) -> Markup {
    html! { g.mark { title { (printable(words)) } (drawn) } }
}

/// Control characters, which SVG forbids, become spaces.
pub(crate) fn printable(words: &str) -> String {
    words.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The palette of Okabe and Ito (2008), which colour-blind readers can tell apart, adapted to white paper: grey instead
/// of black, no yellow, a darker orange and a darker sky blue. The page's style sheet repeats the colours as `.hue-0`
/// and so on, and has brighter ones for a dark page.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b87a00", "#3f95c8", "#767676"];

/// Dash patterns, for the series after the last colour: pixels drawn, pixels left out.
const DASHES: [Option<&str>; 6] = [None, Some("9 4"), Some("3 3"), Some("18 5"), Some("3 9"), Some("9 12")];

const SHAPES: [Shape; 6] =
    [Shape::Circle, Shape::Square, Shape::Diamond, Shape::Triangle, Shape::Cross, Shape::Plus];

/// Colour, dashes and shape of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SeriesStyle {
    hue: usize,
    pub(crate) dash: Option<&'static str>,
    pub(crate) shape: Shape,
}

impl SeriesStyle {
    /// The style of the series with this index. The first seven differ by colour alone; no two of the first 42 are the
    /// same.
    pub(crate) fn nth(series: usize) -> Self {
        let round = series / COLOURS.len() % DASHES.len();
        Self { hue: series % COLOURS.len(), dash: DASHES[round], shape: SHAPES[round] }
    }

    /// The colour on white paper, as SVG writes it.
    pub(crate) fn colour(self) -> &'static str {
        COLOURS[self.hue]
    }

    /// The class by which the page's style sheet picks the colour that suits its background.
    pub(crate) fn class(self) -> String {
        format!("hue-{}", self.hue)
    }

    /// A short piece of the series' line with its mark, for a legend: `width` pixels from `x` on.
    pub(crate) fn sample(self, x: f64, y: f64, width: f64) -> Markup {
        html! {
            line x1=(px(x)) x2=(px(x + width)) y1=(px(y)) y2=(px(y)) stroke="currentColor" stroke-width="2.5"
                stroke-dasharray=[self.dash] {}
            (self.shape.filled(x + width / 2.0, y, 4.0))
        }
    }
}

/// Whether there are more series than colours, so that bands and intervals would hide each other.
pub(crate) fn is_crowded(series: usize) -> bool {
    series > COLOURS.len()
}

/// What belongs to one series: drawn in its colour, and hidden with it.
pub(crate) fn series_group(series: usize, drawn: &Markup) -> Markup {
    let style = SeriesStyle::nth(series);
    html! {
        g class=(style.class()) data-arms=[series_attribute(&[series])] color=(style.colour()) { (drawn) }
    }
}

/// The value of `data-arms`: the series an element is hidden with, as the page's script reads them.
pub(crate) fn series_attribute(series: &[usize]) -> Option<String> {
    let words: Vec<String> = series.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_to_a_tenth_and_no_further() {
        for (value, text) in [(1.0, "1"), (0.25, "0.2"), (-3.16, "-3.2"), (100.0, "100"), (9.96, "10")] {
            assert_eq!(px(value), text);
        }
    }

    #[test]
    fn a_single_point_is_no_line_and_no_band() {
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

    #[test]
    fn forty_two_series_look_different() {
        let styles: Vec<SeriesStyle> = (0..42).map(SeriesStyle::nth).collect();
        for (index, style) in styles.iter().enumerate() {
            assert!(!styles[..index].contains(style), "series {index}");
        }
        assert_eq!(SeriesStyle::nth(42), styles[0]);
        assert_eq!((styles[0].colour(), styles[0].class().as_str()), ("#0072b2", "hue-0"));
    }
}
