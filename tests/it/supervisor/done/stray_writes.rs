//! Changes in the main checkout while agents run.

use crate::support::{Sandbox, document};

/// What was warned of, with the plan that it is said of.
fn warnings(sandbox: &Sandbox) -> Vec<(Option<String>, String)> {
    let events = sandbox
        .events()
        .into_iter()
        .filter(|event| event["event"] == "warning");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    events
        .map(|event| (text(&event["plan"]), text(&event["data"]["why"]).unwrap()))
        .collect()
}

#[test]
fn nobody_is_accused_of_what_changed_while_agents_run() {
    let sandbox = Sandbox::new();
    sandbox.gate("a").gate("b");
    sandbox.plan("innocent", "", &document(&[1]), "work 1.1; gate a");
    sandbox.plan(
        "guilty",
        "",
        &document(&[1]),
        "set -x; echo x | tee -a \"$ORCH_REPO/README.md\"; work 1.1; gate b",
    );
    let up = sandbox.start("up");
    sandbox.in_turn(["a", "b"], "plan.finished", "innocent");
    up.end().code(0).ok();
    let warnings = warnings(&sandbox);
    let [(plan, why)] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert_eq!(*plan, None);
    assert!(why.contains("(README.md)"), "{why}");
    assert!(!why.contains("innocent") && !why.contains("guilty"), "{why}");
}

#[test]
fn a_lead_who_edits_manifest_and_documents_is_no_agent_outside_of_its_worktree() {
    let sandbox = Sandbox::new();
    sandbox.gate("p").gate("q");
    // As a prompt does, the output names the document and the manifest.
    let reads = "cat \"$ORCH_REPO/plans/p.md\" \"$ORCH_REPO/plans.toml\"; echo \"$ORCH_REPO/plans/p.md $ORCH_REPO/.git\"";
    sandbox.plan("p", "", &document(&[1]), &format!("{reads}; work 1.1; gate p"));
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    sandbox.git("add -A");
    sandbox.git("commit -qm plans");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.reached("q");
    let manifest = sandbox.read("plans.toml");
    sandbox.write("plans.toml", format!("# The plans.\n{manifest}"));
    sandbox.write("plans/p.md", format!("{}\nMore.\n", document(&[1])));
    sandbox.write("plans/next.md", document(&[1]));
    sandbox.open("p");
    sandbox.happened("plan.finished", "p");
    // Also as a commit.
    sandbox.git("add -A");
    sandbox.git("commit -qm edited");
    sandbox.open("q");
    up.end().code(0).ok();
    let warnings = warnings(&sandbox);
    assert!(
        !warnings.iter().any(|(_, why)| why.contains("outside of its")),
        "{warnings:?}"
    );
}

#[test]
fn many_plans_that_stay_where_they_belong_give_no_reason_to_warn() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"\nmax_agents = 3");
    sandbox.tables("[merge]\nverify = \"true\"");
    for number in 1..=4 {
        let name = format!("p{number}");
        let depends = if number > 1 {
            format!(
                "depends = [\"p{}.1\"]\nverify = \"echo built > built\"",
                number - 1
            )
        } else {
            String::new()
        };
        sandbox.plan(
            &name,
            &depends,
            &document(&[2, 1]),
            "work $ORCH_TASK; echo left > left-$ORCH_PLAN-$ORCH_TASK",
        );
    }
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(warnings(&sandbox), []);
}
