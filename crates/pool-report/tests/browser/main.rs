//! The report in a real browser: what a reader can do with it, and that it does nothing else.

mod driver;
mod study;
#[path = "../report/synthetic/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the words need more")]
mod synthetic;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pool_report::{Analysis, PlotKind, html_report, plot_files};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Browser;

/// The report of the rich run, in a browser.
struct Opened {
    browser: Browser,
    folder: TempDir,
}

fn rich_page() -> String {
    let run = study::rich().read();
    html_report(&run, &Analysis::of(&run))
}

fn opened() -> Option<Opened> {
    static PAGE: OnceLock<String> = OnceLock::new();
    let browser = Browser::start()?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    fs::write(&file, PAGE.get_or_init(rich_page)).unwrap();
    browser.resize(1280, 900);
    browser.prefer("light");
    browser.open(&format!("file://{}", file.display()));
    Some(Opened { browser, folder })
}

impl Opened {
    fn run(&self, script: &str) -> Value {
        self.browser.run(script)
    }

    /// How many elements of a selector are displayed.
    fn displayed(&self, selector: &str) -> u64 {
        let script = format!(
            "return [...document.querySelectorAll('{selector}')].filter((e) => e.getClientRects().length).length"
        );
        self.run(&script).as_u64().unwrap()
    }

    /// The first cells of the results, from top to bottom.
    fn arms(&self) -> Vec<String> {
        let cells = "#results tbody th";
        let names =
            self.run(&format!("return [...document.querySelectorAll('{cells}')].map((e) => e.textContent)"));
        serde_json::from_value(names).unwrap()
    }

    fn background(&self) -> Value {
        self.run("return getComputedStyle(document.body).backgroundColor")
    }
}

#[test]
fn a_column_is_sorted_both_ways_and_says_so() {
    let Some(page) = opened() else { return };
    let press = "const head = document.querySelectorAll('#results thead th')[2]; head.querySelector('button').click();";
    page.run(press);
    assert_eq!(page.run("return document.querySelectorAll('#results th')[2].ariaSort"), json!("ascending"));
    let rising = page.arms();
    assert_eq!(rising.last().unwrap(), "learning rate too high", "an arm without a figure comes last");
    assert_eq!(rising[rising.len() - 2], "none", "the worst arm");
    page.run(press);
    assert_eq!(page.run("return document.querySelectorAll('#results th')[2].ariaSort"), json!("descending"));
    let falling = page.arms();
    assert_eq!(falling[0], "none");
    assert_eq!(falling.last().unwrap(), "learning rate too high", "in either direction");
    assert_eq!(page.run("return document.querySelectorAll('#results th[aria-sort]').length"), json!(1));
}

#[test]
fn an_arm_that_is_hidden_is_gone_from_tables_and_plots_until_it_is_shown_again() {
    let Some(page) = opened() else { return };
    let parts = [
        "#results tr[data-arms]",
        "#trials tr[data-arms]",
        "#learning-curves g[data-arms]",
        "#pareto g[data-arms]",
        "#memory svg[data-arms]",
        "#confusion div[data-arms]",
    ];
    let before = parts.map(|part| page.displayed(part));
    page.run("document.querySelector('.legend button').click()");
    for (part, before) in parts.iter().zip(before) {
        let first = part.replace("[data-arms]", "[data-arms~=\"0\"]");
        assert_eq!(page.displayed(&first), 0, "{part}");
        assert!(page.displayed(part) < before && page.displayed(part) > 0, "{part}: the others stay");
    }
    assert_eq!(page.run("return document.querySelector('.legend button').ariaPressed"), json!("false"));
    page.run("document.querySelector('.legend button').click()");
    assert_eq!(parts.map(|part| page.displayed(part)), before);
}

#[test]
fn light_and_dark_follow_the_system_until_the_reader_chooses_and_the_choice_is_remembered() {
    let Some(page) = opened() else { return };
    let (light, dark) = (json!("rgb(255, 255, 255)"), json!("rgb(22, 24, 27)"));
    assert_eq!(page.background(), light);
    page.browser.prefer("dark");
    assert_eq!(page.background(), dark);
    let curve = "return getComputedStyle(document.querySelector('#learning-curves g.hue-0')).color";
    let bright = page.run(curve);
    page.run("document.querySelector('#theme').click()");
    assert_eq!(page.background(), light);
    assert_ne!(page.run(curve), bright, "the arms' colours change with the ground");
    page.run("location.reload()");
    assert_eq!(page.background(), light, "after a reload");
}

#[test]
fn the_page_logs_no_error_and_asks_for_nothing() {
    let Some(page) = opened() else { return };
    page.run("for (const button of document.querySelectorAll('button')) button.click()");
    page.run("document.querySelector('#learning-curves .stack').focus()");
    let errors: Vec<Value> = page.browser.log("browser");
    assert_eq!(errors, Vec::<Value>::new());
    for entry in page.browser.log("performance") {
        let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
        let event = &message["message"];
        // The empty tab before the report is the browser's own.
        let own = event["params"]["documentURL"].as_str().is_some_and(|page| page.starts_with("chrome:"));
        if event["method"] == "Network.requestWillBeSent" && !own {
            let address = event["params"]["request"]["url"].as_str().unwrap();
            assert!(address.starts_with("file://") || address.starts_with("data:"), "{address}");
        }
    }
}

#[test]
fn a_script_that_found_its_way_in_does_not_run_and_no_request_leaves() {
    let Some(page) = opened() else { return };
    page.run(
        "window.violations = [];
         addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
         const script = document.createElement('script');
         script.textContent = 'window.ran = true';
         const image = new Image();
         image.src = 'http://127.0.0.1:9/';
         document.body.append(script, image);",
    );
    let found = page
        .run("return new Promise((done) => setTimeout(() => done([window.ran ?? false, violations]), 200))");
    assert_eq!(found[0], json!(false));
    let violations = found[1].to_string();
    assert!(violations.contains("script-src") && violations.contains("img-src"), "{violations}");
}

#[test]
fn plots_are_files_that_open_by_themselves() {
    let Some(page) = opened() else { return };
    let run = study::rich().read();
    for plot in plot_files(&run, &Analysis::of(&run), &PlotKind::ALL) {
        let file = page.folder.path().join(plot.kind.file());
        fs::write(&file, plot.svg).unwrap();
        page.browser.open(&format!("file://{}", file.display()));
        let root = page.run("return document.documentElement.localName");
        assert_eq!(root, json!("svg"), "{:?}", plot.kind);
        assert_eq!(page.displayed("parsererror"), 0, "{:?}", plot.kind);
        leave(&format!("{}.png", plot.kind.file()), &page.browser.picture());
    }
}

#[test]
fn nothing_is_wider_than_a_phone() {
    let Some(page) = opened() else { return };
    for width in [320, 360, 768] {
        page.browser.resize(width, 800);
        let overflow =
            page.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(overflow, json!(0), "at {width} px");
    }
}

#[test]
fn arrow_keys_go_through_the_figures_of_a_plot() {
    let Some(page) = opened() else { return };
    page.run("document.querySelector('#learning-curves .stack').focus()");
    let arrow_right = "\u{e014}";
    page.browser.press(arrow_right);
    let tip = || page.run("return document.querySelector('.tip').textContent");
    let first = tip();
    assert!(first.as_str().unwrap().starts_with("average 2x2, epoch 1: "), "{first}");
    page.browser.press(arrow_right);
    assert!(tip().as_str().unwrap().starts_with("average 2x2, epoch 2: "));
    page.browser.press("\u{e00c}");
    assert_eq!(page.displayed(".tip"), 0, "Escape hides it");
}

#[test]
fn pictures_of_the_page_are_left_for_people_to_look_at() {
    let Some(page) = opened() else { return };
    for (device, width, height) in [("phone", 360, 800), ("desktop", 1280, 900)] {
        page.browser.resize(width, height);
        for scheme in ["light", "dark"] {
            page.browser.prefer(scheme);
            leave(&format!("{device}-{scheme}.png"), &page.browser.picture());
        }
    }
    leave("print.pdf", &page.browser.printed());
}

/// Into `POOL_REPORT_PICTURES`, or below `target`.
fn leave(name: &str, base64: &str) {
    let folder = std::env::var_os("POOL_REPORT_PICTURES")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report"), PathBuf::from);
    fs::create_dir_all(&folder).unwrap();
    let bytes = STANDARD.decode(base64).unwrap();
    assert!(bytes.len() > 10_000, "{name} shows something");
    fs::write(folder.join(name), bytes).unwrap();
}
