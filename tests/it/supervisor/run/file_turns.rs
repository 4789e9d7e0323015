//! `overlap = "serialize"`: work of two plans in the same file, one after the other.

use crate::support::Sandbox;

/// Plans `p` and `q`, of which `p.2` and `q.2` change the same line of `src/shared.rs`.
fn sandbox(keys: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 4\noverlap = \"serialize\"");
    sandbox.write("src/shared.rs", "nobody\n");
    sandbox.commit("a file for both");
    for gate in ["p.2", "p.3", "q.2"] {
        sandbox.gate(gate);
    }
    let document = |phases: usize| {
        let phases = (1..=phases).map(|phase| {
            let file = if phase == 2 {
                "`src/shared.rs`"
            } else {
                "something"
            };
            format!("## Phase {phase}: {phase}\n\n- [ ] {phase}.1 Change {file}\n\n")
        });
        format!("# A plan\n\n{}", phases.collect::<String>())
    };
    let change = |plan: &str| {
        format!("echo {plan} >> src/shared.rs; git add .; git commit -q -m {plan}.2; orch task done -q 2.1")
    };
    sandbox.plan(
        "p",
        keys,
        &document(3),
        &format!(
            "work 1.1; gate p.2; sed -i s/nobody/p/ src/shared.rs; {}; gate p.3; work 3.1",
            change("p")
        ),
    );
    sandbox.plan(
        "q",
        keys,
        &document(2),
        &format!(
            "case $ORCH_PHASE in\n\
             1) code=0; orch task start -q 2.1 2> $MARKS/early || code=$?; test $code = 2; work 1.1;;\n\
             *) grep -q p src/shared.rs; gate q.2; sed -i s/p/q/ src/shared.rs; {};;\nesac",
            change("q")
        ),
    );
    sandbox
}

#[test]
fn only_the_phase_that_touches_the_file_waits_and_starts_from_the_commit_of_the_other() {
    let sandbox = sandbox("");
    sandbox
        .orch("preview")
        .code(0)
        .says("src/shared.rs: p.2 → q.2 (one after the other)")
        .ok();
    let overlaps = sandbox.orch("preview --json").code(0).json()["overlaps"].clone();
    assert_eq!(overlaps[0]["phases"], serde_json::json!(["p.2", "q.2"]));
    let graph = sandbox.orch("graph --format json").code(0).json();
    let edges = graph["edges"].as_array().unwrap();
    let same_files = edges.iter().filter(|edge| edge["why"] == "same files");
    let same_files: Vec<_> = same_files.map(|edge| (&edge["from"], &edge["to"])).collect();
    assert_eq!(same_files, [(&"p.2".into(), &"q.2.1".into())]);

    let up = sandbox.start("up");
    sandbox.reached("p.2");
    // The first phase of q touches nothing of p, so it does not wait.
    sandbox.happened("phase.done", "q");
    sandbox.happened("agent.ended", "q");
    let early = std::fs::read_to_string(sandbox.mark("early")).unwrap();
    assert!(early.contains("it waits for p.2"), "{early}");
    let why = sandbox.why("q");
    assert!(
        why.contains("waits for p.2, which touches the same files (src/shared.rs; overlap = \"serialize\")"),
        "{why}"
    );
    assert_eq!(sandbox.state("q"), "blocked");
    // It goes on as soon as that phase is done, while p goes on too.
    sandbox.open("p.2");
    sandbox.reached("p.3");
    sandbox.reached("q.2");
    sandbox.open("q.2");
    sandbox.happened("plan.finished", "q");
    // q is built on a phase of p, and lands after it.
    sandbox
        .orch("merge q")
        .code(1)
        .says("q  it builds on p, which has not landed")
        .ok();
    sandbox.open("p.3");
    up.end().code(0).ok();
    sandbox.orch("merge").code(0).ok();
    assert_eq!([sandbox.state("p"), sandbox.state("q")], ["landed", "landed"]);
    assert_eq!(sandbox.git("show main:src/shared.rs"), "q\nq\nq");
}

#[test]
fn a_phase_that_was_given_up_holds_nobody_up() {
    let sandbox = sandbox("retries = 0");
    let up = sandbox.start("up");
    sandbox.reached("p.2");
    sandbox.happened("phase.done", "q");
    sandbox.script("q", "gate q.2; work 2.1");
    sandbox.orch("cancel p").code(0).ok();
    sandbox.reached("q.2");
    sandbox.open("q.2");
    up.end().ok();
    assert_eq!(sandbox.state("q"), "finished");
}
