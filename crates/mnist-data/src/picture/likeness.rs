//! Which data set's pictures a picture is to be like.

use super::step::Centre;
use crate::catalogue::PublicSet;

/// How a data set arranges its object in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Likeness {
    /// A digit as in MNIST: scaled, with its aspect kept, into a box of 20/28 of the frame's shorter side, and put into
    /// the frame by its centre of mass (LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    /// recognition", 1998).
    Digit,
    /// A garment as in Fashion-MNIST: trimmed of what is within 5 % of the background, scaled, with its aspect kept, to
    /// the frame, and centred by its outline (Xiao, Rasul & Vollgraf, arXiv:1708.07747, section 2). The sharpening
    /// of that procedure is left out: it made up for the subsampling there, and here pictures are smoothed.
    Garment,
    /// The whole picture, with its aspect kept, fitted into the frame: for sets of which nothing is known.
    Whole,
}

impl From<PublicSet> for Likeness {
    fn from(set: PublicSet) -> Self {
        match set {
            PublicSet::Mnist => Self::Digit,
            PublicSet::FashionMnist => Self::Garment,
        }
    }
}

/// How an object is told from its background and brought to the grey values of a data set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trim {
    /// What is brighter than the background by more than this belongs to the object, given its contrast (1 to 255):
    /// the brightest grey value less that of the background.
    pub(super) threshold: fn(contrast: f32) -> f32,
    /// The share of the object's pixels, after scaling, that are not to reach the brightest grey value, 0 to 1.
    pub(super) below_white: f32,
}

impl Likeness {
    /// How to trim; `None` where nothing is trimmed and grey values stay.
    pub(super) fn trim(self) -> Option<Trim> {
        match self {
            // NIST's digits were black and white before they were scaled: their edges are grey, and what is inside is
            // white. The brightest twentieth of a digit of MNIST is at 252 and above in 99 of 100.
            Self::Digit => Some(Trim { threshold: |contrast| contrast / 40.0, below_white: 1.0 }),
            // In each of the set's 70,000 pictures the brightest pixel is 254 or 255.
            Self::Garment => Some(Trim { threshold: |_| 0.05 * 255.0, below_white: 1.0 }),
            Self::Whole => None,
        }
    }

    /// Height and width of the box for the object in a frame, in pixels.
    pub(super) fn room(self, height: usize, width: usize) -> (usize, usize) {
        match self {
            Self::Digit => {
                let side = (height.min(width) as f64 * 20.0 / 28.0).round().max(1.0) as usize;
                (side, side)
            }
            Self::Garment | Self::Whole => (height, width),
        }
    }

    /// What is put into the frame's middle.
    pub(super) fn centre(self) -> Centre {
        match self {
            Self::Digit => Centre::Mass,
            Self::Garment | Self::Whole => Centre::Outline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_has_20_of_28_parts_of_the_shorter_side_and_all_others_the_whole_frame() {
        let table = [
            (Likeness::Digit, (28, 28), (20, 20), "MNIST"),
            (Likeness::Digit, (32, 32), (23, 23), "22.86 rounded"),
            (Likeness::Digit, (28, 40), (20, 20), "the shorter side counts"),
            (Likeness::Digit, (1, 9), (1, 1), "never less than a pixel"),
            (Likeness::Garment, (28, 40), (28, 40), "Fashion-MNIST's garments touch the frame"),
            (Likeness::Whole, (28, 40), (28, 40), "nothing is known of a margin"),
        ];
        for (like, (height, width), expected, why) in table {
            assert_eq!(like.room(height, width), expected, "{why}");
        }
    }

    #[test]
    fn public_sets_have_pictures_of_their_own_kind() {
        let likes = PublicSet::ALL.map(Likeness::from);
        assert_eq!(likes, [Likeness::Digit, Likeness::Garment]);
    }
}
