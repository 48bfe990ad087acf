//! Convolutions of 3x3 with fewer products: tiles of 2x2 outputs (Winograd's minimal filtering, in the form of Lavin & Gray, "Fast
//! Algorithms for Convolutional Neural Networks", 2016).
//!
//! A tile sees a patch of 4x4 numbers of each channel. Patches and weights become 16 *components* each; the components of the
//! tile are sums over the channels of the products of equal components, 16 where plain taps take 36. The gradient of the input is
//! such a convolution itself. The gradient of the weights is the same computation backwards: the sums are over the tiles.
//!
//! The components are sums and differences of up to four numbers. So results differ from those of plain taps by rounding, and an
//! infinite number or NaN of the input reaches all outputs of the tiles that see it.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

mod components;
mod weights;

use std::ops::Range;

use self::components::{SUM_OF_TILE, of_outputs, of_patch, outputs_of};

use super::operands::{Form, Operands};
use super::products::{Packing, Pass, Pixel, Places};
use super::weights::WeightSums;
use super::{ConvAxis, ConvBlock};
use crate::memory::{OutOfMemory, scratch_length, with_room};
use crate::simd::{MOST_LANES, Simd};

/// Rows and columns of a tile of outputs.
const TILE: usize = 2;
/// Rows and columns of what it sees.
const PATCH: usize = 4;
/// The taps along each axis.
const TAPS: usize = 3;
const COMPONENTS: usize = PATCH * PATCH;

/// The most numbers of components that are held at once, so that they stay in the second cache next to the weights.
const MOST_NUMBERS: usize = 1 << 17;
/// The most tiles at once.
const MOST_TILES: usize = 96;
/// With fewer channels, sums are too short to pay for the transformations.
const LEAST_CHANNELS: usize = 16;

/// Where the pixels of images lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    /// The first number that belongs to the first tile.
    pub(super) first: usize,
    /// Numbers from an image to the next one.
    pub(super) image: usize,
    /// Numbers from a row to the next one.
    pub(super) row: usize,
    /// Numbers from a pixel to the next one.
    pub(super) pixel: usize,
    /// Numbers that belong to a pixel.
    pub(super) channels: usize,
}

/// A convolution in tiles.
#[derive(Debug)]
pub(super) struct Winograd {
    /// Rows and columns of the outputs.
    size: [usize; 2],
    from: Plane,
    to: Plane,
    /// The products of one component: a pixel per tile, and an entry per channel that is summed over.
    products: Pass,
    /// Numbers of a component of a tile: whole vectors of channels.
    components: [usize; 2],
}

/// Some tiles of some images: those of whole rows, or some of them.
#[derive(Debug, Clone)]
pub(super) struct Tiles {
    /// Rows of outputs.
    rows: Range<usize>,
    /// The tiles, by number: columns within rows within images.
    numbers: Range<usize>,
}

impl Tiles {
    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }
}

impl ConvBlock {
    /// Whether the products are computed in tiles.
    pub(super) fn is_in_tiles(&self, form: Form) -> bool {
        let plain = |axis: &ConvAxis| (axis.size, axis.stride, axis.dilation) == (TAPS, 1, 1);
        let [rows, columns] = self.convolved();
        let tiles = rows.div_ceil(TILE) * columns.div_ceil(TILE);
        form != Form::Pairs
            && !self.depthwise
            && self.axes.iter().all(plain)
            && self.channels.min(self.filters) >= LEAST_CHANNELS
            // A border of tiles that is not used must not cost more than is saved.
            && tiles * COMPONENTS * 5 <= rows * columns * TAPS * TAPS * 4
    }
}

/// The rows, or columns, that the tiles of so many outputs see.
pub(super) fn seen_by_tiles(outputs: usize) -> usize {
    outputs.next_multiple_of(TILE) + PATCH - TILE
}

/// The rows, or columns, of tiles of so many outputs.
pub(super) fn in_tiles(outputs: usize) -> usize {
    outputs.next_multiple_of(TILE)
}

impl Winograd {
    /// Sums over `entries` channels of `from` for outputs of this size in `to`.
    pub(super) fn new(
        size: [usize; 2],
        entries: usize,
        [from, to]: [Plane; 2],
        lanes: usize,
    ) -> Result<Self, OutOfMemory> {
        let components = [from.channels, to.channels].map(|channels| channels.next_multiple_of(lanes));
        let at_once = (MOST_NUMBERS / (COMPONENTS * (components[0] + components[1]))).clamp(8, MOST_TILES);
        let mut pixels = with_room(at_once)?;
        let [seen, summed] = components.map(numbers_of_tile);
        let pixel = |tile: usize| Pixel { from: tile * seen, to: tile * summed };
        pixels.extend((0..at_once).map(pixel));
        let mut all = with_room(entries)?;
        all.extend(0..entries);
        let products =
            Pass { taps: Vec::new(), entries: all, pixels, pixels_of_image: at_once, columns: at_once };
        Ok(Self { size, from, to, products, components })
    }

    /// Rows of an image's outputs.
    pub(super) fn rows(&self) -> usize {
        self.size[0]
    }

    fn at_once(&self) -> usize {
        self.products.pixels.len()
    }

    /// Numbers of scratch memory: the components of what is seen, and of the outputs.
    pub(super) fn room(&self) -> usize {
        let lengths =
            self.components.map(|of_tile| scratch_length(&[self.at_once(), numbers_of_tile(of_tile)]));
        lengths[0].saturating_add(lengths[1])
    }

    /// The second part of the scratch memory.
    fn second(&self, room: *mut f32) -> *mut f32 {
        room.wrapping_add(self.at_once() * numbers_of_tile(self.components[0]))
    }

    /// The numbers of the weights.
    pub(super) fn packed_numbers(&self, packing: Packing) -> usize {
        packing.numbers(self.products.entries.len()).saturating_mul(COMPONENTS)
    }

    /// The tiles of these rows of outputs of so many images, as many at a time as there is room for.
    pub(super) fn tiles(&self, images: usize, rows: Range<usize>) -> impl Iterator<Item = Tiles> + use<> {
        let of_image = rows.len().div_ceil(TILE) * self.size[1].div_ceil(TILE);
        let (all, at_once) = (images * of_image, self.at_once());
        (0..all)
            .step_by(at_once)
            .map(move |first| Tiles { rows: rows.clone(), numbers: first..all.min(first + at_once) })
    }

    /// Image, row and column of a tile's first output.
    fn place(&self, tiles: &Tiles, number: usize) -> [usize; 3] {
        let columns = self.size[1].div_ceil(TILE);
        let of_image = tiles.rows.len().div_ceil(TILE) * columns;
        let in_image = number % of_image;
        [number / of_image, tiles.rows.start + in_image / columns * TILE, in_image % columns * TILE]
    }

    /// Computes the outputs of some tiles.
    ///
    /// # Safety
    /// Their patches can be read, and the outputs within `size` written by nobody else. `room` has [`Winograd::room`].
    #[inline(always)]
    pub(super) unsafe fn run<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        tiles: &Tiles,
        places: Places<'_>,
        room: *mut f32,
    ) {
        let ([seen, summed], sums) = (self.components, self.second(room));
        let packed = self.products.entries.len() * self.components[1];
        // SAFETY: the caller's promise.
        unsafe {
            self.patches(s, tiles, places.from, room);
            for component in 0..COMPONENTS {
                let places = Places {
                    packed: places.packed.add(component * packed),
                    start: &[],
                    from: room.add(component * seen),
                    to: sums.add(component * summed),
                    width: self.components[1],
                };
                self.products.run(s, operands, 0..tiles.numbers.len(), self.components[1] / S::LANES, places);
            }
            self.outputs(s, tiles, sums, places);
        }
    }

    /// Adds some tiles' part of the gradients of the weights' components, and then of the biases, to `sums`.
    ///
    /// # Safety
    /// Their patches can be read, and the gradients of all their outputs in `gradient`. The sums have a row of whole vectors of
    /// outputs for each component and channel, and one for the biases. `room` has [`Winograd::room`].
    #[inline(always)]
    pub(super) unsafe fn add_weights<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        tiles: &Tiles,
        [from, gradient]: [*const f32; 2],
        (room, sums): (*mut f32, *mut f32),
    ) {
        let ([seen, spread], gradients) = (self.components, self.second(room));
        let (row, entries) = (self.components[1], self.products.entries.len());
        let pixels = 0..tiles.numbers.len();
        // SAFETY: the caller's promise.
        unsafe {
            self.patches(s, tiles, from, room);
            self.spread(s, tiles, gradient, gradients);
            for component in 0..COMPONENTS {
                let places = WeightSums {
                    input: room.add(component * seen),
                    gradient: gradients.add(component * spread),
                    sums: sums.add(component * entries * row),
                    row,
                };
                self.products.add_weights(s, operands, pixels.clone(), places);
                if component == SUM_OF_TILE {
                    let sums = sums.add(COMPONENTS * entries * row);
                    self.products.add_biases(s, operands, pixels.clone(), WeightSums { sums, ..places });
                }
            }
        }
    }

    // This and `spread` are two loops on purpose: one that takes the transformation as a closure is not compiled into the kernel as
    // a whole, and makes the convolution take 1.5 to 2.5 times as long.
    /// # Safety
    /// The patches of these tiles can be read, and their components written.
    #[inline(always)]
    unsafe fn patches<S: Simd>(&self, s: S, tiles: &Tiles, from: *const f32, to: *mut f32) {
        let Plane { first, image, row, pixel, channels } = self.from;
        let stride = self.components[0];
        for (index, number) in tiles.numbers.clone().enumerate() {
            let [of_image, of_row, of_column] = self.place(tiles, number);
            let patch = from.wrapping_add(first + of_image * image + of_row * row + of_column * pixel);
            for lane in (0..channels).step_by(S::LANES) {
                let mut seen = [[s.splat(0.0); PATCH]; PATCH];
                for (y, seen) in seen.iter_mut().enumerate() {
                    for (x, seen) in seen.iter_mut().enumerate() {
                        let from = patch.wrapping_add(y * row + x * pixel + lane);
                        // SAFETY: the caller's promise.
                        *seen = unsafe { s.load_up_to(from, channels - lane) };
                    }
                }
                let to = to.wrapping_add(index * numbers_of_tile(stride) + lane);
                for (component, &value) in of_patch(s, seen).as_flattened().iter().enumerate() {
                    // SAFETY: the caller's promise.
                    unsafe { s.store(to.add(component * stride), value) }
                }
            }
        }
    }

    /// # Safety
    /// The gradients of all outputs of these tiles can be read, and their components written.
    #[inline(always)]
    unsafe fn spread<S: Simd>(&self, s: S, tiles: &Tiles, gradient: *const f32, to: *mut f32) {
        let Plane { first, image, row, pixel, channels } = self.to;
        let stride = self.components[1];
        for (index, number) in tiles.numbers.clone().enumerate() {
            let [of_image, of_row, of_column] = self.place(tiles, number);
            let tile = gradient.wrapping_add(first + of_image * image + of_row * row + of_column * pixel);
            for lane in (0..channels).step_by(S::LANES) {
                let mut outputs = [[s.splat(0.0); TILE]; TILE];
                for (y, outputs) in outputs.iter_mut().enumerate() {
                    for (x, output) in outputs.iter_mut().enumerate() {
                        // SAFETY: the caller's promise.
                        *output = unsafe { s.load(tile.wrapping_add(y * row + x * pixel + lane)) };
                    }
                }
                let to = to.wrapping_add(index * numbers_of_tile(stride) + lane);
                for (component, &value) in of_outputs(s, outputs).as_flattened().iter().enumerate() {
                    // SAFETY: the caller's promise.
                    unsafe { s.store(to.add(component * stride), value) }
                }
            }
        }
    }

    /// # Safety
    /// The components of these tiles can be read, and their outputs written.
    #[inline(always)]
    unsafe fn outputs<S: Simd>(&self, s: S, tiles: &Tiles, from: *const f32, places: Places<'_>) {
        let Plane { first, image, row, pixel, channels } = self.to;
        let stride = self.components[1];
        let end = [tiles.rows.end, self.size[1]];
        for (index, number) in tiles.numbers.clone().enumerate() {
            let [of_image, of_row, of_column] = self.place(tiles, number);
            let tile = places.to.wrapping_add(first + of_image * image + of_row * row + of_column * pixel);
            for lane in (0..channels).step_by(S::LANES) {
                let from = from.wrapping_add(index * numbers_of_tile(stride) + lane);
                let mut components = [[s.splat(0.0); PATCH]; PATCH];
                for (number, component) in components.as_flattened_mut().iter_mut().enumerate() {
                    // SAFETY: the caller's promise.
                    *component = unsafe { s.load(from.add(number * stride)) };
                }
                let mut start = s.splat(0.0);
                if !places.start.is_empty() {
                    // SAFETY: whole vectors of all outputs.
                    start = unsafe { s.load(places.start.as_ptr().add(lane)) };
                }
                let outputs = outputs_of(s, components);
                for (y, outputs) in outputs.iter().enumerate().take(end[0] - of_row) {
                    for (x, &output) in outputs.iter().enumerate().take(end[1] - of_column) {
                        let to = tile.wrapping_add(y * row + x * pixel + lane);
                        // SAFETY: the caller's promise.
                        unsafe { s.store_up_to(to, s.add(output, start), channels - lane) }
                    }
                }
            }
        }
    }

    /// The row of the biases among the sums.
    pub(super) fn row_of_biases(&self) -> usize {
        COMPONENTS * self.products.entries.len()
    }
}

/// Numbers of a tile whose components have so many: a cache line more, so that the tiles do not displace one another in a cache.
fn numbers_of_tile(of_component: usize) -> usize {
    COMPONENTS * of_component + MOST_LANES
}
