//! The tests between arms equal SciPy, statsmodels and distributions worked out exactly;
//! `scripts/golden/comparisons.py` made the values and names the versions.

mod common;
#[path = "common/networks.rs"]
mod networks;

use common::assert_close;
use networks::predictions;
use pool_metrics::{
    ArmPair, BootstrapMethod, FamilyRules, McNemar, PairedPredictions, Resampling, SeedPredictions,
    compare_family, mcnemar_combined, mcnemar_exact, paired_bootstrap, paired_t, paired_t_power,
    seeds_needed,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    mcnemar_seeds: Vec<McNemarSeeds>,
    paired_t: Vec<Paired>,
    power: Vec<Power>,
    seeds_needed: Vec<Needed>,
    bootstrap: Vec<Divided>,
    studentised: Vec<StudentisedCase>,
}

#[derive(Deserialize)]
struct McNemarSeeds {
    counts: Vec<(u64, u64)>,
    p_value: f64,
}

#[derive(Deserialize)]
struct Paired {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    mean: f64,
    sd: f64,
    t: f64,
    p_value: f64,
    intervals: Vec<AtLevel>,
}

#[derive(Deserialize)]
struct AtLevel {
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Power {
    effect_size: f64,
    n: u32,
    alpha: f64,
    power: f64,
}

#[derive(Deserialize)]
struct Needed {
    effect_size: f64,
    alpha: f64,
    power: f64,
    seeds: u32,
}

/// Per seed, the images that each arm gets wrong, and what infinitely many resamples would show.
#[derive(Deserialize)]
struct Divided {
    name: String,
    images: usize,
    a: Vec<Vec<usize>>,
    b: Vec<Vec<usize>>,
    difference: f64,
    ends: Vec<Ends>,
    rarer_tail: f64,
    mcnemar: Vec<f64>,
    paired_t: Option<f64>,
}

/// What 10,000 resamples' ends of the interval keep to, but for once in a million.
#[derive(Deserialize)]
struct Ends {
    level: f64,
    low: (f64, f64),
    high: (f64, f64),
}

/// Per seed, the images that each arm gets wrong, and what 10,000 resamples keep to, but for once in a million.
#[derive(Deserialize)]
struct StudentisedCase {
    name: String,
    images: usize,
    a: Vec<Vec<usize>>,
    b: Vec<Vec<usize>>,
    difference: f64,
    ends: Vec<HalfWidth>,
    p_value: (f64, f64),
    margin: f64,
    equivalence_p_value: (f64, f64),
}

#[derive(Deserialize)]
struct HalfWidth {
    level: f64,
    half: (f64, f64),
}

/// These predictions with seeds from 1.
fn trials(predictions: &[Vec<u16>]) -> Vec<SeedPredictions<'_>> {
    (1..).zip(predictions).map(|(seed, predictions)| SeedPredictions { seed, predictions }).collect()
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/comparisons.json")).unwrap()
}

#[test]
fn mcnemar_over_seeds_equals_statsmodels_on_the_sums() {
    for McNemarSeeds { counts, p_value } in golden().mcnemar_seeds {
        let tests: Vec<McNemar> = counts.iter().map(|&(a, b)| mcnemar_exact(a, b)).collect();
        assert_close(mcnemar_combined(&tests).p_value, p_value, 1e-10, &format!("{counts:?}"));
    }
}

#[test]
fn paired_t_tests_equal_scipy() {
    for case in golden().paired_t {
        for AtLevel { level, low, high } in case.intervals {
            let ours = paired_t(&case.a, &case.b, level, 0.0).unwrap();
            assert_close(ours.mean, case.mean, 1e-13, &format!("mean of {}", case.name));
            assert_close(ours.sd, case.sd, 1e-12, &format!("sd of {}", case.name));
            assert_close(ours.t.unwrap(), case.t, 1e-12, &format!("t of {}", case.name));
            assert_close(ours.p_value, case.p_value, 1e-11, &format!("p-value of {}", case.name));
            // An end near 0 is a difference of larger numbers, and as good as these.
            let size = low.abs().max(high.abs());
            for (ours, theirs) in [(ours.interval.low, low), (ours.interval.high, high)] {
                assert!((ours - theirs).abs() < 1e-11 * size, "{level} interval of {}", case.name);
            }
        }
    }
}

#[test]
fn power_equals_its_definition_in_thirty_digits() {
    for Power { effect_size, n, alpha, power } in golden().power {
        let ours = paired_t_power(effect_size, n, alpha, 0.0).unwrap();
        assert_close(ours, power, 1e-10, &format!("effect {effect_size} with {n} seeds at {alpha:e}"));
    }
}

#[test]
fn seeds_needed_are_the_first_that_suffice() {
    for Needed { effect_size, alpha, power, seeds } in golden().seeds_needed {
        for sd in [1.0, 0.003] {
            let ours = seeds_needed(effect_size * sd, sd, alpha, power, 0.0);
            assert_eq!(ours, Some(seeds), "effect {effect_size} at {alpha:e} with power {power}");
        }
    }
}

#[test]
fn bootstrap_intervals_lie_where_infinitely_many_resamples_would_put_them() {
    for case in golden().bootstrap {
        let labels = vec![0; case.images];
        let (a, b) = (predictions(case.images, &case.a), predictions(case.images, &case.b));
        let seeds: Vec<_> = a.iter().zip(&b).map(|(a, b)| PairedPredictions { a, b }).collect();
        for Ends { level, low, high } in case.ends {
            let ours =
                paired_bootstrap(&labels, &seeds, &Resampling { level, ..Resampling::default() }, None)
                    .unwrap();
            let what = format!("{level} interval of {}: {:?}", case.name, ours.interval);
            assert!((ours.difference - case.difference).abs() < 1e-16, "{}", case.name);
            // Half an ulp for the division by images and seeds.
            assert!(low.0 - 1e-16 <= ours.interval.low && ours.interval.low <= low.1 + 1e-16, "{what}");
            assert!(high.0 - 1e-16 <= ours.interval.high && ours.interval.high <= high.1 + 1e-16, "{what}");
        }
    }
}

#[test]
fn bootstrap_p_values_count_the_tail_that_infinitely_many_resamples_would_have() {
    for case in golden().bootstrap {
        let labels = vec![0; case.images];
        let (a, b) = (predictions(case.images, &case.a), predictions(case.images, &case.b));
        let seeds: Vec<_> = a.iter().zip(&b).map(|(a, b)| PairedPredictions { a, b }).collect();
        let ours = paired_bootstrap(&labels, &seeds, &Resampling::default(), None).unwrap();
        let (resamples, tail) = (f64::from(ours.resamples), case.rarer_tail);
        let expected = (2.0 * (resamples * tail + 1.0) / (resamples + 1.0)).min(1.0);
        // Five standard deviations of a binomial count on either side, and a few counts where next to none are due.
        let slack = 2.0 * (5.0 * (resamples * tail * (1.0 - tail)).sqrt() + 3.0) / (resamples + 1.0);
        assert!(
            (ours.p_value - expected).abs() <= slack,
            "{}: {} is further than {slack} from {expected}",
            case.name,
            ours.p_value
        );
    }
}

#[test]
fn studentised_intervals_and_p_values_equal_those_of_resamples_drawn_one_by_one() {
    for case in golden().studentised {
        let labels = vec![0; case.images];
        let (a, b) = (predictions(case.images, &case.a), predictions(case.images, &case.b));
        let seeds: Vec<_> = a.iter().zip(&b).map(|(a, b)| PairedPredictions { a, b }).collect();
        let at = |level| {
            let resampling = Resampling { level, ..Resampling::default() };
            paired_bootstrap(&labels, &seeds, &resampling, Some(case.margin)).unwrap()
        };
        for HalfWidth { level, half } in case.ends {
            let ours = at(level);
            assert_eq!(ours.method, BootstrapMethod::Studentised, "{}", case.name);
            assert!((ours.difference - case.difference).abs() < 1e-15, "{}", case.name);
            for distance in [ours.difference - ours.interval.low, ours.interval.high - ours.difference] {
                let (low, high) = (half.0 - 1e-12, half.1 + 1e-12);
                assert!(
                    low <= distance && distance <= high,
                    "{level} of {}: {distance}, {half:?}",
                    case.name
                );
            }
        }
        let ours = at(0.95);
        let equivalence = ours.equivalence_p_value.unwrap();
        for (p_value, (low, high)) in [(ours.p_value, case.p_value), (equivalence, case.equivalence_p_value)]
        {
            assert!(low <= p_value && p_value <= high, "{}: {p_value} in {low} to {high}", case.name);
        }
    }
}

#[test]
fn comparisons_hold_the_tests_of_scipy_and_statsmodels() {
    for case in golden().bootstrap {
        let labels = vec![0; case.images];
        let (a, b) = (predictions(case.images, &case.a), predictions(case.images, &case.b));
        let pair = ArmPair { a: &trials(&a), b: &trials(&b), looks: 0 };
        let ours = &compare_family(&labels, &[pair], &FamilyRules::default()).unwrap()[0];
        assert_eq!(ours.mcnemar_per_seed.len(), case.mcnemar.len(), "{}", case.name);
        for (ours, theirs) in ours.mcnemar_per_seed.iter().zip(case.mcnemar) {
            assert_close(ours.mcnemar.p_value, theirs, 1e-10, &format!("{}, seed {}", case.name, ours.seed));
        }
        if let Some(p_value) = case.paired_t {
            assert_close(ours.paired_t.unwrap().p_value, p_value, 1e-10, &case.name);
        }
    }
}
