//! An image with a border of zeros.

#![expect(unsafe_code, reason = "rows are copied by address")]

use std::ops::Range;

use super::operands::{Form, Operands};
use super::winograd::Plane;
use crate::simd::Simd;

/// How an image is copied into a larger one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Border {
    /// Rows and columns of the image.
    pub(super) image: [usize; 2],
    /// Rows above it, and columns to the left.
    pub(super) before: [usize; 2],
    /// Rows and columns of the copy.
    pub(super) copy: [usize; 2],
    /// Numbers of a pixel of the image.
    pub(super) channels: usize,
    /// How they lie in the copy.
    pub(super) form: Form,
}

impl Border {
    /// Whether the image can be used as it is.
    fn is_none(&self) -> bool {
        self.copy == self.image && self.form == Form::Singles
    }

    /// Places of a pixel of the copy.
    fn places(&self) -> usize {
        self.form.places(self.channels)
    }

    /// Places of an image with its border.
    pub(super) fn numbers(&self) -> usize {
        self.copy[0] * self.copy[1] * self.places()
    }

    /// The images with their border, from this row and column of the first one on.
    pub(super) fn plane(&self, [first_row, first_column]: [usize; 2]) -> Plane {
        let pixel = self.places();
        let row = self.copy[1] * pixel;
        let first = first_row * row + first_column * pixel;
        Plane { first, image: self.numbers(), row, pixel, channels: pixel }
    }

    /// Numbers of a copy; none where the image can be used as it is.
    pub(super) fn room(&self) -> usize {
        if self.is_none() { 0 } else { self.numbers() }
    }

    /// Images with their border: copies at `to`, of these rows alone, or the images themselves if they have none.
    ///
    /// # Safety
    /// The images can be read, and the copies, which do not overlap them, written.
    #[inline(always)]
    pub(super) unsafe fn copied<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        (images, rows): (usize, Range<usize>),
        from: *const f32,
        to: *mut f32,
    ) -> *const f32 {
        if self.is_none() {
            return from;
        }
        let image_numbers = self.image[0] * self.image[1] * self.channels;
        for image in 0..images {
            // SAFETY: the caller's promise.
            unsafe {
                let to = to.add(image * self.numbers());
                self.copy(s, operands, rows.clone(), from.add(image * image_numbers), to);
            }
        }
        to
    }

    /// Copies some rows of one image.
    ///
    /// # Safety
    /// The image can be read, and the copy written.
    #[inline(always)]
    unsafe fn copy<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        to_rows: Range<usize>,
        from: *const f32,
        to: *mut f32,
    ) {
        let Self { image: [rows, columns], before: [above, left], copy: [_, to_columns], .. } = *self;
        let (channels, places) = (self.channels, self.places());
        let right = to_columns - left - columns;
        // Pixels with a place that is half full are copied one by one.
        let pixels = if self.form.places(2 * channels) == 2 * places { columns } else { 1 };
        for row in to_rows {
            // SAFETY: a row of the copy, and a row of the image where there is one.
            unsafe {
                let to = to.add(row * to_columns * places);
                match row.checked_sub(above).filter(|&row| row < rows) {
                    Some(row) => {
                        to.write_bytes(0, left * places);
                        let from = from.add(row * columns * channels);
                        for column in (0..columns).step_by(pixels) {
                            let to = to.add((left + column) * places);
                            operands.copy(s, from.add(column * channels), to, pixels * channels);
                        }
                        to.add((left + columns) * places).write_bytes(0, right * places);
                    }
                    None => to.write_bytes(0, to_columns * places),
                }
            }
        }
    }
}
