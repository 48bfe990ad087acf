//! Decoding pictures of every usual format that may come from anywhere: a typed error, bounded memory, and the orientation
//! that the camera noted.

use std::io::{BufRead, Cursor, ErrorKind, Read, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::memory::with_room;
use crate::png::{DecodedPicture, MAX_PIXELS, PngError, check_claims, check_picture_size, format_of};

/// The most that one pixel takes while it is decoded: four channels of 16 bits, and as much again for turning it.
const MAX_PIXEL_BYTES: usize = 16;

/// The longest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// How the names of files end that [`decode_picture`] reads, in small letters.
pub const PICTURE_EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "bmp", "gif"];

/// Why a file is no picture that can be decoded.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum PictureFileError {
    /// A file without content.
    #[error("expected a picture, found an empty file; export it again")]
    Empty,
    /// A file that begins like none of the formats.
    #[error(
        "expected a PNG, JPEG, WebP, BMP or GIF picture, found a file of another kind; convert it to PNG"
    )]
    Foreign,
    /// A file that cannot be decoded; the reason is the decoder's.
    #[error("the picture is damaged or cut off: {reason}; export it again")]
    Damaged { reason: String },
    /// A file longer than any picture.
    #[error("expected at most {MAX_FILE_BYTES} bytes, found {bytes}; shrink the picture")]
    TooLong { bytes: u64 },
    /// A PNG file that cannot be decoded, or too many pixels in any file.
    #[error(transparent)]
    Png(#[from] PngError),
}

/// Decodes a PNG, JPEG, WebP, BMP or GIF file, whatever its name; of an animated one its first frame. A picture that the
/// camera held sideways is turned as its EXIF data say.
///
/// The file may hold anything. A picture has at most 16,384 pixels a side and 67,108,864 in all, and a file that claims
/// more is refused before it is decoded.
///
/// ```
/// use std::io::Cursor;
/// use pool_files::{PictureFileError, decode_picture};
///
/// let error = decode_picture(Cursor::new(b"%PDF-1.7")).unwrap_err();
/// assert!(matches!(error, PictureFileError::Foreign));
/// ```
///
/// # Errors
///
/// The [`PictureFileError`].
pub fn decode_picture(mut file: impl BufRead + Seek) -> Result<DecodedPicture, PictureFileError> {
    let bytes = whole(&mut file)?;
    let format = image::guess_format(&bytes).map_err(|_| match bytes.is_empty() {
        true => PictureFileError::Empty,
        false => PictureFileError::Foreign,
    })?;
    match format {
        ImageFormat::Png => check_claims(&mut Cursor::new(&bytes[..]))?,
        ImageFormat::Jpeg if !ends(&bytes) => {
            return Err(PictureFileError::Damaged { reason: "it ends before its last row".to_owned() });
        }
        ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Bmp | ImageFormat::Gif => {}
        _ => return Err(PictureFileError::Foreign),
    }
    let mut reader = ImageReader::with_format(Cursor::new(&bytes[..]), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some((MAX_PIXELS * MAX_PIXEL_BYTES) as u64);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    check_picture_size(height as usize, width as usize)?;
    // Where the notes are damaged, the picture is shown as it lies, as viewers do.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    pixels(picture)
}

/// Whether a JPEG file's last scan ends: decoders fill what is missing with grey. Within a scan, no marker can occur.
fn ends(jpeg: &[u8]) -> bool {
    let last = |marker: [u8; 2]| jpeg.windows(2).rposition(|two| two == marker);
    last([0xff, 0xd9]) > last([0xff, 0xda])
}

fn whole(file: &mut (impl Read + Seek)) -> Result<Vec<u8>, PictureFileError> {
    let length = file.seek(std::io::SeekFrom::End(0)).map_err(PngError::Io)?;
    if length > MAX_FILE_BYTES {
        return Err(PictureFileError::TooLong { bytes: length });
    }
    file.rewind().map_err(PngError::Io)?;
    let mut bytes = with_room(length as usize).map_err(PngError::OutOfMemory)?;
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(PngError::Io)?;
    Ok(bytes)
}

fn pixels(picture: DynamicImage) -> Result<DecodedPicture, PictureFileError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if width == 0 || height == 0 {
        return Err(PictureFileError::Damaged { reason: format!("it has {height}x{width} pixels") });
    }
    let found = picture.color();
    let (colour, depth) = format_of(found).ok_or_else(|| PictureFileError::Damaged {
        reason: format!("its pixels are {found:?}, which no file of its kind has"),
    })?;
    let samples = picture.into_bytes();
    Ok(DecodedPicture { height, width, colour, depth, samples })
}

fn refused(error: ImageError) -> PictureFileError {
    match error {
        ImageError::IoError(cause) if cause.kind() != ErrorKind::UnexpectedEof => PngError::Io(cause).into(),
        error => {
            // Some decoders end their message with a new line.
            let words = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            PictureFileError::Damaged { reason: words }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::bmp::BmpEncoder;
    use image::codecs::gif::GifEncoder;
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::webp::WebPEncoder;
    use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};
    use pool_testkit::png::grey_file;

    use super::*;

    /// Two pixels high and eight wide: red above, blue below.
    fn flag() -> RgbImage {
        RgbImage::from_fn(8, 16, |_, y| if y < 8 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) })
    }

    fn jpeg(orientation: Option<u8>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
        if let Some(orientation) = orientation {
            // TIFF, little-endian, one directory of one entry: orientation (0x112), a short.
            let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(flag().as_raw(), 8, 16, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<DecodedPicture, String> {
        decode_picture(Cursor::new(bytes)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_format_gives_the_same_picture() {
        let mut files = vec![("jpeg", jpeg(None))];
        let (flag, mut bmp, mut webp, mut gif) = (flag(), Vec::new(), Vec::new(), Vec::new());
        let raw = flag.as_raw();
        BmpEncoder::new(&mut bmp).write_image(raw, 8, 16, ExtendedColorType::Rgb8).unwrap();
        WebPEncoder::new_lossless(&mut webp).write_image(raw, 8, 16, ExtendedColorType::Rgb8).unwrap();
        GifEncoder::new(&mut gif).encode(raw, 8, 16, ExtendedColorType::Rgb8).unwrap();
        files.extend([("bmp", bmp), ("webp", webp), ("gif", gif)]);
        for (format, bytes) in files {
            let decoded = decode(&bytes).unwrap();
            assert_eq!((decoded.height, decoded.width), (16, 8), "{format}");
            let channels = decoded.colour.channels();
            for (found, expected) in decoded.samples.chunks_exact(channels).zip(raw.chunks_exact(3)) {
                let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 3);
                assert!(near, "{format}: {found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn a_picture_that_was_held_sideways_is_turned() {
        // EXIF 2.32, tag 0x112: where the first row and column of the file belong.
        let table = [
            (1, (16, 8), "red on top"),
            (3, (16, 8), "red at the bottom"),
            (6, (8, 16), "red on the right"),
            (8, (8, 16), "red on the left"),
        ];
        for (orientation, size, what) in table {
            let decoded = decode(&jpeg(Some(orientation))).unwrap();
            assert_eq!((decoded.height, decoded.width), size, "{what}");
            let corner = |y: usize, x: usize| decoded.samples[(y * decoded.width + x) * 3] > 128;
            let (bottom, right) = (size.0 - 1, size.1 - 1);
            let red = [corner(0, 0), corner(0, right), corner(bottom, 0), corner(bottom, right)];
            let expected = match orientation {
                1 => [true, true, false, false],
                3 => [false, false, true, true],
                6 => [false, true, false, true],
                _ => [true, false, true, false],
            };
            assert_eq!(red, expected, "{what}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused_in_words() {
        let (whole, png) = (jpeg(None), grey_file(2, 2, &[1, 2, 3, 4]).bytes());
        let gif_of_16k = [b"GIF89a\xff\xff\xff\xff".as_slice(), &[0; 40]].concat();
        let cut = &whole[..whole.len() - 20];
        let framed = [&whole[..20], b"\xff\xd9"].concat();
        let table: [(&[u8], &str, &str); 8] = [
            (
                cut,
                "the picture is damaged or cut off: it ends before its last row; export",
                "a JPEG cut off later",
            ),
            (b"", "expected a picture, found an empty file; export it again", "empty"),
            (
                b"%PDF-1.7 text",
                "expected a PNG, JPEG, WebP, BMP or GIF picture, found a file of another kind",
                "PDF",
            ),
            (
                b"II*\0 a TIFF file",
                "expected a PNG, JPEG, WebP, BMP or GIF picture, found a file of another kind",
                "TIFF",
            ),
            (&whole[..40], "the picture is damaged or cut off: ", "a JPEG cut off in its header"),
            (&framed, "the picture is damaged or cut off: ", "a JPEG without a picture"),
            (&png[..40], "the picture is damaged or cut off: ", "a PNG cut off"),
            (
                &gif_of_16k,
                "expected at most 16384 pixels a side and 67108864 in all, found 65535x65535",
                "a bomb",
            ),
        ];
        for (bytes, start, why) in table {
            let message = decode(bytes).unwrap_err();
            assert!(message.starts_with(start) && !message.contains('\n'), "{why}: {message}");
        }
    }
}
