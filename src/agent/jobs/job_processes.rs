//! The processes of a job, found by the job's mark in their environment and by its control group.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::agent::jobs::control_group::ControlGroup;
use crate::agent::jobs::folder::{JobFolder, JobState};
use crate::agent::jobs::process::{ProcessId, all_pids, environ};

/// The variable that names the folder of a job in the environment of each of its processes.
pub const JOB_VARIABLE: &str = "ORCH_JOB";

/// Every process of the job in this folder, anywhere in the process tree: processes with the job's mark, and processes in its
/// control group. The folder identifies the job, because folders are unique on a machine and attempt names are not: every
/// repository may have its own `auth-1`.
pub fn of_job(folder: &Path) -> Vec<ProcessId> {
    let held = ControlGroup::of(folder).map(|group| group.processes());
    let found: BTreeSet<ProcessId> = marked(folder)
        .into_iter()
        .chain(held.unwrap_or_default())
        .collect();
    let others = found
        .into_iter()
        .filter(|process| process.pid != std::process::id());
    others.collect()
}

fn marked(folder: &Path) -> Vec<ProcessId> {
    let mut wanted = format!("{JOB_VARIABLE}=").into_bytes();
    wanted.extend(folder.as_os_str().as_bytes());
    all_pids()
        .filter(|pid| {
            let environ = environ(*pid);
            environ.split(|byte| *byte == 0).any(|entry| entry == wanted)
        })
        .filter_map(ProcessId::of)
        .collect()
}

/// Jobs below these folders that have processes but no runner: each job's folder, with the number of processes. Deleted folders
/// count too.
pub fn orphaned_jobs(homes: &[PathBuf]) -> Vec<(PathBuf, usize)> {
    let homes: Vec<PathBuf> = homes.iter().map(|home| settled(home)).collect();
    let prefix = format!("{JOB_VARIABLE}=").into_bytes();
    let mut found: BTreeMap<PathBuf, BTreeSet<ProcessId>> = BTreeMap::new();
    for pid in all_pids() {
        let Some(process) = ProcessId::of(pid) else {
            continue;
        };
        let environ = environ(pid);
        let job = environ
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(prefix.as_slice()));
        let folder = job.map(|job| PathBuf::from(OsStr::from_bytes(job)));
        if let Some(folder) = folder
            && folder
                .parent()
                .is_some_and(|home| homes.iter().any(|own| own == home))
        {
            found.entry(folder).or_default().insert(process);
        }
    }
    let jobs = homes.iter().filter_map(|home| fs::read_dir(home).ok());
    for job in jobs.flatten().flatten().map(|entry| entry.path()) {
        let held = ControlGroup::of(&job).map(|group| group.processes());
        for process in held.into_iter().flatten() {
            found.entry(job.clone()).or_default().insert(process);
        }
    }
    let is_alive = |folder: &PathBuf| matches!(JobFolder::new(folder).state(), Ok(JobState::Running(_)));
    found
        .into_iter()
        .filter(|(folder, _)| !is_alive(folder))
        .map(|(folder, processes)| (folder, processes.len()))
        .collect()
}

/// The path without symbolic links, as far as the path exists.
fn settled(path: &Path) -> PathBuf {
    path.canonicalize()
        .unwrap_or_else(|_| match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => settled(parent).join(name),
            _ => path.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::process::Stdio;

    use rustix::process::Signal;

    use super::*;
    use crate::agent::jobs::process::descendants;

    #[test]
    fn a_child_is_found_by_descent_and_by_job_and_is_gone_after_a_kill() {
        let mut child = std::process::Command::new("cat")
            .env(JOB_VARIABLE, "/process-test/auth-1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The environment can be read once the process runs, which may be after the spawn returns.
        let mut echo = [0];
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut echo).unwrap();
        let id = ProcessId::of(child.id()).unwrap();
        assert!(descendants(std::process::id()).contains(&id));
        assert_eq!(of_job(Path::new("/process-test/auth-1")), [id]);
        assert_eq!(of_job(Path::new("/another/auth-1")), []);
        assert!(id.is_alive());
        assert!(id.signal(Signal::KILL));
        child.wait().unwrap();
        assert!(!id.is_alive());
        assert!(!id.signal(Signal::KILL));
    }
}
