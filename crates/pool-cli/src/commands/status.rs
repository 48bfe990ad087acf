//! `pool-cli status`: how far a sweep is that runs elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use pool_report::{RunStatus, terminal_status};

use super::terminal_width;
use crate::args::StatusArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

const EVERY: Duration = Duration::from_secs(2);
/// Clears the screen and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<Outcome> {
    let mut last_text = String::new();
    let mut last: Option<RunStatus> = None;
    loop {
        let status = RunStatus::read_after(&args.run, last.as_ref())?;
        if args.json {
            print_json(&status)?;
            return Ok(Outcome::Done);
        }
        let text = terminal_status(&status, terminal_width());
        if text != last_text {
            let clear = if args.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
            print(&format!("{clear}{text}"))?;
        }
        if !args.watch || status.is_over() {
            return Ok(Outcome::Done);
        }
        (last_text, last) = (text, Some(status));
        std::thread::sleep(EVERY);
    }
}
