//! Pooling in plain loops in `f64`.

use pool_kernels::{Batch, KernelWindow, Layout, Reduce};

/// One pooling, cell by cell.
pub(crate) struct Plain<'a> {
    pub(crate) spatial: &'a [usize],
    pub(crate) axes: &'a [Vec<KernelWindow>],
    pub(crate) batch: Batch,
    pub(crate) reduce: Reduce,
    pub(crate) draws: &'a [f32],
}

impl Plain<'_> {
    /// The values, and the gradient of the input from that of the output.
    pub(crate) fn run(&self, input: &[f32], gradient: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let pixels: usize = self.spatial.iter().product();
        let windows = self.windows();
        let mut values = vec![0.0; gradient.len()];
        let mut input_gradient = vec![0.0; input.len()];
        for plane in 0..self.batch.samples * self.batch.channels {
            for (window, (cells, counted)) in windows.iter().enumerate() {
                let output = self.index(plane, window, windows.len());
                let places: Vec<usize> =
                    cells.iter().map(|&pixel| self.index(plane, pixel, pixels)).collect();
                let seen: Vec<f64> = places.iter().map(|&place| f64::from(input[place])).collect();
                let draw = self.draws.get(plane * windows.len() + window).copied().unwrap_or(0.0);
                let (value, slopes) = reduce(self.reduce, &seen, *counted, draw);
                values[output] = value;
                for (place, slope) in places.into_iter().zip(slopes) {
                    input_gradient[place] += slope * f64::from(gradient[output]);
                }
            }
        }
        (values, input_gradient)
    }

    fn index(&self, plane: usize, pixel: usize, pixels: usize) -> usize {
        let channels = self.batch.channels;
        match self.batch.layout {
            Layout::ChannelsFirst => plane * pixels + pixel,
            Layout::ChannelsLast => (plane / channels * pixels + pixel) * channels + plane % channels,
        }
    }

    /// The pixels of each window, and what a mean divides by.
    fn windows(&self) -> Vec<(Vec<usize>, f64)> {
        let mut windows = vec![(vec![0], 1.0)];
        for (axis, &size) in self.axes.iter().zip(self.spatial) {
            windows = windows
                .iter()
                .flat_map(|(pixels, counted)| {
                    axis.iter().map(move |window| {
                        let inner =
                            |&pixel: &usize| window.entries.iter().map(move |e| pixel * size + e as usize);
                        (pixels.iter().flat_map(inner).collect(), counted * f64::from(window.counted))
                    })
                })
                .collect();
        }
        windows
    }
}

/// A window's value and its slope in every cell.
fn reduce(reduce: Reduce, cells: &[f64], counted: f64, draw: f32) -> (f64, Vec<f64>) {
    let one_at = |place: Option<usize>| (0..cells.len()).map(|cell| f64::from(Some(cell) == place)).collect();
    let activations: Vec<f64> = cells.iter().map(|cell| cell.max(0.0)).collect();
    let total: f64 = activations.iter().sum();
    match reduce {
        Reduce::Max | Reduce::Min => {
            let sign = if reduce == Reduce::Max { 1.0 } else { -1.0 };
            let first =
                |best: usize, cell: usize| if sign * cells[cell] > sign * cells[best] { cell } else { best };
            let place = (0..cells.len()).fold(0, first);
            (cells[place], one_at(Some(place)))
        }
        Reduce::Mean => (cells.iter().sum::<f64>() / counted, vec![1.0 / counted; cells.len()]),
        Reduce::Lp { p } => {
            let p = f64::from(p);
            let norm = cells.iter().map(|cell| cell.abs().powf(p)).sum::<f64>().powf(1.0 / p);
            let slope = |&cell: &f64| match cell {
                0.0 => 0.0,
                cell => cell.signum() * (cell.abs() / norm).powf(p - 1.0),
            };
            (norm, cells.iter().map(slope).collect())
        }
        Reduce::PowerMean { p } => {
            let (p, n) = (f64::from(p), cells.len() as f64);
            let mean = (cells.iter().map(|cell| cell.abs().powf(p)).sum::<f64>() / n).powf(1.0 / p);
            let slope = |&cell: &f64| match cell {
                0.0 => 0.0,
                cell => cell.signum() * (cell.abs() / mean).powf(p - 1.0) / n,
            };
            (mean, cells.iter().map(slope).collect())
        }
        Reduce::LogMeanExp => {
            let sum = cells.iter().map(|cell| cell.exp()).sum::<f64>();
            ((sum / cells.len() as f64).ln(), cells.iter().map(|cell| cell.exp() / sum).collect())
        }
        Reduce::Soft { beta } => {
            let beta = f64::from(beta);
            let weights: Vec<f64> = cells.iter().map(|cell| (beta * cell).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let value = cells.iter().zip(&weights).map(|(cell, weight)| cell * weight / sum).sum::<f64>();
            let slope = |(cell, weight): (&f64, &f64)| weight / sum * (1.0 + beta * (cell - value));
            (value, cells.iter().zip(&weights).map(slope).collect())
        }
        Reduce::Sampled => {
            let least = draw * total as f32;
            let mut running = 0.0;
            let beyond = |cell: &usize| {
                running += activations[*cell] as f32;
                running > least
            };
            let place = (0..cells.len()).find(beyond);
            (place.map_or(0.0, |place| activations[place]), one_at(place))
        }
        Reduce::StochasticMean if total == 0.0 => (0.0, vec![0.0; cells.len()]),
        Reduce::StochasticMean => {
            let value = activations.iter().map(|a| a * a).sum::<f64>() / total;
            let slope = |&cell: &f64| if cell > 0.0 { (2.0 * cell - value) / total } else { 0.0 };
            (value, cells.iter().map(slope).collect())
        }
        Reduce::Median => {
            let mut order: Vec<usize> = (0..cells.len()).collect();
            order.sort_by(|&a, &b| cells[a].total_cmp(&cells[b]));
            let place = order[(cells.len() - 1) / 2];
            (cells[place], one_at(Some(place)))
        }
        Reduce::Weighted => unreachable!("tested by itself"),
    }
}
