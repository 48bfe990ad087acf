//! The rows of the layers that are no reducer over a geometry.

use super::{Cost, Elsewhere, Facts, NOWHERE};
use crate::{Activation, Pool, StridedConv};

const NONE: &str = "none";
const NOTHING: &str = "nothing";

pub(super) fn all() -> Vec<(&'static str, Facts)> {
    vec![
        ("strided_conv", strided_conv()),
        ("blur", blur()),
        ("haar", haar()),
        ("spectral", spectral()),
        ("none", none()),
    ]
}

fn strided_conv() -> Facts {
    Facts {
        pool: Pool::strided_conv(2),
        formula: "a convolution of C to C channels with stride",
        settings: "size; stride = size; padding; activation (the paper uses \"relu\")",
        learns: "C x C x size^rank weights, Glorot-uniform, and C biases from 0",
        gradient: "smooth, but for the activation",
        cost: Cost::Own(vec![(
            "With relu".to_owned(),
            Pool::strided_conv(StridedConv::new(2).activation(Activation::Relu)),
        )]),
        source: "Springenberg et al., \"Striving for Simplicity: The All Convolutional Net\", 2015",
        elsewhere: Elsewhere {
            keras: Some("Conv2D(strides=2)"),
            pytorch: Some("Conv2d(stride=2)"),
            ..NOWHERE
        },
    }
}

fn blur() -> Facts {
    Facts {
        pool: Pool::blur(2),
        formula: "max or avg with stride 1, then the binomial filter with stride, reflecting at the edges",
        settings: "reduce = \"max\" | \"avg\"; size = 2 (1: the filter alone); stride = 2; taps = 3, from 2 to 7",
        learns: NOTHING,
        gradient: "of max, to the first of equal values, or of avg",
        cost: Cost::Own(Vec::new()),
        source: "Zhang, \"Making Convolutional Networks Shift-Invariant Again\", 2019",
        elsewhere: Elsewhere { timm: Some("BlurPool2d (size 1, odd taps)"), ..NOWHERE },
    }
}

fn haar() -> Facts {
    Facts {
        pool: Pool::Haar,
        formula: "(x0 + x1) / sqrt(2) along every axis: 2^(rank / 2) times the average of windows of 2",
        settings: NONE,
        learns: NOTHING,
        gradient: "constant",
        cost: Cost::Own(Vec::new()),
        source: "Williams & Li, \"Wavelet Pooling for Convolutional Neural Networks\", 2018",
        elsewhere: NOWHERE,
    }
}

fn spectral() -> Facts {
    Facts {
        pool: Pool::spectral(7),
        formula: "the lowest frequencies of the discrete Fourier transform along every axis, the mean kept",
        settings: "output, at most the input's size",
        learns: NOTHING,
        gradient: "constant: a linear map",
        cost: Cost::Own(Vec::new()),
        source: "Rippel, Snoek & Adams, \"Spectral Representations for Convolutional Neural Networks\", 2015",
        elsewhere: NOWHERE,
    }
}

fn none() -> Facts {
    Facts {
        pool: Pool::None,
        formula: "x",
        settings: NONE,
        learns: NOTHING,
        gradient: "1",
        cost: Cost::Own(Vec::new()),
        source: "the study's third arm",
        elsewhere: NOWHERE,
    }
}
