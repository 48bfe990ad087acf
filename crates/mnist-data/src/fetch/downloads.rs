//! Sets whose publishers give the MD5 of compressed files: each is downloaded to a file, compared, unpacked, and removed.

use std::fs::File;
use std::io;
use std::path::Path;

use md5::{Digest, Md5};

use super::archive::{StoredFile, unpack};
use super::http::{Request, Target};
use super::partial::Partial;
use super::{
    FetchOptions, FetchOutcome, FetchProgress, FetchReport, FetchedFile, OnBytes, Refusals, Undelivered,
    address, first_delivery, lock,
};
use crate::catalogue::{Download, Member};
use crate::error::DataError;
use crate::sums::{SUMS_FILE, Sums};
use crate::unpacked::hex;
use crate::verify::{FileState, state_of_member};

/// As [`fetch`](super::fetch), for any table of downloads.
pub(super) fn fetch_downloads(
    set: &str,
    downloads: &[Download],
    mirrors: &[&str],
    folder: &Path,
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchReport, DataError> {
    let mut sums = sums_in(folder);
    let is_here = |download: &Download, sums: &Sums| {
        download.members.iter().all(|member| state_of_member(member, folder, sums) == FileState::Intact)
    };
    let lacking: Vec<&Download> = downloads.iter().filter(|download| !is_here(download, &sums)).collect();
    let _lock = if lacking.is_empty() {
        None
    } else if options.offline && lacking.iter().any(|download| !folder.join(download.name).is_file()) {
        return Err(missing(set, &lacking, folder, &sums));
    } else {
        let lock = lock(folder)?;
        // Another fetch may have stored files while this one waited.
        sums = sums_in(folder);
        lock
    };
    let mirrors = if options.offline { Vec::new() } else { options.mirrors_or(mirrors) };
    let mut report = FetchReport { folder: folder.to_owned(), files: Vec::new() };
    for download in downloads {
        // What was here before the lock is not read again.
        let was_here = !lacking.contains(&download);
        let outcome = if was_here || is_here(download, &sums) {
            download
                .members
                .iter()
                .for_each(|member| on_progress(FetchProgress::Intact { file: member.name }));
            FetchOutcome::AlreadyIntact
        } else {
            let (outcome, stored) = deliver(download, folder, &mirrors, options, on_progress)?;
            for StoredFile { name, sha256 } in stored {
                sums.insert(name, sha256);
                on_progress(FetchProgress::Stored { file: name });
            }
            // After each download, so that one that fails does not cost the set those before it.
            sums.write(folder)?;
            outcome
        };
        let file = |member: &Member| FetchedFile { name: member.name.to_owned(), outcome: outcome.clone() };
        report.files.extend(download.members.iter().map(file));
    }
    Ok(report)
}

/// The sums of a folder; none if they are not there or not readable, so that everything is fetched again.
fn sums_in(folder: &Path) -> Sums {
    let sums = Sums::read(folder, "the files are fetched again");
    let sums = sums.inspect_err(|error| tracing::warn!(%error, "a file of sums that cannot be used"));
    sums.ok().flatten().unwrap_or_default()
}

fn missing(set: &str, lacking: &[&Download], folder: &Path, sums: &Sums) -> DataError {
    let members = lacking.iter().flat_map(|download| download.members);
    let damaged = members.filter(|member| state_of_member(member, folder, sums) != FileState::Intact);
    let sums_file = Some(SUMS_FILE).filter(|_| !matches!(Sums::read(folder, ""), Ok(Some(_))));
    let names: Vec<&str> = lacking.iter().map(|download| download.name).collect();
    DataError::Missing {
        set: set.to_owned(),
        folder: folder.to_owned(),
        files: damaged.map(|member| member.name).chain(sums_file).map(str::to_owned).collect(),
        cure: format!(
            "the network is off (offline): fetch without offline, or copy {} there and fetch again",
            names.join(", ")
        ),
    }
}

/// Stores the members of a download: from the folder, if it lies there, or else from the first mirror that delivers it.
fn deliver(
    download: &Download,
    folder: &Path,
    mirrors: &[&str],
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<(FetchOutcome, Vec<StoredFile>), DataError> {
    let file = download.name;
    let mut refusals = Refusals::default();
    let archive = folder.join(file);
    if archive.is_file() {
        match from_folder(download, &archive, folder) {
            Ok(stored) => return Ok((FetchOutcome::Unpacked { archive }, stored)),
            Err(Undelivered::Failed(error)) => return Err(error),
            Err(Undelivered::Refused(found)) if mirrors.is_empty() => {
                let expected = "the publisher's download".to_owned();
                let cure = "remove it and get it again".to_owned();
                return Err(DataError::Corrupt { file: archive, expected, found, cure });
            }
            Err(Undelivered::Refused(reason)) => {
                refusals.add(file, &archive.display().to_string(), reason, on_progress);
            }
        }
    }
    let from =
        |mirror: &str, on_bytes: &mut OnBytes<'_>| from_mirror(download, mirror, folder, options, on_bytes);
    let (mirror, (received_bytes, stored)) =
        first_delivery(file, folder, mirrors, refusals, on_progress, from)?;
    Ok((FetchOutcome::Downloaded { mirror, received_bytes }, stored))
}

fn from_folder(download: &Download, archive: &Path, folder: &Path) -> Result<Vec<StoredFile>, Undelivered> {
    let md5 = md5_of(archive).map_err(|cause| Undelivered::Failed(DataError::io(archive, "read")(cause)))?;
    check_md5(download, &md5)?;
    unpack(download, archive, folder)
}

/// The bytes received, and what was unpacked from them.
fn from_mirror(
    download: &Download,
    mirror: &str,
    folder: &Path,
    options: &FetchOptions,
    on_bytes: &mut OnBytes<'_>,
) -> Result<(u64, Vec<StoredFile>), Undelivered> {
    let file = Partial::create(folder, download.name).map_err(Undelivered::Failed)?;
    let mut received = Received { file, md5: Md5::new(), bytes: 0 };
    let (url, most_bytes) = (address(mirror, download.name), download.most_bytes);
    Request { url, most_bytes, options }.receive(&mut received, on_bytes)?;
    let Received { file, md5, bytes } = received;
    check_md5(download, &hex(&md5.finalize()))?;
    Ok((bytes, unpack(download, file.path(), folder)?))
}

fn check_md5(download: &Download, found: &str) -> Result<(), Undelivered> {
    match found == download.md5 {
        true => Ok(()),
        false => Err(Undelivered::Refused(format!("MD5: expected {}, found {found}", download.md5))),
    }
}

fn md5_of(path: &Path) -> io::Result<String> {
    let mut md5 = Md5::new();
    io::copy(&mut File::open(path)?, &mut md5)?;
    Ok(hex(&md5.finalize()))
}

/// A download on its way to a file.
struct Received {
    file: Partial,
    md5: Md5,
    bytes: u64,
}

impl Target for Received {
    fn restart(&mut self) -> Result<(), DataError> {
        (self.md5, self.bytes) = (Md5::new(), 0);
        self.file.clear()
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.md5.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write(bytes)
    }
}
