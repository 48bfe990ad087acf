//! Every usual pooling operator beside libtorch's functions, by turns, over a grid of windows, shapes and memory layouts:
//! `cargo run --release -p pool-models --example operators_beside_libtorch -- --help`, or `scripts/bench-operators`.

mod arguments;
mod case;
mod compositions;
mod document;
mod memory;
mod summary;
mod table;
mod timing;

use std::error::Error;
use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::time::Instant;

use arguments::{Arguments, Wanted};
use case::{Case, Rivalry};
use document::Document;
use pool_models::{Kernels, Pool};
use table::{Cell, Row, Table};
use tch::{Device, Kind, Tensor};
use timing::Timing;

fn main() {
    match Arguments::parse(std::env::args().skip(1)) {
        Ok(Wanted::Help) => println!("{}", arguments::HELP),
        Ok(Wanted::Measurement(arguments)) => {
            if let Err(error) = run(&arguments) {
                eprintln!("error: {error}");
                std::process::exit(1);
            }
        }
        Err(error) => {
            eprintln!("error: {error}; see --help");
            std::process::exit(2);
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    memory::keep_freed()?;
    tch::set_num_threads(arguments.threads);
    tch::manual_seed(0);
    // Opened first: a file that cannot be written is known before the measurement, not after it.
    let opened =
        arguments.markdown.as_ref().map(|file| OpenOptions::new().append(true).create(true).open(file));
    opened.transpose().map_err(|error| format!("--markdown: {error}"))?;
    let start = Instant::now();
    let mut tables = Vec::new();
    for rivalry in Rivalry::ALL.into_iter().filter(|rivalry| arguments.wants(*rivalry)) {
        let table = measure(rivalry, arguments)?;
        println!("{}", table.text());
        tables.push(table);
    }
    let document = Document { arguments, tables: &tables, minutes: start.elapsed().as_secs_f64() / 60.0 };
    println!("{}", document.text());
    if let Some(file) = &arguments.markdown {
        std::fs::write(file, document.markdown())?;
    }
    Ok(())
}

fn measure(rivalry: Rivalry, arguments: &Arguments) -> Result<Table, Box<dyn Error>> {
    let mut rows = Vec::new();
    for case in Case::of(rivalry, arguments.shapes()) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K{}: {case}", rivalry.title());
        }
        let cells = match case.too_large() {
            Some(reason) => [Cell::Skipped(reason.clone()), Cell::Skipped(reason)],
            None => measure_case(&case, arguments)?.map(Cell::Timed),
        };
        rows.push(Row { case, cells });
    }
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    Ok(Table { rivalry, rows })
}

/// Forward alone, and forward with backward.
fn measure_case(case: &Case, arguments: &Arguments) -> Result<[Timing; 2], Box<dyn Error>> {
    let pool = case.pool();
    let input = case.layout.laid_out(&Tensor::randn(case.shape, (Kind::Float, Device::Cpu)));
    let ours = layer(&pool, case, Kernels::Fast)?;
    let theirs = match compositions::of(case) {
        Some(composition) => composition,
        None => layer(&pool, case, Kernels::Reference)?,
    };
    check_same_work(case, &ours(&input), &theirs(&input))?;
    let leaf = input.detach().set_requires_grad(true);
    let forward = {
        let _guard = tch::no_grad_guard();
        timing::by_turns(arguments.cell, || drop(ours(&input)), || drop(theirs(&input)))
    };
    let both = timing::by_turns(
        arguments.cell,
        || gradient_of(&ours(&leaf), &leaf),
        || gradient_of(&theirs(&leaf), &leaf),
    );
    Ok([forward, both])
}

/// Something that pools a batch.
type Pooling = Box<dyn Fn(&Tensor) -> Tensor>;

/// As in training, where operators that draw random numbers draw.
fn layer(pool: &Pool, case: &Case, kernels: Kernels) -> Result<Pooling, pool_models::ModelError> {
    let [_, channels, height, width] = case.shape.map(|size| size as usize);
    let variables = tch::nn::VarStore::new(Device::Cpu);
    let layer = pool.build(&[channels, height, width], 0, &variables.root())?.with_kernels(kernels);
    Ok(Box::new(move |input| {
        layer.forward(input, pool_models::Mode::Training).expect("the operator fits the input")
    }))
}

/// From a gradient of ones, which libtorch makes in the output's own layout. The input's comes back as a value: nothing
/// accumulates, and the graph is freed with the output.
fn gradient_of(output: &Tensor, leaf: &Tensor) {
    let (keep_graph, create_graph) = (false, false);
    drop(Tensor::run_backward(&[output], &[leaf], keep_graph, create_graph));
}

/// Two programs that do different work cannot be compared.
fn check_same_work(case: &Case, ours: &Tensor, theirs: &Tensor) -> Result<(), String> {
    /// Where two values of a window are equally likely to rounding, draws may pick different ones.
    const MOST_DIFFERENT: f64 = 1e-3;
    if ours.size() != theirs.size() {
        return Err(format!("{case}: {:?} beside {:?}", ours.size(), theirs.size()));
    }
    let apart = (ours - theirs).abs().gt_tensor(&((theirs.abs() + 1.0) * 1e-4));
    let share = apart.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    if share > MOST_DIFFERENT {
        return Err(format!(
            "{} of {case}: {:.2} % of the values differ",
            case.rivalry.title(),
            share * 100.0
        ));
    }
    Ok(())
}
