//! Pictures as tensors.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, RgbImage};
use pool_metrics::atomic_write;
use tch::{Kind, TchError, Tensor};

use super::FileError;

/// Reads a PNG as `[1, 1, H, W]` (grey) or `[1, 3, H, W]` (colour), `f32` from 0 to 1. Transparency is dropped.
///
/// # Errors
/// A file that cannot be read or is no PNG.
pub fn read_picture(path: &Path) -> Result<Tensor, FileError> {
    let bytes = std::fs::read(path).map_err(FileError::io("read", path))?;
    // The reader's own limits refuse pictures that would take gigabytes.
    let picture = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png)
        .decode()
        .map_err(|error| FileError::NotPng { path: path.to_owned(), reason: error.to_string() })?;
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let (channels, pixels) = if picture.color().has_color() {
        (3, picture.into_rgb8().into_raw())
    } else {
        (1, picture.into_luma8().into_raw())
    };
    to_tensor(&pixels, &[1, height, width, channels]).map_err(FileError::torch(path))
}

/// Grey pixels, row by row from the top, as `[1, 1, H, width]`, `f32` from 0 (black) to 1 (white).
///
/// # Errors
/// Pixels that do not fill whole rows.
pub fn grey_tensor(pixels: &[u8], width: usize) -> Result<Tensor, TchError> {
    to_tensor(pixels, &[1, -1, width as i64, 1])
}

fn to_tensor(pixels: &[u8], shape: &[i64]) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(pixels)?
        .f_reshape(shape)?
        .f_permute([0, 3, 1, 2])?
        .f_to_kind(Kind::Float)?
        .f_div_scalar(255.0)?
        .f_contiguous()
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
}
