//! Worktrees whose making was interrupted, and worktrees that were damaged: each state that a crash can leave.

use std::fs;
use std::path::PathBuf;

use orch::git::{self, EnsureError, WorktreeAdmin, WorktreeRefusal, WorktreeSpec, inspect};

use crate::support::{Scratch, Tree};

struct Bench {
    scratch: Scratch,
    admin: WorktreeAdmin,
    spec: WorktreeSpec,
}

impl Bench {
    fn new() -> Self {
        let scratch = Scratch::new();
        scratch.commit_file("src/a.txt", "a\n");
        Self {
            admin: WorktreeAdmin::new(&scratch.repository()),
            spec: WorktreeSpec {
                key: "auth".to_owned(),
                path: scratch.beside("trees/auth"),
                branch: "orch/auth".to_owned(),
                base: scratch.head(),
            },
            scratch,
        }
    }

    fn marker(&self) -> PathBuf {
        self.scratch.join(".git/orch/worktrees/auth.json")
    }

    fn books(&self) -> PathBuf {
        self.scratch.join(".git/worktrees/auth")
    }

    fn tree(&self) -> Tree {
        Tree::at(&self.spec.path)
    }

    /// Makes it whole, then takes the note back to where it was before anybody was let in.
    fn making() -> Self {
        let bench = Self::new();
        git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
        let note = fs::read_to_string(bench.marker()).unwrap();
        assert!(note.contains("\"made\""));
        fs::write(bench.marker(), note.replace("\"made\"", "\"making\"")).unwrap();
        bench
    }

    fn made() -> Self {
        let bench = Self::new();
        git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
        bench
    }

    #[track_caller]
    fn is_made_anew(&self) {
        let ready = git::worktree::ensure(&self.admin, &self.spec).unwrap();
        assert!(
            ready.created_worktree,
            "nobody has worked in it, so it is new to the caller"
        );
        assert_eq!(ready.head, self.spec.base);
        assert_eq!(self.tree().git("branch --show-current"), "orch/auth");
        assert_eq!(self.tree().read("src/a.txt"), "a\n");
        assert!(inspect(&self.spec.path).unwrap().is_clean());
        assert!(!self.books().join("locked").exists());
        assert!(
            !git::worktree::ensure(&self.admin, &self.spec)
                .unwrap()
                .created_worktree
        );
        assert_eq!(self.scratch.git("worktree list").lines().count(), 2);
        self.scratch.git("worktree prune");
    }
}

#[test]
fn only_the_note_was_written() {
    let bench = Bench::making();
    bench
        .scratch
        .git_args(["worktree", "remove", "--force", bench.spec.path.to_str().unwrap()]);
    bench.scratch.git("branch -D orch/auth");
    bench.is_made_anew();
}

#[test]
fn the_branch_was_made_and_no_worktree() {
    let bench = Bench::making();
    bench
        .scratch
        .git_args(["worktree", "remove", "--force", bench.spec.path.to_str().unwrap()]);
    bench.is_made_anew();
}

#[test]
fn git_was_killed_while_it_wrote_its_books() {
    let bench = Bench::making();
    fs::remove_dir_all(&bench.spec.path).unwrap();
    fs::create_dir(&bench.spec.path).unwrap();
    fs::write(bench.books().join("locked"), "initializing").unwrap();
    fs::write(bench.books().join("HEAD"), "0".repeat(40)).unwrap();
    fs::remove_file(bench.books().join("commondir")).unwrap();
    bench.is_made_anew();
}

#[test]
fn git_was_killed_while_it_wrote_the_link_to_its_books() {
    let whole = |bench: &Bench| fs::read(bench.spec.path.join(".git")).unwrap();
    for kept in [0, 5, 20] {
        for has_head in [false, true] {
            let bench = Bench::making();
            let link = whole(&bench)[..kept].to_owned();
            fs::remove_dir_all(&bench.spec.path).unwrap();
            fs::create_dir(&bench.spec.path).unwrap();
            fs::write(bench.spec.path.join(".git"), link).unwrap();
            fs::write(bench.books().join("locked"), "initializing").unwrap();
            if !has_head {
                fs::remove_file(bench.books().join("HEAD")).unwrap();
                fs::remove_file(bench.books().join("commondir")).unwrap();
            }
            bench.is_made_anew();
        }
    }
}

#[test]
fn git_was_killed_as_it_wrote_its_books_and_then_orch_as_it_removed_what_was_written() {
    for all in [false, true] {
        let bench = Bench::making();
        let link = fs::read(bench.spec.path.join(".git")).unwrap();
        fs::remove_dir_all(&bench.spec.path).unwrap();
        fs::create_dir(&bench.spec.path).unwrap();
        fs::write(bench.spec.path.join(".git"), link).unwrap();
        let books = bench.books();
        if all {
            fs::remove_dir_all(books).unwrap();
        } else {
            fs::remove_file(books.join("HEAD")).unwrap();
            fs::remove_file(books.join("gitdir")).unwrap();
        }
        let ready = git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
        assert_eq!(
            (ready.created_worktree, ready.head),
            (true, bench.spec.base.clone())
        );
        assert_eq!(bench.tree().read("src/a.txt"), "a\n");
        assert!(inspect(&bench.spec.path).unwrap().is_clean());
    }
}

#[test]
fn the_books_are_whole_but_still_locked_and_no_file_is_there() {
    let bench = Bench::making();
    fs::remove_dir_all(bench.spec.path.join("src")).unwrap();
    fs::remove_file(bench.spec.path.join("README.md")).unwrap();
    fs::remove_file(bench.books().join("index")).unwrap();
    fs::write(bench.books().join("locked"), "initializing").unwrap();
    bench.is_made_anew();
}

#[test]
fn some_files_are_there_and_the_index_lock_of_a_dead_git() {
    let bench = Bench::making();
    fs::remove_file(bench.spec.path.join("src/a.txt")).unwrap();
    fs::rename(bench.books().join("index"), bench.books().join("index.lock")).unwrap();
    bench.is_made_anew();
}

#[test]
fn the_folder_is_missing_or_empty() {
    for empty in [false, true] {
        let bench = Bench::making();
        fs::remove_dir_all(&bench.spec.path).unwrap();
        if empty {
            fs::create_dir(&bench.spec.path).unwrap();
        }
        bench.is_made_anew();
    }
}

#[test]
fn the_git_file_is_missing() {
    let bench = Bench::making();
    fs::remove_file(bench.spec.path.join(".git")).unwrap();
    bench.is_made_anew();
}

#[test]
fn a_worktree_for_checks_begun_for_one_commit_is_finished_at_the_one_that_is_checked() {
    let bench = Bench::new();
    let old = bench.scratch.head();
    let new = bench.scratch.commit_file("src/a.txt", "b\n");
    let path = bench.scratch.beside("trees/train");
    git::worktree::ensure_detached(&bench.admin, "train@0", &path, &old).unwrap();
    let marker = bench.scratch.join(".git/orch/worktrees/train@0.json");
    let note = fs::read_to_string(&marker).unwrap();
    fs::write(&marker, note.replace("\"made\"", "\"making\"")).unwrap();
    fs::remove_file(path.join("src/a.txt")).unwrap();
    fs::write(bench.scratch.join(".git/worktrees/train/index.lock"), "").unwrap();
    let ready = git::worktree::ensure_detached(&bench.admin, "train@0", &path, &new).unwrap();
    assert_eq!(ready.head, new);
    assert_eq!(Tree::at(&path).read("src/a.txt"), "b\n");
    assert!(inspect(&path).unwrap().is_clean());
}

#[test]
fn a_branch_that_moved_before_anybody_was_let_in_is_somebody_elses() {
    let bench = Bench::making();
    bench
        .scratch
        .git_args(["worktree", "remove", "--force", bench.spec.path.to_str().unwrap()]);
    let theirs = bench.scratch.commit("theirs");
    bench.scratch.git(&format!("branch -f orch/auth {theirs}"));
    let result = git::worktree::ensure(&bench.admin, &bench.spec);
    assert!(
        matches!(
            result,
            Err(EnsureError::Refused(WorktreeRefusal::ForeignBranch { .. }))
        ),
        "{result:?}"
    );
    assert_eq!(bench.scratch.rev("orch/auth"), theirs);
}

#[test]
fn work_survives_a_lost_git_file() {
    let bench = Bench::made();
    let head = bench.tree().commit_file("b.txt", "b\n");
    bench
        .tree()
        .write("c.txt", "uncommitted\n")
        .write("b.txt", "changed\n");
    fs::remove_file(bench.spec.path.join(".git")).unwrap();
    let ready = git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
    assert!(!ready.created_worktree);
    assert_eq!(ready.head, head);
    assert_eq!(bench.tree().status(), "M b.txt\n?? c.txt");
}

#[test]
fn work_survives_a_lost_index() {
    let bench = Bench::made();
    bench.tree().commit_file("b.txt", "b\n");
    bench
        .tree()
        .write("c.txt", "uncommitted\n")
        .write("b.txt", "changed\n");
    fs::remove_file(bench.books().join("index")).unwrap();
    git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
    assert_eq!(bench.tree().status(), "M b.txt\n?? c.txt");
}

#[test]
fn work_survives_a_lost_entry_in_gits_books() {
    let bench = Bench::made();
    let head = bench.tree().commit_file("b.txt", "b\n");
    bench
        .tree()
        .write("c.txt", "uncommitted\n")
        .write("b.txt", "changed\n");
    fs::remove_dir_all(bench.books()).unwrap();
    let ready = git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
    assert!(!ready.created_worktree);
    assert_eq!(ready.head, head);
    assert_eq!(bench.tree().status(), "M b.txt\n?? c.txt");
    assert_eq!(bench.scratch.git("worktree list").lines().count(), 2);
    assert_eq!(
        fs::read_dir(bench.scratch.beside("trees")).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    bench.scratch.git("worktree prune");
    assert!(
        !git::worktree::ensure(&bench.admin, &bench.spec)
            .unwrap()
            .created_worktree
    );
}

#[test]
fn commits_survive_a_deleted_folder() {
    for prune in [false, true] {
        let bench = Bench::made();
        let head = bench.tree().commit_file("b.txt", "b\n");
        fs::remove_dir_all(&bench.spec.path).unwrap();
        if prune {
            bench.scratch.git("worktree prune --expire=now");
        }
        let ready = git::worktree::ensure(&bench.admin, &bench.spec).unwrap();
        assert_eq!(ready.head, head);
        assert_eq!(bench.tree().read("b.txt"), "b\n");
        assert_eq!(bench.tree().status(), "");
        assert!(
            !git::worktree::ensure(&bench.admin, &bench.spec)
                .unwrap()
                .created_worktree
        );
    }
}

#[test]
fn a_deleted_branch_is_not_silently_made_again_under_a_worktree() {
    let bench = Bench::made();
    bench.scratch.git("update-ref -d refs/heads/orch/auth");
    let result = git::worktree::ensure(&bench.admin, &bench.spec);
    assert!(
        matches!(
            result,
            Err(EnsureError::Refused(WorktreeRefusal::BranchGone { .. }))
        ),
        "{result:?}"
    );
}

#[test]
fn a_worktree_that_was_deleted_as_a_whole_starts_anew() {
    let bench = Bench::made();
    bench
        .scratch
        .git_args(["worktree", "remove", "--force", bench.spec.path.to_str().unwrap()]);
    bench.scratch.git("branch -D orch/auth");
    let base = bench.scratch.commit("later");
    let ready = git::worktree::ensure(
        &bench.admin,
        &WorktreeSpec {
            base: base.clone(),
            ..bench.spec.clone()
        },
    )
    .unwrap();
    assert_eq!(
        (ready.created_branch, ready.created_worktree, ready.head),
        (true, true, base)
    );
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_is_refused_with_the_place() {
    let bench = Bench::made();
    bench
        .scratch
        .git_args(["worktree", "remove", "--force", bench.spec.path.to_str().unwrap()]);
    bench.scratch.git("switch -q orch/auth");
    let result = git::worktree::ensure(&bench.admin, &bench.spec);
    let Err(EnsureError::Refused(WorktreeRefusal::CheckedOutElsewhere { path, .. })) = result else {
        panic!("{result:?}");
    };
    assert_eq!(path, bench.scratch.path());
}

#[test]
fn a_lock_that_a_running_process_holds_is_waited_for() {
    let bench = Bench::made();
    let lock = bench.books().join("index.lock");
    let file = fs::File::create(&lock).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| git::worktree::ensure(&bench.admin, &bench.spec).unwrap());
        // The holder ends as git does: rename, or removal, while it has the file open.
        fs::remove_file(&lock).unwrap();
        drop(file);
        waiting.join().unwrap();
    });
}

/// Not a test: the process that [`a_kill_at_any_instant_leaves_what_can_be_finished`] kills. It makes one worktree.
#[test]
#[ignore = "run as a child process by another test"]
fn child_that_makes_a_worktree() {
    let Some(top) = std::env::var_os("HALF_MADE_TOP") else {
        return;
    };
    let scratch = Tree::at(top);
    let admin = WorktreeAdmin::new(&scratch.repository());
    let path = std::env::var_os("HALF_MADE_PATH").unwrap().into();
    let spec = WorktreeSpec {
        key: "auth".to_owned(),
        path,
        branch: "orch/auth".to_owned(),
        base: scratch.head(),
    };
    git::worktree::ensure(&admin, &spec).unwrap();
}

#[test]
fn a_kill_at_any_instant_leaves_what_can_be_finished() {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let mut cut_short = 0;
    for round in 0..20u32 {
        let bench = Bench::new();
        for n in 0..30 {
            bench.scratch.write(format!("src/{n}.txt"), format!("{n}\n"));
        }
        let head = bench.scratch.commit("files");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "git::half_made::child_that_makes_a_worktree",
            ])
            .env("HALF_MADE_TOP", bench.scratch.path())
            .env("HALF_MADE_PATH", &bench.spec.path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // The instant is the point here: later each round, counted from the first step, so that a busy machine does not
        // move them all to the same side.
        let patience = Instant::now() + Duration::from_secs(30);
        while !bench.marker().exists() && child.try_wait().unwrap().is_none() && Instant::now() < patience {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_micros(u64::from(round) * 400));
        let pid = Pid::from_child(&child);
        // Every other round git outlives the one who started it.
        let _ = if round % 2 == 0 {
            kill_process_group(pid, Signal::KILL)
        } else {
            kill_process(pid, Signal::KILL)
        };
        child.wait().unwrap();
        let noted = fs::read_to_string(bench.marker()).unwrap_or_default();
        cut_short += usize::from(noted.contains("making"));

        let spec = WorktreeSpec {
            base: head.clone(),
            ..bench.spec.clone()
        };
        let ready = git::worktree::ensure(&bench.admin, &spec)
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(ready.head, head);
        assert_eq!(bench.tree().git("branch --show-current"), "orch/auth");
        assert!(inspect(&spec.path).unwrap().is_clean(), "round {round}");
        assert_eq!(bench.tree().read("src/29.txt"), "29\n");
    }
    assert!(
        cut_short > 3,
        "only {cut_short} rounds were cut short: the instants are badly chosen"
    );
}
