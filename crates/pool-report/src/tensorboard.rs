//! A trial's learning curves as a TensorBoard event file.
//!
//! An event file is a sequence of protocol buffers (TensorBoard's `event.proto` and `summary.proto`, of which scalars
//! need a few fields) in TFRecord framing, which puts each of them between its length and checksums.

use crc::{CRC_32_ISCSI, Crc};
use jiff::Timestamp;
use pool_records::{EpochRecord, TrialRecord};
use prost::{Message, Oneof};

/// An event file: its name and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFile {
    /// `events.out.tfevents.<start in seconds since 1970>.pool-report`. TensorBoard reads files called `*tfevents*`.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a record cannot become an event file.
#[derive(Debug, thiserror::Error)]
pub enum EventFileError {
    /// The start or end of the trial is not a time.
    #[error(
        "trial {id}: provenance.{field}: expected a time in RFC 3339 such as 2026-01-01T10:00:00Z, found \"{found}\""
    )]
    Time {
        /// The trial.
        id: String,
        /// `started` or `ended`.
        field: &'static str,
        /// The text in its place.
        found: String,
    },
}

/// The learning curves and the test error of a trial, for TensorBoard.
///
/// | tag | at step | value |
/// |---|---|---|
/// | `loss/train`, `loss/validation` | every epoch, from 1 | mean categorical cross-entropy, nats |
/// | `error/train`, `error/validation` | every epoch | fraction of the images misclassified |
/// | `epoch_seconds/train` | every epoch | seconds of training steps |
/// | `error/test` | the epoch whose weights were evaluated | fraction of the test images misclassified |
///
/// TensorBoard's scalars are 32-bit floats. A loss that is NaN is written as it is: TensorBoard marks it with a
/// triangle, whereas a curve that just ended would look as if training had stopped. An epoch's wall time is the trial's
/// start plus the seconds of training and validation up to the end of the epoch; the wall time of the test error is the
/// trial's end.
///
/// # Errors
///
/// [`EventFileError::Time`] if the record's start or end is not a time in RFC 3339.
pub fn tensorboard_events(record: &TrialRecord) -> Result<EventFile, EventFileError> {
    let started = time(record, "started", &record.provenance.started)?;
    let ended = time(record, "ended", &record.provenance.ended)?;

    let mut events = vec![Event::file_version(seconds(started))];
    let mut wall_time = seconds(started);
    for epoch in &record.epochs {
        wall_time += epoch.train_s + epoch.validation_s;
        events.push(Event::scalars(wall_time, epoch.epoch, &epoch_scalars(epoch)));
    }
    if let (Some(epoch), Some(test)) = (record.best_epoch, &record.test) {
        events.push(Event::scalars(seconds(ended), epoch, &[("error/test", test.evaluation.error_rate())]));
    }

    let name = format!("events.out.tfevents.{}.pool-report", started.as_second());
    let bytes = events.iter().flat_map(|event| frame(&event.encode_to_vec())).collect();
    Ok(EventFile { name, bytes })
}

fn epoch_scalars(epoch: &EpochRecord) -> [(&'static str, f64); 5] {
    [
        ("loss/train", epoch.train_loss),
        ("loss/validation", epoch.validation_loss),
        ("error/train", epoch.train_error),
        ("error/validation", epoch.validation_error),
        ("epoch_seconds/train", epoch.train_s),
    ]
}

fn time(record: &TrialRecord, field: &'static str, text: &str) -> Result<Timestamp, EventFileError> {
    text.parse().map_err(|_| EventFileError::Time { id: record.id.clone(), field, found: text.to_owned() })
}

/// Seconds since 1970.
fn seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

/// One record of an event file: `tensorflow.Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    /// The position on TensorBoard's horizontal axis.
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "Content", tags = "3, 5")]
    content: Option<Content>,
}

/// The content of an event.
#[derive(Clone, PartialEq, Oneof)]
enum Content {
    /// `brain.Event:2`: in the first event of a file and no other.
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// The values of one step: `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

/// One value: `tensorflow.Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Value {
    /// The curve that it belongs to; the part before a slash is TensorBoard's group of plots.
    #[prost(string, tag = "1")]
    tag: String,
    /// Optional because it is part of a `oneof` in the protocol, where 0 has to be written too.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

impl Event {
    /// The first event of every file.
    fn file_version(wall_time: f64) -> Self {
        Self { wall_time, step: 0, content: Some(Content::FileVersion("brain.Event:2".to_owned())) }
    }

    /// One value per tag.
    fn scalars(wall_time: f64, epoch: u32, scalars: &[(&str, f64)]) -> Self {
        let value =
            |&(tag, value): &(&str, f64)| Value { tag: tag.to_owned(), simple_value: Some(value as f32) };
        let summary = Summary { values: scalars.iter().map(value).collect() };
        Self { wall_time, step: epoch.into(), content: Some(Content::Summary(summary)) }
    }
}

/// CRC-32C, Castagnoli's polynomial: RFC 3720, section 12.1.
const CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// TFRecord framing: length (64 bits), its masked checksum (32 bits), data, masked checksum of the data; all
/// little-endian.
fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), data, &masked_crc(data)].concat()
}

/// The checksum rotated by 15 bits plus a constant, because a checksum of data that contains checksums is weak.
fn masked_crc(data: &[u8]) -> [u8; 4] {
    CRC_32C.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
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
