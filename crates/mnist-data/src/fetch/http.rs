//! One file from one mirror, piece by piece.

use std::io::{self, Read};
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use super::{FetchOptions, OnBytes, Undelivered};
use crate::error::DataError;

/// How long to wait for the address of a mirror's name, and again for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a file is requested from one mirror if the connection is cut.
const ATTEMPTS: u32 = 3;

/// Where received bytes go: to memory, or to a file.
pub(super) trait Target {
    /// Forgets what it has, because the file is requested again.
    fn restart(&mut self) -> Result<(), DataError>;
    /// Takes the next bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<(), DataError>;
}

impl Target for Vec<u8> {
    fn restart(&mut self) -> Result<(), DataError> {
        self.clear();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What is asked of a mirror.
pub(super) struct Request<'a> {
    pub(super) url: String,
    /// An answer with more bytes than these is given up.
    pub(super) most_bytes: u64,
    pub(super) options: &'a FetchOptions,
}

/// Why a transfer did not end with all bytes.
enum Failure {
    /// The same mirror is worth another request.
    Cut(String),
    /// It is not.
    Final(Undelivered),
}

impl Request<'_> {
    /// Brings the whole file to `target`; `on_bytes` gets the bytes received and the total, if known.
    pub(super) fn receive(
        &self,
        target: &mut impl Target,
        on_bytes: &mut OnBytes<'_>,
    ) -> Result<(), Undelivered> {
        let mut attempt = 1;
        loop {
            tracing::debug!(url = self.url, attempt, "downloading");
            target.restart().map_err(Undelivered::Failed)?;
            match self.receive_once(target, on_bytes) {
                Ok(()) => return Ok(()),
                Err(Failure::Cut(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(Failure::Cut(reason)) => return Err(Undelivered::Refused(reason)),
                Err(Failure::Final(undelivered)) => return Err(undelivered),
            }
        }
    }

    fn receive_once(&self, target: &mut impl Target, on_bytes: &mut OnBytes<'_>) -> Result<(), Failure> {
        let refused = |reason| Failure::Final(Undelivered::Refused(reason));
        let response = self.agent().get(&self.url).call();
        let response = response.map_err(|error| refused(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(refused(format!("HTTP status {}", response.status().as_u16())));
        }
        let body = response.into_body();
        let total = body.content_length();
        let mut reader = body.into_reader();
        let (mut received, mut piece) = (0, vec![0; 64 * 1024]);
        loop {
            on_bytes(received, total);
            match reader.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    received += read as u64;
                    if received > self.most_bytes {
                        return Err(refused(format!("sends more than {} bytes", self.most_bytes)));
                    }
                    target
                        .take(&piece[..read])
                        .map_err(|error| Failure::Final(Undelivered::Failed(error)))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let expected = total.map_or("an unknown number of".to_owned(), |total| total.to_string());
                    let reason =
                        format!("connection cut: expected {expected} bytes, found {received}: {error}");
                    return Err(Failure::Cut(reason));
                }
            }
        }
    }

    fn agent(&self) -> Agent {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(self.options.read_timeout))
            .user_agent(concat!("mnist-data/", env!("CARGO_PKG_VERSION")));
        if self.url.starts_with("http://127.0.0.1") {
            // A proxy from the environment would look for the mirror on its own machine.
            config = config.proxy(None);
        }
        config.build().into()
    }
}
