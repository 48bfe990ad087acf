//! Every reducer over every geometry gives what plain loops give that share no line with the library.

use crate::common::loops::{expected, seen};
use crate::common::values;
use pool_models::{
    Extent, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize,
    Geometry, OpenExtent, Padding, Pool, Reducer, Window,
};
use proptest::collection::vec;
use proptest::prelude::*;
use tch::Tensor;

#[derive(Debug, Clone)]
struct Case {
    geometry: Geometry,
    spatial: Vec<usize>,
    /// Two channels; many equal values, and many negative ones.
    values: Vec<f64>,
}

fn geometries(rank: usize) -> impl Strategy<Value = Geometry> {
    let padding = prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        vec(0..3usize, rank).prop_map(|cells| Padding::Symmetric(Extent::Each(cells)))
    ];
    let window = (vec(1..5usize, rank), vec(1..4usize, rank), vec(1..3usize, rank), padding, any::<bool>());
    let window = window.prop_map(|(size, stride, dilation, padding, ceil)| {
        Geometry::Window(Window {
            size: Extent::Each(size),
            stride: Extent::Each(stride),
            dilation: Extent::Each(dilation),
            ceil: ceil && padding != Padding::Same,
            padding,
            count_padding: false,
        })
    });
    let adaptive = vec(proptest::option::of(1..6usize), rank);
    let fractional = (0.3..1.0f64, any::<bool>()).prop_map(|(ratio, overlapping)| {
        Geometry::Fractional(Fractional {
            size: FractionalSize::Ratio(ratio),
            sequence: FractionalSequence::Random,
            regions: if overlapping { FractionalRegions::Overlapping } else { FractionalRegions::Disjoint },
            evaluation: FractionalEvaluation::Fixed,
        })
    });
    prop_oneof![
        6 => window,
        2 => adaptive.prop_map(|sizes| Geometry::Adaptive(OpenExtent::Each(sizes))),
        1 => any::<bool>().prop_map(|keep_dims| Geometry::Global { keep_dims }),
        2 => fractional,
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    (1..=3usize)
        .prop_flat_map(|rank| (geometries(rank), vec(1..7usize, rank)))
        .prop_filter("the windows fit", |(geometry, spatial)| {
            let pool = Pool::Reduce { reducer: Reducer::Max, geometry: geometry.clone() };
            let sample: Vec<usize> = [2].iter().chain(spatial).copied().collect();
            pool.output_shape(&sample).is_ok()
        })
        .prop_flat_map(|(geometry, spatial)| {
            let count = 2 * spatial.iter().product::<usize>();
            vec((-12..=8i32).prop_map(|quarters| f64::from(quarters) / 4.0), count)
                .prop_map(move |values| Case { geometry: geometry.clone(), spatial: spatial.clone(), values })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_window_becomes_what_a_loop_makes_of_the_values_it_sees(
        case in cases(),
        reducer in prop::sample::select(Reducer::ALL.as_slice()),
        sharpness in 1.0..6.0f64,
    ) {
        tch::set_num_threads(1);
        let reducer = match reducer {
            Reducer::Lp { .. } => Reducer::Lp { p: sharpness },
            Reducer::Gem { learned, .. } => Reducer::Gem { p: sharpness, learned },
            Reducer::Lse { learned, .. } => Reducer::Lse { r: sharpness, learned },
            Reducer::Soft { .. } => Reducer::Soft { beta: sharpness },
            Reducer::Mixed { learned, .. } => Reducer::Mixed { alpha: sharpness / 6.0, learned },
            other => other,
        };
        let windows = seen(&case.geometry, &case.spatial, &case.values);
        if let Some(wanted) = windows.iter().map(|seen| expected(&reducer, seen)).collect::<Option<Vec<f64>>>() {
            let shape: Vec<i64> = [1, 2].into_iter().chain(case.spatial.iter().map(|&n| n as i64)).collect();
            let pool = Pool::Reduce { reducer, geometry: case.geometry };
            let output = pool
                .forward(&Tensor::from_slice(&case.values).reshape(&shape))
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let found = values(&output);
            prop_assert_eq!(found.len(), wanted.len());
            for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                prop_assert!(
                    (found - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()),
                    "entry {} is {}, expected {}", at, found, wanted
                );
            }
        }
    }
}
