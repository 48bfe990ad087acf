//! `pool-cli apply`: one pooling layer on an array or a picture.

use std::path::Path;

use pool_models::files::{
    DataFormat, Drawn, FileError, is_picture, read_array, read_picture, write_array, write_picture,
};
use pool_models::{Application, Mode, ModelError, Pool};
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
    let input = args.input.as_deref().map(|path| read(path, format)).transpose()?;
    match (args, input) {
        (ApplyArgs { gallery: Some(gallery), seed, .. }, input) => gallery::draw(gallery, input, *seed)?,
        (ApplyArgs { pool: Some(pool), output: Some(output), .. }, Some(input)) => {
            apply(args, format, pool, &input, output)?;
        }
        // clap has asked for all three.
        (ApplyArgs { .. }, _) => {}
    }
    Ok(Outcome::Done)
}

fn apply(
    args: &ApplyArgs,
    format: DataFormat,
    pool: &Pool,
    input: &Tensor,
    output: &Path,
) -> anyhow::Result<()> {
    let outputs: Vec<&Path> =
        [Some(output), args.grad_input.as_deref(), args.indices.as_deref()].into_iter().flatten().collect();
    if let Some(twice) = (1..outputs.len()).find(|&index| outputs[..index].contains(&outputs[index])) {
        let path = outputs[twice].to_owned();
        return Err(FileError::WrittenTwice { path }.into());
    }
    let grad_output = args.grad_output.as_deref().map(|path| read(path, format)).transpose()?;
    let application = Application {
        pool,
        mode: if args.train { Mode::Training } else { Mode::Inference },
        seed: args.seed,
        grad_output: grad_output.as_ref(),
        indices: args.indices.is_some(),
    };
    let applied = application.run(input)?;
    write(output, &applied.output, format)?;
    for (path, tensor) in [(&args.grad_input, &applied.grad_input), (&args.indices, &applied.indices)] {
        if let (Some(path), Some(tensor)) = (path, tensor) {
            write(path, tensor, format)?;
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

/// `[N, C, spatial...]`, whatever the file's own format.
fn read(path: &Path, format: DataFormat) -> anyhow::Result<Tensor> {
    if is_picture(path) {
        return Ok(read_picture(path)?);
    }
    Ok(format.to_channels_first(&read_array(path)?).map_err(ModelError::from)?)
}

fn write(path: &Path, tensor: &Tensor, format: DataFormat) -> anyhow::Result<()> {
    if !is_picture(path) {
        let array = format.from_channels_first(tensor).map_err(ModelError::from)?;
        return Ok(write_array(path, &array)?);
    }
    let Drawn { black, white } = write_picture(path, tensor)?;
    if (black, white) != (0.0, 1.0) {
        say(&format!("{}: {black} is black and {white} white", path.display()));
    }
    Ok(())
}
