//! Records of trials and costs, a plan, and the report that is made of them.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pool_records::{CostRecord, PausedTrial, Record, RunLayout, TrialRecord};
use pool_report::{
    Analysis, ArmResults, PlotKind, Run, html_report, json_results, latex_document, latex_tables,
    markdown_report, plot_files, results_csv, tensorboard_events, terminal_report,
};
use pool_spec::PlanFile;
use serde_json::{Value, json};

/// What the record is compared with.
const TRIAL: &str = include_str!("../seeds/record_json/trial.json");
const COSTS: &str = include_str!("../seeds/record_json/costs.json");

fuzz_target!(|text: &str| {
    let trial = TrialRecord::from_json(text);
    let costs = CostRecord::from_json(text);
    for error in [trial.as_ref().err(), costs.as_ref().err()].into_iter().flatten() {
        assert!(!error.to_string().contains(char::is_control), "more than a line: {error}");
    }
    if let Ok(plan) = PlanFile::from_json(text) {
        let written = serde_json::to_string(&plan).expect("a plan is JSON");
        assert_eq!(PlanFile::from_json(&written).ok(), Some(plan));
    }
    let _ = PausedTrial::from_json(text);
    let arm = |name: &str, records, costs| ArmResults { name: name.to_owned(), records, costs };
    let known = || TrialRecord::from_json(TRIAL).expect("the seed is a record");
    let known_costs = || CostRecord::from_json(COSTS).expect("the seed is a record");
    let (found, beside) = match (trial, costs) {
        (Ok(trial), _) => {
            // The text, because a loss that is no number is not its own equal.
            let written = trial.to_json();
            assert_eq!(TrialRecord::from_json(&written).expect("it was just written").to_json(), written);
            let _ = tensorboard_events(&trial);
            (arm("found", vec![trial], vec![known_costs()]), arm("known", vec![known()], vec![known_costs()]))
        }
        (_, Ok(costs)) => {
            let written = costs.to_json();
            assert_eq!(CostRecord::from_json(&written).expect("it was just written").to_json(), written);
            (arm("found", vec![known()], vec![costs]), arm("known", vec![known()], vec![known_costs()]))
        }
        _ => return,
    };
    // Alone, and beside an arm as it should be.
    render(vec![found.clone()]);
    render(vec![beside, found]);
});

// Hardly any change of a byte leaves a record, so every other one is of a value.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0
        && let Ok(mut record) = serde_json::from_slice::<Value>(&data[..size])
    {
        change(&mut record, seed / 2);
        let text = record.to_string();
        if text.len() <= max_size {
            data[..text.len()].copy_from_slice(text.as_bytes());
            return text.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});

/// Changes one value of a record, chosen by the seed.
fn change(record: &mut Value, seed: u32) {
    let mut left = seed as usize % nodes(record);
    let (value, kind) = (node(record, &mut left).expect("fewer than there are"), seed as usize / 1_000);
    let strange = [
        json!(0),
        json!(-1),
        json!(1),
        json!(255),
        json!(u32::MAX),
        json!(1_u64 << 53),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(5e-324),
        json!(1e308),
        json!(-1e308),
        json!(""),
        json!("\u{1b}[2J\n\\<&"),
        Value::Null,
        json!([]),
    ];
    match (value, kind % 4) {
        (Value::Array(list), 0) => drop(list.pop()),
        (Value::Array(list), 1 | 2) => list.extend(list.first().cloned()),
        (value, _) => *value = strange[kind / 4 % strange.len()].clone(),
    }
}

/// How many values this one is made of, itself included.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(nodes).sum(),
        Value::Object(fields) => fields.values().map(nodes).sum(),
        _ => 0,
    }
}

/// The value with this many before it.
fn node<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| node(value, left)),
        Value::Object(fields) => fields.values_mut().find_map(|value| node(value, left)),
        _ => None,
    }
}

fn render(arms: Vec<ArmResults>) {
    let plan = PlanFile { study: "fuzz".to_owned(), ..PlanFile::default() };
    let run = Run { arms, ..Run::unread(RunLayout::new("nowhere"), &plan) };
    let analysis = Analysis::of(&run);
    terminal_report(&analysis, 80);
    markdown_report(&analysis, &[]);
    latex_document(&analysis);
    latex_tables(&analysis);
    results_csv(&run);
    json_results(&analysis);
    html_report(&run, &analysis);
    plot_files(&run, &analysis, &PlotKind::ALL);
}
