//! Pictures as tensors.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::{PngDecoder, PngEncoder};
use image::{ExtendedColorType, ImageDecoder, ImageEncoder, Limits};
use pool_files::atomic_write;
use pool_kernels::with_room;
use tch::{Kind, TchError, Tensor};

use super::{FileError, FileKind, read_bytes};

/// The longest side of a picture, in pixels: more than any camera's.
pub(super) const MAX_SIDE: u32 = 1 << 14;
/// The most pixels of a picture: in colour, their tensor takes 0.8 GB.
pub(super) const MAX_PIXELS: u64 = 1 << 26;
/// 256 colours.
const MAX_PALETTE_BYTES: usize = 768;
/// Deflate makes at most this many bytes of one.
const MOST_UNPACKED: u64 = 1032;

/// How finely a picture tells its values apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// In 255 steps.
    #[default]
    Eight,
    /// In 65,535 steps.
    Sixteen,
}

impl Depth {
    /// The value of white, where black is 0.
    fn white(self) -> f64 {
        match self {
            Self::Eight => 255.0,
            Self::Sixteen => 65_535.0,
        }
    }
}

/// Reads a PNG as `[1, 1, H, W]` (grey) or `[1, 3, H, W]` (colour), `f32` from 0 to 1, in as many steps as the picture
/// has. Transparency is dropped.
///
/// # Errors
/// A file that cannot be read, is no PNG, or has more pixels than are read.
pub fn read_picture(path: &Path) -> Result<Tensor, FileError> {
    read_picture_and_depth(path).map(|(picture, _)| picture)
}

/// As [`read_picture`], with the depth that [`write_picture_of_depth`] takes.
///
/// # Errors
/// As [`read_picture`].
pub fn read_picture_and_depth(path: &Path) -> Result<(Tensor, Depth), FileError> {
    let bytes = read_bytes(path)?;
    FileKind::expect(FileKind::Png, path, &bytes)?;
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
    let colour = decoder.color_type();
    let channels = u64::from(colour.channel_count());
    let depth = match u64::from(colour.bytes_per_pixel()) / channels {
        2 => Depth::Sixteen,
        _ => Depth::Eight,
    };
    let length = decoder.total_bytes() as usize;
    let mut values = with_room(length).map_err(FileError::memory(path))?;
    values.resize(length, 0);
    decoder.read_image(&mut values).map_err(refused)?;
    let shape = [1, i64::from(height), i64::from(width), channels as i64];
    // Behind grey or colour stands what is transparent.
    let shown = if colour.has_color() { 3 } else { 1 };
    let picture = to_tensor(&values, &shape, shown, depth).map_err(FileError::torch(path))?;
    Ok((picture, depth))
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
    let rows = pixels.len().checked_div(width).unwrap_or(0);
    if rows * width != pixels.len() {
        return Err(TchError::Shape(format!("{} pixels in rows of {width}", pixels.len())));
    }
    to_tensor(pixels, &[1, rows as i64, width as i64, 1], 1, Depth::Eight)
}

/// The first `shown` channels of values `[1, H, W, C]`, which lie in memory as they are counted.
fn to_tensor(values: &[u8], shape: &[i64], shown: i64, depth: Depth) -> Result<Tensor, TchError> {
    let kind = match depth {
        Depth::Eight => Kind::Uint8,
        Depth::Sixteen => Kind::Int16,
    };
    let values = Tensor::f_from_data_size(values, shape, kind)?.f_narrow(-1, 0, shown)?;
    let values = values.f_permute([0, 3, 1, 2])?.f_contiguous()?;
    // In place: a picture of the greatest size takes most of a gigabyte.
    let mut numbers = values.f_to_kind(Kind::Float)?;
    if depth == Depth::Sixteen {
        // The upper half of what has no sign was taken for negative.
        numbers = numbers.f_remainder_(65_536.0)?;
    }
    numbers.f_div_scalar_(depth.white())
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
        let rows = in_rows(tensor)?;
        let (drawn, pixels) = brightness(&rows, Depth::Eight)?;
        let pixels = Vec::<u8>::try_from(pixels.f_to_kind(Kind::Uint8)?)?;
        Ok(Self { width: rows.size()[1] as usize, pixels, drawn })
    }
}

/// `[1, C, H, W]`, all channels side by side, or anything else as one row.
fn in_rows(tensor: &Tensor) -> Result<Tensor, TchError> {
    match tensor.size()[..] {
        [1, _, height, _] => tensor.f_permute([0, 2, 1, 3])?.f_reshape([height, -1]),
        _ => tensor.f_reshape([1, -1]),
    }
}

/// Writes `[1, C, H, W]` as a PNG of 8 bits: in colour for 3 channels, else one grey picture per channel, side by side.
/// Values from 0 to 1 are drawn as they are; where any lies outside, the smallest is black and the greatest white. The
/// file is there whole or not at all.
///
/// # Errors
/// A tensor of another shape, or a file that cannot be written.
pub fn write_picture(path: &Path, tensor: &Tensor) -> Result<Drawn, FileError> {
    write_picture_of_depth(path, tensor, Depth::Eight)
}

/// As [`write_picture`], of any depth.
///
/// # Errors
/// As [`write_picture`].
pub fn write_picture_of_depth(path: &Path, tensor: &Tensor, depth: Depth) -> Result<Drawn, FileError> {
    let shape = tensor.size();
    let &[1, channels, height, width] = &shape[..] else {
        return Err(FileError::NoPicture { path: path.to_owned(), shape });
    };
    let pixels = if channels == 3 { tensor.f_permute([0, 2, 3, 1]) } else { in_rows(tensor) };
    let drawn = pixels.and_then(|pixels| brightness(&pixels, depth));
    let (drawn, values) = drawn.map_err(FileError::torch(path))?;
    let width = if channels == 3 { width } else { width * channels };
    let bytes = match depth {
        Depth::Eight => in_memory(path, &values, |&value| [value as u8])?,
        Depth::Sixteen => in_memory(path, &values, |&value| (value as u16).to_ne_bytes())?,
    };
    let colour = match (channels, depth) {
        (3, Depth::Eight) => ExtendedColorType::Rgb8,
        (3, Depth::Sixteen) => ExtendedColorType::Rgb16,
        (_, Depth::Eight) => ExtendedColorType::L8,
        (_, Depth::Sixteen) => ExtendedColorType::L16,
    };
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(&bytes, width as u32, height as u32, colour)
        .map_err(|error| FileError::NotPng { path: path.to_owned(), reason: error.to_string() })?;
    atomic_write(path, &file).map_err(FileError::io("write", path))?;
    Ok(drawn)
}

/// The bytes of whole numbers, one after another.
fn in_memory<const BYTES: usize>(
    path: &Path,
    values: &Tensor,
    bytes_of: impl Fn(&i32) -> [u8; BYTES],
) -> Result<Vec<u8>, FileError> {
    let count = values.numel();
    let mut numbers = with_room(count).map_err(FileError::memory(path))?;
    numbers.resize(count, 0i32);
    values.f_copy_data(&mut numbers, count).map_err(FileError::torch(path))?;
    let mut bytes = with_room(count * BYTES).map_err(FileError::memory(path))?;
    bytes.extend(numbers.iter().flat_map(bytes_of));
    Ok(bytes)
}

/// One whole number per entry, in order, from 0 for black. NaN is black.
fn brightness(tensor: &Tensor, depth: Depth) -> Result<(Drawn, Tensor), TchError> {
    let values = tensor.detach().f_to_kind(Kind::Double)?;
    let (least, greatest) = (f64::try_from(values.f_min()?)?, f64::try_from(values.f_max()?)?);
    let (black, white) = if least < 0.0 || greatest > 1.0 { (least, greatest) } else { (0.0, 1.0) };
    let spread = if white > black { white - black } else { 1.0 };
    let most = depth.white();
    let numbers = values
        .f_sub_scalar(black)?
        .f_mul_scalar(most / spread)?
        .f_nan_to_num(0.0, most, 0.0)?
        .f_clamp(0.0, most)?
        .f_round()?
        .f_to_kind(Kind::Int)?
        .f_contiguous()?
        .f_flatten(0, -1)?;
    Ok((Drawn { black, white }, numbers))
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
        std::fs::write(&path, b"\xff\xd8\xff\xe0").unwrap();
        let error = read_picture(&path).unwrap_err().to_string();
        assert!(error.ends_with("x.png: is a JPEG picture; convert it to PNG"), "{error}");
    }

    /// 1000 and 1001 of 65,535 are both 4 of 255.
    #[test]
    fn pictures_of_sixteen_bits_keep_them_whatever_their_colour_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        let shades: [u16; 6] = [0, 1000, 1001, 32_767, 32_768, 65_535];
        // Of each pixel its colour, and how opaque it is, which is dropped.
        for (colour, channels, shown) in [
            (ExtendedColorType::L16, 1, 1),
            (ExtendedColorType::La16, 2, 1),
            (ExtendedColorType::Rgb16, 3, 3),
            (ExtendedColorType::Rgba16, 4, 3),
        ] {
            let value = |pixel: usize, channel: usize| shades[(pixel + channel) % 6];
            let values = (0..6).flat_map(|pixel| (0..channels).map(move |channel| value(pixel, channel)));
            let bytes: Vec<u8> = values.flat_map(u16::to_ne_bytes).collect();
            let mut file = Vec::new();
            PngEncoder::new(&mut file).write_image(&bytes, 3, 2, colour).unwrap();
            std::fs::write(&path, file).unwrap();
            let (picture, depth) = read_picture_and_depth(&path).unwrap();
            assert_eq!((picture.size(), depth), (vec![1, shown as i64, 2, 3], Depth::Sixteen));
            for channel in 0..shown {
                for pixel in 0..6 {
                    let at = [0, channel as i64, pixel as i64 / 3, pixel as i64 % 3];
                    let expected = f64::from(value(pixel, channel)) / 65_535.0;
                    let found = picture.double_value(&at);
                    assert!((found - expected).abs() < 1e-7, "{colour:?}: {found}, not {expected}");
                }
            }
            // Written and read again, nothing has changed.
            write_picture_of_depth(&path, &picture, depth).unwrap();
            let (again, depth) = read_picture_and_depth(&path).unwrap();
            assert_eq!((again, depth), (picture, Depth::Sixteen), "{colour:?}");
        }
    }

    /// A grey PNG file of one byte, whose header promises `width` x `height` pixels of 16 bits.
    fn promising(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        PngEncoder::new(&mut file).write_image(&[0], 1, 1, ExtendedColorType::L8).unwrap();
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
