//! The payload of a node: everything about one attempt except its commits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::agent::Job;
use crate::executor::scratch_home;
use crate::git::hub::{Channel, Identity, Workplace};
use crate::plan::{CommitId, Executor};

/// The version of the protocol between this machine and a node. Any other version is refused before anything is claimed.
pub const PROTOCOL: u32 = 1;

/// One line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The version of the program that wrote the payload.
    pub version: String,
    /// The attempt's key on the hub.
    pub key: String,
    /// The address of the hub, as nodes know it.
    pub hub: String,
    /// The repository's name on the hub.
    pub repository: String,
    /// The repository's marker on the hub.
    #[serde(default)]
    pub marker: Option<CommitId>,
    /// The folders of the attempt.
    pub site: Site,
    /// The branch.
    pub branch: String,
    /// The starting commit.
    pub head: CommitId,
    /// The author of its commits.
    pub identity: Identity,
    /// The job to run; the node fills in `ends_with`, `PATH` and `ORCH_PORT`.
    pub job: Job,
    /// The prompt.
    pub prompt: String,
    /// Further files of the job's folder.
    pub files: BTreeMap<String, String>,
    /// The files of `.orch/`.
    pub reports: BTreeMap<String, String>,
    /// Patterns of files that git must ignore.
    pub litter: Vec<String>,
    /// The job's time limit in minutes.
    pub minutes: u64,
}

/// The folders of an attempt on a node. They are known before the hand-over, so that prompt, command line and environment can name
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The folder that all attempts of the repository share on a node.
    pub home: PathBuf,
    /// The attempt's own folder.
    pub place: PathBuf,
}

impl Site {
    /// The folders of this attempt.
    pub fn of(executor: &Executor, repository: &str, key: &str) -> Self {
        let home = scratch_home(executor).join(repository);
        Self {
            place: home.join(key),
            home,
        }
    }

    /// The clone.
    pub fn tree(&self) -> PathBuf {
        self.place.join("tree")
    }

    /// The job's folder.
    pub fn job(&self) -> PathBuf {
        self.place.join("job")
    }

    /// This program's path for the agent.
    pub fn program(&self) -> PathBuf {
        self.place.join("bin/orch")
    }

    /// The mirror and the clone.
    pub fn workplace(&self) -> Workplace {
        Workplace {
            mirror: self.home.join("mirror.git"),
            tree: self.tree(),
        }
    }
}

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// When it is of another protocol, or damaged.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match value.get("protocol").and_then(serde_json::Value::as_u64) {
            Some(protocol) if protocol == u64::from(PROTOCOL) => {
                serde_json::from_value(value).map_err(|error| error.to_string())
            }
            _ => Err(format!(
                "this is orch {}, and the payload is of {}: install the same version on the nodes",
                env!("CARGO_PKG_VERSION"),
                value
                    .get("version")
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or("another program"),
            )),
        }
    }

    /// The channel to the hub, with the objects of this git folder.
    pub fn channel(&self, git_dir: PathBuf) -> Channel {
        Channel {
            git_dir,
            hub: self.hub.clone(),
            repository: self.repository.clone(),
            marker: self.marker.clone(),
        }
    }
}

/// Paths of this machine, each with the path on the node that replaces it. The longest match counts.
#[derive(Debug, Clone, Default)]
pub struct Moves(Vec<(String, String)>);

impl Moves {
    /// Adds a path and its replacement.
    pub fn add(&mut self, here: &Path, there: &Path) {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        self.0.push((text(here), text(there)));
        self.0.sort_by_key(|(here, _)| std::cmp::Reverse(here.len()));
    }

    /// The text with the node's paths. `/w/auth` matches neither `/w/auth2` nor `/w/auth.lane1`.
    pub fn apply(&self, text: &str) -> String {
        let mut moved = String::new();
        let mut rest = text;
        'next: while !rest.is_empty() {
            for (here, there) in &self.0 {
                if let Some(after) = rest.strip_prefix(here.as_str()).filter(|after| ends_here(after)) {
                    moved.push_str(there);
                    rest = after;
                    continue 'next;
                }
            }
            let next = rest.chars().next().map_or(1, char::len_utf8);
            moved.push_str(&rest[..next]);
            rest = &rest[next..];
        }
        moved
    }
}

/// True when a path ends before this text.
fn ends_here(after: &str) -> bool {
    let mut chars = after.chars();
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    match chars.next() {
        None => true,
        // A dot at the end of a sentence.
        Some('.') => !chars.next().is_some_and(word),
        Some(c) => !word(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_moved_whole_and_nothing_else_is() {
        let mut moves = Moves::default();
        moves.add("/w/auth".as_ref(), "/n/tree".as_ref());
        moves.add("/w/auth/.git".as_ref(), "/n/git".as_ref());
        for (text, moved) in [
            ("work in /w/auth.", "work in /n/tree."),
            ("/w/auth/.orch/plan.md", "/n/tree/.orch/plan.md"),
            ("/w/auth/.git", "/n/git"),
            (
                "/w/auth2 /w/auth.lane1 /w/auth-x",
                "/w/auth2 /w/auth.lane1 /w/auth-x",
            ),
            ("ä/w/auth", "ä/n/tree"),
            ("", ""),
        ] {
            assert_eq!(moves.apply(text), moved);
        }
    }
}
