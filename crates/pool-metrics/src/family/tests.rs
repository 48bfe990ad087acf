use super::*;

const IMAGES: usize = 1_000;
const LABELS: [u16; IMAGES] = [0; IMAGES];

/// One network per seed, wrong on so many of the images from `first` on.
fn networks(wrong: &[(u64, usize)], first: usize) -> Vec<(u64, Vec<u16>)> {
    let predictions =
        |count| (0..IMAGES).map(move |image| u16::from((first..first + count).contains(&image)));
    wrong.iter().map(|&(seed, count)| (seed, predictions(count).collect())).collect()
}

fn arm(networks: &[(u64, Vec<u16>)]) -> Vec<SeedPredictions<'_>> {
    networks.iter().map(|(seed, predictions)| SeedPredictions { seed: *seed, predictions }).collect()
}

/// Compares arms that err on disjoint images, given as `(seed, errors)`, as a family of one pair.
fn compare_one(a: &[(u64, usize)], b: &[(u64, usize)]) -> Result<Comparison, ComparisonError> {
    let (a, b) = (networks(a, 0), networks(b, 500));
    let pair = ArmPair { a: &arm(&a), b: &arm(&b), looks: 0 };
    compare_family(&LABELS, &[pair], &FamilyRules::default()).map(|mut family| family.remove(0))
}

#[test]
fn the_verdict_needs_both_images_and_seeds() {
    for (a, b, expected, why) in [
        (
            &[(1, 10), (2, 12), (3, 11)][..],
            &[(1, 60), (2, 64), (3, 61)][..],
            Verdict::FirstBetter,
            "far apart",
        ),
        (&[(1, 60), (2, 64), (3, 61)], &[(1, 10), (2, 12), (3, 11)], Verdict::SecondBetter, "the other way"),
        (&[(1, 10), (2, 14), (3, 9)], &[(1, 11), (2, 11), (3, 12)], Verdict::Open, "near"),
        (&[(1, 10), (2, 11)], &[(1, 12), (2, 13)], Verdict::Open, "steady seeds, few images"),
        (&[(1, 10), (2, 10)], &[(1, 30), (2, 90)], Verdict::Open, "many images, two odd seeds"),
        (&[(1, 10)], &[(1, 90)], Verdict::OneSeed, "one seed, however far apart"),
        (&[(1, 0), (2, 0)], &[(1, 0), (2, 0)], Verdict::Open, "no errors at all"),
    ] {
        assert_eq!(compare_one(a, b).unwrap().verdict, expected, "{why}");
    }
}

#[test]
fn the_larger_p_value_decides() {
    for (a, b) in
        [(&[(1, 10), (2, 11)][..], &[(1, 12), (2, 13)][..]), (&[(1, 10), (2, 10)], &[(1, 30), (2, 90)])]
    {
        let comparison = compare_one(a, b).unwrap();
        let paired_t = comparison.paired_t.unwrap();
        assert_eq!(comparison.p_value, Some(comparison.bootstrap.p_value.max(paired_t.p_value)));
        assert_eq!(comparison.adjusted_p_value, comparison.p_value, "a family of one");
    }
}

#[test]
fn only_common_seeds_are_compared_in_their_order() {
    let comparison = compare_one(&[(9, 10), (4, 20), (2, 1)], &[(4, 23), (7, 400), (9, 12)]).unwrap();
    assert_eq!(comparison.seeds, 2);
    assert_eq!(comparison.difference, -5.0 / 2_000.0);
    let per_seed: Vec<_> = comparison
        .mcnemar_per_seed
        .iter()
        .map(|test| (test.seed, test.mcnemar.only_a_wrong, test.mcnemar.only_b_wrong))
        .collect();
    assert_eq!(per_seed, [(4, 20, 23), (9, 10, 12)]);
    let combined = comparison.mcnemar_combined;
    assert_eq!((combined.only_a_wrong, combined.only_b_wrong), (30, 35));
    let paired_t = comparison.paired_t.unwrap();
    assert!((paired_t.mean - comparison.difference).abs() < 1e-17);
    assert_eq!(comparison.seeds_needed, seeds_needed(paired_t.mean, paired_t.sd, 1.0 - 0.95, 0.8, 0.0));
}

#[test]
fn one_seed_says_something_about_the_networks_alone() {
    let comparison = compare_one(&[(3, 10)], &[(3, 90), (4, 80)]).unwrap();
    assert_eq!(comparison.seeds, 1);
    assert_eq!((comparison.p_value, comparison.adjusted_p_value), (None, None));
    assert_eq!((comparison.paired_t, comparison.seeds_needed), (None, None));
    assert!(comparison.mcnemar_combined.p_value < 1e-10);
}

#[test]
fn the_family_is_corrected_without_pairs_of_one_seed_and_changes_nothing_else() {
    let [better, worse, other] = [
        networks(&[(1, 10), (2, 12), (3, 11)], 0),
        networks(&[(1, 60), (2, 64), (3, 61)], 100),
        networks(&[(1, 61)], 200),
    ];
    let (better, worse, other) = (arm(&better), arm(&worse), arm(&other));
    let far = ArmPair { a: &better, b: &worse, looks: 0 };
    let same = ArmPair { a: &better, b: &better, looks: 0 };
    let single = ArmPair { a: &better, b: &other, looks: 0 };
    let family = compare_family(&LABELS, &[far, single, same], &FamilyRules::default()).unwrap();
    let alone = compare_family(&LABELS, &[far], &FamilyRules::default()).unwrap();
    assert_eq!(family[0].adjusted_p_value, alone[0].p_value.map(|p_value| 2.0 * p_value));
    assert_eq!(family[0].bootstrap, alone[0].bootstrap);
    assert_eq!((family[1].verdict, family[1].adjusted_p_value), (Verdict::OneSeed, None));
    assert_eq!((family[2].verdict, family[2].adjusted_p_value), (Verdict::Open, Some(1.0)));
    assert_eq!(compare_family(&LABELS, &[], &FamilyRules::default()), Ok(vec![]));
}

#[test]
fn a_large_family_is_resampled_often_enough_to_be_told_apart() {
    for (pairs, resamples, level, expected, why) in [
        (1, 10_000, 0.95, 10_000, "as asked"),
        (124, 10_000, 0.95, 10_000, "still as asked"),
        (780, 10_000, 0.95, 62_400, "every pair of 40 arms"),
        (780, 100_000, 0.95, 100_000, "more than needed"),
        (780, 10_000, 0.999_999_9, 1_000_000, "more than can be waited for"),
        (780, 0, 0.95, 0, "left to be refused"),
        (780, 10_000, f64::NAN, 1_000_000, "refused for its level"),
    ] {
        let given = enough_for(pairs, &Resampling { level, resamples, seed: 0 });
        assert_eq!(given.resamples, expected, "{why}");
    }
    let [none, many] = [(0, [0, 0, 0, 0, 0]), (1, [60, 61, 60, 60, 60])]
        .map(|(first, wrong)| networks(&(1..).zip(wrong).collect::<Vec<_>>(), first));
    let (none, many) = (arm(&none), arm(&many));
    let family = vec![ArmPair { a: &none, b: &many, looks: 0 }; 300];
    let family = compare_family(&LABELS, &family, &FamilyRules::default()).unwrap();
    assert!(family.iter().all(|comparison| comparison.verdict == Verdict::FirstBetter));
}

#[test]
fn pairs_that_cannot_be_compared_are_refused() {
    let long = networks(&[(1, 3), (2, 4)], 0);
    let (arm_a, apart) = (arm(&long), [SeedPredictions { seed: 3, predictions: &LABELS }]);
    let twice = [arm_a[1], arm_a[0], arm_a[1]];
    let short = [SeedPredictions { seed: 2, predictions: &[0, 1] }];
    let usual = Resampling::default();
    for (b, resampling, message) in [
        (
            &apart[..],
            usual,
            "pair 1: no seed is in both arms: leave the pair out, or train both arms with one seed",
        ),
        (&twice, usual, "pair 1: seed 2 is twice in one arm: a seed must name one network"),
        (
            &short,
            usual,
            "pair 1, seed 2: 1000 labels, but 1000 predictions of a and 2 of b: every label needs exactly one of each",
        ),
        (
            &arm_a,
            Resampling { level: 95.0, ..usual },
            "level 95: the level must lie strictly between 0 and 1, such as 0.95",
        ),
        (
            &arm_a,
            Resampling { level: 1e-20, ..usual },
            "level 0.00000000000000000001: the level must lie strictly between 0 and 1, such as 0.95",
        ),
        (
            &arm_a,
            Resampling { resamples: 0, ..usual },
            "0 resamples: at least one is needed, and 10,000 are usual",
        ),
    ] {
        let pairs = [ArmPair { a: &arm_a, b: &arm_a, looks: 0 }, ArmPair { a: &arm_a, b, looks: 0 }];
        let rules = FamilyRules { resampling, ..FamilyRules::default() };
        let error = compare_family(&LABELS, &pairs, &rules).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// As `compare_one`, by these rules.
fn compare_by(a: &[(u64, usize)], b: &[(u64, usize)], looks: usize, rules: &FamilyRules) -> Comparison {
    // The same images, so that only the seeds are left to chance.
    let (a, b) = (networks(a, 0), networks(b, 0));
    let pair = ArmPair { a: &arm(&a), b: &arm(&b), looks };
    compare_family(&LABELS, &[pair], rules).unwrap().remove(0)
}

#[test]
fn arms_within_the_margin_are_practically_equal_also_where_one_errs_less() {
    let (near, nearer) = ([(1, 100), (2, 103), (3, 101), (4, 102)], [(1, 101), (2, 103), (3, 103), (4, 102)]);
    let less = [(1, 96), (2, 98), (3, 97), (4, 97)];
    for (a, b, margin, expected, why) in [
        (near, nearer, None, Verdict::Open, "without a margin nothing is equal"),
        (near, nearer, Some(0.02), Verdict::PracticallyEqual, "two points hold it easily"),
        (near, nearer, Some(0.0001), Verdict::Open, "a margin that nothing could show"),
        (less, near, None, Verdict::FirstBetter, "less by half a point"),
        (less, near, Some(0.02), Verdict::PracticallyEqual, "less, but by less than the margin"),
        (less, near, Some(0.004), Verdict::FirstBetter, "less by more than the margin"),
    ] {
        let rules = FamilyRules { margin, ..FamilyRules::default() };
        let found = compare_by(&a, &b, 0, &rules);
        assert_eq!(found.verdict, expected, "{why}: {found:?}");
        assert_eq!(found.equivalence.is_some(), margin.is_some(), "{why}");
    }
}

#[test]
fn a_design_decides_by_the_seeds_of_its_first_look_that_can() {
    let design = SeedLooks::new(&[4, 8], 1, 0.05, 0.02).unwrap();
    let rules = FamilyRules { margin: Some(0.02), design: Some(design), ..FamilyRules::default() };
    let seeds = |wrong: [usize; 8]| (1..).zip(wrong).collect::<Vec<_>>();
    let steady = seeds([100, 101, 100, 102, 101, 100, 101, 102]);
    let near = seeds([101, 100, 102, 101, 100, 102, 100, 101]);
    let far = seeds([300, 302, 301, 300, 301, 300, 302, 301]);
    let spread = seeds([100, 160, 70, 130, 100, 130, 90, 120]);
    for (b, looks, expected, look, seeds, why) in [
        (&far, 0, Verdict::Open, None, 8, "no look is complete yet"),
        (&far, 1, Verdict::FirstBetter, Some(1), 4, "plain at the first look"),
        (&far, 2, Verdict::FirstBetter, Some(1), 4, "what was decided stays so"),
        (&near, 1, Verdict::PracticallyEqual, Some(1), 4, "hardly a difference"),
        (&steady, 1, Verdict::Open, Some(1), 4, "no spread to be sure by"),
        (&spread, 1, Verdict::Open, Some(1), 4, "not yet"),
        (&spread, 2, Verdict::Open, Some(2), 8, "not in the end either"),
    ] {
        let found = compare_by(&steady, b, looks, &rules);
        assert_eq!(found.verdict, expected, "{why}: {found:?}");
        assert_eq!(found.look.map(|look| look.number), look, "{why}");
        assert_eq!(found.seeds, seeds, "{why}");
        assert_eq!((found.p_value, found.equivalence, found.adjusted_p_value), (None, None, None), "{why}");
        if let Some(look) = found.look {
            assert_eq!(found.interval(), look.interval, "{why}");
        }
    }
}

#[test]
fn overlapping_training_images_ask_for_more() {
    let (a, b) = ([(1, 100), (2, 103), (3, 101), (4, 102)], [(1, 112), (2, 114), (3, 110), (4, 119)]);
    let by =
        |held_out_ratio| compare_by(&a, &b, 0, &FamilyRules { held_out_ratio, ..FamilyRules::default() });
    let (plain, corrected) = (by(0.0), by(0.25));
    // Four seeds: sqrt(1/4) becomes sqrt(1/4 + 1/4).
    let ratio = plain.paired_t.unwrap().t.unwrap() / corrected.paired_t.unwrap().t.unwrap();
    assert!((ratio - 2.0_f64.sqrt()).abs() < 1e-12);
    assert!(corrected.p_value > plain.p_value);
}

#[test]
fn a_comparison_survives_its_file() {
    for comparison in [
        compare_one(&[(1, 10), (2, 14)], &[(1, 11), (2, 11)]).unwrap(),
        compare_one(&[(1, 10)], &[(1, 11)]).unwrap(),
        compare_one(&[(1, 10), (2, 10)], &[(1, 11), (2, 11)]).unwrap(),
    ] {
        let json = serde_json::to_string(&comparison).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
    }
}

#[test]
fn adjusts_in_steps_and_answers_in_input_order() {
    for (p_values, expected, why) in [
        (&[][..], &[][..], "nothing to adjust"),
        (&[0.03], &[0.03], "one test needs no correction"),
        (&[0.25, 0.0625], &[0.25, 0.125], "the smallest is doubled, the largest kept"),
        (&[0.25, 0.25, 0.25], &[0.75, 0.75, 0.75], "ties stay ties"),
        (&[0.5, 0.5, 0.75], &[1.0, 1.0, 1.0], "never above 1"),
        (&[0.125, 0.15625], &[0.25, 0.25], "a larger p-value is never adjusted below a smaller one"),
        (&[0.0, 1.0], &[0.0, 1.0], "the ends of the range"),
    ] {
        assert_eq!(holm(p_values).unwrap(), expected, "{why}");
    }
}

#[test]
fn values_that_are_no_probabilities_are_refused() {
    for (p_values, message) in [
        (&[0.1, 1.5][..], "p-value 1.5 at position 1: a p-value must be a number from 0 to 1"),
        (&[-0.1], "p-value -0.1 at position 0: a p-value must be a number from 0 to 1"),
        (&[0.1, 0.2, f64::NAN], "p-value NaN at position 2: a p-value must be a number from 0 to 1"),
    ] {
        assert_eq!(holm(p_values).unwrap_err().to_string(), message);
    }
}
