//! Windows of a fixed size that move by a stride, of pooling and convolution alike, as pure arithmetic.

use super::Padding;
use crate::sizes::count_of_channel;
use crate::{Extent, SettingError};

/// A window of fixed size that moves by a stride.
///
/// Its settings are its own, so that none can be given to a layer without windows of a fixed size, where it would do
/// nothing:
///
/// ```
/// # use pool_spec::{Pool, Reducer, Window};
/// Pool::window(Reducer::Max, Window::new(3).stride(2));
/// Pool::global(Reducer::Max);
/// ```
///
/// ```compile_fail,E0599
/// # use pool_spec::{Pool, Reducer};
/// Pool::global(Reducer::Max).stride(2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// Entries of the window along each spatial axis.
    pub size: Extent,
    /// Steps between windows along each spatial axis.
    pub stride: Extent,
    /// What happens at the edges.
    pub padding: Padding,
    /// Steps between the entries of one window; 1 is a window without holes.
    pub dilation: Extent,
    /// Whether a last window that begins inside the input but ends beyond it counts. PyTorch: `ceil_mode`.
    pub ceil: bool,
    /// Whether an average counts padded cells as zeros. PyTorch: `count_include_pad`, `true` there by default.
    pub count_padding: bool,
}

/// A window along one spatial axis, with everything decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedWindow {
    /// Entries of the axis.
    pub input: usize,
    /// Cells of a window.
    pub size: usize,
    /// From one window to the next.
    pub stride: usize,
    /// From one cell of a window to the next.
    pub dilation: usize,
    /// Padding before the first entry.
    pub before: usize,
    /// Padding after the last entry.
    pub after: usize,
    /// Cells beyond the padding that the last window of ceil mode reaches; no average counts them.
    pub overhang: usize,
    /// How many windows.
    pub output: usize,
}

impl ResolvedWindow {
    /// A window of one entry on an axis of one entry.
    pub const UNIT: Self =
        Self { input: 1, size: 1, stride: 1, dilation: 1, before: 0, after: 0, overhang: 0, output: 1 };

    /// The same window at every place, the overhang of ceil mode included as padding.
    pub fn dense(&self) -> Self {
        let after = self.after + self.overhang;
        let output = self.before + self.input + after - self.reach() + 1;
        Self { stride: 1, after, overhang: 0, output, ..*self }
    }

    /// Input entries from the first of a window to its last.
    pub fn reach(&self) -> usize {
        reach(self.size, self.dilation)
    }

    /// Input entries, padding left out, that window `index` sees.
    pub fn visible(&self, index: usize) -> usize {
        self.cells_before(index, self.before + self.input) - self.cells_before(index, self.before)
    }

    /// Refuses windows that would see padding alone. Without holes the limit of padding suffices; with them, a short
    /// input may lie in a hole.
    pub fn check_sight(&self, axis: usize) -> Result<(), SettingError> {
        let blind = |window: &usize| self.dilation > 1 && self.visible(*window) == 0;
        match (0..self.output).find(blind) {
            None => Ok(()),
            Some(window) => Err(SettingError::BlindWindow { dilation: self.dilation, window, axis }),
        }
    }

    /// Cells of window `index` that lie in the input or its padding.
    pub fn padded(&self, index: usize) -> usize {
        self.cells_before(index, self.before + self.input + self.after)
    }

    /// Cells of window `index` that lie before `place`, both counted from the beginning of the padding.
    fn cells_before(&self, index: usize, place: usize) -> usize {
        place.saturating_sub(index * self.stride).div_ceil(self.dilation).min(self.size)
    }
}

/// What else makes a window fit.
const PAD: &str = " or use padding = \"same\"";

fn reach(size: usize, dilation: usize) -> usize {
    (size - 1) * dilation + 1
}

impl Window {
    /// A window of `size` that moves by its own size, without padding.
    pub fn new(size: impl Into<Extent>) -> Self {
        let size = size.into();
        Self {
            stride: size.clone(),
            size,
            padding: Padding::Valid,
            dilation: Extent::All(1),
            ceil: false,
            count_padding: false,
        }
    }

    /// Moves by `stride` instead of by its own size.
    #[must_use]
    pub fn stride(self, stride: impl Into<Extent>) -> Self {
        Self { stride: stride.into(), ..self }
    }

    /// Pads the edges.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Spreads the entries of a window. PyTorch: `dilation`.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Extent>) -> Self {
        Self { dilation: dilation.into(), ..self }
    }

    /// Counts a last window that begins inside the input but ends beyond it. PyTorch: `ceil_mode=True`.
    #[must_use]
    pub fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }

    /// Counts padded cells as zeros in an average; other reducers refuse it. PyTorch: `count_include_pad=True`.
    #[must_use]
    pub fn count_padding(self) -> Self {
        Self { count_padding: true, ..self }
    }

    /// Decides every axis for an input with these `spatial` sizes; `field` is what the user calls the window's size.
    pub fn resolve(
        &self,
        field: &'static str,
        spatial: &[usize],
    ) -> Result<Vec<ResolvedWindow>, SettingError> {
        let rank = spatial.len();
        let sizes = self.size.resolve_positive(field, rank)?;
        let strides = self.stride.resolve_positive("stride", rank)?;
        let dilations = self.dilation.resolve_positive("dilation", rank)?;
        let symmetric = match &self.padding {
            Padding::Symmetric(padding) => padding.resolve("padding", rank)?,
            Padding::Valid | Padding::Same => vec![0; rank],
        };
        let axes: Vec<ResolvedWindow> = (0..rank)
            .map(|axis| {
                let (input, size, stride, dilation) =
                    (spatial[axis], sizes[axis], strides[axis], dilations[axis]);
                let reach = reach(size, dilation);
                let (before, after) = match self.padding {
                    Padding::Valid => (0, 0),
                    Padding::Same => same_padding(input, reach, stride),
                    Padding::Symmetric(_) => (symmetric[axis], symmetric[axis]),
                };
                let padded = before + input + after;
                if reach > padded {
                    return Err(SettingError::WindowTooLarge {
                        field,
                        size,
                        reach,
                        input: padded,
                        axis,
                        cure: PAD,
                    });
                }
                let mut output = (padded - reach) / stride + 1;
                // A window that began in the padding after the input would see nothing else.
                if self.ceil && !(padded - reach).is_multiple_of(stride) && output * stride < before + input {
                    output += 1;
                }
                let overhang = ((output - 1) * stride + reach).saturating_sub(padded);
                Ok(ResolvedWindow { input, size, stride, dilation, before, after, overhang, output })
            })
            .collect::<Result<_, SettingError>>()?;
        let padded = axes.iter().map(|axis| axis.before + axis.input + axis.after + axis.overhang);
        count_of_channel("entries with their padding", padded)?;
        Ok(axes)
    }

    /// Decides every axis, and holds pooling's own rules: no window may see padding alone.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub fn resolve_pooling(&self, spatial: &[usize]) -> Result<Vec<ResolvedWindow>, SettingError> {
        let axes = self.resolve("size", spatial)?;
        if self.ceil && self.padding == Padding::Same {
            return Err(SettingError::Idle {
                field: "ceil",
                reason: "padding = \"same\" leaves no entry out",
            });
        }
        for (index, axis) in axes.iter().enumerate() {
            let limit = axis.size / 2;
            if matches!(self.padding, Padding::Symmetric(_)) && axis.before > limit {
                return Err(SettingError::PaddingTooLarge { padding: axis.before, size: axis.size, limit });
            }
            axis.check_sight(index)?;
        }
        Ok(axes)
    }
}

impl<S: Into<Extent>> From<S> for Window {
    fn from(size: S) -> Self {
        Self::new(size)
    }
}

/// Cells before and after, so that `ceil(input / stride)` windows fit; the odd cell comes after.
fn same_padding(input: usize, reach: usize, stride: usize) -> (usize, usize) {
    let output = input.div_ceil(stride);
    let total = ((output - 1) * stride + reach).saturating_sub(input);
    (total / 2, total - total / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(window: &Window, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        Ok(window.resolve("size", spatial)?.iter().map(|axis| axis.output).collect())
    }

    #[test]
    fn output_sizes_follow_keras_and_pytorch() {
        let window = |size: usize, stride: usize, padding| Window::new(size).stride(stride).padding(padding);
        for (window, input, expected, why) in [
            (window(2, 2, Padding::Valid), 24, 12, "the study's window"),
            (window(2, 2, Padding::Valid), 5, 2, "the last column falls away"),
            (window(2, 2, Padding::Same), 5, 3, "one padded cell at the end"),
            (window(3, 2, Padding::Same), 224, 112, "Keras: ceil(n / stride)"),
            (window(3, 2, Padding::Symmetric(1.into())), 224, 112, "PyTorch: (224 + 2 - 3) / 2 + 1"),
            (window(5, 5, Padding::Same), 3, 1, "a window larger than its input fits when padded"),
            (window(1, 3, Padding::Same), 7, 3, "a stride larger than the window needs no padding"),
        ] {
            assert_eq!(outputs(&window, &[input]), Ok(vec![expected]), "{why}");
        }
    }

    #[test]
    fn same_padding_puts_the_odd_cell_at_the_end() {
        let window = Window::new(2).padding(Padding::Same).stride(1);
        let axis = window.resolve("size", &[5]).unwrap()[0];
        assert_eq!((axis.before, axis.after), (0, 1));
        assert_eq!((0..5).map(|i| axis.visible(i)).collect::<Vec<_>>(), [2, 2, 2, 2, 1]);
    }

    #[test]
    fn each_impossible_setting_has_its_own_message() {
        for (window, expected) in [
            (Window::new(0), "size = 0: every entry must be at least 1"),
            (Window::new(2).stride([1, 0]), "stride = [1, 0]: every entry must be at least 1"),
            (
                Window::new(9),
                "size = 9: the window is larger than its input (8 along spatial axis 0, padding included); \
                 make it smaller or use padding = \"same\"",
            ),
            (
                Window::new([2, 2, 2]),
                "size = [2, 2, 2]: the input has 2 spatial axes, so give one number for all of them or a \
                 list of 2",
            ),
        ] {
            assert_eq!(window.resolve("size", &[8, 8]).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn no_window_may_see_padding_alone() {
        let symmetric = |cells: usize| Padding::Symmetric(cells.into());
        for (window, input, expected) in [
            (
                Window::new(2).padding(symmetric(2)),
                8,
                "padding = 2: at most half of the window is allowed, here 1 (size = 2)",
            ),
            (
                Window::new(2).padding(symmetric(1)).dilation(2),
                1,
                "dilation = 2: window 0 along spatial axis 0 would see padding alone; make the dilation or the \
                 padding smaller",
            ),
            (
                Window::new(2).padding(Padding::Same).ceil(),
                8,
                "ceil says nothing here: padding = \"same\" leaves no entry out; leave it out",
            ),
        ] {
            assert_eq!(window.resolve_pooling(&[input]).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn ceil_mode_adds_a_window_only_where_it_begins_inside_the_input() {
        let ceil = |size: usize, stride: usize, padding: usize| {
            Window::new(size).stride(stride).padding(Padding::Symmetric(padding.into())).ceil()
        };
        for (window, input, expected, why) in [
            (ceil(2, 2, 0), 5, 3, "the last entry gets a window"),
            (ceil(2, 2, 0), 4, 2, "nothing is left over"),
            (ceil(3, 2, 1), 6, 4, "(6 + 2 - 3) / 2 rounded up, plus 1"),
            (ceil(2, 2, 1), 5, 3, "a fourth window would begin in the padding"),
            (ceil(1, 3, 0), 3, 1, "a second window would begin beyond the input"),
        ] {
            assert_eq!(outputs(&window, &[input]), Ok(vec![expected]), "{why}");
        }
        assert_eq!(ceil(2, 2, 0).resolve("size", &[5]).unwrap()[0].overhang, 1);
    }
}
