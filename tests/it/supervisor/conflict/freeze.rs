//! Work in the files of another plan's conflict does not begin until the conflict is resolved.

use crate::support::{Sandbox, document};

/// `one` has landed and `two`, which changes the same line, is held. `three` and `four` have a second phase in the same file, and
/// `four` does not mind. `busy` keeps the supervisor up.
fn held() -> (Sandbox, crate::support::Running) {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 5\nmerge = \"auto\"");
    sandbox.write("src/shared.rs", "nobody\n");
    sandbox.commit("a file for all");
    for gate in ["two", "three", "four", "busy"] {
        sandbox.gate(gate);
    }
    let change =
        |plan: &str| format!("sed -i s/nobody/{plan}/ src/shared.rs; git commit -qam {plan}; work 1.1");
    sandbox.plan("one", "", &document(&[1]), &change("one"));
    sandbox.plan(
        "two",
        "",
        &document(&[1]),
        &format!("gate two; {}", change("two")),
    );
    sandbox.plan("busy", "", &document(&[1]), "gate busy; work 1.1");
    let text =
        "# P\n\n## Phase 1: a\n\n- [ ] 1.1 Begin\n\n## Phase 2: b\n\n- [ ] 2.1 Change `src/shared.rs`\n";
    for (plan, keys) in [("three", ""), ("four", "overlap = \"allow\"")] {
        let script = format!("case $ORCH_PHASE in 1) gate {plan};; esac; work $ORCH_PHASE.1");
        sandbox.plan(
            plan,
            &format!("dispatch = \"phase\"\nmerge = \"manual\"\n{keys}"),
            text,
            &script,
        );
    }
    let up = sandbox.start("up");
    sandbox.happened("merge.landed", "one");
    sandbox.open("two");
    sandbox.happened("merge.failed", "two");
    assert_eq!(sandbox.state("two"), "held");
    for plan in ["three", "four"] {
        sandbox.open(plan);
        sandbox.happened("leg.done", plan);
    }
    (sandbox, up)
}

#[test]
fn work_that_has_not_begun_waits_until_the_conflict_is_settled_unless_its_plan_does_not_mind() {
    let (sandbox, up) = held();
    sandbox.happened("plan.finished", "four");
    assert_eq!(sandbox.state("three"), "blocked");
    let why = sandbox.why("three");
    assert!(
        why.contains("waits until the conflict of two in src/shared.rs is resolved"),
        "{why}"
    );
    // Who looks for what needs a person is told what waits for it.
    let attention = sandbox.orch("status --json").code(0).json()["attention"].clone();
    assert_eq!(
        (&attention[0]["plan"], &attention[0]["kind"]),
        (&"two".into(), &"conflict".into())
    );
    // Who does not want to resolve it now sets it aside.
    sandbox.orch("pause two").code(0).ok();
    sandbox.happened("plan.finished", "three");
    sandbox.open("busy");
    up.end().ok();
    sandbox.nothing_ran_twice();
}

#[test]
fn a_resolution_by_a_person_ends_the_wait() {
    let (sandbox, up) = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    assert_eq!(sandbox.state("three"), "blocked", "it is not resolved yet");
    let place = sandbox.worktree("two.resolve");
    place.write("src/shared.rs", "one and two\n");
    place.git("add src/shared.rs");
    sandbox.orch("merge --continue two").code(0).ok();
    sandbox.happened("merge.landed", "two");
    sandbox.happened("plan.finished", "three");
    sandbox.open("busy");
    up.end().code(0).ok();
}
