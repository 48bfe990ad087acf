//! `pool-cli apply --gallery`: one picture through every operator.

use std::path::Path;

use anyhow::Context;
use mnist_data::{DataDir, Dataset};
use pool_files::atomic_write;
use pool_models::files::{GreyPicture, grey_tensor};
use pool_models::{Application, Mode, ModelError, Operator, catalogue};
use pool_report::{Tile, gallery_svg};
use tch::Tensor;

use crate::output::print;

/// Writes the gallery of `input`, `[1, 1, H, W]`, or of MNIST's first test image.
pub(super) fn draw(path: &Path, input: Option<Tensor>, seed: u64) -> anyhow::Result<()> {
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
