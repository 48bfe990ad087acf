//! An image with a border of zeros.

#![expect(unsafe_code, reason = "rows are copied by address")]

/// How an image is copied into a larger one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Border {
    /// Rows and columns of the image.
    pub(super) image: [usize; 2],
    /// Rows above it, and columns to the left.
    pub(super) before: [usize; 2],
    /// Rows and columns of the copy.
    pub(super) copy: [usize; 2],
    /// Numbers of a pixel.
    pub(super) channels: usize,
}

impl Border {
    /// Whether the image can be used as it is.
    fn is_none(&self) -> bool {
        self.copy == self.image
    }

    /// Numbers of an image with its border.
    pub(super) fn numbers(&self) -> usize {
        self.copy[0] * self.copy[1] * self.channels
    }

    /// Numbers of a copy; none where the image can be used as it is.
    pub(super) fn room(&self) -> usize {
        if self.is_none() { 0 } else { self.numbers() }
    }

    /// Images with their border: copies at `to`, or the images themselves if they have none.
    ///
    /// # Safety
    /// The images can be read, and the copies, which do not overlap them, written.
    #[inline(always)]
    pub(super) unsafe fn copied(&self, images: usize, from: *const f32, to: *mut f32) -> *const f32 {
        if self.is_none() {
            return from;
        }
        let image_numbers = self.image[0] * self.image[1] * self.channels;
        for image in 0..images {
            // SAFETY: the caller's promise.
            unsafe { self.copy(from.add(image * image_numbers), to.add(image * self.numbers())) }
        }
        to
    }

    /// Copies one image.
    ///
    /// # Safety
    /// The image can be read, and the copy written.
    #[inline(always)]
    unsafe fn copy(&self, from: *const f32, to: *mut f32) {
        let Self { image: [rows, columns], before: [above, left], copy: [to_rows, to_columns], channels } =
            *self;
        let right = to_columns - left - columns;
        for row in 0..to_rows {
            // SAFETY: a row of the copy, and a row of the image where there is one.
            unsafe {
                let to = to.add(row * to_columns * channels);
                match row.checked_sub(above).filter(|&row| row < rows) {
                    Some(row) => {
                        to.write_bytes(0, left * channels);
                        let from = from.add(row * columns * channels);
                        std::ptr::copy_nonoverlapping(from, to.add(left * channels), columns * channels);
                        to.add((left + columns) * channels).write_bytes(0, right * channels);
                    }
                    None => to.write_bytes(0, to_columns * channels),
                }
            }
        }
    }
}
