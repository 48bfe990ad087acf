//! Pictures of any size and colours, brought to one shape: what a sweep file says about it.

use std::fmt;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the channels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// One channel: brightness.
    #[default]
    Grey,
    /// Three channels: red, green and blue.
    Rgb,
}

impl Colour {
    /// How many channels a picture has.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }

    /// The one with this many channels.
    pub fn of_channels(channels: usize) -> Option<Self> {
        match channels {
            1 => Some(Self::Grey),
            3 => Some(Self::Rgb),
            _ => None,
        }
    }

    /// Whether this is [`Colour::Grey`].
    pub fn is_grey(&self) -> bool {
        *self == Self::Grey
    }
}

/// How a picture of another size is brought to the size of a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// All of it, with its aspect kept, and white around it.
    #[default]
    Fit,
    /// Its middle, with its aspect kept: what is beyond the frame is lost.
    Crop,
    /// All of it, without regard to its aspect.
    Stretch,
}

impl Resize {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is done with pictures that lie in a folder, which may be of any size and colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureSettings {
    /// Height and width to which they are brought, in pixels; `None` takes them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<PictureSize>,
    /// How.
    #[serde(default, skip_serializing_if = "Resize::is_default")]
    pub resize: Resize,
    /// What their channels become; `None` is grey if all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// What becomes of files that are no pictures.
    #[serde(default, skip_serializing_if = "Unreadable::is_default")]
    pub unreadable: Unreadable,
}

impl PictureSettings {
    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a file among the pictures that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The whole set is refused.
    #[default]
    Refuse,
    /// It is left out, and named in the log and in the record.
    Skip,
}

impl Unreadable {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Height and width of a picture, in pixels: `32`, or `[32, 48]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureSize {
    /// Height.
    pub height: u32,
    /// Width.
    pub width: u32,
}

impl PictureSize {
    /// The longest side: a picture of this size already holds three million numbers.
    pub const MOST: u32 = 1024;

    fn of(height: u64, width: u64) -> Option<Self> {
        let side = |side| u32::try_from(side).ok().filter(|side| (1..=Self::MOST).contains(side));
        Some(Self { height: side(height)?, width: side(width)? })
    }
}

impl Serialize for PictureSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.height, self.width].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PictureSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;

        impl<'de> Visitor<'de> for SizeVisitor {
            type Value = PictureSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let most = PictureSize::MOST;
                write!(f, "pixels from 1 to {most}, such as 32, or height and width, such as [32, 48]")
            }

            fn visit_i64<E: Error>(self, side: i64) -> Result<PictureSize, E> {
                let found = || E::invalid_value(Unexpected::Signed(side), &self);
                u64::try_from(side).ok().and_then(|side| PictureSize::of(side, side)).ok_or_else(found)
            }

            fn visit_u64<E: Error>(self, side: u64) -> Result<PictureSize, E> {
                let found = || E::invalid_value(Unexpected::Unsigned(side), &self);
                PictureSize::of(side, side).ok_or_else(found)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PictureSize, A::Error> {
                let mut sides = Vec::new();
                while let Some(side) = seq.next_element::<u64>()? {
                    sides.push(side);
                }
                let size = match sides[..] {
                    [height, width] => PictureSize::of(height, width),
                    _ => None,
                };
                size.ok_or_else(|| A::Error::invalid_value(Unexpected::Seq, &self))
            }
        }

        deserializer.deserialize_any(SizeVisitor)
    }
}
