//! How a data set arranges its pictures, for pictures that are to look like them.

use pool_spec::PublicSet;

use super::step::Centre;

/// How a data set arranges its object in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Likeness {
    /// A digit as in MNIST: scaled, with its aspect kept, into a box of 20/28 of the frame's shorter side, and put into
    /// the frame by its centre of mass (LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document
    /// recognition", 1998, section III.A).
    Digit,
    /// A garment as in Fashion-MNIST: trimmed of what is within 5 % of the background, scaled, with its aspect kept, to
    /// the frame, and centred by its outline (Xiao, Rasul & Vollgraf, arXiv:1708.07747, section 2). The sharpening
    /// of that procedure is left out: it compensated for subsampling, and here new pixels are means of old ones.
    Garment,
    /// The whole picture, with its aspect kept, fitted into the frame: for sets whose arrangement is unknown.
    Whole,
}

impl From<PublicSet> for Likeness {
    fn from(set: PublicSet) -> Self {
        match set {
            PublicSet::Mnist => Self::Digit,
            PublicSet::FashionMnist => Self::Garment,
            // As a set of the user's own.
            PublicSet::Kmnist | PublicSet::EmnistLetters | PublicSet::Cifar10 | PublicSet::Cifar100 => {
                Self::Whole
            }
        }
    }
}

/// Given the contrast (the brightest grey value minus that of the background): how much brighter than the background a
/// pixel of the object is. All in grey values of 255.
pub(super) type Trim = fn(contrast: f32) -> f32;

/// How much a set's own pictures differ from what [`prepared`](crate::Picture::prepared) makes of others, found by
/// measuring all 70,000 of each set.
pub(super) struct Slack {
    /// The object's longer side may fall short of its box by this share of it.
    pub(super) side: f64,
    /// It may lie this many pixels from where it would be put, along each axis.
    pub(super) place: usize,
}

impl Likeness {
    /// How the set's own pictures are recognised; `None` if their arrangement is unknown.
    pub(super) fn slack(self) -> Option<Slack> {
        match self {
            // 19 or 20 pixels of 20; 99.9 % are exactly in their place, and the others a pixel off.
            Self::Digit => Some(Slack { side: 0.075, place: 1 }),
            // 23 to 28 pixels of 28; 94 % are exactly in their place.
            Self::Garment => Some(Slack { side: 0.2, place: 2 }),
            Self::Whole => None,
        }
    }

    /// How to trim; `None` if the whole picture is kept, with its grey values.
    pub(super) fn trim(self) -> Option<Trim> {
        match self {
            // More than compression leaves around ink, and little enough to keep the faint ends of strokes.
            Self::Digit => Some(|contrast| contrast / 16.0),
            Self::Garment => Some(|_| 0.05 * 255.0),
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

    /// The point of the object that goes to the frame's middle.
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
            (Likeness::Whole, (28, 40), (28, 40), "its margin is unknown"),
        ];
        for (like, (height, width), expected, why) in table {
            assert_eq!(like.room(height, width), expected, "{why}");
        }
    }

    #[test]
    fn public_sets_have_pictures_of_their_own_kind_where_it_is_known() {
        let likes = PublicSet::ALL.map(Likeness::from);
        assert_eq!(likes[..2], [Likeness::Digit, Likeness::Garment]);
        assert!(likes[2..].iter().all(|like| *like == Likeness::Whole));
    }
}
