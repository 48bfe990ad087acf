//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::case::{QUICK_SHAPES, Rivalry, SHAPES, Shape};

pub(crate) const HELP: &str = "\
Usage: operators_beside_libtorch [--threads N] [--cell SECONDS] [--operator NAME]... [--shape NxCxHxW]...
                                 [--quick] [--markdown FILE]

Times max, avg, lp, soft, stochastic and blur pooling beside libtorch, forward alone and forward with backward, over a
grid of windows, shapes and memory layouts. The two take turns, and each figure is a median. Prints a table per
operator, then geometric means and the cells that are slower than libtorch's.

  --threads N       libtorch's threads (default: one per processor)
  --cell SECONDS    how long each cell is measured; at least five rounds are (default: 0.5)
  --operator NAME   max, avg, lp, soft, stochastic or blur; may be given more than once (default: all)
  --shape NxCxHxW   an input's shape; may be given more than once (default: six, from 1x1x28x28 to 256x64x56x56)
  --quick           two small shapes and short cells: a few seconds, to see that it works
  --markdown FILE   write the same as Markdown
  --about TEXT      what the document says of the day and the build
  --command TEXT    the command that the Markdown names as its own (default: this one)

Exit codes: 0 done, 1 something failed or the two gave different values, 2 a wrong command.";

/// What the command line asks for.
pub(crate) enum Wanted {
    Help,
    Measurement(Arguments),
}

/// How to measure.
pub(crate) struct Arguments {
    pub(crate) threads: i32,
    /// How long each cell is measured.
    pub(crate) cell: Duration,
    pub(crate) markdown: Option<PathBuf>,
    /// What the Markdown says it was made by.
    pub(crate) command: String,
    /// The day and the build.
    pub(crate) about: Option<String>,
    quick: bool,
    shapes: Vec<Shape>,
    operators: Vec<String>,
}

impl Arguments {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
        let given: Vec<String> = arguments.collect();
        let mut parsed = Self {
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as i32,
            cell: Duration::ZERO,
            markdown: None,
            command: ["operators_beside_libtorch"]
                .into_iter()
                .chain(given.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(" "),
            about: None,
            quick: false,
            shapes: Vec::new(),
            operators: Vec::new(),
        };
        let mut cell = None;
        let mut rest = given.into_iter();
        while let Some(option) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{option} needs a value"));
            match option.as_str() {
                "--help" | "-h" => return Ok(Wanted::Help),
                "--quick" => parsed.quick = true,
                "--threads" => parsed.threads = threads(&value()?)?,
                "--cell" => cell = Some(seconds(&value()?)?),
                "--operator" => parsed.operators.push(operator(value()?)?),
                "--shape" => parsed.shapes.push(shape(&value()?)?),
                "--markdown" => parsed.markdown = Some(value()?.into()),
                "--about" => parsed.about = Some(value()?),
                "--command" => parsed.command = value()?,
                _ => return Err(format!("unknown option {option}")),
            }
        }
        parsed.cell = cell.unwrap_or(Duration::from_millis(if parsed.quick { 2 } else { 500 }));
        Ok(Wanted::Measurement(parsed))
    }

    pub(crate) fn wants(&self, rivalry: Rivalry) -> bool {
        self.operators.is_empty() || self.operators.iter().any(|name| name == rivalry.operator())
    }

    pub(crate) fn shapes(&self) -> &[Shape] {
        match (&self.shapes[..], self.quick) {
            ([], true) => &QUICK_SHAPES,
            ([], false) => &SHAPES,
            (given, _) => given,
        }
    }
}

/// The smallest side that every window fits into, blur's reflection included.
const LEAST_SIDE: i64 = 5;

fn shape(value: &str) -> Result<Shape, String> {
    let sizes: Option<Vec<i64>> =
        value.split('x').map(|size| size.parse().ok().filter(|&size| size > 0)).collect();
    let shape = sizes.and_then(|sizes| Shape::try_from(sizes).ok());
    shape
        .filter(|shape| shape[2..].iter().all(|&side| side >= LEAST_SIDE))
        .ok_or_else(|| format!("--shape needs NxCxHxW with sides from {LEAST_SIDE}, not {value:?}"))
}

fn threads(value: &str) -> Result<i32, String> {
    let threads = value.parse().ok().filter(|&threads| threads > 0);
    threads.ok_or_else(|| format!("--threads needs a whole number from 1, not {value:?}"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("--cell needs seconds, not {value:?}"))
}

fn operator(name: String) -> Result<String, String> {
    let known: Vec<&str> = Rivalry::ALL.iter().map(|rivalry| rivalry.operator()).collect();
    if known.contains(&name.as_str()) {
        return Ok(name);
    }
    Err(format!("--operator knows max, avg, lp, soft, stochastic and blur, not {name:?}"))
}
