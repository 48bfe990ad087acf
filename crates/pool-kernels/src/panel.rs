//! Panels: as many channels as a vector has lanes, with all their pixels.
//!
//! Kernels see a panel as one vector per pixel. If channels come last in memory, these vectors lie in the batch itself. If
//! they come first, the vectors are gathered into scratch memory and scattered from it.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use crate::memory::product;
use crate::simd::{MOST_LANES, Simd};

/// The order of a batch `[N, C, spatial...]` in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A plane of pixels per channel: `[N, C, spatial...]`, libtorch's contiguous.
    ChannelsFirst,
    /// All channels of a pixel together: `[N, spatial..., C]`, libtorch's channels last.
    ChannelsLast,
}

/// The sizes of a batch, and its order in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// `N`.
    pub samples: usize,
    /// `C`.
    pub channels: usize,
    /// The order of both the input and the output.
    pub layout: Layout,
}

impl Batch {
    /// The number of numbers of a batch whose planes have this many pixels, or `None` if it does not fit into a `usize`.
    pub(crate) fn numbers(&self, pixels: usize) -> Option<usize> {
        product(&[self.samples, self.channels, pixels])
    }

    /// The number of panels of a batch whose numbers have been counted.
    pub(crate) fn panels(&self, lanes: usize) -> usize {
        match self.layout {
            Layout::ChannelsFirst => (self.samples * self.channels).div_ceil(lanes),
            Layout::ChannelsLast => self.samples * self.channels.div_ceil(lanes),
        }
    }

    pub(crate) fn panel(&self, index: usize, lanes: usize) -> Panel {
        match self.layout {
            Layout::ChannelsFirst => {
                let first = index * lanes;
                Panel {
                    batch: *self,
                    sample: 0,
                    first,
                    used: lanes.min(self.samples * self.channels - first),
                }
            }
            Layout::ChannelsLast => {
                let groups = self.channels.div_ceil(lanes);
                let first = index % groups * lanes;
                Panel { batch: *self, sample: index / groups, first, used: lanes.min(self.channels - first) }
            }
        }
    }
}

/// The part of a batch that a panel is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel {
    batch: Batch,
    /// The sample if channels come last. Channels that come first are counted across samples, from sample 0.
    sample: usize,
    /// The first channel.
    first: usize,
    /// The number of lanes that stand for a channel; the last panel may not fill its vectors.
    used: usize,
}

impl Panel {
    /// The place of the first vector, if the vectors lie in the batch as kernels want them. Each lies `channels` numbers
    /// after the one before.
    pub(crate) fn in_place<S: Simd>(&self, pixels: usize) -> Option<usize> {
        let Batch { channels, layout, .. } = self.batch;
        let there = layout == Layout::ChannelsLast && self.used == S::LANES;
        there.then_some(self.sample * pixels * channels + self.first)
    }

    /// The number of whole panels from this one to the end of its sample, if they lie in place.
    pub(crate) fn panels_to_sample_end<S: Simd>(&self) -> usize {
        (self.batch.channels - self.first) / S::LANES
    }

    /// Copies the panel out of a batch whose planes have this many pixels.
    ///
    /// # Safety
    /// `batch` holds the whole batch, with planes of this many pixels, and `to` has room for a vector per pixel.
    #[inline(always)]
    pub(crate) unsafe fn gather<S: Simd>(&self, s: S, batch: *const f32, pixels: usize, to: *mut f32) {
        match self.batch.layout {
            Layout::ChannelsFirst => {
                // SAFETY: the panel's planes lie in the batch, which the caller promises.
                unsafe { gather_planes(s, batch.add(self.first * pixels), self.used, pixels, to) }
            }
            Layout::ChannelsLast => {
                let start = self.sample * pixels * self.batch.channels + self.first;
                for pixel in 0..pixels {
                    for lane in 0..S::LANES {
                        let from = start + pixel * self.batch.channels + lane.min(self.used - 1);
                        // SAFETY: a used lane of a pixel lies in the batch, which the caller promises.
                        unsafe { *to.add(pixel * S::LANES + lane) = *batch.add(from) }
                    }
                }
            }
        }
    }

    /// The reverse of [`Panel::gather`].
    ///
    /// # Safety
    /// `batch` has room for the whole batch, nobody else touches this panel's part of it, and `from` holds a vector per
    /// pixel.
    #[inline(always)]
    pub(crate) unsafe fn scatter<S: Simd>(&self, s: S, from: *const f32, batch: *mut f32, pixels: usize) {
        match self.batch.layout {
            Layout::ChannelsFirst => {
                // SAFETY: the panel's planes lie in the batch, which the caller promises.
                unsafe { scatter_planes(s, from, batch.add(self.first * pixels), self.used, pixels) }
            }
            Layout::ChannelsLast => {
                let start = self.sample * pixels * self.batch.channels + self.first;
                for pixel in 0..pixels {
                    for lane in 0..self.used {
                        let to = start + pixel * self.batch.channels + lane;
                        // SAFETY: a used lane of a pixel lies in the batch, which the caller promises.
                        unsafe { *batch.add(to) = *from.add(pixel * S::LANES + lane) }
                    }
                }
            }
        }
    }

    /// The same panel of a batch with channels first, as random numbers always lie.
    pub(crate) fn with_channels_first(&self) -> Self {
        let first = match self.batch.layout {
            Layout::ChannelsFirst => self.first,
            Layout::ChannelsLast => self.sample * self.batch.channels + self.first,
        };
        Self {
            batch: Batch { layout: Layout::ChannelsFirst, ..self.batch },
            sample: 0,
            first,
            used: self.used,
        }
    }
}

/// Transposes `planes` of `pixels` each, which lie one after another, into a vector per pixel. Lanes without a plane
/// repeat the last one.
///
/// # Safety
/// There is at least one plane. The planes can be read, and `to` has room for a vector per pixel.
#[inline(always)]
pub(crate) unsafe fn gather_planes<S: Simd>(
    s: S,
    from: *const f32,
    planes: usize,
    pixels: usize,
    to: *mut f32,
) {
    // SAFETY: each row is the start of a plane, which the caller promises.
    let rows: [*const f32; MOST_LANES] =
        std::array::from_fn(|lane| unsafe { from.add(lane.min(planes - 1) * pixels) });
    for first in blocks(pixels, S::LANES) {
        // SAFETY: a block ends with its plane.
        unsafe { s.gather_block(&rows, first, to.add(first * S::LANES), S::LANES) }
    }
    if pixels < S::LANES {
        for pixel in 0..pixels {
            for (lane, row) in rows[..S::LANES].iter().enumerate() {
                // SAFETY: the pixel lies in its plane.
                unsafe { *to.add(pixel * S::LANES + lane) = *row.add(pixel) }
            }
        }
    }
}

/// The reverse of [`gather_planes`]; lanes without a plane are left out.
///
/// # Safety
/// There is at least one plane. `from` holds a vector per pixel, and the planes can be written, by nobody else meanwhile.
#[inline(always)]
pub(crate) unsafe fn scatter_planes<S: Simd>(
    s: S,
    from: *const f32,
    to: *mut f32,
    planes: usize,
    pixels: usize,
) {
    if planes < S::LANES || pixels < S::LANES {
        for lane in 0..planes {
            for pixel in 0..pixels {
                // SAFETY: the pixel lies in its plane.
                unsafe { *to.add(lane * pixels + pixel) = *from.add(pixel * S::LANES + lane) }
            }
        }
        return;
    }
    // SAFETY: each row is the start of a plane, which the caller promises.
    let rows: [*mut f32; MOST_LANES] =
        std::array::from_fn(|lane| unsafe { to.add(lane.min(planes - 1) * pixels) });
    for first in blocks(pixels, S::LANES) {
        // SAFETY: a block ends with its plane.
        unsafe { s.scatter_block(from.add(first * S::LANES), &rows, first) }
    }
}

/// The first pixels of blocks of `lanes` pixels that together cover all pixels. The last block may overlap the one before.
/// There are no blocks if there are fewer pixels than lanes.
#[inline(always)]
pub(crate) fn blocks(pixels: usize, lanes: usize) -> impl Iterator<Item = usize> {
    let count = if pixels < lanes { 0 } else { pixels.div_ceil(lanes) };
    (0..count).map(move |index| (index * lanes).min(pixels - lanes))
}
