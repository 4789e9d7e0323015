//! Circles inside plans and across them, as `orch check` and `orch up` tell them.

use serde_json::Value;

use crate::support::Sandbox;

#[track_caller]
fn fault(sandbox: &Sandbox) -> Value {
    let json = sandbox.orch("check --json").code(2).json();
    let faults = json["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    sandbox
        .orch("up")
        .code(2)
        .says(faults[0]["message"].as_str().unwrap())
        .ok();
    assert!(!sandbox.join(".git/orch").exists(), "nothing is made");
    faults[0].clone()
}

#[test]
fn a_task_that_waits_for_a_later_phase_is_a_circle_named_with_every_line() {
    let sandbox = Sandbox::new();
    let text = "# P\n## Phase 1: a\n- [ ] 1.1 x (depends: 2.1)\n\n## Phase 2: b\n- [ ] 2.1 y\n";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nstrategy = \"pipeline\"\n",
        text,
        "true",
    );
    let fault = fault(&sandbox);
    assert_eq!(
        (&fault["file"], &fault["line"]),
        (&"plans/p.md".into(), &3.into())
    );
    assert!(
        fault["message"]
            .as_str()
            .unwrap()
            .contains("p.1.1 → p.2.1 → p.1.1"),
        "{fault}"
    );
    let hint = fault["hint"].as_str().unwrap();
    for part in [
        "`p.1.1` waits for `p.2.1` (plans/p.md:3)",
        "`p.2.1` comes after phase 1 (plans/p.md:5)",
    ] {
        assert!(hint.contains(part), "{part} is not in {hint}");
    }
}

#[test]
fn a_gate_that_opens_without_the_circle_is_none() {
    let sandbox = Sandbox::new();
    let mut text = String::from("# P\n## Phase 1: a\n");
    for task in 1..=5 {
        let waits = if task == 5 { " (depends: 2.1)" } else { "" };
        text += &format!("- [ ] 1.{task} x{waits}\n");
    }
    text += "## Phase 2: b\n- [ ] 2.1 y\n";
    // Four of five are enough, and the fifth waits for what they let begin.
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nstrategy = \"pipeline\"\n",
        &text,
        "true",
    );
    sandbox.orch("check").code(0).ok();
    let sandbox = Sandbox::new();
    let keys = "dispatch = \"task\"\nstrategy = \"pipeline\"\nphase_threshold = 1.0\n";
    sandbox.plan("p", keys, &text, "true");
    fault(&sandbox);
}

#[test]
fn an_early_start_that_waits_for_what_comes_later_is_a_circle() {
    let sandbox = Sandbox::new();
    let text = "# P\n## Phase 1: a (pipeline-start: when 2.1 completes)\n- [ ] 1.1 x\n- [ ] 1.2 y\n## Phase 2: b\n- [ ] \
                2.1 z\n";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nstrategy = \"pipeline\"\n",
        text,
        "true",
    );
    let fault = fault(&sandbox);
    assert!(fault["message"].as_str().unwrap().contains("→ p.2.1"), "{fault}");
    assert!(
        fault["hint"].as_str().unwrap().contains("pipeline-start"),
        "{fault}"
    );
}

#[test]
fn plans_that_wait_for_each_other_in_turn_are_no_circle() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "",
        "# A\n## Phase 1: x\n- [ ] 1.1 x\n## Phase 2: y (depends: b.phase1)\n- [ ] 2.1 y\n",
        "true",
    );
    sandbox.plan(
        "b",
        "",
        "# B\n## Phase 1: x (depends: a.phase1)\n- [ ] 1.1 x\n",
        "true",
    );
    sandbox.orch("check").code(0).ok();
}

#[test]
fn a_circle_across_plans_names_both_documents() {
    let sandbox = Sandbox::new();
    let keys = "dispatch = \"task\"\nstrategy = \"dag\"\n";
    let one = "# A\n## Phase 1: a\n- [ ] 1.1 x (depends: 2.1)\n- [ ] 1.2 y\n## Phase 2: b\n\
               - [ ] 2.1 z (depends: 1.2, b.1.1)\n";
    let other = "# B\n## Phase 1: b (depends: a.phase1)\n- [ ] 1.1 x\n";
    sandbox.plan("a", keys, one, "true");
    sandbox.plan("b", keys, other, "true");
    let fault = fault(&sandbox);
    let message = fault["message"].as_str().unwrap();
    assert!(message.contains("a.1.1 → a.2.1 → b.1.1 → a.1 → a.1.1"), "{fault}");
    let hint = fault["hint"].as_str().unwrap();
    for part in [
        "plans/a.md:3",
        "plans/a.md:6",
        "plans/b.md:2",
        "`b.1.1` waits for `a.1`",
    ] {
        assert!(hint.contains(part), "{part} is not in {hint}");
    }
}

#[test]
fn a_circle_is_refused_whatever_one_agent_is_given() {
    let text = "# P\n## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y (depends: 2.1)\n## Phase 2: b\n- [ ] 2.1 z\n";
    for dispatch in ["plan", "phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.plan("p", &format!("dispatch = \"{dispatch}\"\n"), text, "true");
        let fault = fault(&sandbox);
        let message = fault["message"].as_str().unwrap();
        assert!(message.contains("p.1.2 → p.2.1 → p.1.2"), "{dispatch}: {fault}");
    }
}

#[test]
fn a_dependency_on_a_later_phase_that_is_no_circle_is_warned_of_where_it_cannot_be_kept() {
    let text = "# P\n## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y (depends: 2.1)\n## Phase 2: b\n- [ ] 2.1 z (depends: none)\n";
    for (dispatch, warned) in [("plan", true), ("phase", true), ("task", false)] {
        let sandbox = Sandbox::new();
        sandbox.plan("p", &format!("dispatch = \"{dispatch}\"\n"), text, "true");
        let json = sandbox.orch("check --json").code(0).json();
        let warning = &json["warnings"][0];
        assert_eq!(warning["message"].is_string(), warned, "{dispatch}: {json}");
        if warned {
            assert_eq!(
                (&warning["line"], &warning["column"]),
                (&4.into(), &23.into()),
                "{json}"
            );
            assert!(
                warning["message"]
                    .as_str()
                    .unwrap()
                    .contains("2.1 comes afterwards"),
                "{json}"
            );
        }
    }
}
