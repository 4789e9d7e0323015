//! Agents that do more than they were given, or say nothing of what they were given.

use crate::support::{Sandbox, document};

#[test]
fn what_an_agent_did_ahead_of_its_leg_needs_no_commit_when_its_turn_comes() {
    for dispatch in ["plan", "phase"] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!("retries = 0\nmax_agents = 1\ndispatch = {dispatch:?}"));
        let text = "# A\n\n## Phase 1: One\n\n- [ ] 1.1 a\n\n## Phase 2: Two\n\n- [ ] 2.1 b\n- [ ] 2.2 c\n";
        // Whoever is given phase 2 finds it done.
        let script = "test -e a-2.2.txt || work 1.1 2.1 2.2";
        let keys = "priority = \"high\"\n[plans.a.phases.2]\ntimeout = \"1h\"";
        sandbox.plan("a", keys, text, script);
        sandbox.plan("b", "", &document(&[1]), "work 1.1");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("a"), "landed", "{dispatch}: {}", sandbox.why("a"));
        assert_eq!(sandbox.starts().len(), 3, "{dispatch}");
    }
}

#[test]
fn what_is_claimed_of_a_later_phase_waits_for_the_earlier_ones() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2\nparallel_tasks = 2\ndispatch = \"task\"\nstrategy = \"pipeline\"");
    sandbox.gate("slow");
    let script = "case $ORCH_TASK in 1.1) gate slow; work 1.1;; 1.2) work 1.2; orch task done -q 2.1;; *) work $ORCH_TASK;; esac";
    sandbox.plan("p", "", &document(&[2, 1]), script);
    sandbox.plan("q", "depends = [\"p.2\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("slow");
    sandbox.happened("work.merged", "p");
    assert_eq!(sandbox.count("plan.pinned", Some("p")), 0, "phase 1 is not done");
    sandbox.open("slow");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("q"), "finished", "{}", sandbox.why("q"));
    assert!(sandbox.starts().len() > 3, "2.1 was given to somebody");
}

#[test]
fn a_check_about_which_nothing_is_said_has_not_passed() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] it holds\n";
    for (said, state) in [("", "failed"), ("orch task done -q 1.verify", "finished")] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0\ndispatch = \"task\"");
        let script = format!("case $ORCH_TASK in 1.verify) {said} :;; *) work $ORCH_TASK;; esac");
        sandbox.plan(
            "p",
            "",
            text,
            &script.replace(" :;;", ";;").replace(") ;;", ") :;;"),
        );
        sandbox.orch("up").code(i32::from(state == "failed")).ok();
        assert_eq!(sandbox.state("p"), state, "{}", sandbox.why("p"));
    }
}
