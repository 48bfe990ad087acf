//! A network's first block in one pass: convolution, activation, pooling and dropout, image by image.
//!
//! The convolution's output, which is the largest tensor of a small network, is never written to memory: a few rows of it
//! stand in the cache until they are pooled. Backward needs of it only which cells the gradient flows through, the
//! *routes*: a few bits per output.

mod backward;
mod forward;

pub use backward::ConvPoolGradients;
pub use forward::ConvPoolForward;

use crate::isa::Isa;

/// A convolution with stride 1 and without padding over two spatial axes, an activation, and pooling without overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvPool {
    /// Channels, height and width of an image.
    pub input: [usize; 3],
    /// Output channels of the convolution.
    pub filters: usize,
    /// Height and width of its kernel.
    pub kernel: [usize; 2],
    /// Whether negative values become zero before they are pooled.
    pub relu: bool,
    /// How windows of the convolution's output become values.
    pub reduce: ConvPoolReduce,
    /// Height and width of the windows, and of the steps between them; `[1, 1]` pools nothing.
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
    /// Cells of a window: their routes are bits of a byte.
    pub const MOST_CELLS: usize = 8;

    /// Whether this block can be computed: it has an output, and routes fit into a byte.
    pub fn is_possible(&self) -> bool {
        let [channels, height, width] = self.input;
        let fits = |size: usize, kernel: usize, window: usize| {
            kernel > 0 && window > 0 && kernel <= size && window <= size - kernel + 1
        };
        let numbers = |planes: usize| planes.checked_mul(height)?.checked_mul(width);
        let taps = self.kernel[0].checked_mul(self.kernel[1]).and_then(|taps| taps.checked_mul(self.filters));
        numbers(channels).is_some()
            && numbers(self.filters).is_some()
            && taps.and_then(|taps| taps.checked_mul(channels)).is_some()
            && channels > 0
            && self.filters > 0
            && fits(height, self.kernel[0], self.window[0])
            && fits(width, self.kernel[1], self.window[1])
            && self.window.iter().all(|&size| size <= Self::MOST_CELLS)
            && self.cells() <= Self::MOST_CELLS
    }

    /// Height and width of the output, of a block that is possible.
    pub fn output(&self) -> [usize; 2] {
        let [_, height, width] = self.input;
        [(height + 1 - self.kernel[0]) / self.window[0], (width + 1 - self.kernel[1]) / self.window[1]]
    }

    /// Pixels of one plane of the output.
    pub(crate) fn outputs(&self) -> usize {
        self.output().iter().product()
    }

    /// Bytes of the routes of this many images, of a block that is possible.
    pub fn routes(&self, isa: Isa, images: usize) -> usize {
        let lanes = isa.lanes();
        images * self.filters.div_ceil(lanes) * self.outputs() * lanes
    }

    fn cells(&self) -> usize {
        self.window.iter().product()
    }

    /// Numbers of one image.
    fn numbers(&self) -> usize {
        self.input.iter().product()
    }

    /// Where the pixels under a kernel lie, counted from its first: channel, row, column.
    fn taps(&self) -> Vec<usize> {
        let [channels, height, width] = self.input;
        let [rows, columns] = self.kernel;
        let mut taps = Vec::with_capacity(channels * rows * columns);
        for channel in 0..channels {
            for row in 0..rows {
                taps.extend((0..columns).map(|column| (channel * height + row) * width + column));
            }
        }
        taps
    }

    /// Rows and columns of the convolution's output that a window sees.
    fn seen(&self) -> [usize; 2] {
        let [rows, columns] = self.output();
        [rows * self.window[0], columns * self.window[1]]
    }
}
