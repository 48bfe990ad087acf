//! Fetching from servers on this machine that cut, refuse, ignore or falsify.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::test_server::{Answer, Server};
use super::*;
use crate::unpacked::hex;

/// Bytes that compress badly, so that the compressed file is long enough to be cut.
fn content(key: u8) -> Vec<u8> {
    Sha256::digest([key])
        .repeat(8)
        .iter()
        .zip(0_u8..=255)
        .map(|(byte, i)| byte ^ i.wrapping_mul(31))
        .collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A table entry for [`content`]; the test process keeps its checksum for good.
fn spec(name: &'static str, key: u8) -> FileSpec {
    let sha256 = hex(&Sha256::digest(content(key))).leak();
    FileSpec { name, raw_bytes: content(key).len() as u64, sha256 }
}

/// Fetches file `a`, whose content is `content(1)`.
fn fetch_a(folder: &TempDir, mirrors: &[&Server], offline: bool) -> Result<FetchReport, DataError> {
    let mirrors: Vec<&str> = mirrors.iter().map(|server| server.address()).collect();
    let options = FetchOptions { offline, ..FetchOptions::default() };
    fetch_files("letters", &[spec("a", 1)], &mirrors, folder.path(), &options, &mut |_| {})
}

fn outcome_of_a(report: Result<FetchReport, DataError>) -> FetchOutcome {
    report.unwrap().files.remove(0).outcome
}

fn downloaded(server: &Server, received_bytes: usize) -> FetchOutcome {
    FetchOutcome::Downloaded { mirror: server.address().to_owned(), received_bytes: received_bytes as u64 }
}

fn files_in(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != ".fetch.lock");
    names.sort();
    names
}

#[test]
fn stores_the_raw_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    let outcome = outcome_of_a(fetch_a(&folder, &[&server], false));
    assert_eq!(outcome, downloaded(&server, packed(&content(1)).len()));
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(1));
    assert_eq!(files_in(&folder), ["a"]);
    assert_eq!(server.paths(), ["/set/a.gz"]);
}

#[test]
fn leaves_intact_files_alone_and_replaces_damaged_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(2))));
    fs::write(folder.path().join("a.gz"), packed(&content(1))).unwrap();
    fs::write(folder.path().join("b"), "damaged").unwrap();
    let files = [spec("a", 1), spec("b", 2)];
    let mut told = Vec::new();
    let options = FetchOptions::default();
    let report =
        fetch_files("letters", &files, &[server.address()], folder.path(), &options, &mut |progress| {
            if !matches!(progress, FetchProgress::Downloading { .. }) {
                told.push(format!("{progress:?}"));
            }
        })
        .unwrap();
    assert_eq!(report.files[0].outcome, FetchOutcome::AlreadyIntact);
    assert_eq!(report.files[1].outcome, downloaded(&server, packed(&content(2)).len()));
    assert_eq!(server.paths(), ["/set/b.gz"]);
    assert_eq!(fs::read(folder.path().join("b")).unwrap(), content(2));
    assert_eq!(told, ["Intact { file: \"a\" }", "Stored { file: \"b\" }"]);
}

#[test]
fn resumes_where_the_connection_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number, _| match number {
        0 => Answer::CutAfter(100, packed(&content(1))),
        _ => Answer::Range(packed(&content(1))),
    });
    let outcome = outcome_of_a(fetch_a(&folder, &[&server], false));
    assert_eq!(outcome, downloaded(&server, packed(&content(1)).len()), "no byte is received twice");
    assert_eq!(server.range_starts(), [None, Some(100)]);
}

#[test]
fn resumes_what_an_earlier_run_left() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    fs::write(folder.path().join("a.gz.partial"), &packed(&content(1))[..60]).unwrap();
    let outcome = outcome_of_a(fetch_a(&folder, &[&server], false));
    assert_eq!(outcome, downloaded(&server, packed(&content(1)).len() - 60));
    assert_eq!(server.range_starts(), [Some(60)]);
}

#[test]
fn starts_again_when_the_server_ignores_the_range() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|number, _| match number {
        0 => Answer::CutAfter(100, packed(&content(1))),
        _ => Answer::Whole(packed(&content(1))),
    });
    fetch_a(&folder, &[&server], false).unwrap();
    assert_eq!(server.range_starts(), [None, Some(100)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(1));
}

#[test]
fn starts_again_when_the_server_has_less_than_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let longer = packed(&content(1).repeat(9));
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    fs::write(folder.path().join("a.gz.partial"), &longer[..longer.len() - 9]).unwrap();
    fetch_a(&folder, &[&server], false).unwrap();
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(1));
}

#[test]
fn starts_again_when_the_halves_of_two_mirrors_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    fs::write(folder.path().join("a.gz.partial"), &packed(&content(2))[..60]).unwrap();
    fetch_a(&folder, &[&server], false).unwrap();
    let starts = server.range_starts();
    assert_eq!(starts.last(), Some(&None), "the last request is for the whole file: {starts:?}");
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(1));
}

#[test]
fn a_mirror_with_a_wrong_checksum_gives_way_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Server::start(|_, _| Answer::Range(packed(&content(2))));
    let right = Server::start(|_, _| Answer::Range(packed(&content(1))));
    let outcome = outcome_of_a(fetch_a(&folder, &[&wrong, &right], false));
    assert_eq!(outcome, downloaded(&right, packed(&content(1)).len()));
    assert_eq!(right.range_starts(), [None], "nothing of the wrong file is kept");
}

#[test]
fn names_each_mirror_with_its_reason_when_all_fail() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Server::start(|_, _| Answer::Status(404));
    let wrong = Server::start(|_, _| Answer::Range(packed(&content(2))));
    let error = fetch_a(&folder, &[&gone, &wrong], false).unwrap_err();
    assert!(error.is_missing());
    let [expected, found] = [1, 2].map(|key| hex(&Sha256::digest(content(key))));
    let start = format!(
        "a: no mirror delivered it: {} (HTTP status 404), {} (SHA-256: expected {expected}, found {found}); ",
        gone.address(),
        wrong.address()
    );
    assert!(error.to_string().starts_with(&start), "{error}");
    assert_eq!(files_in(&folder), [""; 0]);
}

#[test]
fn refuses_content_that_is_too_long_too_short_or_no_gzip() {
    let table = [
        (packed(&[7; 1_000_000]), "size: expected 256 bytes, found more"),
        (vec![7; 1_000_000], "sends more than 4352 bytes"),
        (packed(&content(1)[..99]), "size: expected 256 bytes, found 99"),
        (packed(&content(1))[..99].to_vec(), "broken gzip stream"),
    ];
    for (body, reason) in table {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |_, _| Answer::Unannounced(body.clone()));
        let message = fetch_a(&folder, &[&server], false).unwrap_err().to_string();
        assert!(message.contains(reason), "{message} should contain {reason}");
        assert_eq!(files_in(&folder), [""; 0]);
    }
}

#[test]
fn a_mirror_that_does_not_listen_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    let options = FetchOptions::default();
    // Port 1 belongs to a service that nobody runs.
    let mirrors = ["http://127.0.0.1:1/", server.address()];
    fetch_files("letters", &[spec("a", 1)], &mirrors, folder.path(), &options, &mut |_| {}).unwrap();
}

#[test]
fn a_mirror_that_falls_silent_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let silent = Server::start(|_, _| Answer::Silence(Duration::from_secs(20)));
    let options = FetchOptions { read_timeout: Duration::from_millis(200), ..FetchOptions::default() };
    let start = std::time::Instant::now();
    let mirrors = [silent.address()];
    let error =
        fetch_files("letters", &[spec("a", 1)], &mirrors, folder.path(), &options, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("timeout"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10), "it did not wait for the server");
}

#[test]
fn offline_asks_no_mirror_and_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Range(packed(&content(1))));
    let error = fetch_a(&folder, &[&server], true).unwrap_err();
    let expected = format!(
        "data set letters in {} lacks a and the network is off (offline); \
         fetch without offline, or copy the files there",
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.is_missing());
    assert_eq!(server.paths(), [""; 0]);
}

#[test]
fn offline_is_enough_when_everything_is_there_or_was_downloaded_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.gz.partial"), packed(&content(1))).unwrap();
    assert_eq!(outcome_of_a(fetch_a(&folder, &[], true)), FetchOutcome::CompletedFromPartial);
    assert_eq!(outcome_of_a(fetch_a(&folder, &[], true)), FetchOutcome::AlreadyIntact);
    assert_eq!(files_in(&folder), ["a"]);
}

#[test]
fn mirrors_of_the_options_replace_those_of_the_set() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Answer::Status(503));
    let mirrors = Some(vec![server.address().to_owned()]);
    let options = FetchOptions { mirrors, ..FetchOptions::default() };
    let dir = DataDir::at(folder.path());
    let error = fetch(PublicSet::Mnist, &dir, &options, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("(HTTP status 503)"), "{error}");
    assert_eq!(server.paths(), ["/set/train-images-idx3-ubyte.gz"]);
}
