//! Decoding PNG files that may come from anywhere: no panic, memory in proportion to the file, and a typed error.

use std::io::{self, BufRead, ErrorKind, Read, Seek, SeekFrom};

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, Limits};

use crate::memory::{OutOfMemory, with_room};

/// The longest side of a picture, in pixels: more than any camera's.
pub const MAX_SIDE: usize = 1 << 14;
/// The most pixels of a picture: a phone camera's 48 million fit, and their samples never take more than 0.6 GB.
pub const MAX_PIXELS: usize = 1 << 26;
/// The first eight bytes of every PNG file: W3C, "Portable Network Graphics", section 5.2.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// The most that one pixel takes: four channels of 16 bits.
const MAX_PIXEL_BYTES: usize = 8;
/// 256 colours.
const MAX_PALETTE_BYTES: u32 = 768;
/// Deflate makes at most this many bytes of one.
const MOST_UNPACKED: u64 = 1032;

/// Why a file is no PNG picture that can be decoded.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "heights and widths are in pixels")]
pub enum PngError {
    /// A file without content.
    #[error("expected a PNG picture, found an empty file; export the picture again")]
    Empty,
    /// A file that does not begin as a PNG file does.
    #[error("expected a PNG picture, found a file of another kind; convert it to PNG")]
    NotPng,
    /// A PNG file that cannot be decoded; the reason is the decoder's.
    #[error("the PNG file is damaged or cut off: {reason}; export the picture again")]
    Damaged { reason: String },
    /// More pixels than are read, so that a small file cannot unpack to terabytes.
    #[error(
        "expected at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all, found {height}x{width}; shrink the picture"
    )]
    TooLarge { height: usize, width: usize },
    /// The system does not have the memory that the pixels take.
    #[error("{0}; use a smaller picture, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// Reading failed for a reason outside the data.
    #[error("cannot read: {0}")]
    Io(io::Error),
}

/// The pixels of a PNG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedPicture {
    /// Height, in pixels.
    pub height: usize,
    /// Width, in pixels.
    pub width: usize,
    /// What the channels of a pixel are.
    pub colour: PngColour,
    /// The size of a sample.
    pub depth: PngDepth,
    /// Row-major `[H, W, C]`: one byte for each sample, or two in the byte order of this machine.
    pub samples: Vec<u8>,
}

/// The channels of a pixel, in their order. A palette's entries count as colours; whatever declares transparency, an
/// alpha channel or not, counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PngColour {
    /// Grey.
    Grey,
    /// Grey, alpha.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

/// How many bits a sample has. Samples of 1, 2 and 4 bits are widened to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PngDepth {
    /// 0 to 255.
    Eight,
    /// 0 to 65,535.
    Sixteen,
}

impl PngColour {
    /// How many channels a pixel has.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

impl PngDepth {
    /// How many bytes a sample takes.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Sixteen => 2,
        }
    }
}

/// Decodes a PNG file of any colour type and depth from its beginning; of an animated one the picture that programs
/// without animation show, which is its first frame as a rule.
///
/// The file may hold anything. Sizes in its header are believed only as far as its length can bear them out, and a
/// picture has at most 16,384 pixels a side and 67,108,864 in all: decoding never takes more than 0.6 GB, whatever a
/// small file claims.
///
/// ```
/// use std::io::Cursor;
/// use pool_files::{PngError, decode_png};
///
/// let error = decode_png(Cursor::new(b"\xff\xd8\xff\xe0 a JPEG file")).unwrap_err();
/// assert!(matches!(error, PngError::NotPng));
/// ```
///
/// # Errors
///
/// [`PngError::Empty`], [`PngError::NotPng`], [`PngError::Damaged`], [`PngError::TooLarge`],
/// [`PngError::OutOfMemory`], or [`PngError::Io`] when the reader fails.
pub fn decode_png(mut file: impl BufRead + Seek) -> Result<DecodedPicture, PngError> {
    check_claims(&mut file)?;
    file.rewind().map_err(PngError::Io)?;

    let mut limits = Limits::no_limits();
    limits.max_alloc = Some((MAX_PIXELS * MAX_PIXEL_BYTES) as u64);
    let decoder = PngDecoder::with_limits(file, limits).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    check_picture_size(height, width)?;
    let found = decoder.color_type();
    let (colour, depth) = format_of(found)
        .ok_or_else(|| damaged(format!("its pixels are {found:?}, which no PNG file has")))?;
    let length = height * width * colour.channels() * depth.bytes();
    let mut samples = with_room(length).map_err(PngError::OutOfMemory)?;
    samples.resize(length, 0);
    decoder.read_image(&mut samples).map_err(refused)?;
    Ok(DecodedPicture { height, width, colour, depth, samples })
}

/// What the channels are and how many bits each has; `None` for a format that no file of ours has.
pub(crate) fn format_of(pixels: ColorType) -> Option<(PngColour, PngDepth)> {
    Some(match pixels {
        ColorType::L8 => (PngColour::Grey, PngDepth::Eight),
        ColorType::La8 => (PngColour::GreyAlpha, PngDepth::Eight),
        ColorType::Rgb8 => (PngColour::Rgb, PngDepth::Eight),
        ColorType::Rgba8 => (PngColour::Rgba, PngDepth::Eight),
        ColorType::L16 => (PngColour::Grey, PngDepth::Sixteen),
        ColorType::La16 => (PngColour::GreyAlpha, PngDepth::Sixteen),
        ColorType::Rgb16 => (PngColour::Rgb, PngDepth::Sixteen),
        ColorType::Rgba16 => (PngColour::Rgba, PngDepth::Sixteen),
        _ => return None,
    })
}

/// Refuses a picture of more pixels than are read.
///
/// # Errors
/// [`PngError::TooLarge`].
pub fn check_picture_size(height: usize, width: usize) -> Result<(), PngError> {
    if height > MAX_SIDE || width > MAX_SIDE || height.saturating_mul(width) > MAX_PIXELS {
        return Err(PngError::TooLarge { height, width });
    }
    Ok(())
}

fn damaged(reason: String) -> PngError {
    PngError::Damaged { reason }
}

fn refused(error: ImageError) -> PngError {
    match error {
        ImageError::IoError(cause) if cause.kind() != ErrorKind::UnexpectedEof => PngError::Io(cause),
        error => damaged(error.to_string()),
    }
}

/// Walks the chunks in front of the pixels, and refuses what the decoder must not see: sizes that it would take memory
/// for, and a palette that ends within a colour, at which it would panic.
///
/// A chunk is its length, its name, its content and four bytes of a checksum: W3C, "Portable Network Graphics",
/// section 5.3. Whatever else is wrong, the decoder has words for it.
pub(crate) fn check_claims(file: &mut (impl Read + Seek)) -> Result<(), PngError> {
    let file_bytes = file.seek(SeekFrom::End(0)).map_err(PngError::Io)?;
    file.rewind().map_err(PngError::Io)?;
    let signature = read_up_to(file, SIGNATURE.len())?;
    if signature.is_empty() {
        return Err(PngError::Empty);
    }
    if signature != SIGNATURE {
        return Err(PngError::NotPng);
    }
    loop {
        let chunk = read_up_to(file, 8)?;
        let &[l0, l1, l2, l3, ref name @ ..] = &chunk[..] else { return Ok(()) };
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let mut rest = i64::from(length) + 4;
        match name {
            b"IHDR" => {
                let mut header = read_up_to(file, 10)?;
                rest -= header.len() as i64;
                header.resize(10, 0);
                check_header(&header, file_bytes)?;
            }
            b"PLTE" if length % 3 != 0 || length > MAX_PALETTE_BYTES => {
                return Err(damaged(format!(
                    "its palette has {length} bytes, and a palette has 1 to 256 colours of 3 bytes"
                )));
            }
            b"IDAT" | b"IEND" => return Ok(()),
            _ => {}
        }
        file.seek_relative(rest).map_err(PngError::Io)?;
    }
}

/// The next bytes, fewer at the file's end.
fn read_up_to(file: &mut impl Read, bytes: usize) -> Result<Vec<u8>, PngError> {
    let mut read = Vec::with_capacity(bytes);
    file.by_ref().take(bytes as u64).read_to_end(&mut read).map_err(PngError::Io)?;
    Ok(read)
}

/// Width, height, bits of a sample and colour type: W3C, "Portable Network Graphics", section 11.2.1.
fn check_header(header: &[u8], file_bytes: u64) -> Result<(), PngError> {
    let &[w0, w1, w2, w3, h0, h1, h2, h3, bits, colour] = header else { return Ok(()) };
    let side = |bytes| u32::from_be_bytes(bytes) as usize;
    let (height, width) = (side([h0, h1, h2, h3]), side([w0, w1, w2, w3]));
    check_picture_size(height, width)?;
    // As they are packed: a palette's index counts, not its colour.
    let channels = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let packed_bytes = (height * width) as u64 * u64::from(bits) * channels / 8;
    if packed_bytes > file_bytes.saturating_mul(MOST_UNPACKED) {
        return Err(damaged(format!("its header promises {height}x{width} pixels, and it ends before")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor};

    use pool_testkit::png::{Colour, PngFile, grey_file};

    use super::*;

    fn decoded(colour: Colour, depth: u8, width: u32, rows: &[u8]) -> DecodedPicture {
        let file = PngFile { width, height: 1, depth, colour, chunks: Vec::new(), rows: rows.to_vec() };
        decode_png(Cursor::new(file.bytes())).unwrap()
    }

    #[test]
    fn every_colour_type_and_depth_keeps_its_samples() {
        use PngColour::{Grey, GreyAlpha, Rgb, Rgba};
        use PngDepth::{Eight, Sixteen};
        let wide: Vec<u8> = [1_u16, 256, 40_000, 65_535].into_iter().flat_map(u16::to_be_bytes).collect();
        let native: Vec<u8> = [1_u16, 256, 40_000, 65_535].into_iter().flat_map(u16::to_ne_bytes).collect();
        let table: [(DecodedPicture, PngColour, PngDepth, &[u8]); 8] = [
            (decoded(Colour::Grey, 1, 3, &[0b0110_0000]), Grey, Eight, &[0, 255, 255]),
            (decoded(Colour::Grey, 4, 2, &[0x1f]), Grey, Eight, &[17, 255]),
            (decoded(Colour::Grey, 8, 2, &[3, 4]), Grey, Eight, &[3, 4]),
            (decoded(Colour::GreyAlpha, 8, 1, &[3, 4]), GreyAlpha, Eight, &[3, 4]),
            (decoded(Colour::Rgb, 8, 1, &[3, 4, 5]), Rgb, Eight, &[3, 4, 5]),
            (decoded(Colour::Grey, 16, 4, &wide), Grey, Sixteen, &native),
            (decoded(Colour::GreyAlpha, 16, 2, &wide), GreyAlpha, Sixteen, &native),
            (decoded(Colour::Rgba, 16, 1, &wide), Rgba, Sixteen, &native),
        ];
        for (pixels, colour, depth, samples) in table {
            assert_eq!((pixels.colour, pixels.depth, &pixels.samples[..]), (colour, depth, samples));
            assert_eq!(samples.len(), pixels.width * colour.channels() * depth.bytes());
        }
    }

    #[test]
    fn a_palette_becomes_its_colours_and_its_transparency_a_channel() {
        let palette = (*b"PLTE", vec![0, 0, 0, 200, 150, 100]);
        let plain =
            PngFile { colour: Colour::Palette, chunks: vec![palette.clone()], ..grey_file(1, 2, &[1, 0]) };
        let pixels = decode_png(Cursor::new(plain.bytes())).unwrap();
        assert_eq!((pixels.colour, &pixels.samples[..]), (PngColour::Rgb, &[200, 150, 100, 0, 0, 0][..]));

        let clear = PngFile { chunks: vec![palette, (*b"tRNS", vec![9])], ..plain };
        let pixels = decode_png(Cursor::new(clear.bytes())).unwrap();
        let expected = [200, 150, 100, 255, 0, 0, 0, 9];
        assert_eq!((pixels.colour, &pixels.samples[..]), (PngColour::Rgba, &expected[..]));
    }

    #[test]
    fn a_picture_that_only_its_header_makes_large_costs_no_memory() {
        let size = "expected at most 16384 pixels a side and 67108864 in all, found";
        let table = [
            ((20_000, 1), format!("{size} 1x20000; shrink the picture")),
            ((9_000, 9_000), format!("{size} 9000x9000; shrink the picture")),
            (
                (8_000, 7_000),
                "the PNG file is damaged or cut off: its header promises 7000x8000 pixels, and it ends before; \
                 export the picture again"
                    .to_owned(),
            ),
        ];
        for ((width, height), expected) in table {
            let file = PngFile { width, height, depth: 16, ..grey_file(1, 1, &[0]) };
            assert_eq!(decode_png(Cursor::new(file.bytes())).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_failing_disk_is_not_called_a_damaged_file() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("disk on fire"))
            }
        }
        impl BufRead for Failing {
            fn fill_buf(&mut self) -> io::Result<&[u8]> {
                Err(io::Error::other("disk on fire"))
            }
            fn consume(&mut self, _: usize) {}
        }
        impl Seek for Failing {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                Ok(0)
            }
        }
        let error = decode_png(Failing).unwrap_err();
        assert!(matches!(error, PngError::Io(_)) && error.to_string() == "cannot read: disk on fire");
    }
}
