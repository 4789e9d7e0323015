//! The mark in the environment of orch's git commands. Every program that they start inherits the mark: hooks, merge
//! drivers, programs that sign. The mark identifies the orphans of a killed orch.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The variable that holds the mark.
pub const GIT_MARK: &str = "ORCH_GIT";

/// The orch that started a git command, and the repository that the command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitMark {
    /// The process id of that orch.
    pub pid: u32,
    /// The start time of that orch, in clock ticks since boot.
    pub started: u64,
    /// The session of that orch. A program that outlives its hook, such as a daemon, makes a session of its own.
    pub session: u32,
    /// The process namespace of that orch, as the kernel names it. Process ids of another namespace mean nothing here.
    pub namespace: String,
    /// The common git directory, or a submodule's git directory below it.
    pub repository: PathBuf,
}

impl GitMark {
    /// Parses the value of the variable; `None` when the value is no mark.
    pub fn parse(value: &OsStr) -> Option<Self> {
        let mut parts = value.as_bytes().splitn(5, |byte| *byte == b'.');
        let mut next = || std::str::from_utf8(parts.next()?).ok();
        let pid = next()?.parse().ok()?;
        let started = next()?.parse().ok()?;
        let session = next()?.parse().ok()?;
        let namespace = next()?.to_owned();
        let repository = PathBuf::from(OsStr::from_bytes(parts.next()?));
        Some(Self {
            pid,
            started,
            session,
            namespace,
            repository,
        })
    }

    /// True when the mark was made in the process namespace of this process.
    pub fn is_of_here(&self) -> bool {
        own().is_some_and(|own| own.split('.').nth(3) == Some(self.namespace.as_str()))
    }
}

/// The mark for a git command on the repository with this checkout or git directory; `None` when no repository is found
/// there.
pub(in crate::git) fn mark_for(place: &Path) -> Option<OsString> {
    let own = own()?;
    let git_dir = match pointed_to(place) {
        Some(admin) => admin,
        None if place.join(".git").is_dir() => place.join(".git"),
        None if place.join("HEAD").is_file() => place.to_owned(),
        None => return None,
    };
    let common = match regular::read_to_string(&git_dir.join("commondir")) {
        Ok(common) => git_dir.join(common.trim_end()),
        Err(_) => git_dir,
    };
    let common = common.canonicalize().ok()?;
    let mut mark = own.as_bytes().to_vec();
    mark.push(b'.');
    mark.extend_from_slice(common.as_os_str().as_bytes());
    Some(OsString::from_vec(mark))
}

/// The beginning of this process's marks: process id, start time, session, namespace.
fn own() -> Option<&'static str> {
    static OWN: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let pid = std::process::id();
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // Fields 6 and 22, counted from the end of the second field.
        let (session, started) = (fields.get(3)?, fields.get(19)?);
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let namespace = namespace.to_string_lossy();
        let number: String = namespace.chars().filter(char::is_ascii_digit).collect();
        Some(format!("{pid}.{started}.{session}.{number}"))
    };
    OWN.get_or_init(read).as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_this_process_and_the_repository_of_a_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("a.b").join(".git");
        fs::create_dir_all(&repository).unwrap();
        let mark = mark_for(&folder.path().join("a.b")).unwrap();
        let mark = GitMark::parse(&mark).unwrap();
        assert_eq!(mark.pid, std::process::id());
        assert_eq!(mark.repository, repository.canonicalize().unwrap());
        assert!(mark.is_of_here());
        assert!(mark.started > 0);
        // The kernel reports the same session for a child. The session is zero when its leader is outside the process
        // namespace, as in containers.
        let child = std::process::Command::new("cut")
            .args(["-d ", "-f6", "/proc/self/stat"])
            .output()
            .unwrap();
        assert_eq!(
            format!("{}\n", mark.session),
            String::from_utf8_lossy(&child.stdout)
        );
        assert_eq!(mark_for(folder.path()), None, "no repository");
        for nothing in ["", "1", "1.2.3", "x.2.3.4./a", "1.2.3.4"] {
            assert_eq!(GitMark::parse(OsStr::new(nothing)), None, "{nothing}");
        }
    }
}
