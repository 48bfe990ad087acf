//! How an arm's curve is told from the others.

use plotters::style::RGBColor;

/// Okabe and Ito's palette, which colour-blind readers can tell apart (Okabe & Ito 2008). Its black is a grey here,
/// which shows on a dark page as well, and its yellow is left out, which shows on no white one.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(128, 128, 128),
];

/// Pixels drawn and left out, for the arms after the last colour.
const DASHES: [Option<(i32, i32)>; 6] =
    [None, Some((9, 4)), Some((3, 3)), Some((18, 5)), Some((3, 9)), Some((9, 12))];

/// Colour and dashes of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::render) struct Stroke {
    pub(in crate::render) colour: RGBColor,
    pub(in crate::render) dash: Option<(i32, i32)>,
}

impl Stroke {
    /// Colour alone as long as there are colours; no two of the first 42 arms look the same.
    pub(in crate::render) fn of_arm(index: usize) -> Self {
        Self { colour: COLOURS[index % COLOURS.len()], dash: DASHES[index / COLOURS.len() % DASHES.len()] }
    }

    /// The colour as CSS writes it.
    pub(in crate::render) fn css_colour(self) -> String {
        let RGBColor(red, green, blue) = self.colour;
        format!("#{red:02x}{green:02x}{blue:02x}")
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
        assert_eq!(strokes[0].css_colour(), "#0072b2");
    }
}
