//! A byte stream that is decompressed if it is gzip, and hashed on demand.

use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// The first two bytes of every gzip member; an IDX file begins with two zero bytes instead.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The reader, after the two bytes that were read to see whether it is gzip.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Reads decompressed bytes, whether the underlying stream is gzip or not.
pub(crate) struct Unpacked<R: Read> {
    stream: Stream<R>,
    hasher: Option<Sha256>,
    /// How many more decompressed bytes it returns.
    left: u64,
}

enum Stream<R: Read> {
    Raw(Whole<R>),
    // All members are read, so that rubbish after the first one is an error, and not a shorter file.
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
}

impl<R: Read> Unpacked<R> {
    /// Decompresses if the first two bytes are gzip's.
    pub(crate) fn new(mut reader: R) -> io::Result<Self> {
        let mut magic = [0; 2];
        let seen = read_full(&mut reader, &mut magic)?;
        let whole = Cursor::new(magic[..seen].to_vec()).chain(reader);
        let stream = if magic == GZIP_MAGIC {
            Stream::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, whole))))
        } else {
            Stream::Raw(whole)
        };
        Ok(Self { stream, hasher: None, left: u64::MAX })
    }

    /// As [`Unpacked::new`], and hashes every decompressed byte that is read. Ends after `limit` bytes, so that a file
    /// of known size cannot unpack to terabytes.
    pub(crate) fn hashing(reader: R, limit: u64) -> io::Result<Self> {
        Ok(Self { hasher: Some(Sha256::new()), left: limit, ..Self::new(reader)? })
    }

    /// Whether a read error means that the gzip stream is broken, and not that the underlying reader failed.
    pub(crate) fn is_broken_gzip(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        matches!(self.stream, Stream::Gzip(_))
            && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
    }

    /// The SHA-256 of the bytes read so far, in lower-case hex; that of no bytes if the stream does not hash.
    pub(crate) fn into_sha256(self) -> String {
        hex(&self.hasher.unwrap_or_default().finalize())
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = match &mut self.stream {
            Stream::Raw(raw) => raw.read(&mut buffer[..room])?,
            Stream::Gzip(gzip) => gzip.read(&mut buffer[..room])?,
        };
        self.left -= read as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// Reads until `buffer` is full or the stream ends; returns the number of bytes read.
pub(crate) fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_the_published_test_vector() {
        let mut stream = Unpacked::hashing(&b"abc"[..], u64::MAX).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(stream.into_sha256(), expected);
    }

    #[test]
    fn ends_at_the_limit() {
        let mut bytes = Vec::new();
        Unpacked::hashing(&b"abcdef"[..], 4).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, *b"abcd");
    }

    #[test]
    fn a_single_byte_is_passed_through() {
        let mut bytes = Vec::new();
        Unpacked::new(&[0x1f][..]).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0x1f]);
    }
}
