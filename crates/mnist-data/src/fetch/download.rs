//! One HTTP transfer into a partial file, continued where an earlier one ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use ureq::http::{HeaderMap, StatusCode};
use ureq::{Agent, Body};

use super::FetchOptions;
use super::store::remove;
use crate::error::DataError;

/// What to transfer, and where to.
pub(super) struct Download<'a> {
    pub(super) url: String,
    pub(super) partial: &'a Path,
    /// No more than this is stored, whatever the server sends.
    pub(super) limit_bytes: u64,
    pub(super) options: &'a FetchOptions,
}

/// How a transfer ended; `received` counts the bytes of this transfer alone.
pub(super) enum Transfer {
    /// The server sent all it had announced.
    Complete { received: u64 },
    /// It is worth asking again: what has come is in the partial file.
    Cut { received: u64, reason: String },
    /// This server does not deliver the file.
    Refused { reason: String },
}

/// Asks for what the partial file lacks and appends it; `on_bytes` gets the bytes on disk and the total, if known.
pub(super) fn download(
    job: &Download<'_>,
    on_bytes: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Transfer, DataError> {
    let have = fs::metadata(job.partial).map_or(0, |metadata| metadata.len());
    let mut request = agent(job).get(&job.url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(error) => return Ok(Transfer::Refused { reason: error.to_string() }),
    };
    let start = match response.status() {
        StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(have) => have,
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            remove(job.partial)?;
            let reason = format!("the server cannot continue at byte {have}");
            return Ok(Transfer::Cut { received: 0, reason });
        }
        status => return Ok(Transfer::Refused { reason: format!("HTTP status {}", status.as_u16()) }),
    };
    receive(job, response.into_body(), start, on_bytes)
}

fn receive(
    job: &Download<'_>,
    body: Body,
    start: u64,
    on_bytes: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Transfer, DataError> {
    let write_failed = || DataError::io(job.partial, "write");
    let total = body.content_length().and_then(|length| length.checked_add(start));
    let mut file = open(job.partial, start).map_err(write_failed())?;
    let mut reader = body.into_reader();
    let mut piece = vec![0; 64 * 1024];
    let mut on_disk = start;
    loop {
        on_bytes(on_disk, total);
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Ok(Transfer::Cut { received: on_disk - start, reason: cut(on_disk, total, &error) });
            }
        };
        if on_disk + read as u64 > job.limit_bytes {
            remove(job.partial)?;
            return Ok(Transfer::Refused { reason: format!("sends more than {} bytes", job.limit_bytes) });
        }
        file.write_all(&piece[..read]).map_err(write_failed())?;
        on_disk += read as u64;
    }
    Ok(Transfer::Complete { received: on_disk - start })
}

fn cut(on_disk: u64, total: Option<u64>, error: &io::Error) -> String {
    let total = total.map_or_else(|| "an unknown number of".to_owned(), |total| total.to_string());
    format!("connection cut: expected {total} bytes, found {on_disk}: {error}")
}

/// Opens the partial file for writing from `start` on, which is its end or its beginning.
fn open(partial: &Path, start: u64) -> io::Result<File> {
    if start == 0 { File::create(partial) } else { OpenOptions::new().append(true).open(partial) }
}

/// The first byte's position from `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get("content-range")?.to_str().ok()?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

fn agent(job: &Download<'_>) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(job.options.connect_timeout))
        .timeout_connect(Some(job.options.connect_timeout))
        .timeout_per_read(Some(job.options.read_timeout))
        .user_agent(concat!("mnist-data/", env!("CARGO_PKG_VERSION")));
    if job.url.starts_with("http://127.0.0.1") {
        // A proxy from the environment would look for the mirror on its own machine.
        config = config.proxy(None);
    }
    config.build().into()
}
