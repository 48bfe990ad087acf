//! A tiny HTTP server on this machine, which answers as a test tells it and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) path: String,
    /// `N` of the header `Range: bytes=N-`.
    pub(super) range_start: Option<usize>,
}

/// How to answer.
pub(super) enum Answer {
    /// The whole body with status 200, whatever range was asked for.
    Whole(Vec<u8>),
    /// The body from the start of the range on, with status 206; status 200 without a range.
    Range(Vec<u8>),
    /// As `Range`, but the connection is cut after so many bytes of the body.
    CutAfter(usize, Vec<u8>),
    /// The whole body without announcing its length.
    Unannounced(Vec<u8>),
    /// A status without a body.
    Status(u16),
    /// Nothing, for so long.
    Silence(Duration),
}

pub(super) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server; `answer` gets each request and its number, from 0 on. It runs until the test process ends.
    pub(super) fn start(answer: impl Fn(usize, &Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/set/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let request = read_request(&stream);
                seen.lock().unwrap().push(request.clone());
                // A client that hangs up early is part of the tests.
                let _ = reply(stream, &request, answer(number, &request));
            }
        });
        Self { address, requests }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn range_starts(&self) -> Vec<Option<usize>> {
        self.requests.lock().unwrap().iter().map(|request| request.range_start).collect()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.path.clone()).collect()
    }
}

fn read_request(stream: &TcpStream) -> Request {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let range_start = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let range = value.strip_prefix("bytes=").filter(|_| name.eq_ignore_ascii_case("range"))?;
        range.trim_end_matches('-').parse().ok()
    });
    Request { path, range_start }
}

fn reply(mut stream: TcpStream, request: &Request, answer: Answer) -> std::io::Result<()> {
    let start = request.range_start.unwrap_or(0);
    let (status, body, sent) = match answer {
        Answer::Status(status) => (status, Vec::new(), 0),
        Answer::Silence(duration) => {
            thread::sleep(duration);
            return Ok(());
        }
        Answer::Unannounced(body) => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            return stream.write_all(&body);
        }
        Answer::Whole(body) => (200, body.clone(), body.len()),
        Answer::Range(body) | Answer::CutAfter(_, body) if start > body.len() => (416, Vec::new(), 0),
        Answer::Range(body) => (206, body[start..].to_vec(), body.len()),
        Answer::CutAfter(bytes, body) => (206, body[start..].to_vec(), bytes),
    };
    let status = if status == 206 && request.range_start.is_none() { 200 } else { status };
    write!(stream, "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n", body.len())?;
    if status == 206 {
        let end = start + body.len();
        write!(stream, "Content-Range: bytes {start}-{}/{end}\r\n", end - 1)?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&body[..sent.min(body.len())])
}
