//! The report for people is one safe file.

use pool_report::{Analysis, html_report, learning_curves_svg};

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
    study.finish(trial(HOSTILE, QUOTES, 1, 3));
    study.finish(trial(QUOTES, HOSTILE, 1, 3));
    study.finish(diverged(&format!("diverged {HOSTILE}"), 1));
    study.plan(&format!("missing {HOSTILE}"), 1);
    study.fail(&format!("failed {HOSTILE}"), 1, HOSTILE);
    std::fs::write(study.root().join("sweep.toml"), format!("# {HOSTILE}{QUOTES}")).unwrap();
    let run = study.read();

    let page = html_report(&run, &Analysis::of(&run));
    assert!(!page.to_lowercase().contains("<script"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1, "the page's own");
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the names are shown");
    assert!(page.contains("&quot;&amp;'"), "{page}");

    let curves = learning_curves_svg(&run);
    assert!(!curves.contains("<script") && curves.contains("&lt;script&gt;"), "{curves}");
    assert_eq!(curves.matches("</svg>").count(), 1);
}

#[test]
fn the_page_needs_nothing_else() {
    let page = page_of(&Synthetic::published(3, 10));
    let without_namespaces = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for reference in ["http:", "https:", "src=", "href", "url(", "@import", "<link", "<script", "<iframe"] {
        assert!(!without_namespaces.contains(reference), "{reference} in {without_namespaces}");
    }
}

#[test]
fn the_page_says_what_is_not_in_it() {
    let mut study = Synthetic::published(1, 2);
    assert!(!page_of(&study).contains("What is not in these tables"));
    study.plan("maximum", 2);
    let page = page_of(&study);
    assert!(page.contains("One trial of the plan has no record yet; run the same sweep again"), "{page}");
    study.plan("maximum", 3);
    assert!(page_of(&study).contains("2 trials of the plan have no record yet"));
}

#[test]
fn the_page_shows_tables_curves_settings_and_the_sweep_file() {
    let study = Synthetic::published(2, 4);
    std::fs::write(study.root().join("sweep.toml"), "study = 'mnist-pooling'\n").unwrap();
    let page = page_of(&study);
    for expected in [
        "<h2>Error, %</h2>",
        "<h2>Beside the published study</h2>",
        "<h2>Learning curves</h2>",
        "aria-label=\"validation error, %\"",
        "<dt>libtorch</dt><dd>2.11.0</dd>",
        "study = 'mnist-pooling'",
    ] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
    assert_eq!(page.matches("<line").count() - page.matches("<line opacity").count(), 3, "one sample an arm");
}

#[test]
fn times_taken_while_other_trials_ran_are_marked() {
    let mut study = Synthetic::study("contended");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.contention.jobs = 2;
    study.finish(record);
    assert!(page_of(&study).contains("Times are contended"));
    assert!(!page_of(&Synthetic::published(1, 2)).contains("Times are contended"));
}
