//! Plans for tests.

use std::path::Path;

use mnist_data::DataDir;
use pool_train::{Plan, Sweep, TrainError};

/// A small network on generated images: a second or less for each epoch. Its costs are not measured.
pub(crate) const SMALL: &str = r#"
study = "small"
seeds = [1, 2]
[data]
dataset = "generated"
[train]
epochs = 2
batch_size = 100
[costs]
epochs = 0
[model]
layers = [
    { conv2d = { filters = 4, kernel = 5, activation = "relu" } },
    "pool",
    { dropout = 0.2 },
    "flatten",
    { dense = { units = 4 } },
]
[[arm]]
name = "max"
pool = "max"
[[arm]]
name = "none"
pool = "none"
"#;

/// Plans a sweep file with this text; no test data set is needed from the disk.
pub(crate) fn plan(folder: &Path, text: &str) -> Result<Plan, TrainError> {
    let file = folder.join("sweep.toml");
    std::fs::write(&file, text).unwrap();
    Sweep::read(&file)?.plan(&DataDir::at(folder.join("no-data")))
}
