//! Keras's names: all of Keras 3's pooling layers with Keras's arguments and defaults, as the same [`Pool`].
//!
//! ```
//! use pool_spec::keras::{AveragePooling1D, GlobalMaxPooling3D, MaxPooling2D};
//! use pool_spec::{Padding, Pool, Sequential};
//!
//! // keras.layers.MaxPooling2D(pool_size=3, strides=2, padding="same")
//! let pool: Pool = MaxPooling2D::new(3).strides(2).padding(Padding::Same).into();
//! assert_eq!(pool.output_shape(&[32, 24, 24])?, [32, 12, 12]);
//!
//! // keras.layers.AveragePooling1D(pool_size=2)
//! let model = Sequential::new([4, 100]).add(AveragePooling1D::new(2));
//! assert_eq!(model.infer()?.output(), Some(&[4, 50][..]));
//!
//! // keras.layers.GlobalMaxPooling3D(keepdims=True)
//! let pool: Pool = GlobalMaxPooling3D::default().keepdims(true).into();
//! assert_eq!(pool.output_shape(&[8, 4, 5, 6])?, [8, 1, 1, 1]);
//! # Ok::<(), pool_spec::NetworkError>(())
//! ```
//!
//! `data_format` is the one argument that is missing: tensors here are always `[N, C, spatial...]`, which Keras calls
//! `channels_first`. `GlobalAveragePooling1D`'s mask goes to [`Pool::forward_masked`].

use std::marker::PhantomData;

use crate::{Extent, Layer, Padding, Pool, Reducer, Window};

/// The reducer that a Keras layer names: [`Max`] or [`Average`].
pub trait KerasReducer {
    /// The reducer.
    const REDUCER: Reducer;
}

/// `Max` in a layer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Max;

/// `Average` in a layer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Average;

impl KerasReducer for Max {
    const REDUCER: Reducer = Reducer::Max;
}

impl KerasReducer for Average {
    const REDUCER: Reducer = Reducer::Avg;
}

/// `MaxPooling1D` to `AveragePooling3D`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowPooling<R, const RANK: usize> {
    pool_size: Extent,
    strides: Option<Extent>,
    padding: Padding,
    reducer: PhantomData<R>,
}

/// `keras.layers.MaxPooling1D(pool_size=2, strides=None, padding="valid")`
pub type MaxPooling1D = WindowPooling<Max, 1>;
/// `keras.layers.MaxPooling2D(pool_size=(2, 2), strides=None, padding="valid")`
pub type MaxPooling2D = WindowPooling<Max, 2>;
/// `keras.layers.MaxPooling3D(pool_size=(2, 2, 2), strides=None, padding="valid")`
pub type MaxPooling3D = WindowPooling<Max, 3>;
/// `keras.layers.AveragePooling1D(pool_size, strides=None, padding="valid")`
pub type AveragePooling1D = WindowPooling<Average, 1>;
/// `keras.layers.AveragePooling2D(pool_size, strides=None, padding="valid")`
pub type AveragePooling2D = WindowPooling<Average, 2>;
/// `keras.layers.AveragePooling3D(pool_size, strides=None, padding="valid")`
pub type AveragePooling3D = WindowPooling<Average, 3>;

impl<R, const RANK: usize> WindowPooling<R, RANK> {
    /// A window of `pool_size` entries along each axis.
    pub fn new(pool_size: impl Into<Extent>) -> Self {
        Self { pool_size: pool_size.into(), strides: None, padding: Padding::Valid, reducer: PhantomData }
    }

    /// Moves the window by this much; by default by its size.
    #[must_use]
    pub fn strides(self, strides: impl Into<Extent>) -> Self {
        Self { strides: Some(strides.into()), ..self }
    }

    /// `Padding::Valid` or `Padding::Same`.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }
}

/// A window of 2; the average has no default in Keras.
impl<const RANK: usize> Default for WindowPooling<Max, RANK> {
    fn default() -> Self {
        Self::new(2)
    }
}

/// A list of one size per axis, so that an input of another rank than the layer's name says is refused.
fn each<const RANK: usize>(extent: Extent) -> Extent {
    match extent {
        Extent::All(size) => Extent::Each(vec![size; RANK]),
        each @ Extent::Each(_) => each,
    }
}

impl<R: KerasReducer, const RANK: usize> From<WindowPooling<R, RANK>> for Pool {
    fn from(layer: WindowPooling<R, RANK>) -> Self {
        let size = each::<RANK>(layer.pool_size);
        let strides = layer.strides.map_or_else(|| size.clone(), each::<RANK>);
        Self::window(R::REDUCER, Window::new(size).stride(strides).padding(layer.padding))
    }
}

/// `GlobalMaxPooling1D` to `GlobalAveragePooling3D`. The rank is the input's, whatever the name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalPooling<R, const RANK: usize> {
    keepdims: bool,
    reducer: PhantomData<R>,
}

/// `keras.layers.GlobalMaxPooling1D(keepdims=False)`
pub type GlobalMaxPooling1D = GlobalPooling<Max, 1>;
/// `keras.layers.GlobalMaxPooling2D(keepdims=False)`
pub type GlobalMaxPooling2D = GlobalPooling<Max, 2>;
/// `keras.layers.GlobalMaxPooling3D(keepdims=False)`
pub type GlobalMaxPooling3D = GlobalPooling<Max, 3>;
/// `keras.layers.GlobalAveragePooling1D(keepdims=False)`
pub type GlobalAveragePooling1D = GlobalPooling<Average, 1>;
/// `keras.layers.GlobalAveragePooling2D(keepdims=False)`
pub type GlobalAveragePooling2D = GlobalPooling<Average, 2>;
/// `keras.layers.GlobalAveragePooling3D(keepdims=False)`
pub type GlobalAveragePooling3D = GlobalPooling<Average, 3>;

impl<R, const RANK: usize> GlobalPooling<R, RANK> {
    /// Keeps the spatial axes with size 1.
    #[must_use]
    pub fn keepdims(self, keepdims: bool) -> Self {
        Self { keepdims, ..self }
    }
}

impl<R, const RANK: usize> Default for GlobalPooling<R, RANK> {
    fn default() -> Self {
        Self { keepdims: false, reducer: PhantomData }
    }
}

impl<R: KerasReducer, const RANK: usize> From<GlobalPooling<R, RANK>> for Pool {
    fn from(layer: GlobalPooling<R, RANK>) -> Self {
        if layer.keepdims { Self::global_keep_dims(R::REDUCER) } else { Self::global(R::REDUCER) }
    }
}

/// `AdaptiveMaxPooling1D` to `AdaptiveAveragePooling3D`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptivePooling<R, const RANK: usize> {
    output_size: Extent,
    reducer: PhantomData<R>,
}

/// `keras.layers.AdaptiveMaxPooling1D(output_size)`
pub type AdaptiveMaxPooling1D = AdaptivePooling<Max, 1>;
/// `keras.layers.AdaptiveMaxPooling2D(output_size)`
pub type AdaptiveMaxPooling2D = AdaptivePooling<Max, 2>;
/// `keras.layers.AdaptiveMaxPooling3D(output_size)`
pub type AdaptiveMaxPooling3D = AdaptivePooling<Max, 3>;
/// `keras.layers.AdaptiveAveragePooling1D(output_size)`
pub type AdaptiveAveragePooling1D = AdaptivePooling<Average, 1>;
/// `keras.layers.AdaptiveAveragePooling2D(output_size)`
pub type AdaptiveAveragePooling2D = AdaptivePooling<Average, 2>;
/// `keras.layers.AdaptiveAveragePooling3D(output_size)`
pub type AdaptiveAveragePooling3D = AdaptivePooling<Average, 3>;

impl<R, const RANK: usize> AdaptivePooling<R, RANK> {
    /// An output of this size along each axis; Keras has no default for it.
    pub fn new(output_size: impl Into<Extent>) -> Self {
        Self { output_size: output_size.into(), reducer: PhantomData }
    }
}

impl<R: KerasReducer, const RANK: usize> From<AdaptivePooling<R, RANK>> for Pool {
    fn from(layer: AdaptivePooling<R, RANK>) -> Self {
        Self::adaptive(R::REDUCER, each::<RANK>(layer.output_size))
    }
}

impl<R: KerasReducer, const RANK: usize> From<WindowPooling<R, RANK>> for Layer {
    fn from(layer: WindowPooling<R, RANK>) -> Self {
        Self::Pool(layer.into())
    }
}

impl<R: KerasReducer, const RANK: usize> From<GlobalPooling<R, RANK>> for Layer {
    fn from(layer: GlobalPooling<R, RANK>) -> Self {
        Self::Pool(layer.into())
    }
}

impl<R: KerasReducer, const RANK: usize> From<AdaptivePooling<R, RANK>> for Layer {
    fn from(layer: AdaptivePooling<R, RANK>) -> Self {
        Self::Pool(layer.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sequential;

    /// Keras's name for the layer, and the shape it makes of `[2, 12, 12, 12]` cut to the rank.
    fn name_and_output(layer: impl Into<Layer>, rank: usize) -> (String, Vec<usize>) {
        let sample: Vec<usize> = [2, 12, 12, 12][..=rank].to_vec();
        let inferred = Sequential::new(sample).add(layer).infer().unwrap();
        (inferred.layers[0].name.clone(), inferred.layers[0].output.clone())
    }

    #[test]
    fn every_layer_of_keras_has_its_name_and_its_defaults() {
        let row = |layer: (String, Vec<usize>)| format!("{} {:?}", layer.0, layer.1);
        let found = [
            row(name_and_output(MaxPooling1D::default(), 1)),
            row(name_and_output(MaxPooling2D::default(), 2)),
            row(name_and_output(MaxPooling3D::default(), 3)),
            row(name_and_output(AveragePooling1D::new(2), 1)),
            row(name_and_output(AveragePooling2D::new(2), 2)),
            row(name_and_output(AveragePooling3D::new(2), 3)),
            row(name_and_output(GlobalMaxPooling1D::default(), 1)),
            row(name_and_output(GlobalMaxPooling2D::default(), 2)),
            row(name_and_output(GlobalMaxPooling3D::default(), 3)),
            row(name_and_output(GlobalAveragePooling1D::default(), 1)),
            row(name_and_output(GlobalAveragePooling2D::default(), 2)),
            row(name_and_output(GlobalAveragePooling3D::default(), 3)),
            row(name_and_output(AdaptiveMaxPooling1D::new(5), 1)),
            row(name_and_output(AdaptiveMaxPooling2D::new(5), 2)),
            row(name_and_output(AdaptiveMaxPooling3D::new([5, 4, 3]), 3)),
            row(name_and_output(AdaptiveAveragePooling1D::new(5), 1)),
            row(name_and_output(AdaptiveAveragePooling2D::new([5, 4]), 2)),
            row(name_and_output(AdaptiveAveragePooling3D::new(5), 3)),
        ];
        assert_eq!(
            found,
            [
                "max_pooling1d [2, 6]",
                "max_pooling2d [2, 6, 6]",
                "max_pooling3d [2, 6, 6, 6]",
                "average_pooling1d [2, 6]",
                "average_pooling2d [2, 6, 6]",
                "average_pooling3d [2, 6, 6, 6]",
                "global_max_pooling1d [2]",
                "global_max_pooling2d [2]",
                "global_max_pooling3d [2]",
                "global_average_pooling1d [2]",
                "global_average_pooling2d [2]",
                "global_average_pooling3d [2]",
                "adaptive_max_pooling1d [2, 5]",
                "adaptive_max_pooling2d [2, 5, 5]",
                "adaptive_max_pooling3d [2, 5, 4, 3]",
                "adaptive_average_pooling1d [2, 5]",
                "adaptive_average_pooling2d [2, 5, 4]",
                "adaptive_average_pooling3d [2, 5, 5, 5]",
            ]
        );
    }

    #[test]
    fn arguments_mean_what_they_mean_in_keras() {
        let pool: Pool = MaxPooling2D::new([3, 2]).strides(1).padding(Padding::Same).into();
        assert_eq!(pool, Pool::max(Window::new([3, 2]).stride([1, 1]).padding(Padding::Same)));
        assert_eq!(
            Pool::from(GlobalMaxPooling2D::default().keepdims(true)),
            Pool::global_keep_dims(Reducer::Max)
        );
    }

    #[test]
    fn an_input_of_another_rank_is_refused() {
        let pool: Pool = MaxPooling2D::default().into();
        let error = pool.output_shape(&[2, 12]).unwrap_err().to_string();
        assert!(error.starts_with("size = [2, 2]: the input has 1 spatial axes"), "{error}");
    }
}
