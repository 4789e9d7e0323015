//! Replacing the status file that was read, and no other.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::failpoint;

use crate::status::files::error::StatusError;
use crate::status::files::guard::Guard;
use crate::status::files::untrusted::{Flaw, Links, STATUS_LIMIT, read_text};

/// The result of replacing.
#[derive(Debug)]
pub(in crate::status) enum Replaced {
    /// The new file has replaced the expected file.
    Done,
    /// Nothing changed: a file has appeared or disappeared meanwhile.
    Clash,
    /// The new file has replaced another file than expected. That file has this text, or no readable text, and is kept
    /// at the path until the next replacement.
    Took(Result<String, Flaw>, PathBuf),
}

/// Replaces the file at `path`, which should contain `expected` (`None`: should not exist), with a file that contains
/// `bytes`.
///
/// The two files change places in one step, so that the replaced file is kept and can be compared afterwards. A check
/// followed by a plain rename would lose any change in between.
pub(in crate::status) fn replace(
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
        // Some file systems support neither flag. Then a check and a plain rename are the next best.
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

/// Writes a file anew. The name is used only under the guard, so an existing file was left by a killed process.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(path)?.write_all(bytes)
}

/// How many damaged files are kept: the first ones, and the latest. A program that damages the file again and again
/// must not fill the disk.
const KEPT: u32 = 10;

/// Moves the file at `from` to the first free `status.json.damaged-N` and returns that path. `None` when there is no
/// file.
pub(in crate::status) fn move_aside(
    _: &Guard,
    from: &Path,
    status: &Path,
) -> Result<Option<PathBuf>, StatusError> {
    for n in 1u32.. {
        let to = status.with_extension(format!("json.damaged-{n}"));
        match renameat_with(CWD, from, CWD, &to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(Some(to)),
            Err(Errno::NOENT) => return Ok(None),
            // A target that cannot be replaced, such as a folder, stays.
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
