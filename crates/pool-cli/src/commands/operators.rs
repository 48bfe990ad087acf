//! `pool-cli operators`: the catalogue of pooling operators.
use pool_models::{catalogue, catalogue_markdown};
use pool_report::operator_table;

use super::terminal_width;
use crate::args::OperatorsArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &OperatorsArgs) -> anyhow::Result<Outcome> {
    if args.markdown {
        print(&catalogue_markdown())?;
    } else if args.json {
        print_json(&catalogue())?;
    } else {
        print(&operator_table(&catalogue(), terminal_width()))?;
    }
    Ok(Outcome::Done)
}
