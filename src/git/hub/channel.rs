//! Reading and writing the refs of one attempt, or of all attempts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::git::files::error::GitError;
use crate::git::files::names::{AWAY, MARKER};
use crate::git::program::command::{Git, parse_id};
use crate::git::repo::ids::commit_id;
use crate::plan::CommitId;

/// The longest duration of one exchange with the hub, in seconds. Objects of a large repository take time.
const EXCHANGE: u32 = 600;
/// The longest duration of the exchange that fills a node's mirror.
const FIRST_EXCHANGE: u32 = 3600;
/// The longest duration of one look at refs.
const LOOK: u32 = 60;

/// The prefix of fetched refs in this repository. These refs keep no commit permanently.
pub(super) const FETCHED: &str = AWAY;

/// The connection to a hub, for one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The git folder whose objects are sent and received.
    pub git_dir: PathBuf,
    /// The hub.
    pub hub: String,
    /// The repository's name on the hub.
    pub repository: String,
    /// The marker without which nothing is written to the hub; `None` on this machine, which puts a missing one back.
    pub marker: Option<CommitId>,
}

/// The refs that decide about one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubRefs {
    /// The commit to begin from.
    pub from: Option<CommitId>,
    /// Present when a node runs the attempt.
    pub claim: Option<CommitId>,
    /// The latest news.
    pub news: Option<CommitId>,
    /// The latest message of this machine to the node.
    pub mail: Option<CommitId>,
    /// The end of the attempt.
    pub fate: Option<CommitId>,
    /// Work of a node that came second. Nobody merges it.
    pub late: Option<CommitId>,
}

impl HubRefs {
    /// The refs with their names.
    pub(super) fn named(self) -> [(&'static str, Option<CommitId>); 5] {
        [
            ("from", self.from),
            ("claim", self.claim),
            ("news", self.news),
            ("mail", self.mail),
            ("fate", self.fate),
        ]
    }

    /// True when refs are left that an attempt needs only until its end.
    pub fn is_untidy(&self) -> bool {
        self.from.is_some() || self.news.is_some() || self.mail.is_some()
    }
}

/// The winner of a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// This writer, now or in an earlier try whose answer was lost.
    Won,
    /// Another writer.
    Lost,
}

impl Channel {
    pub(super) fn name(&self, key: &str, what: &str) -> String {
        self.path(&format!("{key}/{what}"))
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("refs/orch/{}/{rest}", self.repository)
    }

    fn git(&self, seconds: u32) -> Git {
        // Overrides settings of the person that would send or drop more than orch asks for.
        [
            "push.gpgSign=false",
            "push.followTags=false",
            "fetch.prune=false",
            "push.recurseSubmodules=no",
        ]
        .iter()
        .fold(Git::limited_on(&self.git_dir, seconds), Git::config)
    }

    pub(super) fn push(&self) -> Git {
        self.git(EXCHANGE).args(["push", "--quiet", "--no-verify"])
    }

    /// Writes to the hub, provided that it has the marker: all of it, or nothing.
    fn push_marked(&self, options: &[String], refs: String) -> Git {
        let push = self.push().args(options);
        match &self.marker {
            None => push.arg(&self.hub).arg(refs),
            Some(marker) => {
                let name = self.path(MARKER);
                push.arg("--atomic")
                    .arg(format!("--force-with-lease={name}:{marker}"))
                    .arg(&self.hub)
                    .arg(refs)
                    .arg(format!("{marker}:{name}"))
            }
        }
    }

    /// The lines of refs whose names match, as the hub has them now.
    pub(super) fn list(&self, pattern: &str) -> Result<Vec<u8>, GitError> {
        self.git(LOOK)
            .args(["ls-remote", "--refs"])
            .arg(&self.hub)
            .arg(self.path(pattern))
            .run()
    }

    /// The refs of all attempts, as the hub has them now.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn all(&self) -> Result<BTreeMap<String, HubRefs>, GitError> {
        let prefix = self.path("");
        let out = self.list("*")?;
        Ok(by_key(lines(&out), |name| name.strip_prefix(&prefix)))
    }

    /// Fetches the refs of all attempts. Never prunes, so that the refs can be put back if the hub is lost.
    ///
    /// # Errors
    ///
    /// When the hub does not answer, or lacks the marker.
    pub fn fetch_all(&self) -> Result<(), GitError> {
        let refs = [format!("+{}:{FETCHED}*", self.path("*")), self.path(MARKER)];
        self.fetch_refs(EXCHANGE, &refs)
    }

    /// The fetched refs, by `ATTEMPT.TOKEN`.
    ///
    /// # Errors
    ///
    /// When the refs cannot be read.
    pub fn fetched(&self) -> Result<BTreeMap<String, HubRefs>, GitError> {
        let refs = refs_below(&self.git_dir, FETCHED).map_err(GitError::library("read the fetched refs"))?;
        let refs = refs.iter().map(|(name, commit)| (name.as_str(), commit.as_str()));
        Ok(by_key(refs, |name| name.strip_prefix(FETCHED)))
    }

    /// All refs of this repository on a hub that is a folder here, without a process. `None` when the hub is elsewhere, or only git
    /// can read it.
    pub fn peek(&self) -> Option<Vec<(String, CommitId)>> {
        let refs = || refs_below(Path::new(&self.hub), &self.path("")).ok();
        self.is_folder().then(refs).flatten()
    }

    /// True when the hub is named by a path: nobody connects to anything.
    pub fn is_folder(&self) -> bool {
        Path::new(&self.hub).is_absolute()
    }

    /// The refs of one attempt, as the hub has them now.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn look(&self, key: &str) -> Result<HubRefs, GitError> {
        let prefix = self.path("");
        let out = self.list(&format!("{key}/*"))?;
        Ok(by_key(lines(&out), |name| name.strip_prefix(&prefix))
            .remove(key)
            .unwrap_or_default())
    }

    /// Fetches the commit of one ref, without making a ref here.
    ///
    /// # Errors
    ///
    /// When the hub does not answer, or has no such ref.
    pub fn fetch(&self, key: &str, what: &str) -> Result<(), GitError> {
        self.fetch_refs(EXCHANGE, &[self.name(key, what)])
    }

    /// Fetches the commit of one ref into a ref here. The fetch may bring the whole history and take an hour.
    pub(super) fn fetch_into(&self, key: &str, what: &str, to: &str) -> Result<(), GitError> {
        let own = format!("+{}:{to}", self.name(key, what));
        let marker = self.marker.iter().map(|_| self.path(MARKER));
        self.fetch_refs(FIRST_EXCHANGE, &marker.chain([own]).collect::<Vec<_>>())
    }

    fn fetch_refs(&self, seconds: u32, refs: &[String]) -> Result<(), GitError> {
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ];
        self.git(seconds).args(fetch).arg(&self.hub).args(refs).run()?;
        Ok(())
    }

    /// Writes a ref that must not exist yet. After a refusal the ref is read, because a push whose answer was lost is
    /// refused when it is tried again.
    ///
    /// # Errors
    ///
    /// When the hub does not answer. Then the outcome is unknown.
    pub fn swap(&self, key: &str, what: &str, commit: &CommitId) -> Result<Swap, GitError> {
        let name = self.name(key, what);
        let lease = format!("--force-with-lease={name}:");
        let pushed = self.push_marked(&[lease], format!("{commit}:{name}")).answer()?;
        if pushed.status.success() {
            return Ok(Swap::Won);
        }
        let out = self.list(&format!("{key}/{what}"))?;
        match parse_id(out.split(u8::is_ascii_whitespace).next().unwrap_or_default()) {
            Some(there) if there == *commit => Ok(Swap::Won),
            Some(_) => Ok(Swap::Lost),
            None => Err(pushed.failure()),
        }
    }

    /// Writes a ref and overwrites an existing one.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn write(&self, key: &str, what: &str, commit: &CommitId) -> Result<(), GitError> {
        let refs = format!("+{commit}:{}", self.name(key, what));
        self.push_marked(&[], refs).run()?;
        Ok(())
    }

    /// Removes the refs of an attempt that is over from the hub, except the two that decide.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn tidy(&self, key: &str) -> Result<(), GitError> {
        let there = self.look(key)?;
        let refs = [("from", there.from), ("news", there.news), ("mail", there.mail)];
        let refs = refs.into_iter().filter(|(_, commit)| commit.is_some());
        let names: Vec<String> = refs
            .map(|(what, _)| format!(":{}", self.name(key, what)))
            .collect();
        if !names.is_empty() {
            self.push().arg(&self.hub).args(names).run()?;
        }
        Ok(())
    }

    /// Removes late work of an attempt from the hub, and from here.
    ///
    /// # Errors
    ///
    /// When the hub does not answer, or git refuses.
    pub fn remove_late(&self, key: &str) -> Result<(), GitError> {
        let name = format!(":{}", self.name(key, "late"));
        self.push().arg(&self.hub).arg(name).run()?;
        // What decides about the attempt is fetched again.
        self.tidy_here(key)
    }

    /// Removes the fetched refs of an attempt that is over.
    ///
    /// # Errors
    ///
    /// When git refuses.
    pub fn tidy_here(&self, key: &str) -> Result<(), GitError> {
        let list = ["for-each-ref", "--format=delete %(refname)"];
        let refs = Git::on(&self.git_dir)
            .args(list)
            .arg(format!("{FETCHED}{key}/"))
            .run()?;
        Git::on(&self.git_dir)
            .args(["update-ref", "--stdin"])
            .input(refs)
            .run()?;
        Ok(())
    }

    /// Checks that the hub is a repository that answers.
    ///
    /// # Errors
    ///
    /// When the hub does not answer; the error says why.
    pub fn reach(&self) -> Result<(), GitError> {
        self.list("none")?;
        Ok(())
    }
}

/// The git folder of a checkout, for a channel.
pub(super) fn git_dir_in(tree: &Path) -> PathBuf {
    tree.join(".git")
}

/// The refs whose names begin so, in order.
fn refs_below(git_dir: &Path, prefix: &str) -> Result<Vec<(String, CommitId)>, git2::Error> {
    let repo = git2::Repository::open(git_dir)?;
    let mut found = Vec::new();
    for one in repo.references_glob(&format!("{prefix}*"))? {
        let one = one?;
        if let (Ok(name), Some(target)) = (one.name(), one.target()) {
            found.push((name.to_owned(), commit_id(target)));
        }
    }
    found.sort();
    Ok(found)
}

/// Names and ids in lines of `ID NAME`.
fn lines(out: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let lines = std::str::from_utf8(out).unwrap_or_default().lines();
    let pairs = lines.filter_map(|line| line.split_once(char::is_whitespace));
    pairs.map(|(id, name)| (name.trim(), id))
}

/// Sorts refs, as pairs of names and ids, by attempt. A name without its prefix is `KEY/WHAT`.
fn by_key<'r>(
    refs: impl Iterator<Item = (&'r str, &'r str)>,
    rest: impl Fn(&str) -> Option<&str>,
) -> BTreeMap<String, HubRefs> {
    let mut found: BTreeMap<String, HubRefs> = BTreeMap::new();
    for (name, id) in refs {
        let Some((key, what)) = rest(name).and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        let refs = found.entry(key.to_owned()).or_default();
        let place = match what {
            "from" => &mut refs.from,
            "claim" => &mut refs.claim,
            "news" => &mut refs.news,
            "mail" => &mut refs.mail,
            "fate" => &mut refs.fate,
            "late" => &mut refs.late,
            _ => continue,
        };
        *place = id.parse().ok();
    }
    found
}
