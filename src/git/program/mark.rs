//! The mark that git commands of orch's carry in their environment, and hand on to what they start: hooks, merge drivers,
//! programs that sign. It shows which processes a killed orch has left.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The variable that holds the mark.
pub const GIT_MARK: &str = "ORCH_GIT";

/// Which orch started a git command, and on which repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitMark {
    /// The process of that orch.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub started: u64,
    /// Its session. What a hook starts for longer than itself, such as a daemon, makes one of its own.
    pub session: u32,
    /// Its process namespace, as the kernel names it: a number of another one says nothing here.
    pub namespace: String,
    /// The common git directory, or one of a submodule's below it.
    pub repository: PathBuf,
}

impl GitMark {
    /// Reads the value of the variable; none when it is no mark.
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

    /// True when it was made in the process namespace of this process.
    pub fn is_of_here(&self) -> bool {
        own().is_some_and(|own| own.split('.').nth(3) == Some(self.namespace.as_str()))
    }
}

/// The mark for a git command on the repository whose checkout or git directory this is; none where that is not to be seen.
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

/// The beginning of this process's marks: process, start, session, namespace.
fn own() -> Option<&'static str> {
    static OWN: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let pid = std::process::id();
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // Fields 6 and 22, counted from behind the second.
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
        // As the kernel tells it of a child too; zero where the leader is outside of the process namespace, as in containers.
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
