//! PNG files of every colour type, written chunk by chunk for tests.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tempfile::TempDir;

/// The colour types of a PNG file, with the code of its header: W3C, "Portable Network Graphics", section 11.2.1.
#[derive(Debug, Clone, Copy)]
pub enum Colour {
    /// Grey.
    Grey = 0,
    /// Red, green, blue.
    Rgb = 2,
    /// Indices of a palette.
    Palette = 3,
    /// Grey, alpha.
    GreyAlpha = 4,
    /// Red, green, blue, alpha.
    Rgba = 6,
}

/// A PNG file to be written.
pub struct PngFile {
    /// Width, in pixels.
    pub width: u32,
    /// Height, in pixels.
    pub height: u32,
    /// Bits for each channel, or for each index of a palette.
    pub depth: u8,
    /// What the channels of a pixel are.
    pub colour: Colour,
    /// Names and contents of the chunks between header and pixels.
    pub chunks: Vec<([u8; 4], Vec<u8>)>,
    /// The bytes of all rows, from the top.
    pub rows: Vec<u8>,
}

impl PngFile {
    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let sizes = [self.width, self.height].map(u32::to_be_bytes).concat();
        bytes.extend(chunk(*b"IHDR", &[&sizes[..], &[self.depth, self.colour as u8, 0, 0, 0]].concat()));
        for (name, content) in &self.chunks {
            bytes.extend(chunk(*name, content));
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        for row in self.rows.chunks((self.rows.len() / self.height.max(1) as usize).max(1)) {
            // Each row begins with its filter; 0 is no filter.
            packed.write_all(&[0]).unwrap();
            packed.write_all(row).unwrap();
        }
        bytes.extend(chunk(*b"IDAT", &packed.finish().unwrap()));
        bytes.extend(chunk(*b"IEND", &[]));
        bytes
    }
}

/// A grey picture of 8 bits, `[H, W]`.
pub fn grey_file(height: usize, width: usize, pixels: &[u8]) -> PngFile {
    let (width, height) = (width as u32, height as u32);
    PngFile { width, height, depth: 8, colour: Colour::Grey, chunks: Vec::new(), rows: pixels.to_vec() }
}

/// Length, name, content and CRC-32.
fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&name[..], content].concat();
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], &named, &crc32(&named).to_be_bytes()].concat()
}

/// PNG's checksum is that of gzip, which writes it after the data.
fn crc32(bytes: &[u8]) -> u32 {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(bytes).unwrap();
    let packed = packed.finish().unwrap();
    let crc = packed[packed.len() - 8..packed.len() - 4].try_into().unwrap();
    u32::from_le_bytes(crc)
}

/// The bytes as a file, in a folder that exists as long as the first value.
pub fn stored(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}
