//! What a sweep would train, before it does.
use pool_metrics::{FamilyRules, MemoryEstimate, MemoryModel};
use pool_records::ModelFacts;
use pool_spec::{
    ArmEstimate, ArmOverrides, ComparisonSpec, ImageCounts, NetworkError, Rung, Selection, SweepEstimate,
    TrainSpec,
};
use serde::Serialize;

use super::document::Block;
use super::tables::Table;
use super::terminal::{render_blocks, render_with_notes};
use crate::analysis::class_gaps;
use crate::cells::{batch_size, counted, duration, fixed, gibibytes, mebibytes, points, thousands};

/// One arm of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedArm {
    /// Its name.
    pub arm: String,
    /// Its pooling layer, or what it puts into the places of the network, as a sweep file spells it.
    pub pool: String,
    /// How it is trained.
    pub train: TrainSpec,
    /// The seeds it will be trained with.
    pub seeds: Vec<u64>,
    /// Its network.
    pub model: ModelFacts,
}

/// What a sweep would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedSweep {
    /// The arms, in the order in which they are started.
    pub arms: Vec<PlannedArm>,
    /// The rungs of successive halving; empty where every arm is trained to its end.
    pub rungs: Vec<Rung>,
    /// How the arms are compared, and when they are trained no further.
    #[serde(skip_serializing_if = "ComparisonSpec::is_plain")]
    pub comparison: ComparisonSpec,
    /// What every arm is tuned with before; `None` where it is trained as the sweep file has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuning: Option<PlannedTuning>,
    /// Hours of training after which a search starts nothing more.
    pub hours: Option<f64>,
    /// What it trains, decides and tests with.
    pub images: ImageCounts,
    /// Classes that one of the three parts lacks, in sentences; `None` where the labels are not on this machine.
    pub class_gaps: Option<Vec<String>>,
    /// How long it will take; `None` where no steps were timed.
    pub times: Option<SweepEstimate>,
}

/// What the arms would be tuned with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedTuning {
    /// The settings that every arm is tried with.
    pub settings: Vec<ArmOverrides>,
    /// Trials of tuning, over all arms.
    pub trials: usize,
}

impl PlannedSweep {
    /// Of the part of a plan that is to run.
    ///
    /// # Errors
    /// Settings that do not fit one another; a plan has ruled them out.
    pub fn new(selection: &Selection<'_>, times: Option<SweepEstimate>) -> Result<Self, NetworkError> {
        let plan = selection.plan;
        let rungs = plan.rungs();
        let seeds_of = |arm: &str| -> Vec<u64> {
            let trials = selection.trials.iter().map(|trial| trial.spec()).filter(|spec| spec.arm == arm);
            // How many arms get the other seeds is known, but not which.
            trials.map(|spec| spec.seed).take(if rungs.is_empty() { usize::MAX } else { 1 }).collect()
        };
        let arms = selection.one_per_arm().into_iter().map(|trial| {
            let spec = trial.spec();
            Ok(PlannedArm {
                arm: spec.arm.clone(),
                pool: spec.fillings().to_string(),
                train: spec.train.clone(),
                seeds: seeds_of(&spec.arm),
                model: ModelFacts::new(&spec.model, &spec.train)?,
            })
        });
        Ok(Self {
            arms: arms.collect::<Result<_, NetworkError>>()?,
            rungs: rungs.to_vec(),
            comparison: plan.comparison.clone(),
            tuning: plan.tuning.as_ref().map(|tuning| PlannedTuning {
                settings: tuning.settings.clone(),
                trials: selection.tuning.len(),
            }),
            hours: plan.hours(),
            images: plan.images,
            class_gaps: plan.classes.as_ref().map(class_gaps),
            times,
        })
    }
}

/// The plan as tables, at most `width` columns wide where the words allow it.
pub fn plan_table(plan: &PlannedSweep, width: u16) -> String {
    let PlannedSweep { arms, rungs, times, .. } = plan;
    let mut tables = vec![networks(plan), costs(arms)];
    tables.extend(times.as_ref().map(expected));
    if !rungs.is_empty() {
        tables.push(halving(rungs));
    }
    tables.extend(design(plan));
    tables.extend(plan.tuning.as_ref().map(tuning));
    let tables = tables.iter().map(|table| render_with_notes(table, width));
    let words = [recipe_in_words(arms), images_in_words(plan)].map(Block::Paragraph);
    tables.chain([render_blocks(&words, width)]).collect::<Vec<_>>().join("\n")
}

/// When the arms are looked at, and how sure each look must be. `None` for a fixed number of seeds.
fn design(PlannedSweep { arms, comparison, .. }: &PlannedSweep) -> Option<Table> {
    let design = FamilyRules::planned(comparison, arms.len(), 0.0).design?;
    let rows = design.looks().iter().enumerate().map(|(index, look)| {
        let trials = look.seeds as usize * arms.len();
        let level = if look.alpha < 1e-4 { format!("{:.0e}", look.alpha) } else { fixed(look.alpha, 4) };
        vec![(index + 1).to_string(), look.seeds.to_string(), thousands(Some(trials as u64)), level]
    });
    let margin = comparison.margin.map_or_else(String::new, |margin| {
        format!(", or shown to be practically equal: closer than {} points of test error", points(margin))
    });
    Some(Table {
        title: "Seeds until decided".to_owned(),
        word_columns: 1,
        header: ["look", "seeds", "trials, at most", "p below"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![format!(
            "An arm is trained no further once it is distinguished from every other arm{margin}. A look decides by intervals that \
             each miss the truth with this probability; all looks and pairs together do so with 5 %."
        )],
    })
}

fn tuning(PlannedTuning { settings, trials }: &PlannedTuning) -> Table {
    let rows = settings.iter().enumerate();
    let rows = rows.map(|(place, setting)| vec![(place + 1).to_string(), setting.to_string()]);
    Table {
        title: format!("Tuning: {} more", counted(*trials, "trial")),
        word_columns: 2,
        header: ["", "setting"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![
            "Every arm is tried with each setting; the lowest validation error chooses. The arm is then trained with the \
             study's seeds twice: as the sweep file has it, and with the setting that was chosen, unless the two are the same."
                .to_owned(),
        ],
    }
}

/// How the arms are trained. Those of a search may differ, as their names say.
fn recipe_in_words(arms: &[PlannedArm]) -> Vec<String> {
    let common = |what: &str, words: fn(&TrainSpec) -> String| {
        let mut of_arms: Vec<String> = arms.iter().map(|arm| words(&arm.train)).collect();
        of_arms.dedup();
        match &of_arms[..] {
            [same] => format!("{what}: {same}."),
            _ => format!("{what}: not the same for all arms."),
        }
    };
    vec![
        common("Optimizer", TrainSpec::optimizer_words),
        common("Schedule", TrainSpec::schedule_words),
        common("Loss", TrainSpec::loss_words),
    ]
}

fn images_in_words(PlannedSweep { images, class_gaps, .. }: &PlannedSweep) -> Vec<String> {
    let ImageCounts { train, validation, test } = *images;
    let count = |images: u64| thousands(Some(images));
    let counts = format!(
        "{} training, {} validation and {} test images.",
        count(train),
        count(validation),
        count(test)
    );
    let unknown =
        || vec!["The labels are not on this machine: whether each has every class is not known.".to_owned()];
    std::iter::once(counts).chain(class_gaps.clone().unwrap_or_else(unknown)).collect()
}

fn expected(SweepEstimate { jobs, threads, arms, total_s }: &SweepEstimate) -> Table {
    let rows = arms.iter().map(|ArmEstimate { arm, step_s, trial_s, peak_bytes }| {
        let memory = mebibytes(peak_bytes.map(|bytes| bytes as f64));
        vec![arm.clone(), fixed(1e3 * step_s, 1), fixed(*trial_s, 1), memory]
    });
    Table {
        title: format!(
            "Expected, from a few timed steps: {} at once, {} each",
            counted(*jobs as usize, "trial"),
            counted(*threads as usize, "thread")
        ),
        word_columns: 1,
        header: ["arm", "one step, ms", "one trial, s", "process, MiB"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![
            format!("All trials: about {}, or less where training stops early.", duration(*total_s)),
            "The measurements of costs that follow are not included. Whatever else this machine does now is."
                .to_owned(),
        ],
    }
}

fn halving(rungs: &[Rung]) -> Table {
    let rows = rungs.iter().enumerate().map(|(index, Rung { arms, seeds, epochs })| {
        vec![(index + 1).to_string(), arms.to_string(), seeds.to_string(), epochs.to_string()]
    });
    Table {
        title: "Successive halving".to_owned(),
        word_columns: 1,
        header: ["rung", "arms", "seeds", "until epoch"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![
            "The arms with the lowest validation error go on to the next rung, each from where it stopped."
                .to_owned(),
        ],
    }
}

fn networks(plan: &PlannedSweep) -> Table {
    let rows = plan.arms.iter().map(|PlannedArm { arm, pool, model, .. }| {
        let mut shapes: Vec<String> = model.shapes.iter().map(|shape| shape_text(shape)).collect();
        shapes.dedup();
        vec![arm.clone(), pool.clone(), shapes.join(" ")]
    });
    Table {
        title: title(plan),
        word_columns: 3,
        header: ["arm", "pool", "shapes"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: vec![
            "Shapes are those of one sample, on the way in and after every layer that changes them."
                .to_owned(),
        ],
    }
}

fn costs(arms: &[PlannedArm]) -> Table {
    let rows = arms.iter().map(|PlannedArm { arm, model, .. }| {
        let bytes = |wanted| {
            model.memory.iter().find(|estimate| estimate.model == wanted).map(MemoryEstimate::total_bytes)
        };
        vec![
            arm.clone(),
            thousands(Some(model.parameters)),
            gibibytes(bytes(MemoryModel::KerasLegacy)),
            mebibytes(bytes(MemoryModel::Training).map(|bytes| bytes as f64)),
            mebibytes(bytes(MemoryModel::Inference).map(|bytes| bytes as f64)),
        ]
    });
    let estimates = arms.iter().flat_map(|arm| arm.model.memory.first());
    let batch = batch_size(estimates.map(|estimate| estimate.batch_size));
    let header = ["arm", "parameters", "keras_legacy, GiB", "training, MiB", "inference, MiB"];
    Table {
        title: format!("Parameters, and memory at {batch}"),
        word_columns: 1,
        header: header.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// All arms of a sweep have as many seeds; a plan put together by hand may not.
fn title(PlannedSweep { arms, rungs, hours, .. }: &PlannedSweep) -> String {
    let trials: usize = arms.iter().map(|arm| arm.seeds.len()).sum();
    let further = rungs.last().map_or(0, |last| last.arms * (last.seeds - 1));
    let (trials, of_arms) = (counted(trials + further, "trial"), counted(arms.len(), "arm"));
    let within = hours
        .map_or(String::new(), |hours| format!(", as many as {} of training allow", counted_hours(hours)));
    let title = match &arms[..] {
        _ if !rungs.is_empty() => format!("{trials} by successive halving: {of_arms}"),
        [first, others @ ..] if others.iter().all(|arm| arm.seeds.len() == first.seeds.len()) => {
            format!("{trials}: {of_arms}, {} each", counted(first.seeds.len(), "seed"))
        }
        _ => format!("{trials}: {of_arms}"),
    };
    title + &within
}

fn counted_hours(hours: f64) -> String {
    format!("{hours} hour{}", if hours == 1.0 { "" } else { "s" })
}

/// `[32, 12, 12]` as `32x12x12`.
fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
