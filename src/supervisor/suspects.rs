//! Who probably changed files outside of its worktree: evidence, strongest first.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::agent::{JobFolder, stands_in};
use crate::plan::{AttemptId, PlanName};

use super::Campaign;

/// An attempt that was at work when something changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtWork {
    /// Its plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// Where it is to work.
    pub worktree: PathBuf,
}

/// What speaks for an attempt having done it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A process of it stands in the folder.
    StandsThere,
    /// Its log names a file that changed.
    NamesFile(PathBuf),
    /// Its log names the folder.
    NamesFolder,
}

impl Evidence {
    /// As a clause about the attempt.
    pub fn words(&self) -> String {
        match self {
            Self::StandsThere => "of which a process stands there".to_owned(),
            Self::NamesFile(file) => format!("whose log names {}", file.display()),
            Self::NamesFolder => "whose log names the folder".to_owned(),
        }
    }
}

/// Bytes of a log's end that are searched.
const SEARCHED: u64 = 512 << 10;
/// Files that are looked for in logs.
const LOOKED_FOR: usize = 50;

/// Those who had not ended yet when the last of these files was changed.
pub fn still_there(campaign: &Campaign, folder: &Path, files: &[PathBuf], at_work: &[AtWork]) -> Vec<AtWork> {
    let changed = |file: &PathBuf| folder.join(file).symlink_metadata().ok()?.modified().ok();
    let Some(last) = files.iter().filter_map(changed).max() else {
        return at_work.to_vec();
    };
    let was_there = |one: &&AtWork| {
        let exit = JobFolder::new(campaign.dir.attempt(&one.attempt)).exit();
        let Ok(Some(exit)) = exit else { return true };
        SystemTime::from(exit.ended_at) >= last
    };
    at_work.iter().filter(was_there).cloned().collect()
}

/// The strongest evidence against each attempt against which there is any.
pub fn evidence(
    campaign: &Campaign,
    folder: &Path,
    files: &[PathBuf],
    at_work: &[AtWork],
) -> Vec<(AtWork, Evidence)> {
    let mut found: Vec<(AtWork, Evidence)> = at_work
        .iter()
        .filter(|one| one.worktree != folder)
        .filter_map(|one| {
            let job = JobFolder::new(campaign.dir.attempt(&one.attempt));
            // Worktrees may lie below the main checkout: standing in one's own is no evidence.
            if stands_in(&job, folder, &one.worktree) {
                return Some((one.clone(), Evidence::StandsThere));
            }
            let log = end_of(&job.log());
            in_log(&log, folder, files, &one.worktree).map(|evidence| (one.clone(), evidence))
        })
        .collect();
    found.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    found
}

fn in_log(log: &str, folder: &Path, files: &[PathBuf], own: &Path) -> Option<Evidence> {
    let named = files
        .iter()
        .take(LOOKED_FOR)
        .find(|file| names(log, &folder.join(file).to_string_lossy()));
    if let Some(file) = named {
        return Some(Evidence::NamesFile(file.clone()));
    }
    let contains_own = own.starts_with(folder);
    (!contains_own && names(log, &folder.to_string_lossy())).then_some(Evidence::NamesFolder)
}

/// True when the text has this path, and not merely as the beginning of another name.
fn names(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let next = text[at + path.len()..].chars().next();
        next.is_none_or(|next| !(next.is_alphanumeric() || "-_.".contains(next)))
    })
}

fn end_of(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SEARCHED)))?;
        let mut text = Vec::new();
        file.take(SEARCHED).read_to_end(&mut text)?;
        Ok(text)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_names_a_changed_file_or_the_folder_is_evidence_and_one_that_names_a_neighbour_is_not() {
        let files = [PathBuf::from("src/a.rs")];
        let look = |log: &str, own: &str| in_log(log, Path::new("/w/repo"), &files, Path::new(own));
        let own = "/w/repo.worktrees/a";
        assert_eq!(
            look("{\"command\":\"sed -i s/x/y/ /w/repo/src/a.rs\"}", own),
            Some(Evidence::NamesFile("src/a.rs".into()))
        );
        assert_eq!(look("cd /w/repo && make", own), Some(Evidence::NamesFolder));
        assert_eq!(look("cd /w/repo.worktrees/a/src; cat /w/repo-old", own), None);
        assert_eq!(look("cd /w/repo/trees/a", "/w/repo/trees/a"), None);
    }
}
