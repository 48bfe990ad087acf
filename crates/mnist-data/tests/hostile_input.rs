//! Files that are no longer what they were, and files that never were anything.

#[path = "../../../fuzz/damage.rs"]
mod damage;

use std::fs;
use std::io::Write;
use std::path::Path;

use damage::{damaged, seeds};
use flate2::Compression;
use flate2::write::GzEncoder;
use mnist_data::{
    DataError, Dataset, IdxArray, Likeness, Picture, decode_idx, read_idx, read_idx_with_sha256,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn assert_is_one_line_about(path: &Path, error: &DataError) {
    let message = error.to_string();
    assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    assert!(!message.contains(char::is_control), "{message}");
}

/// The array that a file of these bytes is read as.
fn read(bytes: &[u8]) -> Option<IdxArray> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    fs::write(&path, bytes).unwrap();
    let (plain, hashed) = (read_idx(&path), read_idx_with_sha256(&path));
    assert_eq!(plain.as_ref().ok(), hashed.ok().map(|(array, _)| array).as_ref());
    plain.inspect_err(|error| assert_is_one_line_about(&path, error)).ok()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Any bytes, now and then after the beginning of an IDX file or of a gzip stream.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let beginnings: [&[u8]; 4] = [&[], &[0, 0, 8, 1], &[0, 0, 13, 3, 0], &[0x1f, 0x8b, 8, 0]];
    (select(beginnings.to_vec()), vec(any::<u8>(), 0..200)).prop_map(|(start, rest)| [start, &rest].concat())
}

fn idx_files() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![bytes(), damaged(seeds("idx")), damaged(seeds("idx_gzip"))]
}

proptest! {
    #[test]
    fn an_idx_file_is_an_array_of_the_announced_size_or_one_line_that_names_it(bytes in idx_files()) {
        if let Some(array) = read(&bytes) {
            // The other sizes may be anything where one is zero.
            let product = |shape: &[usize]| if shape.contains(&0) { 0 } else { shape.iter().product() };
            prop_assert_eq!(array.values.len(), product(&array.shape));
            // A deflated byte stands for 1032 at most, and memory follows what is there.
            prop_assert!(array.values.len() <= bytes.len() * 1032);
        }
    }

    #[test]
    fn gzip_around_a_file_changes_neither_the_array_nor_the_message(bytes in prop_oneof![bytes(), damaged(seeds("idx"))]) {
        prop_assume!(!bytes.starts_with(&[0x1f, 0x8b]));
        match (decode_idx(&bytes[..]), decode_idx(&gzip(&bytes)[..])) {
            (Ok(plain), Ok(packed)) => prop_assert_eq!(plain, packed),
            (plain, packed) => prop_assert_eq!(plain.unwrap_err().to_string(), packed.unwrap_err().to_string()),
        }
    }

    #[test]
    fn a_folder_with_strange_files_is_a_data_set_or_one_line_of_error(
        images in prop_oneof![idx_files(), Just(seed("images"))],
        labels in prop_oneof![idx_files(), Just(seed("labels"))],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        put("train-images-idx3-ubyte", &images);
        put("train-labels-idx1-ubyte", &labels);
        put("t10k-images-idx3-ubyte", &seed("images"));
        put("t10k-labels-idx1-ubyte", &seed("labels"));
        match Dataset::from_dir(folder.path()) {
            Ok(data) => {
                let picture = data.test.height() * data.test.width();
                prop_assert_eq!(data.train.pixels().len(), data.train.len() * picture);
            }
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{}", error),
        }
    }

    #[test]
    fn a_png_file_is_a_picture_that_fits_every_frame_or_one_line_that_names_it(
        bytes in prop_oneof![pngs(), damaged(seeds("png"))],
        (height, width) in (1..40_usize, 1..40_usize),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        fs::write(&path, bytes).unwrap();
        match Picture::read_png(&path) {
            Ok(picture) => {
                prop_assert_eq!(picture.pixels().len(), picture.height() * picture.width());
                for like in [Likeness::Digit, Likeness::Garment, Likeness::Whole] {
                    let prepared = picture.prepared(like, height, width).unwrap();
                    prop_assert_eq!(prepared.pixels.len(), height * width);
                    prop_assert!(!prepared.steps.is_empty());
                }
            }
            Err(error) => assert_is_one_line_about(&path, &error),
        }
    }
}

/// A valid IDX file.
fn seed(name: &str) -> Vec<u8> {
    fs::read(Path::new("../../fuzz/seeds/idx").join(name)).unwrap()
}

/// PNG files whose checksums are right, which damaged ones are not, of any size that a header may claim.
fn pngs() -> impl Strategy<Value = Vec<u8>> {
    let side = || prop_oneof![4 => 1..9_u32, 1 => select(vec![0, 8_192, 16_384, 1 << 31, u32::MAX])];
    let kind = (select(vec![1_u8, 2, 4, 8, 16, 3]), select(vec![0_u8, 2, 3, 4, 6, 1]), 0..2_u8);
    let pixels = vec(prop_oneof![2 => Just(0_u8), 1 => any::<u8>()], 0..400);
    let names = select(vec![*b"PLTE", *b"tRNS", *b"gAMA", *b"acTL", *b"fcTL", *b"iCCP", *b"zTXt"]);
    let others = vec((names, vec(any::<u8>(), 0..30)), 0..3);
    (side(), side(), kind, pixels, others).prop_map(
        |(width, height, (depth, colour, interlace), pixels, others)| {
            let sizes = [width, height].map(u32::to_be_bytes).concat();
            let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&pixels).unwrap();
            let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
            png.extend(chunk(*b"IHDR", &[&sizes[..], &[depth, colour, 0, 0, interlace]].concat()));
            png.extend(others.iter().flat_map(|(name, content)| chunk(*name, content)));
            png.extend(chunk(*b"IDAT", &packed.finish().unwrap()));
            png.extend(chunk(*b"IEND", &[]));
            png
        },
    )
}

/// Length, name, content and CRC-32.
fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&name[..], content].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&named);
    [&(content.len() as u32).to_be_bytes()[..], &named, &crc.sum().to_be_bytes()].concat()
}

#[test]
fn a_palette_that_ends_within_a_colour_is_damage() {
    let error = Picture::read_png(Path::new("../../fuzz/seeds/png/half-a-colour.png")).unwrap_err();
    assert_is_one_line_about(Path::new("../../fuzz/seeds/png/half-a-colour.png"), &error);
    assert!(
        error.to_string().contains("its palette has 25 bytes, and a palette has 1 to 256 colours"),
        "{error}"
    );
}
