//! From an input tensor to a pooled one.

use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use super::built::Context;
use super::geometry::{Cells, Fractional, FractionalEvaluation, Geometry, Window};
use super::memory::{check_output, product};
use super::reduce::reduce;
use super::{Pool, Reducer, blur, haar, sample_of, spectral, strided_conv};
use crate::sizes::count_of_channel;
use crate::{Mode, ModelError, SettingError};

/// `[N, C, spatial...]` to `output`, the shape that [`check_input`] gave.
pub(super) fn forward(
    pool: &Pool,
    input: &Tensor,
    output: &[i64],
    mask: Option<&Tensor>,
    context: &Context<'_>,
) -> Result<Tensor, ModelError> {
    if let Some(mask) = mask {
        check_mask(pool, input, mask)?;
    }
    Ok(match pool {
        Pool::None => input.shallow_clone(),
        Pool::Reduce { reducer, geometry } => {
            with_axes_of(geometry, reduce_geometry(reducer, geometry, input, mask, context)?)?
        }
        Pool::StridedConv(conv) => strided_conv::forward(conv, input, context)?,
        Pool::Blur(blur) => blur::forward(blur, input, context)?,
        Pool::Haar => haar::forward(input, context)?,
        Pool::Spectral { .. } => spectral::forward(input, &output[2..])?,
    })
}

/// The maxima and their places.
pub(super) fn forward_with_indices(
    pool: &Pool,
    input: &Tensor,
    context: &Context<'_>,
) -> Result<(Tensor, Tensor), ModelError> {
    check_input(pool, input)?;
    let no_indices = || SettingError::NoIndices { pool: pool.to_string() };
    let Pool::Reduce { reducer: Reducer::Max, geometry } = pool else { return Err(no_indices().into()) };
    if context.mode == Mode::Inference && takes_expectation(geometry) {
        return Err(no_indices().into());
    }
    let cells = geometry.cells(&sample_of(input)[1..], generator(geometry, context).as_mut())?;
    let ([cells], false) = (&cells[..], matches!(geometry, Geometry::Pyramid(_))) else {
        return Err(no_indices().into());
    };
    let (values, indices) = context.windows(input, cells).max_with_indices()?;
    Ok((with_axes_of(geometry, values)?, with_axes_of(geometry, indices)?))
}

/// What every layer but none needs.
const EXPECTED_INPUT: &str = "[N, C, spatial...] with 1 to 3 spatial axes";

/// Refuses what cannot be pooled, and gives the shape of the result, batch included.
pub(super) fn check_input(pool: &Pool, input: &Tensor) -> Result<Vec<i64>, ModelError> {
    let shape = input.size();
    let not_a_batch =
        || ModelError::TensorShape { expected: EXPECTED_INPUT.to_owned(), found: shape.clone() };
    if !input.defined() {
        return Err(not_a_batch());
    }
    if *pool == Pool::None {
        return Ok(shape);
    }
    if !input.is_floating_point() {
        return Err(ModelError::TensorKind { found: input.kind() });
    }
    let output = pool.output_shape(&sample_of(input)).map_err(|error| match error {
        SettingError::InputShape { .. } => not_a_batch(),
        error => error.into(),
    })?;
    let output: Vec<i64> = shape[..1].iter().copied().chain(output.iter().map(|&n| n as i64)).collect();
    check_output(product(&output), input.kind(), || shape.clone())?;
    Ok(output)
}

fn check_mask(pool: &Pool, input: &Tensor, mask: &Tensor) -> Result<(), ModelError> {
    match pool {
        // Local importance normalises over the whole plane, masked entries included.
        Pool::Reduce { reducer, geometry: Geometry::Global { .. } } if *reducer != Reducer::Lip => {}
        _ => return Err(SettingError::NoMask { pool: pool.to_string() }.into()),
    }
    let mut expected = input.size();
    expected.remove(1);
    if mask.size() != expected {
        return Err(ModelError::MaskShape { expected, found: mask.size() });
    }
    if mask.kind() != Kind::Bool {
        return Err(ModelError::MaskKind { found: mask.kind() });
    }
    Ok(())
}

/// `[N, C, output...]`, with the spatial axes that global pooling drops.
fn reduce_geometry(
    reducer: &Reducer,
    geometry: &Geometry,
    input: &Tensor,
    mask: Option<&Tensor>,
    context: &Context<'_>,
) -> Result<Tensor, ModelError> {
    let once = |mut generator: Option<ChaCha8Rng>| -> Result<Tensor, ModelError> {
        let counted = matches!(geometry, Geometry::Window(Window { count_padding: true, .. }));
        let over = |cells: &Cells| {
            let windows = context.windows(input, cells).count_padding(counted).mask(mask);
            reduce(reducer, &windows, context)
        };
        match &geometry.cells(&sample_of(input)[1..], generator.as_mut())?[..] {
            [cells] if !matches!(geometry, Geometry::Pyramid(_)) => Ok(over(cells)?),
            levels => {
                let flat = levels.iter().map(|cells| over(cells)?.f_flatten(1, -1));
                Ok(Tensor::f_cat(&flat.collect::<Result<Vec<_>, TchError>>()?, 1)?)
            }
        }
    };
    if context.mode == Mode::Training || !takes_expectation(geometry) {
        return once(generator(geometry, context));
    }
    // The last streams, which training never reaches.
    let mut sum = once(Some(context.random.stream(u64::MAX)))?;
    for draw in 1..Fractional::DRAWS {
        sum = sum.f_add(&once(Some(context.random.stream(u64::MAX - draw)))?)?;
    }
    Ok(sum.f_div_scalar(Fractional::DRAWS as f64)?)
}

/// Without the spatial axes that the geometry drops. No size of the batch may stand here: a trace would hold it.
fn with_axes_of(geometry: &Geometry, pooled: Tensor) -> Result<Tensor, TchError> {
    match geometry {
        Geometry::Global { keep_dims: false } => pooled.f_flatten(1, -1),
        Geometry::Window(_)
        | Geometry::Adaptive(_)
        | Geometry::Global { keep_dims: true }
        | Geometry::Fractional(_)
        | Geometry::Pyramid(_) => Ok(pooled),
    }
}

/// What fractional windows are drawn from; nothing in prediction, and for other windows.
fn generator(geometry: &Geometry, context: &Context<'_>) -> Option<ChaCha8Rng> {
    match (context.mode, geometry) {
        (Mode::Training, Geometry::Fractional(_)) => Some(context.random.generator()),
        _ => None,
    }
}

fn takes_expectation(geometry: &Geometry) -> bool {
    matches!(geometry, Geometry::Fractional(Fractional { evaluation: FractionalEvaluation::Expectation, .. }))
}

/// Puts pooled values back where their indices say, `[N, C, output...]` to `[N, C, spatial...]`, with zeros elsewhere.
/// Where several values share a place, they are the same maximum. PyTorch: `MaxUnpool2d`.
///
/// # Errors
/// Fewer than three or more than five axes, indices of another shape or type, or an index outside `spatial`.
pub fn max_unpool(pooled: &Tensor, indices: &Tensor, spatial: &[usize]) -> Result<Tensor, ModelError> {
    let shape = pooled.size();
    if !(3..=5).contains(&shape.len()) || spatial.len() + 2 != shape.len() {
        return Err(ModelError::TensorShape {
            expected: format!("[N, C, output...] with as many spatial axes as {spatial:?}"),
            found: shape,
        });
    }
    if indices.size() != shape || indices.kind() != Kind::Int64 {
        return Err(ModelError::Indices { expected: shape, found: indices.size(), kind: indices.kind() });
    }
    let places = count_of_channel("entries to put back into", spatial)?;
    let full: Vec<i64> = shape[..2].iter().copied().chain(spatial.iter().map(|&n| n as i64)).collect();
    check_output(product(&full), pooled.kind(), || shape.clone())?;
    let zeros = Tensor::f_zeros([shape[0], shape[1], places as i64], (pooled.kind(), pooled.device()))?;
    Ok(zeros.f_scatter(-1, &indices.f_flatten(2, -1)?, &pooled.f_flatten(2, -1)?)?.f_reshape(&full)?)
}
