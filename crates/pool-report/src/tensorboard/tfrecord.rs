//! TFRecord framing: each record between its length and checksums.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C, Castagnoli's polynomial: RFC 3720, section 12.1.
const CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Length (64 bits), its masked checksum (32 bits), data, masked checksum of the data; numbers are little-endian.
pub(super) fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), data, &masked_crc(data)].concat()
}

/// The checksum turned by 15 bits and moved by a constant, as a checksum of data that holds checksums is a poor one.
fn masked_crc(data: &[u8]) -> [u8; 4] {
    CRC_32C.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::event::Event;
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4, and the check value of the catalogue of CRC algorithms.
        let table = [
            (vec![0; 32], 0x8a91_36aa, "32 bytes of zeroes"),
            (vec![0xff; 32], 0x62a8_ab43, "32 bytes of ones"),
            ((0..32).collect(), 0x46dd_794e, "32 bytes rising from 0"),
            ((0..32).rev().collect(), 0x113f_db5c, "32 bytes falling to 0"),
            (b"123456789".to_vec(), 0xe306_9283, "the check value"),
        ];
        for (data, expected, name) in table {
            assert_eq!(CRC_32C.checksum(&data), expected, "{name}");
        }
    }

    #[test]
    fn records_are_those_that_tensorboard_writes() {
        // tensorboard.summary.writer.record_writer.RecordWriter of tensorboard 2.21.0, given the same events.
        let version = Event::file_version(1_767_261_600.0);
        let scalar = Event::scalars(1_767_261_607.5, 1, &[("loss/train", 0.5)]);
        let table = [
            (
                version,
                "1800000000000000a37f4b22\
                 09000000689155da411a0d627261696e2e4576656e743a32\
                 97fcdeda",
            ),
            (
                scalar,
                "200000000000000029eda950\
                 090000e0699155da4110012a130a110a0a6c6f73732f747261696e150000003f\
                 2f55f344",
            ),
        ];
        for (event, expected) in table {
            let record = frame(&event.encode_to_vec());
            let hex: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected);
        }
    }
}
