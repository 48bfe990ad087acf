//! `pool-cli apply`: one pooling layer on an array or a picture.

use std::path::{Path, PathBuf};

use pool_models::files::{
    DataFormat, Depth, Drawn, is_picture, read_array, read_picture_and_depth, write_array,
    write_picture_of_depth,
};
use pool_models::{Application, Mode, ModelError, Pool};
use pool_records::check_outputs;
use tch::Tensor;

use super::gallery;
use crate::args::{ApplyArgs, Format};
use crate::exit::Outcome;
use crate::output::{print, say};

pub(crate) fn run(args: &ApplyArgs) -> anyhow::Result<Outcome> {
    let format = match args.data_format {
        Format::ChannelsFirst => DataFormat::ChannelsFirst,
        Format::ChannelsLast => DataFormat::ChannelsLast,
    };
    let inputs = [&args.input, &args.grad_output];
    let outputs = [&args.output, &args.grad_input, &args.indices, &args.gallery];
    check_outputs(&given(&inputs), &given(&outputs))?;
    let input = args.input.as_deref().map(|path| read(path, format)).transpose()?;
    match (args, input) {
        (ApplyArgs { gallery: Some(gallery), seed, .. }, input) => {
            gallery::draw(gallery, input.map(|input| input.tensor), *seed)?;
        }
        (ApplyArgs { pool: Some(pool), output: Some(output), .. }, Some(input)) => {
            apply(args, format, pool, &input, output)?;
        }
        // clap has asked for all three.
        (ApplyArgs { .. }, _) => {}
    }
    Ok(Outcome::Done)
}

fn given<'a>(paths: &[&'a Option<PathBuf>]) -> Vec<&'a Path> {
    paths.iter().filter_map(|path| path.as_deref()).collect()
}

fn apply(
    args: &ApplyArgs,
    format: DataFormat,
    pool: &Pool,
    input: &Input,
    output: &Path,
) -> anyhow::Result<()> {
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
    depth: Depth,
}

fn read(path: &Path, format: DataFormat) -> anyhow::Result<Input> {
    if is_picture(path) {
        let (tensor, depth) = read_picture_and_depth(path)?;
        return Ok(Input { tensor, depth });
    }
    let tensor = format.to_channels_first(&read_array(path)?).map_err(ModelError::from)?;
    Ok(Input { tensor, depth: Depth::default() })
}

fn write(path: &Path, tensor: &Tensor, format: DataFormat, depth: Depth) -> anyhow::Result<()> {
    if !is_picture(path) {
        let array = format.from_channels_first(tensor).map_err(ModelError::from)?;
        return Ok(write_array(path, &array)?);
    }
    let Drawn { black, white } = write_picture_of_depth(path, tensor, depth)?;
    if (black, white) != (0.0, 1.0) {
        say(&format!("{}: {black} is black and {white} white", path.display()));
    }
    Ok(())
}
