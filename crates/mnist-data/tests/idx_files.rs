//! The IDX format: every element type, every way to be wrong with its message, and any bytes at all.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use mnist_data::{DataError, IdxArray, IdxError, Mismatch, decode_idx, read_idx, read_idx_with_sha256};
use proptest::prelude::*;

/// Code and bytes of every element type that is read.
const ELEMENTS: [(u8, usize); 4] = [(0x08, 1), (0x09, 1), (0x0b, 2), (0x0c, 4)];

/// Writes an array as an IDX file of these elements; bytes that are signed go up to 127.
fn encode(array: &IdxArray, (code, element_bytes): (u8, usize)) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, array.shape.len() as u8];
    bytes.extend(array.shape.iter().flat_map(|&size| (size as u32).to_be_bytes()));
    for &value in &array.values {
        bytes.extend(vec![0; element_bytes - 1]);
        bytes.push(value);
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn message(bytes: &[u8]) -> String {
    decode_idx(bytes).unwrap_err().to_string()
}

#[test]
fn decodes_big_endian_integers_from_0_to_255_of_every_size() {
    // Written by hand from the format's description, not by `encode`.
    let table: [(&[u8], &[u8]); 4] = [
        (&[0, 0, 0x08, 1, 0, 0, 0, 2, 1, 255], &[1, 255]),
        (&[0, 0, 0x09, 1, 0, 0, 0, 2, 1, 127], &[1, 127]),
        (&[0, 0, 0x0b, 1, 0, 0, 0, 2, 0, 2, 0, 254], &[2, 254]),
        (&[0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0, 0, 200], &[200]),
    ];
    for (bytes, values) in table {
        let expected = IdxArray { shape: vec![values.len()], values: values.to_vec() };
        assert_eq!(decode_idx(bytes).unwrap(), expected);
    }
}

#[test]
fn an_error_names_the_place_the_rule_and_the_value() {
    let table: [(&[u8], &str); 17] = [
        (&[], "magic number: expected 4 header bytes, found 0; the file is cut off, get it again"),
        (&[0x1f], "magic number: expected 4 header bytes, found 1; the file is cut off, get it again"),
        (&[0, 0, 8], "magic number: expected 4 header bytes, found 3; the file is cut off, get it again"),
        (
            &[0, 0, 8, 2, 0, 0, 0, 1, 0],
            "size of dimension 2: expected 12 header bytes, found 9; the file is cut off, get it again",
        ),
        (
            b"\x89PNG\r\n",
            "magic number: expected first bytes 0x00 0x00, found 0x89 0x50; this is not an IDX file",
        ),
        (
            &[0, 0, 0x0a, 1],
            "element type: expected 0x08 (u8), 0x09 (i8), 0x0b (i16) or 0x0c (i32), found 0x0a; \
             this is not an IDX file",
        ),
        (
            &[0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0],
            "element type: expected u8, or integers from 0 to 255, found f32; write the labels or pixels as bytes",
        ),
        (
            &[0, 0, 0x0e, 1],
            "element type: expected u8, or integers from 0 to 255, found f64; write the labels or pixels as bytes",
        ),
        (
            &[0, 0, 0x09, 1, 0, 0, 0, 2, 1, 255],
            "element 1: expected a whole number from 0 to 255, found -1; number the classes, and scale the pixels, \
             from 0 to 255",
        ),
        (
            &[0, 0, 0x0b, 1, 0, 0, 0, 1, 1, 2],
            "element 0: expected a whole number from 0 to 255, found 258; number the classes, and scale the pixels, \
             from 0 to 255",
        ),
        (
            &[0, 0, 0x0c, 1, 0, 0, 0, 1, 0x80, 0, 0, 0],
            "element 0: expected a whole number from 0 to 255, found -2147483648; number the classes, and scale the \
             pixels, from 0 to 255",
        ),
        (&[0, 0, 8, 0], "dimension count: expected 1 to 4, found 0; reshape the array before it is written"),
        (&[0, 0, 8, 5], "dimension count: expected 1 to 4, found 5; reshape the array before it is written"),
        (
            &[0, 0, 12, 3, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1],
            "dimension sizes: expected a product below 2^63 bytes, found [4294967295, 4294967295, 1] elements of \
             4 bytes; the header is damaged, get the file again",
        ),
        (
            &[0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 3],
            "body: expected 4 bytes, found 3; the file is cut off, get it again",
        ),
        (
            &[0, 0, 8, 1, 0, 0, 0, 1, 1, 2],
            "body: expected 1 bytes, found more; the header is damaged or something was appended, get the file again",
        ),
        (
            &[0x1f, 0x8b, 0, 0],
            "magic number: expected an intact gzip stream, found: unexpected end of file; get the file again",
        ),
    ];
    for (bytes, expected) in table {
        assert_eq!(message(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn a_header_that_claims_terabytes_costs_no_memory() {
    // Four billion pictures of four billion bytes, none of which is there; allocating them would abort this test.
    let header = [0, 0, 8, 2, 0x7f, 255, 255, 255, 255, 255, 255, 255];
    let expected = u64::from(0x7fff_ffff_u32) * u64::from(u32::MAX);
    assert!(message(&header).starts_with(&format!("body: expected {expected} bytes, found 0;")));
}

#[test]
fn reads_no_more_than_one_byte_beyond_what_the_header_claims() {
    struct Endless<'a>(&'a mut u64);
    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            *self.0 += buffer.len() as u64;
            buffer.fill(7);
            Ok(buffer.len())
        }
    }
    let mut given = 0;
    let bytes = [0, 0, 8, 1, 0, 0, 0, 4].chain(Endless(&mut given));
    assert!(matches!(decode_idx(bytes), Err(IdxError::Mismatch(Mismatch { found, .. })) if found == "more"));
    assert_eq!(given, 5);
}

#[test]
fn a_size_of_zero_is_an_empty_array() {
    let bytes = [0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255];
    let array = decode_idx(&bytes[..]).unwrap();
    assert!(array.values.is_empty());
    assert_eq!(array.shape, [u32::MAX as usize, 0, u32::MAX as usize]);
}

#[test]
fn a_gzip_stream_must_be_whole_to_its_last_byte() {
    let array = IdxArray { shape: vec![300], values: (0..=255).cycle().take(300).collect() };
    let packed = gzip(&encode(&array, ELEMENTS[0]));
    assert_eq!(decode_idx(&packed[..]).unwrap(), array);
    for end in 2..packed.len() {
        let error = decode_idx(&packed[..end]).unwrap_err();
        assert!(matches!(error, IdxError::BrokenGzip { .. }), "cut at {end}: {error}");
    }
    let mut wrong_checksum = packed.clone();
    let at = packed.len() - 8;
    wrong_checksum[at] ^= 1;
    assert!(matches!(decode_idx(&wrong_checksum[..]), Err(IdxError::BrokenGzip { .. })));
    let appended = [packed, b"rubbish".to_vec()].concat();
    assert!(matches!(decode_idx(&appended[..]), Err(IdxError::BrokenGzip { .. })));
}

#[test]
fn a_failing_disk_is_not_called_a_broken_file() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let raw = [0, 0, 8, 1, 0, 0, 0, 4].chain(Failing);
    assert_eq!(decode_idx(raw).unwrap_err().to_string(), "body: cannot read: disk on fire");
    let packed = gzip(&[0; 99]);
    let cut = packed[..12].chain(Failing);
    assert!(matches!(decode_idx(cut), Err(IdxError::Io { .. })));
}

#[test]
fn file_errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("images");
    let missing = read_idx(&file).unwrap_err();
    assert_eq!(missing.to_string(), format!("{}: no such file; check the path", file.display()));
    assert!(!missing.is_missing());

    fs::write(&file, [0, 0, 8, 9]).unwrap();
    let damaged = read_idx(&file).unwrap_err();
    assert!(damaged.to_string().starts_with(&format!("{}: dimension count: ", file.display())), "{damaged}");
    assert!(!damaged.is_missing());

    let error = read_idx(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "a folder is not readable as a file: {error}");
}

#[test]
fn the_checksum_is_that_of_the_decompressed_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = [0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3];
    // printf '\0\0\10\1\0\0\0\3\1\2\3' | sha256sum
    let expected = "398a8a7fbd9531f1d9aa2ae368533e137cb53c202c3665f25affcf1ca88844ab";
    for (name, content) in [("raw", bytes.to_vec()), ("packed", gzip(&bytes))] {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let (array, sha256) = read_idx_with_sha256(Path::new(&file)).unwrap();
        assert_eq!((array.shape, sha256.as_str()), (vec![3], expected), "{name}");
    }
}

fn arrays() -> impl Strategy<Value = IdxArray> {
    prop::collection::vec(0_usize..6, 1..=4).prop_flat_map(|shape| {
        let count = shape.iter().product::<usize>();
        let values = prop::collection::vec(0..=127_u8, count);
        values.prop_map(move |values| IdxArray { shape: shape.clone(), values })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(array in arrays(), element in prop::sample::select(&ELEMENTS[..])) {
        let bytes = encode(&array, element);
        prop_assert_eq!(&decode_idx(&bytes[..]).unwrap(), &array);
        prop_assert_eq!(&decode_idx(&gzip(&bytes)[..]).unwrap(), &array);
    }

    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_idx(&bytes[..]);
    }

    #[test]
    fn any_bytes_behind_a_good_beginning_are_answered_without_a_panic(
        packed in any::<bool>(),
        code in 0x07_u8..0x10,
        dimensions in 0_u8..6,
        rest in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), 0_u8..4], 0..60),
    ) {
        let bytes = [vec![0, 0, code, dimensions], rest].concat();
        let _ = if packed { decode_idx(&gzip(&bytes)[..]) } else { decode_idx(&bytes[..]) };
    }

    #[test]
    fn a_damaged_gzip_stream_is_answered_without_a_panic(array in arrays(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut packed = gzip(&encode(&array, ELEMENTS[0]));
        let at = at.index(packed.len());
        packed[at] ^= 1_u8 << bit;
        let _ = decode_idx(&packed[..]);
    }
}
