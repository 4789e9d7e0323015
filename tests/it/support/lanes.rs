//! A plan with lanes, in a scratch repository with difficult names.

use orch::git::{
    self, CandidateBuilder, GitVersion, Integrated, LaneSpec, MergeMessage, UnitBranch, UnitError,
    UnitIntegration, UnitReady, UnitRefusal, UnitStart, WorktreeAdmin, require_git,
};
use orch::plan::CommitId;

use super::{Scratch, Tree};

/// The plan `auth` with lane 0 on its branch `orch/auth` and one further lane.
pub struct Lanes {
    pub scratch: Tree,
    /// Keeps the folder; none in a child process.
    owned: Option<Scratch>,
    pub admin: WorktreeAdmin,
    pub home: Tree,
    pub lane: Tree,
    made: std::cell::RefCell<Vec<CommitId>>,
}

pub const HOME: &str = "auth";
pub const LANE: &str = "auth@1";
pub const PLAN: &str = "orch/auth";

impl Lanes {
    pub fn new() -> Self {
        let scratch = Scratch::named("mein Läden");
        scratch.commit_file(".gitignore", "target/\n*.env\n");
        scratch.commit_file("src/ä b.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        let mut lanes = Self::at(Tree::at(scratch.path()));
        lanes.owned = Some(scratch);
        git::worktree::ensure_lane(&lanes.admin, &lanes.spec(HOME)).unwrap();
        git::worktree::ensure_lane(&lanes.admin, &lanes.spec(LANE)).unwrap();
        lanes
    }

    /// The same in a repository that another process has made.
    pub fn at(scratch: Tree) -> Self {
        let beside = scratch.path().parent().unwrap().join("Bäume");
        Self {
            home: Tree::at(beside.join("auth plan")),
            lane: Tree::at(beside.join("auth plan.lane 1")),
            made: std::cell::RefCell::default(),
            admin: WorktreeAdmin::new(&scratch.repository()),
            owned: None,
            scratch,
        }
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().parent().unwrap().join(name)
    }

    /// A file by which a child process says that it has begun.
    pub fn begun(&self) -> std::path::PathBuf {
        self.beside("begun")
    }

    pub fn spec(&self, key: &str) -> LaneSpec {
        let (tree, branch) = match key {
            HOME => (&self.home, Some(PLAN.to_owned())),
            _ => (&self.lane, None),
        };
        LaneSpec {
            key: key.to_owned(),
            path: tree.path().to_owned(),
            branch,
            base: self.scratch.rev("main"),
        }
    }

    pub fn unit(&self, number: &str) -> UnitBranch {
        UnitBranch {
            plan: "auth".parse().unwrap(),
            plan_branch: PLAN.to_owned(),
            branch: format!("{PLAN}.{number}"),
        }
    }

    /// Enters a unit. The stamp is the same each time: no backup may depend on the clock.
    pub fn try_enter(&self, key: &str, number: &str, entry: UnitStart) -> Result<UnitReady, UnitError> {
        git::unit::enter_unit(&self.admin, key, &self.unit(number), entry, "20260102T030405Z")
    }

    #[track_caller]
    pub fn enter(&self, key: &str, number: &str, entry: UnitStart) -> UnitReady {
        let ready = self.try_enter(key, number, entry).unwrap();
        let tree = Tree::at(&ready.path);
        assert_eq!(tree.git("branch --show-current"), self.unit(number).branch);
        assert_eq!((tree.head(), tree.status().as_str()), (ready.head.clone(), ""));
        ready
    }

    pub fn try_integrate(&self, number: &str) -> Result<UnitIntegration, UnitError> {
        let git: GitVersion = require_git().unwrap();
        git::unit::integrate(
            &self.admin,
            &CandidateBuilder::new(&self.scratch.repository(), git),
            &self.unit(number),
            MergeMessage {
                text: "auth: merge a task\n\nwith words",
                trailers: &[("Orch-Plan", "auth"), ("Orch-Task", number)],
            },
            "20260102T030405Z",
            None,
        )
    }

    #[track_caller]
    pub fn integrate(&self, number: &str) -> Integrated {
        self.try_integrate(number).unwrap().outcome
    }

    /// A commit that must never get lost.
    #[track_caller]
    pub fn work(&self, tree: &Tree, file: &str, content: &str) -> CommitId {
        let commit = tree.commit_file(file, content);
        self.made.borrow_mut().push(commit.clone());
        commit
    }

    /// Every commit made is in a branch, a pin or a backup.
    #[track_caller]
    pub fn nothing_is_lost(&self) {
        for commit in self.made.borrow().iter() {
            let holders = self.scratch.git(&format!("for-each-ref --contains {commit}"));
            assert_ne!(holders, "", "{commit} is lost");
        }
        self.scratch.git("fsck --no-dangling");
    }
}

#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, UnitError>) -> UnitRefusal {
    match result {
        Err(UnitError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
