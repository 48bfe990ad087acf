//! What decides between arms equals SciPy, statsmodels, baycomp and published boundaries; `scripts/golden/decisions.py` made
//! the values and names the versions.

mod common;
#[path = "common/networks.rs"]
mod networks;

use common::assert_close;
use networks::predictions;
use pool_metrics::{
    MeanDifference, PairedPredictions, SeedLooks, SeedPredictions, paired_t, ranks, sign_flip,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    equivalence: Vec<Equivalence>,
    corrected_t: Vec<CorrectedT>,
    sign_flip: Vec<SignFlip>,
    levels: Vec<Levels>,
    crossed: Vec<Crossed>,
    ranked: Vec<Ranked>,
}

#[derive(Deserialize)]
struct Equivalence {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    margin: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct CorrectedT {
    name: String,
    a: Vec<f64>,
    b: Vec<f64>,
    held_out_ratio: f64,
    t: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct SignFlip {
    name: String,
    differences: Vec<i64>,
    p_value: f64,
}

#[derive(Deserialize)]
struct Levels {
    looks: Vec<u32>,
    alpha: f64,
    levels: Vec<f64>,
}

/// Per seed, the images that each arm gets wrong.
#[derive(Deserialize)]
struct Crossed {
    name: String,
    images: usize,
    a: Vec<Vec<usize>>,
    b: Vec<Vec<usize>>,
    difference: f64,
    standard_error: f64,
    freedom: f64,
}

/// Per arm and seed, the images that it gets wrong; per arm its rank, the best and the worst that it may have.
#[derive(Deserialize)]
struct Ranked {
    name: String,
    images: usize,
    arms: Vec<Vec<Vec<usize>>>,
    ranks: Vec<[usize; 3]>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/decisions.json")).unwrap()
}

#[test]
fn equivalence_equals_statsmodels() {
    for Equivalence { name, a, b, margin, p_value } in golden().equivalence {
        let ours = MeanDifference::paired(&a, &b, 0.0).unwrap().p_apart(margin);
        assert_close(ours, p_value, 1e-10, &format!("{name}, margin {margin}"));
    }
}

#[test]
fn the_corrected_t_test_equals_nadeau_and_bengios() {
    for CorrectedT { name, a, b, held_out_ratio, t, p_value } in golden().corrected_t {
        let ours = paired_t(&a, &b, 0.95, held_out_ratio).unwrap();
        assert_close(ours.t.unwrap(), t, 1e-12, &format!("t of {name}, ratio {held_out_ratio}"));
        assert_close(ours.p_value, p_value, 1e-11, &format!("p-value of {name}, ratio {held_out_ratio}"));
    }
}

#[test]
fn sign_flips_equal_scipys_permutations() {
    for SignFlip { name, differences, p_value } in golden().sign_flip {
        assert_close(sign_flip(&differences).unwrap(), p_value, 1e-12, &name);
    }
}

#[test]
fn looks_have_the_levels_of_lan_and_demets() {
    for Levels { looks, alpha, levels } in golden().levels {
        let design = SeedLooks::new(&looks, 1, alpha, 0.0).unwrap();
        for (look, level) in design.looks().iter().zip(levels) {
            // Levels below a billionth decide nothing that a seed more or less would not.
            let tolerance = if level > 1e-9 { 1e-6 } else { 1e-3 };
            assert_close(look.alpha, level, tolerance, &format!("{looks:?} at {alpha}, look {}", look.seeds));
        }
    }
}

#[test]
fn crossed_standard_errors_equal_statsmodels_analysis_of_variance() {
    for case in golden().crossed {
        let (labels, a, b) =
            (vec![0; case.images], predictions(case.images, &case.a), predictions(case.images, &case.b));
        let seeds: Vec<_> = a.iter().zip(&b).map(|(a, b)| PairedPredictions { a, b }).collect();
        let ours = MeanDifference::crossed(&labels, &seeds, 0.0).unwrap();
        assert!((ours.difference - case.difference).abs() < 1e-14, "{}: {ours:?}", case.name);
        assert_close(ours.standard_error, case.standard_error, 1e-9, &case.name);
        assert_close(ours.freedom, case.freedom, 1e-8, &case.name);
    }
}

#[test]
fn ranks_equal_those_of_statsmodels_variances_and_corrections() {
    for case in golden().ranked {
        let predicted: Vec<_> = case.arms.iter().map(|arm| predictions(case.images, arm)).collect();
        let of_arm =
            |arm: &Vec<Vec<u16>>| -> Vec<(u64, Vec<u16>)> { (1..).zip(arm.iter().cloned()).collect() };
        let predicted: Vec<_> = predicted.iter().map(of_arm).collect();
        let networks: Vec<Vec<SeedPredictions<'_>>> = predicted
            .iter()
            .map(|arm| {
                arm.iter().map(|(seed, predictions)| SeedPredictions { seed: *seed, predictions }).collect()
            })
            .collect();
        let arms: Vec<&[SeedPredictions<'_>]> = networks.iter().map(Vec::as_slice).collect();
        let ours: Vec<[usize; 3]> = ranks(&vec![0; case.images], &arms, 0.05, 0.0)
            .unwrap()
            .iter()
            .map(|found| [found.rank, found.low, found.high])
            .collect();
        assert_eq!(ours, case.ranks, "{}", case.name);
    }
}
