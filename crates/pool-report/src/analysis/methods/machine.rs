//! How costs were measured, and what everything ran on.

use pool_metrics::MemoryModel;
use pool_records::{Contention, CostRecord, Provenance, TrialRecord};

use super::super::provenance::each_once;
use super::{counted_range, named, per_cent, range};
use crate::cells::{counted, listed, thousands};
use crate::{ArmFigures, Run};

/// How time and memory were measured; empty where they were not.
pub(super) fn costs(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let records: Vec<&CostRecord> = run.arms.iter().flat_map(|arm| &arm.costs).collect();
    if records.is_empty() {
        return Vec::new();
    }
    let mut sentences = vec![processes(run, &records)];
    sentences.extend(machines(arms));
    sentences.push(timed(&records));
    sentences.push(disturbed(arms, &records));
    sentences.extend(memory(&records));
    sentences
}

/// In how many processes each arm was measured, and in which order.
fn processes(run: &Run, records: &[&CostRecord]) -> String {
    let measured: Vec<_> = run.arms.iter().filter(|arm| !arm.costs.is_empty()).collect();
    let names: Vec<&str> = measured.iter().map(|arm| arm.name.as_str()).collect();
    let whose = match &names[..] {
        [only] => (*only).to_owned(),
        all if all.len() == run.arms.len() => "each arm".to_owned(),
        some => format!("each of {}", named(some)),
    };
    let counts = || measured.iter().map(|arm| arm.costs.len() as u64);
    let several = counts().max() > Some(1);
    let processes = if several { format!("{} processes", range(counts())) } else { "one process".to_owned() };
    let alone = records.iter().all(|record| record.contention.jobs == 1);
    let turns = match (several, names.len() > 1) {
        _ if !alone => "",
        (true, true) => ", one at a time and the arms by turns",
        (true, false) | (false, true) => ", one at a time",
        (false, false) => "",
    };
    format!("Time and memory of {whose} were measured apart from the trials, in {processes}{turns}.")
}

/// What the measurements ran on.
fn machines(arms: &[ArmFigures]) -> Option<String> {
    match &each_once(arms.iter().flat_map(|arm| arm.costs.machines.iter().cloned()))[..] {
        [] => None,
        [one] => Some(format!("The measurements ran on {one}.")),
        several => Some(format!(
            "The measurements ran under {} different conditions ({}), so that times of different arms must not be \
             compared.",
            several.len(),
            several.join("; ")
        )),
    }
}

/// What each process timed, and what it left out.
fn timed(records: &[&CostRecord]) -> String {
    let of = |figure: fn(&CostRecord) -> u64| range(records.iter().map(|record| figure(record)));
    let warm_up = of(|record| record.training.warm_up_steps);
    let epochs = counted_range(records.iter().map(|record| record.training.epoch_s.len() as u64), "epoch");
    let mut batches: Vec<u64> =
        records.iter().flat_map(|record| record.latencies()).map(|latency| latency.batch_size).collect();
    batches.sort_unstable();
    batches.dedup();
    let mut what = vec![format!("every training step of {epochs}")];
    if records.iter().any(|record| record.prediction.images > 0) {
        what.push(format!(
            "the prediction of {} images in batches of {}",
            of(|record| record.prediction.images),
            of(|record| record.prediction.batch_size)
        ));
    }
    if !batches.is_empty() {
        what.push(format!("that of single batches of {} images", sizes(&batches)));
    }
    format!(
        "Before the clock started, a process trained for {warm_up} steps; it then timed {}.",
        listed(&what)
    )
}

/// Which processes other work disturbed, and what became of their times.
fn disturbed(arms: &[ArmFigures], records: &[&CostRecord]) -> String {
    let all = records.len();
    let contended = records.iter().filter(|record| record.contention.is_contended()).count();
    if contended == 0 && records.iter().all(|record| record.contention.others_share.is_none()) {
        return "What other programs took of the processor meanwhile is not known.".to_owned();
    }
    let rule = format!(
        "A process counts as disturbed if another task of the sweep could run meanwhile, or if other programs took more than \
         {} of the processor's time",
        per_cent(Contention::TOLERATED_SHARE)
    );
    let in_vain: Vec<&str> = arms
        .iter()
        .filter(|arm| arm.costs.contended && arm.costs.processes > 0)
        .map(|arm| arm.arm.as_str())
        .collect();
    match (contended, &in_vain[..]) {
        (0, _) => format!("{rule}: none of {all}."),
        (some, []) => format!("{rule}: {some} of {all}, whose times are left out."),
        (some, arms) => format!(
            "{rule}: {some} of {all}. No undisturbed one is left of {}, whose times must not be compared.",
            named(arms)
        ),
    }
}

/// Whose peaks of memory were measured, and how.
fn memory(records: &[&CostRecord]) -> Option<String> {
    let of = |phase: MemoryModel| {
        let peaks = records.iter().flat_map(|record| &record.memory);
        let measured = peaks.filter(|peak| peak.bytes.is_some() && peak.estimate.model == phase);
        let mut batches: Vec<u64> = measured.map(|peak| peak.estimate.batch_size).collect();
        batches.sort_unstable();
        batches.dedup();
        batches
    };
    let phases = [("training", of(MemoryModel::Training)), ("prediction", of(MemoryModel::Inference))];
    let phases: Vec<String> = phases
        .into_iter()
        .filter(|(_, batches)| !batches.is_empty())
        .map(|(phase, batches)| format!("{phase} (batches of {})", sizes(&batches)))
        .collect();
    (!phases.is_empty()).then(|| {
        format!(
            "The memory of {} is the most that a process of its own had resident, less what it had before the network was \
             built.",
            listed(&phases)
        )
    })
}

/// `1, 32 and 200`.
fn sizes(batches: &[u64]) -> String {
    listed(&batches.iter().map(|&batch| thousands(Some(batch))).collect::<Vec<_>>())
}

/// What the trials ran on, and what computed them.
pub(super) fn machine_and_software(run: &Run) -> Vec<String> {
    let of = |text: fn(&TrialRecord) -> String| each_once(run.records().map(text));
    let mut sentences = vec![processors(run)];
    let devices = of(|record| record.provenance.device.clone());
    if devices.iter().any(|device| device != "cpu") {
        let devices = devices.iter().map(|device| match device.as_str() {
            "cpu" => "the processor".to_owned(),
            device => format!("the device {device}"),
        });
        sentences.push(format!("Networks were computed on {}.", listed(&devices.collect::<Vec<_>>())));
    }
    let threads = run.records().flat_map(|record| {
        let earlier = record.earlier.iter().map(|earlier| earlier.with.threads);
        earlier.chain([record.provenance.threads]).map(u64::from)
    });
    let jobs = run.records().map(|record| u64::from(record.contention.jobs));
    sentences.push(format!(
        "A trial had {}, and at most {} ran at a time.",
        counted_range(threads, "thread"),
        counted_range(jobs, "trial")
    ));
    let resumed = run.records().filter(|record| !record.earlier.is_empty()).count();
    if resumed > 0 {
        sentences.push(format!(
            "{} went on after an interruption with other threads, kernels or another device.",
            counted(resumed, "trial")
        ));
    }
    sentences.extend(software(run));
    sentences
}

fn processors(run: &Run) -> String {
    let all = |text: fn(&Provenance) -> Option<&String>| -> Vec<String> {
        each_once(run.records().filter_map(|record| text(&record.provenance).cloned()))
    };
    let systems = listed(&all(|provenance| Some(&provenance.os)));
    let unknown = run.records().any(|record| record.provenance.cpu.is_none());
    match (&all(|provenance| provenance.cpu.as_ref())[..], unknown) {
        ([], _) => format!("The trials ran under {systems}, which does not name its processor."),
        ([one], false) => format!("The trials ran under {systems} on this processor: {one}."),
        (several, unknown) => {
            let kinds = several.len() + usize::from(unknown);
            let more = if unknown { "; and one that the system does not name" } else { "" };
            format!(
                "The trials ran under {systems} on {kinds} kinds of processor: {}{more}.",
                several.join("; ")
            )
        }
    }
}

/// The program, libtorch, and the source that the program was built from.
fn software(run: &Run) -> Vec<String> {
    let of = |text: fn(&Provenance) -> String| {
        listed(&each_once(run.records().map(|record| text(&record.provenance))))
    };
    let kernels = each_once(run.records().filter_map(|record| record.provenance.kernels.clone()));
    let kernels = if kernels.is_empty() { String::new() } else { format!(", kernels: {}", listed(&kernels)) };
    let revision = match of(|provenance| provenance.git_revision.clone().unwrap_or_default()).as_str() {
        "" => "The revision of the program's source was not recorded.".to_owned(),
        _ => format!(
            "The program was built from this revision of its source: {}.",
            of(|provenance| provenance.git_revision.clone().unwrap_or_else(|| "not recorded".to_owned()))
        ),
    };
    vec![
        format!(
            "The trials were computed by {} with libtorch {}{kernels}.",
            of(|provenance| provenance.program.clone()),
            of(|provenance| provenance.libtorch.clone())
        ),
        revision,
    ]
}
