//! A PNG file as a grey picture.

#[cfg(test)]
mod tests;

use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, Limits, Rgba};

use super::{MAX_PIXELS, Picture, PictureError, Step, check_size};
use crate::error::DataError;
use crate::idx::open;
use crate::memory::with_room;
use crate::unpacked::read_full;

/// The first eight bytes of every PNG file: W3C, "Portable Network Graphics", section 5.2.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// The most that one pixel takes: four channels of 16 bits.
const MAX_PIXEL_BYTES: usize = 8;

/// Length and name of the first chunk; width, height, bits of a channel, colour type.
const HEADER: usize = 18;
/// 256 colours.
const MAX_PALETTE_BYTES: u32 = 768;
/// Deflate makes at most this many bytes of one.
const MOST_UNPACKED: u64 = 1032;

/// Weights of red, green and blue in luma, in ten-thousandths: ITU-R BT.709, section 3.2.
const LUMA: [u32; 3] = [2_126, 7_152, 722];
const LUMA_SUM: u32 = 10_000;

pub(super) fn png(path: &Path) -> Result<Picture, DataError> {
    let in_file = |problem| DataError::Picture { file: path.to_path_buf(), problem };
    let mut file = BufReader::new(open(path)?);
    let mut signature = [0; SIGNATURE.len()];
    let found = read_full(&mut file, &mut signature).map_err(DataError::io(path, "read"))?;
    if found == 0 {
        return Err(in_file(PictureError::Empty));
    }
    if signature != SIGNATURE {
        return Err(in_file(PictureError::NotPng));
    }
    // The decoder would refuse a giant for its memory; its size is the better reason.
    let mut header = [0; HEADER];
    read_full(&mut file, &mut header).map_err(DataError::io(path, "read"))?;
    let file_bytes = file.seek(SeekFrom::End(0)).map_err(DataError::io(path, "read"))?;
    if let [_, _, _, _, b'I', b'H', b'D', b'R', w0, w1, w2, w3, h0, h1, h2, h3, depth, colour] = header {
        let side = |bytes| u32::from_be_bytes(bytes) as usize;
        let (height, width) = (side([h0, h1, h2, h3]), side([w0, w1, w2, w3]));
        check_size(height, width).map_err(in_file)?;
        check_promise(height, width, bits_per_pixel(depth, colour), file_bytes).map_err(in_file)?;
    }
    if let Some(bytes) = palette_bytes(&mut file).map_err(DataError::io(path, "read"))?
        && (bytes % 3 != 0 || bytes > MAX_PALETTE_BYTES)
    {
        let reason = format!("its palette has {bytes} bytes, and a palette has 1 to 256 colours of 3 bytes");
        return Err(in_file(PictureError::Damaged { reason }));
    }
    file.rewind().map_err(DataError::io(path, "read"))?;

    let refused = |error| match error {
        ImageError::IoError(cause) if cause.kind() != ErrorKind::UnexpectedEof => {
            DataError::io(path, "read")(cause)
        }
        error => in_file(PictureError::Damaged { reason: error.to_string() }),
    };
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some((MAX_PIXELS * MAX_PIXEL_BYTES) as u64);
    let decoder = PngDecoder::with_limits(file, limits).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    check_size(height as usize, width as usize).map_err(in_file)?;
    let colour = decoder.color_type();
    let length = decoder.total_bytes() as usize;
    let out_of_memory = |error| in_file(PictureError::OutOfMemory(error));
    let mut bytes = with_room(length).map_err(out_of_memory)?;
    bytes.resize(length, 0);
    decoder.read_image(&mut bytes).map_err(refused)?;
    let decoded = Decoded { width, height, colour, bytes };
    grey(&decoded).map_err(in_file)
}

/// The pixels of a file, row by row.
struct Decoded {
    width: u32,
    height: u32,
    colour: ColorType,
    /// As many channels for each pixel as the colour type has, of one byte, or of two as they lie in memory.
    bytes: Vec<u8>,
}

impl Decoded {
    fn is_deep(&self) -> bool {
        self.colour.bytes_per_pixel() / self.colour.channel_count() == 2
    }

    /// Every pixel in colours of eight bits, opaque where nothing says otherwise.
    fn pixels(&self) -> impl Iterator<Item = Rgba<u8>> + '_ {
        let (channels, deep) = (usize::from(self.colour.channel_count()), self.is_deep());
        let pixel_bytes = usize::from(self.colour.bytes_per_pixel()).max(1);
        self.bytes.chunks_exact(pixel_bytes).map(move |pixel| {
            let value = |channel: usize| match deep {
                false => pixel[channel],
                true => to_eight_bits(u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]])),
            };
            Rgba(match channels {
                1 => [value(0), value(0), value(0), u8::MAX],
                2 => [value(0), value(0), value(0), value(1)],
                3 => [value(0), value(1), value(2), u8::MAX],
                _ => [value(0), value(1), value(2), value(3)],
            })
        })
    }
}

/// To the nearest of 255 steps.
fn to_eight_bits(value: u16) -> u8 {
    ((u32::from(value) + 128) / 257) as u8
}

/// Bytes of the palette, if there is one: the decoder would panic at a part of a colour. W3C, "Portable Network
/// Graphics", section 5.3: a chunk is its length, its name, its data and four bytes of a checksum.
fn palette_bytes(file: &mut (impl Read + Seek)) -> std::io::Result<Option<u32>> {
    file.seek(SeekFrom::Start(SIGNATURE.len() as u64))?;
    loop {
        let mut chunk = [0; 8];
        if read_full(file, &mut chunk)? < chunk.len() {
            return Ok(None);
        }
        let [l0, l1, l2, l3, name @ ..] = chunk;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        match &name {
            b"PLTE" => return Ok(Some(length)),
            b"IDAT" | b"IEND" => return Ok(None),
            _ => file.seek_relative(i64::from(length) + 4)?,
        }
    }
}

/// Believes the header only as far as the file can go, so that no size in it can ask for memory.
fn check_promise(height: usize, width: usize, pixel_bits: u64, file_bytes: u64) -> Result<(), PictureError> {
    if (height * width) as u64 * pixel_bits / 8 <= file_bytes.saturating_mul(MOST_UNPACKED) {
        return Ok(());
    }
    let reason = format!("its header promises {height}x{width} pixels, and it ends before");
    Err(PictureError::Damaged { reason })
}

/// As they are packed: a palette's index counts, not its colour. W3C, "Portable Network Graphics", section 11.2.1.
fn bits_per_pixel(depth: u8, colour: u8) -> u64 {
    let channels = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    u64::from(depth) * channels
}

fn grey(decoded: &Decoded) -> Result<Picture, PictureError> {
    let mut steps = Vec::new();
    if decoded.is_deep() {
        steps.push(Step::ToEightBits);
    }
    // Grey pictures are often stored as colours; then nothing was lost and nothing needs saying.
    if decoded.pixels().any(|Rgba([r, g, b, _])| r != g || g != b) {
        steps.push(Step::ToGrey);
    }
    let is_opaque = decoded.pixels().all(|Rgba([_, _, _, alpha])| alpha == u8::MAX);
    let over = if is_opaque { u8::MAX } else { backing(decoded) };
    if !is_opaque {
        steps.push(Step::Transparency { over });
    }
    let (height, width) = (decoded.height as usize, decoded.width as usize);
    let mut pixels = with_room(height * width).map_err(PictureError::OutOfMemory)?;
    pixels.extend(decoded.pixels().map(|pixel| laid_over(pixel, over)));
    Picture::after(steps, height, width, pixels)
}

/// The grey that shows through transparent pixels.
fn backing(decoded: &Decoded) -> u8 {
    let (width, height) = (decoded.width as usize, decoded.height as usize);
    let (mut all, mut border) = (Visible::default(), Visible::default());
    for (index, pixel) in decoded.pixels().enumerate() {
        let (x, y) = (index % width, index / width);
        all.add(pixel);
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            border.add(pixel);
        }
    }
    // Opaque paper with a few transparent pixels, such as round corners, stays paper there.
    if border.alpha * 2 >= border.pixels * u64::from(u8::MAX) {
        return border.mean();
    }
    if all.mean() < 128 { u8::MAX } else { 0 }
}

/// What is visible of some pixels.
#[derive(Default)]
struct Visible {
    pixels: u64,
    /// Sum of alpha, each 0 to 255.
    alpha: u64,
    /// Sum of luma by alpha.
    luma: u64,
}

impl Visible {
    fn add(&mut self, pixel: Rgba<u8>) {
        let alpha = u64::from(pixel.0[3]);
        self.pixels += 1;
        self.alpha += alpha;
        self.luma += alpha * u64::from(luma(pixel));
    }

    /// The mean grey value, weighted by alpha; 0 if nothing is visible.
    fn mean(&self) -> u8 {
        (self.luma / (self.alpha * u64::from(LUMA_SUM)).max(1)) as u8
    }
}

/// 0 to 255 times [`LUMA_SUM`].
fn luma(Rgba([r, g, b, _]): Rgba<u8>) -> u32 {
    [r, g, b].into_iter().zip(LUMA).map(|(channel, weight)| u32::from(channel) * weight).sum()
}

/// The grey value of a pixel in front of a grey, rounded once.
fn laid_over(pixel: Rgba<u8>, over: u8) -> u8 {
    let alpha = u32::from(pixel.0[3]);
    let behind = u32::from(over) * LUMA_SUM * (u32::from(u8::MAX) - alpha);
    let whole = LUMA_SUM * u32::from(u8::MAX);
    ((luma(pixel) * alpha + behind + whole / 2) / whole) as u8
}
