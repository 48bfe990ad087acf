//! Shapes are known before a tensor exists, whatever the setting, and a setting is refused in the same words whether a
//! tensor is there or not.

use crate::common::{every_layer, sample, shape};
use pool_models::{
    Blur, BlurReduce, Extent, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence,
    FractionalSize, Geometry, Learned, Mode, ModelError, OpenExtent, Padding, Pool, Reducer, StridedConv,
    Window,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor, nn};

/// Mostly sizes that fit, and some that are zero, too large, or lists of the wrong length.
fn extents(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Extent> {
    prop_oneof![sizes.clone().prop_map(Extent::All), vec(sizes, 1..=3).prop_map(Extent::Each)]
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::Valid), Just(Padding::Same), extents(0..4).prop_map(Padding::Symmetric)]
}

fn windows() -> impl Strategy<Value = Window> {
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    (extents(0..6), extents(0..6), paddings(), extents(0..3), flags).prop_map(
        |(size, stride, padding, dilation, (ceil, count_padding))| Window {
            size,
            stride,
            padding,
            dilation,
            ceil,
            count_padding,
        },
    )
}

fn fractionals() -> impl Strategy<Value = Fractional> {
    let size = prop_oneof![
        (-0.2..1.3f64).prop_map(FractionalSize::Ratio),
        extents(0..8).prop_map(FractionalSize::Output)
    ];
    let regions = prop_oneof![
        Just(FractionalRegions::Disjoint),
        Just(FractionalRegions::Overlapping),
        extents(0..4).prop_map(FractionalRegions::Sized)
    ];
    let sequence = prop::sample::select(vec![FractionalSequence::Random, FractionalSequence::PseudoRandom]);
    let evaluation =
        prop::sample::select(vec![FractionalEvaluation::Fixed, FractionalEvaluation::Expectation]);
    (size, sequence, regions, evaluation).prop_map(|(size, sequence, regions, evaluation)| Fractional {
        size,
        sequence,
        regions,
        evaluation,
    })
}

fn geometries() -> impl Strategy<Value = Geometry> {
    prop_oneof![
        6 => windows().prop_map(Geometry::Window),
        1 => extents(0..6).prop_map(|output| Geometry::Adaptive(output.into())),
        1 => vec(option::of(0..6usize), 1..=3).prop_map(|sizes| Geometry::Adaptive(OpenExtent::Each(sizes))),
        1 => any::<bool>().prop_map(|keep_dims| Geometry::Global { keep_dims }),
        2 => fractionals().prop_map(Geometry::Fractional),
        1 => vec(0..5usize, 0..4).prop_map(Geometry::Pyramid),
    ]
}

/// Every reducer, with settings that mostly can be.
fn reducers() -> impl Strategy<Value = Reducer> {
    let learned = prop::sample::select(vec![Learned::No, Learned::Layer, Learned::Channel]);
    (prop::sample::select(Reducer::ALL.as_slice()), -0.5..3.0f64, learned, 0..5usize).prop_map(
        |(reducer, number, learned, grid)| match reducer {
            Reducer::Lp { .. } => Reducer::Lp { p: number },
            Reducer::Gem { .. } => Reducer::Gem { p: number, learned },
            Reducer::Lse { .. } => Reducer::Lse { r: number, learned },
            Reducer::Soft { .. } => Reducer::Soft { beta: number },
            Reducer::Mixed { .. } => Reducer::Mixed { alpha: number / 2.0, learned },
            Reducer::S3 { .. } => Reducer::S3 { grid },
            other => other,
        },
    )
}

fn pools() -> impl Strategy<Value = Pool> {
    prop_oneof![
        1 => Just(Pool::None),
        1 => Just(Pool::Haar),
        2 => extents(0..8).prop_map(|output| Pool::Spectral { output }),
        2 => (extents(0..5), option::of(extents(0..4)), paddings()).prop_map(|(size, stride, padding)| {
            Pool::StridedConv(StridedConv { size, stride, padding, activation: None })
        }),
        2 => (any::<bool>(), extents(0..4), extents(0..4), 0..9usize).prop_map(|(max, size, stride, taps)| {
            let reduce = if max { BlurReduce::Max } else { BlurReduce::Avg };
            Pool::Blur(Blur { reduce, size, stride, taps })
        }),
        30 => (reducers(), geometries()).prop_map(|(reducer, geometry)| Pool::Reduce { reducer, geometry }),
    ]
}

fn run(pool: &Pool, sample: &[usize], input: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
    let variables = nn::VarStore::new(Device::Cpu);
    pool.build(sample, 0, &variables.root())?.forward(input, mode)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_shape_is_known_exactly_when_the_tensor_can_be_made(
        pool in pools(),
        batch in 0..=2usize,
        sample in vec(1..=7usize, 2..=4),
        training in any::<bool>(),
    ) {
        tch::set_num_threads(1);
        let shape: Vec<i64> = [batch].iter().chain(&sample).map(|&n| n as i64).collect();
        let input = Tensor::rand(shape, (Kind::Double, Device::Cpu));
        let mode = if training { Mode::Training } else { Mode::Inference };
        match (pool.output_shape(&sample), run(&pool, &sample, &input, mode)) {
            (Ok(inferred), Ok(output)) => {
                let found: Vec<usize> = output.size().iter().map(|&n| n as usize).collect();
                prop_assert_eq!(&found[..1], &[batch], "the batch axis");
                prop_assert_eq!(&found[1..], &inferred, "one sample");
                prop_assert_eq!(output.kind(), Kind::Double);
                prop_assert!(pool.cost(&sample).is_ok());
            }
            (Err(setting), Err(forward)) => {
                prop_assert_eq!(setting.to_string(), forward.to_string());
                prop_assert_eq!(Err(setting), pool.cost(&sample));
            }
            (inferred, output) => prop_assert!(
                false,
                "output_shape gives {inferred:?}, forward {:?}",
                output.map(|tensor| tensor.size()).map_err(|error| error.to_string())
            ),
        }
    }

    #[test]
    fn every_layer_reads_back_what_it_writes_unless_no_input_could_take_it(pool in pools()) {
        let written = pool.to_string();
        let json = serde_json::to_string(&pool).unwrap();
        let fits = |sample: &[usize]| pool.output_shape(sample).is_ok();
        let fits_nothing = !fits(&[2, 7]) && !fits(&[2, 7, 7]) && !fits(&[2, 7, 7, 7]);
        match (written.parse::<Pool>(), serde_json::from_str::<Pool>(&json)) {
            (Ok(from_toml), Ok(from_json)) => {
                prop_assert_eq!(&from_toml, &pool);
                prop_assert_eq!(&from_json, &pool, "{}", json);
            }
            (Err(_), Err(_)) => prop_assert!(fits_nothing, "{} is refused", written),
            (from_toml, from_json) => prop_assert!(false, "{from_toml:?} from TOML, {from_json:?} from JSON"),
        }
    }
}

#[test]
fn inputs_without_one_to_three_spatial_axes_are_refused_with_their_shape() {
    for pool in every_layer().into_iter().filter(|pool| *pool != Pool::None) {
        for (shape, why) in [
            (vec![], "a single number"),
            (vec![3], "a batch of nothing"),
            (vec![2, 3], "no spatial axis, as after flatten"),
            (vec![1, 2, 2, 2, 2, 2], "four spatial axes"),
            (vec![1, 1, 2, 1, 2, 1, 2], "five spatial axes"),
            (vec![1, 2, 0], "an empty spatial axis"),
            (vec![1, 2, 0, 4], "an empty first spatial axis"),
            (vec![1, 2, 3, 4, 0], "an empty last spatial axis"),
            (vec![1, 0, 4, 4], "no channels"),
        ] {
            let input = Tensor::zeros(&shape, (Kind::Float, Device::Cpu));
            let error = pool.forward(&input).expect_err(why).to_string();
            let expected = format!(
                "the input tensor has shape {shape:?}, expected [N, C, spatial...] with 1 to 3 spatial axes"
            );
            assert_eq!(error, expected, "{pool}: {why}");
        }
    }
}

#[test]
fn tensors_of_integers_are_refused_with_their_type() {
    for pool in every_layer().into_iter().filter(|pool| *pool != Pool::None) {
        for kind in [Kind::Uint8, Kind::Int, Kind::Int64, Kind::Bool] {
            let input = Tensor::zeros(shape(2, 2, 9), (kind, Device::Cpu));
            let error = run(&pool, &sample(&shape(2, 2, 9)), &input, Mode::Inference).unwrap_err();
            let expected =
                format!("the input tensor holds {kind:?}, expected a floating-point type; convert it first");
            assert_eq!(error.to_string(), expected, "{pool}");
        }
    }
}

#[test]
fn a_sample_without_spatial_axes_has_no_output_shape() {
    for pool in every_layer().into_iter().filter(|pool| *pool != Pool::None) {
        for sample in [vec![], vec![3], vec![1, 2, 2, 2, 2], vec![2, 0, 4]] {
            let error = pool.output_shape(&sample).unwrap_err().to_string();
            assert!(error.contains("[channels, spatial...] with 1 to 3 spatial axes"), "{pool}: {error}");
            assert!(error.contains(&format!("{sample:?}")), "{pool}: {error}");
        }
    }
}
