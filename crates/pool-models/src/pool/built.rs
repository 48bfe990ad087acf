//! A pooling layer with its variables and its random numbers, ready to run.

use std::collections::BTreeMap;

use tch::{TchError, Tensor, nn};

use super::forward::{check_input, forward, forward_with_indices};
use super::geometry::Cells;
use super::learned::parameters;
use super::random::Random;
use super::windows::{Tables, Windows};
use super::{Learned, Pool, sample_of};
use crate::constant::frozen;
use crate::init::{Starts, running_key};
use crate::{Kernels, Mode, ModelError};

/// A [`Pool`] with its variables, if it learns any, and its own seeded random numbers, if it draws any. Its variables
/// live in the `VarStore` whose path it was built under.
#[derive(Debug)]
pub struct PoolLayer {
    pool: Pool,
    /// The shape of one sample that it was built for.
    sample: Vec<usize>,
    variables: Variables,
    random: Random,
    kernels: Kernels,
    tables: Tables,
}

type Variables = BTreeMap<&'static str, Tensor>;

/// What a reducer may need beside its windows.
pub(super) struct Context<'a> {
    pub(super) mode: Mode,
    pub(super) random: &'a Random,
    pub(super) kernels: Kernels,
    pub(super) tables: &'a Tables,
    variables: &'a Variables,
}

/// A number of a reducer that may be learned.
pub(super) enum Number {
    Given(f64),
    /// Broadcasts to `[N, C, output...]`.
    Learned(Tensor),
}

impl<'a> Context<'a> {
    /// The windows over an input `[N, C, spatial...]`.
    pub(super) fn windows<'w>(&self, input: &'w Tensor, cells: &'w Cells) -> Windows<'w>
    where
        'a: 'w,
    {
        Windows::new(input, cells, self.kernels, self.tables)
    }

    /// A variable in the element type of the input.
    pub(super) fn variable(&self, name: &str, input: &Tensor) -> Result<Tensor, TchError> {
        // `learned.rs` declares what the reducers read, and `check_variables` has seen that all of it is there.
        let variable = &self.variables[name];
        // A conversion that converts nothing would still be recorded, together with the device (`torchscript.rs`).
        if variable.kind() == input.kind() {
            Ok(variable.shallow_clone())
        } else {
            variable.f_to_kind(input.kind())
        }
    }

    /// The variable with one entry per channel, or for all of them, broadcastable to `[N, C, output...]`.
    pub(super) fn per_channel(&self, name: &str, windows: &Windows<'_>) -> Result<Tensor, TchError> {
        let mut shape = vec![1i64; windows.spatial_rank() + 1];
        shape[0] = -1;
        self.variable(name, windows.input())?.f_reshape(&shape)
    }

    /// The number as given, or its variable.
    pub(super) fn number(
        &self,
        name: &str,
        given: f64,
        learned: Learned,
        windows: &Windows<'_>,
    ) -> Result<Number, TchError> {
        match learned {
            Learned::No => Ok(Number::Given(given)),
            Learned::Layer | Learned::Channel => self.per_channel(name, windows).map(Number::Learned),
        }
    }
}

impl Pool {
    /// Makes the layer's variables under `path`, for samples of shape `[C, spatial...]`, and seeds what it draws in
    /// training. Both depend on the seed and the path's name alone.
    ///
    /// # Errors
    /// A setting that does not fit the sample, or libtorch's refusal.
    pub fn build(&self, sample: &[usize], seed: u64, path: &nn::Path<'_>) -> Result<PoolLayer, ModelError> {
        let name = path.components().collect::<Vec<_>>().join(".");
        self.build_named(sample, seed, &name, path)
    }

    /// As [`Pool::build`], with a name that `path` need not know.
    pub(crate) fn build_named(
        &self,
        sample: &[usize],
        seed: u64,
        name: &str,
        path: &nn::Path<'_>,
    ) -> Result<PoolLayer, ModelError> {
        self.output_shape(sample)?;
        let mut starts = Starts::new(seed, name);
        let mut variables = Variables::new();
        for parameter in parameters(self, sample)? {
            let shape: Vec<i64> = parameter.shape.iter().map(|&n| n as i64).collect();
            let values = starts.values(&shape, parameter.start)?;
            variables.insert(parameter.name, path.f_var_copy(parameter.name, &values)?);
        }
        let random = Random::new(running_key(seed, name));
        let kernels = Kernels::default();
        let tables = Tables::default();
        Ok(PoolLayer { pool: self.clone(), sample: sample.to_vec(), variables, random, kernels, tables })
    }

    /// Pools a batch `[N, C, spatial...]` of one to three spatial axes as prediction does: [`PoolLayer::forward`] for
    /// layers that learn nothing. `f32` and `f64` work everywhere; half precision where libtorch has the kernels.
    ///
    /// # Errors
    /// A wrong number of axes, a tensor of integers, a setting that does not fit the input, or
    /// [`ModelError::NotBuilt`] for a layer that learns.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        self.without_variables(Kernels::Fast).forward(input, Mode::Inference)
    }

    /// As [`Pool::forward`], and where each maximum was found: [`PoolLayer::forward_with_indices`].
    ///
    /// # Errors
    /// As [`Pool::forward`], and [`SettingError::NoIndices`](crate::SettingError::NoIndices).
    pub fn forward_with_indices(&self, input: &Tensor) -> Result<(Tensor, Tensor), ModelError> {
        self.without_variables(Kernels::Fast).forward_with_indices(input, Mode::Inference)
    }

    /// As [`Pool::forward`], of the entries where `mask` is true: [`PoolLayer::forward_masked`].
    ///
    /// # Errors
    /// As [`Pool::forward`], and [`SettingError::NoMask`](crate::SettingError::NoMask).
    pub fn forward_masked(&self, input: &Tensor, mask: &Tensor) -> Result<Tensor, ModelError> {
        self.without_variables(Kernels::Fast).forward_masked(input, mask, Mode::Inference)
    }

    /// The layer without variables, which runs if it needs none.
    pub(crate) fn without_variables(&self, kernels: Kernels) -> PoolLayer {
        let random = Random::new(running_key(0, ""));
        let (variables, tables) = (Variables::new(), Tables::default());
        PoolLayer { pool: self.clone(), sample: Vec::new(), variables, random, kernels, tables }
    }
}

impl PoolLayer {
    /// What it draws from, if it draws.
    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    /// The layer as data.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Chooses the implementation; a layer is built with [`Kernels::Fast`].
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// Pools a batch `[N, C, spatial...]`. Differentiable, also with respect to the variables. In training, layers that
    /// draw random numbers draw new ones each time, the same ones in every run with the same seed.
    ///
    /// # Errors
    /// A wrong number of axes, a tensor of integers, a setting that does not fit the input, another number of
    /// channels than the layer was built for, or libtorch's refusal.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        self.run(input, None, mode)
    }

    /// As [`PoolLayer::forward`], and the place of each maximum: flat row-major indices into the spatial axes, `i64`,
    /// in the shape of the output, as PyTorch's `return_indices` gives them. [`max_unpool`](crate::max_unpool) takes
    /// them back.
    ///
    /// # Errors
    /// As [`PoolLayer::forward`], and [`SettingError::NoIndices`](crate::SettingError::NoIndices) for anything but
    /// maximum pooling over windows that are no pyramid.
    pub fn forward_with_indices(&self, input: &Tensor, mode: Mode) -> Result<(Tensor, Tensor), ModelError> {
        forward_with_indices(&self.pool, input, &self.context(mode))
    }

    /// Global pooling of the entries where `mask`, `[N, spatial...]` of booleans, is true. Keras:
    /// `GlobalAveragePooling1D` called with `mask`. The average of a sample without any true entry is NaN, as in Keras.
    ///
    /// # Errors
    /// As [`PoolLayer::forward`], a mask of another shape, and [`SettingError::NoMask`](crate::SettingError::NoMask)
    /// for anything but global pooling.
    pub fn forward_masked(&self, input: &Tensor, mask: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        self.run(input, Some(mask), mode)
    }

    /// The same layer for prediction on the CPU, in `f32`, with what its variables hold at present, no gradients, and
    /// nothing but libtorch's functions.
    pub(crate) fn frozen(&self) -> Result<Self, TchError> {
        let variables = self.variables.iter().map(|(&name, variable)| Ok((name, frozen(variable)?)));
        Ok(Self {
            pool: self.pool.clone(),
            sample: self.sample.clone(),
            variables: variables.collect::<Result<_, TchError>>()?,
            random: self.random.clone(),
            kernels: Kernels::Reference,
            tables: Tables::default(),
        })
    }

    fn run(&self, input: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor, ModelError> {
        let output = check_input(&self.pool, input)?;
        self.check_variables(input)?;
        if output.first() == Some(&0) {
            // Not every function of libtorch takes an empty batch; nothing becomes nothing of another shape.
            return Ok(input.f_reshape(&output)?);
        }
        forward(&self.pool, input, &output, mask, &self.context(mode))
    }

    fn context(&self, mode: Mode) -> Context<'_> {
        let Self { random, kernels, tables, variables, .. } = self;
        Context { mode, random, kernels: *kernels, tables, variables }
    }

    /// Whether the variables are those that this input needs.
    fn check_variables(&self, input: &Tensor) -> Result<(), ModelError> {
        let sample = sample_of(input);
        let needed = parameters(&self.pool, &sample)?;
        let there = |name: &str| self.variables.get(name).map(Tensor::size);
        let fits = needed.iter().all(|parameter| {
            there(parameter.name)
                .is_some_and(|found| found.iter().map(|&n| n as usize).eq(parameter.shape.iter().copied()))
        });
        match (fits, self.variables.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(ModelError::NotBuilt { pool: self.pool.to_string() }),
            (false, false) => Err(ModelError::BuiltForOther { expected: self.sample.clone(), found: sample }),
        }
    }
}
