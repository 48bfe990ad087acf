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

    /// Numbers of a copy; none where the image can be used as it is.
    pub(super) fn room(&self) -> usize {
        if self.is_none() { 0 } else { self.copy[0] * self.copy[1] * self.channels }
    }

    /// The image with its border: a copy at `to`, or the image itself if it has none.
    ///
    /// # Safety
    /// The image can be read, and the copy, which does not overlap it, written.
    #[inline(always)]
    pub(super) unsafe fn copied(&self, from: *const f32, to: *mut f32) -> *const f32 {
        if self.is_none() {
            return from;
        }
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
        to
    }
}
