//! The seam between what a network is and a tensor library that computes it.
//!
//! `network.build(&path)` and `pool.forward(&tensor)` read as methods of the plain data that they are about, and work with
//! whatever tensors a crate implements these two traits for: pool-models does for libtorch's. `Library` is a marker type
//! of that crate; nobody ever writes it.

use crate::{Pool, Sequential};

/// Tensors that pooling layers can be applied to.
pub trait PoolTensor<Library>: Sized {
    /// What can go wrong.
    type Error;

    /// See [`Pool::forward`].
    ///
    /// # Errors
    /// As there.
    fn pool(&self, pool: &Pool) -> Result<Self, Self::Error>;

    /// See [`Pool::forward_with_indices`].
    ///
    /// # Errors
    /// As there.
    fn pool_with_indices(&self, pool: &Pool) -> Result<(Self, Self), Self::Error>;

    /// See [`Pool::forward_masked`].
    ///
    /// # Errors
    /// As there.
    fn pool_masked(&self, pool: &Pool, mask: &Self) -> Result<Self, Self::Error>;
}

/// A place where the variables of layers and networks are made.
pub trait VariablePath<Library> {
    /// What can go wrong.
    type Error;
    /// A pooling layer with its variables.
    type Layer;
    /// A network with its variables.
    type Net;

    /// See [`Pool::build`].
    ///
    /// # Errors
    /// As there.
    fn build_pool(&self, pool: &Pool, sample: &[usize], seed: u64) -> Result<Self::Layer, Self::Error>;

    /// See [`Sequential::build`].
    ///
    /// # Errors
    /// As there.
    fn build_network(&self, network: &Sequential) -> Result<Self::Net, Self::Error>;
}

impl Pool {
    /// Pools a batch `[N, C, spatial...]` of one to three spatial axes as prediction does, for layers that learn nothing.
    /// With pool-models: from a `tch::Tensor` to another. `f32` and `f64` work everywhere; half precision where libtorch
    /// has the kernels.
    ///
    /// # Errors
    /// A wrong number of axes, a tensor of integers, a setting that does not fit the input, or a layer that learns and
    /// has not been built.
    pub fn forward<Library, T: PoolTensor<Library>>(&self, input: &T) -> Result<T, T::Error> {
        input.pool(self)
    }

    /// As [`Pool::forward`], and the place of each maximum: flat row-major indices into the spatial axes, in the shape of
    /// the output, as PyTorch's `return_indices` gives them.
    ///
    /// # Errors
    /// As [`Pool::forward`], and [`SettingError::NoIndices`](crate::SettingError::NoIndices).
    pub fn forward_with_indices<Library, T: PoolTensor<Library>>(
        &self,
        input: &T,
    ) -> Result<(T, T), T::Error> {
        input.pool_with_indices(self)
    }

    /// As [`Pool::forward`], of the entries where `mask`, `[N, spatial...]` of booleans, is true.
    ///
    /// # Errors
    /// As [`Pool::forward`], and [`SettingError::NoMask`](crate::SettingError::NoMask).
    pub fn forward_masked<Library, T: PoolTensor<Library>>(
        &self,
        input: &T,
        mask: &T,
    ) -> Result<T, T::Error> {
        input.pool_masked(self, mask)
    }

    /// Makes the layer's variables under `path`, for samples of shape `[C, spatial...]`, and seeds what it draws in
    /// training. Both depend on the seed and the path's name alone. With pool-models: from a `tch::nn::Path` to a
    /// `PoolLayer`.
    ///
    /// # Errors
    /// A setting that does not fit the sample, or a refusal of the tensor library.
    pub fn build<Library, P: VariablePath<Library>>(
        &self,
        sample: &[usize],
        seed: u64,
        path: &P,
    ) -> Result<P::Layer, P::Error> {
        path.build_pool(self, sample, seed)
    }
}

impl Sequential {
    /// Makes the variables under `path` and the network that uses them. With pool-models: from a `tch::nn::Path` to a
    /// `Net`.
    ///
    /// # Errors
    /// As [`Sequential::infer`], or when the tensor library cannot make a variable (out of memory, say).
    pub fn build<Library, P: VariablePath<Library>>(&self, path: &P) -> Result<P::Net, P::Error> {
        path.build_network(self)
    }
}
