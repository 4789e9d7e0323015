//! A control group of its own for each job (cgroup version 2), where groups can be created. A process stays in its group
//! whatever it does to its parent, session, title or environment. <https://docs.kernel.org/admin-guide/cgroup-v2.html>
//!
//! Groups are an addition, never a condition: without them, processes are found by descent and by the job's mark.

use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::agent::jobs::folder::JobFolder;
use crate::agent::jobs::process::ProcessId;

/// The file in a job's folder that records the group's name.
const NOTE: &str = "group";

/// How long the kernel may take to empty a group after all its processes were killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A group that holds the processes of one job and nothing else.
#[derive(Debug)]
pub(in crate::agent) struct ControlGroup {
    folder: PathBuf,
}

impl ControlGroup {
    /// Creates a group for the job in this folder, below the group of this process, which is the runner, and records it in the
    /// folder. `None` where groups are not allowed or do not exist. A group is never reused: settings of an earlier job (frozen,
    /// a limit of processes) would apply to this one too.
    pub(in crate::agent) fn make(runner: ProcessId, job: &JobFolder) -> Option<Self> {
        let group = Self::fresh(runner)?;
        let noted = identities(job.path(), &group.folder).is_some_and(|identities| {
            let mut note = identities.into_bytes();
            note.extend(group.folder.as_os_str().as_bytes());
            fs::write(job.path().join(NOTE), note).is_ok()
        });
        if !noted {
            group.remove();
            return None;
        }
        Some(group)
    }

    fn fresh(runner: ProcessId) -> Option<Self> {
        let group = Self::named_for(runner)?;
        let make = || fs::create_dir(&group.folder);
        // A group that could not be removed after the last job may be removable by now.
        let made = make().or_else(|_| {
            group.remove();
            make()
        });
        made.ok().map(|()| group)
    }

    /// Removes the empty control group of an ended runner; a group with processes stays.
    pub(in crate::agent) fn tidy(runner: ProcessId) {
        if let Some(group) = Self::named_for(runner) {
            group.remove();
        }
    }

    /// Removes the empty groups of killed runners. A group with processes stays.
    pub(in crate::agent) fn tidy_all() {
        let Some(own) = own_group() else { return };
        for folder in below(&own) {
            let name = folder.file_name().and_then(|name| name.to_str());
            if name.and_then(runner_of).is_some_and(|runner| !runner.is_alive()) {
                remove(&folder);
            }
        }
    }

    fn named_for(runner: ProcessId) -> Option<Self> {
        let folder = own_group()?.join(format!("orch-{}-{}", runner.pid, runner.started));
        Some(Self { folder })
    }

    /// The group that was created for the job in this folder, if it still exists. `None` when the group's identity differs:
    /// groups do not survive a reboot, and a later group may have the same name. `None` too for a copy of the folder, because
    /// the job of the copy is not the one at work.
    pub(in crate::agent) fn of(job: &Path) -> Option<Self> {
        let note = fs::read(job.join(NOTE)).ok()?;
        let start = note.iter().position(|byte| *byte == b'/')?;
        let (identity, folder) = note.split_at(start);
        let group = Self {
            folder: std::ffi::OsString::from_vec(folder.to_vec()).into(),
        };
        (identities(job, &group.folder)?.as_bytes() == identity).then_some(group)
    }

    /// The file to which a process writes `0` to enter the group.
    pub(in crate::agent) fn door(&self) -> Option<File> {
        File::options()
            .write(true)
            .open(self.folder.join("cgroup.procs"))
            .ok()
    }

    /// Every living process in the group and in the groups that its processes created below it.
    pub(in crate::agent) fn processes(&self) -> Vec<ProcessId> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.clone()];
        while let Some(folder) = open.pop() {
            let pids = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            let pids = pids.lines().filter_map(|pid| pid.parse().ok());
            found.extend(pids.filter_map(ProcessId::of));
            open.extend(below(&folder));
        }
        found
    }

    /// Kills all processes of the group at once, so that none can fork away, and removes the group.
    pub(in crate::agent) fn end(self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.processes().is_empty() && Instant::now() < deadline {
            // Kernels before 5.14 have no such file: kill the listed processes until the list is empty.
            if fs::write(self.folder.join("cgroup.kill"), "1").is_err() {
                for process in self.processes() {
                    process.signal(rustix::process::Signal::KILL);
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.remove();
    }

    fn remove(&self) {
        remove(&self.folder);
    }
}

/// The runner that a group of this name was created for.
fn runner_of(name: &str) -> Option<ProcessId> {
    let (pid, started) = name.strip_prefix("orch-")?.split_once('-')?;
    Some(ProcessId {
        pid: pid.parse().ok()?,
        started: started.parse().ok()?,
    })
}

/// Numbers that distinguish a job's folder from a copy of the folder, and a group from another of the same name. Ends with a
/// space.
fn identities(job: &Path, group: &Path) -> Option<String> {
    let (job, group) = (fs::metadata(job).ok()?, fs::metadata(group).ok()?);
    Some(format!(
        "{} {} {} {} ",
        job.dev(),
        job.ino(),
        group.dev(),
        group.ino()
    ))
}

/// Removes a group and the groups below it. A group that is not empty stays.
fn remove(folder: &Path) {
    for inner in below(folder) {
        remove(&inner);
    }
    let _ = fs::remove_dir(folder);
}

fn below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path())
}

/// The folder of this process's group in the mounted cgroup file system.
fn own_group() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    group_folder(&own, mounts()?)
}

/// The mounts, read once: listing them takes the kernel longer than creating a group.
fn mounts() -> Option<&'static str> {
    static MOUNTS: OnceLock<Option<String>> = OnceLock::new();
    let read = || fs::read_to_string("/proc/self/mountinfo").ok();
    MOUNTS.get_or_init(read).as_deref()
}

/// The folder of the group that `/proc/self/cgroup` names, found through the mounts in `/proc/self/mountinfo`. `None` for
/// version 1.
fn group_folder(own: &str, mounts: &str) -> Option<PathBuf> {
    let group = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        // Numbers, root, mount point, options, any number of tags, a dash, the type.
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        if kind.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let inside = Path::new(group).strip_prefix(root).ok()?;
        Some(Path::new(point).join(inside))
    })
}

/// True when control groups can be created here. Creates one to find out.
pub fn makes_control_groups() -> bool {
    let made = ProcessId::own().and_then(ControlGroup::fresh);
    made.map(ControlGroup::end).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_found_below_the_root_that_is_mounted() {
        let mounts = "25 1 0:23 / /proc rw - proc proc rw\n\
                      31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        let folder = |own: &str| group_folder(own, mounts);
        assert_eq!(
            folder("0::/user.slice/user-1000.slice\n").as_deref(),
            Some(Path::new("/sys/fs/cgroup/user.slice/user-1000.slice"))
        );
        assert_eq!(folder("0::/\n").as_deref(), Some(Path::new("/sys/fs/cgroup")));
        // Version 1 only, and a group outside of the part that a container sees.
        assert_eq!(folder("4:memory:/a\n1:cpu:/\n"), None);
        let inner = "31 25 0:27 /inner /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(
            group_folder("0::/inner/job\n", inner).as_deref(),
            Some(Path::new("/sys/fs/cgroup/job"))
        );
        assert_eq!(group_folder("0::/other\n", inner), None);
    }

    #[test]
    fn a_group_tells_by_its_name_whose_it_is() {
        let runner = ProcessId {
            pid: 12,
            started: 345,
        };
        assert_eq!(runner_of("orch-12-345"), Some(runner));
        for other in ["orch-12", "orch-0123456789abcdef", "other-12-345", "orch-12-x"] {
            assert_eq!(runner_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_job_without_a_note_or_with_one_of_another_group_has_none() {
        let job = tempfile::tempdir().unwrap();
        assert!(ControlGroup::of(job.path()).is_none());
        fs::write(job.path().join(NOTE), "garbage").unwrap();
        assert!(ControlGroup::of(job.path()).is_none());
        fs::write(job.path().join(NOTE), format!("1 2 {}", job.path().display())).unwrap();
        assert!(ControlGroup::of(job.path()).is_none());
    }
}
