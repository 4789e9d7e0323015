//! Who may call what: an agent reports on its own work, and leaves to people what is theirs.

use crate::support::{Sandbox, document};

#[test]
fn an_agent_neither_speaks_for_another_plan_nor_does_what_is_a_persons() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "gate a; work 1.1");
    let tries = [
        "orch --plan a task ask spoof",
        "ORCH_PLAN=a orch task ask spoof",
        "ORCH_PLAN=a orch --plan a task inbox",
        "orch --plan a task heartbeat spoof",
        "orch merge a",
        "orch revert a",
        "orch clean",
        "orch down",
        "orch edit set run.retries 9",
    ];
    let tries: Vec<String> = tries
        .iter()
        .enumerate()
        .map(|(place, line)| {
            format!("code=0; {line} 2> $MARKS/said-{place} || code=$?; echo $code > $MARKS/code-{place}")
        })
        .collect();
    sandbox.plan(
        "b",
        "",
        &document(&[1]),
        &format!("{}\nwork 1.1", tries.join("\n")),
    );
    sandbox.gate("a");
    let up = sandbox.start("up");
    sandbox.happened("plan.finished", "b");
    sandbox.open("a");
    up.end().code(0).ok();
    for (place, tried) in tries.iter().enumerate() {
        let read = |name: &str| std::fs::read_to_string(sandbox.mark(&format!("{name}-{place}"))).unwrap();
        assert_eq!(read("code").trim(), "2", "{}: {}", tried, read("said"));
        let said = read("said");
        let refused = said.contains("is an attempt at `b`, not at `a`") || said.contains("only a person");
        assert!(refused, "{}: {said}", tried);
    }
    assert_eq!(sandbox.count("question.asked", None), 0);
    assert!(!sandbox.read("plans.toml").contains("retries = 9"));
}
