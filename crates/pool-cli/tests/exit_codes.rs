//! What a user sees when something is missing, in the way, or misspelt.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{pool_cli, stderr};

/// Two trials on generated images: seconds.
const SMOKE: &str = "study = \"smoke\"\nseeds = [1]\n[data]\ndataset = \"generated\"\n[train]\nepochs = 1\n\
                     [evaluation]\nperturbations = \"none\"\n[costs]\nepochs = 0\n[[arm]]\nname = \"max\"\npool = \"max\"\n[[arm]]\nname = \"avg\"\npool = \"avg\"\n";

fn sweep(folder: &Path, extra: &[&str]) -> Output {
    fs::write(folder.join("sweep.toml"), SMOKE).unwrap();
    pool_cli(folder).args(["sweep", "sweep.toml"]).args(extra).output().unwrap()
}

#[test]
fn a_sweep_that_works_ends_with_0_and_leaves_every_form_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let output = sweep(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in [
        "report.html",
        "results.md",
        "results.csv",
        "results.tex",
        "methods.md",
        "methods.tex",
        "results.json",
        "learning-curves.svg",
        "plan.json",
        "sweep.toml",
    ] {
        assert!(folder.path().join("runs/smoke").join(name).exists(), "{name}");
    }
    let end = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(end.lines().count() <= 40, "a screenful, whatever the terminal:\n{end}");
    assert!(end.starts_with("Verdict\n") && end.contains("Error and cost of each arm"), "{end}");
    assert!(end.ends_with("All tables: pool-cli report runs/smoke\n"), "{end}");
    let report = pool_cli(folder.path()).args(["report", "runs/smoke"]).output().unwrap();
    let tables = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(tables.contains("Error, %") && tables.contains("Pareto front"), "{tables}");

    let again = sweep(folder.path(), &["--json"]);
    assert!(stderr(&again).contains("2 trials, 2 of them finished already"), "{}", stderr(&again));
    let results: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(results["arms"][1]["arm"], "avg");

    let trials = fs::read_dir(folder.path().join("runs/smoke/trials")).unwrap();
    for trial in trials {
        let trial = trial.unwrap().path();
        for name in ["spec.json", "record.json", "history.jsonl", "model.safetensors", "log.jsonl"] {
            assert!(trial.join(name).exists(), "{name}");
        }
        let log = fs::read_to_string(trial.join("log.jsonl")).unwrap();
        assert!(
            log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
                && !log.is_empty()
        );
    }
}

#[test]
fn a_bundle_gives_the_report_of_its_run_and_a_broken_one_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = sweep(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let packed = pool_cli(folder.path()).args(["bundle", "runs/smoke"]).output().unwrap();
    let said = String::from_utf8_lossy(&packed.stdout).into_owned();
    assert!(said.starts_with("Bundle: smoke.pool-run.tar.gz (") && said.contains(" files, "), "{said}");
    for attempt in ["unpacked", "found there"] {
        let output = pool_cli(folder.path()).args(["report", "smoke.pool-run.tar.gz"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{attempt}: {}", stderr(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.ends_with("Report: smoke/report.html\n"), "{said}");
        for name in ["report.html", "results.md", "results.csv", "results.tex", "results.json", "pareto.svg"]
        {
            let [run, bundle] =
                ["runs/smoke", "smoke"].map(|root| fs::read(folder.path().join(root).join(name)).unwrap());
            assert!(run == bundle, "{attempt}: {name}");
        }
    }
    assert!(
        fs::read_to_string(folder.path().join("smoke/Cargo.lock")).unwrap().contains("name = \"pool-cli\"")
    );
    let bundle = fs::read(folder.path().join("smoke.pool-run.tar.gz")).unwrap();
    fs::write(folder.path().join("half.pool-run.tar.gz"), &bundle[..bundle.len() / 2]).unwrap();
    let output = pool_cli(folder.path()).args(["report", "half.pool-run.tar.gz"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.starts_with("error: half.pool-run.tar.gz cannot be unpacked: "), "{said}");
    assert!(!folder.path().join("half").exists(), "nothing is left of it");
}

#[test]
fn missing_data_ends_with_3_and_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = SMOKE.replace("\"generated\"", "\"mnist\"");
    fs::write(folder.path().join("sweep.toml"), text).unwrap();
    let output = pool_cli(folder.path())
        .args(["sweep", "sweep.toml"])
        .env("POOL_DATA_DIR", folder.path().join("empty"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.contains("run scripts/setup, or `pool-cli data fetch mnist`"), "{said}");
    assert!(!folder.path().join("runs").exists(), "refused before anything is written");
}

#[test]
fn a_device_that_is_not_there_ends_with_3_and_the_way_to_one_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let missing = if tch::Cuda::is_available() { "cuda:4096" } else { "cuda" };
    let output = sweep(folder.path(), &["--device", missing]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.starts_with(&format!("error: --device {missing}")) && said.contains("--device cpu"),
        "{said}"
    );
    assert!(tch::Cuda::is_available() || said.contains("run scripts/setup --cuda"), "{said}");
    assert!(!folder.path().join("runs").exists(), "refused before anything is written");
}

/// Trains one arm on this device; the device in its record, and the weights.
fn trained_on(device: &str) -> (String, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let output = sweep(folder.path(), &["--only", "max", "--threads", "1", "--device", device]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut trials = fs::read_dir(folder.path().join("runs/smoke/trials")).unwrap();
    let trial = trials.next().unwrap().unwrap().path();
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(trial.join("record.json")).unwrap()).unwrap();
    let device = record["provenance"]["device"].as_str().unwrap().to_owned();
    (device, fs::read(trial.join("model.safetensors")).unwrap())
}

#[test]
fn the_device_that_was_asked_for_trains_and_stands_in_the_record() {
    let (device, weights) = trained_on("cpu");
    assert_eq!(device, "cpu");
    if tch::Cuda::is_available() {
        assert_eq!(trained_on("cuda").0, "cuda:0");
        assert_eq!(trained_on("auto").0, "cuda:0");
    } else {
        assert_eq!(trained_on("auto"), (device, weights), "without a CUDA device nothing changes");
    }
}

#[test]
fn wrong_commands_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), SMOKE).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for (arguments, part) in [
        (&["swep", "sweep.toml"][..], "unrecognized subcommand"),
        (&["sweep"], "required arguments"),
        (&["sweep", "sweep.toml", "--jobs", "0"], "give a whole number from 1 to 1024, or auto"),
        (&["sweep", "sweep.toml", "--threads", "0"], "--threads"),
        (&["sweep", "sweep.toml", "--device", "gpu"], "give auto, cpu, cuda, or a CUDA device by its number"),
        (
            &["sweep", "sweep.toml", "--only", "min"],
            "no arm is called \"min\"; the sweep has \"max\", \"avg\"",
        ),
        (&["sweep", "sweep.toml", "--out", "file"], "cannot open file: Not a directory"),
        (&["sweep", "sweep.toml", "--out", "file/run"], "cannot open file/run: Not a directory"),
        (&["report", "nowhere"], "nowhere is no run directory"),
        (&["report", "."], ". is no run directory"),
        (&["report", ".", "--out", "x"], "--out is for a bundle, and this is a run directory; leave it out"),
        (&["report", "file"], "file: the name of a bundle ends in .pool-run.tar.gz"),
        (
            &["status", "file"],
            "file is a file, and this takes a run directory; `pool-cli report file` unpacks",
        ),
        (&["recommend", "file"], "file is a file, and this takes a run directory"),
        (&["compare", "file", "file"], "file is a file, and this takes a run directory"),
        (&["bundle", "nowhere"], "nowhere is no run directory"),
        (&["data", "info", "imagenet"], "imagenet"),
        (&["recommend", "nowhere"], "nowhere is no run directory"),
        (&["recommend", ".", "--max-latency", "fast"], "write a duration such as 500us, 1ms or 2s"),
        (&["recommend", ".", "--max-memory", "much"], "write a size such as 64MB, 64MiB or 1.5GiB"),
        (&["compare", ".", "nowhere"], ". is no run directory"),
        (&["evaluate", "nowhere"], "nowhere holds no finished trial"),
        (&["predict", "file", "x.png"], "file holds no finished trial"),
        (&["export", ".", "--format", "onnx"], "safetensors"),
    ] {
        let output = pool_cli(folder.path()).args(arguments).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn instructions_that_do_not_exist_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = pool_cli(folder.path()).arg("doctor").env("POOL_KERNELS_ISA", "avx1024").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = "error: POOL_KERNELS_ISA = \"avx1024\": write portable, avx2 or avx512\n";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn the_times_of_kernels_are_those_of_every_built_in_network() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        pool_cli(folder.path()).args(["doctor", "--kernels", "--batch", "1"]).args(words).output().unwrap()
    };
    let output = run(&["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let networks: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(networks.as_array().unwrap().len(), 9);
    let blocks: Vec<&serde_json::Value> =
        networks.as_array().unwrap().iter().flat_map(|of| of["blocks"].as_array().unwrap()).collect();
    let are_positive =
        |times: &serde_json::Value| times.as_array().unwrap().iter().all(|of| of.as_f64() > Some(0.0));
    assert!(blocks.len() > 30 && blocks.iter().all(|block| are_positive(&block["seconds"])));
    for pick in ["kernel", "channels_last"] {
        assert!(blocks.iter().any(|block| block["pick"] == pick), "{pick}");
    }
    let text = String::from_utf8(run(&[]).stdout).unwrap();
    assert!(text.contains("resnet8: a training step of 1 pictures on"), "{text}");
    assert_eq!(
        pool_cli(folder.path()).args(["doctor", "--batch", "2"]).output().unwrap().status.code(),
        Some(2)
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = sweep(folder.path(), &["--dry-run"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 trials: 2 arms"));
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn the_plan_of_the_study_shows_the_published_parameters_and_gigabytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output =
        pool_cli(&root).args(["plan", "configs/sweep.toml", "--json", "--no-timing"]).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let arms = &plan["arms"];
    for (arm, parameters, gib) in [(0, 592_074, "0.465"), (1, 592_074, "0.465"), (2, 2_361_546, "1.801")] {
        let model = &arms[arm]["model"];
        assert_eq!(model["parameters"], parameters);
        assert_eq!(model["memory"][0]["model"], "keras_legacy");
        let items = model["memory"][0]["items"].as_array().unwrap();
        let bytes: u64 = items.iter().map(|item| item["bytes"].as_u64().unwrap()).sum();
        assert_eq!(format!("{:.3}", bytes as f64 / (1u64 << 30) as f64), gib);
        assert_eq!(arms[arm]["seeds"], serde_json::json!([1, 2, 3, 4, 5]));
    }
}

#[test]
fn a_plan_times_a_few_steps_of_every_arm() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), SMOKE).unwrap();
    let output =
        pool_cli(folder.path()).args(["plan", "sweep.toml", "--jobs", "1", "--json"]).output().unwrap();
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let arms = plan["times"]["arms"].as_array().unwrap();
    assert_eq!(arms.len(), 2);
    let seconds: Vec<f64> = arms.iter().map(|arm| arm["trial_s"].as_f64().unwrap()).collect();
    assert!(seconds.iter().all(|seconds| (0.5..600.0).contains(seconds)), "{seconds:?}");
    assert!((plan["times"]["total_s"].as_f64().unwrap() - seconds.iter().sum::<f64>()).abs() < 1e-9);
    let bytes = arms[0]["peak_bytes"].as_u64().unwrap();
    assert!((50 << 20..2 << 30).contains(&bytes), "{bytes}");
    assert!(!folder.path().join("runs").exists(), "a plan leaves nothing behind");
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_error_that_takes_nothing_does_not_stop_a_sweep() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), SMOKE).unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = pool_cli(folder.path()).args(["sweep", "sweep.toml"]).stderr(full).output().unwrap().status;
    assert_eq!(status.code(), Some(0));
    assert!(folder.path().join("runs/smoke/report.html").exists());
}

/// Stands in for a full disk: no file may grow beyond 1 MiB, so that a model of 2 MB cannot be written.
#[cfg(target_os = "linux")]
#[test]
fn when_nothing_more_can_be_written_the_trial_fails_with_a_reason_and_finished_records_stay() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sweep(folder.path(), &["--only", "max"]).status.code(), Some(0));
    let record_of = |arm: &str| {
        let trials = fs::read_dir(folder.path().join("runs/smoke/trials")).unwrap();
        let mut folders = trials.map(|trial| trial.unwrap().path());
        folders
            .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(arm))
            .map(|path| path.join("record.json"))
    };
    let before = fs::read(record_of("max").unwrap()).unwrap();

    let program = pool_cli(folder.path());
    let output = std::process::Command::new("bash")
        .current_dir(folder.path())
        .args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" sweep sweep.toml"])
        .arg(program.get_program())
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("failed: avg-s1-") && said.contains("File too large"), "{said}");
    assert_eq!(fs::read(record_of("max").unwrap()).unwrap(), before);
    assert!(!record_of("avg").unwrap().exists());

    assert_eq!(sweep(folder.path(), &[]).status.code(), Some(0), "with space again it finishes");
    assert!(record_of("avg").unwrap().exists());
}
