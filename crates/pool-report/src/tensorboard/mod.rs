//! A trial's learning curves as a TensorBoard event file.

mod event;
mod tfrecord;

use jiff::Timestamp;
use pool_metrics::{EpochRecord, TrialRecord};
use prost::Message;

use event::Event;

/// An event file: what it is to be called and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFile {
    /// `events.out.tfevents.<start in seconds since 1970>.pool-report`: TensorBoard reads what is called `*tfevents*`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A record that cannot become an event file.
#[derive(Debug, thiserror::Error)]
pub enum EventFileError {
    /// A time that the events depend on is not one.
    #[error(
        "trial {id}: provenance.{field}: expected a time in RFC 3339 such as 2026-01-01T10:00:00Z, found \"{found}\""
    )]
    Time {
        /// The trial.
        id: String,
        /// `started` or `ended`.
        field: &'static str,
        /// What is there instead.
        found: String,
    },
}

/// What TensorBoard shows of a trial.
///
/// | tag | at step | value |
/// |---|---|---|
/// | `loss/train`, `loss/validation` | every epoch, from 1 | mean categorical cross-entropy, nats |
/// | `error/train`, `error/validation` | every epoch | fraction of the images misclassified |
/// | `epoch_seconds/train` | every epoch | seconds of training steps |
/// | `error/test` | the epoch whose weights were evaluated | fraction of the test images misclassified |
///
/// TensorBoard's scalars are 32-bit floats. A loss that is not a number is written as it is: TensorBoard marks it with
/// a triangle, and a curve that merely ended there would look like one that was stopped. An epoch's wall time is the
/// trial's start and the seconds of training and validation up to its end; that of the test error is the trial's end.
///
/// # Errors
///
/// [`EventFileError::Time`] if the record's start or end is not a time.
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
    let bytes = events.iter().flat_map(|event| tfrecord::frame(&event.encode_to_vec())).collect();
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

/// Since 1970.
fn seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}
