//! `orch prompt`, and templates of a repository's own.

use crate::support::{Sandbox, document};

#[test]
fn what_would_be_sent_is_what_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        &document(&[2, 1]),
        "orch task done -q 1.1; echo out of luck; exit 3",
    );
    let first = sandbox.orch("prompt p").code(0).out;
    assert!(first.contains("They are the whole plan."), "{first}");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.attempt_file("p-1", "prompt.md"), first);
    let next = sandbox.orch("prompt p").code(0).out;
    for part in ["attempt 2", "out of luck", "Still open: 1.2, 2.1.", "[x] 1.1"] {
        assert!(next.contains(part), "{part} is missing in {next}");
    }
    let phase = sandbox.orch("prompt p.2").code(0).out;
    assert!(
        phase.contains("nothing of the plan's other phases") && !phase.contains("1.1"),
        "{phase}"
    );
    let task = sandbox.orch("prompt p.1.2 --json").code(0).json();
    assert_eq!(task["units"], serde_json::json!(["1.2"]));
    assert!(task["prompt"].as_str().unwrap().contains("Do this one task"));
    sandbox.orch("prompt p.7").code(2).says("has no phase 7").ok();
    sandbox.orch("prompt q").code(2).says("did you mean `p`?").ok();
}

#[test]
fn the_next_attempt_is_shown_what_was_said_and_not_the_events_that_said_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let event = r#"{"type":"assistant","session_id":"s","message":{"id":"m","model":"c","content":[{"type":"text","text":"I am at a loss."}]}}"#;
    sandbox.plan("p", "", &document(&[1]), &format!("echo '{event}'; exit 3"));
    let text = sandbox
        .read("plans.toml")
        .replace("[agents.p]\n", "[agents.p]\nevents = \"claude\"\n");
    sandbox.write("plans.toml", text);
    sandbox.orch("up").code(1).ok();
    let next = sandbox.orch("prompt p").code(0).out;
    assert!(
        next.contains("    I am at a loss.") && !next.contains("session_id"),
        "{next}"
    );
}

#[test]
fn a_document_is_named_for_ticking_only_where_it_is_in_the_worktree() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "exit 3");
    let ticking = "Ticking it in";
    assert!(!sandbox.orch("prompt p").code(0).out.contains(ticking));
    sandbox.orch("up").code(1).ok();
    assert!(!sandbox.attempt_file("p-1", "prompt.md").contains(ticking));
    sandbox.plan("q", "", &document(&[1]), "exit 3");
    sandbox.git("add plans/q.md");
    sandbox.git("commit --quiet -m plan");
    assert!(sandbox.orch("prompt q").code(0).out.contains(ticking));
    sandbox.orch("up q").code(1).ok();
    assert!(sandbox.attempt_file("q-1", "prompt.md").contains(ticking));
}

#[test]
fn a_repositorys_own_templates_are_used_and_what_is_wrong_with_them_is_told_before_anything_starts() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let rules = sandbox.orch("prompt --templates rules.md").code(0).out;
    sandbox.write("templates/orch/rules.md", format!("{rules}- Speak Latin.\n"));
    sandbox.orch("check").code(0).ok();
    sandbox.orch("prompt p").code(0).says("- Speak Latin.").ok();
    sandbox
        .write("templates/orch/retry.md", "Again.\n{{ why }}\n")
        .write("templates/orch/rule.md", "x");
    for command in ["check", "up"] {
        sandbox
            .orch(command)
            .code(2)
            .says("templates/orch/retry.md:2: undefined value: `why` is undefined")
            .says("templates/orch/rule.md:1: there is no template of this name; did you mean `rules.md`?")
            .ok();
    }
    let faults = sandbox.orch("check --json").code(2).json();
    assert_eq!(faults["faults"][0]["file"], "templates/orch/retry.md");
    assert_eq!(faults["faults"][0]["line"], 2);
}

#[test]
fn each_way_of_dispatch_is_told_in_its_own_words() {
    let sandbox = Sandbox::new();
    let text = format!("{}\n**VERIFY Phase 1:**\n- [ ] It holds\n", document(&[2]));
    sandbox.settings("dispatch = \"task\"");
    sandbox.plan("p", "", &text, "orch task done -q $ORCH_TASK; commit $ORCH_TASK");
    sandbox.orch("up").code(0).ok();
    assert!(
        sandbox
            .attempt_file("p-1", "prompt.md")
            .contains("Do this one task")
    );
    assert!(
        sandbox
            .attempt_file("p-3", "prompt.md")
            .contains("The work below is done, by others.")
    );
}

#[test]
fn a_skill_is_written_where_agents_look_for_it_and_a_persons_file_stays() {
    let sandbox = Sandbox::new();
    let shown = sandbox.orch("skill show").code(0).out;
    assert!(
        shown.starts_with("---\nname: orch-tasks\ndescription: "),
        "{shown}"
    );
    sandbox.orch("skill install claude codex").code(0).ok();
    for folder in [".claude", ".agents"] {
        assert_eq!(
            sandbox.read(format!("{folder}/skills/orch-tasks/SKILL.md")),
            shown
        );
    }
    sandbox.orch("skill install codex").code(0).says("is there").ok();
    sandbox
        .write(".claude/skills/orch-tasks/SKILL.md", "mine\n")
        .remove(".agents/skills/orch-tasks/SKILL.md");
    sandbox
        .orch("skill install codex claude")
        .code(2)
        .says("exists with other contents")
        .ok();
    assert_eq!(sandbox.read(".claude/skills/orch-tasks/SKILL.md"), "mine\n");
    assert!(!sandbox.join(".agents/skills/orch-tasks/SKILL.md").exists());
}
