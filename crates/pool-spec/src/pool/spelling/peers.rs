//! What Keras, PyTorch, TensorFlow and timm call pooling layers and their settings, as tables.
//!
//! Names are compared without module, rank, case and underscores: `nn.MaxPool2d`, `F.max_pool2d` and `MaxPool1D` are
//! `maxpool`.

use crate::Reducer;

/// A pooling layer of another library.
pub(super) struct Layer {
    pub(super) names: &'static [&'static str],
    pub(super) is: Is,
    /// What its arguments set, in their order.
    pub(super) arguments: &'static [Setting],
}

/// What a layer of another library is here.
#[derive(Clone, Copy)]
pub(super) enum Is {
    /// A reducer over windows.
    Window(Reducer),
    /// A reducer over the whole of every channel.
    Global(Reducer),
    /// A reducer over as many windows as the output has entries.
    Adaptive(Reducer),
    /// The same, to one entry unless another output is asked for.
    AdaptiveToOne(Reducer),
    /// A reducer over fractional windows.
    Fractional(Reducer),
    /// The binomial filter alone.
    Blur,
    /// No pooling.
    Nothing,
    /// There is none, and this is what to do.
    Lacking(&'static str),
}

/// What a parameter of another library sets.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Setting {
    Size,
    Stride,
    Padding,
    Dilation,
    Ceil,
    CountPadding,
    Output,
    Ratio,
    KeepDims,
    Taps,
    Reduce,
    /// A number or word that stands within the reducer here.
    OfReducer(OfReducer),
    /// There is none, and this is why.
    Absent(&'static str),
}

/// What a reducer can be given.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum OfReducer {
    P,
    R,
    Beta,
    Alpha,
    Grid,
    Learned,
}

use OfReducer::{Alpha, Beta, Grid, Learned, P, R};
use Setting::{
    Absent, Ceil, CountPadding, Dilation, KeepDims, OfReducer as Inner, Output, Padding, Ratio, Reduce, Size,
    Stride, Taps,
};

const LAYOUT: Setting = Absent("tensors here are always [N, C, spatial...]");
const INDICES: Setting = Absent("indices are asked of a layer when it runs (pool-cli apply --indices)");
const NAME: Setting = Absent("an arm has a name of its own");
const CHANNELS: Setting = Absent("channels follow from the input");

/// Every layer that is answered.
pub(super) const LAYERS: &[Layer] = &[
    Layer {
        names: &["maxpooling", "maxpool"],
        is: Is::Window(Reducer::Max),
        arguments: &[Size, Stride, Padding, Dilation, INDICES, Ceil],
    },
    Layer {
        names: &["averagepooling", "averagepool", "avgpooling", "avgpool", "meanpool", "meanpooling"],
        is: Is::Window(Reducer::Avg),
        arguments: &[Size, Stride, Padding, Ceil, CountPadding],
    },
    Layer {
        names: &["minpool", "minpooling"],
        is: Is::Window(Reducer::Min),
        arguments: &[Size, Stride, Padding],
    },
    Layer {
        names: &["medianpool", "medianpooling"],
        is: Is::Window(Reducer::Median),
        arguments: &[Size, Stride, Padding],
    },
    Layer {
        names: &["softpool", "softpooling"],
        is: Is::Window(Reducer::Soft { beta: 1.0 }),
        arguments: &[Size, Stride],
    },
    Layer {
        names: &["lppool"],
        is: Is::Window(Reducer::Lp { p: 2.0 }),
        arguments: &[Inner(P), Size, Stride, Ceil],
    },
    Layer {
        names: &["globalmaxpooling", "globalmaxpool"],
        is: Is::Global(Reducer::Max),
        arguments: &[LAYOUT, KeepDims],
    },
    Layer {
        names: &["globalaveragepooling", "globalaveragepool", "globalavgpooling", "globalavgpool", "gap"],
        is: Is::Global(Reducer::Avg),
        arguments: &[LAYOUT, KeepDims],
    },
    Layer {
        names: &["gempool", "gempooling", "generalizedmeanpooling"],
        is: Is::Global(Reducer::Gem { p: 3.0, learned: crate::Learned::No }),
        arguments: &[Inner(P)],
    },
    Layer {
        names: &["adaptivemaxpooling", "adaptivemaxpool"],
        is: Is::Adaptive(Reducer::Max),
        arguments: &[Output, INDICES],
    },
    Layer {
        names: &["adaptiveaveragepooling", "adaptiveaveragepool", "adaptiveavgpool"],
        is: Is::Adaptive(Reducer::Avg),
        arguments: &[Output, LAYOUT],
    },
    Layer { names: &["adaptiveavgmaxpool"], is: Is::AdaptiveToOne(Reducer::AvgMax), arguments: &[Output] },
    Layer {
        names: &["adaptivecatavgmaxpool"],
        is: Is::AdaptiveToOne(Reducer::CatAvgMax),
        arguments: &[Output],
    },
    Layer {
        names: &["selectadaptivepool"],
        is: Is::AdaptiveToOne(Reducer::Avg),
        arguments: &[Output, Reduce],
    },
    Layer {
        names: &["fractionalmaxpool"],
        is: Is::Fractional(Reducer::Max),
        arguments: &[Size, Output, Ratio, INDICES],
    },
    Layer { names: &["fractionalavgpool"], is: Is::Fractional(Reducer::Avg), arguments: &[] },
    Layer { names: &["blurpool"], is: Is::Blur, arguments: &[CHANNELS, Taps, Stride] },
    Layer { names: &["identity"], is: Is::Nothing, arguments: &[] },
    Layer {
        names: &["maxunpool", "unpool", "unpooling"],
        is: Is::Lacking(
            "undoes a pooling layer and is none; pool_models::max_unpool takes the maxima and their indices",
        ),
        arguments: &[],
    },
    Layer {
        names: &["attentionpoollatent", "attentionpool"],
        is: Is::Lacking("has several heads; \"attention\" has one learned query"),
        arguments: &[],
    },
];

/// What settings are called elsewhere, and here where they stand elsewhere.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("size", Size),
    ("kernel_size", Size),
    ("pool_size", Size),
    ("ksize", Size),
    ("kernel", Size),
    ("window", Size),
    ("window_shape", Size),
    ("stride", Stride),
    ("strides", Stride),
    ("padding", Padding),
    ("pad", Padding),
    ("dilation", Dilation),
    ("dilations", Dilation),
    ("dilation_rate", Dilation),
    ("ceil_mode", Ceil),
    ("count_include_pad", CountPadding),
    ("output_size", Output),
    ("output", Output),
    ("output_ratio", Ratio),
    ("ratio", Ratio),
    ("keepdims", KeepDims),
    ("keepdim", KeepDims),
    ("keep_dims", KeepDims),
    ("filt_size", Taps),
    ("taps", Taps),
    ("pool_type", Reduce),
    ("pooling_type", Reduce),
    ("reducer", Reduce),
    ("norm_type", Inner(P)),
    ("p", Inner(P)),
    ("r", Inner(R)),
    ("beta", Inner(Beta)),
    ("alpha", Inner(Alpha)),
    ("grid", Inner(Grid)),
    ("learned", Inner(Learned)),
    ("data_format", LAYOUT),
    ("input_fmt", LAYOUT),
    ("channels", CHANNELS),
    ("return_indices", INDICES),
    ("divisor_override", Absent("an average divides by the cells that it sees")),
    ("pooling_ratio", Absent("ratio is output over input, its inverse")),
    ("flatten", Absent("\"flatten\" is a layer, and global = true drops the axes by itself")),
    ("name", NAME),
];

/// What reducers are called elsewhere.
pub(super) const REDUCERS: &[(&str, Reducer)] = &[
    ("average", Reducer::Avg),
    ("mean", Reducer::Avg),
    ("maximum", Reducer::Max),
    ("minimum", Reducer::Min),
    ("fast", Reducer::Avg),
    ("fastavg", Reducer::Avg),
    ("fastmax", Reducer::Max),
    ("fastavgmax", Reducer::AvgMax),
    ("fastcatavgmax", Reducer::CatAvgMax),
    ("l2", Reducer::Lp { p: 2.0 }),
    ("generalizedmean", Reducer::Gem { p: 3.0, learned: crate::Learned::No }),
    ("logmeanexp", Reducer::Lse { r: 10.0, learned: crate::Learned::No }),
    ("logsumexp", Reducer::Lse { r: 10.0, learned: crate::Learned::No }),
    ("s3pool", Reducer::S3 { grid: 2 }),
];

/// The layer of this name.
pub(super) fn layer(name: &str) -> Option<&'static Layer> {
    let plain = plain(name.rsplit('.').next().unwrap_or(name));
    let without_rank = ["1d", "2d", "3d"].iter().fold(plain, |name, rank| name.replace(rank, ""));
    LAYERS.iter().find(|layer| layer.names.contains(&without_rank.as_str()))
}

/// What a parameter of this name sets.
pub(super) fn setting(name: &str) -> Option<Setting> {
    SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, setting)| *setting)
}

/// The reducer that somebody calls so: by another library's word, in other letters, or by a layer's name.
pub(in crate::pool) fn reducer(name: &str) -> Option<Reducer> {
    let wanted = plain(name);
    let own = Reducer::ALL.into_iter().find(|reducer| plain(reducer.name()) == wanted);
    let elsewhere = || REDUCERS.iter().find(|(known, _)| *known == wanted).map(|(_, reducer)| *reducer);
    own.or_else(elsewhere).or_else(|| match layer(name)?.is {
        Is::Window(reducer)
        | Is::Global(reducer)
        | Is::Adaptive(reducer)
        | Is::AdaptiveToOne(reducer)
        | Is::Fractional(reducer) => Some(reducer),
        Is::Blur | Is::Nothing | Is::Lacking(_) => None,
    })
}

/// In small letters, without what joins words.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| !"_- ".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
}
