//! Pixels that lie in another order than `[N, C, H, W]`, brought into it.

use pool_files::make_room;
use pool_spec::Colour;

use crate::error::DataError;
use crate::images::PictureShape;

/// `[N, H, W, C]` as `[N, C, H, W]`, in the same memory and that of one more picture.
///
/// # Errors
///
/// [`DataError::OutOfMemory`].
pub(crate) fn to_planes(shape: PictureShape, mut pixels: Vec<u8>) -> Result<Vec<u8>, DataError> {
    let channels = match shape.colour {
        Colour::Grey => return Ok(pixels),
        colour @ Colour::Rgb => colour.channels(),
    };
    let mut planes: Vec<u8> = Vec::new();
    make_room(&mut planes, shape.bytes()).map_err(DataError::OutOfMemory)?;
    for picture in pixels.chunks_exact_mut(shape.bytes().max(1)) {
        planes.clear();
        for channel in 0..channels {
            planes.extend(picture.iter().skip(channel).step_by(channels));
        }
        picture.copy_from_slice(&planes);
    }
    Ok(pixels)
}

/// `[N, C, W, H]` as `[N, C, H, W]`: rows become columns, in the same memory and that of one more channel.
///
/// # Errors
///
/// [`DataError::OutOfMemory`].
pub(crate) fn transpose(
    shape: PictureShape,
    mut pixels: Vec<u8>,
) -> Result<(PictureShape, Vec<u8>), DataError> {
    let mut turned: Vec<u8> = Vec::new();
    make_room(&mut turned, shape.plane_bytes()).map_err(DataError::OutOfMemory)?;
    for plane in pixels.chunks_exact_mut(shape.plane_bytes().max(1)) {
        turned.clear();
        for column in 0..shape.width {
            turned.extend(plane.iter().skip(column).step_by(shape.width));
        }
        plane.copy_from_slice(&turned);
    }
    Ok((PictureShape { height: shape.width, width: shape.height, ..shape }, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let turned =
            transpose(PictureShape::grey(2, 3), vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]).unwrap();
        assert_eq!(turned, (PictureShape::grey(3, 2), vec![1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]));
        let turned = transpose(PictureShape::rgb(1, 2), vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(turned, (PictureShape::rgb(2, 1), vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn colours_are_parted_and_grey_stays_as_it_is() {
        let shape = PictureShape::rgb(1, 2);
        let pixels = vec![1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
        let planes = vec![1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16];
        assert_eq!(to_planes(shape, pixels.clone()).unwrap(), planes);
        assert_eq!(to_planes(PictureShape::grey(1, 2), pixels.clone()).unwrap(), pixels);
    }
}
