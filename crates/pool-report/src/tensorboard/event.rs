//! The protocol buffers of an event file, with the fields that scalars need: TensorBoard's `event.proto` and
//! `summary.proto`.

use prost::{Message, Oneof};

/// One record of an event file: `tensorflow.Event`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    /// The position on TensorBoard's horizontal axis.
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    pub(super) what: Option<What>,
}

/// What an event says.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    /// `brain.Event:2`, the first event of a file and of no other.
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// Values of one step: `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) values: Vec<Value>,
}

/// One value: `tensorflow.Summary.Value`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    /// The curve that it belongs to; what stands before a slash is TensorBoard's group of plots.
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    /// Optional in the sense of protocol buffers: part of a `oneof` there, so that 0 is written, too.
    #[prost(float, optional, tag = "2")]
    pub(super) simple_value: Option<f32>,
}

impl Event {
    /// How every event file begins.
    pub(super) fn file_version(wall_time: f64) -> Self {
        Self { wall_time, step: 0, what: Some(What::FileVersion("brain.Event:2".to_owned())) }
    }

    /// One value for each of these tags.
    pub(super) fn scalars(wall_time: f64, epoch: u32, scalars: &[(&str, f64)]) -> Self {
        let value =
            |&(tag, value): &(&str, f64)| Value { tag: tag.to_owned(), simple_value: Some(value as f32) };
        let summary = Summary { values: scalars.iter().map(value).collect() };
        Self { wall_time, step: epoch.into(), what: Some(What::Summary(summary)) }
    }
}
