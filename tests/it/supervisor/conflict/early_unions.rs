//! `[merge] early`: branches that pass alone, merge, and together do not pass are told of while they are worked on.

use std::fs;

use crate::support::{Sandbox, document, wait_for};

const TREE: &str = "git rev-parse \"HEAD^{tree}\" >> \"$MARKS/trees\"";

/// Runs everything below `uses/` with what `lib.sh` has.
const CHECK: &str = "set -e; . ./lib.sh; for use in uses/*.sh; do test ! -e \"$use\" || . \"./$use\"; done";

/// One plan renames a function, another begins to call it by its old name, a third has nothing to do with that.
fn rename_and_call(merge: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("lib.sh", "greet() { echo hello; }\n");
    sandbox.git("add lib.sh");
    sandbox.git("commit -q -m library");
    let rename = "echo 'welcome() { echo hello; }' > lib.sh; git commit -qam renamed; gate rename; work 1.1";
    let call = "mkdir uses; echo greet > uses/door.sh; git add .; git commit -qm called; gate call; work 1.1";
    sandbox.plan("rename", "", &document(&[1]), rename);
    sandbox.plan("call", "", &document(&[1]), call);
    sandbox.plan(
        "other",
        "",
        &document(&[1]),
        "commit other.txt; gate other; work 1.1",
    );
    for gate in ["rename", "call", "other"] {
        sandbox.gate(gate);
    }
    sandbox.tables(&format!("[merge]\n{merge}\nverify = '{TREE}; {CHECK}'"));
    sandbox
}

fn trees(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.mark("trees")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn two_plans_that_merge_and_are_red_together_hear_of_it_while_they_work() {
    let sandbox = rename_and_call("early = true\nverify_slots = 2");
    let up = sandbox.start("up");
    for plan in ["rename", "call"] {
        sandbox.happened("union.red", plan);
    }
    let why = sandbox.why("rename");
    assert!(why.contains("together with call it does not pass"), "{why}");
    assert!(why.contains("greet"), "with what was said: {why}");
    assert_eq!(
        sandbox.state("rename"),
        "running",
        "nothing is held because of it"
    );
    assert_eq!(sandbox.count("union.red", None), 2);
    assert_eq!(
        sandbox.count("conflict.foreseen", None),
        0,
        "line by line they merge"
    );
    let told = fs::read_to_string(sandbox.worktree("call").join(".orch/inbox.jsonl")).unwrap();
    assert!(
        told.contains("does that of plan rename; merged together they do not"),
        "{told}"
    );
    let risks = sandbox.orch("preview --json").code(0).json()["risks"].to_string();
    assert!(risks.contains("did not pass together"), "{risks}");

    // One of them is repaired: the others pass with it.
    sandbox
        .worktree("call")
        .write("uses/door.sh", "welcome 2> /dev/null || greet\n");
    sandbox.worktree("call").git("commit -qam mended");
    sandbox.happened("union.green", "rename");
    assert!(
        !sandbox.why("call").contains("together with"),
        "{}",
        sandbox.why("call")
    );
    let tried = trees(&sandbox);
    let mut seen = tried.clone();
    seen.sort();
    let most = seen.chunk_by(|a, b| a == b).map(<[String]>::len).max();
    assert_eq!(most, Some(2), "only a red union is tried once more: {tried:?}");
    for gate in ["rename", "call", "other"] {
        sandbox.open(gate);
    }
    up.end().code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn what_was_found_early_is_no_verdict_and_off_it_is_unless_asked_for() {
    for early in [true, false] {
        let sandbox = rename_and_call(&format!("early = {early}"));
        let up = sandbox.start("up");
        for gate in ["rename", "call", "other"] {
            sandbox.reached(gate);
        }
        if early {
            sandbox.happened("union.red", "call");
        }
        for gate in ["rename", "call", "other"] {
            sandbox.open(gate);
        }
        up.end().code(0).ok();
        let before = trees(&sandbox).len();
        assert_eq!(before == 0, !early);
        let target = sandbox.orch("merge").code(1);
        assert_eq!(sandbox.state("rename"), "landed", "{target:?}");
        assert_eq!(sandbox.state("call"), "held", "its own verification says so");
        let verified = trees(&sandbox).split_off(before);
        assert!(
            verified.len() >= 4,
            "each tree that lands, or is blamed, is verified: {verified:?}"
        );
        assert_eq!(sandbox.count("union.red", None) > 0, early);
    }
}

#[test]
fn a_worktree_is_given_back_as_soon_as_a_merge_needs_it() {
    let sandbox = Sandbox::new();
    sandbox.plan("done", "", &document(&[1]), "work 1.1");
    sandbox.plan(
        "open",
        "",
        &document(&[1]),
        "commit open.txt; gate open; work 1.1",
    );
    sandbox.gate("open");
    let endless = "test ! -e open.txt || test -e $MARKS/may || { touch $MARKS/began; sleep 1000 & wait; }";
    sandbox.tables(&format!("[merge]\nearly = true\nverify = '{endless}'"));
    let up = sandbox.start("up");
    sandbox.marked("began");
    sandbox.happened("plan.finished", "done");
    sandbox.orch("merge done").code(0).ok();
    assert_eq!(sandbox.state("done"), "landed");
    fs::write(sandbox.mark("may"), "").unwrap();
    sandbox.open("open");
    up.end().code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn a_supervisor_that_ends_or_is_killed_leaves_nothing_of_it() {
    for kill in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.settings("grace = \"100ms\"");
        sandbox.plan(
            "open",
            "",
            &document(&[1]),
            "commit open.txt; gate open; work 1.1",
        );
        sandbox.gate("open");
        sandbox.tables("[merge]\nearly = true\nverify = 'touch $MARKS/began; sleep 1000 & wait'");
        let up = sandbox.start("up");
        sandbox.marked("began");
        if kill {
            up.kill();
            fs::remove_file(sandbox.mark("began")).unwrap();
            let up = sandbox.start("up");
            sandbox.marked("began");
            sandbox.orch("down").code(0).ok();
            up.end().code(130).ok();
        } else {
            sandbox.open("open");
            up.end().code(0).ok();
        }
        wait_for("the end of all", || sandbox.processes().is_empty());
    }
}
