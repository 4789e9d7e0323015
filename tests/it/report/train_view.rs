//! `orch train`: what is on its way to the target.

use serde_json::Value;

use crate::support::{Sandbox, document, wait_for};

fn train(sandbox: &Sandbox) -> Vec<Value> {
    let view = sandbox.orch("train --json").code(0).json();
    assert_eq!(view["target"], "main");
    view["entries"].as_array().unwrap().clone()
}

fn field(entries: &[Value], key: &str) -> Vec<Value> {
    entries.iter().map(|entry| entry[key].clone()).collect()
}

#[test]
fn every_plan_on_its_way_is_shown_with_its_place_and_with_what_is_done_with_it() {
    let sandbox = Sandbox::new();
    for plan in ["a", "b", "c"] {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    // Nobody passes before a person has looked; then whoever has the work of b does not.
    let verify = "echo >> $MARKS/begun; until test -e $MARKS/go; do sleep 0.01; done; ! git log --format=%s | grep -q \"plan b\" \
                  || { echo b breaks it; false; }";
    sandbox.tables(&format!("[merge]\nverify_slots = 3\nverify = '{verify}'"));
    sandbox
        .orch("train")
        .code(0)
        .says("nothing is on its way to main")
        .ok();
    sandbox.orch("up").code(0).ok();

    // Finished, and nobody has asked.
    let entries = train(&sandbox);
    assert_eq!(field(&entries, "plan"), ["a", "b", "c"]);
    for entry in &entries {
        assert_eq!(entry["place"], Value::Null, "{entry}");
        assert_eq!(entry["state"], "waiting", "{entry}");
        assert_eq!(entry["why"], "waits to be merged", "{entry}");
        assert!(entry["since"].is_string(), "{entry}");
    }

    let merging = sandbox.start("merge");
    let begun = || std::fs::read_to_string(sandbox.mark("begun")).unwrap_or_default();
    wait_for("three verifications", || begun().lines().count() == 3);
    wait_for("three that are shown", || {
        let states = field(&train(&sandbox), "state");
        states == ["verifying", "verifying", "verifying"]
    });
    let entries = train(&sandbox);
    assert_eq!(field(&entries, "place"), [1, 2, 3]);
    let on: Vec<String> = entries.iter().map(|entry| entry["on"].to_string()).collect();
    assert_eq!(on, ["[]", r#"["a"]"#, r#"["a","b"]"#]);
    assert!(
        entries.iter().all(|entry| entry["elapsed_s"].is_u64()),
        "{entries:?}"
    );
    let shown = sandbox.orch("train").code(0).out;
    assert!(shown.contains("3 plans on the way to main"), "{shown}");
    assert!(shown.contains("on a, b; for "), "{shown}");
    std::fs::write(sandbox.mark("go"), "").unwrap();
    merging.end().code(1).ok();

    // Who is to blame, and for what.
    let entries = train(&sandbox);
    assert_eq!(field(&entries, "plan"), ["b"]);
    assert_eq!(entries[0]["state"], "red");
    let why = entries[0]["why"].as_str().unwrap();
    assert!(why.contains("b breaks it"), "{why}");
}
