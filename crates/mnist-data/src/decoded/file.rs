//! The file of a decoded set: [`MAGIC`], a line of JSON, the labels of both parts, their pixels, and the CRC-32 of all that.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use flate2::{Crc, CrcWriter};
use pool_files::{MappedFile, atomic_write_with};
use pool_spec::{Colour, DataRemarks};
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::images::{LabelledImages, PictureShape};
use crate::pixels::Pixels;

/// The first line. Its number changes with the format, and with what decoding gives.
pub(super) const MAGIC: &[u8] = b"decoded images 3\n";

/// All of a [`Dataset`] that is neither label nor pixel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// What was decoded.
    state: String,
    name: String,
    classes: usize,
    class_names: Vec<String>,
    colour: Colour,
    height: usize,
    width: usize,
    /// Numbers of images.
    train: usize,
    validation: usize,
    test: usize,
    remarks: DataRemarks,
}

/// Writes the file: whole, or not at all.
pub(super) fn write(path: &Path, state: &str, data: &Dataset) -> io::Result<()> {
    let PictureShape { colour, height, width } = data.train.shape();
    let header = Header {
        state: state.to_owned(),
        name: data.name.clone(),
        classes: data.classes,
        class_names: data.class_names.clone(),
        colour,
        height,
        width,
        train: data.train.len(),
        validation: data.validation,
        test: data.test.len(),
        remarks: data.remarks.clone(),
    };
    atomic_write_with(path, |partial| {
        let mut file = CrcWriter::new(BufWriter::new(File::create(partial)?));
        file.write_all(MAGIC)?;
        writeln!(file, "{}", serde_json::to_string(&header)?)?;
        for part in [&data.train, &data.test] {
            let labels: Vec<u8> = part.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
            file.write_all(&labels)?;
        }
        file.write_all(data.train.pixels())?;
        file.write_all(data.test.pixels())?;
        let sum = file.crc().sum();
        let mut file = file.into_inner();
        file.write_all(&sum.to_le_bytes())?;
        file.flush()
    })
}

/// Maps the file. All of it is compared with its checksum.
///
/// # Errors
/// The system's, or [`io::ErrorKind::InvalidData`] where the file is none of ours, is of another state, or damaged.
pub(super) fn read(path: &Path, state: &str) -> io::Result<Dataset> {
    let file = Arc::new(MappedFile::open(path)?);
    let (content, sum) = file.split_last_chunk().ok_or_else(|| unusable("it is cut short"))?;
    if !content.starts_with(MAGIC) {
        return Err(unusable("it begins with something else"));
    }
    let mut crc = Crc::new();
    crc.update(content);
    if crc.sum() != u32::from_le_bytes(*sum) {
        return Err(unusable("its checksum is that of another content"));
    }
    let line = content[MAGIC.len()..].iter().position(|&byte| byte == b'\n');
    let end = MAGIC.len() + line.ok_or_else(|| unusable("it has no header"))?;
    let header: Header = serde_json::from_slice(&content[MAGIC.len()..end])?;
    if header.state != state {
        return Err(unusable("it was made of other files"));
    }
    dataset(&file, end + 1, content.len(), header).ok_or_else(|| unusable("its parts do not fit together"))
}

fn unusable(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The set whose labels begin at byte `start` of the file, and whose pixels end before `end`; `None` if that is not so.
fn dataset(file: &Arc<MappedFile>, start: usize, end: usize, header: Header) -> Option<Dataset> {
    let Header { name, classes, class_names, train, validation, test, remarks, .. } = header;
    let shape = PictureShape { colour: header.colour, height: header.height, width: header.width };
    let picture_bytes = shape.colour.channels().checked_mul(shape.height)?.checked_mul(shape.width)?;
    let mut at = start;
    let mut next = |count: usize, bytes: usize| -> Option<Range<usize>> {
        let from = at;
        at = at.checked_add(count.checked_mul(bytes)?)?;
        (at <= end).then_some(from..at)
    };
    let (train_labels, test_labels) = (next(train, 2)?, next(test, 2)?);
    let (train_pixels, test_pixels) = (next(train, picture_bytes)?, next(test, picture_bytes)?);
    let part = |labels: Range<usize>, pixels: Range<usize>| {
        let labels = file[labels].chunks_exact(2).map(|label| u16::from_le_bytes([label[0], label[1]]));
        let labels: Vec<u16> = labels.collect();
        let is_class = |&label: &u16| usize::from(label) < classes;
        let pixels = Pixels::Mapped { file: Arc::clone(file), range: pixels };
        labels.iter().all(is_class).then(|| LabelledImages::of_pixels(shape, pixels, labels).ok()).flatten()
    };
    let is_whole = test_pixels.end == end && validation <= train && class_names.len() <= classes;
    let (train, test) = (part(train_labels, train_pixels)?, part(test_labels, test_pixels)?);
    is_whole.then_some(Dataset { name, classes, class_names, train, validation, test, remarks })
}
