//! `.orch/work.json`: the data that `orch` itself needs when an agent calls it. An agent's sandbox may hide the
//! repository, so this data comes neither from the manifest nor from git.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::plan::{Arrangement, Document, ItemId, PlanName, TaskId, TaskState};
use crate::status::files::error::StatusError;
use crate::status::files::folder::{WORK, folder};
use crate::status::files::guard::Guard;
use crate::status::files::untrusted::{DOCUMENT_LIMIT, Links, read_text};
use crate::status::report::prepare::{make_folder, write_over};

/// The version of the file.
const SCHEMA: u32 = 1;

/// The work of one worktree, at the time when its agent started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    schema: u32,
    /// The plan.
    pub plan: PlanName,
    /// The plan's document, also for a plan that the manifest writes as `prompt`.
    pub document: Document,
    /// The document in the worktree, if it is committed there. Ticks in this document count.
    pub committed: Option<PathBuf>,
    /// How the plan's tasks are arranged.
    pub arrangement: Arrangement,
    /// The known state of each task.
    pub states: BTreeMap<ItemId, TaskState>,
    /// The work of other plans for which each task still waited.
    pub waits: BTreeMap<TaskId, Vec<String>>,
    /// Every plan, as a recipient of messages.
    pub plans: Vec<PlanName>,
    /// The folder of `orch` in the repository, with the journal and the control socket. The folder may be out of reach.
    pub home: PathBuf,
}

impl Assignment {
    /// The work of a plan, with nothing known of its tasks yet.
    pub fn new(plan: &PlanName, document: &Document, home: &Path) -> Self {
        Self {
            schema: SCHEMA,
            plan: plan.clone(),
            document: document.clone(),
            committed: None,
            arrangement: Arrangement::default(),
            states: BTreeMap::new(),
            waits: BTreeMap::new(),
            plans: Vec::new(),
            home: home.to_owned(),
        }
    }

    /// Writes the file into a worktree.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, worktree: &Path) -> Result<(), StatusError> {
        make_folder(worktree)?;
        let _guard = Guard::take(worktree)?;
        let bytes = serde_json::to_vec(self).expect("texts and numbers are JSON");
        write_over(&folder(worktree).join(WORK), &bytes)
    }

    /// Reads the file of a plan from a worktree. `None` when there is no file, or it belongs to another plan or another
    /// version.
    pub fn read(worktree: &Path, plan: &str) -> Option<Self> {
        let text = read_text(&folder(worktree).join(WORK), DOCUMENT_LIMIT, Links::Refuse).ok()?;
        let found: Self = serde_json::from_str(&text).ok()?;
        (found.schema == SCHEMA && found.plan.as_str() == plan).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_for_its_own_plan_alone() {
        let worktree = tempfile::tempdir().unwrap();
        let plan: PlanName = "auth".parse().unwrap();
        let mut work = Assignment::new(&plan, &Document::default(), Path::new("/repo/.git/orch"));
        let task = TaskId::new(1, 2);
        work.states.insert(task.into(), TaskState::Done);
        work.waits.insert(task, vec!["billing.1".to_owned()]);
        assert_eq!(Assignment::read(worktree.path(), "auth"), None);
        work.write(worktree.path()).unwrap();
        assert_eq!(Assignment::read(worktree.path(), "auth"), Some(work));
        assert_eq!(Assignment::read(worktree.path(), "billing"), None);
    }
}
