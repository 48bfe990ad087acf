//! Reading PNG files of every kind, and the messages of those that are refused.

use std::fs;

use super::*;
use pool_testkit::png::{Colour, PngFile, grey_file, stored};

fn read(file: &PngFile) -> (Vec<u8>, Vec<Step>) {
    let (_folder, path) = stored(&file.bytes());
    let picture = Picture::read_png(&path).unwrap();
    assert_eq!((picture.width(), picture.height()), (file.width as usize, file.height as usize));
    (picture.pixels, picture.steps)
}

fn row(colour: Colour, depth: u8, width: u32, rows: &[u8]) -> PngFile {
    PngFile { width, height: 1, depth, colour, chunks: Vec::new(), rows: rows.to_vec() }
}

fn refusal(bytes: &[u8]) -> String {
    let (_folder, path) = stored(bytes);
    let error = Picture::read_png(&path).unwrap_err();
    assert!(!error.is_missing());
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn every_colour_type_and_depth_becomes_grey_values() {
    let grey = |depth, width, rows| row(Colour::Grey, depth, width, rows);
    let eight = || vec![Step::ToEightBits];
    let colours = || vec![Step::ToGrey];
    let white = || vec![Step::Transparency { over: 255 }];
    let table: [(PngFile, &[u8], Vec<Step>, &str); 9] = [
        (grey(8, 3, &[0, 7, 255]), &[0, 7, 255], vec![], "bytes are taken as they are"),
        (grey(1, 3, &[0b0110_0000]), &[0, 255, 255], vec![], "one bit"),
        (grey(4, 2, &[0x1f]), &[17, 255], vec![], "four bits"),
        (grey(16, 2, &[0x80, 0x00, 0x01, 0x81]), &[128, 1], eight(), "385 of 65,535 is 1.498 of 255"),
        (row(Colour::Rgb, 8, 2, &[9, 9, 9, 90, 90, 90]), &[9, 90], vec![], "grey stored as colours"),
        (
            row(Colour::Rgb, 8, 3, &[255, 0, 0, 0, 255, 0, 0, 0, 255]),
            &[54, 182, 18],
            colours(),
            "0.2126, 0.7152 and 0.0722 of 255",
        ),
        (
            row(Colour::GreyAlpha, 8, 3, &[10, 255, 0, 0, 200, 128]),
            &[10, 73, 137],
            vec![Step::Transparency { over: 73 }],
            "the border is half visible, 73 on average",
        ),
        (
            row(Colour::Rgba, 8, 3, &[0, 0, 0, 255, 9, 9, 9, 0, 9, 9, 9, 0]),
            &[0, 255, 255],
            white(),
            "dark ink on a transparent ground",
        ),
        (
            row(Colour::Rgba, 8, 3, &[255, 255, 255, 255, 9, 9, 9, 0, 9, 9, 9, 0]),
            &[255, 0, 0],
            vec![Step::Transparency { over: 0 }],
            "light ink on a transparent ground",
        ),
    ];
    for (file, pixels, steps, why) in table {
        assert_eq!(read(&file), (pixels.to_vec(), steps), "{why}");
    }
}

#[test]
fn a_palette_may_have_transparent_entries() {
    let palette = (*b"PLTE", vec![0, 0, 0, 200, 200, 200, 255, 0, 0]);
    let file = PngFile { chunks: vec![palette.clone()], ..row(Colour::Palette, 8, 3, &[0, 1, 2]) };
    assert_eq!(read(&file), (vec![0, 200, 54], vec![Step::ToGrey]));

    // Alpha of the first two entries; the border, which is all of a single row, is mostly visible.
    let alpha = (*b"tRNS", vec![255, 0]);
    let file = PngFile { chunks: vec![palette, alpha], ..row(Colour::Palette, 8, 3, &[0, 1, 2]) };
    assert_eq!(read(&file), (vec![0, 27, 54], vec![Step::ToGrey, Step::Transparency { over: 27 }]));
}

#[test]
fn an_animation_is_read_as_its_still_picture() {
    let mut file = grey_file(1, 2, &[0, 200]);
    // Two frames, endlessly; the first is the picture itself: 2x1 pixels at 0, 0, shown for 1/10 s.
    let control = [2_u32, 0].map(u32::to_be_bytes).concat();
    let frame = [[0_u32, 2, 1, 0, 0].map(u32::to_be_bytes).concat(), vec![0, 1, 0, 10, 0, 0]].concat();
    file.chunks = vec![(*b"acTL", control), (*b"fcTL", frame)];
    assert_eq!(read(&file), (vec![0, 200], vec![]));
}

#[test]
fn refuses_files_that_show_no_picture() {
    let whole = grey_file(8, 8, &(0..64).map(|pixel| pixel * 4).collect::<Vec<u8>>()).bytes();
    let mut flipped = whole.clone();
    // A byte of the header's height.
    flipped[23] ^= 1;
    let huge = PngFile { width: 20_000, height: 4, ..grey_file(4, 4, &[0; 16]) };
    let large = PngFile { width: 16_384, height: 16_384, ..grey_file(4, 4, &[0; 16]) };
    let promise =
        PngFile { width: 8_000, height: 8_000, depth: 16, colour: Colour::Rgba, ..grey_file(4, 4, &[0; 16]) };
    let size = "FILE: expected at most 16384 pixels a side and 67108864 in all, found";
    let table: [(&[u8], String); 7] = [
        (&[], "FILE: expected a PNG picture, found an empty file; export the picture again".into()),
        (
            b"\xff\xd8\xff\xe0 a JPEG file",
            "FILE: expected a PNG picture, found a file of another kind; convert it to PNG".into(),
        ),
        (b"\x89PNG", "FILE: expected a PNG picture, found a file of another kind; convert it to PNG".into()),
        (&huge.bytes(), format!("{size} 4x20000; shrink the picture")),
        (&large.bytes(), format!("{size} 16384x16384; shrink the picture")),
        (
            &promise.bytes(),
            "FILE: the PNG file is damaged or cut off: its header promises 8000x8000 pixels, and it ends before; export \
             the picture again"
                .into(),
        ),
        (
            &grey_file(2, 2, &[250, 251, 252, 250]).bytes(),
            "FILE: there is nothing in it to recognise: all grey values are 250 to 252 of 255; \
             use a picture with more contrast"
                .into(),
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(refusal(bytes), expected);
    }
    // The decoder's own words, which may change.
    for (bytes, why) in [(&flipped[..], "a wrong checksum"), (&whole[..whole.len() / 2], "cut off")] {
        let message = refusal(bytes);
        assert!(message.starts_with("FILE: the PNG file is damaged or cut off: "), "{why}: {message}");
        assert!(message.ends_with("; export the picture again"), "{why}: {message}");
    }
}

#[test]
fn a_missing_file_and_a_folder_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.png");
    assert!(matches!(Picture::read_png(&absent), Err(DataError::NoSuchFile { .. })));
    let inside = folder.path().join("inside.png");
    fs::create_dir(&inside).unwrap();
    assert!(matches!(Picture::read_png(&inside), Err(DataError::Io { .. })));
}
