//! Valid files and what can happen to them, for the tests of each crate that reads some: they include this file by its
//! path, because what they share is no more than that.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The seeds of a fuzz target, in the order of their names.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    contents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target))
}

/// The content of every file of a folder, in the order of their names; folders within it are left out.
pub(crate) fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One of these files after one to four accidents.
pub(crate) fn damaged(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(files.clone()), vec(accidents(files), 1..=4)).prop_map(|(mut file, accidents)| {
        for accident in accidents {
            accident.happen_to(&mut file);
        }
        file
    })
}

#[derive(Debug, Clone)]
enum Accident {
    /// What follows is lost.
    Cut(Index),
    /// Bits of one byte are turned over.
    Flip(Index, u8),
    /// These bytes stand where others stood.
    Overwrite(Index, Vec<u8>),
    /// What follows is that of another file.
    Splice(Index, Vec<u8>, Index),
    /// A part stands there many times.
    Repeat(Index, Index, usize),
    /// A number in digits becomes another.
    Number(Index, &'static str),
}

fn accidents(files: Vec<Vec<u8>>) -> impl Strategy<Value = Accident> {
    let place = any::<Index>;
    let bytes = prop_oneof![vec(any::<u8>(), 1..8), vec(select(vec![0, 1, 0x7f, 0x80, 0xff]), 1..8)];
    let numbers =
        ["0", "-1", "1048577", "4294967296", "9223372036854775807", "18446744073709551616", "1e308", "nan"];
    prop_oneof![
        place().prop_map(Accident::Cut),
        (place(), 1..=255_u8).prop_map(|(at, bits)| Accident::Flip(at, bits)),
        (place(), bytes).prop_map(|(at, bytes)| Accident::Overwrite(at, bytes)),
        (place(), select(files), place()).prop_map(|(at, other, from)| Accident::Splice(at, other, from)),
        (place(), place(), 1..50_usize).prop_map(|(from, to, times)| Accident::Repeat(from, to, times)),
        (place(), select(numbers.to_vec())).prop_map(|(at, number)| Accident::Number(at, number)),
    ]
}

impl Accident {
    fn happen_to(&self, file: &mut Vec<u8>) {
        let length = file.len();
        match self {
            Self::Cut(at) => file.truncate(at.index(length + 1)),
            Self::Flip(at, bits) if length > 0 => file[at.index(length)] ^= bits,
            Self::Overwrite(at, bytes) => {
                for (old, new) in file.iter_mut().skip(at.index(length + 1)).zip(bytes) {
                    *old = *new;
                }
            }
            Self::Splice(at, other, from) => {
                file.truncate(at.index(length + 1));
                file.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            Self::Repeat(from, to, times) => {
                let (from, to) = (from.index(length + 1), to.index(length + 1));
                let part = file[from.min(to)..from.max(to)].iter().take(100).copied().collect::<Vec<_>>();
                file.splice(from.min(to)..from.min(to), part.repeat(*times));
            }
            Self::Number(at, number) => {
                let is_start = |&place: &usize| {
                    file[place].is_ascii_digit() && (place == 0 || !file[place - 1].is_ascii_digit())
                };
                let starts: Vec<usize> = (0..length).filter(is_start).collect();
                if !starts.is_empty() {
                    let start = *at.get(&starts);
                    let end = (start..length).find(|&place| !file[place].is_ascii_digit()).unwrap_or(length);
                    file.splice(start..end, number.bytes());
                }
            }
            Self::Flip(..) => {}
        }
    }
}
