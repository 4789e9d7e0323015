//! Copying files into a worktree: nothing is overwritten, every file is copied completely or not at all, and an interrupted
//! copy is completed by repeating it.

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::failpoint;

/// After how many files the free disk space is checked.
const BETWEEN_LOOKS: usize = 64;

/// The result of a copy.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The number of created files and links.
    pub made: usize,
    /// Files that were not copied, because a file or link is in the place of one of their folders.
    pub in_the_way: Vec<PathBuf>,
}

/// Why copying ended early.
#[derive(Debug)]
pub enum CopyError<E> {
    /// A file cannot be read or written, in words.
    Failed(String),
    /// The check between files ended the copy.
    Ended(E),
}

/// Copies files (relative paths) from one checkout into another, with their modes and times. `aside` is a path on the same
/// file system as `to` that nobody else uses. Where the file system can, a copy shares its blocks with the original until one
/// of them is changed. Symbolic links are kept as links. Sockets, pipes and files that no longer exist are skipped.
///
/// # Errors
///
/// When a file cannot be read or written, or `look` ends the copy.
pub fn copy_in<E>(
    from: &Path,
    to: &Path,
    files: &[PathBuf],
    aside: &Path,
    look: &mut dyn FnMut() -> Result<(), E>,
) -> Result<Copied, CopyError<E>> {
    let mut copied = Copied::default();
    for (number, file) in files.iter().enumerate() {
        if number % BETWEEN_LOOKS == 0 {
            look().map_err(CopyError::Ended)?;
        }
        let done = copy_one(from, to, file, aside);
        match done
            .map_err(|error| CopyError::Failed(format!("{} cannot be copied: {error}", file.display())))?
        {
            One::Made => copied.made += 1,
            One::There => {}
            One::InTheWay => copied.in_the_way.push(file.clone()),
        }
    }
    Ok(copied)
}

enum One {
    Made,
    /// Nothing to do.
    There,
    InTheWay,
}

fn copy_one(from: &Path, to: &Path, file: &Path, aside: &Path) -> io::Result<One> {
    let (source, place) = (from.join(file), to.join(file));
    if place.symlink_metadata().is_ok() {
        return Ok(One::There);
    }
    let found = match source.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(One::There),
        found => found?,
    };
    if !found.is_file() && !found.is_symlink() {
        return Ok(One::There);
    }
    if !make_folders(from, to, file)? {
        return Ok(One::InTheWay);
    }
    match fs::remove_file(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if found.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(&source)?, aside)?;
    } else {
        copy_content(&source, aside)?;
        fs::set_permissions(aside, found.permissions())?;
        let copy = File::open(aside)?;
        // Builds decide by the time whether a file is up to date.
        copy.set_times(FileTimes::new().set_modified(found.modified()?))?;
    }
    put_in_place(aside, &place)
}

/// Creates the folders above a file, each with the mode of its original. False when anything else is in the place of a folder:
/// through a link, files would be written somewhere else.
fn make_folders(from: &Path, to: &Path, file: &Path) -> io::Result<bool> {
    let above: Vec<&Path> = file
        .ancestors()
        .skip(1)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    for folder in above.into_iter().rev() {
        let place = to.join(folder);
        match place.symlink_metadata() {
            Ok(found) if found.is_dir() => continue,
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(false),
            Err(error) => return Err(error),
        }
        fs::create_dir(&place)?;
        let mode = from.join(folder).metadata()?.permissions();
        fs::set_permissions(&place, mode)?;
    }
    Ok(true)
}

fn copy_content(source: &Path, copy: &Path) -> io::Result<()> {
    let shared = || -> io::Result<()> {
        let (original, new) = (File::open(source)?, File::create_new(copy)?);
        Ok(rustix::fs::ioctl_ficlone(&new, &original)?)
    };
    match shared() {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(source, copy).map(drop),
    }
}

/// Renames without overwriting a file that somebody has created meanwhile.
fn put_in_place(aside: &Path, place: &Path) -> io::Result<One> {
    let renamed = failpoint::around("copy.place", || {
        renameat_with(CWD, aside, CWD, place, RenameFlags::NOREPLACE)
    });
    match renamed {
        Ok(()) => Ok(One::Made),
        Err(rustix::io::Errno::EXIST) => fs::remove_file(aside).map(|()| One::There),
        // The file system does not support this way.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::rename(aside, place).map(|()| One::Made)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    struct Two {
        _root: tempfile::TempDir,
        from: PathBuf,
        to: PathBuf,
    }

    fn two() -> Two {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::create_dir_all(&to).unwrap();
        Two {
            _root: root,
            from,
            to,
        }
    }

    impl Two {
        fn copy(&self, files: &[&str]) -> Copied {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            let aside = self.to.join(".aside");
            let mut look = || Ok::<(), ()>(());
            copy_in(&self.from, &self.to, &files, &aside, &mut look).unwrap()
        }
    }

    #[test]
    fn a_copy_has_the_content_the_mode_and_the_time_of_its_original() {
        let two = two();
        let (source, copy) = (two.from.join("a/b/run"), two.to.join("a/b/run"));
        fs::write(&source, "#!/bin/sh").unwrap();
        fs::set_permissions(&source, fs::Permissions::from_mode(0o750)).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let times = FileTimes::new().set_modified(old);
        File::options()
            .write(true)
            .open(&source)
            .unwrap()
            .set_times(times)
            .unwrap();
        assert_eq!(two.copy(&["a/b/run"]).made, 1);
        let found = copy.metadata().unwrap();
        assert_eq!(
            (found.permissions().mode() & 0o777, found.modified().unwrap()),
            (0o750, old)
        );
        assert_eq!(fs::read_to_string(copy).unwrap(), "#!/bin/sh");
    }

    #[test]
    fn what_is_there_stays_and_what_is_missing_comes_when_it_is_done_again() {
        let two = two();
        for file in ["one", "two", "a/three"] {
            fs::write(two.from.join(file), "new").unwrap();
        }
        fs::write(two.to.join("one"), "own").unwrap();
        // The state after a kill in the middle of a file.
        fs::write(two.to.join(".aside"), "ha").unwrap();
        assert_eq!(two.copy(&["one", "two", "a/three"]).made, 2);
        assert_eq!(fs::read_to_string(two.to.join("one")).unwrap(), "own");
        assert_eq!(fs::read_to_string(two.to.join("two")).unwrap(), "new");
        assert_eq!(two.copy(&["one", "two", "a/three"]), Copied::default());
    }

    #[test]
    fn links_are_kept_and_never_followed() {
        let two = two();
        symlink("../elsewhere", two.from.join("a/link")).unwrap();
        fs::write(two.from.join("a/b/file"), "x").unwrap();
        let outside = two.to.join("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(two.to.join("a")).unwrap();
        symlink(&outside, two.to.join("a/b")).unwrap();
        let copied = two.copy(&["a/link", "a/b/file", "gone"]);
        assert_eq!(
            fs::read_link(two.to.join("a/link")).unwrap(),
            Path::new("../elsewhere")
        );
        assert_eq!(copied.in_the_way, [PathBuf::from("a/b/file")]);
        assert!(!outside.join("file").exists());
    }
}
