//! A convolution and what follows it, image by image: batch normalisation, a sum with other numbers, activation, pooling and
//! dropout.
//!
//! Channels come last, and a vector's lanes are output channels. Without batch normalisation the convolution's output, the
//! largest tensor of a network, is never written to memory: that of one image stays in the cache until it is pooled. With
//! batch normalisation it is written once, together with the statistics of its image, and pooled when the statistics of the
//! batch are known. For backward it is enough to know the cells that the gradient flows through, the *routes*: a byte per output.
//!
//! Images that are small are computed several at once, so that the weights are read for enough pixels.
//!
//! A *pass* is a list of entries (a tap and a channel) and a list of pixels. `products.rs` adds, for some pixels and vectors at
//! once, the products of all entries in registers. Forward is one pass. The gradient of the input is the same sum with the
//! roles of the channels exchanged, one pass per remainder of the stride. The gradient of the weights sums over pixels. Where a
//! kernel of 3x3 meets enough channels, `winograd.rs` takes fewer products in tiles of outputs; `plan.rs` is either of the two.

mod backward;
mod border;
mod depthwise;
mod ending;
mod forward;
mod gradient;
mod images;
mod operands;
mod passes;
mod plan;
mod prepared;
mod products;
mod statistics;
mod weights;
mod winograd;

pub use backward::ConvBlockGradients;
pub use forward::{BatchNormForward, ConvBlockForward};
pub use gradient::BatchNormGradients;
pub use prepared::PreparedConvBlock;

use self::depthwise::Depthwise;
use self::operands::Form;
use self::plan::Plan;
use self::products::{Packing, Pass};
use crate::isa::Isa;
use crate::memory::product;
use crate::panel::Layout;
use crate::precision::ProductPrecision;

/// One axis of a convolution: which entries of the input each output sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvAxis {
    /// Entries of the input.
    pub input: usize,
    /// Entries of the kernel.
    pub size: usize,
    /// Entries from one output's window to the next one's.
    pub stride: usize,
    /// Entries of the input from one entry of the kernel to the next.
    pub dilation: usize,
    /// Zeros before the input.
    pub before: usize,
    /// Zeros after the input.
    pub after: usize,
}

impl ConvAxis {
    /// A kernel that moves by one entry over an input without zeros around it.
    pub const fn plain(input: usize, size: usize) -> Self {
        Self { input, size, stride: 1, dilation: 1, before: 0, after: 0 }
    }

    /// Entries of the output; `None` if the kernel does not fit, or if a size is zero or too large.
    fn checked_output(&self) -> Option<usize> {
        let reach = self.size.checked_sub(1)?.checked_mul(self.dilation)?.checked_add(1)?;
        let padded = self.input.checked_add(self.before)?.checked_add(self.after)?;
        let possible = self.input > 0 && self.stride > 0 && self.dilation > 0;
        if !possible {
            return None;
        }
        Some(padded.checked_sub(reach)? / self.stride + 1)
    }

    /// Entries of the output. The axis must be that of a possible convolution.
    fn output(&self) -> usize {
        self.checked_output().unwrap_or_else(|| panic!("{self:?}"))
    }

    /// Entries of the input with the zeros that windows see.
    fn padded(&self) -> usize {
        self.before + self.input + self.after
    }

    /// A bound of the length of this axis wherever it is padded, in either direction.
    fn checked_bound(&self) -> Option<usize> {
        let reach = self.size.checked_mul(self.dilation)?.checked_mul(2)?;
        let padded = self.input.checked_add(self.before)?.checked_add(self.after)?;
        reach.checked_add(padded)?.checked_mul(self.stride)
    }
}

/// A convolution over two spatial axes in which every filter sees all channels, or one, an activation, and pooling without overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvBlock {
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Whether each filter sees the channel of its own number alone; then there are as many filters as channels.
    pub depthwise: bool,
    /// Rows and columns of the convolution.
    pub axes: [ConvAxis; 2],
    /// Whether negative values become zero before pooling.
    pub relu: bool,
    /// How windows of the convolution's output become values.
    pub reduce: BlockReduce,
    /// Height and width of the windows, which are also the steps between them; `[1, 1]` pools nothing.
    pub window: [usize; 2],
    /// The precision of the convolution's products, forward and backward; those of a depthwise one are `f32` in any case.
    pub precision: ProductPrecision,
}

/// The reducers of [`ConvBlock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockReduce {
    /// The greatest value.
    Max,
    /// The mean.
    Mean,
}

impl ConvBlock {
    /// The most cells of a window: their routes are the bits of a byte.
    pub const MOST_CELLS: usize = 8;

    /// Whether this block can be computed: it has an output, its routes fit into a byte, and its sizes into a `usize`.
    pub fn is_possible(&self) -> bool {
        let [rows, columns] = &self.axes;
        let pixels = || rows.checked_bound()?.checked_mul(columns.checked_bound()?);
        // Vectors may reach beyond the last channel.
        let fits = |channels: usize| {
            let numbers = pixels()?.checked_mul(channels.checked_add(crate::simd::MOST_LANES)?);
            numbers?.checked_mul(size_of::<f32>())
        };
        let pools = |axis: &ConvAxis, window: usize| {
            window > 0 && axis.checked_output().is_some_and(|size| window <= size)
        };
        (self.channels == self.filters || !self.depthwise)
            && self.channels > 0
            && self.filters > 0
            && pools(rows, self.window[0])
            && pools(columns, self.window[1])
            && self.window.iter().all(|&size| size <= Self::MOST_CELLS)
            && self.cells() <= Self::MOST_CELLS
            && fits(self.channels).is_some()
            && fits(self.filters).is_some()
            && product(&[self.filters, self.channels, self.taps()]).is_some()
    }

    /// The images that are computed at once: several where they are so small that the weights would be read for few pixels.
    fn images_at_once(&self) -> usize {
        const PIXELS: usize = 192;
        const MOST: usize = 16;
        (PIXELS / self.convolved().iter().product::<usize>()).clamp(1, MOST)
    }

    /// Height and width of the output. The block must be possible.
    pub fn output(&self) -> [usize; 2] {
        let [rows, columns] = self.convolved();
        [rows / self.window[0], columns / self.window[1]]
    }

    /// Height and width of the convolution's output. The block must be possible.
    fn convolved(&self) -> [usize; 2] {
        self.axes.map(|axis| axis.output())
    }

    /// Pixels of a plane of the output.
    fn outputs(&self) -> usize {
        self.output().iter().product()
    }

    /// Cells of a window.
    fn cells(&self) -> usize {
        self.window.iter().product()
    }

    /// Pixels of a kernel.
    fn taps(&self) -> usize {
        self.axes[0].size.saturating_mul(self.axes[1].size)
    }

    /// Multiply-adds of an image. The block must be possible.
    fn multiply_adds(&self) -> usize {
        let [rows, columns] = self.convolved();
        [rows, columns, self.filters, self.channels_of_filter(), self.taps()]
            .into_iter()
            .fold(1, usize::saturating_mul)
    }

    /// Channels that a filter sees.
    fn channels_of_filter(&self) -> usize {
        if self.depthwise { 1 } else { self.channels }
    }

    /// The number of a filter's weight for a channel that it sees and a tap.
    fn weight_number(&self, filter: usize, channel: usize, tap: usize) -> usize {
        (filter * self.channels_of_filter() + channel) * self.taps() + tap
    }

    /// Filters that see a channel.
    fn filters_of_channel(&self) -> usize {
        if self.depthwise { 1 } else { self.filters }
    }

    /// How factors lie.
    fn form(&self, isa: Isa) -> Form {
        if self.depthwise { Form::Singles } else { Form::of(self.precision, isa) }
    }

    /// How the weights of so many outputs lie.
    fn packing(&self, isa: Isa, outputs: usize) -> Packing {
        let packing = Packing::of(isa, outputs);
        if self.depthwise { packing.by_vector() } else { packing }
    }

    /// Sums over the taps of a pass, and over channels.
    fn plan(&self, pass: Pass) -> Plan {
        let channels = self.channels;
        if self.depthwise { Plan::Channels(Depthwise { pass, channels }) } else { Plan::Taps(pass) }
    }

    /// Numbers of an image of the input.
    fn input_numbers(&self) -> usize {
        self.axes[0].input * self.axes[1].input * self.channels
    }

    /// Numbers of an image of the output.
    fn output_numbers(&self) -> usize {
        self.outputs() * self.filters
    }

    /// Numbers of the convolution's output of an image, in whole vectors.
    fn cell_numbers(&self, lanes: usize) -> usize {
        self.convolved().iter().product::<usize>() * self.filters.next_multiple_of(lanes)
    }

    /// Numbers of an image of the output, in whole vectors.
    fn output_vectors(&self, lanes: usize) -> usize {
        self.outputs() * self.filters.next_multiple_of(lanes)
    }

    /// Numbers of a panel for an image's output: none where channels come last, as vectors then lie in the image.
    fn panel(&self, layout: Layout, lanes: usize) -> usize {
        match layout {
            Layout::ChannelsLast => 0,
            Layout::ChannelsFirst => self.output_vectors(lanes),
        }
    }

    /// Whether the backward pass needs routes: whether there are cells through which no gradient flows.
    pub fn needs_routes(&self, drops: bool) -> bool {
        self.relu || drops || self.cells() > 1
    }

    /// The size of the routes of this many images. The block must be possible.
    ///
    /// # Panics
    /// The size does not fit into a `usize`.
    pub fn routes(&self, isa: Isa, images: usize) -> usize {
        let bytes = product(&[images, self.output_vectors(isa.lanes())]);
        bytes.unwrap_or_else(|| panic!("routes of {images} images of {self:?}"))
    }

    /// The numbers of the convolution's output that batch normalisation keeps, of this many images. The block must be possible.
    ///
    /// # Panics
    /// The count does not fit into a `usize`.
    pub fn convolved_numbers(&self, isa: Isa, images: usize) -> usize {
        let numbers = product(&[images, self.cell_numbers(isa.lanes())]);
        numbers.unwrap_or_else(|| panic!("convolution of {images} images of {self:?}"))
    }

    /// The filters with those that fill the last vector.
    fn filters_in_vectors(&self, isa: Isa) -> usize {
        self.filters.next_multiple_of(isa.lanes())
    }

    /// Panics unless the block is possible and has as many weights.
    fn check_weights(&self, weight: usize) {
        assert!(self.is_possible(), "{self:?}");
        assert_eq!(Some(weight), product(&[self.filters, self.channels_of_filter(), self.taps()]), "weights");
    }

    /// Panics if what is added to the convolution of so many images has another length than that.
    fn check_addend(&self, images: usize, numbers: Option<usize>) {
        let [rows, columns] = self.convolved();
        let expected = product(&[images, rows, columns, self.filters]);
        assert!(numbers.is_none_or(|numbers| Some(numbers) == expected), "numbers of the addend");
    }

    /// Panics unless the slices have the lengths of a possible block, and returns the number of images. The routes may be
    /// empty.
    fn check_lengths(&self, isa: Isa, lengths: SliceLengths) -> usize {
        let SliceLengths { input, output, routes } = lengths;
        let count = input / self.input_numbers();
        assert!(input.is_multiple_of(self.input_numbers()), "numbers of the input");
        assert_eq!(Some(output), product(&[count, self.output_numbers()]), "numbers of the output");
        assert!(routes == 0 || routes == self.routes(isa, count), "bytes of the routes");
        count
    }
}

/// The lengths of the slices of a pass, forward or backward.
#[derive(Debug, Clone, Copy)]
struct SliceLengths {
    input: usize,
    output: usize,
    routes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::ThisThread;

    const BLOCK: ConvBlock = ConvBlock {
        channels: 2,
        filters: 3,
        depthwise: false,
        axes: [ConvAxis::plain(6, 3), ConvAxis::plain(8, 3)],
        relu: true,
        reduce: BlockReduce::Max,
        window: [2, 2],
        precision: ProductPrecision::F32,
    };

    #[test]
    fn lengths_are_those_of_the_block() {
        let routes = BLOCK.routes(Isa::Portable, 5);
        for routes in [0, routes] {
            let lengths = SliceLengths { input: 5 * 96, output: 5 * 3 * 2 * 3, routes };
            BLOCK.check_weights(3 * 18);
            assert_eq!(BLOCK.check_lengths(Isa::Portable, lengths), 5);
        }
    }

    /// Output, and gradients of input and weights.
    fn results(isa: Isa, block: &ConvBlock, [input, weight, gradient]: [&[f32]; 3]) -> [Vec<f32>; 3] {
        let images = input.len() / block.input_numbers();
        let [mut output, mut of_input, mut of_weight] =
            [gradient, input, weight].map(|like| vec![f32::NAN; like.len()]);
        let mut routes = vec![0; block.routes(isa, images)];
        let data = ConvBlockForward {
            input,
            weight,
            bias: None,
            norm: None,
            addend: None,
            keep: None,
            output: &mut output,
            layout: Layout::ChannelsLast,
            routes: &mut routes,
        };
        block.forward(isa, &ThisThread, data).unwrap();
        let data = ConvBlockGradients {
            input,
            weight,
            norm: None,
            routes: &routes,
            scale: 1.0,
            output_gradient: gradient,
            layout: Layout::ChannelsLast,
            input_gradient: &mut of_input,
            addend_gradient: &mut [],
            weight_gradient: &mut of_weight,
            bias_gradient: None,
        };
        block.backward(isa, &ThisThread, data).unwrap();
        [output, of_input, of_weight]
    }

    /// The instructions give what rounding gives. These tests take them on every processor that has them, fast or not.
    #[test]
    fn products_of_pairs_are_those_of_rounded_numbers() {
        if Form::of(ProductPrecision::Bf16, Isa::Avx512) != Form::Pairs {
            return;
        }
        for (channels, filters, stride) in [(3, 5, 1), (17, 35, 1), (16, 64, 2), (1, 2, 3)] {
            let axis = |input, size| ConvAxis { before: 1, after: 1, stride, ..ConvAxis::plain(input, size) };
            let block = ConvBlock {
                channels,
                filters,
                axes: [axis(9, 3), axis(11, 3)],
                window: [1, 2],
                precision: ProductPrecision::Bf16,
                ..BLOCK
            };
            // Exact in sums of `f32`, and no two cells of a window are equal.
            let numbers = |count: usize, step: usize| -> Vec<f32> {
                (0..count).map(|index| (index * step % 509) as f32 / 256.0 - 0.9).collect()
            };
            let images = 3;
            let input = numbers(images * block.input_numbers(), 7);
            let weight = numbers(filters * channels * 9, 11);
            let gradient = numbers(images * block.output_numbers(), 13);
            let [pairs, rounded] =
                [Isa::Avx512, Isa::Portable].map(|isa| results(isa, &block, [&input, &weight, &gradient]));
            for (name, (pairs, rounded)) in
                ["output", "input", "weights"].iter().zip(pairs.iter().zip(&rounded))
            {
                let most = rounded.iter().fold(1.0f32, |most, value| most.max(value.abs()));
                for (index, (pair, rounded)) in pairs.iter().zip(rounded).enumerate() {
                    let apart = (pair - rounded).abs();
                    assert!(apart <= 4e-6 * most, "{name} {index} of {block:?}: {pair}, not {rounded}");
                }
            }
        }
    }

    /// As many routes as wrap around to none.
    #[test]
    fn lengths_that_wrap_around_are_refused() {
        let half = 1 << (usize::BITS / 2);
        let block = ConvBlock { channels: 1, axes: [ConvAxis::plain(1, 1); 2], window: [1, 1], ..BLOCK };
        let block = ConvBlock { filters: half >> 4, ..block };
        assert!(block.is_possible());
        for of in [ConvBlock::routes, ConvBlock::convolved_numbers] {
            assert!(std::panic::catch_unwind(|| of(&block, Isa::Portable, half << 4)).is_err());
        }
    }

    #[test]
    fn sizes_that_wrap_around_make_no_possible_block() {
        let half = 1 << (usize::BITS / 2);
        assert!(BLOCK.is_possible());
        let [rows, columns] = BLOCK.axes;
        for block in [
            ConvBlock { channels: half, axes: [ConvAxis::plain(half, 3), columns], ..BLOCK },
            ConvBlock { filters: half, axes: [ConvAxis::plain(half, 3), columns], ..BLOCK },
            ConvBlock { filters: usize::MAX, ..BLOCK },
            ConvBlock { axes: [rows, ConvAxis { stride: usize::MAX, ..columns }], ..BLOCK },
            ConvBlock { axes: [rows, ConvAxis { before: usize::MAX, ..columns }], ..BLOCK },
            ConvBlock { axes: [rows, ConvAxis { stride: 0, ..columns }], ..BLOCK },
            ConvBlock { axes: [rows, ConvAxis { dilation: 0, ..columns }], ..BLOCK },
            ConvBlock { axes: [ConvAxis::plain(6, usize::MAX), columns], ..BLOCK },
            ConvBlock { axes: [ConvAxis::plain(6, 7), columns], ..BLOCK },
            ConvBlock { window: [5, 1], ..BLOCK },
            ConvBlock { window: [0, 1], ..BLOCK },
            ConvBlock { window: [3, 3], ..BLOCK },
            ConvBlock { depthwise: true, ..BLOCK },
        ] {
            assert!(!block.is_possible(), "{block:?}");
        }
    }
}
