//! Every impossible setting has its own message, which names the setting, its value and the rule.

use pool_models::{
    Blur, Fractional, FractionalSize, Geometry, Learned, Mode, Padding, Pool, Reducer, StridedConv, Window,
    max_unpool,
};
use tch::{Device, Kind, Tensor, nn};

/// `(spelling, sample, message)`; the sample is `[C, spatial...]`.
const IMPOSSIBLE: [(&str, &[usize], &str); 42] = [
    (
        "{ reduce = 'max', size = 2, padding = 2 }",
        &[1, 8],
        "padding = 2: at most half of the window is allowed, here 1 (size = 2)",
    ),
    (
        "{ reduce = 'max', size = [2, 2], stride = 1 }",
        &[1, 8],
        "size = [2, 2]: the input has 1 spatial axes, so give one number for all of them or a list of 1",
    ),
    (
        "{ reduce = 'max', size = 2, stride = [1, 1, 1] }",
        &[1, 8, 8],
        "stride = [1, 1, 1]: the input has 2 spatial axes, so give one number for all of them or a list of 2",
    ),
    (
        "{ reduce = 'max', size = 9 }",
        &[1, 8],
        "size = 9: the window is larger than its input (8 along spatial axis 0, padding included); make it smaller or \
         use padding = \"same\"",
    ),
    (
        "{ reduce = 'max', size = 3, dilation = 4 }",
        &[1, 8],
        "size = 3: the window spreads over 9 entries and is larger than its input (8 along spatial axis 0, padding \
         included); make it smaller or use padding = \"same\"",
    ),
    (
        "{ reduce = 'max', size = 2, dilation = 2, padding = 1 }",
        &[1, 1],
        "dilation = 2: window 0 along spatial axis 0 would see padding alone; make the dilation or the padding smaller",
    ),
    (
        "{ reduce = 'avg', size = 2, padding = 'same', ceil = true }",
        &[1, 8],
        "ceil says nothing here: padding = \"same\" leaves no entry out; leave it out",
    ),
    (
        "{ reduce = 'max', size = 2, count_padding = true }",
        &[1, 8],
        "count_padding belongs to reduce = \"avg\"; leave it out here",
    ),
    (
        "{ reduce = 'max', size = 100000, padding = 'same' }",
        &[1, 8, 8],
        "entries with their padding come to 10000000000, and at most 2^28 are supported; choose smaller sizes",
    ),
    (
        "{ reduce = 'gated', size = 1000, stride = 1 }",
        &[1, 2000, 2000],
        "the windows, laid out side by side, would take 16032016000000 bytes for an input of shape [1, 2000, 2000], and \
         one layer may take at most 17179869184 (16 GiB) at once; use smaller windows, a larger stride, fewer samples at \
         once, or f32 on the processor, of which most reducers lay nothing out",
    ),
    (
        "{ reduce = 'avg', adaptive = 16384 }",
        &[64, 2, 2],
        "the output would take 68719476736 bytes for an input of shape [64, 2, 2], and one layer may take at most \
         17179869184 (16 GiB) at once; choose a smaller output or fewer samples at once",
    ),
    (
        "{ reduce = 'max', adaptive = [2, 'same'] }",
        &[1, 8],
        "adaptive = [2, \"same\"]: the input has 1 spatial axes, so give one number for all of them or a list of 1",
    ),
    ("{ reduce = 'max', fractional = { ratio = 0.0 } }", &[1, 8], "ratio = 0: must lie in (0, 1]"),
    ("{ reduce = 'max', fractional = { ratio = 1.5 } }", &[1, 8], "ratio = 1.5: must lie in (0, 1]"),
    ("{ reduce = 'max', fractional = { ratio = nan } }", &[1, 8], "ratio = NaN: must lie in (0, 1]"),
    (
        "{ reduce = 'max', fractional = { ratio = 0.1 } }",
        &[1, 8],
        "ratio = 0.1: leaves nothing of the 8 entries along spatial axis 0; choose a greater one",
    ),
    (
        "{ reduce = 'max', fractional = { output = 9 } }",
        &[1, 8],
        "output = 9: at most 8 of the 8 entries along spatial axis 0 can be asked for; choose a smaller output",
    ),
    (
        "{ reduce = 'max', fractional = { output = 8, size = 2 } }",
        &[1, 8],
        "output = 8: at most 7 of the 8 entries along spatial axis 0 can be asked for; choose a smaller output",
    ),
    ("{ reduce = 'max', pyramid = [] }", &[1, 8], "pyramid = []: give at least one level, such as [4, 2, 1]"),
    ("{ reduce = { lp = { p = 0 } }, size = 2 }", &[1, 8], "p = 0: must lie in [1, 1000]"),
    ("{ reduce = { lp = { p = 0.5 } }, size = 2 }", &[1, 8], "p = 0.5: must lie in [1, 1000]"),
    ("{ reduce = { lp = { p = inf } }, size = 2 }", &[1, 8], "p = inf: must lie in [1, 1000]"),
    ("{ reduce = { gem = { p = 0 } }, size = 2 }", &[1, 8], "p = 0: must lie in [0.001, 1000]"),
    ("{ reduce = { gem = { p = nan } }, size = 2 }", &[1, 8], "p = NaN: must lie in [0.001, 1000]"),
    (
        "{ reduce = { lse = { r = 0 } }, size = 2 }",
        &[1, 8],
        "r = 0: must lie in [0.000001, 1000000], or the same below 0; at 0 it would be the average",
    ),
    (
        "{ reduce = { soft = { beta = inf } }, size = 2 }",
        &[1, 8],
        "beta = inf: must lie in [-1000000, 1000000]",
    ),
    ("{ reduce = { mixed = { alpha = 1.1 } }, size = 2 }", &[1, 8], "alpha = 1.1: must lie in [0, 1]"),
    ("{ reduce = { mixed = { alpha = -0.1 } }, size = 2 }", &[1, 8], "alpha = -0.1: must lie in [0, 1]"),
    (
        "{ reduce = { mixed = { alpha = 1, learned = 'layer' } }, size = 2 }",
        &[1, 8],
        "alpha = 1: must lie in (0, 1) where it is learned",
    ),
    (
        "{ reduce = 'gated', global = true }",
        &[1, 8],
        "reduce = \"gated\" works on windows of a fixed size only; add size = 2",
    ),
    (
        "{ reduce = 'tree', pyramid = [2] }",
        &[1, 8],
        "reduce = \"tree\" works on windows of a fixed size only; add size = 2",
    ),
    (
        "{ reduce = 'attention', size = 2 }",
        &[1, 8],
        "reduce = \"attention\" works on one window over everything only; use global = true",
    ),
    (
        "{ reduce = { s3 = { grid = 3 } }, size = 2 }",
        &[1, 8],
        "grid = 3: must be a multiple of the stride, 2 along spatial axis 0",
    ),
    (
        "{ blur = { size = 6, taps = 7 } }",
        &[1, 8],
        "taps = 7: reflecting 3 entries needs more than the 3 that are left along spatial axis 0 by size; use fewer taps",
    ),
    (
        "{ spectral = { output = 9 } }",
        &[1, 8],
        "output = 9: at most 8 of the 8 entries along spatial axis 0 can be asked for; choose a smaller output",
    ),
    (
        "'haar'",
        &[1, 1],
        "size = 2: the window is larger than its input (1 along spatial axis 0, padding included); make it smaller",
    ),
    (
        "{ strided_conv = { size = 100000, padding = 'same' } }",
        &[1, 8, 8],
        "entries with their padding come to 10000000000, and at most 2^28 are supported; choose smaller sizes",
    ),
    (
        "{ strided_conv = { size = 2, padding = 100000 } }",
        &[1, 8, 8],
        "entries with their padding come to 40003200064, and at most 2^28 are supported; choose smaller sizes",
    ),
    (
        "{ reduce = 'max', adaptive = 1000000 }",
        &[1, 8, 8],
        "outputs of one channel come to 1000000000000, and at most 2^28 are supported; choose smaller sizes",
    ),
    (
        "{ reduce = 'max', pyramid = [1000000] }",
        &[1, 8, 8],
        "outputs come to 1000000000000, and at most 2^28 are supported; choose smaller sizes",
    ),
    (
        "{ reduce = 'max', fractional = { ratio = 0.9, size = 3 } }",
        &[1, 9],
        "ratio = 0.9: makes 8 windows, and at most 7 of size 3 fit the 9 entries along spatial axis 0; choose a smaller \
         ratio or size",
    ),
    (
        "{ reduce = 's3', size = 2, dilation = 5, stride = 2, padding = 'same' }",
        &[1, 3, 4],
        "dilation = 5: window 0 along spatial axis 0 would see padding alone; make the dilation or the padding smaller",
    ),
];

fn zeros(shape: &[i64]) -> Tensor {
    Tensor::zeros(shape, (Kind::Float, Device::Cpu))
}

/// The same for layers that are refused when they are read, and built in Rust therefore.
fn impossible_in_rust() -> [(Pool, &'static [usize], &'static str); 9] {
    let fractional = Fractional::new(FractionalSize::Output(0.into()));
    [
        (Pool::max(0), &[1, 8], "size = 0: every entry must be at least 1"),
        (Pool::max([2, 0]), &[1, 8, 8], "size = [2, 0]: every entry must be at least 1"),
        (Pool::max(Window::new(2).stride(0)), &[1, 8], "stride = 0: every entry must be at least 1"),
        (Pool::max(Window::new(2).dilation(0)), &[1, 8], "dilation = 0: every entry must be at least 1"),
        (Pool::adaptive(Reducer::Max, 0), &[1, 8], "adaptive = 0: every entry must be at least 1"),
        (
            Pool::Reduce { reducer: Reducer::Max, geometry: Geometry::Fractional(fractional) },
            &[1, 8],
            "output = 0: every entry must be at least 1",
        ),
        (Pool::pyramid(Reducer::Max, [2, 0]), &[1, 8], "pyramid = [2, 0]: every entry must be at least 1"),
        (Pool::window(Reducer::S3 { grid: 0 }, 2), &[1, 8], "grid = 0: must lie in [1, 1024]"),
        (Pool::blur(Blur::new(2).taps(8)), &[1, 8], "taps = 8: must lie in [2, 7]"),
    ]
}

#[test]
fn each_impossible_setting_is_refused_by_shape_cost_build_and_forward_alike() {
    let read = IMPOSSIBLE.into_iter().map(|(spelling, sample, expected)| {
        let pool = spelling.parse().unwrap_or_else(|error| panic!("{spelling}: {error}"));
        (pool, sample, expected)
    });
    for (pool, sample, expected) in read.chain(impossible_in_rust()) {
        let shape: Vec<i64> = [1].into_iter().chain(sample.iter().map(|&n| n as i64)).collect();
        let variables = nn::VarStore::new(Device::Cpu);
        assert_eq!(pool.output_shape(sample).unwrap_err().to_string(), expected, "{pool}");
        assert_eq!(pool.cost(sample).unwrap_err().to_string(), expected, "{pool}");
        assert_eq!(pool.forward(&zeros(&shape)).unwrap_err().to_string(), expected, "{pool}");
        let built = pool.build(sample, 0, &variables.root());
        assert_eq!(built.unwrap_err().to_string(), expected, "{pool}");
    }
}

#[test]
fn what_no_layer_can_have_is_refused_when_it_is_read_and_the_rule_is_the_one_that_decides() {
    const SIZES: &str =
        "a whole number from 1 to 1048576, or a list with one for each of 1 to 3 spatial axes";
    const PADDING: &str = "\"valid\", \"same\", or a whole number from 0 to 1048576, or a list with one for each of 1 to 3 \
                           spatial axes";
    for (key, table, values, least, rule) in [
        ("size", "{ reduce = \"max\", size = VALUE }", &["-1", "0", "1048577", "1.5", "[]"][..], "1", SIZES),
        ("stride", "{ reduce = \"max\", size = 2, stride = VALUE }", &["-1", "0", "\"2\""], "1", SIZES),
        ("dilation", "{ reduce = \"max\", size = 2, dilation = VALUE }", &["-1", "0"], "1", SIZES),
        ("padding", "{ reduce = \"max\", size = 2, padding = VALUE }", &["-1", "1.5"], "0", PADDING),
        ("output", "{ spectral = { output = VALUE } }", &["-1", "0"], "1", SIZES),
        ("output", "{ reduce = \"max\", fractional = { output = VALUE } }", &["-1", "0"], "1", SIZES),
        ("stride", "{ strided_conv = { size = 2, stride = VALUE } }", &["-1", "0"], "1", SIZES),
        ("size", "{ blur = { size = VALUE } }", &["-1", "0"], "1", SIZES),
        ("taps", "{ blur = { taps = VALUE } }", &["1", "8", "2.5"], "2", "a whole number from 2 to 7"),
        (
            "grid",
            "{ reduce = { s3 = { grid = VALUE } }, size = 2 }",
            &["-2", "0", "1025"],
            "1",
            "a whole number from 1 to 1024",
        ),
        (
            "adaptive",
            "{ reduce = \"max\", adaptive = VALUE }",
            &["-1", "0"],
            "1",
            "a whole number from 1 to 1048576, or a list with one entry for each of 1 to 3 spatial axes, such as [7, \
             \"same\"]",
        ),
    ] {
        for value in values {
            let error = table.replace("VALUE", value).parse::<Pool>().unwrap_err().to_string();
            assert_eq!(error, format!("{key} = {value}: give {rule}"), "{table}");
        }
        let accepted = table.replace("VALUE", least).parse::<Pool>();
        assert!(accepted.is_ok(), "{table} takes {least}, the least that its rule names: {accepted:?}");
    }
}

#[test]
fn sizes_that_nothing_has_are_refused_and_overflow_nothing() {
    const MAX: usize = usize::MAX;
    let refused = |pool: Pool, sample: &[usize]| {
        assert!(pool.output_shape(sample).is_err(), "{pool}");
        assert!(pool.cost(sample).is_err(), "{pool}");
    };
    for pool in [
        Pool::max(MAX),
        Pool::max(Window::new(3).dilation(MAX)),
        Pool::max(Window::new(3).stride(MAX)),
        Pool::max(Window::new(3).padding(Padding::Symmetric(MAX.into()))),
        Pool::strided_conv(MAX),
        Pool::strided_conv(StridedConv::new(1usize << 40).padding(Padding::Same)),
        Pool::strided_conv(StridedConv::new(2).padding(Padding::Symmetric(MAX.into()))),
        Pool::adaptive(Reducer::Max, MAX),
        Pool::adaptive(Reducer::Median, 1usize << 50),
        Pool::pyramid(Reducer::Max, [MAX, MAX]),
        Pool::spectral(MAX),
        Pool::blur(MAX),
        Pool::window(Reducer::S3 { grid: MAX }, 2),
    ] {
        refused(pool, &[2, 9, 9]);
    }
    for reducer in Reducer::ALL {
        refused(Pool::window(reducer, 2), &[MAX, 4, 4]);
        refused(Pool::global(reducer), &[4, MAX]);
    }
    let pooled = zeros(&[1, 1, 2, 2]);
    let indices = Tensor::zeros([1, 1, 2, 2], (Kind::Int64, Device::Cpu));
    assert!(max_unpool(&pooled, &indices, &[MAX, MAX]).is_err());
    let nothing = Pool::max(2).forward(&Tensor::new()).unwrap_err().to_string();
    assert!(nothing.contains("expected [N, C, spatial...]"), "{nothing}");
}

#[test]
fn a_layer_that_learns_must_be_built_and_fits_what_it_was_built_for() {
    let pool = Pool::window(Reducer::Gem { p: 3.0, learned: Learned::Channel }, 2);
    assert_eq!(
        pool.forward(&zeros(&[1, 2, 8])).unwrap_err().to_string(),
        "{ reduce = { gem = { p = 3.0, learned = \"channel\" } }, size = 2 } has parameters to learn; build it first \
         (Pool::build, or as a layer of a network)"
    );
    let variables = nn::VarStore::new(Device::Cpu);
    let layer = pool.build(&[2, 8], 0, &variables.root()).unwrap();
    assert_eq!(
        layer.forward(&zeros(&[1, 3, 8]), Mode::Inference).unwrap_err().to_string(),
        "the input has a sample of shape [3, 8], and the layer was built for [2, 8]"
    );
    assert_eq!(layer.forward(&zeros(&[1, 2, 4, 4]), Mode::Inference).unwrap().size(), [1, 2, 2, 2]);
}

#[test]
fn masks_belong_to_global_pooling_and_have_one_boolean_per_place() {
    let input = zeros(&[2, 3, 4]);
    let masked = |pool: Pool, mask: &Tensor| pool.forward_masked(&input, mask).unwrap_err().to_string();
    let whole = Tensor::ones([2, 4], (Kind::Bool, Device::Cpu));
    assert_eq!(masked(Pool::max(2), &whole), "\"max\" takes no mask; global pooling does, but for lip");
    assert_eq!(
        masked(Pool::global(Reducer::Avg), &whole.narrow(1, 0, 3)),
        "the mask has shape [2, 3], expected [2, 4]: one entry per place of each sample"
    );
    assert_eq!(
        masked(Pool::global(Reducer::Avg), &whole.to_kind(Kind::Float)),
        "the mask holds Float, expected booleans, true where an entry counts"
    );
}

#[test]
fn indices_belong_to_one_set_of_maxima() {
    for spelling in [
        "'avg'",
        "'haar'",
        "{ reduce = 'max', pyramid = [1] }",
        "{ reduce = 'max', fractional = { ratio = 0.5, evaluation = 'expectation' } }",
    ] {
        let pool: Pool = spelling.parse().unwrap();
        let error = pool.forward_with_indices(&zeros(&[1, 2, 8])).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "has no indices; only maximum pooling over one set of windows has (no pyramid, no \
                                 expectation)"
            ),
            "{error}"
        );
    }
}

#[test]
fn unpooling_takes_back_what_pooling_with_indices_gave() {
    let pooled = zeros(&[1, 2, 4]);
    let indices = Tensor::zeros([1, 2, 4], (Kind::Int64, Device::Cpu));
    let message = |pooled: &Tensor, indices: &Tensor, spatial: &[usize]| {
        max_unpool(pooled, indices, spatial).unwrap_err().to_string()
    };
    assert_eq!(
        message(&pooled, &indices.narrow(2, 0, 3), &[8]),
        "the indices have shape [1, 2, 3] and type Int64, expected [1, 2, 4] and Int64, as the values"
    );
    assert_eq!(
        message(&pooled, &pooled, &[8]),
        "the indices have shape [1, 2, 4] and type Float, expected [1, 2, 4] and Int64, as the values"
    );
    assert_eq!(
        message(&pooled, &indices, &[8, 8]),
        "the input tensor has shape [1, 2, 4], expected [N, C, output...] with as many spatial axes as [8, 8]"
    );
    let error = message(&pooled, &(&indices + 8), &[8]);
    assert!(error.starts_with("libtorch: ") && error.contains("out of bounds"), "{error}");
}
