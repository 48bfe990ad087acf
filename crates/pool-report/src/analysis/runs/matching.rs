//! Which arm of one run is which of another.

use crate::ArmFigures;

/// Indices into both runs' arms. The same name with the same layer belongs together; of what is left, a layer that is one
/// arm's in both runs; of what is still left, the same name.
pub(super) fn matches(figures: &[Vec<ArmFigures>; 2]) -> Vec<[usize; 2]> {
    let rules: [fn(&ArmFigures, &ArmFigures) -> bool; 3] = [
        |a, b| a.arm == b.arm && a.pool == b.pool,
        |a, b| a.pool.is_some() && a.pool == b.pool,
        |a, b| a.arm == b.arm,
    ];
    let mut found: Vec<[usize; 2]> = Vec::new();
    for same in rules {
        let free = |run: usize| -> Vec<usize> {
            (0..figures[run].len()).filter(|index| found.iter().all(|pair| pair[run] != *index)).collect()
        };
        let [first, second] = [free(0), free(1)];
        let pairs = first.iter().filter_map(|&a| {
            let fits = |b: &&usize| same(&figures[0][a], &figures[1][**b]);
            let mut partners = second.iter().filter(fits);
            let (partner, another) = (partners.next(), partners.next());
            let rivals = first
                .iter()
                .filter(|&&other| partner.is_some_and(|&b| same(&figures[0][other], &figures[1][b])));
            (another.is_none() && rivals.count() == 1).then(|| partner.map(|&b| [a, b])).flatten()
        });
        let pairs: Vec<[usize; 2]> = pairs.collect();
        found.extend(pairs);
    }
    found.sort_unstable();
    found
}
