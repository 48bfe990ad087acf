//! `pool-cli compare`: two runs side by side.

use pool_report::{Run, RunComparison, markdown_comparison, terminal_comparison};

use super::terminal_width;
use crate::args::CompareArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<Outcome> {
    let comparison = RunComparison::of(&Run::read(&args.first)?, &Run::read(&args.second)?);
    if args.json {
        print_json(&comparison)?;
    } else if args.markdown {
        print(&markdown_comparison(&comparison))?;
    } else {
        print(&format!("{}\n", terminal_comparison(&comparison, terminal_width())))?;
    }
    Ok(Outcome::Done)
}
