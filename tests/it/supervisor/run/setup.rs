//! Worktrees made ready for work: copied files, the setup line, hooks, ports.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Sandbox, Scratch, SharedBlocks, document};

/// Commits files, and not the manifest: that would be a change of the target's checkout.
fn commit(sandbox: &Sandbox, files: &str) {
    sandbox.git(&format!("add {files}"));
    sandbox.git("commit -q -m files");
}

/// A repository in whose main checkout lie ignored files of several kinds.
fn with_ignored_files() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .write(
            ".gitignore",
            "node_modules/\n.env*\n!.env.example\n*.local\n/cache\n",
        )
        .write(".env.example", "tracked\n");
    commit(&sandbox, ".gitignore .env.example");
    sandbox
        .write("node_modules/left pad/index.js", "module\n")
        .write(".env", "SECRET=1\n")
        .write("sub/.env.test", "T=1\n")
        .write("settings.local", "mine\n")
        .write("cache", "big\n")
        .write("not-ignored.txt", "untracked\n");
    symlink("left pad", sandbox.join("node_modules/link")).unwrap();
    sandbox
}

#[test]
fn ignored_files_that_are_named_come_along_and_no_others() {
    let sandbox = with_ignored_files();
    sandbox.write(
        ".worktreeinclude",
        "# what agents need\n.env*\nnode_modules\nnot-ignored.txt\n",
    );
    sandbox.settings("copy = [\"*.local\"]");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test \"$(cat .env)\" = SECRET=1; work 1.1",
    );
    sandbox.plan("q", "copy = [\"/cache\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let (p, q) = (sandbox.worktree("p"), sandbox.worktree("q"));
    assert_eq!(p.read("node_modules/link/index.js"), "module\n");
    assert!(p.join("node_modules/link").is_symlink());
    assert_eq!(p.read("sub/.env.test"), "T=1\n");
    assert_eq!(p.read("settings.local"), "mine\n");
    assert!(!p.join("not-ignored.txt").exists() && !p.join("cache").exists());
    assert!(q.join("cache").exists() && q.join(".env").exists() && !q.join("settings.local").exists());
    assert_eq!(p.status(), "");
    // They go with the worktree, and the originals stay.
    sandbox.orch("merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    assert!(!p.path().exists() && sandbox.join(".env").exists());
}

#[test]
fn copies_share_their_blocks_where_the_file_system_can() {
    let root = tempfile::tempdir().unwrap();
    let point = root.path().to_owned();
    let Some(disk) = SharedBlocks::mount(&point) else {
        println!("nothing makes or mounts a file system with shared blocks here: not tried");
        return;
    };
    let sandbox = Sandbox::around(Scratch::within(root));
    sandbox.write(".gitignore", "big\n");
    commit(&sandbox, ".gitignore");
    let size = disk.more_than_half();
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    // What could be compressed away would prove nothing.
    let mut state = 1u64;
    for piece in bytes.chunks_exact_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        piece.copy_from_slice(&state.to_le_bytes());
    }
    fs::write(sandbox.join("big"), &bytes).unwrap();
    sandbox.settings("copy = [\"big\"]\nmin_free_disk = \"1m\"");
    for plan in ["p", "q", "r"] {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up").code(0).ok();
    for plan in ["p", "q", "r"] {
        assert_eq!(
            fs::metadata(sandbox.worktree(plan).join("big")).unwrap().len(),
            size
        );
    }
    // A copy of its own from then on.
    fs::write(sandbox.worktree("p").join("big"), "changed").unwrap();
    assert_eq!(fs::metadata(sandbox.join("big")).unwrap().len(), size);
}

#[test]
fn a_setup_runs_once_in_each_worktree_before_any_agent() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "deps\n");
    commit(&sandbox, ".gitignore");
    sandbox.settings(
        "dispatch = \"task\"\nparallel_tasks = 2\nsetup = 'echo \"$ORCH_PLAN $ORCH_PORT $COMPOSE_PROJECT_NAME $PWD\" >> \
         \"$MARKS/setups\"; echo made > deps; echo hello'",
    );
    sandbox.tables("[merge]\nverify = \"test -f deps\"");
    sandbox.gate("one").gate("two");
    let script = "test -f deps; case $ORCH_TASK in 1.1) gate one;; 1.2) gate two;; esac; work $ORCH_TASK";
    sandbox.plan("p", "strategy = \"independent\"", &document(&[3]), script);
    let up = sandbox.start("up --merge");
    // Both lanes at work at once.
    sandbox.reached("one");
    sandbox.reached("two");
    sandbox.open("one");
    sandbox.open("two");
    up.end().code(0).ok();
    let told = fs::read_to_string(sandbox.mark("setups")).unwrap();
    let mut lines: Vec<Vec<&str>> = told.lines().map(|line| line.split(' ').collect()).collect();
    lines.sort();
    assert_eq!(
        lines.len(),
        3,
        "the plan's worktree, its lane, and that of the merge queue: {told}"
    );
    let ports: std::collections::BTreeSet<&str> = lines.iter().map(|line| line[1]).collect();
    assert_eq!(ports.len(), 3, "each has its own: {told}");
    assert!(
        told.contains("repo-p-lane1 ") && told.contains("repo-train-0 "),
        "{told}"
    );
    assert!(sandbox.read(".git/orch/setup/p/log").contains("hello"));
    let disk = sandbox.orch("status -v --json").code(0).json()["disk"].take();
    assert!(
        disk["plans"]["p"].as_u64().unwrap() > 0 && disk["merging"].is_u64() && disk["free"].is_u64(),
        "{disk}"
    );
    sandbox.orch("status -v").code(0).says("(merge)").ok();
    // Ports are given back with the worktree.
    assert!(sandbox.read(".git/orch/ports.json").contains("p@1"));
    sandbox.orch("clean").code(0).ok();
    assert_eq!(sandbox.read(".git/orch/ports.json").trim(), "{}");
    assert!(!sandbox.join(".git/orch/setup/p").exists());
}

#[test]
fn hooks_are_told_of_a_worktree_that_was_made_and_of_one_that_goes() {
    let sandbox = Sandbox::new();
    sandbox.tables(
        "[hooks]\npost_create = 'cat >> \"$MARKS/told\"; echo \"$ORCH_EVENT in $PWD\" >> \"$MARKS/told\"'\npre_remove = 'cat \
         >> \"$MARKS/told\"; exit 3'",
    );
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "grep -q worktree.created \"$MARKS/told\"; work 1.1",
    );
    sandbox.orch("up --merge").code(0).ok();
    sandbox.orch("clean").code(0).says("the hook pre_remove").ok();
    let told = fs::read_to_string(sandbox.mark("told")).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    let made: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    let worktree = sandbox.worktree("p");
    assert_eq!(made["data"]["path"], worktree.path().to_str().unwrap());
    assert_eq!(made["data"]["branch"], "orch/p");
    assert_eq!(
        lines[1],
        format!("worktree.created in {}", worktree.path().display())
    );
    let gone: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(
        (gone["event"].as_str(), gone["plan"].as_str()),
        (Some("worktree.removing"), Some("p"))
    );
    assert!(!worktree.path().exists());
}

#[test]
fn the_queues_own_worktrees_go_with_the_hook_in_the_surroundings_that_they_were_set_up_and_verified_in() {
    let sandbox = Sandbox::new();
    let note = |kind: &str| {
        format!("echo \"{kind} $COMPOSE_PROJECT_NAME $ORCH_PORT $ORCH_WORKTREE $PWD\" >> \"$MARKS/told\"")
    };
    sandbox.settings(&format!("setup = '{}'", note("setup")));
    sandbox.tables(&format!(
        "[hooks]\npre_remove = '{}'\n[merge]\nverify = '{}'",
        note("gone"),
        note("verify")
    ));
    // A plan may be called as the queue's worktree is.
    for plan in ["train", "q"] {
        sandbox.plan(
            plan,
            "",
            &document(&[1]),
            "echo $ORCH_PLAN > same; commit same; orch task done -q 1.1",
        );
    }
    let told = |kind: &str| -> Vec<String> {
        let text = fs::read_to_string(sandbox.mark("told")).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(kind));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge train").code(0).ok();
    sandbox.orch("merge q").code(1).ok();
    sandbox.orch("merge --resolve q").code(0).ok();
    let place = sandbox.orch("merge --abort q --json").code(0).json();
    assert_eq!(place["warnings"], serde_json::json!([]), "{place}");
    let gone = told("gone");
    assert!(gone.len() == 1 && gone[0].contains("-q-resolve 2"), "{gone:?}");

    sandbox.orch("clean train").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    let (gone, verified, set_up) = (told("gone"), told("verify"), told("setup"));
    assert_eq!(verified.len(), 1);
    assert!(verified[0].contains("-train-0 2"), "{verified:?}");
    assert!(set_up.contains(&verified[0]), "{set_up:?}");
    assert_eq!(gone.len(), 3, "{gone:?}");
    assert!(set_up.contains(&gone[1]) && gone[1] != verified[0], "{gone:?}");
    assert_eq!(gone[2], verified[0]);
}

#[test]
fn files_stored_by_git_lfs_are_told_of_when_git_is_not_set_up_for_it() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    commit(&sandbox, ".gitattributes");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).says("stored by git-lfs").ok();
}

#[test]
fn a_worktree_is_as_sparse_as_the_main_checkout() {
    let sandbox = Sandbox::new();
    sandbox.write("wanted/a", "a\n").write("left-out/b", "b\n");
    commit(&sandbox, "wanted left-out");
    sandbox.git("sparse-checkout set wanted");
    assert!(!sandbox.join("left-out").exists());
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -f wanted/a; test ! -e left-out/b; work 1.1",
    );
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.git("cat-file -t main:left-out/b"), "blob");
}
