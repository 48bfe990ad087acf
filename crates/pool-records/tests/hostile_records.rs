//! Records that are no longer what they were, and text that never was one.

#[path = "../../../fuzz/damage.rs"]
mod damage;

use damage::{damaged, seeds};
use pool_records::{CostRecord, Record, RecordError, TrialRecord};
use pool_spec::PlanFile;
use proptest::prelude::*;

fn texts() -> impl Strategy<Value = String> {
    let record = damaged(seeds("record_json")).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![1 => any::<String>(), 1 => "[{}\\[\\]\":,0-9a-z ]{0,60}", 8 => record]
}

/// A record is refused in a line, or is the same when it is written and read again. The text is compared, because a
/// loss that is no number is not its own equal.
fn check<R>(
    text: &str,
    read: fn(&str) -> Result<R, RecordError>,
    write: fn(&R) -> String,
) -> Result<(), TestCaseError> {
    match read(text) {
        Ok(record) => {
            let written = write(&record);
            prop_assert_eq!(write(&read(&written).unwrap()), written);
        }
        Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{}", error),
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_record_is_refused_in_a_line_or_is_the_same_when_written_again(text in texts()) {
        check(&text, TrialRecord::from_json, TrialRecord::to_json)?;
        check(&text, CostRecord::from_json, CostRecord::to_json)?;
        if let Ok(plan) = serde_json::from_str::<PlanFile>(&text) {
            let written = serde_json::to_string(&plan).unwrap();
            prop_assert_eq!(serde_json::from_str::<PlanFile>(&written).unwrap(), plan);
        }
    }
}
