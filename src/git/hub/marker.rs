//! The marker of a repository on a hub. A hub without it has lost its refs, or is new: no node writes there until the lead has
//! put the refs back.

use std::path::Path;

use super::channel::{Channel, FETCHED};
use super::record::write_record;
use super::workplace::random_word;
use crate::git::files::error::GitError;
use crate::git::files::names::MARKER;
use crate::git::program::command::{Git, parse_id};
use crate::plan::CommitId;

/// The marker of this repository, the same for all hubs. A missing one is made.
///
/// # Errors
///
/// When git can neither read nor write it.
pub fn own_marker(git_dir: &Path) -> Result<CommitId, GitError> {
    if let Some(marker) = known_marker(git_dir)? {
        return Ok(marker);
    }
    let word = random_word().map_err(GitError::io("read", Path::new("/dev/urandom")))?;
    let marker = write_record(git_dir, &[], &[(MARKER, word.into_bytes())], "orch: marker")?;
    let new = "0".repeat(marker.as_str().len());
    let made = Git::on(git_dir)
        .args(["update-ref", &format!("{FETCHED}{MARKER}"), marker.as_str(), &new])
        .run();
    // Another attempt may have made one meanwhile.
    match (made, known_marker(git_dir)?) {
        (_, Some(marker)) => Ok(marker),
        (Err(error), None) => Err(error),
        (Ok(_), None) => Ok(marker),
    }
}

fn known_marker(git_dir: &Path) -> Result<Option<CommitId>, GitError> {
    let known = Git::on(git_dir)
        .args(["rev-parse", "--quiet", "--verify"])
        .arg(format!("{FETCHED}{MARKER}"))
        .answer()?;
    Ok(parse_id(&known.stdout).filter(|_| known.status.success()))
}

impl Channel {
    /// True when the hub has the marker of this repository.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn is_marked(&self) -> Result<bool, GitError> {
        let there = self.list(MARKER)?;
        let there = there.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        Ok(parse_id(there).is_some() && parse_id(there) == known_marker(&self.git_dir)?)
    }

    /// Puts back what the hub lacks of the refs of these attempts, as they were fetched last, and then the marker. Returns how
    /// many refs were put back.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn put_back(&self, keys: &[String]) -> Result<usize, GitError> {
        let marker = own_marker(&self.git_dir)?;
        let (known, there) = (self.fetched()?, self.all()?);
        let mut refs = Vec::new();
        for key in keys {
            let (Some(known), there) = (known.get(key), there.get(key).cloned().unwrap_or_default()) else {
                continue;
            };
            let (known, there) = (known.clone().named(), there.named());
            for ((what, commit), (_, there)) in known.into_iter().zip(there) {
                if let (Some(commit), None) = (commit, there) {
                    refs.push(format!("{commit}:{}", self.name(key, what)));
                }
            }
        }
        if !refs.is_empty() {
            self.push().arg(&self.hub).args(&refs).run()?;
        }
        // The marker comes last: from here on the nodes write again.
        let marker = format!("+{marker}:{}", self.path(MARKER));
        self.push().arg(&self.hub).arg(marker).run()?;
        Ok(refs.len())
    }
}
