//! One file from one mirror: download, resume after a cut connection, unpack, and judge.

use std::fs;
use std::path::Path;

use super::download::{Download, Transfer, download};
use super::store::{self, Unpacking};
use super::{FetchOptions, FetchProgress};
use crate::catalogue::FileSpec;
use crate::error::DataError;

/// How asking one mirror for one file ended.
pub(super) enum FromMirror {
    /// The file is stored.
    Stored { received_bytes: u64 },
    /// Ask the next mirror.
    Failed(String),
}

pub(super) fn fetch_file(
    spec: &FileSpec,
    folder: &Path,
    mirror: &str,
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FromMirror, DataError> {
    let partial = store::partial_path(spec, folder);
    let job = Download {
        url: format!("{}/{}.gz", mirror.trim_end_matches('/'), spec.name),
        partial: &partial,
        limit_bytes: compressed_limit(spec),
        options,
    };
    let mut received_bytes = 0;
    let mut reason = "no attempt was allowed".to_owned();
    for attempt in 1..=options.attempts_per_mirror {
        let resumed = fs::metadata(&partial).is_ok_and(|metadata| metadata.len() > 0);
        tracing::debug!(url = job.url, attempt, resumed, "downloading");
        let transfer = download(&job, &mut |received_bytes, total_bytes| {
            on_progress(FetchProgress::Downloading { file: spec.name, mirror, received_bytes, total_bytes });
        })?;
        match transfer {
            Transfer::Refused { reason } => return Ok(FromMirror::Failed(reason)),
            Transfer::Cut { received, reason: cut } => {
                received_bytes += received;
                reason = cut;
            }
            Transfer::Complete { received } => {
                received_bytes += received;
                match store::unpack(spec, folder)? {
                    Unpacking::Stored => return Ok(FromMirror::Stored { received_bytes }),
                    Unpacking::Incomplete(wrong) | Unpacking::Damaged(wrong) => {
                        store::remove_partial(spec, folder)?;
                        // The first half may come from another mirror, which compressed the file differently.
                        if !resumed {
                            return Ok(FromMirror::Failed(wrong));
                        }
                        reason = wrong;
                    }
                }
            }
        }
    }
    Ok(FromMirror::Failed(reason))
}

/// More than any gzip file of this content has: a compressor that finds nothing to compress adds 5 bytes to each block
/// of at least 16 KiB, and a header.
fn compressed_limit(spec: &FileSpec) -> u64 {
    spec.raw_bytes + spec.raw_bytes / 1024 + 4096
}
