//! What follows from a pooling layer and the shape of its input: checked and worked out once per shape, not per batch.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use pool_spec::windows::{Cells, ResolvedWindow, haar_windows};
use pool_spec::{Geometry, Pool, Reducer, SettingError, Window};

use super::windows::{TableSlot, WindowSet};

/// A layer, planned for samples of one shape.
#[derive(Debug)]
pub(super) struct ShapePlan {
    sample: Vec<usize>,
    /// The shape of one output sample.
    pub(super) output: Vec<usize>,
    /// The windows that no draw decides: of a pyramid one set per level, of S3 also those of its dense maximum.
    pub(super) sets: Vec<Arc<WindowSet>>,
    /// The kernel's windows of a strided convolution.
    pub(super) convolution: Vec<ResolvedWindow>,
    /// The steps of blur pooling's filter.
    pub(super) strides: Vec<usize>,
    /// The kernels' table of that filter.
    pub(super) low_pass: TableSlot,
}

impl ShapePlan {
    /// Checks every setting against samples of this shape.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub(super) fn new(pool: &Pool, sample: &[usize]) -> Result<Self, SettingError> {
        let output = pool.output_shape(sample)?;
        let spatial = sample.get(1..).unwrap_or_default();
        let mut plan = Self {
            sample: sample.to_vec(),
            output,
            sets: Vec::new(),
            convolution: Vec::new(),
            strides: Vec::new(),
            low_pass: TableSlot::default(),
        };
        let set = |axes| vec![Arc::new(WindowSet::new(Cells::Windows(axes), spatial, false))];
        match pool {
            Pool::None | Pool::Spectral { .. } => {}
            Pool::Reduce { reducer, geometry } => plan.sets = of_reducer(reducer, geometry, spatial)?,
            Pool::StridedConv(conv) => plan.convolution = conv.window().resolve("size", spatial)?,
            Pool::Blur(blur) => {
                let (dense, strides) = blur.resolve(spatial)?;
                (plan.sets, plan.strides) = (set(dense), strides);
            }
            Pool::Haar => plan.sets = set(haar_windows(spatial)?),
        }
        Ok(plan)
    }
}

fn of_reducer(
    reducer: &Reducer,
    geometry: &Geometry,
    spatial: &[usize],
) -> Result<Vec<Arc<WindowSet>>, SettingError> {
    let mut cells = geometry.cells(spatial, None)?;
    if let (Reducer::S3 { .. }, [Cells::Windows(axes)]) = (reducer, &cells[..]) {
        cells.push(Cells::Windows(axes.iter().map(ResolvedWindow::dense).collect()));
    }
    let set = |cells| Arc::new(WindowSet::new(cells, spatial, counts_padding(geometry)));
    Ok(cells.into_iter().map(set).collect())
}

/// Whether a mean over these windows counts padded cells as zeros.
pub(super) fn counts_padding(geometry: &Geometry) -> bool {
    matches!(geometry, Geometry::Window(Window { count_padding: true, .. }))
}

/// The plans of the shapes that a layer was used with last.
#[derive(Debug, Default)]
pub(super) struct ShapePlans(RefCell<VecDeque<Arc<ShapePlan>>>);

/// Shapes of one layer in one program: training, validation and a picture of the user's are rarely different.
const KEPT: usize = 4;

impl ShapePlans {
    /// The plan for samples of this shape, made by `make` if it is not kept.
    pub(super) fn get<E>(
        &self,
        sample: &[usize],
        make: impl FnOnce() -> Result<ShapePlan, E>,
    ) -> Result<Arc<ShapePlan>, E> {
        let mut kept = self.0.borrow_mut();
        let known = kept.iter().position(|plan| plan.sample == sample).and_then(|place| kept.remove(place));
        let plan = match known {
            Some(plan) => plan,
            None => Arc::new(make()?),
        };
        kept.truncate(KEPT - 1);
        kept.push_front(Arc::clone(&plan));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_planned_once_and_the_shapes_used_last_are_kept() {
        let (plans, made) = (ShapePlans::default(), RefCell::new(Vec::new()));
        let get = |size: usize| {
            plans.get(&[1, size], || {
                made.borrow_mut().push(size);
                ShapePlan::new(&Pool::max(2), &[1, size])
            })
        };
        for size in [10, 11, 12, 13, 10, 14, 10, 11] {
            assert_eq!(get(size).unwrap().output, [1, size / 2]);
        }
        // 14 pushed out 11, which was used longest ago.
        assert_eq!(*made.borrow(), [10, 11, 12, 13, 14, 11]);
    }
}
