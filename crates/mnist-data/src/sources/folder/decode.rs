//! The pictures of a folder, decoded by every processor and brought to one shape.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pool_files::{DecodedPicture, PictureFileError, PngError, decode_picture, with_room};
use pool_spec::{Colour, PictureSettings, PictureSize, SkippedFile, Unreadable};
use rayon::prelude::*;

use super::super::wrong;
use super::scan::{Found, Scan};
use crate::error::{DataError, PictureError};
use crate::images::{LabelledImages, PictureShape};
use crate::open::open;
use crate::picture::{Prepared, Step};
use crate::planes::to_planes;
use crate::raster::Raster;

const SIZE_CURE: &str =
    "give all of them one size: size = 32 below [data], or size = [32, 48] for height and width";

/// All pictures of a folder.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) train: LabelledImages,
    /// `None` if there is no folder of them.
    pub(super) validation: Option<LabelledImages>,
    /// `None` if there is no folder `test`.
    pub(super) test: Option<LabelledImages>,
    pub(super) skipped: Vec<SkippedFile>,
}

/// Decodes every picture.
///
/// # Errors
/// [`DataError::Unreadable`], [`DataError::Source`] for pictures of several sizes or a class without any that can be read,
/// or [`DataError::OutOfMemory`].
pub(super) fn all(scan: &Scan, settings: &PictureSettings) -> Result<Decoded, DataError> {
    let (height, width) = size(scan, settings)?;
    // In colour until all of them have been seen to be grey.
    let colour = settings.colour.unwrap_or(Colour::Rgb);
    let shape = PictureShape { colour, height, width };
    let train = Part::decode(scan, &scan.train, shape, settings)?;
    let other = |found: &Option<Vec<Found>>| {
        found.as_ref().map(|found| Part::decode(scan, found, shape, settings)).transpose()
    };
    let (validation, test) = (other(&scan.validation)?, other(&scan.test)?);
    let parts = || [Some(&train), validation.as_ref(), test.as_ref()].into_iter().flatten();
    let mut broken: Vec<SkippedFile> = parts().flat_map(|part| part.broken.iter().cloned()).collect();
    broken.sort_by(|a, b| a.file.cmp(&b.file));
    if !broken.is_empty() && settings.unreadable == Unreadable::Refuse {
        return Err(DataError::Unreadable {
            folder: scan.folder.clone(),
            files: broken,
            pictures: scan.files().count(),
        });
    }
    let mut has = vec![false; scan.classes.len()];
    for &label in &train.labels {
        has[usize::from(label)] = true;
    }
    for (label, class) in (0..=u16::MAX).zip(&scan.classes) {
        if !has[usize::from(label)] {
            let cure = "mend or replace them";
            return Err(wrong(&scan.folder, class, "a picture to train with that can be read", "none", cure));
        }
    }
    let all_grey = settings.colour.is_none() && parts().all(|part| part.is_grey);
    let finish = |part: Part| part.finish(shape, all_grey);
    let any = |part: Option<Part>| part.filter(|part| !part.labels.is_empty()).map(finish).transpose();
    Ok(Decoded { train: finish(train)?, validation: any(validation)?, test: any(test)?, skipped: broken })
}

/// Height and width: those that were asked for, or those of the first picture that can be read.
fn size(scan: &Scan, settings: &PictureSettings) -> Result<(usize, usize), DataError> {
    if let Some(PictureSize { height, width }) = settings.size {
        return Ok((height as usize, width as usize));
    }
    let first = scan.files().find_map(|found| read(&scan.path_of(found)).ok());
    let Some(DecodedPicture { height, width, .. }) = first else {
        let found = "none";
        return Err(wrong(
            &scan.folder,
            "pictures",
            "one that can be read",
            found,
            "export the pictures again",
        ));
    };
    let most = PictureSize::MOST as usize;
    if height > most || width > most {
        let expected = format!("at most {most} pixels a side");
        return Err(wrong(&scan.folder, "picture size", expected, format!("{height}x{width}"), SIZE_CURE));
    }
    Ok((height, width))
}

/// Why a picture is left out, or why the set cannot be used.
pub(super) enum Problem {
    Broken(String),
    OtherSize { height: usize, width: usize },
    Fatal(DataError),
}

/// Pictures that become training or test images.
struct Part {
    /// `[N, H, W, C]`.
    pixels: Vec<u8>,
    labels: Vec<u16>,
    is_grey: bool,
    broken: Vec<SkippedFile>,
}

impl Part {
    fn decode(
        scan: &Scan,
        found: &[Found],
        shape: PictureShape,
        settings: &PictureSettings,
    ) -> Result<Self, DataError> {
        let bytes = shape.bytes().saturating_mul(found.len());
        let mut pixels: Vec<u8> = with_room(bytes).map_err(DataError::OutOfMemory)?;
        pixels.resize(bytes, 0);
        let outcomes: Vec<Result<bool, Problem>> = pixels
            .par_chunks_exact_mut(shape.bytes())
            .zip(found)
            .map(|(to, found)| decode_into(to, &scan.path_of(found), shape, settings))
            .collect();

        let mut part =
            Self { pixels, labels: Vec::with_capacity(found.len()), is_grey: true, broken: Vec::new() };
        for (index, (found, outcome)) in found.iter().zip(outcomes).enumerate() {
            match outcome {
                Ok(is_grey) => {
                    // Those that follow a broken one move up.
                    let from = index * shape.bytes();
                    part.pixels.copy_within(from..from + shape.bytes(), part.labels.len() * shape.bytes());
                    part.labels.push(found.label);
                    part.is_grey &= is_grey;
                }
                Err(Problem::Broken(reason)) => {
                    part.broken.push(SkippedFile { file: found.file.clone(), reason });
                }
                Err(Problem::OtherSize { height, width }) => {
                    let expected = format!("{}x{} as the first picture", shape.height, shape.width);
                    let size = format!("{height}x{width}");
                    return Err(wrong(
                        &scan.folder,
                        format!("{}: size", found.file),
                        expected,
                        size,
                        SIZE_CURE,
                    ));
                }
                Err(Problem::Fatal(error)) => return Err(error),
            }
        }
        part.pixels.truncate(part.labels.len() * shape.bytes());
        Ok(part)
    }

    fn finish(mut self, shape: PictureShape, as_grey: bool) -> Result<LabelledImages, DataError> {
        if !as_grey {
            return LabelledImages::new(shape, to_planes(shape, self.pixels)?, self.labels);
        }
        // Where all channels are equal, each is the brightness.
        let mut pixel = 0;
        self.pixels.retain(|_| {
            pixel += 1;
            pixel % shape.colour.channels() == 1
        });
        self.pixels.shrink_to_fit();
        LabelledImages::new(PictureShape::grey(shape.height, shape.width), self.pixels, self.labels)
    }
}

/// Fills in a picture, `[H, W, C]`, and says whether it is grey.
fn decode_into(
    to: &mut [u8],
    path: &Path,
    shape: PictureShape,
    settings: &PictureSettings,
) -> Result<bool, Problem> {
    let decoded = read(path)?;
    if settings.size.is_none() && (decoded.height, decoded.width) != (shape.height, shape.width) {
        return Err(Problem::OtherSize { height: decoded.height, width: decoded.width });
    }
    let (raster, _) =
        Raster::of(&decoded, shape.colour).map_err(|error| Problem::Fatal(DataError::OutOfMemory(error)))?;
    let (raster, _) = raster.framed(shape.height, shape.width, settings.resize);
    to.copy_from_slice(&raster.samples);
    Ok(match shape.colour {
        Colour::Grey => true,
        Colour::Rgb => to.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]),
    })
}

/// A picture as it is in its file, upright.
pub(super) fn read(path: &Path) -> Result<DecodedPicture, Problem> {
    let file = open(path).map_err(|error| Problem::Broken(error.to_string()))?;
    decode_picture(BufReader::new(file)).map_err(|error| match error {
        PictureFileError::Png(PngError::OutOfMemory(error)) => Problem::Fatal(DataError::OutOfMemory(error)),
        error => Problem::Broken(error.to_string()),
    })
}

/// A picture file brought to the shape of a folder's pictures, as those were, for a network that learned them: laid on
/// white, in the network's channels, and in its frame.
///
/// # Errors
/// [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::Picture`].
pub fn picture_in_frame(
    path: &Path,
    shape: PictureShape,
    settings: &PictureSettings,
) -> Result<Prepared, DataError> {
    let in_file = |problem: PictureFileError| DataError::picture(path, PictureError::File(problem));
    let file = File::open(path).map_err(DataError::opening(path))?;
    let decoded = decode_picture(BufReader::new(file)).map_err(in_file)?;
    let (raster, mut steps) =
        Raster::of(&decoded, shape.colour).map_err(|error| in_file(PngError::OutOfMemory(error).into()))?;
    let (raster, more) = raster.framed(shape.height, shape.width, settings.resize);
    steps.extend(more);
    if steps.is_empty() {
        steps.push(Step::AsItIs);
    }
    Ok(Prepared { pixels: to_planes(raster.shape, raster.samples)?, steps })
}
