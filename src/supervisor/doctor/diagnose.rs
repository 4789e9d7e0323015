//! From facts to findings, and from findings to repair steps. Pure: facts go in, steps come out.

use crate::git::{GitLock, TreePlace, TreeSeen};
use crate::journal::Health;

use super::executors::about_executors;
use super::finding::{DoctorFacts, Finding, RepairStep};
use super::kind::FindingKind;
use super::refs::about_refs;

/// All findings, in repair order.
pub fn diagnose(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(about_database(&facts.database));
    // Before the locks that these commands hold.
    found.extend(about_gits(facts));
    for lock in &facts.locks {
        found.push(about_lock(lock, !facts.orphan_gits.is_empty()));
    }
    for tree in &facts.trees {
        found.extend(about_tree(facts, tree));
    }
    found.extend(about_records(facts));
    found.extend(about_attempts(facts));
    if facts.landing {
        let what = "a move of the target was interrupted";
        found.push(Finding::repairable(
            FindingKind::Landing,
            what,
            RepairStep::FinishLanding,
        ));
    }
    found.extend(about_refs(facts));
    found.extend(about_executors(&facts.executors));
    for path in &facts.litter {
        let what = format!("{} was never finished", name_of(path));
        let step = RepairStep::RemoveFile(path.clone());
        found.push(Finding::repairable(FindingKind::File, what, step));
    }
    for plan in &facts.orphan_ports {
        let what = format!("ports are registered for {plan}, an unknown plan");
        let step = RepairStep::FreePorts(plan.clone());
        found.push(Finding::repairable(FindingKind::Port, what, step));
    }
    found
}

/// A database that cannot be used.
fn about_database(health: &Health) -> Option<Finding> {
    let person = |what: String, advice| Some(Finding::for_a_person(FindingKind::Database, what, advice));
    match health {
        Health::Fine | Health::Missing => None,
        Health::Newer(why) => person(why.clone(), "use the newer orch"),
        Health::OutOfReach(why) => person(
            format!("the database cannot be opened: {why}"),
            "see who owns the files in `.git/orch`, and whether the disk may be written",
        ),
        Health::Full(why) => person(
            format!("the disk is full, and the database cannot be opened: {why}"),
            "make room; nothing that was recorded is lost",
        ),
        Health::Damaged(why) => {
            let what = format!("the database is damaged: {why}");
            let step = RepairStep::SetDatabaseAside;
            Some(Finding::repairable(FindingKind::Database, what, step))
        }
    }
}

/// The git commands of an `orch` that has died.
fn about_gits(facts: &DoctorFacts) -> Option<Finding> {
    let pids: Vec<String> = facts.orphan_gits.iter().map(|git| git.pid.to_string()).collect();
    let noun = match pids.len() {
        0 => return None,
        1 => "process",
        _ => "processes",
    };
    let what = format!(
        "git commands of an `orch` that has ended still run: {noun} {}",
        pids.join(", ")
    );
    Some(Finding::repairable(
        FindingKind::Process,
        what,
        RepairStep::EndGits,
    ))
}

/// Work that is missing from the database.
fn about_records(facts: &DoctorFacts) -> Option<Finding> {
    let has_work = facts.trees.iter().any(|tree| tree.expected) || !facts.unknown_attempts.is_empty();
    let (kind, what) = match &facts.database {
        Health::Damaged(_) => (
            FindingKind::Database,
            "the contents of the database have to be rebuilt".to_owned(),
        ),
        Health::Missing if has_work => (
            FindingKind::Database,
            "there is no database, and plans have been worked on".to_owned(),
        ),
        Health::Fine if !facts.unknown_attempts.is_empty() => {
            let attempts = facts.unknown_attempts.join(", ");
            (
                FindingKind::Attempt,
                format!("the journal does not know of {attempts}"),
            )
        }
        Health::Fine | Health::Missing | Health::Newer(_) | Health::OutOfReach(_) | Health::Full(_) => {
            return None;
        }
    };
    Some(Finding::repairable(kind, what, RepairStep::Rebuild))
}

/// Attempts without a runner, runners without a plan, and processes without either.
fn about_attempts(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if !facts.lost_attempts.is_empty() {
        let what = format!("the runner of {} has ended", facts.lost_attempts.join(", "));
        found.push(Finding::repairable(
            FindingKind::Attempt,
            what,
            RepairStep::RecordEnds,
        ));
    }
    for (folder, count) in &facts.orphans {
        let name = name_of(folder);
        let what = format!("{count} processes are left of {name}, whose runner has ended");
        let step = RepairStep::EndJob(folder.clone());
        found.push(Finding::repairable(FindingKind::Process, what, step));
    }
    for (folder, runner) in &facts.suspended_runners {
        let what = format!("a signal has suspended the runner of {}", name_of(folder));
        found.push(Finding::repairable(
            FindingKind::Process,
            what,
            RepairStep::Wake(*runner),
        ));
    }
    for folder in &facts.foreign_runners {
        let what = format!(
            "{} is at work, and its plan is not in the manifest",
            name_of(folder)
        );
        let advice = "put the plan back, or stop it with `orch down`";
        found.push(Finding::for_a_person(FindingKind::Attempt, what, advice));
    }
    found
}

fn name_of(path: &std::path::Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// `ending` is true when git commands are ended first. One of them may hold the lock, so the holder is checked again
/// afterwards.
fn about_lock(lock: &GitLock, ending: bool) -> Finding {
    let shown = lock.path.display();
    match &lock.owner {
        None => Finding::repairable(
            FindingKind::Lock,
            format!("{} was left by a git process that has ended", name_of(&lock.path)),
            RepairStep::RemoveLock(lock.path.clone()),
        ),
        Some(owner) if ending => Finding::repairable(
            FindingKind::Lock,
            format!("{shown} is there, and {owner}"),
            RepairStep::RemoveLock(lock.path.clone()),
        ),
        Some(owner) => Finding::for_a_person(
            FindingKind::Lock,
            format!("{shown} is there, and {owner}"),
            "wait until that has ended, then look again",
        ),
    }
}

fn about_tree(facts: &DoctorFacts, tree: &TreeSeen) -> Option<Finding> {
    let (key, path) = (&tree.key, tree.path.display());
    let named = if key.ends_with("@0") {
        "the merge queue's worktree"
    } else {
        key
    };
    let repairable = |what: String, step| Some(Finding::repairable(FindingKind::Worktree, what, step));
    let person =
        |what: String, advice: String| Some(Finding::for_a_person(FindingKind::Worktree, what, advice));
    if let Some(to) = &tree.moved_to {
        return repairable(
            format!("{named} is no longer at {path}"),
            RepairStep::Follow(key.clone(), to.clone()),
        );
    }
    if let (Some(why), true) = (&tree.index_trouble, tree.recorded) {
        let what = format!("git cannot read the index of {named} at {path}: {why}");
        return repairable(what, RepairStep::RenewIndex(key.clone()));
    }
    match (&tree.place, tree.recorded) {
        (TreePlace::Elsewhere(admin_dir), _) => person(
            format!(
                "{path}, where {named} belongs, belongs to another repository ({})",
                admin_dir.display()
            ),
            "is this a copy of a repository? Give it other `worktrees` in the manifest".to_owned(),
        ),
        (_, true) if tree.half_made => repairable(
            format!("making {named} at {path} was interrupted"),
            RepairStep::Repair(key.clone()),
        ),
        (TreePlace::Dangling, true) => repairable(
            format!("{named} at {path} has lost the repository"),
            RepairStep::Repair(key.clone()),
        ),
        (TreePlace::Folder, true) if tree.registered => repairable(
            format!("{named} at {path} has lost its `.git` file"),
            RepairStep::Repair(key.clone()),
        ),
        (TreePlace::Folder, true) => person(
            format!("{path}, where {named} belongs, is no longer a worktree"),
            "move the folder away; `orch up` makes it again".to_owned(),
        ),
        (TreePlace::Nothing, true) if tree.registered => repairable(
            format!("the folder of {named}, {path}, is gone"),
            RepairStep::Repair(key.clone()),
        ),
        (TreePlace::Nothing, true) if tree.tip.is_none() => repairable(
            format!("nothing is left of {named} at {path}"),
            RepairStep::Forget(key.clone()),
        ),
        (TreePlace::Worktree, true) if !tree.expected => person(
            format!("{named} at {path} belongs to a plan that is not in the manifest"),
            format!("put the plan back, or `git worktree remove {path}`"),
        ),
        (TreePlace::Nothing, true) if !tree.expected => person(
            format!(
                "the branch {} belongs to {named}, a plan that is not in the manifest",
                tree.branch.as_deref().unwrap_or_default()
            ),
            "put the plan back, or `orch clean` once it has landed".to_owned(),
        ),
        // An unused worktree is created again when it is needed.
        (TreePlace::Nothing | TreePlace::Worktree, true) => None,
        (TreePlace::Nothing, false) if tree.tip.is_none() => None,
        (_, false) if facts.ours.contains(key) => {
            let what = match (&tree.place, &tree.branch) {
                (TreePlace::Nothing, Some(branch)) => format!("there is no record of making {branch}"),
                _ => format!("there is no record of making {named} at {path}"),
            };
            repairable(what, RepairStep::Note(key.clone()))
        }
        (_, false) => {
            let what = match (&tree.place, &tree.branch) {
                (TreePlace::Nothing, Some(branch)) => format!("the branch {branch}"),
                _ => format!("{path}"),
            };
            person(
                format!("{what} is there, and nothing shows that orch made it"),
                "rename it or move it away, or choose another name in the manifest".to_owned(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::ProcessId;

    fn nothing() -> DoctorFacts {
        DoctorFacts {
            database: Health::Fine,
            trees: Vec::new(),
            ours: Vec::new(),
            locks: Vec::new(),
            orphan_pins: Vec::new(),
            missing_pins: Vec::new(),
            missing_notes: Vec::new(),
            orphan_notes: Vec::new(),
            unit_notes: Vec::new(),
            orphan_units: Vec::new(),
            unknown_attempts: Vec::new(),
            lost_attempts: Vec::new(),
            orphans: Vec::new(),
            orphan_gits: Vec::new(),
            suspended_runners: Vec::new(),
            foreign_runners: Vec::new(),
            litter: Vec::new(),
            orphan_ports: Vec::new(),
            landing: false,
            executors: Vec::new(),
        }
    }

    fn tree(place: TreePlace) -> TreeSeen {
        TreeSeen {
            key: "auth".to_owned(),
            path: "/trees/auth".into(),
            branch: Some("orch/auth".to_owned()),
            tip: Some("1".repeat(40).parse().unwrap()),
            expected: true,
            recorded: true,
            half_made: false,
            registered: true,
            place,
            moved_to: None,
            index_trouble: None,
            has_orch_folder: true,
        }
    }

    fn steps(facts: &DoctorFacts) -> Vec<Option<RepairStep>> {
        diagnose(facts).into_iter().map(|found| found.step).collect()
    }

    fn one(tree: TreeSeen, ours: bool) -> Vec<Option<RepairStep>> {
        steps(&DoctorFacts {
            ours: if ours { vec![tree.key.clone()] } else { Vec::new() },
            trees: vec![tree],
            ..nothing()
        })
    }

    #[test]
    fn a_sound_repository_has_no_finding() {
        assert_eq!(steps(&nothing()), []);
        assert_eq!(one(tree(TreePlace::Worktree), false), []);
    }

    #[test]
    fn a_damaged_database_is_set_aside_before_anything_and_rebuilt_after_the_worktrees_are_noted() {
        let facts = DoctorFacts {
            database: Health::Damaged("torn".to_owned()),
            ours: vec!["auth".to_owned()],
            trees: vec![TreeSeen {
                recorded: false,
                ..tree(TreePlace::Worktree)
            }],
            ..nothing()
        };
        let note = RepairStep::Note("auth".to_owned());
        assert_eq!(
            steps(&facts),
            [
                Some(RepairStep::SetDatabaseAside),
                Some(note),
                Some(RepairStep::Rebuild)
            ]
        );
    }

    #[test]
    fn a_missing_database_is_nothing_where_nothing_was_worked_on() {
        let facts = DoctorFacts {
            database: Health::Missing,
            ..nothing()
        };
        assert_eq!(steps(&facts), []);
        let facts = DoctorFacts {
            trees: vec![tree(TreePlace::Worktree)],
            ..facts
        };
        assert_eq!(steps(&facts), [Some(RepairStep::Rebuild)]);
    }

    #[test]
    fn what_nothing_shows_to_be_ours_is_left_to_a_person() {
        let unnoted = || TreeSeen {
            recorded: false,
            ..tree(TreePlace::Worktree)
        };
        assert_eq!(one(unnoted(), true), [Some(RepairStep::Note("auth".to_owned()))]);
        assert_eq!(one(unnoted(), false), [None]);
        assert_eq!(one(tree(TreePlace::Elsewhere("/x/.git".into())), false), [None]);
        let unregistered = TreeSeen {
            registered: false,
            ..tree(TreePlace::Folder)
        };
        assert_eq!(one(unregistered, false), [None]);
    }

    #[test]
    fn each_way_in_which_a_worktree_and_its_books_fall_apart_has_its_step() {
        let repair = || Some(RepairStep::Repair("auth".to_owned()));
        assert_eq!(one(tree(TreePlace::Dangling), false), [repair()]);
        assert_eq!(
            one(tree(TreePlace::Folder), false),
            [repair()],
            "only its .git file is gone"
        );
        let without_a_plan = TreeSeen {
            expected: false,
            registered: false,
            ..tree(TreePlace::Nothing)
        };
        assert_eq!(one(without_a_plan, false), [None]);
        assert_eq!(one(tree(TreePlace::Nothing), false), [repair()]);
        let half = TreeSeen {
            half_made: true,
            ..tree(TreePlace::Worktree)
        };
        assert_eq!(one(half, false), [repair()]);
        let moved = TreeSeen {
            moved_to: Some("/new/auth".into()),
            ..tree(TreePlace::Nothing)
        };
        assert_eq!(
            one(moved, false),
            [Some(RepairStep::Follow("auth".to_owned(), "/new/auth".into()))]
        );
        let gone = TreeSeen {
            registered: false,
            tip: None,
            ..tree(TreePlace::Nothing)
        };
        assert_eq!(one(gone, false), [Some(RepairStep::Forget("auth".to_owned()))]);
        let without_plan = TreeSeen {
            expected: false,
            ..tree(TreePlace::Worktree)
        };
        assert_eq!(one(without_plan, false), [None]);
    }

    #[test]
    fn what_a_dead_orch_left_at_work_is_ended_before_the_locks_that_it_may_hold_are_removed() {
        let lock = GitLock {
            path: "/r/.git/index.lock".into(),
            owner: Some("a git is at work".to_owned()),
        };
        let facts = DoctorFacts {
            locks: vec![lock],
            orphan_gits: vec![ProcessId { pid: 7, started: 1 }],
            ..nothing()
        };
        let remove = RepairStep::RemoveLock("/r/.git/index.lock".into());
        assert_eq!(steps(&facts), [Some(RepairStep::EndGits), Some(remove)]);
    }

    #[test]
    fn a_lock_that_somebody_may_hold_is_left_alone() {
        let lock = |owner: Option<&str>| GitLock {
            path: "/r/.git/index.lock".into(),
            owner: owner.map(str::to_owned),
        };
        let facts = DoctorFacts {
            locks: vec![lock(None), lock(Some("`git` (process 7) is at work"))],
            ..nothing()
        };
        assert_eq!(
            steps(&facts),
            [Some(RepairStep::RemoveLock("/r/.git/index.lock".into())), None]
        );
    }
}
