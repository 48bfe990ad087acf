use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::StandardNormal;

use super::*;
use crate::PairedPredictions;

/// Sweeps of each simulation. A true rate of 5 % shows as more than 6.5 % once in a thousand times.
const SWEEPS: usize = 2_000;
const MOST_FALSE: f64 = 0.065;
const ALPHA: f64 = 0.05;

/// What one simulated arm's errors are made of, in percentage points.
#[derive(Clone, Copy)]
struct SimulatedArm {
    error: f64,
    /// Standard deviation from seed to seed.
    sd: f64,
}

/// Three arms whose seeds share the test images, looked at as a sweep looks at them.
struct Simulation {
    arms: [SimulatedArm; 3],
    /// Standard deviation of a difference from one set of test images to another.
    images_sd: f64,
    looks: &'static [u32],
    margin: f64,
}

/// What came of the simulated sweeps.
#[derive(Debug)]
struct Simulated {
    /// Share of sweeps with any false decision: better where equal, the wrong one better, or equal beyond the margin.
    false_decisions: f64,
    /// Share of pairs that were decided at all.
    decided: f64,
    /// Seeds trained, as a share of those of a sweep that trains all.
    seeds: f64,
}

impl Simulation {
    fn run(&self) -> Simulated {
        let mut generator = ChaCha8Rng::seed_from_u64(17);
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let design = SeedLooks::new(self.looks, pairs.len(), ALPHA, self.margin).unwrap();
        let most = *self.looks.last().unwrap();
        let (mut false_sweeps, mut decided, mut trained) = (0, 0, 0);
        for _ in 0..SWEEPS {
            let mut normal = || generator.sample::<f64, _>(StandardNormal);
            // The images' part: one draw for each arm, whose differences spread by `images_sd`.
            let images: [f64; 3] = std::array::from_fn(|_| normal() * self.images_sd / 2.0_f64.sqrt());
            let errors: [Vec<f64>; 3] = std::array::from_fn(|arm| {
                let SimulatedArm { error, sd } = self.arms[arm];
                (0..most).map(|_| error + images[arm] + sd * normal()).collect()
            });
            let mut verdicts = [Verdict::Open; 3];
            for (look, &Look { seeds, .. }) in design.looks().iter().enumerate() {
                let open = |arm| {
                    pairs
                        .iter()
                        .zip(&verdicts)
                        .any(|(pair, verdict)| *verdict == Verdict::Open && (pair.0 == arm || pair.1 == arm))
                };
                let begun = if look == 0 { 0 } else { self.looks[look - 1] };
                trained += (0..3).filter(|&arm| open(arm)).count() as u32 * (seeds - begun);
                for (&(a, b), verdict) in pairs.iter().zip(&mut verdicts) {
                    if *verdict == Verdict::Open {
                        let n = seeds as usize;
                        let difference = self.difference(&errors[a][..n], &errors[b][..n]);
                        *verdict =
                            design.judge(look, &difference).map_or(Verdict::Open, |(_, verdict)| verdict);
                    }
                }
            }
            decided += verdicts.iter().filter(|verdict| **verdict != Verdict::Open).count();
            let is_false = |&(a, b): &(usize, usize), verdict: &Verdict| {
                let truth = self.arms[a].error - self.arms[b].error;
                match verdict {
                    Verdict::FirstBetter => truth >= 0.0,
                    Verdict::SecondBetter => truth <= 0.0,
                    Verdict::PracticallyEqual => truth.abs() >= self.margin,
                    Verdict::Open | Verdict::OneSeed => false,
                }
            };
            false_sweeps +=
                usize::from(pairs.iter().zip(&verdicts).any(|(pair, found)| is_false(pair, found)));
        }
        Simulated {
            false_decisions: false_sweeps as f64 / SWEEPS as f64,
            decided: decided as f64 / (3 * SWEEPS) as f64,
            seeds: f64::from(trained) / (3.0 * f64::from(most) * SWEEPS as f64),
        }
    }

    /// As [`MeanDifference::crossed`] finds it on ten thousand images.
    fn difference(&self, a: &[f64], b: &[f64]) -> MeanDifference {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let of_seeds = crate::sample_sd(&differences).unwrap().powi(2) / differences.len() as f64;
        let of_images = self.images_sd.powi(2);
        let variance = of_seeds + of_images;
        let uncertainty = of_seeds.powi(2) / (differences.len() - 1) as f64 + of_images.powi(2) / 9_999.0;
        MeanDifference {
            difference: crate::mean(&differences).unwrap(),
            standard_error: variance.sqrt(),
            freedom: variance.powi(2) / uncertainty,
        }
    }
}

const fn arms(errors: [f64; 3], sds: [f64; 3]) -> [SimulatedArm; 3] {
    [
        SimulatedArm { error: errors[0], sd: sds[0] },
        SimulatedArm { error: errors[1], sd: sds[1] },
        SimulatedArm { error: errors[2], sd: sds[2] },
    ]
}

#[test]
fn at_most_one_sweep_in_twenty_decides_anything_falsely() {
    const ISSUE: &[u32] = &[8, 15, 30, 60];
    let (like, unlike) = ([0.08; 3], [0.03, 0.08, 0.25]);
    for (errors, sds, images_sd, looks, margin, why) in [
        ([1.2; 3], like, 0.0, ISSUE, 0.0, "no arm differs, and no margin"),
        ([1.2; 3], like, 0.0, ISSUE, 0.1, "no arm differs"),
        ([1.2; 3], unlike, 0.0, ISSUE, 0.1, "no arm differs, and they spread unlike"),
        ([1.2; 3], unlike, 0.05, ISSUE, 0.1, "no arm differs, and images matter"),
        ([1.2, 1.3, 1.2], like, 0.0, ISSUE, 0.1, "one differs by just the margin"),
        ([1.2, 1.3, 1.4], unlike, 0.0, ISSUE, 0.1, "all differ, by just the margin and twice that"),
        ([1.2; 3], unlike, 0.0, &[4, 6, 8], 0.1, "few seeds"),
        ([1.2; 3], like, 0.0, &[5, 10, 15, 20, 25, 30, 35, 40], 0.05, "many looks"),
    ] {
        let found = Simulation { arms: arms(errors, sds), images_sd, looks, margin }.run();
        assert!(found.false_decisions <= MOST_FALSE, "{why}: {found:?}");
        println!("{why}: {:.1} % of sweeps decide falsely", 100.0 * found.false_decisions);
    }
}

#[test]
fn sweeps_of_whole_networks_decide_falsely_as_rarely() {
    // Two arms that do not differ, whose errors are zeros and ones: every image has a chance of its own of being wrong, and
    // every network one that varies a little.
    const IMAGES: usize = 300;
    let mut generator = ChaCha8Rng::seed_from_u64(23);
    for hardness in [0.03, 0.3] {
        let design = SeedLooks::new(&[4, 8, 15], 1, ALPHA, 0.0).unwrap();
        let labels = [0_u16; IMAGES];
        let mut false_sweeps = 0;
        for _ in 0..SWEEPS {
            let chances: Vec<f64> = (0..IMAGES).map(|_| hardness * generator.random::<f64>()).collect();
            let mut network = || -> Vec<u16> {
                let level = 0.7 + 0.6 * generator.random::<f64>();
                chances.iter().map(|chance| u16::from(generator.random::<f64>() < level * chance)).collect()
            };
            let networks: Vec<[Vec<u16>; 2]> = (0..15).map(|_| [network(), network()]).collect();
            let pairs: Vec<PairedPredictions<'_>> =
                networks.iter().map(|[a, b]| PairedPredictions { a, b }).collect();
            false_sweeps +=
                usize::from(design.looks().iter().enumerate().any(|(look, Look { seeds, .. })| {
                    let difference =
                        MeanDifference::crossed(&labels, &pairs[..*seeds as usize], 0.0).unwrap();
                    matches!(design.judge(look, &difference), Some((_, verdict)) if verdict != Verdict::Open)
                }));
        }
        let share = false_sweeps as f64 / SWEEPS as f64;
        assert!(share <= MOST_FALSE, "hardness {hardness}: {share}");
        println!(
            "networks that err on up to {hardness} of each image: {:.1} % of sweeps decide falsely",
            100.0 * share
        );
    }
}

#[test]
fn plain_differences_and_equalities_are_decided_with_a_part_of_the_seeds() {
    let looks: &[u32] = &[8, 15, 30, 60];
    for (errors, least_decided, most_seeds, why) in [
        ([1.2, 1.2, 1.2], 0.9, 0.85, "equal arms"),
        ([1.2, 1.6, 2.0], 0.999, 0.3, "arms that differ by five standard deviations"),
        ([1.2, 1.3, 1.4], 0.9, 0.8, "arms that differ by little more than one"),
    ] {
        let found = Simulation { arms: arms(errors, [0.08; 3]), images_sd: 0.0, looks, margin: 0.1 }.run();
        assert!(found.decided >= least_decided && found.seeds <= most_seeds, "{why}: {found:?}");
        println!(
            "{why}: {:.1} % of pairs decided, with {:.0} % of the seeds",
            100.0 * found.decided,
            100.0 * found.seeds
        );
    }
}

#[test]
fn without_a_margin_a_sweep_of_equal_arms_goes_on_to_its_last_seed() {
    let found =
        Simulation { arms: arms([1.2; 3], [0.08; 3]), images_sd: 0.0, looks: &[8, 15, 30], margin: 0.0 }
            .run();
    assert!(found.seeds > 0.97, "{found:?}");
}

#[test]
fn a_single_look_is_the_test_at_its_own_level() {
    let design = SeedLooks::new(&[30], 1, 0.05, 0.1).unwrap();
    assert!((design.looks()[0].alpha - 0.05).abs() < 1e-12, "{design:?}");
    let of_three = SeedLooks::new(&[30], 3, 0.05, 0.1).unwrap();
    assert!((of_three.looks()[0].alpha - 0.05 / 3.0).abs() < 1e-12, "{of_three:?}");
}

#[test]
fn an_interval_decides_by_where_it_lies() {
    let design = SeedLooks::new(&[10], 1, 0.05, 1.0).unwrap();
    for (difference, standard_error, expected, why) in [
        (-5.0, 0.5, Verdict::FirstBetter, "far below 0"),
        (5.0, 0.5, Verdict::SecondBetter, "far above 0"),
        (0.1, 0.1, Verdict::PracticallyEqual, "within the margin"),
        (0.5, 0.1, Verdict::PracticallyEqual, "not 0, but within the margin"),
        (0.1, 2.0, Verdict::Open, "wider than the margin"),
        (1.2, 0.3, Verdict::SecondBetter, "beyond 0, across the margin"),
        (0.0, 0.0, Verdict::Open, "no spread to be sure by"),
    ] {
        let found = MeanDifference { difference, standard_error, freedom: 9.0 };
        assert_eq!(design.judge(0, &found).unwrap().1, expected, "{why}");
    }
    let found = MeanDifference { difference: 1.0, standard_error: 0.1, freedom: 9.0 };
    assert_eq!(design.judge(1, &found), None, "no such look");
}

#[test]
fn designs_that_make_no_sense_are_refused() {
    for (looks, pairs, alpha, margin, why) in [
        (&[][..], 1, 0.05, 0.1, "no look"),
        (&[1, 8], 1, 0.05, 0.1, "one seed has no spread"),
        (&[8, 8], 1, 0.05, 0.1, "the same look twice"),
        (&[15, 8], 1, 0.05, 0.1, "falling"),
        (&[8], 0, 0.05, 0.1, "no pair"),
        (&[8], 1, 0.0, 0.1, "no error allowed"),
        (&[8], 1, f64::NAN, 0.1, "no level"),
        (&[8], 1, 0.05, -0.1, "a negative margin"),
        (&[8], 1, 0.05, f64::INFINITY, "no margin at all"),
    ] {
        assert_eq!(SeedLooks::new(looks, pairs, alpha, margin), None, "{why}");
    }
}
