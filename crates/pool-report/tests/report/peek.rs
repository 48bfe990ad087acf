use crate::synthetic::{Synthetic, costs, diverged, small, trial};
use pool_report::*;
#[test]
fn peek() {
    let s = Synthetic::measured(5);
    let a = s.analysis();
    for w in [60, 80, 110, 160] {
        println!("=====T {w}\n{}", terminal_report(&a, w));
    }
    println!("=====M\n{}", markdown_report(&a, &[]));
    std::fs::create_dir_all("/tmp/w/tex").unwrap();
    std::fs::write("/tmp/w/tex/results.tex", latex_document(&a)).unwrap();
    std::fs::write("/tmp/w/tex/results-tables.tex", latex_tables(&a)).unwrap();
    let b = Budget {
        max_memory_bytes: Some(12 << 20),
        max_latency_s: Some(0.001),
        max_train_s: Some(100.0),
        ..Budget::default()
    };
    println!("=====R\n{}", terminal_recommendation(&recommend(&a, &b), 80));
    println!("{}", terminal_recommendation(&recommend(&a, &Budget::default()), 80));
    println!(
        "{}",
        terminal_recommendation(
            &recommend(
                &a,
                &Budget { max_parameters: Some(1000), max_prediction_s: Some(0.1), ..Budget::default() }
            ),
            80
        )
    );
    let un = Synthetic::published(3, 10);
    println!("{}", terminal_recommendation(&recommend(&un.analysis(), &b), 80));
    let c = RunComparison::of(&s.read(), &un.read());
    println!("=====C\n{}", terminal_comparison(&c, 80));
    let mut f = Synthetic::study("fashion");
    for seed in 1..=2 {
        let mut r = trial("max", "\"max\"", seed, 10);
        r.settings.dataset = "Fashion-MNIST".into();
        r.test.as_mut().unwrap().labels[0] = 3;
        f.finish(r);
    }
    f.finish(trial("lp", "\"lp\"", 1, 10));
    println!("=====C\n{}", terminal_comparison(&RunComparison::of(&s.read(), &f.read()), 80));
    println!(
        "=====C\n{}",
        markdown_comparison(&RunComparison::of(&s.read(), &Synthetic::published(1, 2).read()))
    );
    println!("=====ONE\n{}", terminal_report(&Synthetic::published(1, 2).analysis(), 80));
    let mut one = Synthetic::study("one");
    one.finish(trial("maximum", "\"max\"", 1, 10));
    one.measure(costs("maximum", "\"max\""));
    println!("=====ONE1\n{}", terminal_report(&one.analysis(), 80));
    let mut d = Synthetic::study("div");
    d.finish(diverged("maximum", 1));
    d.finish(diverged("average", 1));
    d.fail("none", 1, "out of memory");
    println!("=====DIV\n{}", terminal_report(&d.analysis(), 80));
    let mut f = Synthetic::study("forty");
    for arm in 0..40 {
        for seed in 1..=3 {
            f.finish(small(&format!("arm number {arm:02}"), "\"max\"", seed, 10));
        }
    }
    println!("=====FORTY\n{}", terminal_report(&f.analysis(), 80));
}
