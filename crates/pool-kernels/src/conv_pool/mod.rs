//! A network's first block in one pass: convolution, activation, pooling and dropout, image by image.
//!
//! The convolution's output, the largest tensor of a small network, is never written to memory: a few rows of it stay in
//! the cache until they are pooled. For backward it is enough to know the cells that the gradient flows through, the
//! *routes*: a few bits per output.

mod backward;
mod forward;

pub use backward::ConvPoolGradients;
pub use forward::ConvPoolForward;

use crate::isa::Isa;
use crate::memory::{OutOfMemory, product, with_room};

/// A convolution with stride 1 and without padding over two spatial axes, an activation, and pooling without overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvPool {
    /// Channels, height and width of an image.
    pub input: [usize; 3],
    /// Output channels of the convolution.
    pub filters: usize,
    /// Height and width of its kernel.
    pub kernel: [usize; 2],
    /// Whether negative values become zero before pooling.
    pub relu: bool,
    /// How windows of the convolution's output become values.
    pub reduce: ConvPoolReduce,
    /// Height and width of the windows, which are also the steps between them; `[1, 1]` pools nothing.
    pub window: [usize; 2],
}

/// The reducers of [`ConvPool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvPoolReduce {
    /// The greatest value.
    Max,
    /// The mean.
    Mean,
}

impl ConvPool {
    /// The most cells of a window: their routes are the bits of a byte.
    pub const MOST_CELLS: usize = 8;

    /// Whether this block can be computed: it has an output, its routes fit into a byte, and its sizes into a `usize`.
    pub fn is_possible(&self) -> bool {
        let [channels, height, width] = self.input;
        let fits = |size: usize, kernel: usize, window: usize| {
            kernel > 0 && window > 0 && kernel <= size && window <= size - kernel + 1
        };
        let [rows, columns] = self.kernel;
        product(&self.input).is_some()
            && product(&[self.filters, height, width]).is_some()
            && product(&[self.filters, channels, rows, columns]).is_some()
            && channels > 0
            && self.filters > 0
            && fits(height, self.kernel[0], self.window[0])
            && fits(width, self.kernel[1], self.window[1])
            && self.window.iter().all(|&size| size <= Self::MOST_CELLS)
            && self.cells() <= Self::MOST_CELLS
    }

    /// Height and width of the output. The block must be possible.
    pub fn output(&self) -> [usize; 2] {
        let [_, height, width] = self.input;
        [(height + 1 - self.kernel[0]) / self.window[0], (width + 1 - self.kernel[1]) / self.window[1]]
    }

    /// The pixels of one plane of the output.
    pub(crate) fn outputs(&self) -> usize {
        self.output().iter().product()
    }

    /// The size of the routes of this many images. The block must be possible.
    ///
    /// # Panics
    /// The size does not fit into a `usize`.
    pub fn routes(&self, isa: Isa, images: usize) -> usize {
        let lanes = isa.lanes();
        let bytes = product(&[images, self.filters.div_ceil(lanes), self.outputs(), lanes]);
        bytes.unwrap_or_else(|| panic!("routes of {images} images of {self:?}"))
    }

    fn cells(&self) -> usize {
        self.window.iter().product()
    }

    /// The numbers of one image.
    fn numbers(&self) -> usize {
        self.input.iter().product()
    }

    /// The pixels under a kernel, counted from its first, in the order of channels, rows and columns.
    fn taps(&self) -> Result<Vec<usize>, OutOfMemory> {
        let [channels, height, width] = self.input;
        let [rows, columns] = self.kernel;
        let mut taps = with_room(channels * rows * columns)?;
        for channel in 0..channels {
            for row in 0..rows {
                taps.extend((0..columns).map(|column| (channel * height + row) * width + column));
            }
        }
        Ok(taps)
    }

    /// The rows and columns of the convolution's output that windows see.
    fn seen(&self) -> [usize; 2] {
        let [rows, columns] = self.output();
        [rows * self.window[0], columns * self.window[1]]
    }

    /// Panics unless the block is possible and the lengths of the slices are those of the block, and returns the number of
    /// images. The routes may be empty.
    fn check_lengths(&self, isa: Isa, lengths: SliceLengths) -> usize {
        assert!(self.is_possible(), "{self:?}");
        let SliceLengths { images, weight, bias, output, routes } = lengths;
        let [channels, _, _] = self.input;
        let [rows, columns] = self.kernel;
        let count = images / self.numbers();
        assert!(images.is_multiple_of(self.numbers()), "numbers of the images");
        assert_eq!(Some(weight), product(&[self.filters, channels, rows, columns]), "weights");
        assert_eq!(bias, self.filters, "biases");
        assert_eq!(Some(output), product(&[count, self.filters, self.outputs()]), "numbers of the output");
        assert!(routes == 0 || routes == self.routes(isa, count), "bytes of the routes");
        count
    }
}

/// The lengths of the slices of a pass, forward or backward.
#[derive(Debug, Clone, Copy)]
struct SliceLengths {
    images: usize,
    weight: usize,
    bias: usize,
    output: usize,
    routes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: ConvPool = ConvPool {
        input: [2, 6, 8],
        filters: 3,
        kernel: [3, 3],
        relu: true,
        reduce: ConvPoolReduce::Max,
        window: [2, 2],
    };

    #[test]
    fn lengths_are_those_of_the_block() {
        let routes = BLOCK.routes(Isa::Portable, 5);
        for routes in [0, routes] {
            let lengths =
                SliceLengths { images: 5 * 96, weight: 3 * 18, bias: 3, output: 5 * 3 * 2 * 3, routes };
            assert_eq!(BLOCK.check_lengths(Isa::Portable, lengths), 5);
        }
    }

    /// An output of `2^32 * 2^32` numbers has none after wrapping around, and fills the routes of no image.
    #[test]
    fn lengths_that_wrap_around_are_refused() {
        let half = 1 << (usize::BITS / 2);
        let block = ConvPool { input: [1, 1, 1], filters: half, kernel: [1, 1], window: [1, 1], ..BLOCK };
        assert!(block.is_possible());
        let lengths = SliceLengths { images: half, weight: half, bias: half, output: 0, routes: 0 };
        let check = || block.check_lengths(Isa::Portable, lengths);
        assert!(std::panic::catch_unwind(check).is_err());
        assert!(std::panic::catch_unwind(|| block.routes(Isa::Portable, half)).is_err());
    }

    #[test]
    fn sizes_that_wrap_around_make_no_possible_block() {
        let half = 1 << (usize::BITS / 2);
        assert!(BLOCK.is_possible());
        for block in [
            ConvPool { input: [half, half, 8], ..BLOCK },
            ConvPool { filters: half, input: [1, half, 8], ..BLOCK },
            ConvPool { filters: half, input: [half, 6, 8], ..BLOCK },
            ConvPool { kernel: [usize::MAX, 3], ..BLOCK },
        ] {
            assert!(!block.is_possible(), "{block:?}");
        }
    }
}
