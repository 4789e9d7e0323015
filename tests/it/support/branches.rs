//! What branches hold in a world without git: which tasks of which plans, commit by commit.

use std::collections::{BTreeMap, BTreeSet};

use orch::plan::{AttemptId, CommitId, PhaseId, PlanName, TaskId, WorkRef};

/// Work that is in a commit.
type Content = BTreeSet<(PlanName, TaskId)>;

/// The branches of plans, those of single attempts, and the target.
#[derive(Debug, Default)]
pub struct Branches {
    plans: BTreeMap<PlanName, Content>,
    /// Attempts on branches of their own.
    apart: BTreeMap<AttemptId, Content>,
    commits: Vec<Content>,
    target: Content,
}

impl Branches {
    /// A commit without anything, where all begins.
    pub fn base() -> CommitId {
        "0".repeat(40).parse().unwrap()
    }

    fn branch(&mut self, plan: &PlanName, apart: Option<&AttemptId>) -> &mut Content {
        match apart {
            None => self.plans.entry(plan.clone()).or_default(),
            Some(attempt) => self.apart.entry(attempt.clone()).or_default(),
        }
    }

    /// An attempt begins with these commits of others.
    pub fn carry(&mut self, plan: &PlanName, apart: Option<&AttemptId>, carried: &[(WorkRef, CommitId)]) {
        for (_, commit) in carried {
            let content = self.content(commit);
            self.branch(plan, apart).extend(content);
        }
    }

    /// A task was worked on and committed.
    pub fn work(&mut self, plan: &PlanName, apart: Option<&AttemptId>, task: TaskId) {
        self.branch(plan, apart).insert((plan.clone(), task));
    }

    /// The commits of an attempt on a branch of its own come to the plan's.
    pub fn integrate(&mut self, plan: &PlanName, attempt: &AttemptId) {
        let content = self.apart.get(attempt).cloned().unwrap_or_default();
        self.branch(plan, None).extend(content);
    }

    /// The commit that a plan's branch is at.
    pub fn tip(&mut self, plan: &PlanName) -> CommitId {
        let content = self.branch(plan, None).clone();
        self.commit(content)
    }

    /// A plan comes onto the target, or its first phases with the commit that ends them. Nothing may come with it that is
    /// another plan's and not there, and of first phases nothing else of the plan.
    pub fn land(&mut self, plan: &PlanName, part: Option<(&[PhaseId], &CommitId)>) -> CommitId {
        let content = match part {
            Some((_, head)) => self.content(head),
            None => self.branch(plan, None).clone(),
        };
        for (of, task) in &content {
            if of != plan {
                assert!(
                    self.target.contains(&(of.clone(), *task)),
                    "{plan} brings {of}.{task} onto the target: {part:?}"
                );
            } else if let Some((phases, _)) = part {
                assert!(
                    phases.contains(&task.phase),
                    "phases {phases:?} of {plan} bring {task} onto the target"
                );
            }
        }
        self.target.extend(content);
        let target = self.target.clone();
        self.commit(target)
    }

    fn commit(&mut self, content: Content) -> CommitId {
        self.commits.push(content);
        format!("{:040x}", self.commits.len()).parse().unwrap()
    }

    fn content(&self, commit: &CommitId) -> Content {
        let number = usize::from_str_radix(commit.as_str(), 16).unwrap();
        match number.checked_sub(1) {
            Some(place) => self.commits[place].clone(),
            None => Content::new(),
        }
    }
}
