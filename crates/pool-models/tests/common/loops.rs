//! Pooling as plain loops that share no line with the library.

use pool_models::{
    Extent, Fractional, FractionalRegions, FractionalSize, Geometry, OpenExtent, Padding, Reducer,
};

/// What a window that sees these values becomes in prediction; nothing for reducers that need more than the values, which
/// have tests of their own.
pub(crate) fn expected(reducer: &Reducer, seen: &[f64]) -> Option<f64> {
    let n = seen.len() as f64;
    let max = seen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let avg = seen.iter().sum::<f64>() / n;
    Some(match *reducer {
        Reducer::Max => max,
        Reducer::Avg => avg,
        Reducer::Min => seen.iter().copied().fold(f64::INFINITY, f64::min),
        Reducer::Median => {
            let mut sorted = seen.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted[(seen.len() - 1) / 2]
        }
        Reducer::Lp { p } => seen.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        Reducer::Gem { p, .. } => (seen.iter().map(|x| x.max(1e-6).powf(p)).sum::<f64>() / n).powf(1.0 / p),
        Reducer::Lse { r, .. } => (seen.iter().map(|x| (r * x).exp()).sum::<f64>() / n).ln() / r,
        Reducer::Soft { beta } => {
            let weights: Vec<f64> = seen.iter().map(|x| (beta * x).exp()).collect();
            let products = weights.iter().zip(seen).map(|(weight, x)| weight * x);
            products.sum::<f64>() / weights.iter().sum::<f64>()
        }
        Reducer::Stochastic => {
            let positive: Vec<f64> = seen.iter().map(|x| x.max(0.0)).collect();
            let sum: f64 = positive.iter().sum();
            if sum == 0.0 { 0.0 } else { positive.iter().map(|a| a * a).sum::<f64>() / sum }
        }
        Reducer::Mixed { alpha, .. } => alpha * max + (1.0 - alpha) * avg,
        Reducer::RandomMixed | Reducer::AvgMax => (avg + max) / 2.0,
        Reducer::CatAvgMax
        | Reducer::Gated
        | Reducer::Tree
        | Reducer::Lip
        | Reducer::Attention
        | Reducer::S3 { .. } => return None,
    })
}

/// The entries that each window sees along one axis of `n`; padded cells are left out.
fn windows_along(geometry: &Geometry, axis: usize, n: usize) -> Vec<Vec<usize>> {
    let each = |extent: &Extent| match extent {
        Extent::All(size) => *size,
        Extent::Each(sizes) => sizes[axis],
    };
    match geometry {
        Geometry::Window(window) => {
            let (size, stride, dilation) = (each(&window.size), each(&window.stride), each(&window.dilation));
            let reach = (size - 1) * dilation + 1;
            let (before, after) = match &window.padding {
                Padding::Valid => (0, 0),
                Padding::Same => {
                    let total = ((n.div_ceil(stride) - 1) * stride + reach).saturating_sub(n);
                    (total / 2, total - total / 2)
                }
                Padding::Symmetric(cells) => (each(cells), each(cells)),
            };
            // Windows are tried one after another, as a person would draw them.
            (0..)
                .map(|index| index * stride)
                .take_while(|start| {
                    let end = before + n + after;
                    // The window before this one left something over.
                    let left_over = start + reach < end + stride;
                    start + reach <= end || (window.ceil && left_over && *start < before + n)
                })
                .map(|start| {
                    let cells = (0..size).map(|cell| start + cell * dilation);
                    cells
                        .filter(|cell| (before..before + n).contains(cell))
                        .map(|cell| cell - before)
                        .collect()
                })
                .collect()
        }
        Geometry::Adaptive(output) => {
            let o = match output {
                OpenExtent::All(size) => *size,
                OpenExtent::Each(sizes) => sizes[axis].unwrap_or(n),
            };
            let bounds =
                |i: usize| ((i * n) as f64 / o as f64).floor()..(((i + 1) * n) as f64 / o as f64).ceil();
            (0..o).map(|i| (bounds(i).start as usize..bounds(i).end as usize).collect()).collect()
        }
        Geometry::Global { .. } => vec![(0..n).collect()],
        Geometry::Fractional(Fractional { size: FractionalSize::Ratio(ratio), regions, .. }) => {
            let o = (n as f64 * ratio).floor() as usize;
            // (i + 1/2) n / o rounded down, in whole numbers; the last bound is n.
            let bound = |i: usize| ((2 * i + 1) * n) / (2 * o) - n / (2 * o);
            let shared = usize::from(*regions == FractionalRegions::Overlapping);
            (0..o).map(|i| (bound(i)..(bound(i + 1) + shared).min(n)).collect()).collect()
        }
        Geometry::Fractional(_) | Geometry::Pyramid(_) => unreachable!("not drawn below"),
    }
}

/// The values that each window of each plane sees, in row-major order.
pub(crate) fn seen(geometry: &Geometry, spatial: &[usize], planes: &[f64]) -> Vec<Vec<f64>> {
    let axes: Vec<Vec<Vec<usize>>> =
        spatial.iter().enumerate().map(|(axis, &n)| windows_along(geometry, axis, n)).collect();
    // Flat indices of every window, axis by axis.
    let windows = axes.iter().zip(spatial).fold(vec![vec![0usize]], |windows, (axis, &n)| {
        let extended = |window: &Vec<usize>, cells: &Vec<usize>| {
            window.iter().flat_map(|flat| cells.iter().map(move |cell| flat * n + cell)).collect()
        };
        windows.iter().flat_map(|window| axis.iter().map(move |cells| extended(window, cells))).collect()
    });
    planes
        .chunks(spatial.iter().product())
        .flat_map(|plane| {
            windows.iter().map(move |window| window.iter().map(|&flat| plane[flat]).collect::<Vec<f64>>())
        })
        .collect()
}
