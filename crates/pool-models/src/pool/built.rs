//! A pooling layer with its variables and its random numbers, ready to run.

use std::sync::Arc;

use pool_spec::Pool;
use pool_spec::windows::parameters;
use tch::{TchError, Tensor, nn};

use super::context::{Context, Variables};
use super::forward::{check_kind, forward, forward_with_indices, output_of, refused};
use super::plan::{ShapePlan, ShapePlans};
use super::random::Random;
use super::sample_of;
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
    plans: ShapePlans,
}

impl PoolLayer {
    /// See [`Pool::build`]; `name` seeds what the layer draws, and `path` need not know it.
    pub(crate) fn build(
        pool: &Pool,
        sample: &[usize],
        seed: u64,
        name: &str,
        path: &nn::Path<'_>,
    ) -> Result<Self, ModelError> {
        pool.output_shape(sample)?;
        let mut starts = Starts::new(seed, name);
        let mut variables = Variables::new();
        for parameter in parameters(pool, sample)? {
            let shape: Vec<i64> = parameter.shape.iter().map(|&n| n as i64).collect();
            let values = starts.values(&shape, parameter.start)?;
            variables.insert(parameter.name, path.f_var_copy(parameter.name, &values)?);
        }
        let random = Random::new(running_key(seed, name));
        let (kernels, plans) = (Kernels::default(), ShapePlans::default());
        Ok(Self { pool: pool.clone(), sample: sample.to_vec(), variables, random, kernels, plans })
    }

    /// The layer without variables, which runs if it needs none.
    pub(crate) fn without_variables(pool: &Pool, kernels: Kernels) -> Self {
        let random = Random::new(running_key(0, ""));
        let (variables, plans) = (Variables::new(), ShapePlans::default());
        Self { pool: pool.clone(), sample: Vec::new(), variables, random, kernels, plans }
    }

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
        check_kind(input)?;
        let plan = self.plan(input)?;
        output_of(&plan, input)?;
        forward_with_indices(&self.pool, input, &self.context(mode, &plan))
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
            plans: ShapePlans::default(),
        })
    }

    fn run(&self, input: &Tensor, mask: Option<&Tensor>, mode: Mode) -> Result<Tensor, ModelError> {
        if self.pool == Pool::None && mask.is_none() && input.defined() {
            return Ok(input.shallow_clone());
        }
        check_kind(input)?;
        let plan = self.plan(input)?;
        let output = output_of(&plan, input)?;
        if output.first() == Some(&0) {
            // Not every function of libtorch takes an empty batch; nothing becomes nothing of another shape.
            return Ok(input.f_reshape(&output)?);
        }
        forward(&self.pool, input, &output, mask, &self.context(mode, &plan))
    }

    fn context<'a>(&'a self, mode: Mode, plan: &'a ShapePlan) -> Context<'a> {
        let Self { random, kernels, variables, .. } = self;
        Context { mode, random, kernels: *kernels, plan, variables }
    }

    /// What follows from the shape of this input.
    fn plan(&self, input: &Tensor) -> Result<Arc<ShapePlan>, ModelError> {
        let sample = sample_of(input);
        self.plans.get(&sample, || {
            let plan = ShapePlan::new(&self.pool, &sample).map_err(|error| refused(error, input))?;
            // A size that cannot be is what is wrong, whether or not the layer was built for it.
            output_of(&plan, input)?;
            self.check_variables(&sample)?;
            Ok(plan)
        })
    }

    /// Whether the variables are those that samples of this shape need.
    fn check_variables(&self, sample: &[usize]) -> Result<(), ModelError> {
        let needed = parameters(&self.pool, sample)?;
        let there = |name: &str| self.variables.get(name).map(Tensor::size);
        let fits = needed.iter().all(|parameter| {
            there(parameter.name)
                .is_some_and(|found| found.iter().map(|&n| n as usize).eq(parameter.shape.iter().copied()))
        });
        match (fits, self.variables.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => Err(ModelError::NotBuilt { pool: self.pool.to_string() }),
            (false, false) => {
                Err(ModelError::BuiltForOther { expected: self.sample.clone(), found: sample.to_vec() })
            }
        }
    }
}
