//! What the fuzz targets share.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mnist_data::Dataset;
use tempfile::TempDir;

/// One for the whole process. It stays behind when libFuzzer ends the process, so `scripts/fuzz` removes it.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));

/// The bytes as a file of this name, for what reads nothing but files.
pub fn stored(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}

/// The folder of [`stored`] files.
pub fn folder() -> &'static Path {
    FOLDER.path()
}

/// Fails unless this is what a user should see of a broken file: one line that begins with the file's name.
pub fn assert_is_one_line_about(path: &Path, error: &dyn Display) {
    let message = error.to_string();
    assert!(message.starts_with(&path.display().to_string()), "names no file: {message}");
    assert!(!message.contains(char::is_control), "more than a line: {message}");
}

/// Fails unless training and test images have one shape, and every label is one of the classes.
pub fn assert_fits_together(data: &Dataset) {
    assert_eq!(data.train.shape(), data.test.shape());
    let mut labels = data.train.labels().iter().chain(data.test.labels());
    assert!(labels.all(|&label| usize::from(label) < data.classes), "a label beyond the classes");
}
