//! `pool-cli summary`: the networks of a sweep file as Keras prints them.

use mnist_data::DataDir;
use pool_spec::{Sweep, Trial};

use crate::args::SummaryArgs;
use crate::exit::Outcome;
use crate::output::print;

pub(crate) fn run(args: &SummaryArgs) -> anyhow::Result<Outcome> {
    let sweep = Sweep::read(&args.file)?;
    let plan = sweep.plan(&mnist_data::data_facts(&sweep, &DataDir::from_env())?)?;
    for spec in plan.select(&args.only)?.one_per_arm().into_iter().map(Trial::spec) {
        print(&format!("arm {}: pool = {}\n{}\n", spec.arm, spec.pool, spec.model.summary()?))?;
    }
    Ok(Outcome::Done)
}
