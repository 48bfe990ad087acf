//! Downloads with a published MD5: archives that are good, damaged, or hostile.

use std::io::Cursor;

use md5::Md5;
use tar::EntryType;
use zip::ZipWriter;
use zip::write::FileOptions;

use super::super::downloads::fetch_downloads;
use super::*;
use crate::catalogue::{Download, Member, Packing};
use crate::sums::SUMS_FILE;
use crate::verify::verify_unpacked;

/// The members of the tests' archives: `content(1)` and `content(2)`.
const MEMBERS: [Member; 2] = [
    Member { path: "set/first.bin", name: "first", most_bytes: 256 },
    Member { path: "set/second.bin", name: "second", most_bytes: 256 },
];

fn download(name: &'static str, packing: Packing, body: &[u8], members: &'static [Member]) -> Download {
    let md5 = hex(&Md5::digest(body)).leak();
    Download { name, most_bytes: body.len() as u64, md5, packing, members }
}

/// A tar header with any bytes for a name.
fn header(name: &str, bytes: u64, kind: EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        builder.append(&header(name, bytes.len() as u64, EntryType::Regular), *bytes).unwrap();
    }
    packed(&builder.into_inner().unwrap())
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, FileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn good_tar() -> Vec<u8> {
    tar_of(&[("set/readme.html", b"read"), (MEMBERS[0].path, &content(1)), (MEMBERS[1].path, &content(2))])
}

/// As EMNIST: one member is packed by itself.
fn good_zip() -> Vec<u8> {
    zip_of(&[
        (MEMBERS[1].path, &content(2)),
        ("set/other", b"other"),
        (MEMBERS[0].path, &packed(&content(1))),
    ])
}

fn fetch_set(
    folder: &Path,
    downloads: &[Download],
    mirrors: &[&str],
    offline: bool,
) -> Result<Vec<FetchOutcome>, DataError> {
    let options = FetchOptions { offline, read_timeout: Duration::from_millis(500), ..Default::default() };
    let report = fetch_downloads("letters", downloads, mirrors, folder, &options, &mut |_| {})?;
    Ok(report.files.into_iter().map(|file| file.outcome).collect())
}

/// Fetches from a server that answers each request with `body`, whatever it is.
fn fetched(folder: &Path, download: &Download, body: Vec<u8>) -> Result<Vec<FetchOutcome>, DataError> {
    let server = Server::start(move |_| whole(&body));
    fetch_set(folder, &[*download], &[&server.address], false)
}

fn states(folder: &Path, downloads: &[Download]) -> Vec<FileState> {
    verify_unpacked(downloads, folder, "fetch it").into_iter().map(|file| file.state).collect()
}

fn sorted_files(folder: &TempDir) -> Vec<String> {
    let mut names = files_in(folder);
    names.sort();
    names
}

const STORED: [&str; 3] = [SUMS_FILE, "first", "second"];

#[test]
fn archives_are_unpacked_with_their_sums_and_removed() {
    for (name, packing, body) in
        [("set.tar.gz", Packing::TarGzip, good_tar()), ("set.zip", Packing::Zip, good_zip())]
    {
        let folder = tempfile::tempdir().unwrap();
        let row = [download(name, packing, &body, &MEMBERS)];
        let answer = body.clone();
        let server = Server::start(move |_| whole(&answer));
        let outcomes = fetch_set(folder.path(), &row, &[&server.address], false).unwrap();
        assert_eq!(outcomes, [downloaded(&server, &body), downloaded(&server, &body)]);
        assert_eq!(*server.paths.lock().unwrap(), [format!("/set/{name}")]);
        assert_eq!(sorted_files(&folder), STORED, "{name}");
        for (member, key) in MEMBERS.iter().zip([1, 2]) {
            assert_eq!(fs::read(folder.path().join(member.name)).unwrap(), content(key));
        }
        let [first, second] = [1, 2].map(|key| hex(&Sha256::digest(content(key))));
        let sums = fs::read_to_string(folder.path().join(SUMS_FILE)).unwrap();
        assert_eq!(sums, format!("{first}  first\n{second}  second\n"));
        assert_eq!(states(folder.path(), &row), [const { FileState::Intact }; 3]);

        // What is intact is not fetched again, even where there is no network.
        let again = fetch_set(folder.path(), &row, &[], true).unwrap();
        assert_eq!(again, [FetchOutcome::AlreadyIntact, FetchOutcome::AlreadyIntact]);
        assert_eq!(server.requests(), 1);
    }
}

/// Two files, each packed by itself.
fn two_files() -> [Download; 2] {
    const SINGLE: [[Member; 1]; 2] = [
        [Member { path: "first", name: "first", most_bytes: 256 }],
        [Member { path: "second", name: "second", most_bytes: 256 }],
    ];
    [
        download("first.gz", Packing::Gzip, &packed(&content(1)), &SINGLE[0]),
        download("second.gz", Packing::Gzip, &packed(&content(2)), &SINGLE[1]),
    ]
}

#[test]
fn files_that_are_packed_by_themselves_are_fetched_one_after_the_other_and_the_first_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = [packed(&content(1)), b"something else".to_vec(), packed(&content(2))];
    let server = Server::start(move |number| whole(&bodies[number]));
    let rows = two_files();
    let error = fetch_set(folder.path(), &rows, &[&server.address], false).unwrap_err();
    assert!(error.is_missing());
    let expected = format!(
        "second.gz: no mirror delivered it: {} (MD5: expected {}, found {}); check the network, name another mirror, or \
         copy the file to {}",
        server.address,
        rows[1].md5,
        hex(&Md5::digest(b"something else")),
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(sorted_files(&folder), [SUMS_FILE, "first"]);

    let outcomes = fetch_set(folder.path(), &rows, &[&server.address], false).unwrap();
    assert_eq!(outcomes, [FetchOutcome::AlreadyIntact, downloaded(&server, &packed(&content(2)))]);
    assert_eq!(sorted_files(&folder), STORED);
    assert_eq!(*server.paths.lock().unwrap(), ["/set/first.gz", "/set/second.gz", "/set/second.gz"]);
}

/// An archive with an entry in the place of the first member.
fn tar_with(kind: EntryType) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = header(MEMBERS[0].path, 0, kind);
    link.set_link_name("/etc/passwd").unwrap();
    link.set_cksum();
    builder.append(&link, io::empty()).unwrap();
    builder.append(&header(MEMBERS[1].path, 256, EntryType::Regular), &content(2)[..]).unwrap();
    packed(&builder.into_inner().unwrap())
}

fn zip_with_a_link() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink(MEMBERS[0].path, "/etc/passwd", FileOptions::default()).unwrap();
    writer.start_file(MEMBERS[1].path, FileOptions::default()).unwrap();
    writer.write_all(&content(2)).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn archives_that_are_not_what_the_table_says_are_refused_and_nothing_of_them_stays() {
    use Packing::{TarGzip, Zip};
    let (first, second) = (MEMBERS[0].path, MEMBERS[1].path);
    let long = [content(1), vec![7]].concat();
    let bomb = packed(&vec![0; 5_000_000]);
    let (tar, zip) = (good_tar(), good_zip());
    let none = "member set/second.bin: expected a file of this path, found none";
    let kind = "member set/first.bin: expected a regular file, found ";
    let more = "member set/first.bin: expected at most 256 bytes, found more";
    let table: [(&str, Packing, Vec<u8>, &str); 15] = [
        ("cut", TarGzip, tar[..tar.len() - 300].to_vec(), "found "),
        ("cut", Zip, zip[..zip.len() - 30].to_vec(), "broken archive: "),
        ("no archive", TarGzip, b"<html>".repeat(200), "broken archive: "),
        ("no archive", Zip, b"<html>".repeat(200), "broken archive: "),
        ("a member lacks", TarGzip, tar_of(&[(first, &content(1))]), none),
        ("a member lacks", Zip, zip_of(&[(first, &content(1))]), none),
        ("too long", TarGzip, tar_of(&[(first, &long), (second, &content(2))]), more),
        ("too long", Zip, zip_of(&[(first, &long), (second, &content(2))]), more),
        ("unpacks to more", Zip, zip_of(&[(first, &bomb), (second, &content(2))]), more),
        ("symbolic link", TarGzip, tar_with(EntryType::Symlink), &format!("{kind}symlink")),
        ("hard link", TarGzip, tar_with(EntryType::Link), &format!("{kind}link")),
        ("folder", TarGzip, tar_with(EntryType::Directory), &format!("{kind}directory")),
        ("symbolic link", Zip, zip_with_a_link(), &format!("{kind}another kind, mode 120000")),
        (
            "twice",
            TarGzip,
            tar_of(&[(first, &content(1)), (first, &content(3)), (second, &content(2))]),
            "member set/first.bin: expected one file of this path, found two",
        ),
        (
            "too much in front",
            TarGzip,
            tar_of(&[("set/zeros", &vec![0; 2_000_000]), (first, &content(1)), (second, &content(2))]),
            "broken archive: it unpacks to more than 1049088 bytes",
        ),
    ];
    for (what, packing, body, reason) in table {
        let folder = tempfile::tempdir().unwrap();
        let row = download("set.archive", packing, &body, &MEMBERS);
        let error = fetched(folder.path(), &row, body).unwrap_err();
        let message = error.to_string();
        assert!(error.is_missing() && message.contains(reason), "{what}: {message} should contain {reason}");
        assert!(
            message.contains("set.archive: no mirror delivered it: http://127.0.0.1"),
            "{what}: {message}"
        );
        assert!(!message.contains('\n'), "{what}: {message}");
        assert_eq!(files_in(&folder), [""; 0], "{what}");
    }
}

#[test]
fn names_of_an_archive_are_never_used_as_paths() {
    let hostile = ["../first", "/tmp/first", "set/../first", "./set/first.bin", "first", "set\\first.bin"];
    let entries: Vec<(&str, &[u8])> = hostile.iter().map(|name| (*name, &b"evil"[..])).collect();
    for (packing, body) in [(Packing::TarGzip, tar_of(&entries)), (Packing::Zip, zip_of(&entries))] {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("set");
        let row = download("set.archive", packing, &body, &MEMBERS);
        let message = fetched(&folder, &row, body).unwrap_err().to_string();
        assert!(
            message.contains("member set/first.bin: expected a file of this path, found none"),
            "{message}"
        );
        assert_eq!(files_in(&parent), ["set"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the lock alone");
    }
    // The members are found among them all the same.
    let good = [("../first", &b"evil"[..]), (MEMBERS[0].path, &content(1)), (MEMBERS[1].path, &content(2))];
    for (packing, body) in [(Packing::TarGzip, tar_of(&good)), (Packing::Zip, zip_of(&good))] {
        let folder = tempfile::tempdir().unwrap();
        fetched(folder.path(), &download("set.archive", packing, &body, &MEMBERS), body).unwrap();
        assert_eq!(sorted_files(&folder), STORED);
    }
}

#[test]
fn another_checksum_is_refused_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let row = download("set.zip", Packing::Zip, &good_zip(), &MEMBERS);
    fetched(folder.path(), &row, good_zip()).unwrap();
    fs::write(folder.path().join("first"), "damaged").unwrap();
    let mut other = good_zip();
    other[40] ^= 1;
    let message = fetched(folder.path(), &row, other.clone()).unwrap_err().to_string();
    let reason = format!("(MD5: expected {}, found {})", row.md5, hex(&Md5::digest(&other)));
    assert!(message.contains(&reason), "{message}");
    let longer = [good_zip(), vec![0]].concat();
    let message = fetched(folder.path(), &row, longer).unwrap_err().to_string();
    assert!(message.contains(&format!("(sends more than {} bytes)", row.most_bytes)), "{message}");
    assert_eq!(sorted_files(&folder), STORED);
    assert_eq!(fs::read(folder.path().join("first")).unwrap(), b"damaged");
    assert_eq!(fs::read(folder.path().join("second")).unwrap(), content(2));
}

#[test]
fn a_damaged_file_is_found_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let row = download("set.tar.gz", Packing::TarGzip, &good_tar(), &MEMBERS);
    fetched(folder.path(), &row, good_tar()).unwrap();
    let sum = |bytes: &[u8]| hex(&Sha256::digest(bytes));
    let wrong = FileState::WrongChecksum { expected: sum(&content(2)), found: sum(b"damaged") };
    fs::write(folder.path().join("second"), "damaged").unwrap();
    assert_eq!(states(folder.path(), &[row]), [FileState::Intact, wrong, FileState::Intact]);
    let server = Server::start(|_| whole(&good_tar()));
    fetch_set(folder.path(), &[row], &[&server.address], false).unwrap();
    assert_eq!(states(folder.path(), &[row]), [const { FileState::Intact }; 3]);

    // Sums that are damaged are made anew.
    fs::write(folder.path().join(SUMS_FILE), "rubbish").unwrap();
    assert!(
        matches!(&states(folder.path(), &[row])[2], FileState::Unreadable { reason } if reason.contains("SHA256SUMS"))
    );
    fetch_set(folder.path(), &[row], &[&server.address], false).unwrap();
    assert_eq!(states(folder.path(), &[row]), [const { FileState::Intact }; 3]);
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_fetch_that_was_killed_at_any_point_is_mended_by_the_next() {
    let row = download("set.zip", Packing::Zip, &good_zip(), &MEMBERS);
    let (archive, first, second) = (good_zip(), content(1), content(2));
    let left: [&[(&str, &[u8])]; 4] = [
        &[("set.zip.partial", &archive[..100])],
        &[("set.zip.partial", &archive), ("first.partial", &first[..9])],
        &[("set.zip.partial", &archive), ("first", &first), ("second.partial", &second)],
        &[("first", &first), ("second", &second)],
    ];
    for files in left {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let found = states(folder.path(), &[row]);
        assert!(found[2] == FileState::Missing && !found.contains(&FileState::Intact), "{found:?}");
        fetched(folder.path(), &row, good_zip()).unwrap();
        assert_eq!(sorted_files(&folder), STORED);
        assert_eq!(states(folder.path(), &[row]), [const { FileState::Intact }; 3]);
    }
}

#[test]
fn a_download_that_lies_in_the_folder_is_used_without_the_network_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let row = [download("set.zip", Packing::Zip, &good_zip(), &MEMBERS)];
    let expected = format!(
        "data set letters is not in {}: missing first, second, SHA256SUMS; the network is off (offline): fetch without \
         offline, or copy set.zip there and fetch again",
        folder.path().display()
    );
    let error = fetch_set(folder.path(), &row, &["http://127.0.0.1:1/"], true).unwrap_err();
    assert_eq!((error.is_missing(), error.to_string()), (true, expected));
    assert_eq!(files_in(&folder), [""; 0]);

    let archive = folder.path().join("set.zip");
    fs::write(&archive, "another file").unwrap();
    let message = fetch_set(folder.path(), &row, &[], true).unwrap_err().to_string();
    let start = format!("{}: expected the publisher's download, found MD5: expected ", archive.display());
    assert!(message.starts_with(&start) && message.ends_with("; remove it and get it again"), "{message}");

    fs::write(&archive, good_zip()).unwrap();
    let outcomes = fetch_set(folder.path(), &row, &[], true).unwrap();
    let unpacked = FetchOutcome::Unpacked { archive };
    assert_eq!(outcomes, [unpacked.clone(), unpacked]);
    assert_eq!(sorted_files(&folder), [&STORED[..], &["set.zip"]].concat());
}

#[test]
fn two_fetches_take_turns_and_the_second_finds_the_files_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| whole(&good_zip()));
    let row = [download("set.zip", Packing::Zip, &good_zip(), &MEMBERS)];
    thread::scope(|scope| {
        let fetches = [0, 1]
            .map(|_| scope.spawn(|| fetch_set(folder.path(), &row, &[&server.address], false).unwrap()));
        for fetch in fetches {
            fetch.join().unwrap();
        }
    });
    assert_eq!(server.requests(), 1);
    assert_eq!(sorted_files(&folder), STORED);
}

#[test]
fn a_folder_that_cannot_take_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // A folder of the file's own name, and not empty: no file can be renamed to it.
    fs::create_dir_all(folder.path().join("second/b")).unwrap();
    let row = download("set.zip", Packing::Zip, &good_zip(), &MEMBERS);
    let message = fetched(folder.path(), &row, good_zip()).unwrap_err().to_string();
    let start = format!("{}: cannot rename the download to it: ", folder.path().join("second").display());
    assert!(message.starts_with(&start), "{message}");
    assert_eq!(sorted_files(&folder), ["first", "second"]);
}
