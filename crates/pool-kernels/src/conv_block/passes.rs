//! Which numbers of the input each output sees, forward and backward.
//!
//! An entry `i` of the input, with `before` zeros in front of it, is seen by output `(i + before - tap * dilation) / stride`
//! through those taps for which this is a whole number. Which taps those are depends on the remainder of `i` by the stride
//! alone. So the entries of each remainder are one pass, whose taps see the gradient of the output at fixed distances.

use super::operands::Form;
use super::products::{Pass, Pixel};
use super::{ConvAxis, ConvBlock};
use crate::memory::{OutOfMemory, with_room};

/// How pixels lie in images with their border, which follow one another. Numbers are counted by the places that they take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Numbers of an image.
    pub(super) image: usize,
    /// Columns of the image, and of its border.
    pub(super) columns: usize,
    /// Numbers of a pixel.
    pub(super) pixel: usize,
}

impl Frame {
    fn number(self, row: usize, column: usize) -> usize {
        (row * self.columns + column) * self.pixel
    }
}

/// What the outputs along one axis see, and where they lie.
struct Line {
    /// The taps: the kernel's entry, and its distance from the first entry of a window.
    taps: Vec<(usize, usize)>,
    /// The first entry of each output's window.
    from: Vec<usize>,
    /// Where each output lies.
    to: Vec<usize>,
}

/// One axis of the gradient of the input.
pub(super) struct GradientAxis {
    /// Zeros before the gradient of the output.
    pub(super) before: usize,
    /// Entries of the gradient of the output, with zeros around it.
    pub(super) padded: usize,
    /// One for each remainder of the stride.
    lines: Vec<Line>,
}

impl GradientAxis {
    pub(super) fn of(axis: &ConvAxis) -> Self {
        let &ConvAxis { input, size, stride, dilation, before, .. } = axis;
        // The output that the first entry with this remainder sees through a tap, which may lie before the first one.
        let seen = |remainder: usize, tap: usize| -> Option<isize> {
            let distance = (remainder + before) as isize - (tap * dilation) as isize;
            (distance.rem_euclid(stride as isize) == 0).then(|| distance.div_euclid(stride as isize))
        };
        let count = |remainder: usize| (input - remainder).div_ceil(stride);
        let remainders = 0..stride.min(input);
        let reach = remainders.clone().flat_map(|remainder| {
            (0..size).filter_map(move |tap| seen(remainder, tap).map(|first| (first, count(remainder))))
        });
        let (least, end) = reach.fold((0, axis.output() as isize), |(least, end), (first, count)| {
            (least.min(first), end.max(first + count as isize))
        });
        let line = |remainder: usize| Line {
            taps: (0..size)
                .filter_map(|tap| seen(remainder, tap).map(|first| (tap, (first - least) as usize)))
                .collect(),
            from: (0..count(remainder)).collect(),
            to: (remainder..input).step_by(stride).collect(),
        };
        Self {
            before: least.unsigned_abs(),
            padded: (end - least) as usize,
            lines: remainders.map(line).collect(),
        }
    }

    /// The first entry of what the input's first entry sees.
    pub(super) fn first(&self) -> usize {
        self.lines[0].taps.iter().map(|&(_, distance)| distance).min().unwrap_or(0)
    }
}

impl ConvBlock {
    /// All outputs of the convolution of images with their border. They lie in `to`, whose border begins with `before` rows
    /// and columns.
    pub(super) fn forward_pass(
        &self,
        form: Form,
        to: Frame,
        before: [usize; 2],
    ) -> Result<Pass, OutOfMemory> {
        let line = |axis: &ConvAxis, before: usize| Line {
            taps: (0..axis.size).map(|tap| (tap, tap * axis.dilation)).collect(),
            from: (0..axis.output()).map(|index| index * axis.stride).collect(),
            to: (before..before + axis.output()).collect(),
        };
        let [rows, columns] = &self.axes;
        let channels = form.places(self.channels);
        let image = rows.padded() * columns.padded() * channels;
        let from = Frame { image, columns: columns.padded(), pixel: channels };
        let seen = form.places(self.channels_of_filter());
        self.pass([&line(rows, before[0]), &line(columns, before[1])], (from, seen), to)
    }

    /// The gradient of all pixels of the input, from the gradient of the convolution's output in `from`.
    pub(super) fn gradient_passes(
        &self,
        [rows, columns]: &[GradientAxis; 2],
        (form, from): (Form, Frame),
    ) -> Result<Vec<Pass>, OutOfMemory> {
        let to = Frame { image: self.input_numbers(), columns: self.axes[1].input, pixel: self.channels };
        let seen = form.places(self.filters_of_channel());
        let mut passes = with_room(rows.lines.len() * columns.lines.len())?;
        for row in &rows.lines {
            for column in &columns.lines {
                passes.push(self.pass([row, column], (from, seen), to)?);
            }
        }
        Ok(passes)
    }

    fn pass(
        &self,
        [rows, columns]: [&Line; 2],
        (from, channels): (Frame, usize),
        to: Frame,
    ) -> Result<Pass, OutOfMemory> {
        let mut taps = with_room(rows.taps.len() * columns.taps.len())?;
        let mut entries = with_room(rows.taps.len() * columns.taps.len() * channels)?;
        for &(kernel_row, row) in &rows.taps {
            for &(kernel_column, column) in &columns.taps {
                taps.push(kernel_row * self.axes[1].size + kernel_column);
                let first = from.number(row, column);
                entries.extend(first..first + channels);
            }
        }
        let (images, pixels_of_image) = (self.images_at_once(), rows.to.len() * columns.to.len());
        let mut pixels = with_room(images * pixels_of_image)?;
        for image in 0..images {
            for (&from_row, &to_row) in rows.from.iter().zip(&rows.to) {
                pixels.extend(columns.from.iter().zip(&columns.to).map(|(&from_column, &to_column)| Pixel {
                    from: image * from.image + from.number(from_row, from_column),
                    to: image * to.image + to.number(to_row, to_column),
                }));
            }
        }
        Ok(Pass { taps, entries, pixels, pixels_of_image, columns: columns.to.len() })
    }
}

impl Pass {
    /// Pairs of neighbouring pixels of a row, one pair after another in `to`. The last pair of a row may be a single pixel.
    pub(super) fn in_pairs(self, row: usize) -> Result<Self, OutOfMemory> {
        let (rows, columns) = (self.pixels.len() / self.columns, self.columns.div_ceil(2));
        let mut pixels = with_room(rows * columns)?;
        for of_row in self.pixels.chunks_exact(self.columns) {
            for pixel in of_row.iter().step_by(2) {
                pixels.push(Pixel { from: pixel.from, to: pixels.len() * row });
            }
        }
        Ok(Self { pixels, pixels_of_image: self.pixels_of_image / self.columns * columns, columns, ..self })
    }
}
