//! The verification of a phase: run on the commit with which it ends, before that is pinned.

use std::fs;

use serde_json::Value;

use crate::support::Sandbox;

const TWO: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B\n\n- [ ] 2.1 c\n";

fn said(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events();
    let facts = events.iter().filter(|event| event["event"] == "phase.verify");
    facts
        .map(|fact| {
            format!(
                "{}.{} {}",
                fact["plan"].as_str().unwrap(),
                fact["phase"],
                fact["data"]["said"].as_str().unwrap()
            )
        })
        .collect()
}

fn event(sandbox: &Sandbox, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let events = sandbox.events();
    let found = events
        .into_iter()
        .find(|event| event["event"] == name && fits(event));
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// The first attempt at phase 1 makes what is red, the second what is green.
const MENDS: &str = "case ${ORCH_TASK:-$ORCH_PHASE} in\n\
     1.1) work 1.1;;\n\
     1*) n=0; test ! -e $MARKS/first || n=1; mark first\n\
        if test $n = 0; then echo bad > state; else cp \"$ORCH_PROMPT_FILE\" $MARKS/told; echo good > state; fi\n\
        git add .; git commit -q -m state; work ${ORCH_TASK:-1.1 1.2};;\n\
     *) test $(cat state) = good; work 2.1;; esac";

fn red_phase_starts_nobody(settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("max_agents = 3\nretries = 2\n{settings}"));
    sandbox.plan(
        "a",
        "[plans.a.phases.1]\nverify = \"echo looked at $(cat state) >&2; test $(cat state) = good\"",
        TWO,
        MENDS,
    );
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]",
        "# B\n\n## Phase 1: A\n\n- [ ] 1.1 x\n",
        "test $(cat state) = good; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    sandbox
}

#[test]
fn a_red_phase_is_not_done_its_agent_is_told_and_nobody_begins_behind_it() {
    for settings in [
        "",
        "dispatch = \"phase\"",
        "dispatch = \"task\"\nparallel_tasks = 1",
    ] {
        let sandbox = red_phase_starts_nobody(settings);
        assert_eq!(
            said(&sandbox),
            ["a.1 started", "a.1 failed", "a.1 started", "a.1 passed"],
            "{settings}"
        );
        let told = fs::read_to_string(sandbox.mark("told")).unwrap();
        assert!(told.contains("looked at bad"), "{told}");
        let passed = event(&sandbox, "phase.verify", |fact| fact["data"]["said"] == "passed");
        let pinned = event(&sandbox, "plan.pinned", |fact| {
            fact["plan"] == "a" && fact["data"]["point"] != "plan"
        });
        assert_eq!(
            passed["data"]["ran"]["commit"], pinned["data"]["commit"],
            "{settings}"
        );
        let tree = sandbox.git(&format!(
            "rev-parse {}^{{tree}}",
            pinned["data"]["commit"].as_str().unwrap()
        ));
        assert_eq!(passed["data"]["ran"]["tree"], tree.as_str());
        for plan in ["a", "b"] {
            assert_eq!(sandbox.state(plan), "finished", "{settings}");
        }
    }
}

#[test]
fn a_sync_point_is_reached_when_each_of_its_commits_passes() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2\nretries = 0");
    for plan in ["a", "b"] {
        sandbox.plan(
            plan,
            "",
            TWO,
            "case $ORCH_PHASE in 1) echo $ORCH_PLAN > contract.$ORCH_PLAN; commit contract.$ORCH_PLAN; work 1.1 1.2;; \
             *) test -f contract.a -a -f contract.b; work 2.1;; esac",
        );
    }
    sandbox.tables("[sync.contract]\npoints = [\"a.1\", \"b.1\"]\nverify = \"ls contract.a\"");
    sandbox.orch("up").code(1).ok();
    let mut said = said(&sandbox);
    said.sort();
    assert_eq!(said, ["a.1 passed", "a.1 started", "b.1 failed", "b.1 started"]);
    assert_eq!(sandbox.starts().len(), 2, "nobody goes on behind the point");
    assert_ne!(sandbox.state("a"), "finished");
    assert!(
        sandbox.why("b").contains("phase 1 does not pass its `verify`"),
        "{}",
        sandbox.why("b")
    );
}

#[test]
fn a_verification_that_was_cut_short_is_run_again_by_the_next_up() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "[plans.a.phases.1]\nverify = \"test -e $MARKS/again || { touch $MARKS/under-way; sleep 60; }\"",
        TWO,
        "case $ORCH_PHASE in 1) work 1.1 1.2;; *) work 2.1;; esac",
    );
    let up = sandbox.start("up");
    sandbox.marked("under-way");
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    assert_eq!(
        sandbox.count("phase.done", Some("a")) + sandbox.count("leg.done", Some("a")),
        0
    );
    fs::write(sandbox.mark("again"), "").unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["a-1", "a-2"], "its agent is not started again");
    assert_eq!(sandbox.state("a"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn what_one_agent_makes_behind_a_phase_is_not_done_before_that_was_verified() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "a",
        "[plans.a.phases.1]\nverify = \"false\"",
        TWO,
        "work 1.1 1.2 2.1",
    );
    sandbox.plan(
        "b",
        "depends = [\"a.2\"]",
        "# B\n\n## Phase 1: A\n\n- [ ] 1.1 x\n",
        "work 1.1",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.count("phase.done", Some("a")), 0);
    assert_eq!(sandbox.count("plan.pinned", Some("a")), 0);
    assert!(!sandbox.starts().contains(&"b-1".to_owned()));
}

#[test]
fn a_phase_that_was_opened_again_is_verified_again_before_anybody_starts_from_it() {
    for settings in ["", "dispatch = \"phase\"", "dispatch = \"task\""] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!("retries = 0\n{settings}"));
        sandbox.plan(
            "a",
            "[plans.a.phases.1]\nverify = \"test ! -e bad\"",
            "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 c\n",
            "case $ORCH_PHASE in 1*) if [ -e $MARKS/again ]; then touch bad; commit bad; fi; mark again; work 1.1; \
             case $ORCH_PHASE in 1) ;; *) exit 1;; esac;; *) exit 1;; esac",
        );
        sandbox.plan(
            "b",
            "depends = [\"a.1\"]",
            "# B\n\n## Phase 1: A\n\n- [ ] 1.1 x\n",
            "work 1.1",
        );
        sandbox.orch("up a").code(1).ok();
        assert_eq!(said(&sandbox), ["a.1 started", "a.1 passed"], "{settings}");
        sandbox.orch("task fail 1.1 --plan a").code(0).ok();
        sandbox.orch("up").code(1).ok();
        let again = ["a.1 started", "a.1 passed", "a.1 started", "a.1 failed"];
        assert_eq!(said(&sandbox), again, "{settings}");
        assert!(
            !sandbox.starts().contains(&"b-1".to_owned()),
            "{settings}: {}",
            sandbox.why("b")
        );
    }
}

#[test]
fn a_verified_phase_behind_one_that_was_opened_again_is_verified_again_when_that_is_done() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ndispatch = \"phase\"");
    sandbox.plan(
        "a",
        "[plans.a.phases.2]\nverify = \"test $(cat state) = good && echo run >> $MARKS/ran\"",
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n\n## Phase 3: C\n\n- [ ] 3.1 c\n",
        "case $ORCH_PHASE in 1) echo good > state; if [ -e $MARKS/again ]; then mark twice; fi; mark again; work 1.1;; \
         2) work 2.1;; *) test -e $MARKS/twice && work 3.1;; esac",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(said(&sandbox), ["a.2 started", "a.2 passed"]);
    sandbox.orch("task fail 1.1 --plan a").code(0).ok();
    sandbox.orch("retry a").ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(
        said(&sandbox),
        ["a.2 started", "a.2 passed", "a.2 started", "a.2 passed"]
    );
    let events = sandbox.events();
    let place = |fits: &dyn Fn(&Value) -> bool| events.iter().rposition(fits).unwrap();
    let redone = place(&|event| event["event"] == "task.done" && event["task"] == "1.1");
    let verified = place(&|event| event["event"] == "phase.verify" && event["data"]["said"] == "started");
    assert!(
        redone < verified,
        "verified before what it stands on was there again"
    );
    assert_eq!(sandbox.state("a"), "finished");
}

#[test]
fn what_passed_counts_for_the_commit_that_was_verified_and_no_other() {
    for dispatch in ["plan", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let marks = sandbox.mark("");
        let line = format!(
            "touch {0}/verifying; until test -e {0}/go; do sleep 0.05; done; test ! -e bad",
            marks.display()
        );
        let keys = format!("dispatch = {dispatch:?}\n[plans.p.phases.1]\nverify = {line:?}");
        sandbox.plan("p", &keys, &crate::support::document(&[1]), "work 1.1");
        let up = sandbox.start("up --merge");
        sandbox.marked("verifying");
        let tree = sandbox.worktree("p");
        tree.write("bad", "bad\n");
        tree.git("add bad");
        tree.git("commit -q -m bad");
        fs::write(sandbox.mark("go"), "").unwrap();
        up.end().code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert!(sandbox.why("p").contains("verify"), "{}", sandbox.why("p"));
    }
}

#[test]
fn a_person_who_mends_what_a_phase_is_verified_by_needs_no_branch_of_the_unit() {
    for dispatch in ["phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let green = sandbox.mark("green");
        let keys = format!(
            "dispatch = {dispatch:?}\n[plans.p.phases.1]\nverify = \"test -e {}\"",
            green.display()
        );
        sandbox.plan("p", &keys, &crate::support::document(&[1]), "work 1.1");
        sandbox.orch("up --merge").code(1).ok();
        fs::write(&green, "").unwrap();
        sandbox.orch("task done 1.1 --plan p").code(0).ok();
        sandbox.script("p", "mark again; exit 3");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(
            sandbox.state("p"),
            "landed",
            "{dispatch}: {}",
            sandbox.orch("log").out
        );
        assert!(!sandbox.mark("again").exists(), "{dispatch}");
    }
}
