//! The reducers' rows.

use super::{Cost, Elsewhere, Facts, NOWHERE};
use crate::{Learned, Pool, Reducer};

const NONE: &str = "none";
const NOTHING: &str = "nothing";
const SMOOTH: &str = "smooth everywhere";
const LEE: &str = "Lee, Gallagher & Tu, \"Generalizing Pooling Functions in Convolutional Neural Networks: Mixed, Gated, and \
                   Tree\", 2016";

/// What stays the same in most rows.
fn plain(reducer: &Reducer) -> Facts {
    Facts {
        pool: match reducer {
            Reducer::Attention => Pool::global(*reducer),
            reducer => Pool::window(*reducer, 2),
        },
        formula: "",
        settings: NONE,
        learns: NOTHING,
        gradient: SMOOTH,
        cost: Cost::Own(otherwise(reducer)),
        source: "",
        elsewhere: NOWHERE,
    }
}

/// In which cases a reducer costs something else than with its default settings, and a layer that does.
fn otherwise(reducer: &Reducer) -> Vec<(String, Pool)> {
    let case = |words: String, reducer| (words, Pool::window(reducer, 2));
    let learning = |reducer| case("If learned".to_owned(), reducer);
    let learned = Learned::Layer;
    match *reducer {
        Reducer::Gem { p, .. } => {
            let beyond = format!("If p is below 1 or above {}", Reducer::GREATEST_KERNEL_POWER);
            let small = Reducer::Gem { p: 0.5, learned: Learned::No };
            vec![case(beyond, small), learning(Reducer::Gem { p, learned })]
        }
        Reducer::Lse { r, .. } => vec![learning(Reducer::Lse { r, learned })],
        Reducer::Mixed { alpha, .. } => vec![learning(Reducer::Mixed { alpha, learned })],
        Reducer::Max
        | Reducer::Avg
        | Reducer::Min
        | Reducer::Median
        | Reducer::Lp { .. }
        | Reducer::Soft { .. }
        | Reducer::Stochastic
        | Reducer::Gated
        | Reducer::Tree
        | Reducer::RandomMixed
        | Reducer::AvgMax
        | Reducer::CatAvgMax
        | Reducer::Lip
        | Reducer::Attention
        | Reducer::S3 { .. } => Vec::new(),
    }
}

pub(super) fn facts(reducer: &Reducer) -> Facts {
    let plain = plain(reducer);
    match reducer {
        Reducer::Max => Facts {
            formula: "max x",
            gradient: "to the greatest value; of equal ones to the first in row-major order",
            source: "Zhou & Chellappa 1988; Scherer, Müller & Behnke 2010",
            elsewhere: Elsewhere {
                keras: Some("MaxPooling2D"),
                pytorch: Some("MaxPool2d; MaxUnpool2d for max_unpool"),
                timm: Some("SelectAdaptivePool2d(\"max\")"),
            },
            ..plain
        },
        Reducer::Avg => Facts {
            formula: "sum x / n",
            source: "LeCun et al. 1998",
            elsewhere: Elsewhere {
                keras: Some("AveragePooling2D"),
                pytorch: Some("AvgPool2d(count_include_pad=False)"),
                timm: Some("SelectAdaptivePool2d(\"avg\")"),
            },
            ..plain
        },
        Reducer::Min => Facts {
            formula: "min x",
            gradient: "to the smallest value; of equal ones to the first in row-major order",
            source: "the maximum of -x, negated",
            ..plain
        },
        Reducer::Median => Facts {
            formula: "the middle of the sorted x; of an even n the lower of the two in the middle",
            gradient: "to the middle value; of equal ones to the first in row-major order among the sorted",
            source: "Tukey 1977",
            elsewhere: Elsewhere { pytorch: Some("torch.median"), timm: Some("MedianPool2d"), ..NOWHERE },
            ..plain
        },
        Reducer::Lp { .. } => Facts {
            formula: "(sum |x|^p)^(1/p)",
            settings: "p = 2, in [1, 1000]",
            gradient: "sign(x) (|x| / y)^(p-1); 0 at x = 0 and in an all-zero window",
            source: "Sermanet, Chintala & LeCun, \"Convolutional Neural Networks Applied to House Numbers Digit \
                     Classification\", 2012",
            elsewhere: Elsewhere { pytorch: Some("LPPool2d (x^p instead of |x|^p)"), ..NOWHERE },
            ..plain
        },
        Reducer::Gem { .. } => Facts {
            formula: "(mean max(x, 1e-6)^p)^(1/p)",
            settings: "p = 3, in [0.001, 1000]; learned = \"no\" | \"layer\" | \"channel\"",
            learns: "p, one or C of it, if learned",
            gradient: "0 where x < 1e-6",
            source: "Radenović, Tolias & Chum, \"Fine-tuning CNN Image Retrieval with No Human Annotation\", 2018",
            ..plain
        },
        Reducer::Lse { .. } => Facts {
            formula: "(logsumexp(r x) - ln n) / r",
            settings: "r = 10, its size in [1e-6, 1e6]; learned = \"no\" | \"layer\" | \"channel\"",
            learns: "r, one or C of it, if learned",
            gradient: "softmax(r x)",
            source: "Pinheiro & Collobert, \"From Image-level to Pixel-level Labeling with Convolutional Networks\", 2015",
            ..plain
        },
        Reducer::Soft { .. } => Facts {
            formula: "sum softmax(beta x) x",
            settings: "beta = 1, in [-1e6, 1e6]",
            source: "Stergiou, Poppe & Kalliatakis, \"Refining Activation Downsampling with SoftPool\", 2021",
            ..plain
        },
        Reducer::Stochastic => Facts {
            formula: "of a = max(x, 0): in training one, drawn with probability a / sum a; in prediction sum a^2 / sum a; 0 \
                      where all a are",
            gradient: "in training to the drawn value; 0 where x <= 0 and in an all-zero window",
            source: "Zeiler & Fergus, \"Stochastic Pooling for Regularization of Deep Convolutional Neural Networks\", 2013",
            ..plain
        },
        Reducer::Mixed { .. } => Facts {
            formula: "alpha max + (1 - alpha) avg",
            settings: "alpha = 0.5, in [0, 1]; learned = \"no\" | \"layer\" | \"channel\"",
            learns: "the logit of alpha, one or C of it, if learned",
            gradient: "of max and avg",
            source: LEE,
            ..plain
        },
        Reducer::Gated => Facts {
            formula: "s max + (1 - s) avg, s = sigmoid(w . x)",
            learns: "w, one weight per cell of the window, from N(0, 0.1)",
            gradient: "of max and avg, and through the gate",
            source: LEE,
            ..plain
        },
        Reducer::Tree => Facts {
            formula: "s (v1 . x) + (1 - s) (v2 . x), s = sigmoid(w . x)",
            learns: "v1 and v2 from N(1/n, 0.1), w from N(0, 0.1), one weight per cell of the window each",
            source: LEE,
            ..plain
        },
        Reducer::RandomMixed => Facts {
            formula: "in training max or avg, by a fair coin per sample and channel; in prediction (avg + max) / 2",
            gradient: "of max or avg",
            source: "Yu, Wang, Chen & Wei, \"Mixed Pooling for Convolutional Neural Networks\", 2014 (who predict with what \
                     training drew more often)",
            ..plain
        },
        Reducer::AvgMax => Facts {
            formula: "(avg + max) / 2",
            gradient: "of max and avg",
            source: "Lee, Gallagher & Tu 2016 with alpha = 1/2",
            elsewhere: Elsewhere { timm: Some("SelectAdaptivePool2d(\"avgmax\")"), ..NOWHERE },
            ..plain
        },
        Reducer::CatAvgMax => Facts {
            formula: "[avg, max]: twice the channels, averages first",
            gradient: "of max and avg",
            source: "Woo et al., \"CBAM: Convolutional Block Attention Module\", 2018",
            elsewhere: Elsewhere { timm: Some("SelectAdaptivePool2d(\"catavgmax\")"), ..NOWHERE },
            ..plain
        },
        Reducer::Lip => Facts {
            formula: "sum w x / sum w, w = exp(12 sigmoid(instance_norm(P x)))",
            learns: "P, C x C from 0, and the norm's scale and shift: it starts as avg",
            source: "Gao, Wang & Wu, \"LIP: Local Importance-Based Pooling\", 2019 (P is a 1x1 convolution)",
            ..plain
        },
        Reducer::Attention => Facts {
            formula: "sum softmax(q . x / sqrt(C)) x over all places; global only",
            learns: "the query q, C from 0: it starts as avg",
            source: "Ilse, Tomczak & Welling, \"Attention-based Deep Multiple Instance Learning\", 2018; Lee et al., \"Set \
                     Transformer\", 2019, with one seed",
            elsewhere: Elsewhere { timm: Some("AttentionPoolLatent (several heads)"), ..NOWHERE },
            ..plain
        },
        Reducer::S3 { .. } => Facts {
            formula: "max with stride 1, then rows and columns: in training grid / stride random ones of every grid, in \
                      prediction the expectation over them",
            settings: "grid = 2, at most 1024 and a multiple of the stride",
            gradient: "of max, to what was kept",
            source: "Zhai et al., \"S3Pool: Pooling with Stochastic Spatial Sampling\", 2017 (who predict with an average of \
                     windows)",
            ..plain
        },
    }
}
