//! From an input tensor to a pooled one.

use std::borrow::Cow;
use std::sync::Arc;

use pool_spec::memory_limit::{check_output, product};
use pool_spec::sizes::count_of_channel;
use pool_spec::{Fractional, FractionalEvaluation, Geometry, Pool, Reducer};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, TchError, Tensor};

use super::context::Context;
use super::plan::{ShapePlan, counts_padding};
use super::reduce::reduce;
use super::windows::WindowSet;
use super::{blur, element_bytes, haar, sample_of, spectral, strided_conv};
use crate::{Mode, ModelError, SettingError};

/// `[N, C, spatial...]` to `output`, the shape that [`output_of`] gave.
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
    let no_indices = || SettingError::NoIndices { pool: pool.to_string() };
    let Pool::Reduce { reducer: Reducer::Max, geometry } = pool else { return Err(no_indices().into()) };
    if context.mode == Mode::Inference && takes_expectation(geometry) {
        return Err(no_indices().into());
    }
    let sets = sets(geometry, input, context, generator(geometry, context))?;
    let ([set], false) = (&sets[..], matches!(geometry, Geometry::Pyramid(_))) else {
        return Err(no_indices().into());
    };
    let (values, indices) = context.windows(input, set).max_with_indices()?;
    Ok((with_axes_of(geometry, values)?, with_axes_of(geometry, indices)?))
}

/// What every layer but none needs.
const EXPECTED_INPUT: &str = "[N, C, spatial...] with 1 to 3 spatial axes";

/// The shape of the result of a batch, for which the layer was planned; refuses what cannot be pooled.
pub(super) fn output_of(plan: &ShapePlan, input: &Tensor) -> Result<Vec<i64>, ModelError> {
    let batch = input.size().into_iter().take(1);
    let output: Vec<i64> = batch.chain(plan.output.iter().map(|&n| n as i64)).collect();
    check_output(product(&output), element_bytes(input.kind()), || input.size())?;
    Ok(output)
}

/// What of an input can be refused without planning the layer for it.
///
/// # Errors
/// A tensor that is no batch, or one of integers.
pub(super) fn check_kind(input: &Tensor) -> Result<(), ModelError> {
    if !input.defined() {
        return Err(not_a_batch(input));
    }
    if !input.is_floating_point() {
        return Err(ModelError::TensorKind { found: input.kind() });
    }
    Ok(())
}

/// A setting that does not fit this input; where the input is no batch at all, that is what is wrong.
pub(super) fn refused(error: SettingError, input: &Tensor) -> ModelError {
    match error {
        SettingError::InputShape { .. } => not_a_batch(input),
        error => error.into(),
    }
}

fn not_a_batch(input: &Tensor) -> ModelError {
    ModelError::TensorShape { expected: EXPECTED_INPUT.to_owned(), found: input.size() }
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
    let once = |generator: Option<ChaCha8Rng>| -> Result<Tensor, ModelError> {
        let over = |set: &Arc<WindowSet>| reduce(reducer, &context.windows(input, set).mask(mask), context);
        match &sets(geometry, input, context, generator)?[..] {
            levels if matches!(geometry, Geometry::Pyramid(_)) => {
                let flat = levels.iter().map(|set| over(set)?.f_flatten(1, -1));
                Ok(Tensor::f_cat(&flat.collect::<Result<Vec<_>, TchError>>()?, 1)?)
            }
            // S3 has its dense windows behind these.
            [set, ..] => Ok(over(set)?),
            [] => unreachable!("every geometry has windows"),
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

/// The windows that are drawn from the generator, or those of the plan.
fn sets<'a>(
    geometry: &Geometry,
    input: &Tensor,
    context: &Context<'a>,
    generator: Option<ChaCha8Rng>,
) -> Result<Cow<'a, [Arc<WindowSet>]>, ModelError> {
    let Some(mut generator) = generator else { return Ok(Cow::Borrowed(&context.plan.sets)) };
    let spatial = &sample_of(input)[1..];
    let drawn = geometry.cells(spatial, Some(&mut generator))?;
    let set = |cells| Arc::new(WindowSet::new(cells, spatial, counts_padding(geometry)));
    Ok(Cow::Owned(drawn.into_iter().map(set).collect()))
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
    check_output(product(&full), element_bytes(pooled.kind()), || shape.clone())?;
    let zeros = Tensor::f_zeros([shape[0], shape[1], places as i64], (pooled.kind(), pooled.device()))?;
    Ok(zeros.f_scatter(-1, &indices.f_flatten(2, -1)?, &pooled.f_flatten(2, -1)?)?.f_reshape(&full)?)
}
