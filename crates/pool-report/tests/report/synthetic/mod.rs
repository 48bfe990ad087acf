//! Runs that no training made: the same on every machine, and with a result that a test can compute.

mod records;
use pool_records::{CostRecord, Failure, FailureCause, Record, RunLayout, TrialRecord};
use pool_report::{Analysis, Run};
use pool_spec::{
    ArmOverrides, Claim, ComparisonSpec, DrawnArms, PlanFile, Rung, SettingTrial, Sweep, TrialSpec, Tuning,
};
use pool_testkit::{cost_spec, named, trial_spec};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) use records::{costs, diverged, err, model, small, trial};

/// The published study's arms and how a sweep file spells them.
pub(crate) const ARMS: [(&str, &str); 3] =
    [("average", "\"avg\""), ("maximum", "\"max\""), ("none", "\"none\"")];

/// A run directory that vanishes with this value.
pub(crate) struct Synthetic {
    folder: TempDir,
    plan: PlanFile,
}

impl Synthetic {
    /// A run of this study without trials.
    pub(crate) fn study(study: &str) -> Self {
        let run = Self {
            folder: tempfile::tempdir().unwrap(),
            plan: PlanFile { study: study.to_owned(), ..PlanFile::default() },
        };
        run.write_plan();
        run
    }

    /// A run of the published study without trials, with its claims and its figures.
    pub(crate) fn claiming() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/sweep.toml");
        let Sweep { study, claims, reported, .. } = Sweep::read(&file).unwrap();
        let mut run = Self::study(&study);
        (run.plan.claims, run.plan.reported) = (claims, reported);
        run.write_plan();
        run
    }

    /// Three arms of the published study, this many seeds each, all equally good.
    pub(crate) fn published(seeds: u64, epochs: u32) -> Self {
        let mut run = Self::claiming();
        for (arm, pool) in ARMS {
            for seed in 1..=seeds {
                run.finish(trial(arm, pool, seed, epochs));
            }
        }
        run
    }

    /// The same arms with everything that a trial and a measurement can record: maximum errs least, average by little
    /// more, and none by much more; none takes twice the time.
    pub(crate) fn measured(seeds: u64) -> Self {
        let mut run = Self::claiming();
        for ((arm, pool), more) in ARMS.into_iter().zip([4, 0, 60]) {
            for seed in 1..=seeds {
                let mut record = trial(arm, pool, seed, 10);
                let chance = seed * seed * (more + 1) % 11;
                err(&mut record, 100 + more + chance, 3 * seed + more);
                if let Some(validation) = &mut record.validation {
                    validation.errors = 130 + more + chance;
                    validation.loss = 0.044 + 0.0001 * (more + chance) as f64;
                }
                if let Some(train) = &mut record.train {
                    train.errors = 190 - more - chance;
                    train.loss = 0.015 - 0.0001 * more as f64 + 0.00002 * chance as f64;
                }
                run.finish(record);
            }
            run.measure_in(5, &costs(arm, pool));
        }
        run
    }

    /// Three arms by a design with looks after 4 and 8 seeds: far apart, nearly the same, and open; with some spread from seed to
    /// seed.
    pub(crate) fn designed() -> Self {
        let mut run = Self::study("design");
        for (arm, more) in [("average", 0), ("maximum", 1), ("none", 300)] {
            for seed in 1..=if arm == "none" { 4 } else { 8 } {
                let mut record = trial(arm, "\"max\"", seed, 10);
                err(&mut record, 100 + more + (seed * (seed + more)) % 3, 0);
                run.finish(record);
            }
        }
        run.compare(0.005, &[4, 8]);
        run
    }

    /// Adds a claim.
    pub(crate) fn claim(&mut self, claim: Claim) {
        self.plan.claims.push(claim);
        self.write_plan();
    }

    /// Lets the arms be compared in this way.
    pub(crate) fn compare(&mut self, margin: f64, looks: &[u32]) {
        self.plan.comparison = ComparisonSpec { margin: Some(margin), looks: looks.to_vec() };
        self.write_plan();
    }

    /// The plan as its file has it.
    pub(crate) fn plan_file(&self) -> PlanFile {
        self.plan.clone()
    }

    /// Lets the arms come from this search.
    pub(crate) fn search(&mut self, search: DrawnArms, rungs: &[Rung]) {
        (self.plan.search, self.plan.rungs) = (Some(search), rungs.to_vec());
        self.write_plan();
    }

    /// Lets every arm be tuned with these settings.
    pub(crate) fn tune(&mut self, settings: Vec<ArmOverrides>) {
        self.plan.tuning = Some(Tuning { settings, trials: Vec::new(), tuned: Vec::new() });
        self.write_plan();
    }

    /// Adds a trial with one of the settings and its record: one of tuning, or one with a seed of the study.
    pub(crate) fn finish_with(&mut self, setting: usize, mut record: TrialRecord) -> String {
        record.spec.study.clone_from(&self.plan.study);
        let is_tuning = record.spec.seed >= Tuning::FIRST_SEED;
        let tuning = self.plan.tuning.as_mut().unwrap();
        let trials = if is_tuning { &mut tuning.trials } else { &mut tuning.tuned };
        let id = format!("{}-{}", if is_tuning { "tuning" } else { "tuned" }, trials.len());
        trials.push(SettingTrial { setting, trial: named(&id, &record.spec) });
        self.write_plan();
        record.id.clone_from(&id);
        self.leave(&id, "record.json", &record.to_json());
        id
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self) -> Run {
        Run::read(self.root()).unwrap()
    }

    pub(crate) fn analysis(&self) -> Analysis {
        Analysis::of(&self.read())
    }

    /// Adds a trial to the plan, and nothing that it left behind.
    pub(crate) fn plan(&mut self, arm: &str, seed: u64) -> String {
        self.plan_epochs(arm, seed, 10)
    }

    /// As [`Synthetic::plan`], with a number of epochs.
    pub(crate) fn plan_epochs(&mut self, arm: &str, seed: u64, epochs: u32) -> String {
        self.plan_spec(&trial_spec(arm, "max", seed, epochs))
    }

    fn plan_spec(&mut self, spec: &TrialSpec) -> String {
        let id = format!("trial-{}", self.plan.trials.len());
        self.plan.trials.push(named(&id, spec));
        self.write_plan();
        id
    }

    /// Adds a trial with its record.
    pub(crate) fn finish(&mut self, mut record: TrialRecord) -> String {
        record.spec.study.clone_from(&self.plan.study);
        let id = self.plan_spec(&record.spec);
        record.id.clone_from(&id);
        self.leave(&id, "record.json", &record.to_json());
        id
    }

    /// Adds a trial that died.
    pub(crate) fn fail(&mut self, arm: &str, seed: u64, reason: &str) -> Failure {
        let id = self.plan(arm, seed);
        let (arm, reason, cause) = (arm.to_owned(), reason.to_owned(), FailureCause::Error);
        let failure = Failure { id, arm, seed: Some(seed), reason, cause };
        self.leave(&failure.id, "failure.json", &serde_json::to_string(&failure).unwrap());
        failure
    }

    /// Adds a measurement of costs to the plan, and nothing that it left behind.
    pub(crate) fn plan_costs(&mut self, arm: &str) -> String {
        let id = format!("costs-{}", self.plan.costs.len());
        self.plan.costs.push(named(&id, &cost_spec(arm, "max")));
        self.write_plan();
        id
    }

    /// Adds a measurement of costs with its record.
    pub(crate) fn measure(&mut self, mut record: CostRecord) -> String {
        let id = self.plan_costs(&record.spec.arm);
        record.id.clone_from(&id);
        record.spec.study.clone_from(&self.plan.study);
        self.leave_costs(&id, "record.json", &record.to_json());
        id
    }

    /// Adds the measurement as so many processes would have made it, one after another: times differ by a hundredth at most,
    /// in an order of the arm's own, and the median is the record's.
    pub(crate) fn measure_in(&mut self, processes: u32, record: &CostRecord) {
        let turn: u32 = record.spec.arm.bytes().map(u32::from).sum();
        for process in 1..=processes {
            let mut of_process = record.clone();
            (of_process.spec.process, of_process.spec.processes) = (process, processes);
            let place = if processes == 1 { 2 } else { (process * (1 + turn % 3) + turn) % 5 };
            let factor = 0.99 + 0.005 * f64::from(place);
            let CostRecord { training, prediction, latency, memory, .. } = &mut of_process;
            let batches = latency.iter_mut().flat_map(|latency| &mut latency.seconds);
            let times = training.epoch_s.iter_mut().chain(&mut prediction.seconds).chain(batches);
            times.for_each(|seconds| *seconds *= factor);
            if process > 1 {
                memory.clear();
            }
            self.measure(of_process);
        }
    }

    /// Writes a file into a trial's folder.
    pub(crate) fn leave(&self, id: &str, file: &str, text: &str) -> PathBuf {
        leave_in(&RunLayout::new(self.root()).trial(id), file, text)
    }

    /// Writes a file into a measurement's folder.
    pub(crate) fn leave_costs(&self, id: &str, file: &str, text: &str) -> PathBuf {
        leave_in(&RunLayout::new(self.root()).costs(id), file, text)
    }

    fn write_plan(&self) {
        let text = serde_json::to_string(&self.plan).unwrap();
        fs::write(RunLayout::new(self.root()).plan(), text).unwrap();
    }
}

fn leave_in(folder: &Path, file: &str, text: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(file), text).unwrap();
    folder.join(file)
}
