//! Reading a file that may have been replaced by anything: with a limited size, and never blocking.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

/// The size in bytes above which a status file is not read. Ten thousand tasks with notes stay below it.
pub(in crate::status) const STATUS_LIMIT: u64 = 4 << 20;
/// The size in bytes above which a plan document, manifest or template is not read.
pub(in crate::status) const DOCUMENT_LIMIT: u64 = 16 << 20;

/// Whether a link in place of the file is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::status) enum Links {
    /// Follow links, for files of the repository, which may be links.
    Follow,
    /// Refuse links, for files of the protocol.
    Refuse,
}

/// Why a file has no text. The message follows the file's name, and contains nothing that changes from reading to
/// reading.
#[derive(Debug, thiserror::Error)]
pub(in crate::status) enum Flaw {
    #[error("is missing")]
    Missing,
    #[error("is not a regular file")]
    NotAFile,
    #[error("is larger than {} MiB", .limit >> 20)]
    TooLarge { limit: u64 },
    #[error("is not UTF-8 text")]
    NotUtf8,
    #[error("cannot be read: {}", .0.kind())]
    Unreadable(io::Error),
}

/// The text of `path`, without a byte order mark.
pub(in crate::status) fn read_text(path: &Path, limit: u64, links: Links) -> Result<String, Flaw> {
    let mut text = String::from_utf8(read_bytes(path, limit, links)?).map_err(|_| Flaw::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// The bytes of a manifest, a document or a template, which may be a link to a regular file. An agent may have
/// committed a device or a pipe in its place, and a person may have named one.
///
/// # Errors
///
/// When the file is missing (with that kind of error), is not a regular file, is larger than 16 MiB or cannot be read.
pub fn read_plain(path: &Path) -> io::Result<Vec<u8>> {
    read_bytes(path, DOCUMENT_LIMIT, Links::Follow).map_err(|flaw| match flaw {
        Flaw::Missing => Errno::NOENT.into(),
        Flaw::Unreadable(error) => error,
        Flaw::NotAFile => {
            io::Error::other("it is not a regular file, nor a link to one: put the text itself there")
        }
        Flaw::TooLarge { limit } => io::Error::other(format!(
            "it is larger than {} MiB, more than any plan needs: divide it, or name another file",
            limit >> 20
        )),
        Flaw::NotUtf8 => io::Error::from(io::ErrorKind::InvalidData),
    })
}

fn read_bytes(path: &Path, limit: u64, links: Links) -> Result<Vec<u8>, Flaw> {
    // A pipe in place of the file must not block the open.
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .map_err(flaw)?;
    let metadata = file.metadata().map_err(flaw)?;
    if !metadata.is_file() {
        return Err(Flaw::NotAFile);
    }
    if metadata.len() > limit {
        return Err(Flaw::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    // The file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(flaw)?;
    if bytes.len() as u64 > limit {
        return Err(Flaw::TooLarge { limit });
    }
    Ok(bytes)
}

fn flaw(error: io::Error) -> Flaw {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => Flaw::Missing,
        Some(Errno::LOOP | Errno::NXIO | Errno::NODEV | Errno::NOTDIR | Errno::ISDIR) => Flaw::NotAFile,
        _ => Flaw::Unreadable(error),
    }
}
