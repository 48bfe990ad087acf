//! The report for people is one safe file, and its plots say the figures that they draw.

use pool_report::{Analysis, PlotKind, html_report, plot_files};

use crate::synthetic::{Synthetic, diverged, trial};

const HOSTILE: &str = "<script>alert(1)</script>";
const QUOTES: &str = "\"&' </style></svg>]]>";

fn page_of(study: &Synthetic) -> String {
    let run = study.read();
    html_report(&run, &Analysis::of(&run))
}

#[test]
fn names_and_sweep_text_become_no_markup() {
    let mut study = Synthetic::study(&format!("{HOSTILE}{QUOTES}"));
    study.finish(trial(HOSTILE, "max", 1, 3));
    study.finish(trial(QUOTES, "avg", 1, 3));
    study.finish(diverged(&format!("diverged {HOSTILE}"), 1));
    study.plan(&format!("missing {HOSTILE}"), 1);
    study.fail(&format!("failed {HOSTILE}"), 1, HOSTILE);
    std::fs::write(study.root().join("sweep.toml"), format!("# {HOSTILE}{QUOTES}")).unwrap();
    let run = study.read();

    let analysis = Analysis::of(&run);
    let page = html_report(&run, &analysis);
    assert_eq!(page.to_lowercase().matches("<script").count(), 1, "the page's own");
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1, "the page's own");
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the names are shown");
    assert!(page.contains("&quot;&amp;'"), "{page}");

    for plot in plot_files(&run, &analysis, &PlotKind::ALL) {
        assert!(!plot.svg.contains("<script") && plot.svg.contains("&lt;script&gt;"), "{:?}", plot.kind);
        assert_eq!(plot.svg.matches("</svg>").count(), 1, "{:?}", plot.kind);
    }
}

#[test]
fn the_page_needs_nothing_else_and_forbids_it_to_itself() {
    let page = page_of(&Synthetic::published(3, 10));
    for reference in ["http:", "https:", "url(", "@import", "<link", "<iframe", "style=\"", "onclick"] {
        assert!(!page.contains(reference), "{reference} in {page}");
    }
    for (attribute, expected) in [("src=\"", "data:image/png;base64,"), ("href=\"", "#")] {
        let found: Vec<&str> = page.split(attribute).skip(1).collect();
        assert!(!found.is_empty() && found.iter().all(|value| value.starts_with(expected)), "{attribute}");
    }
    let policy = "content=\"default-src 'none'; img-src data:; style-src 'sha256-";
    assert!(page.contains(policy), "{page}");
    assert!(!page.contains("unsafe-inline"));
}

#[test]
fn a_run_of_fifteen_trials_is_a_page_of_less_than_a_megabyte() {
    let mut study = Synthetic::measured(3);
    for (arm, pool) in [("blur", "\"max\""), ("mean of powers", "\"avg\"")] {
        for seed in 1..=3 {
            study.finish(trial(arm, pool, seed, 10));
        }
    }
    let bytes = page_of(&study).len();
    assert!(bytes < 1 << 20, "{bytes}");
}

#[test]
fn the_page_says_what_is_not_in_it() {
    let mut study = Synthetic::published(1, 2);
    assert!(!page_of(&study).contains("What is not in these figures"));
    study.plan("maximum", 2);
    let page = page_of(&study);
    assert!(page.contains("One trial of the plan has no record yet; run the same sweep again"), "{page}");
    study.plan("maximum", 3);
    assert!(page_of(&study).contains("2 trials of the plan have no record yet"));
}

#[test]
fn the_page_says_the_verdict_first_and_then_everything_behind_it() {
    let study = Synthetic::measured(3);
    std::fs::write(study.root().join("sweep.toml"), "study = 'mnist-pooling'\n").unwrap();
    let page = page_of(&study);
    let mut from = 0;
    for title in [
        "Verdict",
        "Claims",
        "Results",
        "Learning curves",
        "Error against cost",
        "Robustness to small changes",
        "Memory",
        "All pairs of arms",
        "Confusion of classes",
        "Calibration",
        "Error of each class",
        "Hardest images",
        "More tables",
        "Every trial",
        "Methods",
        "Machine and settings",
        "Sweep file",
    ] {
        let place = page[from..].find(&format!("<h2>{title}</h2>"));
        from += place.unwrap_or_else(|| panic!("{title} is not there, or too early"));
    }
    for expected in [
        "<h3>Comparison with the reported figures</h3>",
        "aria-label=\"Validation error, %\"",
        "<dt>libtorch</dt><dd>2.11.0</dd>",
        "study = 'mnist-pooling'",
    ] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
}

#[test]
fn what_belongs_to_an_arm_says_so_wherever_it_is() {
    let page = page_of(&Synthetic::measured(3));
    for (element, why) in [
        ("<tr data-arms=\"1\">", "tables"),
        ("<tr data-arms=\"0 1\">", "pairs"),
        ("<g class=\"hue-1\" data-arms=\"1\"", "plots"),
        ("<svg class=\"panel\" data-arms=\"1\"", "rows of lists"),
        ("<span class=\"chip\" data-arm=\"1\">", "the legend"),
        ("<li data-arms=\"1\"", "hardest images"),
    ] {
        assert!(page.contains(element), "{why}");
    }
}

#[test]
fn classes_have_the_names_of_their_folders_wherever_they_are() {
    let mut record = trial("maximum", "\"max\"", 1, 3);
    let own = ["ferns", "People & Body in a long name"].map(String::from);
    record.class_names = own.into_iter().chain((2..10).map(|class| format!("class {class}"))).collect();
    let mut study = Synthetic::study("flowers");
    study.finish(record);
    let run = study.read();
    let page = html_report(&run, &Analysis::of(&run));
    for (element, why) in [
        ("<th scope=\"col\">People &amp; Body in a long name</th>", "the table of classes"),
        ("of class ferns predicted as People &amp; Body in a long name</title>", "marks of the confusion"),
        (">People &amp; Body…</text>", "rows and columns of the confusion"),
        ("<p><strong>ferns</strong>, wrong in ", "hardest images"),
    ] {
        assert!(page.contains(element), "{why}: {element} is not in {page}");
    }
}

#[test]
fn one_seed_is_said_to_allow_no_interval() {
    assert!(page_of(&Synthetic::published(1, 2)).contains("a single seed gives no interval, so"));
    assert!(!page_of(&Synthetic::published(2, 2)).contains("a single seed gives no interval, so"));
}

#[test]
fn names_of_plots_hold_no_control_character() {
    let mut study = Synthetic::study("control");
    study.finish(trial("bell\u{7}", "\"max\"", 1, 2));
    let run = study.read();
    for plot in plot_files(&run, &Analysis::of(&run), &PlotKind::ALL) {
        assert!(!plot.svg.contains('\u{7}'), "{:?}", plot.kind);
    }
}

#[test]
fn times_taken_while_other_trials_ran_are_marked() {
    let mut study = Synthetic::study("contended");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.contention.jobs = 2;
    study.finish(record);
    assert!(page_of(&study).contains(" are contended: the machine"));
    assert!(!page_of(&Synthetic::published(1, 2)).contains(" are contended: the machine"));
}

/// The plots of a run, each with what its marks say.
fn marks(study: &Synthetic) -> Vec<(PlotKind, Vec<String>)> {
    let run = study.read();
    let said = |svg: &str| -> Vec<String> {
        let titles = svg.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next());
        titles.map(str::to_owned).collect()
    };
    let plots = plot_files(&run, &Analysis::of(&run), &PlotKind::ALL);
    plots.into_iter().map(|plot| (plot.kind, said(&plot.svg))).collect()
}

#[test]
fn every_mark_says_its_arm_and_figure() {
    let marks = marks(&Synthetic::measured(3));
    for (kind, expected, why) in [
        (
            PlotKind::LearningCurves,
            "average, epoch 1: 0.3960 nats (0.3630 to 0.4290 over 3 seeds)",
            "0.33 times the mean of 1.1, 1.2, 1.3",
        ),
        (
            PlotKind::LearningCurves,
            "none, epoch 10: 0.43 % (0.40 to 0.47 over 3 seeds)",
            "a tenth of epoch 1",
        ),
        (PlotKind::Robustness, "average, shift 0 px: error 1.09 %", "the unchanged images"),
        (
            PlotKind::Robustness,
            "none, shift 1 px: error 3.01 % (3.00 to 3.02 over 3 seeds)",
            "1,201 to 1,203 of 40,000",
        ),
        (PlotKind::Memory, "maximum: measured 42.3 MiB", "8 MiB more than the model"),
        (
            PlotKind::Memory,
            "maximum: parameters times batch size 451.7 MiB",
            "592,074 times 200 times 4 bytes",
        ),
        (PlotKind::Pareto, "592,074 parameters, on the front", "maximum errs least"),
        (PlotKind::Comparisons, "maximum errs less than none by", "as the analysis says it"),
        (PlotKind::Confusion, "of class 0 predicted as 1", "as synthetic errors go"),
        (PlotKind::Calibration, "predictions, mean confidence", "every bin with enough of them"),
    ] {
        let (_, said) = marks.iter().find(|(found, _)| *found == kind).unwrap();
        assert!(said.iter().any(|words| words.contains(expected)), "{expected}: {why}; {said:#?}");
    }
}

#[test]
fn what_was_not_measured_is_not_drawn() {
    let mut study = Synthetic::study("bare");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.test.as_mut().unwrap().robustness.clear();
    study.finish(record);
    let kinds: Vec<PlotKind> = marks(&study).into_iter().map(|(kind, _)| kind).collect();
    let expected = [PlotKind::LearningCurves, PlotKind::Memory, PlotKind::Confusion, PlotKind::Calibration];
    assert_eq!(kinds, expected, "one arm has no front, no other arm, and nobody looked at shifts");
    assert!(marks(&study).iter().flat_map(|(_, said)| said).all(|words| !words.contains("measured")));
    assert_eq!(marks(&Synthetic::study("empty")), []);
}
