use super::*;

fn axis(windows: &[&[u32]]) -> Vec<KernelWindow> {
    let window =
        |entries: &&[u32]| KernelWindow { entries: entries.to_vec().into(), counted: entries.len() as u32 };
    windows.iter().map(window).collect()
}

/// Windows of `size` entries at every place of an axis, clipped at both ends.
fn clipped(length: u32, size: u32) -> Vec<KernelWindow> {
    let window = |middle: u32| {
        let first = middle.saturating_sub(size / 2);
        let count = (middle + size.div_ceil(2)).min(length) - first;
        KernelWindow { entries: Entries::Run { first, count, step: 1 }, counted: count }
    };
    (0..length).map(window).collect()
}

/// The pixels of every window, and what a mean divides by.
fn pixels(windows: &WindowTable) -> Vec<(Vec<usize>, f32)> {
    let mut walk = windows.walk().unwrap();
    let mut all = Vec::new();
    for outer in windows.outer() {
        for inner in windows.inner() {
            let window = walk.window(outer, inner);
            let pixels = window.cells.iter().map(|&cell| window.origin + cell as usize).collect();
            all.push((pixels, window.counted));
        }
    }
    all
}

#[test]
fn windows_combine_the_axes_and_share_lists() {
    let windows =
        WindowTable::new(&[4, 5], &[axis(&[&[0, 1], &[2, 3]]), axis(&[&[0, 1], &[2, 3], &[4]])]).unwrap();
    assert_eq!((windows.pixels(), windows.len(), windows.widest()), (20, 6, 4));
    let all = pixels(&windows);
    assert_eq!(all[0], (vec![0, 1, 5, 6], 4.0));
    assert_eq!(all[4], (vec![12, 13, 17, 18], 4.0));
    assert_eq!(all[5], (vec![14, 19], 2.0));
    assert_eq!(windows.listed_cells(), Some(4 + 2), "two shapes");
}

#[test]
fn cells_are_the_same_whether_they_are_listed_in_advance_or_on_the_way() {
    let weights = vec![vec![0.5, 0.25, 2.0]; 3];
    for (spatial, axes, weights) in [
        (vec![9], vec![clipped(9, 4)], &[][..]),
        (vec![7, 6], vec![clipped(7, 5), clipped(6, 3)], &[]),
        (vec![4, 5, 6], vec![clipped(4, 3), clipped(5, 2), clipped(6, 4)], &[]),
        (vec![3, 4], vec![axis(&[&[1, 0, 1], &[0, 1, 2]]), axis(&[&[3, 2, 3], &[1, 2, 3]])], &weights[..2]),
    ] {
        let listed = WindowTable::with_listing_limit(u64::MAX, &spatial, &axes, weights).unwrap();
        let on_the_way = WindowTable::with_listing_limit(0, &spatial, &axes, weights).unwrap();
        assert!(listed.listed_cells().is_some() && on_the_way.listed_cells().is_none());
        assert_eq!(pixels(&listed), pixels(&on_the_way), "{spatial:?}");
        let (outer, inner) = (listed.outer(), listed.inner());
        let (mut one, mut other) = (listed.walk().unwrap(), on_the_way.walk().unwrap());
        for place in inner {
            assert_eq!(one.window(&outer[0], place).weights, other.window(&outer[0], place).weights);
        }
    }
}

#[test]
fn runs_and_lists_of_the_same_entries_are_the_same_windows() {
    let runs: Vec<KernelWindow> = [(0, 2), (1, 3), (4, 1)]
        .map(|(first, count)| KernelWindow {
            entries: Entries::Run { first, count, step: 2 },
            counted: count,
        })
        .into();
    let lists = axis(&[&[0, 2], &[1, 3, 5], &[4]]);
    let [runs, lists] = [runs, lists].map(|axis| WindowTable::new(&[6, 6], &[axis.clone(), axis]).unwrap());
    assert_eq!(pixels(&runs), pixels(&lists));
    assert_eq!((runs.widest(), runs.are_disjoint()), (lists.widest(), lists.are_disjoint()));
}

/// Laid out cell by cell, these would take 9 GB and more.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn a_table_grows_with_the_windows_along_each_axis_and_not_with_their_cells() {
    let long = WindowTable::new(&[480_000], &[clipped(480_000, 4_801)]).unwrap();
    assert!(long.bytes() < 8 << 20, "{} bytes", long.bytes());
    let wide = WindowTable::new(&[2_000, 2_000], &[clipped(2_000, 101), clipped(2_000, 101)]).unwrap();
    assert_eq!((wide.len(), wide.widest()), (4_000_000, 101 * 101));
    assert!(wide.bytes() < 4 << 20, "{} bytes", wide.bytes());
}

#[test]
fn a_table_knows_which_pixels_windows_leave_out_or_share() {
    let unseen = |windows: &WindowTable| {
        let mut unseen = Vec::new();
        windows.each_unseen(|pixel| unseen.push(pixel));
        unseen
    };
    for (windows, are_disjoint, left_out) in [
        (axis(&[&[0, 1], &[2, 3]]), true, &[][..]),
        (axis(&[&[0, 1], &[2]]), true, &[3]),
        (axis(&[&[0, 1], &[1, 2, 3]]), false, &[]),
        (axis(&[&[0], &[0]]), false, &[]),
        (axis(&[&[1, 0, 1], &[2, 3]]), false, &[]),
    ] {
        let windows = WindowTable::new(&[4], &[windows]).unwrap();
        assert_eq!((windows.are_disjoint(), &unseen(&windows)[..]), (are_disjoint, left_out));
    }
    let corner = WindowTable::new(&[2, 3], &[axis(&[&[0]]), axis(&[&[0, 1]])]).unwrap();
    assert_eq!(unseen(&corner), [2, 3, 4, 5]);
}

#[test]
fn weights_multiply_and_an_entry_may_come_twice() {
    let reflected = axis(&[&[1, 0, 1]]);
    let windows = WindowTable::weighted(&[2], &[reflected], &[vec![0.25, 0.5, 0.25]]).unwrap();
    assert_eq!(pixels(&windows)[0].0, [1, 0, 1]);
    let mut walk = windows.walk().unwrap();
    assert_eq!(walk.window(&windows.outer()[0], &windows.inner()[0]).weights, [0.25, 0.5, 0.25]);
}

#[test]
fn sizes_that_no_table_can_number_are_refused() {
    let refused = |spatial: &[usize]| {
        let axes = vec![axis(&[&[0], &[0]]); spatial.len()];
        std::panic::catch_unwind(|| WindowTable::new(spatial, &axes).map(|table| table.pixels())).is_err()
    };
    let half = 1 << (usize::BITS / 2);
    assert!(!refused(&[1_290; 3]), "2^31 - 794,648 pixels");
    assert!(refused(&[1_291; 3]) && refused(&[1 << 16, 1 << 15]), "2^31 pixels and more");
    assert!(refused(&[half, half]), "no pixels, after wrapping around");
}
