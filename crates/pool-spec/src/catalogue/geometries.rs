//! The geometries' rows.

use super::{Cost, Elsewhere, Facts};
use crate::{Pool, Reducer, Window};

const NOTHING: &str = "nothing";
const OF_REDUCER: &str = "the reducer's";

pub(super) fn all() -> Vec<(&'static str, Facts)> {
    vec![
        ("window", window()),
        ("adaptive", adaptive()),
        ("global", global()),
        ("fractional", fractional()),
        ("pyramid", pyramid()),
    ]
}

fn window() -> Facts {
    Facts {
        pool: Pool::max(Window::new(3).stride(2)),
        formula: "o = floor((n + padding - dilation (size - 1) - 1) / stride) + 1; ceil rounds up where the last window \
                  begins inside the input; \"same\": o = ceil(n / stride), the odd padded cell at the end",
        settings: "size; stride = size; padding = \"valid\" | \"same\" | cells, at most size / 2; dilation = 1; \
                   ceil = false; count_padding = false (avg only)",
        learns: NOTHING,
        gradient: OF_REDUCER,
        cost: Cost::OfReducer,
        source: "LeCun et al. 1998",
        elsewhere: Elsewhere {
            keras: Some("MaxPooling1D-3D, AveragePooling1D-3D"),
            pytorch: Some("MaxPool1d-3d, AvgPool1d-3d"),
            timm: Some("MaxPool2dSame, AvgPool2dSame (counts padding)"),
        },
    }
}

fn adaptive() -> Facts {
    Facts {
        pool: Pool::adaptive(Reducer::Max, 7),
        formula: "window i of o is [floor(i n / o), ceil((i + 1) n / o))",
        settings: "the output's size; \"same\" in a list keeps the input's",
        learns: NOTHING,
        gradient: OF_REDUCER,
        cost: Cost::OfReducer,
        source: "He et al. 2014",
        elsewhere: Elsewhere {
            keras: Some("AdaptiveMaxPooling1D-3D, AdaptiveAveragePooling1D-3D"),
            pytorch: Some("AdaptiveMaxPool1d-3d, AdaptiveAvgPool1d-3d"),
            timm: Some("SelectAdaptivePool2d"),
        },
    }
}

fn global() -> Facts {
    Facts {
        pool: Pool::global(Reducer::Avg),
        formula: "one window over everything: [N, C, ...] becomes [N, C], or [N, C, 1, ...] with keep_dims",
        settings: "keep_dims = false; a mask of the entries that count, in Rust",
        learns: NOTHING,
        gradient: OF_REDUCER,
        cost: Cost::OfReducer,
        source: "Lin, Chen & Yan, \"Network in Network\", 2014",
        elsewhere: Elsewhere {
            keras: Some("GlobalMaxPooling1D-3D, GlobalAveragePooling1D-3D (1D with mask)"),
            pytorch: Some("AdaptiveMaxPool2d(1)"),
            timm: Some("SelectAdaptivePool2d"),
        },
    }
}

fn fractional() -> Facts {
    Facts {
        pool: Pool::fractional(Reducer::Max, 0.7),
        formula: "regions whose steps are n / o rounded up or down: bounds floor((i + u) n / o) - floor(u n / o) with a \
                  random u (pseudo_random), or the same steps shuffled (random)",
        settings: "ratio of output to input, a decimal number, or output; regions = \"disjoint\" | \"overlapping\", or size; sequence = \
                   \"pseudo_random\" | \"random\"; evaluation = \"fixed\" (u = 1/2) | \"expectation\" (mean of 16 draws)",
        learns: NOTHING,
        gradient: OF_REDUCER,
        cost: Cost::OfReducer,
        source: "Graham, \"Fractional Max-Pooling\", 2014",
        elsewhere: Elsewhere {
            keras: None,
            pytorch: Some("FractionalMaxPool2d, FractionalMaxPool3d (regions of one size)"),
            timm: None,
        },
    }
}

fn pyramid() -> Facts {
    Facts {
        pool: Pool::pyramid(Reducer::Max, [4, 2, 1]),
        formula: "adaptive windows of every level, each flattened, joined: [N, C * sum of level^rank]",
        settings: "the levels",
        learns: NOTHING,
        gradient: OF_REDUCER,
        cost: Cost::OfReducer,
        source: "He et al., \"Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition\", 2014",
        elsewhere: super::NOWHERE,
    }
}
