//! The merger: merges commits of a repository, one after the other.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use git2::{ObjectType, Oid};

use super::ConflictFile;
use super::answer::Answered;
use super::attributes::Rules;
use super::by_git::ByGit;
use super::settings::Settings;
use super::store::ahead::Ahead;
use super::store::entry::{TreeEntry, entries, find};
use super::store::lineage::{Base, Lineage};
use super::store::objects::Objects;
use super::three_way::{Leave, ThreeWay};
use crate::git::files::error::GitError;
use crate::git::files::version::GitVersion;
use crate::git::program::command::Git;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::raw_commit::RawCommit;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The number of unwritten bytes above which objects are written, so that memory does not grow with the number of
/// merges.
const UNSAVED: usize = 32 << 20;

/// The result of merging two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) enum Merged {
    /// The id of the merged tree.
    Tree(String),
    /// The first commit contains the second.
    Contained,
    /// The files, sorted by path, each once.
    Conflict(Vec<ConflictFile>),
}

/// Counts of how merges were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergeTally {
    /// By the ids of trees, in this process.
    pub by_ids: usize,
    /// By git.
    pub by_git: usize,
}

/// See the module.
pub(in crate::git) struct Merger {
    repo: Repository,
    objects: Objects,
    /// Reads ahead for coming merges.
    ahead: Option<Ahead>,
    lineage: Lineage,
    settings: Settings,
    by_git: ByGit,
    /// True when some commits are not what their objects say (grafts, replacements, a shallow history). Only git knows
    /// the truth then.
    rewired: bool,
    /// The commits that only the head of the present merge has, for the line of merges; `None` when they are not known.
    own: Option<Vec<Oid>>,
    /// The common ancestor of the present merge; `None` when git has to find it.
    base: Option<CommitId>,
    /// The last tree that was found to have the attribute files of the running process.
    compared: Option<Oid>,
    tally: MergeTally,
}

impl Merger {
    pub(in crate::git) fn new(repo: &Repository, git: GitVersion) -> Result<Self, GitError> {
        let objects = Objects::open(repo.common_dir())?;
        let settings = Settings::read(repo.common_dir())?;
        Ok(Self {
            by_git: ByGit::new(repo, git, settings.algorithm.clone()),
            repo: repo.clone(),
            rewired: objects.is_rewired(),
            objects,
            ahead: None,
            lineage: Lineage::default(),
            settings,
            own: None,
            base: None,
            compared: None,
            tally: MergeTally::default(),
        })
    }

    pub(in crate::git) fn tally(&self) -> MergeTally {
        self.tally
    }

    /// Announces heads that will be merged, one on top of the other.
    pub(in crate::git) fn expect(&mut self, onto: &CommitId, heads: &[CommitId]) -> Result<(), GitError> {
        if !self.rewired {
            let heads: Result<Vec<Oid>, GitError> = heads.iter().map(oid).collect();
            let ahead = Ahead::begin(self.objects.common_dir(), oid(onto)?, heads?);
            self.objects.take_from(ahead.as_ref().map(Ahead::shelf));
            self.ahead = ahead;
        }
        Ok(())
    }

    /// Merges `head` into `onto`. New objects may remain unwritten.
    pub(in crate::git) fn merge(&mut self, onto: &CommitId, head: &CommitId) -> Result<Merged, GitError> {
        (self.own, self.base) = (None, None);
        let id = oid(head)?;
        if let Some(ahead) = &self.ahead {
            ahead.reach(id);
        }
        if onto == head || (self.rewired && self.repo.is_ancestor(head, onto)?) {
            return Ok(Merged::Contained);
        }
        match self.by_ids(oid(onto)?, oid(head)?) {
            Ok(Some(tree)) => {
                self.tally.by_ids += 1;
                Ok(Merged::Tree(tree.to_string()))
            }
            Ok(None) => Ok(Merged::Contained),
            Err(Leave::Failed(error)) => Err(error),
            Err(Leave::ToGit) => self.ask_git(onto, head),
        }
    }

    /// The common ancestor of two commits. Unclear when commits are not what their objects say.
    pub(super) fn base(&mut self, tip: Oid, head: Oid) -> Base {
        if self.rewired {
            return Base::Unclear;
        }
        self.lineage.base(&mut self.objects, tip, head)
    }

    /// False when two commits have no common ancestor, in which case git refuses to merge them. When commits are not
    /// what their objects say, git has to find that out.
    pub(super) fn are_related(&self, one: &CommitId, two: &CommitId) -> Result<bool, GitError> {
        Ok(self.rewired || self.repo.merge_base(one, two)?.is_some())
    }

    /// The tree of a commit.
    pub(super) fn tree(&mut self, commit: Oid) -> Option<Oid> {
        self.lineage.tree(&mut self.objects, commit)
    }

    /// The objects and rules, for other code that reads objects.
    pub(super) fn parts(&mut self) -> (&mut Objects, &Rules) {
        (&mut self.objects, &self.settings.rules)
    }

    /// The merged tree; `None` when there is nothing to merge.
    fn by_ids(&mut self, onto: Oid, head: Oid) -> Result<Option<Oid>, Leave> {
        let (base, own) = match self.base(onto, head) {
            Base::Contained => return Ok(None),
            Base::One { base, own } => (base, own),
            Base::Unclear => return Err(Leave::ToGit),
        };
        (self.own, self.base) = (Some(own), Some(commit_id(base)));
        let mut tree = |commit| self.lineage.tree(&mut self.objects, commit).ok_or(Leave::ToGit);
        let (base, onto, head) = (tree(base)?, tree(onto)?, tree(head)?);
        let mut merge = ThreeWay {
            objects: &mut self.objects,
            rules: &self.settings.rules,
        };
        merge.merge(base, onto, head).map(Some)
    }

    fn ask_git(&mut self, onto: &CommitId, head: &CommitId) -> Result<Merged, GitError> {
        self.save()?;
        // When commits with equal times leave the ancestor unclear, `git merge-tree` would only return the existing
        // tree.
        if self.base.is_none() && self.repo.is_ancestor(head, onto)? {
            return Ok(Merged::Contained);
        }
        let same = self.has_same_attributes(onto)?;
        self.tally.by_git += 1;
        Ok(match self.by_git.merge(self.base.as_ref(), onto, head, same)? {
            Answered::Tree(tree) => Merged::Tree(tree),
            Answered::Conflict(files) => Merged::Conflict(files),
        })
    }

    /// True when the running process reads the same attributes as `onto` has.
    fn has_same_attributes(&mut self, onto: &CommitId) -> Result<bool, GitError> {
        let now = self.lineage.tree(&mut self.objects, oid(onto)?);
        let held = match self.by_git.attributes() {
            Some(commit) => match self.compared {
                None => self.lineage.tree(&mut self.objects, oid(commit)?),
                compared => compared,
            },
            None => None,
        };
        let same = match (held, now) {
            (Some(held), Some(now)) => same_attributes(&mut self.objects, Some(held), Some(now)),
            _ => None,
        };
        self.compared = now;
        Ok(same == Some(true))
    }

    /// Makes the commit of a merge whose tree [`Merger::merge`] returned. The next merge may continue from this commit.
    pub(in crate::git) fn commit(
        &mut self,
        tree: &str,
        parents: &[&CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        let own = self.own.take();
        let commit = self.commit_of(tree, parents, message)?;
        self.lineage
            .advance(oid(&commit)?, own.filter(|_| parents.len() == 2));
        Ok(commit)
    }

    /// Makes a commit.
    pub(in crate::git) fn commit_of(
        &mut self,
        tree: &str,
        parents: &[&CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        let ids: Vec<&str> = parents.iter().map(|parent| parent.as_str()).collect();
        let commit = match self.settings.commit(tree, &ids, message) {
            Some(text) => commit_id(self.objects.put(ObjectType::Commit, text)?),
            None => self.commit_by_git(tree, parents, message)?,
        };
        if self.objects.unsaved() > UNSAVED {
            self.save()?;
        }
        Ok(commit)
    }

    /// Commits a tree on `parent` with the message and the author of another commit, byte for byte, as `git rebase`
    /// does.
    pub(super) fn commit_again(
        &mut self,
        tree: &str,
        parent: &CommitId,
        mut original: RawCommit,
    ) -> Result<CommitId, GitError> {
        original.tree = tree.to_owned();
        original.parents = vec![parent.clone()];
        let committer = self.settings.committer();
        let commit = match committer.filter(|_| !self.settings.committing.sign) {
            Some(committer) => {
                original.committer = committer;
                commit_id(self.objects.put(ObjectType::Commit, original.content())?)
            }
            None => self.commit_again_by_git(&original)?,
        };
        if self.objects.unsaved() > UNSAVED {
            self.save()?;
        }
        Ok(commit)
    }

    /// Lets git make the commit, because it has to be signed or only git knows the committer.
    fn commit_again_by_git(&mut self, commit: &RawCommit) -> Result<CommitId, GitError> {
        self.save()?;
        let settings = &self.settings.committing;
        let encoding = commit.encoding.as_deref().unwrap_or(b"UTF-8");
        let mut setting = b"i18n.commitEncoding=".to_vec();
        setting.extend_from_slice(encoding);
        let git = settings.apply(Git::on(self.repo.common_dir()));
        let mut git = git
            .config(OsStr::from_bytes(&setting))
            .args(["commit-tree", &commit.tree]);
        for parent in &commit.parents {
            git = git.args(["-p", parent.as_str()]);
        }
        if settings.sign {
            git = git.arg("-S");
        }
        let author = &commit.author;
        let mail = memchr::memmem::find(author, b" <");
        let when = memchr::memmem::rfind(author, b"> ");
        if let (Some(mail), Some(when)) = (mail, when)
            && mail + 2 <= when
        {
            let part = |from: usize, to: usize| OsStr::from_bytes(&author[from..to]);
            let mut date = b"@".to_vec();
            date.extend_from_slice(&author[when + 2..]);
            git = git
                .env("GIT_AUTHOR_NAME", part(0, mail))
                .env("GIT_AUTHOR_EMAIL", part(mail + 2, when))
                .env("GIT_AUTHOR_DATE", OsStr::from_bytes(&date));
        }
        git.args(["-F", "-"]).input(commit.message.clone()).run_for_id()
    }

    pub(super) fn common_dir(&self) -> &Path {
        self.repo.common_dir()
    }

    pub(super) fn by_git(&mut self) -> &mut ByGit {
        &mut self.by_git
    }

    /// Signs no commit from now on.
    pub(in crate::git) fn sign_nothing(&mut self) {
        self.settings.committing.sign = false;
    }

    /// Lets git make the commit, because it has to be signed or contains something that this code does not write.
    fn commit_by_git(
        &mut self,
        tree: &str,
        parents: &[&CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        self.save()?;
        let settings = &self.settings.committing;
        let git = settings.apply(Git::on(self.repo.common_dir()));
        let mut git = git.args(["commit-tree", tree]);
        for parent in parents {
            git = git.args(["-p", parent.as_str()]);
        }
        if settings.sign {
            git = git.arg("-S");
        }
        let mut message = message.to_owned();
        if !message.ends_with('\n') {
            message.push('\n');
        }
        git.args(["-F", "-"]).input(message).run_for_id()
    }

    /// Writes all new objects, so that every git command sees them.
    pub(in crate::git) fn save(&mut self) -> Result<(), GitError> {
        self.objects.save()
    }
}

/// Whether two trees have the same attribute files in all folders; `None` when this code cannot read the trees.
fn same_attributes(objects: &mut Objects, one: Option<Oid>, two: Option<Oid>) -> Option<bool> {
    if one == two {
        return Some(true);
    }
    let mut read = |tree: Option<Oid>| match tree {
        Some(tree) => objects.get(tree, ObjectType::Tree),
        None => Some([].into()),
    };
    let (one, two) = (read(one)?, read(two)?);
    let (one, two) = (entries(&one)?, entries(&two)?);
    let folder_of = |entry: &&TreeEntry<'_>| entry.is_folder();
    let is_file = |entry: &&TreeEntry<'_>| entry.name == b".gitattributes" && !entry.is_folder();
    let of = |all: &[TreeEntry<'_>]| all.iter().find(is_file).map(|entry| entry.id);
    if of(&one) != of(&two) {
        return Some(false);
    }
    for folder in one.iter().filter(folder_of) {
        if same_attributes(objects, Some(folder.id), find(&two, folder).map(|found| found.id)) != Some(true) {
            return Some(false);
        }
    }
    for folder in two
        .iter()
        .filter(folder_of)
        .filter(|folder| find(&one, folder).is_none())
    {
        if same_attributes(objects, None, Some(folder.id)) != Some(true) {
            return Some(false);
        }
    }
    Some(true)
}
