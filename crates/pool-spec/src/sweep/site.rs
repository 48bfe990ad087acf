//! Ready-made ways to halve height and width around a convolution.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Blur, BranchInput, Conv2d, Extent, Geometry, Join, Layer, Padding, Parallel, Pool, Reducer, SpaceToDepth,
    Window,
};

/// A way to halve height and width, rounded up, where a network has a convolution. The convolution's own stride is 1;
/// normalisation and activation follow in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Site {
    /// The convolution with stride 2 (He et al. 2016; Springenberg et al. 2015); in a place without one, the pooling layer
    /// of that name.
    StridedConv,
    /// A binomial filter with stride 2, and then the convolution (Composer's BlurPool with `blur_first`).
    BlurBefore,
    /// The convolution, and then a binomial filter with stride 2 (Zhang 2019).
    BlurAfter,
    /// Average pooling over 2x2, and then the convolution: the shortcut of ResNet-D (He et al. 2019).
    AverageBefore,
    /// Blocks of 2x2 moved into the channels, and then the convolution with a kernel of 1x1 (SPD-Conv: Sunkara & Luo
    /// 2022). Needs an even height and width.
    SpaceToDepth,
    /// YOLOv9's: averages over 2x2 with stride 1, and of their channels one half through the convolution with stride 2, the
    /// other through maximum pooling and a convolution of 1x1 (Wang et al. 2024). Needs even numbers of channels, and rounds
    /// an odd height or width down.
    Adown,
}

impl Site {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::StridedConv,
        Self::BlurBefore,
        Self::BlurAfter,
        Self::AverageBefore,
        Self::SpaceToDepth,
        Self::Adown,
    ];

    /// Its word in a sweep file.
    pub fn word(self) -> &'static str {
        match self {
            Self::StridedConv => "strided_conv",
            Self::BlurBefore => "blur_before",
            Self::BlurAfter => "blur_after",
            Self::AverageBefore => "average_before",
            Self::SpaceToDepth => "space_to_depth",
            Self::Adown => "adown",
        }
    }

    /// All words, as they would be written.
    pub(super) fn words() -> String {
        Self::ALL.map(|site| format!("\"{}\"", site.word())).join(", ")
    }

    /// The layers around a convolution of stride 1.
    pub(super) fn around(self, conv: &Conv2d) -> Vec<Layer> {
        let own = || Layer::from(conv.clone());
        let of_one = |filters| Conv2d { filters, kernel: 1.into(), padding: Padding::Valid, ..conv.clone() };
        match self {
            Self::StridedConv => vec![conv.clone().stride(2).into()],
            Self::BlurBefore => vec![blur(), own()],
            Self::BlurAfter => vec![own(), blur()],
            Self::AverageBefore => vec![average(Window { ceil: true, ..Window::new(2) }), own()],
            Self::SpaceToDepth => vec![SpaceToDepth::new(2).into(), of_one(conv.filters).into()],
            Self::Adown => {
                let half = conv.filters / 2;
                let convolved = Conv2d { filters: half, ..conv.clone() }.stride(2).padding(centred(conv));
                let maximum = Window::new(3).stride(2).padding(Padding::Symmetric(1.into()));
                let pooled =
                    vec![Pool::window(Reducer::Max, maximum).into(), of_one(conv.filters - half).into()];
                let halves = Parallel::new([vec![convolved.into()], pooled], Join::Concat);
                vec![
                    average(Window::new(2).stride(1)),
                    Parallel { input: BranchInput::Shares, ..halves }.into(),
                ]
            }
        }
    }
}

fn blur() -> Layer {
    Pool::Blur(Blur { size: 1.into(), ..Blur::default() }).into()
}

fn average(window: Window) -> Layer {
    Pool::Reduce { reducer: Reducer::Avg, geometry: Geometry::Window(window) }.into()
}

/// Half of the kernel on every side, as a kernel over the same places as maximum pooling of 3x3 has it.
fn centred(conv: &Conv2d) -> Padding {
    match &conv.kernel {
        Extent::All(size) => Padding::Symmetric(Extent::All(size / 2)),
        Extent::Each(sizes) => Padding::Symmetric(Extent::Each(sizes.iter().map(|size| size / 2).collect())),
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sequential;

    #[test]
    fn every_site_halves_height_and_width_and_gives_the_convolutions_channels() {
        for site in Site::ALL {
            for (size, half) in [(32, 16), (28, 14), (14, 7), (7, 4)] {
                if matches!(site, Site::SpaceToDepth | Site::Adown) && size % 2 == 1 {
                    continue;
                }
                let conv = Conv2d::new(12, 3).padding(Padding::Same);
                let around =
                    site.around(&conv).into_iter().fold(Sequential::new([6, size, size]), Sequential::add);
                assert_eq!(around.infer().unwrap().output(), Some(&[12, half, half][..]), "{site} of {size}");
            }
        }
    }

    #[test]
    fn every_word_is_the_one_that_is_read() {
        for site in Site::ALL {
            assert_eq!(serde_json::to_string(&site).unwrap(), format!("\"{}\"", site.word()));
        }
    }
}
