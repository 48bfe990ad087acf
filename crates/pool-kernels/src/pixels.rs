//! Pictures of bytes as numbers.

#![expect(unsafe_code, reason = "several threads write disjoint parts of one slice")]

use crate::threads::{DisjointSlices, Threads, grain};

/// Writes to `to`, one after the other, the numbers that the bytes of these pictures stand for: pixels are planes `[C, H, W]`,
/// and byte `b` of channel `c` is `tables[c][b]`. A table is as exact as whatever made it, and one that lies in the nearest
/// cache is faster than to convert, divide and normalize in turn.
///
/// # Panics
/// No table, pictures of several sizes or without a plane for every table, or `to` of another length than they have.
pub fn look_up(threads: &dyn Threads, tables: &[[f32; 256]], pictures: &[&[u8]], to: &mut [f32]) {
    let size = pictures.first().map_or(0, |picture| picture.len());
    let plane = size / tables.len();
    assert!(plane * tables.len() == size, "{size} bytes in {} planes", tables.len());
    assert!(pictures.iter().all(|picture| picture.len() == size), "pictures of several sizes");
    assert_eq!(to.len(), pictures.len() * size, "numbers of {} pictures", pictures.len());
    if size == 0 {
        return;
    }
    let to = DisjointSlices::new(to);
    threads.parallel_for(pictures.len(), grain(size), &|tasks| {
        // A set's pictures lie anywhere in memory. Copied as a whole, all of one is on its way at once; looked up byte by
        // byte, each line of the cache would be waited for.
        let mut near = Vec::with_capacity(size);
        for index in tasks {
            near.clear();
            near.extend_from_slice(pictures[index]);
            // SAFETY: no two tasks have a picture in common.
            let to = unsafe { to.part(index * size..(index + 1) * size) };
            let planes = near.chunks_exact(plane).zip(to.chunks_exact_mut(plane));
            for ((from, to), table) in planes.zip(tables) {
                for (&byte, to) in from.iter().zip(to) {
                    *to = table[usize::from(byte)];
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ThisThread;

    #[test]
    fn every_channel_has_its_table() {
        let tables = [0.0, 1_000.0].map(|first| std::array::from_fn(|byte| first + byte as f32));
        let mut found = [0.0; 8];
        look_up(&ThisThread, &tables, &[&[1, 2, 3, 4], &[255, 0, 0, 9]], &mut found);
        assert_eq!(found, [1.0, 2.0, 1_003.0, 1_004.0, 255.0, 0.0, 1_000.0, 1_009.0]);
        look_up(&ThisThread, &tables, &[], &mut []);
        look_up(&ThisThread, &tables, &[&[]], &mut []);
    }

    #[test]
    #[should_panic(expected = "3 bytes in 2 planes")]
    fn a_picture_has_whole_planes() {
        look_up(&ThisThread, &[[0.0; 256]; 2], &[&[1, 2, 3]], &mut [0.0; 3]);
    }

    #[test]
    #[should_panic(expected = "pictures of several sizes")]
    fn all_pictures_have_one_size() {
        look_up(&ThisThread, &[[0.0; 256]], &[&[1, 2], &[3]], &mut [0.0; 4]);
    }
}
