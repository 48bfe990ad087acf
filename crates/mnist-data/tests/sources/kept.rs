//! Decoded sets that are kept: read again, made again, and never in the way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::SystemTime;

use flate2::Crc;
use mnist_data::{DataDir, Dataset, load, source_at};
use pool_spec::{PictureSettings, PictureSize};
use pool_testkit::sources::{write, write_csv, write_idx, write_pngs};

use crate::{EXCERPT, cifar10, excerpt};

/// A folder for data sets, and a source.
struct Kept {
    cache: tempfile::TempDir,
    source: PathBuf,
}

impl Kept {
    fn of(source: &Path) -> Self {
        Self { cache: tempfile::tempdir().unwrap(), source: source.to_owned() }
    }

    fn load(&self) -> Dataset {
        load(&source_at(&self.source), &PictureSettings::default(), &DataDir::at(self.cache.path())).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.cache.path().join("decoded")
    }

    /// The only file that is kept.
    fn file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let file = files.next().expect("a file");
        assert_eq!(files.next(), None, "one file");
        file
    }

    /// Whether a load reads the file: its last pixel is changed, as if a picture had been another.
    fn is_read(&self) -> bool {
        let file = self.file();
        let bytes = fs::read(&file).unwrap();
        let mut altered = bytes[..bytes.len() - 4].to_vec();
        *altered.last_mut().unwrap() ^= 1;
        fs::write(&file, with_sum(altered)).unwrap();
        let last = |data: &Dataset| *data.test.pixels().last().unwrap();
        let seen = last(&self.load());
        fs::write(&file, &bytes).unwrap();
        seen == last(&self.load()) ^ 1
    }
}

fn with_sum(mut content: Vec<u8>) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(&content);
    content.extend(crc.sum().to_le_bytes());
    content
}

#[test]
fn every_kind_of_source_is_decoded_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_idx(&at("idx"), &excerpt());
    write_csv(&at("csv"), &excerpt());
    write_csv(&at("table"), &excerpt());
    write_pngs(&at("png"), &excerpt());
    cifar10(&at("cifar"));
    fs::copy(EXCERPT, at("some.npz")).unwrap();
    for name in ["idx", "csv", "table/train.csv", "png", "cifar", "some.npz"] {
        let kept = Kept::of(&at(name));
        let decoded = kept.load();
        assert_eq!(kept.load(), decoded, "{name}");
        assert!(kept.is_read(), "{name}");
    }
}

#[test]
fn a_source_that_has_changed_is_decoded_again_and_what_it_was_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("some.csv");
    let text = "label,pixel0\n".to_owned() + &"0,1\n1,2\n".repeat(5);
    write(&table, &text);
    let kept = Kept::of(&table);
    assert!(kept.load().train.pixels().contains(&1) && kept.is_read());
    // Of the same size, and with the time of the first set back, as an archive's program does.
    #[cfg(unix)]
    {
        let modified = fs::metadata(&table).unwrap().modified().unwrap();
        thread::sleep(std::time::Duration::from_millis(20));
        write(&table, text.replace("0,1", "0,9"));
        File::options().write(true).open(&table).unwrap().set_modified(modified).unwrap();
        assert!(kept.load().train.pixels().contains(&9) && kept.is_read());
    }
    // Another time.
    let file = kept.file();
    File::options().write(true).open(&table).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    kept.load();
    assert_ne!(kept.file(), file);
    // A file that is added.
    let pictures = folder.path().join("pictures");
    write_pngs(&pictures, &excerpt());
    let kept = Kept::of(&pictures);
    assert_eq!(kept.load().train.len(), 24);
    let any = fs::read_dir(pictures.join("train/3")).unwrap().next().unwrap().unwrap().path();
    fs::copy(any, pictures.join("train/3/700.png")).unwrap();
    assert_eq!(kept.load().train.len(), 25);
    assert!(kept.is_read());
}

#[test]
fn settings_of_pictures_have_a_file_each() {
    let folder = tempfile::tempdir().unwrap();
    write_pngs(folder.path(), &excerpt());
    let kept = Kept::of(folder.path());
    let sized = |side| {
        let size = Some(PictureSize { height: side, width: side });
        let settings = PictureSettings { size, ..PictureSettings::default() };
        load(&source_at(folder.path()), &settings, &DataDir::at(kept.cache.path())).unwrap().train.height()
    };
    assert_eq!([sized(8), sized(9), sized(8), sized(9)], [8, 9, 8, 9]);
    assert_eq!(fs::read_dir(kept.folder()).unwrap().count(), 2);
}

#[test]
fn a_file_that_is_damaged_or_none_of_ours_is_made_again() {
    let kept = Kept::of(Path::new(EXCERPT));
    let decoded = kept.load();
    let file = kept.file();
    let whole = fs::read(&file).unwrap();
    let content = &whole[..whole.len() - 4];
    let header = content.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0;
    let edited = |from: &str, to: &str| {
        let text = String::from_utf8(content[..header].to_vec()).unwrap();
        assert!(text.contains(from), "{text}");
        with_sum([text.replace(from, to).as_bytes(), &content[header..]].concat())
    };
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        bytes
    };
    let mut table: Vec<(Vec<u8>, String)> = vec![
        (b"some text of somebody else's".to_vec(), "foreign".into()),
        ([&whole[..], b"x"].concat(), "longer".into()),
        (vec![0; whole.len()], "zeros, as a crash may leave them".into()),
        (edited("images 3", "images 2"), "another format".into()),
        (edited("\"train\":24", "\"train\":25"), "more images than there are".into()),
        (edited("\"train\":24", "\"train\":18446744073709551615"), "a size that overflows".into()),
        (edited("\"test\":12", "\"test\":11"), "pixels that are left".into()),
        (edited("\"test\":12", "\"test\":0"), "no image".into()),
        (edited("\"classes\":10", "\"classes\":3"), "labels that are no class".into()),
        (edited("\"validation\":0", "\"validation\":25"), "more to validate than there are".into()),
        (edited("\"state\":\"", "\"state\":\"0"), "of other files".into()),
        (edited("{", "{\"more\":1,"), "a key that nobody knows".into()),
    ];
    let cuts = (0..whole.len()).step_by(997).chain([header, header + 1, whole.len() - 4, whole.len() - 1]);
    table.extend(cuts.map(|length| (whole[..length].to_vec(), format!("{length} bytes"))));
    let flips = (0..whole.len()).step_by(1_009).chain([5, header - 5, header + 2, whole.len() - 2]);
    table.extend(flips.map(|at| (flipped(at), format!("byte {at}"))));
    for (bytes, what) in table {
        fs::write(&file, bytes).unwrap();
        assert_eq!(kept.load(), decoded, "{what}");
        assert_eq!(fs::read(&file).unwrap(), whole, "{what}: made again");
    }
}

#[test]
fn where_nothing_can_be_kept_everything_is_decoded() {
    // Permissions would not keep root from writing.
    let blocked = Kept::of(Path::new(EXCERPT));
    fs::write(blocked.folder(), "a file where the folder would be").unwrap();
    assert_eq!((blocked.load(), blocked.load()), (excerpt(), excerpt()));

    let taken = Kept::of(Path::new(EXCERPT));
    taken.load();
    let file = taken.file();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!((taken.load(), taken.load()), (excerpt(), excerpt()));
    assert!(taken.file().is_dir());
}

#[test]
fn several_that_decode_at_once_all_get_the_set_and_leave_one_whole_file() {
    const AT_ONCE: usize = 8;
    let kept = Kept::of(Path::new(EXCERPT));
    let expected = excerpt();
    for _ in 0..5 {
        let start = Barrier::new(AT_ONCE);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..3 {
                        assert_eq!(kept.load(), expected);
                    }
                });
            }
        });
        assert!(kept.is_read());
        fs::remove_dir_all(kept.folder()).unwrap();
    }
}
