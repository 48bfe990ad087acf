//! Fetching from servers on this machine that cut, refuse, falsify or fall silent.

mod downloads;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::unpacked::hex;

/// A server that runs until the test process ends, and what it was asked for.
struct Server {
    address: String,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Sends `answer(number)` to each request, counted from 0: a whole HTTP response, or nothing for 20 seconds.
    fn start(answer: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/set/", listener.local_addr().unwrap());
        let paths = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&paths);
        thread::spawn(move || {
            for (number, mut stream) in listener.incoming().flatten().enumerate() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                seen.lock().unwrap().push(lines[0].split(' ').nth(1).unwrap().to_owned());
                match answer(number) {
                    silence if silence.is_empty() => thread::sleep(Duration::from_secs(20)),
                    // A client that hangs up early is part of the tests.
                    bytes => drop(stream.write_all(&bytes)),
                }
            }
        });
        Self { address, paths }
    }

    fn requests(&self) -> usize {
        self.paths.lock().unwrap().len()
    }
}

fn response(status: u16, announced_bytes: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {announced_bytes}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn whole(body: &[u8]) -> Vec<u8> {
    response(200, body.len(), body)
}

fn unannounced(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", body].concat()
}

/// Bytes that compress badly, so that the compressed file is long enough to be cut.
fn content(key: u8) -> Vec<u8> {
    let bytes = Sha256::digest([key]).repeat(8);
    bytes.iter().zip(0_u8..=255).map(|(byte, i)| byte ^ i.wrapping_mul(31)).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A table entry for [`content`]; its checksum is never freed.
fn spec(name: &'static str, key: u8) -> FileSpec {
    let sha256 = hex(&Sha256::digest(content(key))).leak();
    FileSpec { name, raw_bytes: content(key).len() as u64, sha256 }
}

/// Fetches file `a`, whose content is `content(1)`.
fn fetch_a(folder: &TempDir, mirrors: &[&str], offline: bool) -> Result<FetchOutcome, DataError> {
    let options = FetchOptions { offline, read_timeout: Duration::from_millis(500), ..Default::default() };
    let report = fetch_files("letters", &[spec("a", 1)], mirrors, folder.path(), &options, &mut |_| {})?;
    Ok(report.files[0].outcome.clone())
}

fn downloaded(server: &Server, body: &[u8]) -> FetchOutcome {
    FetchOutcome::Downloaded { mirror: server.address.clone(), received_bytes: body.len() as u64 }
}

fn files_in(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != ".fetch.lock").collect()
}

#[test]
fn stores_the_raw_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| whole(&packed(&content(1))));
    let outcome = fetch_a(&folder, &[&server.address], false).unwrap();
    assert_eq!(outcome, downloaded(&server, &packed(&content(1))));
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(1));
    assert_eq!(files_in(&folder), ["a"]);
    assert_eq!(*server.paths.lock().unwrap(), ["/set/a.gz"]);
    assert_eq!(fetch_a(&folder, &[], true).unwrap(), FetchOutcome::AlreadyIntact);
}

#[test]
fn leaves_intact_files_alone_and_replaces_damaged_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| whole(&packed(&content(2))));
    fs::write(folder.path().join("a.gz"), packed(&content(1))).unwrap();
    fs::write(folder.path().join("b"), "damaged").unwrap();
    let (files, mirrors) = ([spec("a", 1), spec("b", 2)], [server.address.as_str()]);
    let mut events = Vec::new();
    let mut on_progress = |progress: FetchProgress<'_>| events.push(format!("{progress:?}"));
    let options = FetchOptions::default();
    let report = fetch_files("letters", &files, &mirrors, folder.path(), &options, &mut on_progress).unwrap();
    let outcomes: Vec<FetchOutcome> = report.files.into_iter().map(|file| file.outcome).collect();
    assert_eq!(outcomes, [FetchOutcome::AlreadyIntact, downloaded(&server, &packed(&content(2)))]);
    assert_eq!(*server.paths.lock().unwrap(), ["/set/b.gz"]);
    assert_eq!(fs::read(folder.path().join("b")).unwrap(), content(2));
    assert_eq!(
        (events.first().unwrap(), events.last().unwrap()),
        (&"Intact { file: \"a\" }".to_owned(), &"Stored { file: \"b\" }".to_owned())
    );
    let last_bytes = format!("received_bytes: {0}, total_bytes: Some({0}) }}", packed(&content(2)).len());
    assert!(events[events.len() - 2].ends_with(&last_bytes), "{events:?}");
}

#[test]
fn asks_the_same_mirror_again_where_the_connection_was_cut_and_then_the_next() {
    let body = packed(&content(1));
    let cut = response(200, body.len(), &body[..100]);
    let folder = tempfile::tempdir().unwrap();
    let answers = [cut.clone(), whole(&body)];
    let better = Server::start(move |number| answers[number].clone());
    assert_eq!(fetch_a(&folder, &[&better.address], false).unwrap(), downloaded(&better, &body));
    assert_eq!(better.requests(), 2);

    let folder = tempfile::tempdir().unwrap();
    let (never, other) =
        (Server::start(move |_| cut.clone()), Server::start(move |_| whole(&packed(&content(1)))));
    assert_eq!(
        fetch_a(&folder, &[&never.address, &other.address], false).unwrap(),
        downloaded(&other, &body)
    );
    assert_eq!((never.requests(), other.requests()), (3, 1));
}

#[test]
fn names_each_mirror_with_its_reason_when_all_fail_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "damaged").unwrap();
    let gone = Server::start(|_| response(404, 0, &[]));
    let wrong = Server::start(|_| whole(&packed(&content(2))));
    let error = fetch_a(&folder, &[&gone.address, &wrong.address], false).unwrap_err();
    assert!(error.is_missing());
    let [expected, found] = [1, 2].map(|key| hex(&Sha256::digest(content(key))));
    let expected = format!(
        "a: no mirror delivered it: {} (HTTP status 404), {} (SHA-256: expected {expected}, found {found}); check the \
         network, name another mirror, or copy the file to {}",
        gone.address,
        wrong.address,
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"damaged");
    assert_eq!(files_in(&folder), ["a"]);
}

#[test]
fn refuses_content_that_is_too_long_too_short_or_no_gzip() {
    let body = packed(&content(1));
    let table = [
        (unannounced(&packed(&[7; 1_000_000])), "(size: expected 256 bytes, found more)"),
        (unannounced(&vec![7; 1_000_000]), "(sends more than 4352 bytes)"),
        (unannounced(&packed(&content(1)[..99])), "(size: expected 256 bytes, found 99)"),
        (unannounced(&body[..99]), "(broken gzip stream: "),
        (
            response(200, body.len(), &body[..99]),
            &format!("(connection cut: expected {} bytes, found 99: ", body.len()),
        ),
        (Vec::new(), "timeout"),
    ];
    for (answer, reason) in table {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |_| answer.clone());
        let message = fetch_a(&folder, &[&server.address], false).unwrap_err().to_string();
        assert!(message.contains(reason), "{message} should contain {reason}");
        assert_eq!(files_in(&folder), [""; 0]);
    }
}

#[test]
fn offline_asks_no_mirror_and_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| whole(&packed(&content(1))));
    let error = fetch_a(&folder, &[&server.address], true).unwrap_err();
    let expected = format!(
        "data set letters is not in {}: missing a; the network is off (offline): fetch without offline, or copy the \
         files there",
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.is_missing());
    assert_eq!(server.requests(), 0);
}

#[test]
fn mirrors_of_the_options_replace_those_of_the_set() {
    let folder = tempfile::tempdir().unwrap();
    // Port 1 belongs to a service that nobody runs: such a mirror is passed over.
    let server = Server::start(|_| response(503, 0, &[]));
    let mirrors = Some(vec!["http://127.0.0.1:1/".to_owned(), server.address.clone()]);
    let options = FetchOptions { mirrors, ..FetchOptions::default() };
    let dir = DataDir::at(folder.path());
    let error = fetch(PublicSet::Mnist, &dir, &options, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("(HTTP status 503)"), "{error}");
    assert_eq!(*server.paths.lock().unwrap(), ["/set/train-images-idx3-ubyte.gz"]);
}

#[test]
fn a_folder_that_cannot_take_the_file_is_named_and_nothing_partial_stays() {
    let folder = tempfile::tempdir().unwrap();
    // A folder of the file's own name, and not empty: no file can be renamed to it.
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    let error = store("a", folder.path(), &content(1)).unwrap_err().to_string();
    let start = format!("{}: cannot rename the download to it: ", folder.path().join("a").display());
    assert!(error.starts_with(&start), "{error}");
    assert_eq!(files_in(&folder), ["a"]);
}
