//! libtorch's functions and gathered windows give the same values, indices and gradients. (That kernels do, too, is tested
//! for every layer in `tests/fast_equals_reference.rs`.)

use std::sync::Arc;

use pool_spec::{Geometry, OpenExtent, Padding, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use tch::{Kind, TchError, Tensor};

use super::{Backend, WindowSet, Windows};
use crate::Extent;
use crate::Kernels;

#[derive(Debug, Clone)]
struct Case {
    geometry: Geometry,
    shape: Vec<i64>,
    /// With many equal ones.
    values: Vec<f64>,
}

fn windows(rank: usize) -> impl Strategy<Value = Geometry> {
    let padding = prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        vec(0..3usize, rank).prop_map(|cells| Padding::Symmetric(Extent::Each(cells)))
    ];
    (vec(1..5usize, rank), vec(1..4usize, rank), vec(1..3usize, rank), padding, any::<bool>(), any::<bool>())
        .prop_map(|(size, stride, dilation, padding, ceil, count_padding)| {
            Geometry::Window(Window {
                size: Extent::Each(size),
                stride: Extent::Each(stride),
                dilation: Extent::Each(dilation),
                ceil: ceil && padding != Padding::Same,
                padding,
                count_padding,
            })
        })
}

fn geometries(rank: usize) -> impl Strategy<Value = Geometry> {
    prop_oneof![
        4 => windows(rank),
        1 => vec(proptest::option::of(1..6usize), rank).prop_map(|sizes| Geometry::Adaptive(OpenExtent::Each(sizes))),
        1 => Just(Geometry::Global { keep_dims: true }),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    (1..=3usize)
        .prop_flat_map(|rank| (geometries(rank), vec(1..8i64, rank)))
        .prop_filter("the windows fit", |(geometry, spatial)| {
            let spatial: Vec<usize> = spatial.iter().map(|&n| n as usize).collect();
            geometry.output(&spatial).is_ok()
        })
        .prop_flat_map(|(geometry, spatial)| {
            let shape: Vec<i64> = [2, 1].into_iter().chain(spatial).collect();
            let count = shape.iter().product::<i64>() as usize;
            vec((-3..3i32).prop_map(f64::from), count).prop_map(move |values| Case {
                geometry: geometry.clone(),
                shape: shape.clone(),
                values,
            })
        })
}

impl Case {
    fn set(&self) -> Arc<WindowSet> {
        let spatial: Vec<usize> = self.shape[2..].iter().map(|&n| n as usize).collect();
        let counted = matches!(self.geometry, Geometry::Window(Window { count_padding: true, .. }));
        Arc::new(WindowSet::new(self.geometry.cells(&spatial, None).unwrap().remove(0), &spatial, counted))
    }

    /// Values and gradient of a weighted sum.
    fn run(
        &self,
        backend: Backend,
        reduce: fn(&Windows<'_>) -> Result<Tensor, TchError>,
    ) -> (Tensor, Tensor) {
        let input = Tensor::from_slice(&self.values).reshape(&self.shape).set_requires_grad(true);
        let set = self.set();
        let output = reduce(&Windows::new(&input, &set, Kernels::Reference).backend(backend)).unwrap();
        let weights =
            Tensor::arange(output.numel() as i64, (Kind::Double, input.device())).reshape(output.size());
        (&output * (weights + 1.0)).sum(Kind::Double).backward();
        (output.detach(), input.grad())
    }
}

fn max(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.max()
}

fn mean(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.mean()
}

fn distance(left: &Tensor, right: &Tensor) -> f64 {
    assert_eq!(left.size(), right.size());
    ((left - right).abs() / (right.abs() + 1.0)).max().double_value(&[])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn of_the_maximum(case in cases()) {
        let run = |backend| case.run(backend, max);
        let (fast, slow) = (run(Backend::Torch), run(Backend::Gathered));
        prop_assert_eq!(fast.0, slow.0, "values");
        prop_assert_eq!(fast.1, slow.1, "gradients, those of equal values included");
    }

    #[test]
    fn of_the_mean(case in cases()) {
        let run = |backend| case.run(backend, mean);
        let (fast, slow) = (run(Backend::Torch), run(Backend::Gathered));
        prop_assert!(distance(&fast.0, &slow.0) <= 1e-14, "values {:?} {:?}", fast.0, slow.0);
        prop_assert!(distance(&fast.1, &slow.1) <= 1e-14, "gradients {:?} {:?}", fast.1, slow.1);
    }

    /// Minus infinity is what padding holds, and still no padding is chosen.
    #[test]
    fn of_the_indices(mut case in cases(), lowest in -4..1i32) {
        for value in case.values.iter_mut().filter(|value| **value < f64::from(lowest)) {
            *value = f64::NEG_INFINITY;
        }

        let indices = |backend| {
            let input = Tensor::from_slice(&case.values).reshape(&case.shape);
            Windows::new(&input, &case.set(), Kernels::Reference).backend(backend).max_with_indices().unwrap()
        };
        prop_assert_eq!(indices(Backend::Torch), indices(Backend::Gathered));
    }
}
