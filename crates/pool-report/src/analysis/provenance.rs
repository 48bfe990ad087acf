//! Where the numbers of a run come from.
use pool_records::{ComputedWith, TrialRecord};
use pool_spec::TrainSpec;

use crate::Run;
use crate::cells::NOTHING;

/// Labels that tables look for.
pub(crate) const THREADS_OF_A_TRIAL: &str = "threads of a trial";
pub(crate) const TRIALS_AT_ONCE: &str = "trials at once";

/// Label and text of everything that was set, everything that it ran on, and when; empty before the first trial has
/// finished.
pub(crate) fn provenance(run: &Run) -> Vec<(&'static str, String)> {
    let mut facts = settings_and_machine(run);
    if !facts.is_empty() {
        let started = or_nothing(run.records().map(|record| &record.provenance.started).min());
        let ended = or_nothing(run.records().map(|record| &record.provenance.ended).max());
        facts.extend([("first trial started", started), ("last trial ended", ended)]);
    }
    facts
}

/// Label and text of everything that was set and everything that it ran on; empty before the first trial has finished.
pub(crate) fn settings_and_machine(run: &Run) -> Vec<(&'static str, String)> {
    if run.records().next().is_none() {
        return Vec::new();
    }
    let costs = || run.arms.iter().flat_map(|arm| &arm.costs);
    let all = |text: fn(&TrialRecord) -> String| distinct(run.records().map(text));
    vec![
        ("data", all(data)),
        ("batch size", all(|record| record.spec.train.batch_size.to_string())),
        ("epochs at most", all(|record| record.spec.train.epochs.to_string())),
        ("optimizer", all(|record| record.spec.train.optimizer_words())),
        ("augmentation", all(|record| record.spec.data.augment.to_string())),
        ("loss", all(|record| record.spec.train.loss_words())),
        ("schedule", all(|record| record.spec.train.schedule_words())),
        ("precision of products", all(|record| record.spec.train.precision.to_string())),
        ("early stopping", all(|record| early_stopping(&record.spec.train))),
        ("program", all(|record| record.provenance.program.clone())),
        ("git revision", all(|record| or_nothing(record.provenance.git_revision.as_ref()))),
        ("libtorch", all(|record| record.provenance.libtorch.clone())),
        ("kernels", all(|record| through(record, |with| with.kernels.clone()))),
        ("device", all(|record| through(record, |with| with.device.clone()))),
        ("processor", all(|record| or_nothing(record.provenance.cpu.as_ref()))),
        ("system", all(|record| record.provenance.os.clone())),
        (THREADS_OF_A_TRIAL, all(|record| through(record, |with| with.threads.to_string()))),
        (TRIALS_AT_ONCE, all(|record| record.contention.jobs.to_string())),
        ("costs measured on", distinct(costs().map(|costs| or_nothing(costs.provenance.cpu.as_ref())))),
        ("threads of a measurement", distinct(costs().map(|costs| costs.provenance.threads.to_string()))),
    ]
}

/// The source, and what was done to its images while they were loaded.
fn data(record: &TrialRecord) -> String {
    let remarks = record.remarks.sentences();
    std::iter::once(record.spec.data.source.to_string()).chain(remarks).collect::<Vec<_>>().join(". ")
}

fn early_stopping(train: &TrainSpec) -> String {
    train.early_stopping.map_or_else(|| "none".to_owned(), |rule| rule.to_string())
}

/// What a trial was computed with, from its first epoch to its last: `2`, or `1, then 2` if that changed.
fn through(record: &TrialRecord, text: fn(&ComputedWith) -> String) -> String {
    let mut texts: Vec<String> = record.earlier.iter().map(|earlier| text(&earlier.with)).collect();
    texts.push(text(&record.ended_with()));
    texts.dedup();
    match &texts[..] {
        [only] if only.is_empty() => NOTHING.to_owned(),
        texts => texts.join(", then "),
    }
}

fn or_nothing(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| NOTHING.to_owned())
}

/// A run can be resumed on another machine: every text once, in the order of the records.
pub(super) fn each_once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// The same in one line.
fn distinct(texts: impl Iterator<Item = String>) -> String {
    let found = each_once(texts);
    if found.is_empty() { NOTHING.to_owned() } else { found.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_differ_are_all_shown() {
        assert_eq!(distinct(["cpu", "cuda:0", "cpu"].map(str::to_owned).into_iter()), "cpu; cuda:0");
    }
}
