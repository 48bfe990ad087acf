//! How an arm is told from the others: colour, dashes and the shape of its marks.

use maud::{Markup, html};

use super::shape::{Shape, px};

/// Okabe and Ito's palette, which colour-blind readers can tell apart (Okabe & Ito 2008), as it shows on white paper:
/// its black is a grey, its yellow is left out, and its orange and sky blue are darker. The page's style has the
/// colours once more for a dark page, as `.hue-0` and so on.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b87a00", "#3f95c8", "#767676"];

/// Pixels drawn and left out, for the arms after the last colour.
const DASHES: [Option<&str>; 6] = [None, Some("9 4"), Some("3 3"), Some("18 5"), Some("3 9"), Some("9 12")];

const SHAPES: [Shape; 6] =
    [Shape::Circle, Shape::Square, Shape::Diamond, Shape::Triangle, Shape::Cross, Shape::Plus];

/// Colour, dashes and shape of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::render) struct Stroke {
    hue: usize,
    pub(super) dash: Option<&'static str>,
    pub(super) shape: Shape,
}

impl Stroke {
    /// Colour alone as long as there are colours; no two of the first 42 arms look the same.
    pub(in crate::render) fn of_arm(arm: usize) -> Self {
        let round = arm / COLOURS.len() % DASHES.len();
        Self { hue: arm % COLOURS.len(), dash: DASHES[round], shape: SHAPES[round] }
    }

    /// The colour on white paper, as SVG writes it.
    pub(super) fn colour(self) -> &'static str {
        COLOURS[self.hue]
    }

    /// The class by which the page's style gives the colour on its own ground.
    pub(in crate::render) fn class(self) -> String {
        format!("hue-{}", self.hue)
    }

    /// A short piece of the arm's curve with its mark, `width` pixels from `x` on.
    pub(in crate::render) fn sample(self, x: f64, y: f64, width: f64) -> Markup {
        html! {
            line x1=(px(x)) x2=(px(x + width)) y1=(px(y)) y2=(px(y)) stroke="currentColor" stroke-width="2.5"
                stroke-dasharray=[self.dash] {}
            (self.shape.filled(x + width / 2.0, y, 4.0))
        }
    }
}

/// More arms than colours.
pub(in crate::render) fn is_crowded(arms: usize) -> bool {
    arms > COLOURS.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_two_arms_look_different() {
        let strokes: Vec<Stroke> = (0..42).map(Stroke::of_arm).collect();
        for (index, stroke) in strokes.iter().enumerate() {
            assert!(!strokes[..index].contains(stroke), "arm {index}");
        }
        assert_eq!(Stroke::of_arm(42), strokes[0]);
        assert_eq!((strokes[0].colour(), strokes[0].class().as_str()), ("#0072b2", "hue-0"));
    }
}
