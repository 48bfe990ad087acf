//! Sweep files that nobody meant, up to the plan. Nothing is trained.

#[path = "../../../fuzz/damage.rs"]
mod damage;

use std::fs;
use std::path::Path;

use damage::{contents, damaged, seeds};
use pool_spec::{DataFacts, ImageCounts, Plan, Sweep, TrialSpec};
use proptest::collection::vec;
use proptest::prelude::*;

/// The plan of a file of these bytes, or what is said of it, without its path.
fn plan(bytes: &[u8]) -> Result<Plan, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sweep.toml");
    fs::write(&file, bytes).unwrap();
    let about = |message: String| {
        let rest = message.strip_prefix(&file.display().to_string()).map(str::to_owned);
        rest.unwrap_or_else(|| panic!("names no file: {message}"))
    };
    let sweep = Sweep::read(&file).map_err(|error| about(error.to_string()))?;
    let mnist = DataFacts {
        sample: [1, 28, 28],
        classes: 10,
        images: ImageCounts { train: 48_000, validation: 12_000, test: 10_000 },
        class_images: None,
    };
    sweep.plan(&mnist).map_err(|error| about(error.to_string()))
}

fn sweeps() -> Vec<Vec<u8>> {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let published = contents(&configs.join("published"));
    contents(&configs).into_iter().chain(published).chain(seeds("sweep_toml")).collect()
}

/// What a sweep file with these lines before `[data]` and at its end is planned as, with as many seeds as this.
fn with_seeds(seeds: &str, end: &str, count: u32) -> Result<(Vec<u64>, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sweep.toml");
    let arms = "[[arm]]\nname = \"max\"\npool = \"max\"\n[[arm]]\nname = \"avg\"\npool = \"avg\"\n";
    let data = "[data]\ndataset = \"mnist\"\n[train]\nepochs = 2\n";
    fs::write(&file, format!("study = \"s\"\n{seeds}\n{data}{arms}{end}")).unwrap();
    let sweep = Sweep::read(&file).unwrap().with_seeds(count).map_err(|error| error.message)?;
    Ok((sweep.seeds.clone(), sweep.text().to_owned()))
}

#[test]
fn other_seeds_than_the_files_are_noted_in_the_text_that_a_run_keeps() {
    let (seeds, text) = with_seeds("seeds = [7]", "", 3).unwrap();
    assert_eq!(seeds, [1, 2, 3]);
    assert!(
        text.starts_with("study")
            && text.ends_with("\n# --seeds 3: seeds 1 to 3 were trained instead of those of this file.\n")
    );
    let design = "seeds = { until = { margin = 0.1, at_most = 60 } }";
    let error = with_seeds(design, "", 3).unwrap_err();
    assert_eq!(error, "seeds.until decides how many seeds there are; leave --seeds 3 out");
    let search = "[search]\nstrategy = \"random\"\ntrials = 4\n[search.space]\ndropout = [0.2]\n";
    let error = with_seeds("seeds = [7]", search, 3).unwrap_err();
    assert_eq!(error, "[search] decides how many seeds there are; leave --seeds 3 out");
}

#[test]
fn what_excludes_tuning_is_named() {
    for (seeds, end, expected) in [
        ("seeds = [1_000_001]", "", "seed 1000001: [tune] takes the seeds from 1000001 on"),
        (
            "seeds = { until = { margin = 0.1, at_most = 60 } }",
            "",
            "[tune] and seeds.until exclude each other",
        ),
        (
            "seeds = [1]",
            "[search]\nstrategy = \"random\"\ntrials = 4\n[search.space]\ndropout = [0.2]\n",
            "[tune] and [search] exclude each other",
        ),
    ] {
        let folder = "[data]\ndataset = \"mnist\"\n[train]\nepochs = 2\n[tune]\ndropout = [0.2, 0.5]\n";
        let arms = "[[arm]]\nname = \"max\"\npool = \"max\"\n[[arm]]\nname = \"avg\"\npool = \"avg\"\n";
        let error = plan(format!("study = \"s\"\n{seeds}\n{folder}{arms}{end}").as_bytes()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_seeds_and_the_configurations_are_planned() {
    for sweep in sweeps() {
        assert!(plan(&sweep).is_ok(), "{}", String::from_utf8_lossy(&sweep));
    }
}

#[test]
fn words_of_the_file_are_repeated_in_one_line_without_the_terminals_commands() {
    let text =
        "study = 's'\nseeds = [1]\ndata.dataset = 'mnist'\ntrain.epochs = 1\n[[arm]]\nname = 'a'\npool = ";
    for (pool, expected) in [
        ("'ma\tx'", r#":7: unknown pooling layer "ma\tx"; use "max", "avg""#),
        (r#"{ "si\u001b[2Jze" = 2 }"#, r":7: unknown field `si\u{1b}[2Jze`, expected one of"),
        (r#"{ reduce = "m\nax", size = 2 }"#, r#":7: reduce = "m\nax": give one of"#),
    ] {
        let message = plan(format!("{text}{pool}\n").as_bytes()).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn more_trials_than_any_machine_trains_are_refused_before_they_take_memory() {
    let seeds: Vec<String> = (0..1_000).map(|seed| seed.to_string()).collect();
    let mut text =
        format!("study = 's'\nseeds = [{}]\ndata.dataset = 'mnist'\ntrain.epochs = 1\n", seeds.join(", "));
    for arm in 0..101 {
        let pool = format!("{{ reduce = {{ lp = {{ p = {}.5 }} }}, size = 2 }}", 1 + arm);
        text.push_str(&format!("[[arm]]\nname = 'arm {arm}'\npool = {pool}\n"));
    }
    assert_eq!(
        plan(text.as_bytes()).unwrap_err(),
        ":2: 1000 seeds for each of 101 arms are 101000 trials, and at most 100000 are planned; divide the study"
    );
}

proptest! {
    #[test]
    fn a_sweep_file_is_refused_in_a_line_or_planned_down_to_every_shape(
        bytes in prop_oneof![1 => vec(any::<u8>(), 0..200), 8 => damaged(sweeps())],
    ) {
        match plan(&bytes) {
            Err(message) => {
                prop_assert!(message.starts_with(':'), "{}", message);
                prop_assert!(!message.contains(char::is_control), "{}", message);
            }
            Ok(plan) => {
                for trial in plan.trials.iter().take(plan.arms().len()) {
                    let json = serde_json::to_string(trial.spec()).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<TrialSpec>(&json).unwrap(), trial.spec());
                    prop_assert!(trial.spec().model.infer().is_ok());
                }
            }
        }
    }
}
