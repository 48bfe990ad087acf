//! Operators that libtorch has no function for, as its users compose them of functions that it has.

use tch::Tensor;

use crate::Pooling;
use crate::case::{Case, Rivalry, Window};

/// The composition that a case is measured beside; none where that is the reference kernels.
pub(crate) fn of(case: &Case) -> Option<Pooling> {
    let (window, channels) = (case.window, case.shape[1]);
    match case.rivalry {
        Rivalry::LpComposed => Some(Box::new(move |input| lp(input, window))),
        Rivalry::SoftComposed => Some(Box::new(move |input| soft(input, window))),
        Rivalry::BlurComposed => Some(blur(channels)),
        Rivalry::Max | Rivalry::Avg | Rivalry::Lp | Rivalry::Soft | Rivalry::Stochastic | Rivalry::Blur => {
            None
        }
    }
}

/// PyTorch's `lp_pool2d` with `p = 2`: powers, their mean, the sum that it stands for, the root.
fn lp(input: &Tensor, window: Window) -> Tensor {
    let cells: i64 = input.size()[2..].iter().map(|&length| window.size_and_stride(length)[0]).product();
    let mean = mean(&input.pow_tensor_scalar(2.0), window);
    (mean.sign() * mean.abs().relu()).g_mul_scalar(cells as f64).pow_tensor_scalar(0.5)
}

/// SoftPool as its authors' plain version has it: two means, without the subtraction that keeps exponentials finite.
fn soft(input: &Tensor, window: Window) -> Tensor {
    let weights = input.exp();
    mean(&(&weights * input), window) / mean(&weights, window)
}

fn mean(input: &Tensor, window: Window) -> Tensor {
    if window == Window::Global {
        return input.adaptive_avg_pool2d([1, 1]).flatten(1, -1);
    }
    let [size, stride] = window.size_and_stride(0);
    let (ceil, count_padding, divisor) = (false, true, None::<i64>);
    input.avg_pool2d([size, size], [stride, stride], [0, 0], ceil, count_padding, divisor)
}

/// `MaxBlurPool2d` as timm and the authors have it: dense maximum, reflection, and a convolution by channel.
fn blur(channels: i64) -> Pooling {
    let taps = Tensor::from_slice(&[0.25f32, 0.5, 0.25]);
    let filter = taps.outer(&taps).expand([channels, 1, 3, 3], false).contiguous();
    Box::new(move |input| {
        let maxima = input.max_pool2d([2, 2], [1, 1], [0, 0], [1, 1], false);
        let padded = maxima.reflection_pad2d([1, 1, 1, 1]);
        let (stride, padding, dilation) = ([2, 2], [0, 0], [1, 1]);
        padded.conv2d(&filter, None::<&Tensor>, stride, padding, dilation, channels)
    })
}
