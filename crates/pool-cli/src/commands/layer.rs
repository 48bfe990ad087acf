//! `pool-cli apply` and `operators`: single pooling layers, on an array or a picture, in a gallery, and as a catalogue.

use std::path::{Path, PathBuf};

use anyhow::Context;
use mnist_data::{DataDir, Dataset};
use pool_files::atomic_write;
use pool_models::files::{
    DataFormat, Drawn, GreyPicture, PngDepth, grey_tensor, is_picture, read_array, read_picture_and_depth,
    write_array, write_picture_of_depth,
};
use pool_models::{Application, Mode, ModelError, Operator, Pool, catalogue, catalogue_markdown};
use pool_records::check_outputs;
use pool_report::{Tile, gallery_svg, operator_table};
use tch::Tensor;

use super::terminal_width;
use crate::args::{ApplyArgs, OperatorsArgs};
use crate::exit::Outcome;
use crate::output::{eprint_line, print, print_json};

pub(crate) fn apply(args: &ApplyArgs) -> anyhow::Result<Outcome> {
    let inputs = [&args.input, &args.grad_output];
    let outputs = [&args.output, &args.grad_input, &args.indices, &args.gallery];
    check_outputs(&given(&inputs), &given(&outputs))?;
    let input = args.input.as_deref().map(|path| read(path, args.data_format)).transpose()?;
    match (args, input) {
        (ApplyArgs { gallery: Some(gallery), seed, .. }, input) => {
            draw_gallery(gallery, input.map(|input| input.tensor), *seed)?;
        }
        (ApplyArgs { pool: Some(pool), output: Some(output), .. }, Some(input)) => {
            apply_to_file(args, pool, &input, output)?;
        }
        // clap has asked for all three.
        (ApplyArgs { .. }, _) => {}
    }
    Ok(Outcome::Done)
}

fn given<'a>(paths: &[&'a Option<PathBuf>]) -> Vec<&'a Path> {
    paths.iter().filter_map(|path| path.as_deref()).collect()
}

fn apply_to_file(args: &ApplyArgs, pool: &Pool, input: &Input, output: &Path) -> anyhow::Result<()> {
    let format = args.data_format;
    let Input { tensor: input, depth } = input;
    let grad_output = args.grad_output.as_deref().map(|path| read(path, format)).transpose()?;
    let application = Application {
        pool,
        mode: if args.train { Mode::Training } else { Mode::Inference },
        seed: args.seed,
        grad_output: grad_output.as_ref().map(|gradient| &gradient.tensor),
        indices: args.indices.is_some(),
    };
    let applied = application.run(input)?;
    write(output, &applied.output, format, *depth)?;
    for (path, tensor) in [(&args.grad_input, &applied.grad_input), (&args.indices, &applied.indices)] {
        if let (Some(path), Some(tensor)) = (path, tensor) {
            write(path, tensor, format, *depth)?;
        }
    }
    let shape = |tensor: &Tensor| {
        let moved =
            if is_picture(output) { Ok(tensor.shallow_clone()) } else { format.from_channels_first(tensor) };
        moved.map_or_else(|_| tensor.size(), |tensor| tensor.size())
    };
    print(&format!(
        "{pool}: {:?} -> {:?}, written to {}\n",
        shape(input),
        shape(&applied.output),
        output.display()
    ))
}

/// What a file holds.
struct Input {
    /// `[N, C, spatial...]`, whatever the file's own format.
    tensor: Tensor,
    /// How deep the pictures are that are written of it.
    depth: PngDepth,
}

fn read(path: &Path, format: DataFormat) -> anyhow::Result<Input> {
    if is_picture(path) {
        let (tensor, depth) = read_picture_and_depth(path)?;
        return Ok(Input { tensor, depth });
    }
    let tensor = format.to_channels_first(&read_array(path)?).map_err(ModelError::from)?;
    Ok(Input { tensor, depth: PngDepth::Eight })
}

fn write(path: &Path, tensor: &Tensor, format: DataFormat, depth: PngDepth) -> anyhow::Result<()> {
    if !is_picture(path) {
        let array = format.from_channels_first(tensor).map_err(ModelError::from)?;
        return Ok(write_array(path, &array)?);
    }
    let Drawn { black, white } = write_picture_of_depth(path, tensor, depth)?;
    if (black, white) != (0.0, 1.0) {
        eprint_line(&format!("{}: {black} is black and {white} white", path.display()));
    }
    Ok(())
}

/// Writes the gallery of `input`, `[1, 1, H, W]`, or of MNIST's first test image.
fn draw_gallery(path: &Path, input: Option<Tensor>, seed: u64) -> anyhow::Result<()> {
    let input = match input {
        Some(input) => input,
        None => first_test_image()?,
    };
    if !matches!(input.size()[..], [1, 1 | 3, _, _]) {
        let expected = "[1, C, H, W], one picture in grey or colour".to_owned();
        return Err(ModelError::TensorShape { expected, found: input.size() }.into());
    }
    let operators = catalogue();
    let mut tiles = vec![tile("input", "", &input)?];
    for operator in &operators {
        tiles.extend(tiles_of(operator, &input, seed)?);
    }
    atomic_write(path, gallery_svg(&tiles).as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    print(&format!("{} operators in {}\n", operators.len(), path.display()))
}

fn first_test_image() -> anyhow::Result<Tensor> {
    let test = Dataset::mnist(&DataDir::from_env())?.test;
    Ok(grey_tensor(test.picture(0).unwrap_or_default(), test.width()).map_err(ModelError::from)?)
}

/// The operator as in prediction, and as in training where that differs.
fn tiles_of(operator: &Operator, input: &Tensor, seed: u64) -> anyhow::Result<Vec<Tile>> {
    let pooled = |mode| -> Result<Tensor, ModelError> {
        Ok(Application { mode, seed, ..Application::new(&operator.pool) }.run(input)?.output)
    };
    let (predicted, trained) = (pooled(Mode::Inference)?, pooled(Mode::Training)?);
    let mut tiles = vec![tile(operator.name, &operator.spelling, &predicted)?];
    if trained != predicted {
        tiles.push(tile(&format!("{}, in training", operator.name), &operator.spelling, &trained)?);
    }
    Ok(tiles)
}

fn tile(title: &str, caption: &str, pooled: &Tensor) -> anyhow::Result<Tile> {
    let GreyPicture { width, pixels, drawn: _ } = GreyPicture::of(pooled).map_err(ModelError::from)?;
    let sizes: Vec<String> = pooled.size()[1..].iter().map(ToString::to_string).collect();
    Ok(Tile { title: title.to_owned(), caption: caption.to_owned(), size: sizes.join(" x "), width, pixels })
}

pub(crate) fn operators(args: &OperatorsArgs) -> anyhow::Result<Outcome> {
    if args.markdown {
        print(&catalogue_markdown())?;
    } else if args.json {
        print_json(&catalogue())?;
    } else {
        print(&operator_table(&catalogue(), terminal_width()))?;
    }
    Ok(Outcome::Done)
}
