//! Shapes are known before a tensor exists, whatever the setting; windows see what a plain loop sees; wrong inputs are
//! refused in words.

use pool_models::{Extent, Geometry, Padding, Pool, Reducer, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

/// Mostly sizes that fit, and some that are zero, too large, or lists of the wrong length.
fn extents(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Extent> {
    prop_oneof![sizes.clone().prop_map(Extent::All), vec(sizes, 1..=3).prop_map(Extent::Each)]
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![Just(Padding::Valid), Just(Padding::Same), extents(0..4).prop_map(Padding::Symmetric)]
}

fn geometries() -> impl Strategy<Value = Geometry> {
    prop_oneof![
        6 => (extents(0..6), extents(0..6), paddings())
            .prop_map(|(size, stride, padding)| Geometry::Window(Window { size, stride, padding })),
        2 => extents(0..6).prop_map(Geometry::Adaptive),
        1 => any::<bool>().prop_map(|keep_dims| Geometry::Global { keep_dims }),
    ]
}

fn reducers() -> impl Strategy<Value = Reducer> {
    prop::sample::select(Reducer::ALL.as_slice())
}

fn pools() -> impl Strategy<Value = Pool> {
    prop_oneof![
        1 => Just(Pool::None),
        19 => (reducers(), geometries()).prop_map(|(reducer, geometry)| Pool::Reduce { reducer, geometry }),
    ]
}

/// A window with `same` padding over a few planes of values, with many ties.
#[derive(Debug, Clone)]
struct SamePadded {
    planes: usize,
    spatial: Vec<usize>,
    size: Vec<usize>,
    stride: Vec<usize>,
    values: Vec<f64>,
}

fn same_padded() -> impl Strategy<Value = SamePadded> {
    (1..=3usize)
        .prop_flat_map(|rank| {
            (1..=2usize, vec(1..=6usize, rank), vec(1..=5usize, rank), vec(1..=4usize, rank))
        })
        .prop_flat_map(|(planes, spatial, size, stride)| {
            let count = planes * spatial.iter().product::<usize>();
            vec((-30..=10i32).prop_map(|tenths| f64::from(tenths) / 10.0), count).prop_map(move |values| {
                SamePadded {
                    planes,
                    spatial: spatial.clone(),
                    size: size.clone(),
                    stride: stride.clone(),
                    values,
                }
            })
        })
}

/// Every index of an array of this shape, in row-major order.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    (0..shape.iter().product()).map(|mut flat| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = flat % shape[axis];
            flat /= shape[axis];
        }
        index
    })
}

impl SamePadded {
    fn output_spatial(&self) -> Vec<usize> {
        self.spatial.iter().zip(&self.stride).map(|(&n, &stride)| n.div_ceil(stride)).collect()
    }

    /// Entry of the input, along one axis, under cell `offset` of window `window`; none where the cell is padding.
    fn entry(&self, axis: usize, window: usize, offset: usize) -> Option<usize> {
        let (input, size, stride) = (self.spatial[axis], self.size[axis], self.stride[axis]);
        let reach = (input.div_ceil(stride) - 1) * stride + size;
        let before = reach.saturating_sub(input) / 2;
        (window * stride + offset).checked_sub(before).filter(|&entry| entry < input)
    }

    /// The values of one plane that a window sees.
    fn visible(&self, plane: &[f64], window: &[usize]) -> Vec<f64> {
        indices(&self.size)
            .filter_map(|offsets| {
                (0..self.spatial.len()).try_fold(0, |flat, axis| {
                    let entry = self.entry(axis, window[axis], offsets[axis])?;
                    Some(flat * self.spatial[axis] + entry)
                })
            })
            .map(|flat| plane[flat])
            .collect()
    }

    fn expected(&self, reducer: Reducer) -> Vec<f64> {
        let windows: Vec<Vec<usize>> = indices(&self.output_spatial()).collect();
        self.values
            .chunks(self.spatial.iter().product())
            .flat_map(|plane| windows.iter().map(move |window| self.visible(plane, window)))
            .map(|visible| match reducer {
                Reducer::Max => visible.into_iter().fold(f64::NEG_INFINITY, f64::max),
                Reducer::Avg => visible.iter().sum::<f64>() / visible.len() as f64,
            })
            .collect()
    }

    fn tensor(&self) -> Tensor {
        let shape = [1, self.planes].iter().chain(&self.spatial).map(|&n| n as i64).collect::<Vec<_>>();
        Tensor::from_slice(&self.values).reshape(shape)
    }

    fn pool(&self, reducer: Reducer) -> Pool {
        let geometry = Geometry::Window(Window {
            size: Extent::Each(self.size.clone()),
            stride: Extent::Each(self.stride.clone()),
            padding: Padding::Same,
        });
        Pool::Reduce { reducer, geometry }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_shape_is_known_exactly_when_the_tensor_can_be_made(
        pool in pools(),
        batch in 0..=2usize,
        sample in vec(1..=7usize, 2..=4),
    ) {
        let shape: Vec<i64> = [batch].iter().chain(&sample).map(|&n| n as i64).collect();
        let input = Tensor::rand(shape, (Kind::Double, Device::Cpu));
        match (pool.output_shape(&sample), pool.forward(&input)) {
            (Ok(inferred), Ok(output)) => {
                let found: Vec<usize> = output.size().iter().map(|&n| n as usize).collect();
                prop_assert_eq!(&found[..1], &[batch], "the batch axis");
                prop_assert_eq!(&found[1..], &inferred, "one sample");
            }
            (Err(setting), Err(forward)) => prop_assert_eq!(setting.to_string(), forward.to_string()),
            (inferred, output) => prop_assert!(
                false,
                "output_shape gives {inferred:?}, forward {:?}",
                output.map(|tensor| tensor.size()).map_err(|error| error.to_string())
            ),
        }
    }

    #[test]
    fn a_window_with_same_padding_sees_what_a_plain_loop_sees(case in same_padded(), reducer in reducers()) {
        // Not unwrapped: a panic would print a trace for every step of shrinking.
        let output = case
            .pool(reducer)
            .forward(&case.tensor())
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let spatial: Vec<usize> = output.size()[2..].iter().map(|&n| n as usize).collect();
        prop_assert_eq!(spatial, case.output_spatial());
        let found = Vec::<f64>::try_from(output.flatten(0, -1)).unwrap();
        let expected = case.expected(reducer);
        prop_assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            prop_assert!((found - expected).abs() <= 1e-12, "entry {at} is {found}, expected {expected}");
        }
    }
}

/// One layer of each geometry and reducer.
fn one_of_each() -> Vec<Pool> {
    Reducer::ALL
        .into_iter()
        .flat_map(|reducer| {
            [
                Pool::window(reducer, 1),
                Pool::window(reducer, 2).padding(Padding::Same),
                Pool::adaptive(reducer, 2),
                Pool::global(reducer),
            ]
        })
        .collect()
}

#[test]
fn inputs_without_one_to_three_spatial_axes_are_refused_with_their_shape() {
    for pool in one_of_each() {
        for (shape, why) in [
            (vec![], "a single number"),
            (vec![3], "a batch of nothing"),
            (vec![2, 3], "no spatial axis, as after flatten"),
            (vec![1, 2, 2, 2, 2, 2], "four spatial axes"),
            (vec![1, 1, 2, 1, 2, 1, 2], "five spatial axes"),
            (vec![1, 2, 0], "an empty spatial axis"),
            (vec![1, 2, 0, 4], "an empty first spatial axis"),
            (vec![1, 2, 3, 4, 0], "an empty last spatial axis"),
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
    for pool in one_of_each() {
        for kind in [Kind::Uint8, Kind::Int, Kind::Int64, Kind::Bool] {
            let error = pool.forward(&Tensor::zeros([1, 2, 4, 4], (kind, Device::Cpu))).unwrap_err();
            let expected =
                format!("the input tensor holds {kind:?}, expected a floating-point type; convert it first");
            assert_eq!(error.to_string(), expected, "{pool}");
        }
    }
}

#[test]
fn a_sample_without_spatial_axes_has_no_output_shape() {
    for pool in one_of_each() {
        for sample in [vec![], vec![3], vec![1, 2, 2, 2, 2], vec![2, 0, 4]] {
            let error = pool.output_shape(&sample).unwrap_err().to_string();
            assert!(error.contains("[channels, spatial...] with 1 to 3 spatial axes"), "{pool}: {error}");
            assert!(error.contains(&format!("{sample:?}")), "{pool}: {error}");
        }
    }
}
