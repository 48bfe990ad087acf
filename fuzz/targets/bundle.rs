//! A bundle as it comes, and one whose archive is what comes.

#![no_main]

#[path = "../tar_sums.rs"]
mod tar_sums;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use pool_records::unpack_run;
use pool_report::Run;
use pooling_fuzz::{assert_is_one_line_about, folder, stored};
use tar_sums::summed;

fuzz_target!(|bytes: &[u8]| {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&summed(bytes.to_vec())).expect("memory takes everything");
    for bytes in [bytes, &packed.finish().expect("memory takes everything")[..]] {
        let bundle = stored("study.pool-run.tar.gz", bytes);
        let run = folder().join("study");
        match unpack_run(&bundle, Some(&run)) {
            Ok(_) => {
                Run::read(&run).expect("what is unpacked is a run");
                std::fs::remove_dir_all(&run).expect("a temporary folder");
            }
            Err(error) => {
                assert_is_one_line_about(&bundle, &error);
                assert!(!run.exists(), "something is left of it");
            }
        }
    }
});
