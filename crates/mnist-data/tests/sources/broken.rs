//! Files that are not what their source is made of: one message each, with the place, the rule, what was found, the cure.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mnist_data::{DataDir, load};
use pool_spec::{DataSource, PictureSettings};
use pool_testkit::sources::{write, write_idx};

use crate::{EXCERPT, cifar10, excerpt, loaded};

/// The message without the path that it begins with.
pub(crate) fn message(path: &Path) -> String {
    let message = loaded(path).unwrap_err().to_string();
    let start = path.display().to_string();
    assert!(message.contains(&start), "{message} names {start}");
    message
        .strip_prefix(&start)
        .map_or(message.clone(), |rest| rest.trim_start_matches(['/', ':', ' ']).to_owned())
}

/// A named pipe that nobody writes to: opening it would wait for ever.
pub(crate) fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
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
        ("sizes", "test images: expected pictures of 2x2 as to train with, found 3x3; bring all"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/npz/{name}.npz"));
        let message = message(&path);
        assert!(message.starts_with(expected), "{message} should start with {expected}");
    }
}

/// An array as numpy writes it, from its type, shape and bytes.
fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), body].concat()
}

#[test]
fn arrays_whose_headers_or_bodies_lie_are_refused() {
    let (images, labels) = (npy("|u1", "(2, 2, 2)", &[9; 8]), npy("|u1", "(2,)", &[0, 1]));
    let table: [(&str, Vec<u8>, &str); 17] = [
        (
            "x_train",
            b"".to_vec(),
            "array x_train: header: expected that of an array of integers in C order, found its end: ",
        ),
        (
            "x_train",
            b"\x93NUMPX\x01\0\0\0".to_vec(),
            "array x_train: header: expected that of an array of integers in C order, found something else",
        ),
        (
            "x_train",
            b"\x93NUMPY\x09\0\0\0".to_vec(),
            "array x_train: header: expected that of an array of integers in C order, found something else",
        ),
        (
            "x_train",
            b"\x93NUMPY\x02\0\xff\xff\xff\xff".to_vec(),
            "array x_train: header: expected that of an array of integers in C order, found 4294967295 bytes",
        ),
        (
            "x_train",
            b"\x93NUMPY\x01\0\x04\0\xff\xff\xff\xff".to_vec(),
            "array x_train: header: expected that of an array of integers in C order, found bytes that are no text",
        ),
        // An array of Python's objects, which would run code in numpy.
        (
            "x_train",
            npy("|O", "(2, 2, 2)", &[9; 8]),
            "array x_train: header: expected that of an array of integers in C order, found the type '|O'",
        ),
        (
            "x_train",
            npy("<c8", "(2, 2, 2)", &[9; 64]),
            "array x_train: header: expected that of an array of integers in C order, found the type '<c8'",
        ),
        // Bombs: more than any archive of this size holds, and more than any memory.
        (
            "x_train",
            npy("|u1", "(1000000, 1000, 1000)", &[9; 8]),
            "array x_train: body: expected as many bytes as its header says, found ",
        ),
        (
            "x_train",
            npy("|u1", "(99999999999, 99999999999, 9)", &[9; 8]),
            "array x_train: body: expected as many bytes as its header says, found ",
        ),
        ("x_train", npy("|u1", "(2, 2, 3)", &[9; 8]), "array x_train: body: expected 12 bytes, found "),
        (
            "x_train",
            npy("|u1", "(2, 2, 1)", &[9; 8]),
            "array x_train: body: expected 4 bytes, found 4 more; get",
        ),
        (
            "x_train",
            npy("|u1", "(0, 2, 2)", &[]),
            "array y_train: shape: expected one label for each of 0 images, at least one: [0]",
        ),
        ("x_train", npy("|u1", "(2, 2, 2, 4)", &[9; 32]), "array x_train: shape: expected pictures: "),
        (
            "x_train",
            npy("<u2", "(2, 2, 2)", &[1; 16]),
            "array x_train: element 0: expected whole numbers from 0 to 255, found 257; save",
        ),
        (
            "y_train",
            npy("|u1", "(2, 5)", &[0; 10]),
            "array y_train: shape: expected one label for each of 2 images",
        ),
        (
            "y_train",
            npy("<i8", "(2,)", &[255; 16]),
            "array y_train: element 0: expected whole numbers from 0 to 65535, found -1; save",
        ),
        (
            "y_train",
            npy("<U3", "(2,)", &[0; 24]),
            "array y_train: header: expected that of an array of integers in C order, found the type '<U3'",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.npz");
    for (array, bytes, start) in table {
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, whole) in [("x_train", &images), ("y_train", &labels)] {
            let stored =
                zip::write::FileOptions::default().compression_method(zip::CompressionMethod::Stored);
            archive.start_file(format!("{name}.npy"), stored).unwrap();
            archive.write_all(if name == array { &bytes } else { whole }).unwrap();
        }
        archive.finish().unwrap();
        let message = message(&path);
        assert!(message.starts_with(start), "{message} should start with {start}");
        assert!(!message.contains('\n'), "{message}");
    }
}

/// Any source whose file is a folder, a pipe, a link in a circle, or not there.
#[test]
fn what_is_no_file_is_neither_read_nor_waited_for() {
    type Change = fn(&Path);
    let ways: [(Change, &str); 3] = [
        (|path| fs::create_dir(path).unwrap(), "expected a file, found a folder"),
        (pipe, "expected a file, found a pipe or a device"),
        (|path| std::os::unix::fs::symlink(path, path).unwrap(), "Too many levels of symbolic links"),
    ];
    for (change, expected) in ways {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["some.npz", "train.csv"] {
            change(&at(name));
        }
        // What is not there does not matter, and what never ends is not read.
        cifar10(&at("named"));
        change(&at("named/batches.meta.txt"));
        assert!(loaded(&at("named")).unwrap().class_names.is_empty());
        let idx = at("four/train-labels-idx1-ubyte");
        write_idx(&at("four"), &excerpt());
        fs::remove_file(&idx).unwrap();
        change(&idx);
        cifar10(&at("cifar"));
        fs::remove_file(at("cifar/test_batch.bin")).unwrap();
        change(&at("cifar/test_batch.bin"));
        for (source, names) in [
            (DataSource::Npz(at("some.npz")), "some.npz"),
            (DataSource::Csv(at("")), "train.csv"),
            (DataSource::Dir(at("four")), "train-labels-idx1-ubyte"),
            (DataSource::Cifar10(at("cifar")), "test_batch.bin"),
        ] {
            let error = load(&source, &PictureSettings::default(), &DataDir::at(at("cache"))).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(names), "{message} should name {names}");
            // A folder of files counts what is no file as missing.
            assert!(message.contains(expected) || error.is_missing(), "{message} should say {expected}");
        }
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
        ("label,p0\n", "lines: expected at least one with a label and pixels, found none; write"),
        ("\n\n\n", "lines: expected at least one with a label and pixels, found none; write"),
        ("7\n", "line 1: columns: expected a label and the pixels of a square picture, such as 785"),
        ("1,-1\n", "line 1, column 2: pixel: expected a whole number from 0 to 255, found \"-1\"; scale"),
        ("1,\n", "line 1: expected a column called label, class, target, y, found 1, , ...; name"),
        (
            "label,p0\n1,\n",
            "line 2, column 2: pixel: expected a whole number from 0 to 255, found \"\"; scale",
        ),
        (
            "label,p0\n1,nan\n",
            "line 2, column 2: pixel: expected a whole number from 0 to 255, found \"nan\"; scale",
        ),
        (
            "label,p0\n1,1e400\n",
            "line 2, column 2: pixel: expected a whole number from 0 to 255, found \"1e400\"",
        ),
        (
            "label,p0\n1.5,1\n",
            "line 2, column 1: label: expected a whole number from 0 to 65535, found \"1.5\"; number",
        ),
        (
            "label,p0\n,1\n",
            "line 2, column 1: label: expected a whole number from 0 to 65535, found \"\"; number",
        ),
        (
            "label;p0\n1;2\n",
            "line 1: expected a column called label, class, target, y, found label;p0, ...; name",
        ),
        ("a,b,class\n0,255\n", "line 2: expected 3 columns, as line 1 names, found 2; write"),
        ("label,p0\n1,2\n3,4,5\n", "line 3: expected 2 columns as in the first line, found 3; write"),
        ("label,p0\n1,2\n", "images: expected test images, or enough to hold some of them out, found 1; add"),
        (
            "label,p0\n1,\0\n",
            "line 2, column 2: pixel: expected a whole number from 0 to 255, found \"\\0\"; scale",
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

/// The message of CIFAR files of which one is changed.
fn cifar_with(kind: fn(PathBuf) -> DataSource, file: &str, bytes: Option<Vec<u8>>) -> String {
    let folder = tempfile::tempdir().unwrap();
    cifar10(folder.path());
    for name in ["train.bin", "test.bin"] {
        write(&folder.path().join(name), [vec![3, 99], vec![7; 3072]].concat());
    }
    let path = folder.path().join(file);
    match bytes {
        Some(bytes) => write(&path, bytes),
        None => fs::remove_file(&path).unwrap(),
    }
    let source = kind(folder.path().to_path_buf());
    let error = load(&source, &PictureSettings::default(), &DataDir::at(folder.path())).unwrap_err();
    error.to_string().replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn cifar_files_with_any_other_content_are_refused() {
    type Kind = fn(PathBuf) -> DataSource;
    let [of_10, of_100]: [Kind; 2] = [DataSource::Cifar10, DataSource::Cifar100];
    let row = |label: &[u8]| [label, &[7; 3072]].concat();
    let size = |file: &str, row: usize, found: usize| {
        format!(
            "DIR/{file}: size: expected a multiple of {row} bytes, one for each picture, found {found}; get the file"
        )
    };
    let table = [
        (of_10, "data_batch_1.bin", Some(Vec::new()), size("data_batch_1.bin", 3073, 0)),
        (of_10, "data_batch_2.bin", Some(row(&[])), size("data_batch_2.bin", 3073, 3072)),
        (of_10, "data_batch_3.bin", Some(row(&[1, 2])), size("data_batch_3.bin", 3073, 3074)),
        (of_10, "data_batch_4.bin", Some(b"\x80\x04pickled".to_vec()), size("data_batch_4.bin", 3073, 9)),
        (of_10, "test_batch.bin", Some(b"\x1f\x8b\x08\0".to_vec()), size("test_batch.bin", 3073, 4)),
        (of_100, "train.bin", Some(Vec::new()), size("train.bin", 3074, 0)),
        (of_100, "train.bin", Some(row(&[1])), size("train.bin", 3074, 3073)),
        (of_100, "test.bin", Some(row(&[1, 2, 3])), size("test.bin", 3074, 3075)),
        (
            of_10,
            "data_batch_5.bin",
            Some([row(&[9]), row(&[10])].concat()),
            "DIR/data_batch_5.bin: label of picture 1: expected less than 10, found 10; check".to_owned(),
        ),
        (
            of_10,
            "test_batch.bin",
            Some(row(&[255])),
            "DIR/test_batch.bin: label of picture 0: expected less than 10, found 255; check".to_owned(),
        ),
        (
            of_100,
            "train.bin",
            Some(row(&[0, 100])),
            "DIR/train.bin: label of picture 0: expected less than 100, found 100; check".to_owned(),
        ),
    ];
    for (kind, file, bytes, start) in table {
        let message = cifar_with(kind, file, bytes);
        assert!(message.starts_with(&start), "{message} should start with {start}");
    }
    let files_of_10 =
        (1..=5).map(|batch| format!("data_batch_{batch}.bin")).chain(["test_batch.bin".to_owned()]);
    let all = files_of_10
        .map(|file| (of_10, file))
        .chain(["train.bin", "test.bin"].map(|file| (of_100, file.to_owned())));
    for (kind, file) in all {
        let message = cifar_with(kind, &file, None);
        assert!(message.contains(&format!("missing {file}; unpack the binary version there")), "{message}");
    }
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

/// Four terabytes by its size, which take no space on the disk and are never read.
#[cfg(target_os = "linux")]
#[test]
fn a_set_that_does_not_fit_into_memory_is_refused_with_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    cifar10(folder.path());
    let pictures = 1_300_000_000;
    let file = fs::File::create(folder.path().join("data_batch_1.bin")).unwrap();
    if file.set_len(pictures * 3073).is_err() || pool_files::free_memory_bytes().is_none() {
        eprintln!("skipped: no such files here, or no figure of free memory");
        return;
    }
    let message = loaded(folder.path()).unwrap_err().to_string();
    let expected = format!("can't allocate memory: {} bytes were asked for, and ", (pictures + 8) * 3072);
    assert!(message.starts_with(&expected), "{message}");
    assert!(
        message.ends_with(" are free; use fewer or smaller pictures, or a machine with more memory"),
        "{message}"
    );
}
