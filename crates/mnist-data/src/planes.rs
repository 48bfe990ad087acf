//! Pictures whose channels lie next to one another, pixel by pixel, turned into channels that lie one after the other.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_parted_and_grey_stays_as_it_is() {
        let shape = PictureShape::rgb(1, 2);
        let pixels = vec![1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
        let planes = vec![1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16];
        assert_eq!(to_planes(shape, pixels.clone()).unwrap(), planes);
        assert_eq!(to_planes(PictureShape::grey(1, 2), pixels.clone()).unwrap(), pixels);
    }
}
