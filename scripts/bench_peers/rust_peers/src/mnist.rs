//! MNIST from its IDX files.

use std::path::PathBuf;
use std::{env, fs, io};

pub const SIDE: usize = 28;

/// Pixels in 0 to 1, image by image, and labels.
pub struct Images {
    pub pixels: Vec<f32>,
    pub labels: Vec<u8>,
}

impl Images {
    /// The first `count` images of the training set.
    pub fn train(count: usize) -> io::Result<Self> {
        Self::read("train", count)
    }

    /// The whole test set.
    pub fn test() -> io::Result<Self> {
        Self::read("t10k", 10_000)
    }

    fn read(set: &str, count: usize) -> io::Result<Self> {
        let pixels = content(&format!("{set}-images-idx3-ubyte"), 16, count * SIDE * SIDE)?;
        Ok(Self {
            pixels: pixels.into_iter().map(|pixel| f32::from(pixel) / 255.0).collect(),
            labels: content(&format!("{set}-labels-idx1-ubyte"), 8, count)?,
        })
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

/// What follows the header, `bytes` of it.
fn content(name: &str, header: usize, bytes: usize) -> io::Result<Vec<u8>> {
    let folder = env::var_os("POOL_DATA_DIR").ok_or_else(|| io::Error::other("POOL_DATA_DIR is not set"))?;
    let path = PathBuf::from(folder).join("mnist").join(name);
    let file = fs::read(&path)?;
    let part = file.get(header..header + bytes);
    part.map(<[u8]>::to_vec).ok_or_else(|| io::Error::other(format!("{} is too short", path.display())))
}
