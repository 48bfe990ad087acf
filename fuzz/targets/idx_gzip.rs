//! Gzip around an IDX file: a stream as it comes, and one whose content is what comes.

#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use mnist_data::{decode_idx, read_idx_with_sha256};
use pooling_fuzz::{assert_is_one_line_about, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("images.gz", bytes);
    match (read_idx_with_sha256(&path), decode_idx(bytes)) {
        (Ok((array, sha256)), Ok(decoded)) => {
            assert_eq!(array, decoded);
            assert_eq!(sha256.len(), 64);
        }
        (Err(error), Err(_)) => assert_is_one_line_about(&path, &error),
        (read, decoded) => panic!("{read:?} from a file, {decoded:?} from memory"),
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    // A checksum stands in the way of whoever changes a packed file.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory takes everything");
    let packed = packed.finish().expect("memory takes everything");
    match (decode_idx(bytes), decode_idx(&packed[..])) {
        (Ok(plain), Ok(unpacked)) => assert_eq!(plain, unpacked),
        (Err(plain), Err(unpacked)) => assert_eq!(plain.to_string(), unpacked.to_string()),
        (plain, unpacked) => panic!("{plain:?} as it is, {unpacked:?} packed"),
    }
});
