//! How much memory a layer may take at once: one rule over the bytes of a whole batch, held before anything is allocated.

use super::geometry::{AxisCells, Cells};
use crate::SettingError;

/// The most that one layer takes at once, for its output, for a padded copy of its input, or for windows that are laid
/// out: 16 GiB, on every machine, so that what is planned on one of them can be tried on another.
pub const MOST_BYTES: u64 = 1 << 34;

/// Tensors as large as the laid-out windows that computing a reducer has at once: values, scaled, their powers, and those
/// with what is not seen filled.
const COPIES: u64 = 4;

/// What is written down of each cell of one plane, in passing: whether it is seen, and where it lies.
const CELL_BYTES: u64 = 32;

/// What helps where an output is too large.
const SMALLER_OUTPUT: &str = "choose a smaller output or fewer samples at once";

/// What helps where windows are laid out.
const FEWER_CELLS: &str = "use smaller windows, a larger stride, fewer samples at once, or f32 on the processor, of \
                           which most reducers lay nothing out";

/// Refuses an output of so many elements, those of the whole batch, that would be too large.
///
/// # Errors
/// [`SettingError::TooMuchMemory`].
pub fn check_output(
    outputs: u128,
    element_bytes: u64,
    input: impl FnOnce() -> Vec<i64>,
) -> Result<(), SettingError> {
    check("the output", outputs.saturating_mul(u128::from(element_bytes)), SMALLER_OUTPUT, input)
}

/// Refuses to lay out windows over a batch `[N, C, spatial...]`, or over one sample `[C, spatial...]`.
///
/// # Errors
/// [`SettingError::TooMuchMemory`].
pub fn check_gathered(input: &[i64], cells: &Cells, element_bytes: u64) -> Result<(), SettingError> {
    let bytes = gathered_bytes(input, cells, element_bytes);
    check("the windows, laid out side by side,", bytes, FEWER_CELLS, || input.to_vec())
}

/// What windows that are laid out take, with all that is made of them at once.
pub fn gathered_bytes(input: &[i64], cells: &Cells, element_bytes: u64) -> u128 {
    let axes = cells.axes();
    let planes = product(&input[..input.len() - axes.len()]);
    let of_plane = axes.iter().map(|axis| axis.output() as u128 * axis.width() as u128);
    let of_plane = of_plane.fold(1, u128::saturating_mul);
    let looked_up = axes.iter().any(|axis| matches!(axis, AxisCells::Regions(_)) || axis.has_gaps());
    let notes = if looked_up { of_plane.saturating_mul(CELL_BYTES.into()) } else { 0 };
    let values =
        planes.saturating_mul(of_plane).saturating_mul(u128::from(element_bytes) * u128::from(COPIES));
    values.saturating_add(notes)
}

/// Refuses a copy with padding around it, of this shape.
///
/// # Errors
/// [`SettingError::TooMuchMemory`].
pub fn check_padded(input: &[i64], padded: &[i64], element_bytes: u64) -> Result<(), SettingError> {
    let bytes = product(padded).saturating_mul(u128::from(element_bytes));
    check("the input with its padding", bytes, "use less padding or fewer samples at once", || input.to_vec())
}

fn check(
    what: &'static str,
    bytes: u128,
    cure: &'static str,
    input: impl FnOnce() -> Vec<i64>,
) -> Result<(), SettingError> {
    if bytes <= u128::from(MOST_BYTES) {
        return Ok(());
    }
    Err(SettingError::TooMuchMemory { what, input: input(), bytes, cure })
}

/// The product of a tensor's sizes.
pub fn product(sizes: &[i64]) -> u128 {
    sizes.iter().fold(1, |product, &size| product.saturating_mul(size.max(0) as u128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::geometry::{Geometry, Window};
    use crate::sizes::F32_BYTES;

    #[test]
    fn the_whole_batch_counts_in_bytes_of_its_type() {
        let fits = |output: &[i64], bytes| check_output(product(output), bytes, Vec::new).is_ok();
        for (output, bytes, expected) in [
            (&[1i64, 16, 16_384, 16_384][..], F32_BYTES, true),
            (&[1, 17, 16_384, 16_384], F32_BYTES, false),
            (&[1, 16, 16_384, 16_384], 8, false),
            (&[2, 16, 16_384, 16_384], 2, true),
            (&[3, 16, 16_384, 16_384], 2, false),
            (&[i64::MAX; 5], 8, false),
        ] {
            assert_eq!(fits(output, bytes), expected, "{output:?} of {bytes} bytes each");
        }
    }

    #[test]
    fn windows_that_are_laid_out_are_counted_with_their_copies() {
        let window = Window::new(2).stride(1);
        let cells = Geometry::Window(window).cells(&[1025, 1025], None).unwrap().remove(0);
        // 1024 x 1024 windows of 4 cells, 4 copies of 4 bytes: 2^26 bytes a plane, and 2^34 are allowed.
        let fits = |samples, bytes| check_gathered(&[samples, 2, 1025, 1025], &cells, bytes).is_ok();
        assert!(fits(128, F32_BYTES) && !fits(129, F32_BYTES));
        assert!(fits(64, 8) && !fits(65, 8));
        let error = check_gathered(&[129, 2, 1025, 1025], &cells, F32_BYTES).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the windows, laid out side by side, would take 17314086912 bytes for an input of shape [129, 2, 1025, \
             1025], and one layer may take at most 17179869184 (16 GiB) at once; use smaller windows, a larger stride, \
             fewer samples at once, or f32 on the processor, of which most reducers lay nothing out"
        );
    }
}
