//! `pool-cli operators` lists everything there is, and `configs/operators.toml` trains all of it.

mod common;

use common::{pool_cli, stderr};

const GEOMETRIES: [&str; 5] = ["window", "adaptive", "global", "fractional", "pyramid"];
const REDUCERS: [&str; 18] = [
    "max",
    "avg",
    "min",
    "median",
    "lp",
    "gem",
    "lse",
    "soft",
    "stochastic",
    "mixed",
    "gated",
    "tree",
    "random_mixed",
    "avg_max",
    "cat_avg_max",
    "lip",
    "attention",
    "s3",
];
const LAYERS: [&str; 5] = ["strided_conv", "blur", "haar", "spectral", "none"];

fn text(arguments: &[&str]) -> String {
    let output = pool_cli(".".as_ref()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_operator_is_listed_for_every_rank() {
    let listed: serde_json::Value = serde_json::from_str(&text(&["operators", "--json"])).unwrap();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names, [&GEOMETRIES[..], &REDUCERS, &LAYERS].concat());
    for entry in listed.as_array().unwrap() {
        let ranks: Vec<_> =
            entry["ranks"].as_array().unwrap().iter().map(|example| &example["rank"]).collect();
        assert_eq!(ranks, [1, 2, 3], "{}", entry["name"]);
        for key in ["spelling", "formula", "settings", "learns", "gradient", "cost", "source"] {
            assert!(!entry[key].as_str().unwrap().is_empty(), "{}: {key}", entry["name"]);
        }
    }
    let table = text(&["operators"]);
    assert!(names.iter().all(|name| table.lines().any(|line| line.starts_with(name))), "{table}");
}

/// What the sweep file spells: its arms' pools are read again, key by key. Planning refuses what cannot be trained.
#[test]
fn the_sweep_over_all_operators_leaves_none_out() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/operators.toml");
    let planned: serde_json::Value =
        serde_json::from_str(&text(&["plan", path, "--json", "--no-timing"])).unwrap();
    let file = std::fs::read_to_string(path).unwrap();
    let pools: Vec<&str> = file.lines().filter_map(|line| line.strip_prefix("pool = ")).collect();
    assert_eq!(planned["arms"].as_array().unwrap().len(), pools.len());
    let says = |word: &str| {
        pools.iter().any(|pool| {
            pool.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .any(|part| part == word)
        })
    };
    for name in [&REDUCERS[..], &LAYERS].concat() {
        assert!(says(name), "no arm uses {name}");
    }
    for key in ["size", "adaptive", "global", "fractional", "pyramid"] {
        assert!(says(key), "no arm uses {key}");
    }
}
