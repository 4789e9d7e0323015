//! Conflicts of the first phases of a plan with the target: resolved by a person, as they were before, or by an agent, as those
//! of whole plans are.

use std::fs;

use serde_json::{Value, json};

use crate::support::{KEEPS_BOTH, Sandbox, document, wait_for};

const BOTH: &str = "top\nfrom other\nfrom auth\nbottom\n";

/// `other` has landed a line where phase 1 of `auth` adds another; phase 2 is not done.
fn at_odds(merge: &str, fixer: &str) -> Sandbox {
    let sandbox = planned(merge, fixer);
    let up = sandbox.start("up");
    ended(&sandbox);
    sandbox.open("after-1");
    up.end().code(1).ok();
    sandbox.orch("merge other").code(0).ok();
    sandbox
}

fn planned(merge: &str, fixer: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.fixer(merge, "", fixer);
    let adds = |plan: &str| format!("sed -i '1a from {plan}' shared.txt; git commit -qam {plan}; work 1.1");
    sandbox.plan("other", "", &document(&[1]), &adds("other"));
    let script = format!("{}; gate after-1; exit 1", adds("auth"));
    sandbox.plan("auth", "verify = 'exit 1'", &document(&[1, 1]), &script);
    sandbox.gate("after-1");
    sandbox
}

/// Waits until the commit of the first phase's end is known.
fn ended(sandbox: &Sandbox) {
    wait_for("the end of phase 1", || {
        let pinned = |event: &Value| {
            event["event"] == "plan.pinned"
                && event["plan"] == "auth"
                && event["data"]["point"] == json!({ "phase": 1 })
        };
        sandbox.events().iter().any(pinned)
    });
}

fn shared(sandbox: &Sandbox) -> String {
    sandbox.git("show main:shared.txt") + "\n"
}

#[test]
fn first_phases_that_conflict_are_resolved_in_a_worktree_and_land_and_the_rest_lands_on_them() {
    let sandbox = at_odds("verify = 'grep -q top shared.txt'", "");
    let before = sandbox.rev("main");
    let held = sandbox
        .orch("merge auth.1")
        .code(1)
        .says("orch merge --resolve auth.1");
    held.ok();
    sandbox
        .orch("why auth")
        .code(0)
        .says("orch merge --resolve auth.1")
        .ok();
    let opened = sandbox.orch("merge --resolve").code(0).says("shared.txt");
    opened.says("orch merge --continue auth.1").ok();
    let place = sandbox.worktree("auth.resolve");
    assert!(place.status().contains("UU shared.txt"), "{}", place.status());
    sandbox
        .orch("why auth")
        .code(0)
        .says("orch merge --continue auth.1")
        .ok();
    sandbox
        .orch("merge --resolve auth")
        .code(2)
        .says("is the conflict of auth.1")
        .says("orch merge --abort auth.1")
        .ok();
    sandbox
        .orch("merge --continue auth")
        .code(2)
        .says("--continue auth.1")
        .ok();
    place.write("shared.txt", BOTH);
    place.git("add shared.txt");
    let merged = sandbox.orch("merge --continue --json").code(0).json();
    assert_eq!(merged["plans"][0]["name"], "auth.1");
    assert_eq!(merged["plans"][0]["outcome"], "landed");
    assert_eq!(shared(&sandbox), BOTH);
    assert_eq!(
        sandbox.git("log -1 --format=%P main").split(' ').next(),
        Some(before.as_str())
    );
    let message = sandbox.git("log -1 --format=%B main");
    assert!(message.trim_end().ends_with("Orch-Plan: auth.1"), "{message}");
    assert_eq!(sandbox.shown("auth")["landed"]["phases"], json!([1]));
    assert_eq!(sandbox.state("auth"), "failed", "the plan itself has not landed");
    assert_eq!(sandbox.git("for-each-ref refs/orch/resolve"), "");
    assert!(!place.path().exists());
    sandbox.orch("doctor").code(0).ok();

    let manifest = sandbox.read("plans.toml").replace("verify = 'exit 1'", "");
    sandbox.write("plans.toml", manifest);
    sandbox.script("auth", "work 2.1");
    sandbox.orch("retry auth").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("auth"), "landed");
    assert_eq!(shared(&sandbox), BOTH);
    sandbox.nothing_is_left();
}

#[test]
fn what_was_begun_on_first_phases_is_given_up() {
    let sandbox = at_odds("", "");
    let before = sandbox.rev("main");
    sandbox.orch("merge --abort auth.1").code(2).ok();
    sandbox.orch("merge --resolve auth.1").code(0).ok();
    let place = sandbox.worktree("auth.resolve");
    place.write("shared.txt", "half of it\n");
    sandbox.orch("merge --abort auth.1").code(0).says("given up").ok();
    assert!(!place.path().exists());
    let refs = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup/auth");
    let half = |name: &str| sandbox.git(&format!("show {name}:shared.txt")) == "half of it";
    assert!(refs.lines().any(half), "{refs}");
    assert_eq!(sandbox.rev("main"), before);
    // What is not done cannot be resolved either.
    sandbox
        .orch("merge --resolve auth")
        .code(2)
        .says("not finished")
        .ok();
}

/// Everything that a rehearsal could touch.
fn traces(sandbox: &Sandbox) -> Vec<String> {
    let mut all: Vec<String> = ["for-each-ref", "worktree list --porcelain", "status --porcelain"]
        .into_iter()
        .map(|line| sandbox.git(line))
        .collect();
    for folder in [
        ".git/rr-cache",
        ".git/orch",
        ".git/orch/worktrees",
        ".git/worktrees",
    ] {
        let entries = fs::read_dir(sandbox.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| format!("{:?}", entry.path())).collect();
        // The database's own, made by whoever reads it.
        names.retain(|name| !name.contains("orch.db-"));
        names.sort();
        all.extend(names);
    }
    all
}

/// A person resolves it elsewhere, and git records how.
fn resolved_elsewhere(sandbox: &Sandbox) {
    sandbox.git("checkout -q -b elsewhere");
    let merged = sandbox.try_git([
        "-c",
        "rerere.enabled=true",
        "merge",
        "-q",
        "refs/orch/pins/auth/1",
    ]);
    assert!(!merged.status.success());
    sandbox.write("shared.txt", BOTH);
    sandbox.git("-c rerere.enabled=true commit -q -a -m by-hand");
    sandbox.git("checkout -q main");
}

#[test]
fn first_phases_are_resolved_as_they_were_before_and_a_rehearsal_says_so() {
    let sandbox = at_odds("", "");
    resolved_elsewhere(&sandbox);
    let before = traces(&sandbox);
    sandbox
        .orch("merge auth.1 --dry-run")
        .code(0)
        .says("would land auth.1  shared.txt resolved as before")
        .ok();
    assert_eq!(traces(&sandbox), before, "a rehearsal touches nothing");
    sandbox
        .orch("merge auth.1")
        .code(0)
        .says("shared.txt resolved as before")
        .ok();
    assert_eq!(shared(&sandbox), BOTH);
    assert_eq!(sandbox.shown("auth")["landed"]["phases"], json!([1]));
}

#[test]
fn an_agent_resolves_first_phases_while_the_rest_is_worked_on() {
    let settings = "on_conflict = \"agent\"\nresolver = \"fixer\"";
    let sandbox = planned(
        settings,
        &format!("cp \"$ORCH_PROMPT_FILE\" \"$MARKS/prompt\"; {KEEPS_BOTH}"),
    );
    sandbox.script(
        "auth",
        "sed -i '1a from auth' shared.txt; git commit -qam auth; work 1.1; gate after-1; work 2.1",
    );
    let manifest = sandbox.read("plans.toml").replace("verify = 'exit 1'", "");
    sandbox.write("plans.toml", manifest);
    let up = sandbox.start("up");
    ended(&sandbox);
    sandbox.happened("plan.finished", "other");
    sandbox.orch("merge other").code(0).ok();
    let rehearsed = sandbox.orch("merge auth.1 --dry-run").code(1);
    rehearsed.says("agent fixer would be given it").ok();
    assert_eq!(sandbox.count("resolve.started", None), 0);
    sandbox
        .orch("merge auth.1")
        .code(0)
        .says("landed     auth.1")
        .ok();
    assert_eq!(shared(&sandbox), BOTH);
    assert_eq!(sandbox.count("resolve.started", Some("auth")), 1);
    let prompt = fs::read_to_string(sandbox.mark("prompt")).unwrap();
    assert!(prompt.contains("phase 1"), "{prompt}");
    assert_eq!(sandbox.shown("auth")["state"], "running");
    assert_eq!(sandbox.shown("auth")["landed"]["phases"], json!([1]));
    sandbox.open("after-1");
    up.end().code(0).ok();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("auth"), "landed");
    sandbox.nothing_is_left();
}

#[test]
fn what_an_agent_could_not_resolve_of_first_phases_is_finished_by_a_person() {
    let sandbox = at_odds(
        "on_conflict = \"agent\"\nresolver = \"fixer\"",
        "git add shared.txt; git commit -q --no-edit",
    );
    sandbox
        .orch("merge auth.1")
        .code(1)
        .says("could not resolve it")
        .says("orch merge --continue auth.1")
        .ok();
    sandbox.orch("merge auth.1").code(1).ok();
    assert_eq!(
        sandbox.count("resolve.started", Some("auth")),
        1,
        "once as things stand"
    );
    let place = sandbox.worktree("auth.resolve");
    place.write("shared.txt", BOTH);
    place.git_args(["commit", "-q", "-a", "-m", "finished by hand"]);
    sandbox.orch("merge --continue auth.1").code(0).ok();
    assert_eq!(shared(&sandbox), BOTH);
    sandbox.nothing_is_left();
}

#[test]
fn a_rehearsal_names_what_is_to_be_made_anew_and_runs_nothing() {
    let regenerate = "verify = 'cat lock.txt'\nregenerate = [{path = \"lock.txt\", command = 'touch \"$MARKS/made\"; cat *.dep > lock.txt'}]";
    let sandbox = Sandbox::new();
    sandbox.tables(&format!("[merge]\n{regenerate}"));
    sandbox.write("lock.txt", "");
    sandbox.git("add lock.txt");
    sandbox.git("commit -q -m lock");
    for plan in ["one", "two", "three"] {
        let script = format!(
            "echo {plan} > {plan}.dep; cat *.dep > lock.txt; git add .; git commit -qm {plan}; work 1.1"
        );
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up").code(0).ok();
    let before = traces(&sandbox);
    let said = sandbox.orch("merge --dry-run").code(0);
    assert_eq!(
        said.out.matches("is to make lock.txt anew").count(),
        2,
        "{said:?}"
    );
    assert_eq!(traces(&sandbox), before, "a rehearsal touches nothing");
    assert!(!sandbox.mark("made").exists());
    let rehearsed = sandbox.orch("merge two one --dry-run --json").code(0).json();
    assert_eq!(rehearsed["plans"][0]["why"], Value::Null);
    assert!(
        rehearsed["plans"][1]["why"].as_str().unwrap().contains("anew"),
        "{rehearsed}"
    );
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.read("lock.txt"), "one\nthree\ntwo\n");
}
