//! The sweep file: read as TOML, checked once, expanded into a plan.

mod check;
mod control;
mod division;
mod error;
mod expand;
mod network;
mod plan;
mod search;
mod spec;
mod toml_file;

pub use check::{Arm, Sweep};
pub(crate) use division::{Division, labels_of};
pub use error::SweepError;
pub use network::NetworkTemplate;
pub use plan::{CostSpec, ImageCounts, Measurement, Plan, Selection, Trial, TrialSpec};
pub use search::SearchPlan;
pub(crate) use search::best_arms;
pub use spec::{
    DataSource, DataSpec, EarlyStopping, EvaluationSpec, Monitor, Perturbations, Split, TrainSpec,
};
