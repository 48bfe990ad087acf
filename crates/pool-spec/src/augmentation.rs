//! Random changes of the training images, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::reading::{is_zero, whole};

/// How training images are changed at random each time that they are seen. What is left out changes nothing; a flip is as
/// likely as none, and every other amount is drawn evenly from its interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Which way images are mirrored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flip: Option<Flip>,
    /// Whole pixels, up and down and to both sides, that an image moves at most. Background comes in: the random crop of
    /// an image with that much padding.
    #[serde(skip_serializing_if = "is_none_of_it", deserialize_with = "whole::<0, 4_096, _, _>")]
    pub translate: usize,
    /// Degrees, both ways, that an image turns about its centre at most.
    #[serde(skip_serializing_if = "is_zero")]
    pub rotate: f64,
    /// The share by which an image is larger or smaller at most: 0.1 is 0.9 to 1.1 of its size.
    #[serde(skip_serializing_if = "is_zero")]
    pub scale: f64,
    /// The side, in pixels, of a square of background about a pixel of the image (`DeVries` & Taylor 2017).
    #[serde(skip_serializing_if = "is_none_of_it", deserialize_with = "whole::<0, 4_096, _, _>")]
    pub cutout: usize,
    /// The share by which an image is lighter or darker at most.
    #[serde(skip_serializing_if = "is_zero")]
    pub brightness: f64,
    /// The share by which the distances of an image's values from their mean are larger or smaller at most.
    #[serde(skip_serializing_if = "is_zero")]
    pub contrast: f64,
}

/// Which way images are mirrored, half of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// Left becomes right.
    Horizontal,
    /// Top becomes bottom.
    Vertical,
    /// Each of the two, whatever the other one does.
    Both,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_none_of_it(pixels: &usize) -> bool {
    *pixels == 0
}

impl Augmentation {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The key that is wrong, and the message with value, rule and cure.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        let shares = [
            ("rotate", self.rotate, 180.0, "10.0", "degrees from 0 to 180"),
            ("scale", self.scale, 0.9, "0.1", "a share from 0 to 0.9"),
            ("brightness", self.brightness, 1.0, "0.2", "a share from 0 to 1"),
            ("contrast", self.contrast, 1.0, "0.2", "a share from 0 to 1"),
        ];
        let wrong = shares.into_iter().find(|(_, value, most, ..)| !(0.0..=*most).contains(value));
        wrong.map_or(Ok(()), |(key, value, _, usual, rule)| {
            Err((key, format!("{key} = {value}: give {rule}, such as {usual}")))
        })
    }
}

impl fmt::Display for Augmentation {
    /// Each change in a word or two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flip = self.flip.map(|flip| match flip {
            Flip::Horizontal => "flipped horizontally".to_owned(),
            Flip::Vertical => "flipped vertically".to_owned(),
            Flip::Both => "flipped both ways".to_owned(),
        });
        let pixels = |pixels: usize| if pixels == 1 { "pixel" } else { "pixels" };
        let translate = (self.translate > 0)
            .then(|| format!("moved by up to {} {}", self.translate, pixels(self.translate)));
        let share = |share: f64, what: &str| (share > 0.0).then(|| format!("{what} by up to {share}"));
        let rotate = (self.rotate > 0.0).then(|| format!("turned by up to {}°", self.rotate));
        let cutout = (self.cutout > 0).then(|| format!("a square of {0}x{0} cut out", self.cutout));
        let changes = [
            flip,
            translate,
            rotate,
            share(self.scale, "scaled"),
            share(self.brightness, "brightness changed"),
            share(self.contrast, "contrast changed"),
            cutout,
        ];
        let changes: Vec<String> = changes.into_iter().flatten().collect();
        f.write_str(if changes.is_empty() { "none" } else { "" })?;
        f.write_str(&changes.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_words_name_what_is_changed() {
        assert_eq!(Augmentation::default().to_string(), "none");
        let some = Augmentation {
            flip: Some(Flip::Horizontal),
            translate: 2,
            scale: 0.1,
            ..Augmentation::default()
        };
        assert_eq!(some.to_string(), "flipped horizontally, moved by up to 2 pixels, scaled by up to 0.1");
        assert_eq!(serde_json::to_string(&Augmentation::default()).unwrap(), "{}");
    }
}
