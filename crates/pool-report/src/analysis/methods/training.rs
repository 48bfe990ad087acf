//! How the networks were trained, with which seeds, and what became of the trials.

use std::collections::BTreeSet;

use pool_metrics::{Comparison, Verdict};
use pool_records::{TrialRecord, TrialStatus, TunedArm};
use pool_spec::{EarlyStopping, Layer, OptimizerSpec, Precision, Rung, Schedule, TrainSpec, Tuning};

use super::super::comparisons::Comparisons;
use super::{MOST_NAMED, by_arm, counted_range, named, of_arms};
use crate::cells::{counted, listed};
use crate::figures::change_words;
use crate::{ArmFigures, Run, TuningResults};

/// The recipe, and which weights were evaluated.
pub(super) fn recipe(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let Some(record) = run.records().next() else { return Vec::new() };
    vec![
        format!("The optimizer was {}.", optimizer(run)),
        schedule(run, &record.spec.train),
        format!("The batch size was {}.", of_arms(run, |record| record.spec.train.batch_size.to_string())),
        format!("The loss was {}.", of_arms(run, |record| loss(&record.spec.train))),
        precision(run, record.spec.train.precision),
        epochs(run, &record.spec.train),
        tested(run, arms),
    ]
}

/// The optimizer with its settings and its source.
fn optimizer(run: &Run) -> String {
    let with_source = |record: &TrialRecord| {
        let train = &record.spec.train;
        let source = match train.optimizer {
            OptimizerSpec::Adam(_) => " (Kingma and Ba, 2015)",
            OptimizerSpec::AdamW(_) | OptimizerSpec::SgdW(_) => " (Loshchilov and Hutter, 2019)",
            OptimizerSpec::Sgd(_) => "",
        };
        format!("{}{source}", train.optimizer_words())
    };
    by_arm(run, with_source).unwrap_or_else(|| {
        let name = of_arms(run, |record| record.spec.train.optimizer.to_string());
        format!("{name}, with settings of each arm's own")
    })
}

fn schedule(run: &Run, train: &TrainSpec) -> String {
    if train.schedule.is_constant() && train.warmup_epochs <= 0.0 {
        return "The learning rate stayed the same.".to_owned();
    }
    let source = match train.schedule {
        Schedule::Constant | Schedule::Step(_) | Schedule::Linear => "",
        Schedule::Cosine => " (Loshchilov and Hutter, 2017)",
        Schedule::OneCycle => " (Smith and Topin, 2019)",
    };
    let words = of_arms(run, |record| record.spec.train.schedule_words());
    format!("The learning rate changed by this schedule: {words}{source}.")
}

fn loss(train: &TrainSpec) -> String {
    let source = if train.label_smoothing > 0.0 { " (Szegedy et al., 2016)" } else { "" };
    format!("{}{source}", train.loss_words())
}

fn precision(run: &Run, precision: Precision) -> String {
    let on_processor = run.records().all(|record| record.provenance.device == "cpu");
    let words = match precision {
        Precision::F32 if on_processor => "",
        Precision::F32 => "; the device may round the factors of products to fewer digits",
        Precision::Bf16 => {
            ", except that the factors of products in convolutions and dense layers were rounded to bfloat16 (Kalamkar et \
             al., 2019), other than in a first convolution that the program's own kernels computed"
        }
    };
    format!("Networks were computed in single precision{words}.")
}

/// How long trials trained, and with which weights they were evaluated.
fn epochs(run: &Run, train: &TrainSpec) -> String {
    let diverged = run.records().any(|record| !record.is_healthy());
    let subject = if diverged { "A trial that did not diverge" } else { "Every trial" };
    let epochs = of_arms(run, |record| counted(record.spec.train.epochs as usize, "epoch"));
    match train.early_stopping {
        Some(rule) => format!("{subject} trained for {epochs} at most, {}.", early_stopping(rule)),
        None => {
            format!("{subject} trained for {epochs} and was evaluated with the weights after the last one.")
        }
    }
}

/// `and stopped before if ...; it was evaluated with the weights ...`.
fn early_stopping(rule: EarlyStopping) -> String {
    let EarlyStopping { monitor, patience, min_delta, restore_best } = rule;
    let by = if min_delta > 0.0 { format!(" by more than {min_delta}") } else { String::new() };
    let weights =
        if restore_best { "of the best epoch by this rule" } else { "after the last epoch that ran" };
    format!(
        "and stopped before if the {monitor} had not fallen below its lowest{by} for {} (Prechelt, 1998); it was evaluated \
         with the weights {weights}",
        counted(patience as usize, "epoch")
    )
}

/// What was done with the test images.
fn tested(run: &Run, arms: &[ArmFigures]) -> String {
    if run.records().all(|record| record.test.is_none()) {
        return "No test images were looked at.".to_owned();
    }
    let mut changes: Vec<&str> = Vec::new();
    for change in arms.iter().flat_map(|arm| &arm.robustness).map(|row| change_words(row.kind)) {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    if changes.is_empty() {
        return "The test images were looked at once, at the end of a trial.".to_owned();
    }
    format!(
        "The test images were looked at once, at the end of a trial, as they are and after small changes ({}).",
        listed(&changes)
    )
}

/// The seeds, the search if there was one, and what became of the trials.
pub(super) fn trials(run: &Run, comparisons: &Comparisons) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(search(run));
    sentences.extend(tuning(run));
    sentences.push(seeds(run));
    sentences.extend(design(run, comparisons));
    sentences.push(what_a_seed_decides(run));
    sentences.extend(early_and_diverged(run));
    sentences.extend(without_a_result(run));
    sentences
}

/// Where the arms of a search come from, and what it trained.
fn search(run: &Run) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(search) = &run.search {
        let drawn = match search.arms {
            all if all == run.planned_arms => "The arms".to_owned(),
            some => format!("{some} of the {}", counted(run.planned_arms, "arm")),
        };
        let verb = if search.arms == 1 && run.planned_arms > 1 { "was" } else { "were" };
        sentences.push(format!("{drawn} {verb} drawn at random from the search space of the sweep file."));
        if let Some(hours) = search.hours {
            sentences.push(format!(
                "No trial was begun after {hours} hours of training, added up over all trials."
            ));
        }
    }
    if !run.rungs.is_empty() {
        let rung = |rung: &Rung| {
            let [arms, seeds] = [counted(rung.arms, "arm"), counted(rung.seeds, "seed")];
            format!("{arms} with {seeds} until epoch {}", rung.epochs)
        };
        let rungs: Vec<String> = run.rungs.iter().map(rung).collect();
        sentences.push(format!(
            "By successive halving (Jamieson and Talwalkar, 2016), the plan was to train {}, each time those with the \
             lowest validation error so far.",
            listed(&rungs)
        ));
    }
    sentences
}

/// What the arms were tuned with, and what was chosen for them.
fn tuning(run: &Run) -> Vec<String> {
    let Some(TuningResults { settings, tried, untuned }) = &run.tuning else { return Vec::new() };
    let seeds =
        tried.first().and_then(|arm| arm.settings.first()).map_or(0, |found| found.trials + found.missing);
    let which = if settings.len() <= MOST_NAMED {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        format!(" ({})", settings.join("; "))
    } else {
        String::new()
    };
    let of_arm = |arm: &TunedArm| arm.settings.iter().map(|found| found.trials).sum::<usize>();
    let mut sentences = vec![format!(
        "For tuning, the plan tries every arm with the same {}{which} and {}, from {} on ({} have finished); the lowest mean \
         validation error chooses a setting for each arm.",
        counted(settings.len(), "setting"),
        counted(seeds, "seed"),
        Tuning::FIRST_SEED,
        counted(tried.iter().map(of_arm).sum(), "trial")
    )];
    let chosen: Vec<String> =
        tried.iter().filter_map(|arm| Some(format!("{} for {}", arm.choice(settings)?.0, arm.arm))).collect();
    if (1..=MOST_NAMED).contains(&chosen.len()) {
        sentences.push(format!("Chosen were {}.", listed(&chosen)));
    }
    let before: usize = untuned.iter().map(|arm| arm.records.len()).sum();
    sentences.push(format!(
        "The arms were trained with the study's seeds both as the sweep file has them ({}) and with the setting that was \
         chosen, which is the same for some.",
        counted(before, "trial")
    ));
    sentences
}

/// How many seeds each arm has, and which they are.
fn seeds(run: &Run) -> String {
    let finished: Vec<(&str, BTreeSet<u64>)> = run
        .arms
        .iter()
        .filter(|arm| !arm.records.is_empty())
        .map(|arm| (arm.name.as_str(), arm.records.iter().map(|record| record.spec.seed).collect()))
        .collect();
    let trials = counted(run.records().count(), "trial");
    match &finished[..] {
        [(_, first), others @ ..] if others.iter().all(|(_, seeds)| seeds == first) => {
            let each = if others.is_empty() { "The arm" } else { "Every arm" };
            format!("{each} was trained with {}, {trials} in all.", numbers(first))
        }
        few if few.len() <= MOST_NAMED => {
            let each: Vec<String> = few
                .iter()
                .map(|(arm, seeds)| format!("{arm} has {}", counted(seeds.len(), "seed")))
                .collect();
            format!("The arms were not all trained with the same seeds: {}, {trials} in all.", listed(&each))
        }
        many => {
            let seeds = counted_range(many.iter().map(|(_, seeds)| seeds.len() as u64), "seed");
            format!("The arms were not all trained with the same seeds: each has {seeds}, {trials} in all.")
        }
    }
}

/// `5 seeds (1 to 5)`, `3 seeds (1, 2 and 7)`, `seed 1 alone`; the first ones of many.
fn numbers(seeds: &BTreeSet<u64>) -> String {
    const MOST: usize = 10;
    let all: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    let is_row = seeds.iter().zip(seeds.iter().skip(1)).all(|(one, next)| next - one == 1);
    let which = match &all[..] {
        [only] => return format!("seed {only} alone"),
        [first, .., last] if is_row => format!("{first} to {last}"),
        [..] if all.len() > MOST => format!("{} and {} more", all[..MOST].join(", "), all.len() - MOST),
        few => listed(few),
    };
    format!("{} ({which})", counted(all.len(), "seed"))
}

/// What decided how many seeds there are, if a design did, and whether that was fixed before.
fn design(run: &Run, comparisons: &Comparisons) -> Vec<String> {
    if run.comparison.looks.is_empty() {
        let grown = run.seeds.grown_since(&run.seeds_of_reports);
        let grown = grown.map(|(arm, then, now)| {
            format!(
                "Seeds were added after a report had been written: {arm} had {then} of the {now} planned now."
            )
        });
        return grown.into_iter().collect();
    }
    let changed = run.seeds.is_planned_otherwise(&run.seeds_of_reports);
    let mut sentences = vec![
        if changed {
            "A design decided the number of seeds; it was changed after a report had been written."
        } else {
            "A design decided the number of seeds; it was fixed before the first trial."
        }
        .to_owned(),
    ];
    let pairs = || comparisons.pairs.iter().map(|pair| &pair.comparison);
    let decided_at = |number: usize| {
        let is_of_look = |pair: &&Comparison| pair.look.is_some_and(|look| look.number == number);
        pairs().filter(is_of_look).filter(|pair| pair.verdict != Verdict::Open).count()
    };
    let decided: Vec<String> = (1..=run.comparison.looks.len())
        .map(|number| (number, decided_at(number)))
        .filter(|(_, count)| *count > 0)
        .map(|(number, count)| format!("{} at look {number}", counted(count, "pair")))
        .collect();
    if !decided.is_empty() {
        let of = run.comparison.looks.len();
        sentences.push(format!("It decided {}, of {}.", listed(&decided), counted(of, "look")));
    }
    let open = pairs().filter(|pair| pair.verdict == Verdict::Open).count();
    if open > 0 {
        let verb = if open == 1 { "is" } else { "are" };
        sentences.push(format!("{} {verb} open.", counted(open, "pair")));
    }
    sentences
}

/// What two trials with one seed have in common.
fn what_a_seed_decides(run: &Run) -> String {
    let any = |wanted: fn(&TrialRecord) -> bool| run.records().any(wanted);
    let drawn = [
        Some("the initial weights"),
        Some("the order of the training images"),
        any(|record| has_dropout(&record.spec.model.layers)).then_some("dropout"),
        any(|record| !record.spec.data.augment.is_none()).then_some("augmentation"),
        any(|record| record.spec.data.validation.depends_on_seed()).then_some("the validation images"),
    ];
    let drawn: Vec<&str> = drawn.into_iter().flatten().collect();
    format!(
        "A trial's seed decides what is drawn at random in it, such as {}; a seed draws the same initial weights for layers \
         that arms have in common.",
        listed(&drawn)
    )
}

fn has_dropout(layers: &[Layer]) -> bool {
    layers.iter().any(|layer| match layer {
        Layer::Dropout(_) => true,
        Layer::Parallel(parallel) => parallel.branches.iter().any(|branch| has_dropout(branch)),
        Layer::Conv1d(_)
        | Layer::Conv2d(_)
        | Layer::Conv3d(_)
        | Layer::Pool(_)
        | Layer::Activation(_)
        | Layer::BatchNorm(_)
        | Layer::SpaceToDepth(_)
        | Layer::Flatten
        | Layer::Dense(_) => false,
    })
}

/// How many trials stopped early, and how many diverged.
fn early_and_diverged(run: &Run) -> Vec<String> {
    let early = run.records().filter(|record| record.status == TrialStatus::StoppedEarly).count();
    let diverged: Vec<&str> = run
        .arms
        .iter()
        .flat_map(|arm| arm.records.iter().filter(|record| !record.is_healthy()).map(|_| arm.name.as_str()))
        .collect();
    let mut arms = diverged.clone();
    arms.dedup();
    let early = (early > 0).then(|| format!("{} stopped early.", counted(early, "trial")));
    let diverged = (!diverged.is_empty()).then(|| {
        let verb = if diverged.len() == 1 { "is" } else { "are" };
        format!(
            "{} of {} diverged, as the loss was no longer finite, and {verb} left out of means and comparisons.",
            counted(diverged.len(), "trial"),
            named(&arms)
        )
    });
    early.into_iter().chain(diverged).collect()
}

/// How many trials left no record, and why.
fn without_a_result(run: &Run) -> Vec<String> {
    let failed = run.failures.iter().filter(|failure| failure.seed.is_some()).count();
    let are = |count: usize| if count == 1 { "was" } else { "were" };
    let (stopped, missing) = (run.paused.len(), run.missing.len());
    let found = [
        (failed, "failed and left no result".to_owned()),
        (stopped, format!("{} stopped by the search before the last epoch", are(stopped))),
        (missing, "of the plan did not have a result when this was written".to_owned()),
    ];
    let found = found.into_iter().filter(|(count, _)| *count > 0);
    found.map(|(count, what)| format!("{} {what}.", counted(count, "trial"))).collect()
}
