//! What one process does: a trial, a measurement of costs, a trained network used again.
//!
//! - [`run_trial`] trains one arm with one seed: load, build, fit, evaluate, and one
//!   [`TrialRecord`](pool_records::TrialRecord). It resumes from a checkpoint to the last bit.
//! - [`measure_costs`] times an arm and measures its memory, alone on the machine, after all trials; [`measure_peak`] and
//!   [`probe`] are what the further processes of a measurement and of a plan do.
//! - [`StoredTrial`] puts a trained network to use: one picture, another data set, other programs.
//!
//! ```no_run
//! use pool_train::StoredTrial;
//!
//! let trial = StoredTrial::open("runs/mnist-pooling/trials/maximum-s1-0de0d558".as_ref())?;
//! println!("{}", trial.predict("seven.png".as_ref())?.class);
//! # Ok::<(), pool_train::TrainError>(())
//! ```
//!
//! The one decision: this crate runs in the process of one task, and knows of no other. Which tasks there are, in which
//! order they run and how they are started is pool-run's; what they leave is pool-records'.

mod augmented;
mod context;
mod costs;
mod device;
mod energy;
mod error;
mod resident;
mod stored;
mod trial;
mod usage;

pub use context::{LIBTORCH_VERSION, TrialContext, cpu_name};
pub use costs::{measure_costs, measure_peak, probe};
pub use device::{NoDevice, resolve_device};
pub use error::TrainError;
pub use stored::{Prediction, StoredTrial, WeightFormat};
pub use trial::{TrialEnd, run_trial};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
