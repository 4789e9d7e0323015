//! Conflicts are foreseen before anything lands: `orch conflicts`, word to those who work on the plans, `status`, `preview`
//! and the order of landing.

use crate::support::{Sandbox, document, has_fields};

/// `a` and `b` write the same file in different words and wait; `c` writes another one.
fn at_odds() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 3");
    sandbox.write("shared.txt", "one\ntwo\nthree\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    for name in ["a", "b"] {
        sandbox.gate(name);
        let script = format!("echo {name} > shared.txt; git commit -qam edit; work 1.1; gate {name}");
        sandbox.plan(name, "", &document(&[1]), &script);
    }
    sandbox.plan("c", "", &document(&[1]), "work 1.1");
    sandbox
}

#[test]
fn plans_hear_of_each_other_as_soon_as_their_branches_conflict() {
    let sandbox = at_odds();
    let up = sandbox.start("up");
    sandbox.happened("conflict.foreseen", "a");
    sandbox.happened("conflict.foreseen", "b");
    sandbox.happened("message.sent", "b");
    let found = sandbox.orch("conflicts --json").code(1).json();
    has_fields(&found, ["schema", "pairs"]);
    let pairs = found["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{found}");
    has_fields(&pairs[0], ["a", "b", "files"]);
    assert_eq!((&pairs[0]["a"], &pairs[0]["b"]), (&"a".into(), &"b".into()));
    let file = &pairs[0]["files"][0];
    has_fields(file, ["path", "kind"]);
    assert_eq!(
        (&file["path"], &file["kind"]),
        (&"shared.txt".into(), &"content".into())
    );
    let inbox = sandbox.orch("task inbox --plan b").code(0);
    inbox
        .says("1 from a (conflict)")
        .says("shared.txt (content)")
        .ok();
    assert!(
        sandbox
            .why("a")
            .contains("a conflict with b is foreseen: shared.txt (content)")
    );
    sandbox
        .orch("preview")
        .code(0)
        .says("their branches conflict as they stand: shared.txt (content)")
        .ok();
    sandbox.open("a");
    sandbox.open("b");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("conflict.foreseen", Some("a")), 1, "said once");
    assert_eq!(sandbox.count("message.sent", Some("a")), 1);
    assert_eq!(sandbox.count("conflict.foreseen", Some("c")), 0);
}

#[test]
fn what_conflicts_with_fewer_others_lands_first() {
    let sandbox = at_odds();
    let up = sandbox.start("up");
    sandbox.happened("conflict.foreseen", "b");
    sandbox.open("a");
    sandbox.open("b");
    up.end().code(0).ok();
    // `c` is in nobody's way; then the manifest's order, and the target is told of by its own name.
    let merged = sandbox.orch("merge --json").code(1).json();
    let plans: Vec<(&str, &str)> = merged["plans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| (plan["name"].as_str().unwrap(), plan["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(plans, [("c", "landed"), ("a", "landed"), ("b", "held")]);
    let found = sandbox.orch("conflicts --json").code(1).json();
    assert_eq!(
        (&found["pairs"][0]["a"], &found["pairs"][0]["b"]),
        (&"main".into(), &"b".into())
    );
    sandbox
        .orch("conflicts")
        .code(1)
        .says("main and b\n    shared.txt (content)\n")
        .ok();
}

#[test]
fn nothing_in_conflict_is_said_too() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    assert_eq!(
        sandbox.orch("conflicts --json").code(0).json()["pairs"],
        serde_json::json!([])
    );
    sandbox.orch("up").code(0).ok();
    sandbox.orch("conflicts").code(0).says("no conflicts").ok();
}

#[test]
fn what_was_foreseen_of_a_plan_that_was_cancelled_is_not_told_any_more() {
    let sandbox = at_odds();
    sandbox.settings("max_agents = 3\nretries = 0");
    sandbox.script("b", "echo b > shared.txt; git commit -qam edit; gate b; exit 1");
    let up = sandbox.start("up");
    sandbox.happened("conflict.foreseen", "a");
    sandbox.happened("conflict.foreseen", "b");
    sandbox.open("a");
    sandbox.open("b");
    up.end().code(1).ok();
    assert!(
        sandbox.why("a").contains("a conflict with b is foreseen"),
        "{}",
        sandbox.why("a")
    );
    sandbox.orch("cancel b").code(0).ok();
    let _ = sandbox.orch("up");
    assert_eq!(sandbox.state("b"), "cancelled");
    for plan in ["a", "b"] {
        let why = sandbox.why(plan);
        assert!(!why.contains("foreseen"), "{plan}: {why}");
    }
    let said = sandbox.orch("why b").code(0);
    assert!(!said.out.contains("critical path"), "{}", said.out);
}

#[test]
fn a_path_that_is_not_utf8_is_told_like_any_other() {
    let sandbox = Sandbox::new();
    for plan in ["one", "two"] {
        let script = format!(
            "file=$(printf 'caf\\351.txt'); echo {plan} > \"$file\"; git add -A; git commit -qm {plan}; work 1.1"
        );
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up").code(0).ok();
    let said = sandbox.orch("conflicts --json");
    assert_ne!(said.code, 70, "{said:?}");
    assert!(said.json().to_string().contains("caf\u{fffd}.txt"), "{said:?}");
}
