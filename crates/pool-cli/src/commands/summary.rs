//! `pool-cli summary`: the networks of a sweep file as Keras prints them.

use mnist_data::DataDir;
use pool_models::ModelError;
use pool_train::{Sweep, TrainError, Trial};

use crate::args::SummaryArgs;
use crate::exit::Outcome;
use crate::output::print;

pub(crate) fn run(args: &SummaryArgs) -> anyhow::Result<Outcome> {
    let plan = Sweep::read(&args.file)?.plan(&DataDir::from_env())?;
    for spec in plan.select(&args.only)?.one_per_arm().into_iter().map(Trial::spec) {
        let table = spec.model.summary().map_err(|error: ModelError| TrainError::from(error))?;
        print(&format!("arm {}: pool = {}\n{table}\n", spec.arm, spec.pool))?;
    }
    Ok(Outcome::Done)
}
