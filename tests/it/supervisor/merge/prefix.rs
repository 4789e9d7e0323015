//! `orch merge PLAN.PHASE`: the finished first phases of a plan land while later ones are worked on, or are never done.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Said, Sandbox, document, steps, wait_for};

const VERIFY: &str = "[merge]\nverify = 'git rev-parse \"HEAD^{tree}\" >> \"$MARKS/trees\"'";

/// Works through three phases, each behind a gate, so that the commit of every end is known before anything follows.
const BY_PHASES: &str = "work 1.1; gate after-1; work 2.1; gate after-2; work 3.1";

fn auth(sandbox: &Sandbox, keys: &str, script: &str) {
    sandbox.plan("auth", keys, &document(&[1, 1, 1]), script);
    for gate in ["after-1", "after-2"] {
        sandbox.gate(gate);
    }
}

/// Waits until the commit of a phase's end is known.
fn ended(sandbox: &Sandbox, phase: u64) {
    wait_for(&format!("the end of phase {phase}"), || {
        let pinned = |event: &Value| {
            event["event"] == "plan.pinned"
                && event["plan"] == "auth"
                && event["data"]["point"] == json!({ "phase": phase })
        };
        sandbox.events().iter().any(pinned)
    });
}

fn files(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.git("ls-tree --name-only main");
    listed.lines().map(str::to_owned).collect()
}

/// A run in which phases 1 and 2 of `auth` are done and phase 3 fails.
fn failed_in_phase_3(keys: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    auth(
        &sandbox,
        keys,
        "work 1.1; gate after-1; work 2.1; gate after-2; exit 1",
    );
    sandbox.tables(VERIFY);
    run_through(&sandbox);
    sandbox
}

fn run_through(sandbox: &Sandbox) {
    let up = sandbox.start("up");
    for phase in [1, 2] {
        ended(sandbox, phase);
        sandbox.open(&format!("after-{phase}"));
    }
    up.end().code(1).ok();
}

#[test]
fn finished_phases_land_beside_a_running_supervisor_and_release_who_waits_for_that() {
    let sandbox = Sandbox::new();
    auth(&sandbox, "", BY_PHASES);
    sandbox.plan(
        "billing",
        "depends = [\"auth.2@landed\"]",
        &document(&[1]),
        "test -f auth-2.1.txt; ! test -e auth-3.1.txt; work 1.1",
    );
    sandbox.tables(VERIFY);
    let up = sandbox.start("up");
    ended(&sandbox, 1);
    let early = sandbox.orch("merge auth.2 --json").code(1).json();
    assert_eq!(early["plans"][0]["name"], "auth.2");
    assert_eq!(early["plans"][0]["outcome"], "skipped");
    assert_eq!(early["plans"][0]["why"], "phase 2 is not done");
    sandbox.open("after-1");
    ended(&sandbox, 2);
    assert_eq!(sandbox.state("billing"), "blocked");

    let before = sandbox.rev("main");
    let rehearsed = sandbox.orch("merge auth.2 --dry-run --json").code(0).json();
    assert_eq!(rehearsed["plans"][0]["outcome"], "landed");
    assert_eq!(sandbox.rev("main"), before, "a rehearsal moves nothing");
    let merged = sandbox.orch("merge auth.2 --json").code(0).json();
    let commit = sandbox.rev("main");
    assert_eq!(
        merged["plans"],
        json!([{ "name": "auth.2", "outcome": "landed", "commit": commit.as_str(), "why": null }])
    );
    assert_eq!(files(&sandbox), ["README.md", "auth-1.1.txt", "auth-2.1.txt"]);
    let verified = fs::read_to_string(sandbox.mark("trees")).unwrap();
    assert_eq!(verified.trim(), sandbox.git("rev-parse main^{tree}"));
    let message = sandbox.git("log -1 --format=%B main");
    assert!(
        message.starts_with("Merge plan auth up to phase 2: A plan\n"),
        "{message}"
    );
    assert!(
        message.contains("- 2.1 ") && !message.contains("- 3.1 "),
        "{message}"
    );
    assert!(message.trim_end().ends_with("Orch-Plan: auth.2"), "{message}");

    let shown = sandbox.shown("auth");
    assert_eq!(shown["state"], "running", "the plan itself has not landed");
    assert_eq!(
        shown["landed"],
        json!({ "commit": commit.as_str(), "up_to": 2, "phases": [1, 2] })
    );
    let why = sandbox.why("auth");
    assert!(why.contains("phases 1, 2 have landed on main"), "{why}");
    sandbox.orch("why auth.2").code(0).says("has landed (").ok();
    sandbox.orch("status auth").code(0).says("done, landed").ok();

    // Asked again, nothing moves and the answer is the same.
    sandbox.orch("merge auth.2").code(0).says("landed").ok();
    assert_eq!(sandbox.rev("main"), commit);

    sandbox.happened("plan.finished", "billing");
    sandbox.open("after-2");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("auth"), "finished");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("auth"), "landed");
    assert_eq!(sandbox.shown("auth")["landed"]["up_to"], Value::Null);
    assert!(files(&sandbox).contains(&"auth-3.1.txt".to_owned()));
    sandbox.nothing_is_left();
}

#[test]
fn phases_of_a_plan_that_failed_later_land_without_a_supervisor() {
    let sandbox = failed_in_phase_3("");
    assert_eq!(sandbox.state("auth"), "failed");
    sandbox.orch("merge auth").code(1).says("it failed").ok();
    sandbox
        .orch("merge auth.1")
        .code(0)
        .says("landed     auth.1")
        .ok();
    assert_eq!(files(&sandbox), ["README.md", "auth-1.1.txt"]);
    sandbox.orch("merge auth.2").code(0).ok();
    assert_eq!(files(&sandbox), ["README.md", "auth-1.1.txt", "auth-2.1.txt"]);
    // A shorter one takes nothing away.
    let tip = sandbox.rev("main");
    sandbox.orch("merge auth.1").code(0).ok();
    assert_eq!(sandbox.rev("main"), tip);
    assert_eq!(sandbox.shown("auth")["landed"]["phases"], json!([1, 2]));
    assert_eq!(
        sandbox.state("auth"),
        "failed",
        "what has landed changes no state"
    );

    // The phase that failed is tried again on what is there, and the rest lands.
    sandbox.script("auth", "work 3.1");
    sandbox.orch("retry auth").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("auth"), "landed");
    assert_eq!(
        sandbox.git("log --first-parent --format=%s main -3"),
        "Merge plan auth: A plan\nMerge plan auth up to phase 2: A plan\nMerge plan auth up to phase 1: A plan"
    );
}

#[test]
fn what_is_no_finished_prefix_is_refused_with_the_reason() {
    let sandbox = failed_in_phase_3("merge_strategy = \"squash\"");
    let tip = sandbox.rev("main");
    let no = |line: &str, code: i32, why: &str| sandbox.orch(line).code(code).says(why).ok();
    no("merge auth.1", 2, "merge_strategy = \"merge\"");
    no("merge auth.7", 2, "plan `auth` has no phase 7");
    no("merge auth.2.1", 2, "`auth.2.1` is a task");
    no("merge auth.1 auth.2", 2, "cannot be landed at once");
    no("merge auht.1", 2, "did you mean `auth`?");
    // The last phase ends the whole plan.
    no("merge auth.3", 1, "it failed");
    assert_eq!(sandbox.rev("main"), tip);
}

#[test]
fn a_prefix_lands_after_what_its_phases_wait_for_and_what_its_commits_hold_of_others() {
    for place in ["1", "3"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan("schema", "", &document(&[1]), "work 1.1");
        auth(
            &sandbox,
            &format!("[plans.auth.phases.{place}]\ndepends = [\"schema\"]"),
            "work 1.1; gate after-1; work 2.1; gate after-2; exit 1",
        );
        sandbox.tables(VERIFY);
        // Where phase 3 waits, the agent is only started when nothing has to be waited for on the way.
        if place == "3" {
            sandbox.orch("up schema").code(0).ok();
        }
        run_through(&sandbox);
        let skipped = sandbox.orch("merge auth.2 --json").code(1).json();
        assert_eq!(
            skipped["plans"][0]["outcome"], "skipped",
            "phase {place}: {skipped}"
        );
        assert!(
            skipped["plans"][0]["why"]
                .as_str()
                .unwrap()
                .contains("builds on schema"),
            "{skipped}"
        );
        assert_eq!(files(&sandbox), ["README.md"]);
        let merged = sandbox.orch("merge auth.2 schema --json").code(0).json();
        let order: Vec<&str> = merged["plans"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|plan| plan["name"].as_str())
            .collect();
        assert_eq!(order, ["schema", "auth.2"]);
        assert_eq!(files(&sandbox).len(), 4);
    }
}

#[test]
fn what_others_wait_for_of_a_plan_is_enough_for_them_to_land() {
    let sandbox = Sandbox::new();
    auth(&sandbox, "", BY_PHASES);
    sandbox.plan("billing", "depends = [\"auth.1\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    ended(&sandbox, 1);
    sandbox.happened("plan.finished", "billing");
    sandbox.orch("merge billing").code(1).says("builds on auth").ok();
    let merged = sandbox.orch("merge billing auth.1").code(0);
    assert_eq!(sandbox.state("billing"), "landed", "{merged:?}");
    assert_eq!(sandbox.state("auth"), "running");
    assert_eq!(files(&sandbox), ["README.md", "auth-1.1.txt", "billing-1.1.txt"]);
    for gate in ["after-1", "after-2"] {
        sandbox.open(gate);
    }
    up.end().code(0).ok();
}

#[test]
fn a_red_prefix_is_not_landed_and_holds_up_nobody() {
    let sandbox = failed_in_phase_3("");
    sandbox.tables("");
    let red = "verify = 'git rev-parse \"HEAD^{tree}\" >> \"$MARKS/trees\"; test ! -f auth-2.1.txt'";
    let text = sandbox
        .read("plans.toml")
        .replace(VERIFY, &format!("[merge]\n{red}"));
    sandbox.write("plans.toml", text);
    let tip = sandbox.rev("main");
    sandbox
        .orch("merge auth.2")
        .code(1)
        .says("the merged tree does not pass")
        .ok();
    assert_eq!(sandbox.rev("main"), tip);
    let why = sandbox.why("auth");
    assert!(
        why.contains("up to phase 2: the merged tree does not pass"),
        "{why}"
    );
    assert_eq!(sandbox.state("auth"), "failed");
    sandbox.orch("merge auth.1").code(0).ok();
    assert_eq!(files(&sandbox), ["README.md", "auth-1.1.txt"]);
}

#[test]
fn a_prefix_is_taken_back_only_when_nothing_goes_on_from_it() {
    let sandbox = Sandbox::new();
    auth(&sandbox, "", BY_PHASES);
    let up = sandbox.start("up");
    ended(&sandbox, 1);
    sandbox.orch("merge auth.1").code(0).ok();
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    let tip = sandbox.rev("main");
    sandbox
        .orch("revert auth")
        .code(2)
        .says("only phase 1 of plan auth is on main")
        .says("orch cancel auth")
        .ok();
    assert_eq!(sandbox.rev("main"), tip);

    let failed = failed_in_phase_3("");
    for part in ["auth.1", "auth.2"] {
        failed.orch(&format!("merge {part}")).code(0).ok();
    }
    failed.orch("revert auth").code(0).says("taken back: auth").ok();
    assert_eq!(files(&failed), ["README.md"]);
    assert_eq!(failed.shown("auth")["landed"], Value::Null);
    assert!(
        failed
            .git("log -1 --format=%B main")
            .starts_with("Revert plan auth: A plan\n")
    );
    // What was taken back is not landed again by asking for it.
    failed.orch("merge auth.2").code(2).ok();
    assert_eq!(files(&failed), ["README.md"]);
}

#[test]
fn a_whole_plan_whose_prefix_landed_before_is_taken_back_as_a_whole() {
    let sandbox = Sandbox::new();
    auth(&sandbox, "", BY_PHASES);
    sandbox.plan("other", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    ended(&sandbox, 1);
    sandbox.orch("merge auth.1").code(0).ok();
    for gate in ["after-1", "after-2"] {
        sandbox.open(gate);
    }
    up.end().code(0).ok();
    sandbox.orch("merge").code(0).ok();
    // Landing what is there brings nothing, and so takes nothing away.
    sandbox.orch("merge auth").code(0).ok();
    sandbox.orch("revert auth").code(0).ok();
    assert_eq!(files(&sandbox), ["README.md", "other-1.1.txt"]);
}

/// Lands up to phase 2; the K-th step that a process takes is its last. 0 for none.
fn dying_at(sandbox: &Sandbox, k: usize) -> Said {
    let points = sandbox.beside("points");
    let mut command = sandbox.command(["merge", "auth.2"]);
    command.env("FAULT_POINTS", format!("{}:{k}", points.display()));
    Said::of(&mut command)
}

#[test]
fn whoever_dies_while_a_prefix_lands_it_lands_once() {
    let sandbox = failed_in_phase_3("");
    dying_at(&sandbox, 0).code(0).ok();
    let count = fs::read_to_string(sandbox.beside("points"))
        .unwrap()
        .lines()
        .count();
    let tree = sandbox.git("rev-parse main^{tree}");
    let step = (count / 8).max(1);
    let points: Vec<usize> = (1..=count).step_by(step).collect();
    for k in steps(points.len()).map(|n| points[n]) {
        let sandbox = failed_in_phase_3("");
        let said = dying_at(&sandbox, k);
        sandbox.orch("merge auth.2").code(0).ok();
        assert_eq!(sandbox.git("rev-parse main^{tree}"), tree, "point {k}: {said:?}");
        assert_eq!(
            sandbox.git("rev-list --first-parent --count main"),
            "2",
            "point {k}"
        );
        assert_eq!(
            sandbox.git("status --porcelain -uno"),
            "",
            "point {k}: the checkout follows"
        );
        assert_eq!(
            sandbox.shown("auth")["landed"]["phases"],
            json!([1, 2]),
            "point {k}"
        );
        sandbox.nothing_is_left();
    }
    println!("merge of a prefix: {count} points, every {step}th was the last of a process");
}

#[test]
fn a_phase_of_which_a_task_is_said_to_have_failed_after_all_does_not_land() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let script = "work 1.1; gate after-1; orch task fail -q 1.1 --note broken; gate after-2; exit 1";
    auth(&sandbox, "", script);
    let up = sandbox.start("up");
    ended(&sandbox, 1);
    sandbox.open("after-1");
    sandbox.reached("after-2");
    sandbox.happened("task.failed", "auth");
    let before = sandbox.rev("main");
    sandbox.orch("merge auth.1").code(1).ok();
    assert_eq!(sandbox.rev("main"), before);
    sandbox.open("after-2");
    up.end().code(1).ok();
}

#[test]
fn phases_that_landed_are_known_again_when_the_journal_is_lost() {
    let sandbox = failed_in_phase_3("");
    sandbox.orch("merge auth.1").code(0).ok();
    sandbox.orch("merge auth.2").code(0).ok();
    let landed = sandbox.shown("auth")["landed"].clone();
    for file in ["orch.db", "orch.db-wal", "orch.db-shm"] {
        let _ = fs::remove_file(sandbox.join(".git/orch").join(file));
    }
    sandbox.orch("doctor --fix").ok();
    sandbox.orch("doctor").code(0).ok();
    assert_eq!(sandbox.shown("auth")["landed"], landed);
    assert_eq!(sandbox.shown("auth")["attempts"].as_array().unwrap().len(), 1);
    sandbox.orch("why auth.2").code(0).says("has landed (").ok();
    // Asked again, nothing moves.
    let tip = sandbox.rev("main");
    sandbox.orch("merge auth.2").ok();
    assert_eq!(sandbox.rev("main"), tip);
    // Who waits for it continues, and so does the rest of the plan.
    sandbox.plan(
        "billing",
        "depends = [\"auth.2@landed\"]",
        &document(&[1]),
        "work 1.1",
    );
    sandbox.script("auth", "work 3.1");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("auth"), "held");
    assert_eq!(sandbox.state("billing"), "landed");
    // Whether the rest may land nobody knows any more.
    sandbox.orch("retry auth").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("auth"), "landed");
    sandbox.nothing_is_left();
}
