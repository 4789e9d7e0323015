//! What is left behind by an orch that was killed, or by an agent: hanging git commands, operations that were begun, worktrees
//! that are gone. The run continues on its own, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;

use crate::support::{Sandbox, document, wait_for};

/// A hook that hangs and minds nobody, once it is switched on; it tells who it is.
fn hanging_hook(sandbox: &Sandbox, name: &str) {
    let hook = sandbox.join(format!(".git/hooks/{name}"));
    let marks = sandbox.beside("marks");
    let script = format!(
        "#!/bin/sh\ncase $PWD in *{0}*) ;; *) exit 0;; esac\ntest -e {1}/hang || exit 0\ntrap '' TERM HUP INT\n: > {1}/hung\nwhile :; do sleep 1; done\n",
        "worktrees",
        marks.display()
    );
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(sandbox.mark("hang"), "").unwrap();
}

#[test]
fn locks_that_a_killed_git_left_of_branches_that_are_gone_are_removed() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "dispatch = \"task\"", &document(&[2]), "work $ORCH_TASK");
    let lock = |branch: &str| sandbox.join(format!(".git/refs/heads/orch/{branch}.lock"));
    fs::create_dir_all(sandbox.join(".git/refs/heads/orch")).unwrap();
    for branch in ["p.1.1", "p.9.9", "other"] {
        fs::write(lock(branch), "").unwrap();
    }
    sandbox.orch("up --merge").code(0).ok();
    let stays = ["p.1.1", "p.9.9", "other"].map(|branch| lock(branch).exists());
    assert_eq!(stays, [false, false, true], "of a branch that is no plan's");
}

/// One in whose way a git command of orch's hangs: making the worktree, it checks out.
fn killed_while_git_hangs() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    hanging_hook(&sandbox, "post-checkout");
    let up = sandbox.start("up");
    sandbox.marked("hung");
    up.kill();
    assert!(
        !sandbox.processes().is_empty(),
        "git and its hook outlive a killed orch"
    );
    fs::remove_file(sandbox.mark("hang")).unwrap();
    sandbox
}

#[test]
fn a_git_that_hangs_since_its_orch_was_killed_is_ended_by_the_next_with_its_hook() {
    let sandbox = killed_while_git_hangs();
    // Somebody's own git, in the same repository and with the same hook, is nobody's business.
    fs::write(sandbox.mark("hang"), "").unwrap();
    fs::remove_file(sandbox.mark("hung")).unwrap();
    let own = sandbox.beside("own-worktrees");
    let mut person = std::process::Command::new("git");
    person
        .arg("-C")
        .arg(sandbox.path())
        .args(["worktree", "add", "-q", "--detach"]);
    let mut person = person.arg(&own).spawn().unwrap();
    sandbox.marked("hung");
    fs::remove_file(sandbox.mark("hang")).unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
    assert!(person.try_wait().unwrap().is_none(), "a person's git was ended");
    let hooks = children_of(person.id());
    assert!(!hooks.is_empty(), "the hook of a person's git was ended");
    for pid in hooks.into_iter().chain([person.id()]) {
        crate::support::kill(i32::try_from(pid).unwrap(), Signal::KILL);
    }
    person.wait().unwrap();
}

fn children_of(parent: u32) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        fields.split_ascii_whitespace().nth(1) == Some(&parent.to_string())
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(is_child).collect()
}

#[test]
fn doctor_names_a_git_that_was_left_hanging_and_ends_it_when_told() {
    let sandbox = killed_while_git_hangs();
    let before = sandbox.processes().len();
    sandbox
        .orch("doctor")
        .code(1)
        .says("git commands of an `orch` that has ended")
        .ok();
    assert_eq!(sandbox.processes().len(), before, "looking ends nobody");
    let fixed = sandbox.orch("doctor --fix");
    fixed.says("did: end them").ok();
    sandbox.nothing_is_left();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_merge_that_was_killed_while_its_git_hangs_is_done_by_the_next() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nverify = \"true\"");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    hanging_hook(&sandbox, "post-checkout");
    let merge = sandbox.start("merge");
    sandbox.marked("hung");
    merge.kill();
    fs::remove_file(sandbox.mark("hang")).unwrap();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    sandbox.nothing_is_left();
}

#[test]
fn removing_the_lock_file_lets_no_second_supervisor_in() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    let mut up = sandbox.start("up");
    sandbox.reached("g");
    fs::remove_file(sandbox.join(".git/orch/lock")).unwrap();
    let first = format!("`orch up` (process {})", up.pid());
    sandbox.orch("up").code(3).says(&first).ok();
    sandbox.orch("doctor --fix").ok();
    assert!(up.is_alive(), "{}", up.err());
    // Whoever asks still reaches the one that drives.
    sandbox.orch("pause p").code(0).ok();
    sandbox.orch("resume p").code(0).ok();
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    assert_eq!(sandbox.state("p"), "finished");
}

/// The plan's only task is begun by an agent that leaves `operation` open, and done by the next.
#[track_caller]
fn left_open(dispatch: &str, operation: &str, word: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("dispatch = \"{dispatch}\"\nretries = 2"));
    let script = format!(
        "case $ORCH_ATTEMPT in p-1)\n  commit one.txt; echo mine > two.txt; git add two.txt; git commit -qm two\n  \
         {operation}\n  echo unfinished > half.txt\n  exit 0;;\nesac\ncp \"$ORCH_PROMPT_FILE\" \
         \"$MARKS/prompt\"; test -z \"$(git status --porcelain)\"; test -f two.txt; work 1.1"
    );
    sandbox.plan("p", "", &document(&[1]), &script);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(
        sandbox.starts(),
        ["p-1", "p-2"],
        "the next attempt went on by itself"
    );
    let why = format!("left a {word} open");
    let events = sandbox.events();
    let failed = events
        .iter()
        .find(|event| event["event"] == "attempt.failed")
        .unwrap();
    let told = failed["data"]["why"].as_str().unwrap();
    assert!(told.contains(&why), "{told}");
    let prompt = fs::read_to_string(sandbox.mark("prompt")).unwrap();
    assert!(prompt.contains("refs/orch/backup/p/"), "{prompt}");
    let backups = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup/p");
    let half = backups.lines().find(|backup| {
        sandbox
            .git(&format!("ls-tree --name-only {backup}"))
            .contains("half.txt")
    });
    assert!(half.is_some(), "what was uncommitted is in no backup: {backups}");
    sandbox
}

/// A commit that conflicts with `two.txt` of the agent, at hand as `refs/tags/other`.
const OTHER: &str = "b=$(git symbolic-ref --short HEAD); git checkout -q --detach HEAD~1; echo theirs > two.txt; \
                     git add two.txt; git commit -qm theirs; git tag -f other; git checkout -q $b;";

#[test]
fn a_rebase_that_an_agent_left_open_is_ended_and_kept() {
    for dispatch in ["plan", "task"] {
        let operation = format!("{OTHER} git rebase other || :");
        left_open(dispatch, &operation, "rebase");
    }
}

#[test]
fn a_merge_that_an_agent_left_open_is_ended_and_kept() {
    for dispatch in ["plan", "task"] {
        let operation = format!("{OTHER} git merge other || :");
        left_open(dispatch, &operation, "merge");
    }
}

#[test]
fn picks_and_bisections_that_an_agent_left_open_are_ended_and_kept() {
    let pick = format!("{OTHER} git cherry-pick other || :");
    left_open("task", &pick, "cherry-pick");
    left_open("plan", "git bisect start HEAD HEAD~2 || :", "bisect");
    left_open("task", "git bisect start HEAD HEAD~2 || :", "bisect");
}

#[test]
fn commits_of_an_interactive_rebase_that_stopped_half_way_are_kept() {
    let edit = "GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -q -i HEAD~2 || :; echo more > more.txt; git add \
                more.txt; git commit -qm half-way; h=$(git rev-parse HEAD); echo $h > \"$MARKS/half-way\";";
    let sandbox = left_open("task", edit, "rebase");
    let half_way = fs::read_to_string(sandbox.mark("half-way")).unwrap();
    let held = sandbox.git(&format!(
        "for-each-ref --contains {} refs/orch/backup",
        half_way.trim()
    ));
    assert!(
        !held.is_empty(),
        "a commit that was made in the rebase is on no ref"
    );
    assert_eq!(
        sandbox.git("stash list"),
        "",
        "nothing is put where a person keeps theirs"
    );
}

/// Two tasks side by side, of which one removes its worktree.
#[track_caller]
fn removed_by_its_agent(dispatch: &str, remove: &str) {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "dispatch = \"{dispatch}\"\nretries = 2\nparallel_tasks = 2"
    ));
    let script = format!(
        "test \"$ORCH_ATTEMPT\" != p-1 || {{ w=$PWD; g=$(cd \"$(git rev-parse --git-common-dir)\"; pwd); commit one.txt; cd /; {remove}; exit 0; }}\nfor id in $(echo \
         ${{ORCH_TASK:-1.1 1.2}} | tr , ' '); do work $id; done"
    );
    let document = "# A plan\n\n## Phase 1: Part 1\n\n**Execution Note:** Tasks 1.1-1.2 are [PARALLEL]\n\n- [ ] 1.1 One\n- [ ] 1.2 \
                    Two\n";
    sandbox.plan("p", "", document, &script);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("worktree.lost", Some("p")), 1);
    let events = sandbox.events();
    let failed = events
        .iter()
        .find(|event| event["event"] == "attempt.failed")
        .unwrap();
    let why = failed["data"]["why"].as_str().unwrap();
    assert!(why.contains("its worktree") && why.contains("is gone"), "{why}");
    let files = sandbox.git("ls-tree --name-only orch/p");
    assert!(
        files.contains("p-1.1.txt") && files.contains("p-1.2.txt"),
        "{files}"
    );
}

#[test]
fn a_worktree_that_its_agent_removed_is_made_again_within_the_run() {
    for dispatch in ["plan", "task"] {
        for remove in ["rm -rf $w", "git --git-dir=$g worktree remove --force $w"] {
            removed_by_its_agent(dispatch, remove);
        }
    }
}

#[test]
fn a_worktree_that_is_gone_when_its_next_agent_is_to_start_is_made_again() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1\nbackoff = \"1s\"");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test \"$ORCH_ATTEMPT\" != p-1 || exit 1; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.happened("attempt.failed", "p");
    let worktree = sandbox.worktree("p");
    remove(worktree.path());
    let _ = up.end();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
}

fn remove(path: &Path) {
    wait_for("the worktree to go", || fs::remove_dir_all(path).is_ok());
}

#[test]
fn refs_that_an_agent_deletes_are_written_again_and_nobody_is_held_for_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"\nparallel_tasks = 2\nretries = 1");
    sandbox.gate("g").gate("h");
    let script = "case $ORCH_TASK in\n1.1) work 1.1;;\n2.1) gate g; test \"$ORCH_ATTEMPT\" != p-2 || exit 1; work 2.1;;\n*) gate \
                  h; git for-each-ref --format='delete %(refname)' refs/orch | git update-ref --stdin; work 2.2;;\nesac";
    let document = "# A plan\n\n## Phase 1: Part 1\n\n- [ ] 1.1 One\n\n## Phase 2: Part 2\n\n**Execution Note:** Tasks 2.1-2.2 \
                    are [PARALLEL]\n\n- [ ] 2.1 Two\n- [ ] 2.2 Three\n";
    sandbox.plan("p", "", document, script);
    sandbox.plan(
        "q",
        "depends = [\"p.1\", \"p\"]",
        &crate::support::document(&[1]),
        "work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.reached("h");
    let pin = sandbox.git("rev-parse refs/orch/pins/p/1");
    // Both fail or end after that the refs are gone.
    sandbox.open("h");
    sandbox.happened("leg.done", "p");
    wait_for("the pin to be there again", || {
        let now = sandbox.try_git(["rev-parse", "-q", "--verify", "refs/orch/pins/p/1"]);
        String::from_utf8_lossy(&now.stdout).trim() == pin
    });
    sandbox.open("g");
    sandbox.happened("attempt.failed", "p");
    sandbox.open("g");
    up.end().code(0).ok();
    let files = sandbox.git("ls-tree --name-only orch/p");
    for file in ["p-1.1.txt", "p-2.1.txt", "p-2.2.txt"] {
        assert!(files.contains(file), "{files}");
    }
    sandbox.git("update-ref -d refs/orch/pins/p/1");
    sandbox
        .orch("doctor")
        .code(1)
        .says("the pin p/1 was deleted")
        .says("write it again")
        .ok();
    sandbox.orch("doctor --fix").ok();
    assert_eq!(sandbox.git("rev-parse refs/orch/pins/p/1"), pin);
}

#[test]
fn what_an_agent_leaves_outside_of_a_sparse_checkout_is_committed_and_backed_up() {
    for dispatch in ["plan", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!("dispatch = \"{dispatch}\"\nretries = 1"));
        for file in ["a/f", "b/f", "c/f"] {
            sandbox.commit_file(file, "one\n");
        }
        let script = "git sparse-checkout set --cone a; mkdir -p b; echo new > b/new; echo two > b/f; echo two > \
                      a/f\nif [ $ORCH_ATTEMPT = p-1 ]; then git bisect start HEAD HEAD~1; echo back > b/back; exit 1; \
                      fi\norch task done -q 1.1";
        sandbox.plan("p", "", &document(&[1]), script);
        sandbox.orch("up").code(0).ok();
        let files = |of: &str| {
            sandbox
                .git(&format!("ls-tree -r --name-only {of}"))
                .replace('\n', " ")
        };
        assert_eq!(files("orch/p"), "README.md a/f b/f b/new c/f plans.toml");
        assert_eq!(sandbox.git("show orch/p:b/f"), "two");
        let backup = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup/p");
        assert_eq!(files(&backup), "README.md a/f b/back b/f b/new c/f plans.toml");
    }
}

#[test]
fn a_worktree_whose_settings_name_another_place_for_its_files_loses_none() {
    let sandbox = Sandbox::new();
    let script = "mkdir $MARKS/empty; git config extensions.worktreeConfig true; work 1.1; \
                  git config --worktree core.worktree $MARKS/empty";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.orch("up --merge").ok();
    let landed = sandbox.git("ls-tree --name-only main");
    assert!(landed.contains("README.md"), "{landed}");
    assert_eq!(sandbox.state("p"), "landed", "{}", sandbox.why("p"));
}
