//! Which commits of a plan's branch are its own. A plan that merged another plan's branch would otherwise land work that may be
//! unfinished or failed.

use std::collections::BTreeSet;

use super::chain_end::ChainEnd;
use super::known::KnownPlans;
use super::refusal::refused;
use crate::git::GitError;
use crate::git::refs::Makers;
use crate::git::repo::{commits_beyond, copies_since, fetched_tips};
use crate::plan::{CommitId, Plan};
use crate::schedule::{ForeignWork, MergeTrouble};
use crate::supervisor::project::repository_plans::Project;
use crate::words;

/// A branch, without the target and the commits that other plans handed on.
#[derive(Debug)]
pub struct OthersWork<'a> {
    project: &'a Project,
    plan: &'a Plan,
    tip: &'a CommitId,
    /// Its commits, latest first.
    commits: Vec<CommitId>,
    /// Which commits the plan itself made, according to its reflogs.
    own: Makers,
}

impl<'a> OthersWork<'a> {
    /// Examines the commits of `tip`. The plan may contain the commits `handed_on` with all their ancestors.
    ///
    /// # Errors
    ///
    /// When git's history or logs cannot be read.
    pub fn at(
        project: &'a Project,
        plan: &'a Plan,
        tip: &'a CommitId,
        handed_on: &[CommitId],
    ) -> Result<Self, GitError> {
        let repo = &project.repo;
        let mut on_target = fetched_tips(repo, &project.target)?;
        on_target.extend(repo.branch_tip(&project.target)?);
        let found = commits_beyond(repo, tip, on_target.iter().chain(handed_on))?;
        Ok(Self {
            project,
            plan,
            tip,
            commits: found.into_iter().map(|(commit, _)| commit).collect(),
            own: Makers::read(repo, [(&plan.name, plan.branch.as_str())])?,
        })
    }

    /// The latest commit that was made for another plan; `None` where there is none.
    ///
    /// # Errors
    ///
    /// When git's logs cannot be read.
    pub fn foreign(&self) -> Result<Option<ForeignWork>, GitError> {
        let mut strange = self
            .commits
            .iter()
            .filter(|commit| !self.is_own(commit))
            .peekable();
        if strange.peek().is_none() {
            return Ok(None);
        }
        let plans = &self.project.set.plans;
        let others = plans.iter().filter(|other| other.name != self.plan.name);
        let others = others.map(|other| (&other.name, other.branch.as_str()));
        let others = Makers::read(&self.project.repo, others)?;
        Ok(strange.find_map(|commit| {
            let plan = others.of(commit).next()?.clone();
            let commit = commit.clone();
            Some(ForeignWork { plan, commit })
        }))
    }

    /// The number of commits made since the branch was at `since`, without merges, empty commits, copies of earlier commits and
    /// commits that were merged in.
    ///
    /// # Errors
    ///
    /// When git's history cannot be read.
    pub fn made_since(&self, since: &CommitId) -> Result<usize, GitError> {
        let repo = &self.project.repo;
        let copies = match repo.is_ancestor(since, self.tip)? {
            true => BTreeSet::new(),
            // Squashed or split commits are not recognised as copies, but together they change nothing.
            false if repo.tree_of(since)? == repo.tree_of(self.tip)? => return Ok(0),
            false => copies_since(repo, since, self.tip)?,
        };
        let beyond: BTreeSet<&CommitId> = self.commits.iter().collect();
        let came = commits_beyond(repo, self.tip, [since])?;
        let made = came.iter().filter(|(commit, makes)| {
            // A commit counts even if a person has landed it meanwhile.
            *makes && !copies.contains(commit) && (beyond.contains(commit) || self.is_own(commit))
        });
        Ok(made.count())
    }

    fn is_own(&self, commit: &CommitId) -> bool {
        self.own.of(commit).next().is_some()
    }
}

/// Refuses to land work that was made for another plan and is not below the plan in the chain: the evidence for that other plan
/// is missing.
pub fn refuse_foreign_work(
    project: &Project,
    plan: &Plan,
    top: &ChainEnd,
    incoming: &CommitId,
    known: &KnownPlans,
) -> Result<(), MergeTrouble> {
    let mut below = known.handed_on.get(&plan.name).cloned().unwrap_or_default();
    let look = |below: &[CommitId]| OthersWork::at(project, plan, incoming, below)?.foreign();
    if look(&below).map_err(|error| refused(&error))?.is_none() {
        return Ok(());
    }
    // Objects of the chain must be readable outside of the builder.
    top.save().map_err(|error| refused(&error))?;
    below.push(top.commit.clone());
    match look(&below).map_err(|error| refused(&error))? {
        None => Ok(()),
        Some(foreign) => Err(refused(&words::foreign(&foreign))),
    }
}
