//! What follows the convolution of one image: normalisation, activation, pooling and dropout, and back.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::{BlockReduce, ConvBlock};
use crate::dropout::KeepMask;
use crate::panel::{Layout, gather_planes, scatter_planes};
use crate::simd::Simd;

/// Vectors of the convolution's output, or of its gradient, for one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    pub(super) start: *mut f32,
    /// Numbers from a row to the next one.
    pub(super) row: usize,
    /// Numbers from a column to the next one: whole vectors for all channels.
    pub(super) pixel: usize,
}

impl Cells {
    /// The vectors of one row. A band has only some of an image's rows, and `start` may lie outside of it.
    #[inline(always)]
    pub(super) fn row(self, row: usize) -> *mut f32 {
        self.start.wrapping_add(row * self.row)
    }
}

/// Vectors of the block's output, or of its gradient, for one image: in the batch itself or in a panel of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs {
    start: *mut f32,
    /// Numbers from an output to the next one.
    pixel: usize,
    /// Numbers from a vector of channels to the next one.
    vector: usize,
    /// Channels, with those that fill the last vector of a panel.
    channels: usize,
}

impl Outputs {
    /// The vectors of an image that lies at `image`; `panel` has room for them where channels come first.
    ///
    /// # Safety
    /// The image can be read and written. A panel has a vector per output and group of channels.
    pub(super) unsafe fn of<S: Simd>(
        block: &ConvBlock,
        layout: Layout,
        image: *mut f32,
        panel: *mut f32,
    ) -> Self {
        match layout {
            Layout::ChannelsLast => {
                let channels = block.filters;
                Self { start: image, pixel: channels, vector: S::LANES, channels }
            }
            Layout::ChannelsFirst => Self {
                start: panel,
                pixel: S::LANES,
                vector: block.outputs() * S::LANES,
                channels: block.filters.next_multiple_of(S::LANES),
            },
        }
    }

    /// Copies an image whose channels come first into its panel.
    ///
    /// # Safety
    /// As [`Outputs::of`].
    #[inline(always)]
    pub(super) unsafe fn gather<S: Simd>(self, s: S, block: &ConvBlock, layout: Layout, image: *const f32) {
        if layout == Layout::ChannelsFirst {
            for first in (0..block.filters).step_by(S::LANES) {
                let (planes, pixels) = (S::LANES.min(block.filters - first), block.outputs());
                // SAFETY: the caller's promise.
                unsafe {
                    let to = self.start.add(first / S::LANES * self.vector);
                    gather_planes(s, image.add(first * pixels), planes, pixels, to);
                }
            }
        }
    }

    /// Copies a panel into its image.
    ///
    /// # Safety
    /// As [`Outputs::of`].
    #[inline(always)]
    pub(super) unsafe fn scatter<S: Simd>(self, s: S, block: &ConvBlock, layout: Layout, image: *mut f32) {
        if layout == Layout::ChannelsFirst {
            for first in (0..block.filters).step_by(S::LANES) {
                let (planes, pixels) = (S::LANES.min(block.filters - first), block.outputs());
                // SAFETY: the caller's promise.
                unsafe {
                    let from = self.start.add(first / S::LANES * self.vector);
                    scatter_planes(s, from, image.add(first * pixels), planes, pixels);
                }
            }
        }
    }

    /// The vectors of one group of channels from output `output` on, and how many of their numbers are channels.
    #[inline(always)]
    fn group<S: Simd>(self, _: S, output: usize, group: usize) -> (*mut f32, usize) {
        let first = output * self.pixel + group * self.vector;
        (self.start.wrapping_add(first), self.channels - group * S::LANES)
    }
}

/// What happens to the convolution of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub(super) block: &'a ConvBlock,
    /// What normalisation multiplies each channel with, and then adds, in whole vectors.
    pub(super) affine: Option<[&'a [f32]; 2]>,
    /// What is added then, of all images, without numbers that fill vectors.
    pub(super) addend: Option<&'a [f32]>,
    /// The mask of dropout, and the factor of kept values.
    pub(super) keep: Option<(&'a KeepMask, f32)>,
}

/// The windows of a block, whose sides are known when `W` is not 0.
#[inline(always)]
fn window<const W: usize>(block: &ConvBlock) -> [usize; 2] {
    if W > 0 { [W; 2] } else { block.window }
}

impl Ending<'_> {
    /// From the convolution of image `image` to some rows of the block's output. The routes may be null.
    ///
    /// # Safety
    /// The cells that these rows see can be read, all vectors of an image of the output written, and a byte per output and lane
    /// at the routes.
    #[inline(always)]
    pub(super) unsafe fn forward<S: Simd>(
        &self,
        s: S,
        place: (usize, Range<usize>),
        cells: Cells,
        outputs: Outputs,
        routes: *mut u8,
    ) {
        let norm = self.affine.is_some();
        // SAFETY: the caller's promise.
        unsafe {
            match (self.block.window, self.block.reduce) {
                // The greatest of one value is their mean.
                ([1, 1], _) if norm => self.pool::<S, 1, true, true>(s, place, cells, outputs, routes),
                ([1, 1], _) => self.pool::<S, 1, true, false>(s, place, cells, outputs, routes),
                ([2, 2], BlockReduce::Max) if norm => {
                    self.pool::<S, 2, true, true>(s, place, cells, outputs, routes);
                }
                ([2, 2], BlockReduce::Max) => {
                    self.pool::<S, 2, true, false>(s, place, cells, outputs, routes);
                }
                (_, BlockReduce::Max) if norm => {
                    self.pool::<S, 0, true, true>(s, place, cells, outputs, routes);
                }
                (_, BlockReduce::Max) => self.pool::<S, 0, true, false>(s, place, cells, outputs, routes),
                (_, BlockReduce::Mean) if norm => {
                    self.pool::<S, 0, false, true>(s, place, cells, outputs, routes);
                }
                (_, BlockReduce::Mean) => self.pool::<S, 0, false, false>(s, place, cells, outputs, routes),
            }
        }
    }

    /// Windows of `W` by `W` cells, or of any size if that is 0.
    ///
    /// # Safety
    /// As [`Ending::forward`].
    #[inline(always)]
    unsafe fn pool<S: Simd, const W: usize, const MAX: bool, const NORM: bool>(
        &self,
        s: S,
        (image, rows): (usize, Range<usize>),
        cells: Cells,
        outputs: Outputs,
        routes: *mut u8,
    ) {
        let block = self.block;
        let [window_rows, window_columns] = window::<W>(block);
        let [_, columns] = block.output();
        let [cell_rows, cell_columns] = block.convolved();
        let groups = block.filters.div_ceil(S::LANES);
        let first_output = image * block.outputs();
        let addend = self.addend.map_or(std::ptr::null(), <[f32]>::as_ptr);
        let added_row = cell_columns * block.filters;
        let (zero, none) = (s.splat(0.0), s.splat_int(0));
        for row in rows {
            for group in 0..groups {
                let mut affine = [zero; 2];
                if let Some(all) = self.affine {
                    // SAFETY: whole vectors of all channels.
                    affine = all.map(|all| unsafe { s.load(all.as_ptr().add(group * S::LANES)) });
                }
                let mut first = cells.row(row * window_rows).wrapping_add(group * S::LANES);
                let (mut to, channels) = outputs.group(s, row * columns, group);
                let cell = (image * cell_rows + row * window_rows) * cell_columns;
                let mut added = addend.wrapping_add(cell * block.filters + group * S::LANES);
                let mut number = (first_output + row * columns) * block.filters + group * S::LANES;
                let mut to_route = routes.wrapping_add((row * columns * groups + group) * S::LANES);
                for _ in 0..columns {
                    // SAFETY: the caller's promise.
                    unsafe {
                        let seen = (first.cast_const(), added, [added_row, block.filters - group * S::LANES]);
                        let (mut value, mut route) = self.window::<S, W, MAX, NORM>(s, seen, cells, affine);
                        if let Some((mask, scale)) = self.keep {
                            let kept = s.mask(mask.sixteen(number));
                            value = s.select(kept, s.mul(value, s.splat(scale)), zero);
                            route = s.select_int(kept, route, none);
                        }
                        s.store_up_to(to, value, channels);
                        if !routes.is_null() {
                            s.store_bytes(to_route, route);
                        }
                    }
                    first = first.wrapping_add(window_columns * cells.pixel);
                    added = added.wrapping_add(window_columns * block.filters);
                    to = to.wrapping_add(outputs.pixel);
                    number += block.filters;
                    to_route = to_route.wrapping_add(groups * S::LANES);
                }
            }
        }
    }

    /// The value of one window, and the cells that its gradient flows through. What is added has so many numbers in a row, and so many
    /// that belong to its first cell from this vector on.
    ///
    /// # Safety
    /// The window's cells can be read, and what is added to them.
    #[inline(always)]
    unsafe fn window<S: Simd, const W: usize, const MAX: bool, const NORM: bool>(
        &self,
        s: S,
        (first, added, [added_row, channels]): (*const f32, *const f32, [usize; 2]),
        cells: Cells,
        [factor, summand]: [S::F; 2],
    ) -> (S::F, S::I) {
        let [window_rows, window_columns] = window::<W>(self.block);
        let zero = s.splat(0.0);
        let mut value = zero;
        let mut route = s.splat_int(0);
        for cell_row in 0..window_rows {
            for cell_column in 0..window_columns {
                let cell = cell_row * window_columns + cell_column;
                // SAFETY: the caller's promise.
                let mut seen = unsafe { s.load(first.add(cell_row * cells.row + cell_column * cells.pixel)) };
                if NORM {
                    seen = s.mul_add(seen, factor, summand);
                }
                if self.addend.is_some() {
                    let added = added.wrapping_add(cell_row * added_row + cell_column * self.block.filters);
                    // SAFETY: the caller's promise.
                    seen = s.add(seen, unsafe { s.load_up_to(added, channels) });
                }
                let bit = s.splat_int(1 << cell);
                if MAX {
                    let better = s.or(s.gt(seen, value), s.is_nan(seen));
                    value = if cell == 0 { seen } else { s.select(better, seen, value) };
                    route = if cell == 0 { bit } else { s.select_int(better, bit, route) };
                } else {
                    let alive = s.or(s.gt(seen, zero), s.is_nan(seen));
                    let (seen, bit) = if self.block.relu {
                        (s.select(alive, seen, zero), s.select_int(alive, bit, s.splat_int(0)))
                    } else {
                        (seen, bit)
                    };
                    value = s.add(value, seen);
                    route = s.or_int(route, bit);
                }
            }
        }
        if MAX && self.block.relu {
            // The greatest of the activations is the activation of the greatest.
            let alive = s.or(s.gt(value, zero), s.is_nan(value));
            value = s.select(alive, value, zero);
            route = s.select_int(alive, route, s.splat_int(0));
        }
        if !MAX {
            value = s.mul(value, s.splat(1.0 / self.block.cells() as f32));
        }
        (value, route)
    }
}

/// The way back of [`Ending`]: to the gradient of what it normalised, or of the convolution where it normalised nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread<'a> {
    pub(super) block: &'a ConvBlock,
    /// The factor of values that dropout kept, 1 without dropout.
    pub(super) scale: f32,
}

impl Spread<'_> {
    /// Calls `cell` for the vectors of one row of windows and one group of channels: with the row and the column of each cell
    /// that they see, and its gradient.
    ///
    /// # Safety
    /// All vectors of one image of this block can be read, and a byte per output and lane at the routes, unless they are null:
    /// then the gradient flows through every cell.
    #[inline(always)]
    pub(super) unsafe fn each<S: Simd, const W: usize>(
        &self,
        s: S,
        (row, group): (usize, usize),
        outputs: Outputs,
        routes: *const u8,
        mut cell: impl FnMut([usize; 2], S::F),
    ) {
        let block = self.block;
        let [_, columns] = block.output();
        let groups = block.filters.div_ceil(S::LANES);
        let factor = match block.reduce {
            BlockReduce::Max => self.scale,
            BlockReduce::Mean => self.scale / block.cells() as f32,
        };
        let (factor, zero) = (s.splat(factor), s.splat(0.0));
        let [window_rows, window_columns] = window::<W>(block);
        let (mut from, channels) = outputs.group(s, row * columns, group);
        let mut from_route = routes.wrapping_add((row * columns * groups + group) * S::LANES);
        for column in 0..columns {
            // SAFETY: the caller's promise.
            let (gradient, route) = unsafe {
                let route = if routes.is_null() { s.splat_int(-1) } else { s.load_bytes(from_route) };
                (s.mul(s.load_up_to(from, channels), factor), route)
            };
            for cell_row in 0..window_rows {
                for cell_column in 0..window_columns {
                    let bit = s.splat_int(1 << (cell_row * window_columns + cell_column));
                    let place = [row * window_rows + cell_row, column * window_columns + cell_column];
                    cell(place, s.select(s.test(route, bit), gradient, zero));
                }
            }
            from = from.wrapping_add(outputs.pixel);
            from_route = from_route.wrapping_add(groups * S::LANES);
        }
    }

    /// Writes the gradients of the cells that one row of windows sees, and the same as those of what was added to them.
    ///
    /// # Safety
    /// As [`Spread::each`], and the cells can be written; those of the addend have no numbers that fill vectors.
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd, const W: usize>(
        &self,
        s: S,
        row: usize,
        outputs: Outputs,
        routes: *const u8,
        to: Cells,
        addend: Option<Cells>,
    ) {
        for group in 0..self.block.filters.div_ceil(S::LANES) {
            let first = group * S::LANES;
            // SAFETY: the caller's promise.
            unsafe {
                self.each::<S, W>(s, (row, group), outputs, routes, |[row, column], gradient| {
                    s.store(to.row(row).wrapping_add(column * to.pixel + first), gradient);
                    if let Some(to) = addend {
                        let place = to.row(row).wrapping_add(column * to.pixel + first);
                        s.store_up_to(place, gradient, to.pixel - first);
                    }
                });
            }
        }
    }

    /// Writes zeros as the gradients of the cells that no window sees.
    ///
    /// # Safety
    /// The cells can be written.
    #[inline(always)]
    pub(super) unsafe fn clear_rest(&self, to: Cells) {
        let [rows, columns] = self.block.output();
        let seen = [rows * self.block.window[0], columns * self.block.window[1]];
        let [cell_rows, cell_columns] = self.block.convolved();
        for row in 0..cell_rows {
            let first = if row < seen[0] { seen[1] } else { 0 };
            // SAFETY: the caller's promise.
            unsafe {
                to.row(row).wrapping_add(first * to.pixel).write_bytes(0, (cell_columns - first) * to.pixel);
            }
        }
    }
}
