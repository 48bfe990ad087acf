//! Files that are not what their source is made of: one message each, with the place, the rule, what was found, the cure.

use std::fs;
use std::path::Path;

use pool_testkit::png::grey_file;

use crate::{EXCERPT, cifar10, loaded, write};

/// The message without the path that it begins with.
fn message(path: &Path) -> String {
    let message = loaded(path).unwrap_err().to_string();
    let start = path.display().to_string();
    assert!(message.contains(&start), "{message} names {start}");
    message.strip_prefix(&format!("{start}: ")).map_or(message.clone(), str::to_owned)
}

fn picture() -> Vec<u8> {
    grey_file(2, 2, &[0, 50, 100, 200]).bytes()
}

#[test]
fn folders_that_are_not_arranged_by_class_are_refused() {
    type Change = fn(&Path);
    let table: [(Change, &str); 13] = [
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

#[test]
fn arrays_that_are_no_pictures_are_refused() {
    let whole = fs::read(EXCERPT).unwrap();
    let zip = "file: expected a zip file as np.savez writes it, found ";
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let table: [(Vec<u8>, &str); 4] = [
        (Vec::new(), zip),
        (b"PK\x03\x04 no archive".to_vec(), zip),
        (whole[..whole.len() / 2].to_vec(), zip),
        (flipped(400), "array x_train: "),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (index, (bytes, start)) in table.into_iter().enumerate() {
        let path = folder.path().join(format!("{index}.npz"));
        write(&path, bytes);
        let message = message(&path);
        assert!(message.starts_with(start), "{message} should start with {start}");
        assert!(!message.contains('\n'), "{message}");
    }
    // scripts/golden/sources.py: one fault each.
    for (name, expected) in [
        (
            "floats",
            "array x_train: header: expected that of an array of integers in C order, found the type '<f4'; save it",
        ),
        (
            "counts",
            "array y_train: shape: expected one label for each of 2 images, at least one: [2], found [3]; number",
        ),
        ("negative", "array y_train: element 1: expected whole numbers from 0 to 65535, found -1; save"),
        ("names", "arrays: expected one called x_train, found none; save it with np.savez_compressed("),
        (
            "flat",
            "array x_train: shape: expected pictures: [N, H, W], [N, H, W, 1] or [N, H, W, 3], found [2, 4]; save",
        ),
        ("sizes", "array x_test: expected pictures of 2x2 as to train with, found 3x3; get"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/npz/{name}.npz"));
        let message = message(&path);
        assert!(message.starts_with(expected), "{message} should start with {expected}");
    }
}

#[test]
fn tables_that_are_no_pictures_are_refused() {
    let table = [
        ("", "lines: expected at least one with a label and pixels, found none; write"),
        ("a,b,c\n", "line 1: expected a column called label, class, target, y, found a, b, c, ...; name"),
        (
            "label,p0,p1\n1,2,3\n",
            "line 2: columns: expected a label and the pixels of a square picture, such as 785",
        ),
        ("1,2\n1,2,3\n", "line 2: expected 2 columns as in the first line, found 3; write"),
        ("1,256\n", "line 1, column 2: pixel: expected a whole number from 0 to 255, found \"256\"; scale"),
        (
            "label,p0\n1,0.5\n",
            "line 2, column 2: pixel: expected a whole number from 0 to 255, found \"0.5\"; scale",
        ),
        (
            "70000,1\n",
            "line 1, column 1: label: expected a whole number from 0 to 65535, found \"70000\"; number",
        ),
        (
            "label,p0\ncat,1\n",
            "line 2, column 1: label: expected a whole number from 0 to 65535, found \"cat\"; number",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.csv");
    for (text, start) in table {
        write(&path, text);
        let message = message(&path);
        assert!(message.starts_with(start), "{message} should start with {start}");
    }
    write(&path, b"label,p0\n\xff,1\n");
    assert!(message(&path).starts_with("text: expected lines of numbers with commas between them, found "));
}

#[test]
fn cifar_files_of_another_size_or_with_other_labels_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data_batch_3.bin");
    cifar10(folder.path());
    let whole = fs::read(&path).unwrap();
    write(&path, &whole[..100]);
    let size = loaded(folder.path()).unwrap_err().to_string();
    let expected = "size: expected a multiple of 3073 bytes, one for each picture, found 100; get the file again, in its \
                    binary version";
    assert_eq!(size, format!("{}: {expected}", path.display()));
    write(&path, [&[10], &whole[1..]].concat());
    let label = loaded(folder.path()).unwrap_err().to_string();
    assert!(
        label.contains("data_batch_3.bin: label of picture 0: expected less than 10, found 10; check"),
        "{label}"
    );
    fs::remove_file(&path).unwrap();
    let missing = loaded(folder.path()).unwrap_err();
    assert!(
        missing.is_missing() && missing.to_string().contains("missing data_batch_3.bin; unpack"),
        "{missing}"
    );
}
