//! Archives of tar whose headers have the sums that they should have, for the fuzz target and the test of bundles: they
//! include this file by its path.

/// The archive with the sum of every header set right: it stands in the way of whoever changes one.
pub(crate) fn summed(mut archive: Vec<u8>) -> Vec<u8> {
    for header in archive.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive
}
