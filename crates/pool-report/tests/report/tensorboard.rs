//! Event files, read with messages of the test's own.
use pool_records::TrialRecord;
use pool_report::tensorboard_events;
use prost::Message;

use crate::synthetic::{diverged, trial};

/// The fields of `event.proto` that the files use.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// The events of a file; checksums are not looked at.
fn events(record: &TrialRecord) -> Vec<Event> {
    let bytes = tensorboard_events(record).unwrap().bytes;
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while let Some((length, framed)) = rest.split_first_chunk::<8>() {
        let end = 4 + u64::from_le_bytes(*length) as usize;
        events.push(Event::decode(&framed[4..end]).unwrap());
        rest = &framed[end + 4..];
    }
    assert!(rest.is_empty());
    events
}

/// What stands under a tag: steps with their values.
fn curve(record: &TrialRecord, tag: &str) -> Vec<(i64, f32)> {
    let mut points = Vec::new();
    for event in events(record) {
        for value in event.summary.into_iter().flat_map(|summary| summary.values) {
            if value.tag == tag {
                points.push((event.step, value.simple_value.unwrap()));
            }
        }
    }
    points
}

#[test]
fn a_file_begins_with_its_version_at_the_start_of_the_trial() {
    let record = trial("maximum", "\"max\"", 1, 2);
    assert_eq!(tensorboard_events(&record).unwrap().name, "events.out.tfevents.1767261600.pool-report");
    let first = events(&record).swap_remove(0);
    assert_eq!(first.file_version.as_deref(), Some("brain.Event:2"));
    assert_eq!((first.wall_time, first.step), (1_767_261_600.0, 0));
}

#[test]
fn every_epoch_has_a_value_under_every_tag() {
    let record = trial("maximum", "\"max\"", 1, 3);
    let table = [
        ("loss/train", record.epochs.iter().map(|epoch| epoch.train_loss).collect::<Vec<f64>>()),
        ("loss/validation", record.epochs.iter().map(|epoch| epoch.validation_loss).collect()),
        ("error/train", record.epochs.iter().map(|epoch| epoch.train_error).collect()),
        ("error/validation", record.epochs.iter().map(|epoch| epoch.validation_error).collect()),
        ("epoch_seconds/train", record.epochs.iter().map(|epoch| epoch.train_s).collect()),
    ];
    for (tag, values) in table {
        let expected: Vec<(i64, f32)> = (1..).zip(values.into_iter().map(|value| value as f32)).collect();
        assert_eq!(curve(&record, tag), expected, "{tag}");
    }
}

#[test]
fn the_test_error_stands_at_the_epoch_whose_weights_were_evaluated() {
    let mut record = trial("maximum", "\"max\"", 5, 3);
    record.best_epoch = Some(2);
    assert_eq!(curve(&record, "error/test"), [(2, 0.0150)]);
    record.test = None;
    assert_eq!(curve(&record, "error/test"), []);
}

#[test]
fn an_error_of_zero_is_written_and_not_left_out() {
    let mut record = trial("maximum", "\"max\"", 1, 1);
    record.epochs[0].validation_error = 0.0;
    assert_eq!(curve(&record, "error/validation"), [(1, 0.0)]);
}

#[test]
fn wall_times_add_up_training_and_validation_and_end_with_the_trial() {
    let times: Vec<f64> =
        events(&trial("maximum", "\"max\"", 1, 2)).iter().map(|event| event.wall_time).collect();
    // Epochs of 7.5 and 0.5 seconds, in a trial of two minutes.
    assert_eq!(times, [0.0, 8.0, 16.0, 120.0].map(|seconds| 1_767_261_600.0 + seconds));
}

#[test]
fn losses_that_are_no_numbers_stay_what_they_are() {
    let record = diverged("maximum", 1);
    assert!(curve(&record, "loss/train")[1].1.is_nan());
    assert_eq!(curve(&record, "loss/validation")[1], (2, f32::INFINITY));
}

#[test]
fn a_record_without_times_is_refused() {
    let mut record = trial("maximum", "\"max\"", 1, 1);
    record.id = "maximum-s1".to_owned();
    let table = [
        ("", "2026-01-01T10:02:00Z", "provenance.started", "\"\""),
        ("2026-01-01T10:00:00Z", "tomorrow", "provenance.ended", "\"tomorrow\""),
    ];
    for (started, ended, field, found) in table {
        record.provenance.started = started.to_owned();
        record.provenance.ended = ended.to_owned();
        let expected = format!(
            "trial maximum-s1: {field}: expected a time in RFC 3339 such as 2026-01-01T10:00:00Z, found {found}"
        );
        assert_eq!(tensorboard_events(&record).unwrap_err().to_string(), expected);
    }
}
