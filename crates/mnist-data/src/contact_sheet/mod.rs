//! A contact sheet: some pictures of every class in a row, behind the name of the class.

mod font;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use pool_files::{make_room, with_room};

use crate::LabelledImages;
use crate::error::DataError;

/// Pictures of each class, as far as there are so many.
const PER_CLASS: usize = 10;
/// Rows of a sheet: more would be no sheet that one looks at.
const MOST_CLASSES: usize = 100;
/// Letters of a class's name; what is longer is cut off.
const MOST_LETTERS: usize = 24;
/// Points between pictures, and around everything.
const GAP: usize = 4;
/// A letter's point is a square of this many pixels.
const LETTER_SCALE: usize = 2;
/// A picture is shown at least about this large, in pixels of its longer side, and never beyond twice that.
const SHOWN_SIDE: usize = 64;
/// Neither the black nor the white ground of a picture.
const GROUND: u8 = 216;

/// A picture of pictures, in colour.
#[derive(Debug, PartialEq, Eq)]
pub struct ContactSheet {
    width: usize,
    height: usize,
    /// `[H, W, 3]`.
    pixels: Vec<u8>,
    /// Classes that the sheet shows, from label 0.
    pub classes: usize,
}

/// How a picture is shown: each pixel as a square, or only some of the pixels.
#[derive(Clone, Copy)]
struct Scale {
    larger: usize,
    smaller: usize,
}

impl Scale {
    fn of(side: usize) -> Self {
        Self { larger: (SHOWN_SIDE / side).max(1), smaller: side.div_ceil(2 * SHOWN_SIDE).max(1) }
    }

    /// Pixels on the sheet.
    fn shown(self, side: usize) -> usize {
        side.div_ceil(self.smaller) * self.larger
    }

    /// The pixel of the picture that is shown here.
    fn source(self, place: usize) -> usize {
        place / self.larger * self.smaller
    }
}

impl ContactSheet {
    /// Of at most 100 classes and ten pictures of each, evenly spread over its images in their order. The names are by
    /// label.
    ///
    /// # Errors
    /// [`DataError::OutOfMemory`].
    pub fn of(images: &LabelledImages, names: &[String]) -> Result<Self, DataError> {
        let classes = names.len().min(MOST_CLASSES);
        let names = &names[..classes];
        let scale = Scale::of(images.height().max(images.width()));
        let (cell_height, cell_width) = (scale.shown(images.height()), scale.shown(images.width()));
        let letters = names.iter().map(|name| name.chars().count().min(MOST_LETTERS)).max().unwrap_or(0);
        let left = GAP + letters * (font::WIDTH + 1) * LETTER_SCALE + GAP;
        let row_height = cell_height.max(font::HEIGHT * LETTER_SCALE) + GAP;
        let (width, height) = (left + PER_CLASS * (cell_width + GAP), GAP + classes * row_height);
        let mut pixels = with_room(width * height * 3).map_err(DataError::OutOfMemory)?;
        pixels.resize(width * height * 3, GROUND);
        let mut sheet = Self { width, height, pixels, classes };
        for ((label, name), chosen) in names.iter().enumerate().zip(chosen(images, classes)?) {
            let top = GAP + label * row_height;
            sheet.write(name, top + (row_height - GAP - font::HEIGHT * LETTER_SCALE) / 2);
            for (place, index) in chosen.into_iter().enumerate() {
                sheet.draw(images, index, scale, (top, left + place * (cell_width + GAP)));
            }
        }
        Ok(sheet)
    }

    /// The sheet as a PNG file; `None` if it has no pixels.
    pub fn png(&self) -> Option<Vec<u8>> {
        let (width, height) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        let mut file = Vec::new();
        let encoder = PngEncoder::new(&mut file);
        encoder.write_image(&self.pixels, width, height, ExtendedColorType::Rgb8).ok()?;
        Some(file)
    }

    fn set(&mut self, row: usize, column: usize, colour: [u8; 3]) {
        let start = (row * self.width + column) * 3;
        self.pixels[start..start + 3].copy_from_slice(&colour);
    }

    /// Writes a name at the left edge.
    fn write(&mut self, name: &str, top: usize) {
        for (place, letter) in name.chars().take(MOST_LETTERS).enumerate() {
            let left = GAP + place * (font::WIDTH + 1) * LETTER_SCALE;
            for row in 0..font::HEIGHT * LETTER_SCALE {
                for column in 0..font::WIDTH * LETTER_SCALE {
                    if font::is_set(letter, row / LETTER_SCALE, column / LETTER_SCALE) {
                        self.set(top + row, left + column, [0; 3]);
                    }
                }
            }
        }
    }

    fn draw(&mut self, images: &LabelledImages, index: usize, scale: Scale, (top, left): (usize, usize)) {
        let Some(picture) = images.picture(index) else { return };
        let shape = images.shape();
        for row in 0..scale.shown(shape.height) {
            for column in 0..scale.shown(shape.width) {
                let at = scale.source(row) * shape.width + scale.source(column);
                let channel =
                    |channel: usize| picture[channel % shape.colour.channels() * shape.plane_bytes() + at];
                self.set(top + row, left + column, [channel(0), channel(1), channel(2)]);
            }
        }
    }
}

/// The images that stand for each class, by label.
fn chosen(images: &LabelledImages, classes: usize) -> Result<Vec<Vec<usize>>, DataError> {
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (index, &label) in images.labels().iter().enumerate() {
        if let Some(class) = of_class.get_mut(usize::from(label)) {
            make_room(class, 1).map_err(DataError::OutOfMemory)?;
            class.push(index);
        }
    }
    let spread = |class: Vec<usize>| {
        let shown = class.len().min(PER_CLASS);
        (0..shown).map(|place| class[place * class.len() / shown]).collect()
    };
    Ok(of_class.into_iter().map(spread).collect())
}

#[cfg(test)]
mod tests {
    use pool_files::{PngColour, decode_png};

    use super::*;
    use crate::{Dataset, PictureShape};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_class_has_a_row_with_its_name_and_its_own_pictures_in_their_colours() {
        let pixels = vec![10, 20, 30, 200, 100, 50, 1, 2, 3];
        let images = LabelledImages::new(PictureShape::rgb(1, 1), pixels, vec![1, 0, 1]).unwrap();
        let sheet = ContactSheet::of(&images, &names(&["I", "-", "none"])).unwrap();
        let png = decode_png(std::io::Cursor::new(sheet.png().unwrap())).unwrap();
        assert_eq!((png.colour, png.height, png.width), (PngColour::Rgb, sheet.height, sheet.width));
        let at = |row: usize, column: usize| &png.samples[(row * png.width + column) * 3..][..3];
        // A pixel is shown 64 times as large, behind four letters.
        let left = 4 + 4 * 12 + 4;
        assert_eq!((sheet.height, sheet.width), (4 + 3 * 68, left + 10 * 68));
        assert_eq!((at(4, left), at(67, left + 63)), (&[200, 100, 50][..], &[200, 100, 50][..]));
        assert_eq!((at(72, left), at(72, left + 68)), (&[10, 20, 30][..], &[1, 2, 3][..]));
        assert_eq!(at(140, left), [GROUND; 3], "a class without pictures");
        // The middle of the letter I, and of the dash below it.
        assert_eq!((at(4 + 32, 4 + 4), at(4 + 32, 4)), (&[0; 3][..], &[GROUND; 3][..]));
        assert_eq!(at(72 + 32, 4), [0; 3]);
    }

    #[test]
    fn large_pictures_are_thinned_out_and_rare_ones_shown_all_and_many_classes_cut_off() {
        let scale = Scale::of(1024);
        assert_eq!((scale.shown(1024), scale.shown(512), scale.source(127)), (128, 64, 1016));
        let images = Dataset::bars_and_crosses(0).train;
        let many: Vec<String> = (0..300).map(|class| class.to_string()).collect();
        assert_eq!(ContactSheet::of(&images, &many).unwrap().classes, 100);
        let chosen = chosen(&images, 4).unwrap();
        assert!(chosen.iter().all(|class| class.len() == 10 && class.is_sorted()));
        let none = ContactSheet::of(&images, &[]).unwrap();
        assert_eq!(none.classes, 0);
    }
}
