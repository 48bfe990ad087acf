//! The decoded pictures of a folder in one file, so that the next start reads instead of decoding.
//!
//! The file's name is a hash of what was decoded: the name, size and time of every picture, and the settings. Whatever
//! changes gives another name, so that nothing stale is ever read. Losing the file costs the time to decode.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use pool_files::{atomic_write_with, with_room};
use pool_spec::{Colour, PictureSettings, SkippedFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::decode::Decoded;
use super::scan::Scan;
use crate::data_dir::DataDir;
use crate::images::{LabelledImages, PictureShape};
use crate::unpacked::hex;

/// The folder of these files, next to those of the public sets.
const FOLDER: &str = "decoded-folders";
/// To be changed with what decoding gives, or how it is stored.
const FORMAT: &str = "decoded pictures 2";
/// A first line holds the names of files that were left out; this is a million of them.
const LONGEST_LINE: u64 = 1 << 28;

/// The first line, as JSON; labels and pixels follow.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    colour: Colour,
    height: usize,
    width: usize,
    train: usize,
    validation: Option<usize>,
    test: Option<usize>,
    skipped: Vec<SkippedFile>,
}

/// Where the decoded pictures belong; `None` without a folder for data sets.
pub(super) fn place(scan: &Scan, settings: &PictureSettings, data_dir: &DataDir) -> Option<PathBuf> {
    let mut hash = Sha256::new();
    hash.update(FORMAT);
    hash.update(serde_json::to_string(settings).ok()?);
    for (part, files) in scan.parts() {
        hash.update(part);
        for found in files {
            hash.update((found.file.len() as u64).to_le_bytes());
            hash.update(&found.file);
            hash.update(found.bytes.to_le_bytes());
            hash.update(found.modified_ns.to_le_bytes());
        }
    }
    let name = &hex(&hash.finalize())[..32];
    Some(data_dir.path().ok()?.join(FOLDER).join(name))
}

/// The decoded pictures; `None` if they are not there, or not whole.
pub(super) fn read(file: &Path) -> Option<Decoded> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file).ok()?);
    let header = header(&mut reader)?;
    let shape = PictureShape { colour: header.colour, height: header.height, width: header.width };
    let train = part(&mut reader, shape, header.train)?;
    let mut other = |count: Option<usize>| match count {
        Some(count) => part(&mut reader, shape, count).map(Some),
        None => Some(None),
    };
    let (validation, test) = (other(header.validation)?, other(header.test)?);
    let ends = reader.read(&mut [0]).ok()? == 0;
    ends.then_some(Decoded { train, validation, test, skipped: header.skipped })
}

fn header(reader: &mut impl std::io::BufRead) -> Option<Header> {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut reader.take(LONGEST_LINE), &mut line).ok()?;
    let header: Header = serde_json::from_str(&line).ok()?;
    (header.format == FORMAT).then_some(header)
}

fn part(reader: &mut impl Read, shape: PictureShape, count: usize) -> Option<LabelledImages> {
    let mut bytes = |count: usize| -> Option<Vec<u8>> {
        let mut bytes = with_room(count).ok()?;
        reader.take(count as u64).read_to_end(&mut bytes).ok()?;
        (bytes.len() == count).then_some(bytes)
    };
    let labels = bytes(count.checked_mul(2)?)?;
    let labels = labels.chunks_exact(2).map(|label| u16::from_le_bytes([label[0], label[1]])).collect();
    let pixels = bytes(count.checked_mul(shape.bytes())?)?;
    LabelledImages::new(shape, pixels, labels).ok()
}

/// Stores the decoded pictures. A full disk is no reason to stop: they are decoded again next time.
pub(super) fn write(file: &Path, decoded: &Decoded) {
    let stored = || {
        fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
        atomic_write_with(file, |partial| write_to(partial, decoded))
    };
    match stored() {
        Ok(()) => tracing::debug!(file = %file.display(), "stored the decoded pictures"),
        Err(error) => tracing::warn!(file = %file.display(), %error, "cannot store the decoded pictures"),
    }
}

fn write_to(path: &Path, Decoded { train, validation, test, skipped }: &Decoded) -> std::io::Result<()> {
    let PictureShape { colour, height, width } = train.shape();
    let header = Header {
        format: FORMAT.to_owned(),
        colour,
        height,
        width,
        train: train.len(),
        validation: validation.as_ref().map(LabelledImages::len),
        test: test.as_ref().map(LabelledImages::len),
        skipped: skipped.clone(),
    };
    let mut file = std::io::BufWriter::new(File::create(path)?);
    writeln!(file, "{}", serde_json::to_string(&header)?)?;
    for images in [Some(train), validation.as_ref(), test.as_ref()].into_iter().flatten() {
        let labels: Vec<u8> = images.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
        file.write_all(&labels)?;
        file.write_all(images.pixels())?;
    }
    file.flush()
}
