//! The steps that a picture went through, as data and in words.

use std::fmt;

/// One step that a picture went through. Lengths are in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Colours became grey.
    ToGrey,
    /// 16 bits for each channel were rounded to 8.
    ToEightBits,
    /// Transparent pixels were laid over a grey.
    Transparency {
        /// The grey value.
        over: u8,
    },
    /// Light became dark and dark became light, because the background was lighter than the object.
    Inverted {
        /// The median grey value of the border, before.
        border: u8,
    },
    /// The picture already looks like the data set's own, and was not changed.
    AsItIs,
    /// Only a part was kept: the object.
    Cropped {
        /// Columns cut off at the left.
        left: usize,
        /// Rows cut off at the top.
        top: usize,
        /// The width that was kept.
        width: usize,
        /// The height that was kept.
        height: usize,
    },
    /// The part that was kept was made larger or smaller.
    Scaled {
        /// Its new width.
        width: usize,
        /// Its new height.
        height: usize,
    },
    /// Grey values from `dark` to `light` became those from 0 to 255, after scaling.
    Stretched {
        /// The grey value that became 0, and all below.
        dark: u8,
        /// The grey value that became 255, and all above.
        light: u8,
    },
    /// The middle was kept, as large as the frame.
    Trimmed {
        /// The frame's width.
        width: usize,
        /// The frame's height.
        height: usize,
    },
    /// White was put around it, up to the size of the frame.
    Bordered {
        /// The frame's width.
        width: usize,
        /// The frame's height.
        height: usize,
    },
    /// The kept part was put into the frame.
    Centred {
        /// The point of it that is in the middle of the frame.
        by: Centre,
        /// The columns of background to its left.
        left: usize,
        /// The rows of background above it.
        top: usize,
    },
}

/// The point of an object that is put into the middle of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Centre {
    /// The mean position of its pixels, weighted by grey value.
    Mass,
    /// The middle of its outline.
    Outline,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ToGrey => f.write_str("colours turned to grey (luma by ITU-R BT.709)"),
            Self::ToEightBits => f.write_str("16 bits per channel rounded to 8"),
            Self::Transparency { over: 0 } => f.write_str("transparent pixels laid over black"),
            Self::Transparency { over: u8::MAX } => f.write_str("transparent pixels laid over white"),
            Self::Transparency { over } => write!(f, "transparent pixels laid over grey ({over} of 255)"),
            Self::Inverted { border } => {
                write!(f, "background (border {border} of 255) lighter than the object: inverted")
            }
            Self::AsItIs => f.write_str("taken as it is: it looks like the data set's own pictures"),
            Self::Cropped { left, top, width, height } => write!(
                f,
                "cropped to the object: {width} pixels wide and {height} high, \
                 {left} from the left and {top} from the top"
            ),
            Self::Scaled { width, height } => {
                write!(f, "scaled to {width} pixels wide and {height} high")
            }
            Self::Trimmed { width, height } => {
                write!(f, "cut to its middle, {width} pixels wide and {height} high")
            }
            Self::Bordered { width, height } => {
                write!(f, "white put around it, up to {width} pixels wide and {height} high")
            }
            Self::Stretched { dark, light } => {
                write!(f, "grey values {dark} to {light} stretched to 0 to 255")
            }
            Self::Centred { by, left, top } => {
                write!(f, "centred by {by}: {left} pixels from the left and {top} from the top")
            }
        }
    }
}

impl fmt::Display for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mass => "mass",
            Self::Outline => "outline",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_words() {
        let cropped = Step::Cropped { left: 3, top: 4, width: 98, height: 140 };
        let table = [
            (Step::ToGrey, "colours turned to grey (luma by ITU-R BT.709)"),
            (Step::ToEightBits, "16 bits per channel rounded to 8"),
            (Step::Transparency { over: 0 }, "transparent pixels laid over black"),
            (Step::Transparency { over: 255 }, "transparent pixels laid over white"),
            (Step::Transparency { over: 31 }, "transparent pixels laid over grey (31 of 255)"),
            (
                Step::Inverted { border: 243 },
                "background (border 243 of 255) lighter than the object: inverted",
            ),
            (Step::AsItIs, "taken as it is: it looks like the data set's own pictures"),
            (
                cropped,
                "cropped to the object: 98 pixels wide and 140 high, 3 from the left and 4 from the top",
            ),
            (Step::Scaled { width: 14, height: 20 }, "scaled to 14 pixels wide and 20 high"),
            (Step::Stretched { dark: 12, light: 180 }, "grey values 12 to 180 stretched to 0 to 255"),
            (
                Step::Centred { by: Centre::Mass, left: 7, top: 4 },
                "centred by mass: 7 pixels from the left and 4 from the top",
            ),
            (
                Step::Centred { by: Centre::Outline, left: 0, top: 5 },
                "centred by outline: 0 pixels from the left and 5 from the top",
            ),
        ];
        for (step, expected) in table {
            assert_eq!(step.to_string(), expected);
        }
    }
}
