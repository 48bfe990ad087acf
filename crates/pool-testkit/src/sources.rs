//! A data set, written as each kind of source has it.

use std::fs;
use std::path::Path;

use mnist_data::{Dataset, LabelledImages};

use crate::png::grey_file;

/// Writes a file, and the folders around it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The four IDX files of a grey set.
pub fn write_idx(folder: &Path, data: &Dataset) {
    for (name, images) in [("train", &data.train), ("t10k", &data.test)] {
        let shape = [images.len(), images.height(), images.width()];
        write(&folder.join(format!("{name}-images-idx3-ubyte")), idx(&shape, images.pixels()));
        let labels: Vec<u8> = images.labels().iter().map(|&label| label as u8).collect();
        write(&folder.join(format!("{name}-labels-idx1-ubyte")), idx(&shape[..1], &labels));
    }
}

/// A file of one byte for each element.
fn idx(shape: &[usize], values: &[u8]) -> Vec<u8> {
    let sizes = shape.iter().flat_map(|&size| (size as u32).to_be_bytes());
    [0, 0, 8, shape.len() as u8].into_iter().chain(sizes).chain(values.iter().copied()).collect()
}

/// A PNG file of each picture of a grey set, in the folder of its class, numbered as the images are.
pub fn write_pngs(folder: &Path, data: &Dataset) {
    for (part, images) in [("train", &data.train), ("test", &data.test)] {
        for (index, label) in images.labels().iter().enumerate() {
            let pixels = images.picture(index).unwrap();
            let bytes = grey_file(images.height(), images.width(), pixels).bytes();
            write(&folder.join(format!("{part}/{label}/{index}.png")), bytes);
        }
    }
}

/// `train.csv` and `test.csv` of a grey set.
pub fn write_csv(folder: &Path, data: &Dataset) {
    write(&folder.join("train.csv"), csv(&data.train));
    write(&folder.join("test.csv"), csv(&data.test));
}

/// A line for each image, its label first.
pub fn csv(images: &LabelledImages) -> String {
    let pixels = images.height() * images.width();
    let header: Vec<String> = (0..pixels).map(|pixel| format!("pixel{pixel}")).collect();
    let mut text = format!("label,{}\n", header.join(","));
    for (index, label) in images.labels().iter().enumerate() {
        let pixels: Vec<String> = images.picture(index).unwrap().iter().map(ToString::to_string).collect();
        text += &format!("{label},{}\n", pixels.join(","));
    }
    text
}
