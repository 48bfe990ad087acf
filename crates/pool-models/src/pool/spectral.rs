//! Spectral pooling: cropping in the frequency domain (Rippel, Snoek & Adams, "Spectral Representations for
//! Convolutional Neural Networks", 2015).

use tch::{TchError, Tensor};

use super::windows::{as_given, with_digits};

/// Entries of an axis whose transform loses no digit that matters in `f32`: of a prime number of entries it is three
/// transforms, one after another.
const LONGEST_IN_SINGLE: i64 = 1 << 16;

/// Keeps the lowest frequencies of every spatial axis, and the mean as it is.
pub(super) fn forward(input: &Tensor, output: &[i64]) -> Result<Tensor, TchError> {
    let mut cropped = input.shallow_clone();
    for (axis, &size) in output.iter().enumerate() {
        cropped = crop(&cropped, axis as i64 + 2, size)?;
    }
    Ok(cropped)
}

/// Along one axis; the input is real, so half of its spectrum says it all.
fn crop(input: &Tensor, dimension: i64, output: i64) -> Result<Tensor, TchError> {
    let size = input.size()[dimension as usize];
    if output == size {
        return Ok(input.shallow_clone());
    }
    let digits = with_digits(input, size > LONGEST_IN_SINGLE)?;
    let half = output / 2;
    let kept = digits.f_fft_rfft(None, dimension, "backward")?.f_narrow(dimension, 0, half + 1)?;
    // Of an even output, the highest frequency stands for itself and its mirror image, which was cut off.
    let kept = if output % 2 == 0 {
        let highest = kept.f_narrow(dimension, half, 1)?.f_mul_scalar(2.0)?;
        Tensor::f_cat(&[kept.f_narrow(dimension, 0, half)?, highest], dimension)?
    } else {
        kept
    };
    let cropped =
        kept.f_fft_irfft(output, dimension, "backward")?.f_mul_scalar(output as f64 / size as f64)?;
    as_given(cropped, input)
}
