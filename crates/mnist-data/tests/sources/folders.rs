//! Folders of pictures: sizes, colours, test images, and what is left out.

use std::fs;
use std::path::Path;

use mnist_data::{DataDir, Dataset, PictureShape, load, source_at};
use pool_spec::{Colour, PictureSettings, PictureSize, Resize, Unreadable};
use pool_testkit::png::{Colour as PngColour, PngFile, grey_file};

use crate::{loaded, loaded_with, write};

/// A picture of one colour.
fn plain(height: u32, width: u32, colour: [u8; 3]) -> Vec<u8> {
    let rows = colour.repeat((height * width) as usize);
    PngFile { width, height, depth: 8, colour: PngColour::Rgb, chunks: Vec::new(), rows }.bytes()
}

fn sized(height: u32, width: u32) -> PictureSettings {
    PictureSettings { size: Some(PictureSize { height, width }), ..PictureSettings::default() }
}

#[test]
fn a_picture_of_pillow_is_the_same_in_every_format() {
    // scripts/golden/sources.py: red grows downwards by 20, green to the right by 15, blue by 9 both ways.
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures");
    let expected: Vec<u8> = [(20, 0), (0, 15), (9, 9)]
        .into_iter()
        .flat_map(|(down, right)| (0..12 * 16).map(move |at| (at / 16 * down + at % 16 * right) as u8))
        .collect();
    for (name, most) in [("1.png", 0), ("1.bmp", 0), ("1.webp", 0), ("1.jpg", 6), ("1.gif", 24)] {
        let folder = tempfile::tempdir().unwrap();
        for copy in ["a", "b"] {
            write(
                &folder.path().join("class").join(format!("{copy}{name}")),
                fs::read(golden.join(name)).unwrap(),
            );
        }
        let data = loaded(folder.path()).unwrap();
        assert_eq!(data.train.shape(), PictureShape::rgb(12, 16), "{name}");
        let worst = data.train.pixels().iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= most, "{name}: {worst}");
    }
}

#[test]
fn without_test_images_a_fifth_of_every_class_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    for (class, count) in [("cats", 10), ("dogs", 20)] {
        for index in 0..count {
            write(&folder.path().join(format!("{class}/{index}.png")), grey_file(2, 2, &[index; 4]).bytes());
        }
    }
    let data = loaded(folder.path()).unwrap();
    assert_eq!((data.class_counts().train, data.class_counts().test), (vec![8, 16], vec![2, 4]));
    assert_eq!(data.class_names, ["cats", "dogs"]);
    assert_eq!(
        data.remarks.sentences(),
        [
            "The source has no test images: 6 images, the same share of every class, were held out for testing."
        ]
    );
    assert_eq!(loaded(folder.path()).unwrap(), data, "the same ones each time");
}

#[test]
fn a_folder_of_validation_images_comes_last_among_the_training_images() {
    for name in ["val", "valid", "validation"] {
        let root = tempfile::tempdir().unwrap();
        for (file, grey) in
            [("train/a/1.png", 1), ("train/b/2.png", 2), ("VAL/b/1.png", 3), ("test/a/1.png", 4)]
        {
            write(&root.path().join(file.replace("VAL", name)), plain(2, 2, [grey; 3]));
        }
        let data = loaded(root.path()).unwrap();
        assert_eq!((data.train.labels(), data.validation, data.test.labels()), (&[0, 1, 1][..], 1, &[0][..]));
        assert_eq!(data.train.picture(2).unwrap()[0], 3);
        // From the cache.
        let cache = tempfile::tempdir().unwrap();
        let again = || {
            load(&source_at(root.path()), &PictureSettings::default(), &DataDir::at(cache.path())).unwrap()
        };
        assert!(again() == data && again() == data, "{name}");
        // Without test images, none of those that validate is held out for testing.
        fs::remove_dir_all(root.path().join("test")).unwrap();
        for number in 3..12 {
            write(&root.path().join(format!("train/a/{number}.png")), plain(2, 2, [9; 3]));
        }
        let data = loaded(root.path()).unwrap();
        assert_eq!((data.train.len(), data.validation, data.test.len()), (9 + 1, 1, 2));
        assert_eq!(data.train.picture(9).unwrap()[0], 3);
    }
}

#[test]
fn pictures_are_grey_if_all_of_them_are_and_become_what_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..5 {
        write(&folder.path().join(format!("a/{index}.png")), plain(2, 3, [9, 9, 9]));
        write(&folder.path().join(format!("b/{index}.png")), plain(2, 3, [7, 7, 7]));
    }
    let grey = loaded(folder.path()).unwrap();
    assert_eq!((grey.train.shape(), grey.train.picture(0)), (PictureShape::grey(2, 3), Some(&[9; 6][..])));
    let with = |colour| PictureSettings { colour: Some(colour), ..PictureSettings::default() };
    assert_eq!(loaded_with(folder.path(), &with(Colour::Grey)).unwrap().train, grey.train);
    let rgb = loaded_with(folder.path(), &with(Colour::Rgb)).unwrap();
    assert_eq!((rgb.train.shape(), rgb.train.picture(0)), (PictureShape::rgb(2, 3), Some(&[9; 18][..])));

    write(&folder.path().join("b/0.png"), plain(2, 3, [200, 100, 50]));
    assert_eq!(loaded(folder.path()).unwrap().train.shape(), PictureShape::rgb(2, 3));
    let luma = loaded_with(folder.path(), &with(Colour::Grey)).unwrap();
    // BT.709: 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50 = 117.65.
    assert!(luma.train.pixels().contains(&118) || luma.test.pixels().contains(&118));
}

#[test]
fn pictures_of_any_size_are_brought_to_one() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..5 {
        write(&folder.path().join(format!("wide/{index}.png")), plain(4, 8, [100, 0, 0]));
        write(&folder.path().join(format!("high/{index}.png")), plain(8, 4, [0, 0, 100]));
    }
    let settings = |resize| PictureSettings { resize, ..sized(4, 4) };
    let red = |data: &Dataset| {
        let wide = data.train.labels().iter().position(|&label| label == 1).unwrap();
        data.train.picture(wide).unwrap()[..16].to_vec()
    };
    let fit = loaded_with(folder.path(), &settings(Resize::Fit)).unwrap();
    assert_eq!(red(&fit), [[255; 4], [100; 4], [100; 4], [255; 4]].concat(), "white above and below");
    for resize in [Resize::Crop, Resize::Stretch] {
        assert_eq!(red(&loaded_with(folder.path(), &settings(resize)).unwrap()), [100; 16], "{resize:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named_and_skipped_if_the_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..10 {
        write(&folder.path().join(format!("a/{index}.png")), grey_file(1, 1, &[index]).bytes());
    }
    write(&folder.path().join("a/3.png"), b"no picture");
    let refused = loaded(folder.path()).unwrap_err().to_string();
    let expected = "1 of 10 pictures cannot be read: a/3.png (expected a PNG, JPEG, WebP, BMP or GIF picture, found a \
                    file of another kind; convert it to PNG); mend or remove them, or leave them out with unreadable = \
                    \"skip\" below [data]";
    assert_eq!(refused, format!("{}: {expected}", folder.path().display()));

    let skip = PictureSettings { unreadable: Unreadable::Skip, ..PictureSettings::default() };
    let data = loaded_with(folder.path(), &skip).unwrap();
    let mut found = [data.train.pixels(), data.test.pixels()].concat();
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 4, 5, 6, 7, 8, 9], "the others moved up");
    let skipped: Vec<&str> = data.remarks.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(skipped, ["a/3.png"]);
}
