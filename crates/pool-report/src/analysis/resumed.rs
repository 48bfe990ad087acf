//! Trials that were resumed with different settings, such as another number of threads.
use pool_records::{EarlierEpochs, TrialRecord};

use crate::Run;
use crate::cells::counted;

/// The most trials that are named.
const MOST_NAMED: usize = 5;

/// A warning that names these trials.
pub(super) fn sentence(run: &Run) -> Option<String> {
    let resumed: Vec<String> = run.records().filter_map(changes).collect();
    if resumed.is_empty() {
        return None;
    }
    let named = resumed.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join("; ");
    let more = resumed.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(format!(
        "{} resumed after an interruption with different settings ({named}{more}). The last digits of such a trial may \
         differ from those of an uninterrupted one.",
        counted(resumed.len(), "trial")
    ))
}

/// `max-s1-0de0d558: 2 threads instead of 1 after epoch 3`.
fn changes(record: &TrialRecord) -> Option<String> {
    let next = record.earlier.iter().skip(1).map(|earlier| earlier.with.clone()).chain([record.ended_with()]);
    let changes = record.earlier.iter().zip(next).map(|(EarlierEpochs { until_epoch, with }, next)| {
        format!("{} after epoch {until_epoch}", next.changes_from(with).join(", "))
    });
    let changes: Vec<String> = changes.collect();
    (!changes.is_empty()).then(|| format!("{}: {}", record.id, changes.join(", then ")))
}
