//! Which windows exist: the geometry of pooling and convolution, as pure arithmetic.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Extent, SettingError};

/// Which windows of the input become one value each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Geometry {
    /// A window of fixed size that moves by a stride.
    Window(Window),
    /// As many windows as the output has entries: along each axis, of `n` inputs and `o` outputs, window `i` is
    /// `[floor(i n / o), ceil((i + 1) n / o))`.
    Adaptive(Extent),
    /// One window over all spatial axes.
    Global {
        /// Keep the spatial axes with size 1 (`[N, C, 1, 1]`) instead of dropping them (`[N, C]`).
        keep_dims: bool,
    },
}

/// A window of fixed size that moves by a stride.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// Entries of the window along each spatial axis.
    pub size: Extent,
    /// Steps between windows along each spatial axis.
    pub stride: Extent,
    /// What happens at the edges.
    pub padding: Padding,
}

/// What happens at the edges. Padded cells never count in an average and never win a maximum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// Only windows that lie inside the input.
    #[default]
    Valid,
    /// As many windows as the stride fits into the input, as Keras does: `ceil(n / stride)` outputs, the odd cell of
    /// padding at the end.
    Same,
    /// This many cells at both ends, at most half of the window.
    Symmetric(Extent),
}

/// A window along one spatial axis, with everything decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AxisWindow {
    pub(crate) input: usize,
    pub(crate) size: usize,
    pub(crate) stride: usize,
    /// Padding before the first and after the last input entry.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) output: usize,
}

impl AxisWindow {
    /// Input entries, padding left out, that window `index` sees.
    pub(crate) fn visible(&self, index: usize) -> usize {
        let start = index * self.stride;
        let end = (start + self.size).min(self.before + self.input);
        end.saturating_sub(start.max(self.before))
    }
}

impl Window {
    /// A window of `size` that moves by its own size, without padding.
    pub fn new(size: impl Into<Extent>) -> Self {
        let size = size.into();
        Self { stride: size.clone(), size, padding: Padding::Valid }
    }

    /// Decides every axis for an input with these `spatial` sizes; `field` is what the user calls the window's size.
    pub(crate) fn resolve(
        &self,
        field: &'static str,
        spatial: &[usize],
    ) -> Result<Vec<AxisWindow>, SettingError> {
        let rank = spatial.len();
        let sizes = self.size.resolve_positive(field, rank)?;
        let strides = self.stride.resolve_positive("stride", rank)?;
        let symmetric = match &self.padding {
            Padding::Symmetric(padding) => padding.resolve("padding", rank)?,
            Padding::Valid | Padding::Same => vec![0; rank],
        };
        (0..rank)
            .map(|axis| {
                let (input, size, stride) = (spatial[axis], sizes[axis], strides[axis]);
                let (before, after) = match self.padding {
                    Padding::Valid => (0, 0),
                    Padding::Same => same_padding(input, size, stride),
                    Padding::Symmetric(_) => (symmetric[axis], symmetric[axis]),
                };
                let padded = before + input + after;
                if size > padded {
                    return Err(SettingError::WindowTooLarge { field, size, input: padded, axis });
                }
                let output = (padded - size) / stride + 1;
                Ok(AxisWindow { input, size, stride, before, after, output })
            })
            .collect()
    }
}

/// Cells before and after, so that `ceil(input / stride)` windows fit; the odd cell comes after.
fn same_padding(input: usize, size: usize, stride: usize) -> (usize, usize) {
    let output = input.div_ceil(stride);
    let total = ((output - 1) * stride + size).saturating_sub(input);
    (total / 2, total - total / 2)
}

/// Pooling's own rule: no window may see padding alone.
pub(crate) fn check_pool_padding(axes: &[AxisWindow], padding: &Padding) -> Result<(), SettingError> {
    if let Padding::Symmetric(_) = padding {
        for axis in axes {
            let limit = axis.size / 2;
            if axis.before > limit {
                return Err(SettingError::PaddingTooLarge { padding: axis.before, size: axis.size, limit });
            }
        }
    }
    Ok(())
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("\"valid\""),
            Self::Same => f.write_str("\"same\""),
            Self::Symmetric(cells) => cells.fmt(f),
        }
    }
}

impl Serialize for Padding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Valid => serializer.serialize_str("valid"),
            Self::Same => serializer.serialize_str("same"),
            Self::Symmetric(cells) => cells.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PaddingVisitor;

        impl<'de> Visitor<'de> for PaddingVisitor {
            type Value = Padding;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"valid\", \"same\", or a number of cells")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Padding, E> {
                match text {
                    "valid" => Ok(Padding::Valid),
                    "same" => Ok(Padding::Same),
                    other => Err(E::unknown_variant(other, &["valid", "same"])),
                }
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Padding, E> {
                let cells = serde::de::value::I64Deserializer::<E>::new(value);
                Extent::deserialize(cells).map(Padding::Symmetric)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Padding, E> {
                self.visit_i64(i64::try_from(value).map_err(|_| E::custom("padding is too large"))?)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Padding, A::Error> {
                Extent::deserialize(serde::de::value::SeqAccessDeserializer::new(list))
                    .map(Padding::Symmetric)
                    .map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(PaddingVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(window: &Window, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        Ok(window.resolve("size", spatial)?.iter().map(|axis| axis.output).collect())
    }

    #[test]
    fn output_sizes_follow_keras_and_pytorch() {
        let window = |size: usize, stride: usize, padding| Window {
            size: size.into(),
            stride: stride.into(),
            padding,
        };
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
        let window = Window { padding: Padding::Same, stride: 1.into(), ..Window::new(2) };
        let axis = window.resolve("size", &[5]).unwrap()[0];
        assert_eq!((axis.before, axis.after), (0, 1));
        assert_eq!((0..5).map(|i| axis.visible(i)).collect::<Vec<_>>(), [2, 2, 2, 2, 1]);
    }

    #[test]
    fn each_impossible_setting_has_its_own_message() {
        let window = Window::new(2);
        for (window, expected) in [
            (Window::new(0), "size = 0: every entry must be at least 1"),
            (
                Window { stride: [1, 0].into(), ..window.clone() },
                "stride = [1, 0]: every entry must be at least 1",
            ),
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
        let window = Window { padding: Padding::Symmetric(2.into()), ..window };
        let axes = window.resolve("size", &[8, 8]).unwrap();
        assert_eq!(
            check_pool_padding(&axes, &window.padding).unwrap_err().to_string(),
            "padding = 2: at most half of the window is allowed, here 1 (size = 2)"
        );
    }
}
