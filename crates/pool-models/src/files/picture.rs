//! Pictures as tensors.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use pool_files::{PngDepth, PngError, atomic_write, decode_png, with_room};
use tch::{Kind, TchError, Tensor};

use super::{FileError, FileKind, read_bytes};

/// The value of white, where black is 0.
fn white_of(depth: PngDepth) -> f64 {
    match depth {
        PngDepth::Eight => 255.0,
        PngDepth::Sixteen => 65_535.0,
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
pub fn read_picture_and_depth(path: &Path) -> Result<(Tensor, PngDepth), FileError> {
    let bytes = read_bytes(path)?;
    FileKind::expect(FileKind::Png, path, &bytes)?;
    let png = decode_png(Cursor::new(&bytes)).map_err(FileError::png(path))?;
    let channels = png.colour.channels() as i64;
    let shape = [1, png.height as i64, png.width as i64, channels];
    // Behind grey or colour stands what is transparent.
    let shown = if channels < 3 { 1 } else { 3 };
    let picture = to_tensor(&png.samples, &shape, shown, png.depth).map_err(FileError::torch(path))?;
    Ok((picture, png.depth))
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
    to_tensor(pixels, &[1, rows as i64, width as i64, 1], 1, PngDepth::Eight)
}

/// The first `shown` channels of values `[1, H, W, C]`, which lie in memory as they are counted.
fn to_tensor(values: &[u8], shape: &[i64], shown: i64, depth: PngDepth) -> Result<Tensor, TchError> {
    let kind = match depth {
        PngDepth::Eight => Kind::Uint8,
        PngDepth::Sixteen => Kind::Int16,
    };
    let values = Tensor::f_from_data_size(values, shape, kind)?.f_narrow(-1, 0, shown)?;
    let values = values.f_permute([0, 3, 1, 2])?.f_contiguous()?;
    // In place: a picture of the greatest size takes most of a gigabyte.
    let mut numbers = values.f_to_kind(Kind::Float)?;
    if depth == PngDepth::Sixteen {
        // The upper half of what has no sign was taken for negative.
        numbers = numbers.f_remainder_(65_536.0)?;
    }
    numbers.f_div_scalar_(white_of(depth))
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
        let (drawn, pixels) = brightness(&rows, PngDepth::Eight)?;
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
    write_picture_of_depth(path, tensor, PngDepth::Eight)
}

/// As [`write_picture`], of any depth.
///
/// # Errors
/// As [`write_picture`].
pub fn write_picture_of_depth(path: &Path, tensor: &Tensor, depth: PngDepth) -> Result<Drawn, FileError> {
    let shape = tensor.size();
    let &[1, channels, height, width] = &shape[..] else {
        return Err(FileError::NoPicture { path: path.to_owned(), shape });
    };
    let pixels = if channels == 3 { tensor.f_permute([0, 2, 3, 1]) } else { in_rows(tensor) };
    let drawn = pixels.and_then(|pixels| brightness(&pixels, depth));
    let (drawn, values) = drawn.map_err(FileError::torch(path))?;
    let width = if channels == 3 { width } else { width * channels };
    let bytes = match depth {
        PngDepth::Eight => in_memory(path, &values, |&value| [value as u8])?,
        PngDepth::Sixteen => in_memory(path, &values, |&value| (value as u16).to_ne_bytes())?,
    };
    let colour = match (channels, depth) {
        (3, PngDepth::Eight) => ExtendedColorType::Rgb8,
        (3, PngDepth::Sixteen) => ExtendedColorType::Rgb16,
        (_, PngDepth::Eight) => ExtendedColorType::L8,
        (_, PngDepth::Sixteen) => ExtendedColorType::L16,
    };
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(&bytes, width as u32, height as u32, colour)
        .map_err(|error| FileError::png(path)(PngError::Damaged { reason: error.to_string() }))?;
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
fn brightness(tensor: &Tensor, depth: PngDepth) -> Result<(Drawn, Tensor), TchError> {
    let values = tensor.detach().f_to_kind(Kind::Double)?;
    let (least, greatest) = (f64::try_from(values.f_min()?)?, f64::try_from(values.f_max()?)?);
    let (black, white) = if least < 0.0 || greatest > 1.0 { (least, greatest) } else { (0.0, 1.0) };
    let spread = if white > black { white - black } else { 1.0 };
    let most = white_of(depth);
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
        assert!(error.contains("x.png: expected a PNG picture, found a file of another kind"), "{error}");
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
            assert_eq!((picture.size(), depth), (vec![1, shown as i64, 2, 3], PngDepth::Sixteen));
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
            assert_eq!((again, depth), (picture, PngDepth::Sixteen), "{colour:?}");
        }
    }
}
