//! Folders that are not arranged by class, and pictures that cannot be read: one message each.

use std::fs;
use std::path::Path;

use pool_testkit::png::grey_file;
use pool_testkit::sources::write;

use crate::broken::{message, pipe};
use crate::loaded;

fn picture() -> Vec<u8> {
    grey_file(2, 2, &[0, 50, 100, 200]).bytes()
}

#[test]
fn folders_that_are_not_arranged_by_class_are_refused() {
    type Change = fn(&Path);
    let table: [(Change, &str); 27] = [
        (
            |_| {},
            "classes: expected a folder for each class, 1 to 65536, found 0; arrange the pictures as CLASS/",
        ),
        (
            |root| write(&root.join("a.png"), picture()),
            "pictures: expected every picture in the folder of its class, found ",
        ),
        (
            |root| fs::create_dir(root.join("empty")).unwrap(),
            "empty: expected at least one picture (.png, .jpg, .jpeg, .webp, .bmp or .gif), found none; add",
        ),
        (|root| write(&root.join("a/notes.txt"), "no picture"), "a: expected at least one picture"),
        (
            |root| write(&root.join("a/deep/1.png"), picture()),
            "a/deep: expected a picture, found a folder within a class; move",
        ),
        (
            |root| {
                write(&root.join("train/a/1.png"), picture());
                write(&root.join("test/b/1.png"), picture());
            },
            "test/b: expected a class of train, found one that only test has; add pictures of it to train",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.png"), grey_file(3, 1, &[0, 50, 100]).bytes());
            },
            "a/2.png: size: expected 2x2 as the first picture, found 3x1; give all of them one size: size = 32 below",
        ),
        (
            |root| write(&root.join("a/1.tiff"), b"II*\0"),
            "pictures: expected one that can be read, found none; export",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.jpg"), &picture()[..30]);
            },
            "1 of 2 pictures cannot be read: a/2.jpg (the picture is damaged or cut off: ",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                let bomb = [b"GIF89a\xff\xff\xff\xff".as_slice(), &[0; 40]].concat();
                write(&root.join("a/2.gif"), bomb);
            },
            "1 of 2 pictures cannot be read: a/2.gif (expected at most 16384 pixels a side and 67108864 in all, found 65535x65535",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                std::os::unix::fs::symlink("2.png", root.join("a/2.png")).unwrap();
            },
            "1 of 2 pictures cannot be read: a/2.png (Too many levels of symbolic links",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                std::os::unix::fs::symlink(root, root.join("a/again")).unwrap();
            },
            "a/again: expected a picture, found a folder within a class; move",
        ),
        (
            |root| {
                use std::os::unix::ffi::OsStrExt;
                write(&root.join("a/1.png"), picture());
                write(&root.join("a").join(std::ffi::OsStr::from_bytes(b"\xff.png")), picture());
            },
            "file name: expected UTF-8 text, found ",
        ),
        (
            |root| {
                use std::os::unix::ffi::OsStrExt;
                write(&root.join(std::ffi::OsStr::from_bytes(b"\xff")).join("1.png"), picture());
            },
            "file name: expected UTF-8 text, found ",
        ),
        (
            |root| write(&root.join("a/1\n.png"), picture()),
            "file name: expected a name without control characters, found 1\\n.png; rename",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                std::os::unix::fs::symlink(root.join("c"), root.join("b")).unwrap();
                std::os::unix::fs::symlink(root.join("b"), root.join("c")).unwrap();
            },
            "b: cannot open: Too many levels of symbolic links",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                pipe(&root.join("a/2.png"));
            },
            "1 of 2 pictures cannot be read: a/2.png (expected a file, found a pipe or a device); mend",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                std::os::unix::fs::symlink("/dev/zero", root.join("a/2.jpg")).unwrap();
            },
            "1 of 2 pictures cannot be read: a/2.jpg (expected a file, found a pipe or a device); mend",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.png"), "");
            },
            "1 of 2 pictures cannot be read: a/2.png (expected a picture, found an empty file",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.jpg"), "<!doctype html><title>Not found</title>");
            },
            "1 of 2 pictures cannot be read: a/2.jpg (expected a PNG, JPEG, WebP, BMP or GIF picture, found a file of another",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.png"), &picture()[..40]);
            },
            "1 of 2 pictures cannot be read: a/2.png (the picture is damaged or cut off: ",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                // 50,000 x 50,000 pixels, and a body of a few bytes.
                let header =
                    [b"BM".as_slice(), &[0; 12], &40_u32.to_le_bytes(), &50_000_i32.to_le_bytes()].concat();
                let rest = [&50_000_i32.to_le_bytes()[..], &[1, 0, 24, 0], &[0; 24]].concat();
                write(&root.join("a/2.bmp"), [header, rest].concat());
            },
            "1 of 2 pictures cannot be read: a/2.bmp (",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("a/2.webp"), b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0");
            },
            "1 of 2 pictures cannot be read: a/2.webp (the picture is damaged or cut off: ",
        ),
        (
            |root| {
                for part in ["train", "val", "validation"] {
                    write(&root.join(part).join("a/1.png"), picture());
                }
            },
            "validation: expected one folder of validation images, found another beside it; put",
        ),
        (
            |root| write(&root.join("train/1.png"), picture()),
            "pictures: expected every picture in the folder of its class, found ",
        ),
        (
            |root| {
                write(&root.join("train/a/1.png"), picture());
                fs::create_dir_all(root.join("test/a")).unwrap();
            },
            "test/a: expected at least one picture",
        ),
        (
            |root| {
                write(&root.join("a/1.png"), picture());
                write(&root.join("b/1.png"), "");
            },
            "1 of 2 pictures cannot be read: b/1.png (expected a picture, found an empty file",
        ),
    ];
    for (change, start) in table {
        let root = tempfile::tempdir().unwrap();
        change(root.path());
        let message = message(root.path());
        assert!(message.starts_with(start), "{message} should start with {start}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_missing_and_a_file_is_no_folder() {
    let root = tempfile::tempdir().unwrap();
    let absent = loaded(&root.path().join("flowers")).unwrap_err();
    assert!(absent.is_missing());
    let expected =
        format!("data set flowers is not in {}: missing flowers; put the folder", root.path().display());
    assert!(absent.to_string().starts_with(&expected), "{absent}");
    write(&root.path().join("file"), "");
    assert_eq!(
        message(&root.path().join("file")),
        "source: expected a folder, found a file; name the folder around it"
    );
}
