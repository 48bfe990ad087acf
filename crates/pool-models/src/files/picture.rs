//! Pictures as tensors.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, Limits, RgbImage};
use pool_metrics::atomic_write;
use tch::{Kind, TchError, Tensor};

use super::FileError;

/// The longest side of a picture, in pixels: more than any camera's.
pub(super) const MAX_SIDE: u32 = 1 << 14;
/// The most pixels of a picture: in colour, their tensor takes 0.8 GB.
pub(super) const MAX_PIXELS: u64 = 1 << 26;
/// 256 colours.
const MAX_PALETTE_BYTES: usize = 768;
/// Deflate makes at most this many bytes of one.
const MOST_UNPACKED: u64 = 1032;

/// Reads a PNG as `[1, 1, H, W]` (grey) or `[1, 3, H, W]` (colour), `f32` from 0 to 1. Transparency is dropped.
///
/// # Errors
/// A file that cannot be read, is no PNG, or has more pixels than are read.
pub fn read_picture(path: &Path) -> Result<Tensor, FileError> {
    let bytes = std::fs::read(path).map_err(FileError::io("read", path))?;
    let not_png = |reason: String| FileError::NotPng { path: path.to_owned(), reason };
    let refused = |error: image::ImageError| not_png(error.to_string());
    if let Some(length) = palette_bytes(&bytes)
        && (length % 3 != 0 || length > MAX_PALETTE_BYTES)
    {
        return Err(not_png(format!("a palette of {length} bytes; it has 1 to 256 colours of 3 bytes")));
    }
    let decoder = PngDecoder::with_limits(Cursor::new(&bytes), Limits::default()).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(FileError::PictureTooLarge { path: path.to_owned(), height, width });
    }
    // The header is believed only as far as the file can go, so that no size in it can ask for memory.
    if pixels * bits_per_pixel(&bytes) / 8 > bytes.len() as u64 * MOST_UNPACKED {
        return Err(not_png(format!(
            "the header promises {height}x{width} pixels, and the file ends before"
        )));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let (channels, pixels) = if picture.color().has_color() {
        (3, picture.into_rgb8().into_raw())
    } else {
        (1, picture.into_luma8().into_raw())
    };
    to_tensor(&pixels, &[1, height, width, channels]).map_err(FileError::torch(path))
}

/// Bytes of a PNG file's palette, if there is one: the decoder would panic at a part of a colour. W3C, "Portable Network
/// Graphics", section 5.3: a chunk is its length, its name, its data and four bytes of a checksum.
fn palette_bytes(png: &[u8]) -> Option<usize> {
    let mut rest = png.get(8..)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (name, data) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        match name {
            b"PLTE" => return Some(length),
            b"IDAT" | b"IEND" => return None,
            _ => rest = data.get(length.checked_add(4)?..)?,
        }
    }
}

/// Bits of a pixel by a PNG file's header: W3C, "Portable Network Graphics", section 11.2.1. What is packed is what
/// counts here, and not what the decoder makes of it: an index of a palette, say, and not its colour.
fn bits_per_pixel(png: &[u8]) -> u64 {
    let (depth, colour) = (png.get(24).copied().unwrap_or(0), png.get(25).copied().unwrap_or(0));
    let channels = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    u64::from(depth) * channels
}

/// Grey pixels, row by row from the top, as `[1, 1, H, width]`, `f32` from 0 (black) to 1 (white).
///
/// # Errors
/// Pixels that do not fill whole rows.
pub fn grey_tensor(pixels: &[u8], width: usize) -> Result<Tensor, TchError> {
    to_tensor(pixels, &[1, -1, width as i64, 1])
}

fn to_tensor(pixels: &[u8], shape: &[i64]) -> Result<Tensor, TchError> {
    let bytes = Tensor::f_from_slice(pixels)?.f_reshape(shape)?.f_permute([0, 3, 1, 2])?.f_contiguous()?;
    // In place: a picture of the greatest size takes most of a gigabyte.
    bytes.f_to_kind(Kind::Float)?.f_div_scalar_(255.0)
}

/// How the values of a tensor became brightness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// The value drawn black.
    pub black: f64,
    /// The value drawn white.
    pub white: f64,
}

/// A grey picture, row by row from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyPicture {
    /// Pixels of a row.
    pub width: usize,
    /// One byte per pixel, 0 black and 255 white.
    pub pixels: Vec<u8>,
    /// What black and white stand for.
    pub drawn: Drawn,
}

impl GreyPicture {
    /// Draws `[1, C, H, W]`, all channels side by side, or `[1, F]` as one row. Values from 0 to 1 are drawn as they
    /// are; where any lies outside, the smallest is black and the greatest white.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn of(tensor: &Tensor) -> Result<Self, TchError> {
        let rows = match tensor.size()[..] {
            [1, _, height, _] => tensor.f_permute([0, 2, 1, 3])?.f_reshape([height, -1])?,
            _ => tensor.f_reshape([1, -1])?,
        };
        let (drawn, pixels) = brightness(&rows)?;
        Ok(Self { width: rows.size()[1] as usize, pixels, drawn })
    }
}

/// Writes `[1, C, H, W]` as a PNG: in colour for 3 channels, else one grey picture per channel, side by side. Values
/// from 0 to 1 are drawn as they are; where any lies outside, the smallest is black and the greatest white. The file is
/// there whole or not at all.
///
/// # Errors
/// A tensor of another shape, or a file that cannot be written.
pub fn write_picture(path: &Path, tensor: &Tensor) -> Result<Drawn, FileError> {
    let shape = tensor.size();
    let &[1, channels, height, width] = &shape[..] else {
        return Err(FileError::NoPicture { path: path.to_owned(), shape });
    };
    let torch = FileError::torch(path);
    let (width, height) = (width as u32, height as u32);
    let (drawn, picture) = if channels == 3 {
        let (drawn, pixels) =
            tensor.f_permute([0, 2, 3, 1]).and_then(|rows| brightness(&rows)).map_err(torch)?;
        (drawn, RgbImage::from_raw(width, height, pixels).map(DynamicImage::from))
    } else {
        let GreyPicture { width, pixels, drawn } = GreyPicture::of(tensor).map_err(torch)?;
        (drawn, GrayImage::from_raw(width as u32, height, pixels).map(DynamicImage::from))
    };
    let picture = picture.ok_or_else(|| FileError::NoPicture { path: path.to_owned(), shape })?;
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| FileError::NotPng { path: path.to_owned(), reason: error.to_string() })?;
    atomic_write(path, &bytes.into_inner()).map_err(FileError::io("write", path))?;
    Ok(drawn)
}

/// One byte per entry, in order. NaN is black.
fn brightness(tensor: &Tensor) -> Result<(Drawn, Vec<u8>), TchError> {
    let values = tensor.detach().f_to_kind(Kind::Double)?;
    let (least, greatest) = (f64::try_from(values.f_min()?)?, f64::try_from(values.f_max()?)?);
    let (black, white) = if least < 0.0 || greatest > 1.0 { (least, greatest) } else { (0.0, 1.0) };
    let spread = if white > black { white - black } else { 1.0 };
    let bytes = values
        .f_sub_scalar(black)?
        .f_mul_scalar(255.0 / spread)?
        .f_nan_to_num(0.0, 255.0, 0.0)?
        .f_clamp(0.0, 255.0)?
        .f_round()?
        .f_to_kind(Kind::Uint8)?
        .f_contiguous()?
        .f_flatten(0, -1)?;
    Ok((Drawn { black, white }, Vec::<u8>::try_from(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(tensor: &Tensor) -> (Drawn, Tensor) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        let drawn = write_picture(&path, tensor).unwrap();
        (drawn, read_picture(&path).unwrap())
    }

    #[test]
    fn grey_and_colour_pictures_are_read_back() {
        for channels in [1, 3] {
            let pixels =
                (Tensor::arange(channels * 6, (Kind::Float, tch::Device::Cpu)) * 14.0).round() / 255.0;
            let picture = pixels.reshape([1, channels, 2, 3]);
            let (drawn, found) = round_trip(&picture);
            assert_eq!(drawn, Drawn { black: 0.0, white: 1.0 });
            assert!((found - picture).abs().max().double_value(&[]) < 1e-6);
        }
    }

    #[test]
    fn values_outside_0_and_1_are_stretched_and_two_channels_stand_side_by_side() {
        let picture = Tensor::from_slice(&[-1.0, 0.0, 1.0, 3.0]).reshape([1, 2, 1, 2]);
        let (drawn, found) = round_trip(&picture);
        assert_eq!(drawn, Drawn { black: -1.0, white: 3.0 });
        assert_eq!(found.size(), [1, 1, 1, 4]);
        assert_eq!((found.double_value(&[0, 0, 0, 0]), found.double_value(&[0, 0, 0, 3])), (0.0, 1.0));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let vector = Tensor::from_slice(&[1.0, 2.0]).reshape([1, 2]);
        assert_eq!(
            write_picture("x.png".as_ref(), &vector).unwrap_err().to_string(),
            "x.png: a tensor of shape [1, 2] is no picture, which needs [1, C, H, W]; write it as .npy"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        std::fs::write(&path, b"not a picture").unwrap();
        let error = read_picture(&path).unwrap_err().to_string();
        assert!(error.contains("x.png: no PNG picture: "), "{error}");
    }

    /// A grey PNG file of one byte, whose header promises `width` x `height` pixels of 16 bits.
    fn promising(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        GrayImage::new(1, 1).write_to(&mut file, ImageFormat::Png).unwrap();
        let mut file = file.into_inner();
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        file[24] = 16;
        // The checksum of the chunk's name and content.
        let crc = crc32(&file[12..29]);
        file[29..33].copy_from_slice(&crc.to_be_bytes());
        file
    }

    /// As PNG has it: W3C, "Portable Network Graphics", annex D.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
        })
    }

    #[test]
    fn a_picture_that_only_its_header_makes_large_costs_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        for (width, height, expected) in [
            (
                20_000,
                1,
                "expected at most 16384 pixels a side and 67108864 in all, found 1x20000; shrink the picture",
            ),
            (
                9_000,
                9_000,
                "expected at most 16384 pixels a side and 67108864 in all, found 9000x9000; shrink the picture",
            ),
            (8_000, 7_000, "no PNG picture: the header promises 7000x8000 pixels, and the file ends before"),
        ] {
            std::fs::write(&path, promising(width, height)).unwrap();
            let error = read_picture(&path).unwrap_err().to_string();
            assert_eq!(error, format!("{}: {expected}", path.display()));
        }
    }
}
