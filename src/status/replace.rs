//! Putting a new status file in place of the one that was read, and of no other.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::failpoint;

use super::error::StatusError;
use super::guard::Guard;
use super::untrusted::{Flaw, Links, STATUS_LIMIT, read_text};

/// What came of replacing.
#[derive(Debug)]
pub(super) enum Replaced {
    /// The new file is in place of the one that was expected.
    Done,
    /// Nothing changed: a file has come or gone meanwhile.
    Clash,
    /// The new file is in place of another than was expected. That one has this text, or none, and is kept at the path until the
    /// next replacement.
    Took(Result<String, Flaw>, PathBuf),
}

/// Replaces the file at `path`, which is expected to hold `expected` (none: not to be there), by one that holds `bytes`.
///
/// The two files change places in one step, so that what was really there is in our hands afterwards and can be compared;
/// a check followed by a plain rename would lose what comes between them.
pub(super) fn replace(
    _: &Guard,
    path: &Path,
    expected: Option<&str>,
    bytes: &[u8],
) -> Result<Replaced, StatusError> {
    let new = path.with_extension("json.new");
    write(&new, bytes).map_err(StatusError::file("write", &new))?;
    let flags = match expected {
        None => RenameFlags::NOREPLACE,
        Some(_) => RenameFlags::EXCHANGE,
    };
    let exchange = || renameat_with(CWD, &new, CWD, path, flags);
    match (failpoint::around("status", exchange), expected) {
        (Ok(()), None) => Ok(Replaced::Done),
        (Ok(()), Some(expected)) => match read_text(&new, STATUS_LIMIT, Links::Refuse) {
            Ok(text) if text == expected => {
                fs::remove_file(&new).map_err(StatusError::file("remove", &new))?;
                Ok(Replaced::Done)
            }
            other => Ok(Replaced::Took(other, new)),
        },
        (Err(Errno::EXIST | Errno::NOENT), _) => Ok(Replaced::Clash),
        // Some file systems know neither flag; a check and a plain rename are the next best.
        (Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP), _) => rename_checked(&new, path, expected),
        (Err(error), _) => Err(StatusError::file("replace", path)(error.into())),
    }
}

fn rename_checked(new: &Path, path: &Path, expected: Option<&str>) -> Result<Replaced, StatusError> {
    let as_expected = match (read_text(path, STATUS_LIMIT, Links::Refuse), expected) {
        (Err(Flaw::Missing), None) => true,
        (Ok(text), Some(expected)) => text == expected,
        _ => false,
    };
    if !as_expected {
        return Ok(Replaced::Clash);
    }
    failpoint::around("status.plain", || fs::rename(new, path))
        .map_err(StatusError::file("replace", path))?;
    Ok(Replaced::Done)
}

/// Writes a file of this name again. The name is used under the guard only, so what is there was left by a killed process.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(path)?.write_all(bytes)
}

/// So many damaged files are kept: the first ones, and the latest. A program that damages the file again and again must not fill
/// the disk.
const KEPT: u32 = 10;

/// Moves whatever is at `from` to the first free `status.json.damaged-N` and returns that path; none when nothing is there.
pub(super) fn move_aside(_: &Guard, from: &Path, status: &Path) -> Result<Option<PathBuf>, StatusError> {
    for n in 1u32.. {
        let to = status.with_extension(format!("json.damaged-{n}"));
        match renameat_with(CWD, from, CWD, &to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(Some(to)),
            Err(Errno::NOENT) => return Ok(None),
            // One that cannot be replaced, such as a folder, stays.
            Err(Errno::EXIST) if n == KEPT && fs::rename(from, &to).is_ok() => return Ok(Some(to)),
            Err(Errno::EXIST) => {}
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if fs::symlink_metadata(&to).is_ok() => {}
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                return fs::rename(from, &to)
                    .map(|()| Some(to))
                    .map_err(StatusError::file("move aside", from));
            }
            Err(error) => return Err(StatusError::file("move aside", from)(error.into())),
        }
    }
    Ok(None)
}
