//! `orch preview`, `orch up --dry-run` and `orch graph`, which look ahead and make nothing.

use serde_json::{Value, json};

use crate::support::{Sandbox, document, has_fields};

fn action(preview: &Value, plan: &str) -> Value {
    let actions = preview["actions"].as_array().unwrap();
    let found = actions.iter().find(|row| row["plan"] == plan);
    found.unwrap()["action"].clone()
}

fn risks(preview: &Value) -> String {
    preview["risks"].to_string()
}

#[test]
fn a_preview_tells_order_times_overlaps_and_risks_and_makes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2");
    let one = "# One\n## Phase 1: a (expected: 20m)\n- [ ] 1.1 Write `src/shared.rs`\n## Phase 2: b (expected: 10m)\n\
               - [ ] 2.1 x\n";
    sandbox.plan("one", "", one, "work 1.1 2.1");
    let other = "# Other\n## Phase 1: a (expected: 30m)\n- [ ] 1.1 Change `src/shared.rs`\n";
    sandbox.plan("other", "verify = \"true\"\n", other, "work 1.1");
    sandbox.plan(
        "last",
        "depends = [\"one.phase1\", \"other@landed\"]\n",
        &document(&[5]),
        "work 1.1",
    );
    sandbox.plan("side", "depends = [\"one.1\"]\n", &document(&[1]), "work 1.1");
    sandbox.git("branch orch/side");
    let preview = sandbox.orch("preview --json").code(0).json();
    has_fields(
        &preview,
        [
            "schema",
            "actions",
            "waves",
            "critical_path",
            "expected",
            "overlaps",
            "risks",
            "sync_points",
            "gates",
            "known_risks",
        ],
    );
    assert_eq!(preview, sandbox.orch("up --dry-run --json").code(0).json());
    assert!(!sandbox.join(".git/orch").exists(), "nothing is made");
    for plan in ["one", "other", "last", "side"] {
        assert_eq!(action(&preview, plan), "start");
    }
    assert_eq!(
        preview["waves"],
        json!([["one.1", "other.1"], ["one.2", "last.1", "side.1"]])
    );
    assert_eq!(preview["critical_path"][0], "other.1");
    assert_eq!(
        preview["expected"][0],
        json!({"strategy": "auto", "max_agents": 2, "seconds": 80.0 * 60.0})
    );
    let numbers: Vec<&Value> = preview["expected"].as_array().unwrap().iter().collect();
    for strategy in ["batched", "pipeline", "dag", "independent"] {
        for max in [1, 2, 4] {
            let found = numbers
                .iter()
                .any(|row| row["strategy"] == strategy && row["max_agents"] == max);
            assert!(found, "{strategy} {max}");
        }
    }
    assert_eq!(
        preview["overlaps"],
        json!([{"plans": ["one", "other"], "files": ["src/shared.rs"]}])
    );
    assert_eq!(
        preview["sync_points"],
        json!([{"id": "one.1", "plans": ["last", "side"], "points": ["one.1"]}])
    );
    assert_eq!(preview["gates"], json!([]));
    for part in [
        "src/shared.rs",
        "orch/side",
        "other@landed",
        "one phase",
        "no durations",
        "nothing verifies",
    ] {
        assert!(
            risks(&preview).contains(part),
            "{part} is not in {}",
            risks(&preview)
        );
    }
    assert!(risks(&sandbox.orch("preview --json --merge").json()).contains("orch/side"));
    sandbox.settings("max_agents = 2\ndispatch = \"task\"");
    assert!(!risks(&sandbox.orch("preview --json").json()).contains("one phase"));
    sandbox.settings("max_agents = 2");
    sandbox
        .orch("preview")
        .code(0)
        .says("what orch up would do")
        .says("expected end: in 1h 20m with 2 agents")
        .ok();
    let some = sandbox.orch("preview --json side").code(0).json();
    assert_eq!(action(&some, "side"), "start");
    assert_eq!(action(&some, "other"), "stay");
}

#[test]
fn parallel_words_that_change_nothing_are_warned_of_once_and_auto_makes_them_count() {
    let sandbox = Sandbox::new();
    let free = "# Free\n## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y (depends: none)\n";
    let beside = "# Beside\n## Phase 1: a [PARALLEL]\n- [ ] 1.1 x\n## Phase 2: b [PARALLEL]\n- [ ] 2.1 y\n";
    sandbox.plan("free", "", free, "work 1.1 1.2");
    sandbox.plan("beside", "", beside, "work 1.1 2.1");
    sandbox.plan("plain", "", &document(&[2]), "work 1.1 1.2");
    let marked = "# Marked\n## Phase 1: a\n- [ ] 1.1 x [PARALLEL]\n- [ ] 1.2 y [PARALLEL]\n";
    sandbox.plan("marked", "", marked, "work 1.1 1.2");
    let noted = "# Noted\n## Phase 1: a\n**Execution Note:** Tasks 1.1 to 1.2 are [PARALLEL]\n\n- [ ] 1.1 x\n- [ ] 1.2 y\n";
    sandbox.plan("noted", "", noted, "work 1.1 1.2");
    sandbox
        .orch("check")
        .code(0)
        .says("free.md:4: `(depends: none)`, `[PARALLEL]` change nothing while one agent works through the whole plan (also in plans/beside.md, plans/marked.md, plans/noted.md)")
        .says("set `dispatch = \"auto\"` in [run]")
        .ok();
    assert!(risks(&sandbox.orch("preview --json").json()).contains("parallel-unused"));
    sandbox.settings("dispatch = \"phase\"");
    sandbox
        .orch("check")
        .code(0)
        .says("marked.md:3: `[PARALLEL]` changes nothing while one agent works through each phase (also in plans/noted.md)")
        .ok();
    sandbox.settings("dispatch = \"auto\"");
    let checked = sandbox.orch("check").code(0);
    assert!(!checked.out.contains("change nothing") && !checked.err.contains("change nothing"));
    let preview = sandbox.orch("preview --json").code(0).json();
    assert_eq!(
        preview["dispatch"],
        json!([
            {"plan": "free", "dispatch": "task", "why": ["(depends: none)"]},
            {"plan": "beside", "dispatch": "phase", "why": ["[PARALLEL]"]},
            {"plan": "plain", "dispatch": "plan", "why": []},
            {"plan": "marked", "dispatch": "task", "why": ["[PARALLEL]"]},
            {"plan": "noted", "dispatch": "task", "why": ["[PARALLEL]"]},
        ])
    );
    assert_eq!(
        preview["waves"],
        json!([[
            "free.1.1",
            "free.1.2",
            "beside.1",
            "beside.2",
            "plain.1",
            "marked.1.1",
            "marked.1.2",
            "noted.1.1",
            "noted.1.2"
        ]])
    );
    sandbox
        .orch("preview")
        .code(0)
        .says("by task: (depends: none): free")
        .says("[PARALLEL]: marked, noted")
        .says("by phase: [PARALLEL]: beside")
        .says("as a whole: no parallel work in the document: plain")
        .ok();
    sandbox.orch("simulate --dispatch auto").code(0).ok();
}

#[test]
fn overlaps_are_grouped_by_file_without_plans_that_wait_for_each_other() {
    let sandbox = Sandbox::new();
    let document = |file: &str| format!("# P\n## Phase 1: a\n- [ ] 1.1 Change `{file}` and `src/both.rs`\n");
    for (plan, file) in [
        ("a", "src/x.rs"),
        ("b", "src/x.rs"),
        ("c", "src/x.rs"),
        ("d", "src/y.rs"),
    ] {
        sandbox.plan(plan, "", &document(file), "work 1.1");
    }
    sandbox.plan("e", "depends = [\"d\"]", &document("src/y.rs"), "work 1.1");
    let overlaps = |sandbox: &Sandbox| sandbox.orch("preview --json").code(0).json()["overlaps"].clone();
    assert_eq!(
        overlaps(&sandbox),
        json!([
            {"plans": ["a", "b", "c"], "files": ["src/x.rs"]},
            {"plans": ["a", "b", "c", "d", "e"], "files": ["src/both.rs"]},
        ])
    );
    sandbox
        .orch("preview")
        .code(0)
        .says("  src/x.rs: a, b, c\n")
        .says("a, b, c: all touch src/x.rs, and run side by side")
        .ok();
    sandbox.settings("overlap = \"serialize\"");
    assert_eq!(
        overlaps(&sandbox),
        json!([
            {"plans": ["a", "b", "c"], "files": ["src/x.rs"], "in_order": true},
            {"plans": ["a", "b", "c", "d", "e"], "files": ["src/both.rs"], "in_order": true},
            {"plans": ["d", "e"], "files": ["src/y.rs"], "in_order": true},
        ])
    );
    sandbox
        .orch("preview")
        .code(0)
        .says("src/x.rs: a → b → c (one after the other)")
        .ok();
}

#[test]
fn a_phase_has_its_own_strategy_and_auto_says_why() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"");
    let text = "# P\n## Phase 1: a\n- [ ] 1.1 `src/a.rs`\n- [ ] 1.2 `src/b.rs`\n## Phase 2: b\n- [ ] 2.1 x\n- [ ] 2.2 y (depends: 1.1)\n\
                ## Phase 3: c\n- [ ] 3.1 z\n";
    let own = "[plans.p.phases.3]\nstrategy = \"independent\"";
    sandbox.plan("p", own, text, "work 1.1");
    let preview = sandbox.orch("preview --json").code(0).json();
    let chosen: Vec<(&str, &str)> = preview["strategies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["phase"].as_str().unwrap(), row["strategy"].as_str().unwrap()))
        .collect();
    assert_eq!(chosen, [("p.1", "independent"), ("p.2", "dag")]);
    assert_eq!(preview["waves"][0], json!(["p.1.1", "p.1.2", "p.3.1"]));
    sandbox
        .orch("preview")
        .code(0)
        .says("dag, as its tasks name dependencies: p.2")
        .ok();
    let sandbox = Sandbox::new();
    sandbox.plan("p", "[plans.p.phases.7]\nstrategy = \"dag\"", text, "work 1.1");
    sandbox.orch("check").code(2).says("plan `p` has no phase 7").ok();
}

#[test]
fn what_is_done_stays_and_what_is_begun_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("good", "", &document(&[1]), "work 1.1");
    sandbox.plan("bad", "", &document(&[2]), "work 1.1; exit 1");
    sandbox.orch("up").code(1).ok();
    let preview = sandbox.orch("preview --json").code(0).json();
    assert_eq!(action(&preview, "good"), "stay");
    assert_eq!(action(&preview, "bad"), "continue");
    assert_eq!(
        action(&sandbox.orch("preview --merge --json").json(), "good"),
        "merge"
    );
    sandbox.orch("preview").code(0).says("1 of 2 tasks are done").ok();
    sandbox.orch("merge good").code(0).ok();
    let preview = sandbox.orch("preview --json --merge").code(0).json();
    assert_eq!(action(&preview, "good"), "stay");
}

#[test]
fn the_graph_is_written_in_every_format() {
    let sandbox = Sandbox::new();
    sandbox.plan("one", "", &document(&[2, 1]), "true");
    sandbox.plan("two", "depends = [\"one.phase1\"]\n", &document(&[1]), "true");
    let graph = sandbox.orch("graph --format json").code(0).json();
    assert_eq!(graph, sandbox.orch("graph --json").code(0).json());
    has_fields(&graph, ["schema", "nodes", "edges"]);
    for node in graph["nodes"].as_array().unwrap() {
        has_fields(node, ["id", "kind", "plan", "title", "expected_s", "critical"]);
    }
    for edge in graph["edges"].as_array().unwrap() {
        has_fields(edge, ["from", "to", "why"]);
    }
    for (format, start) in [
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("svg", "<svg "),
        ("text", "one"),
    ] {
        let said = sandbox.orch(&format!("graph --format {format}")).code(0);
        assert!(said.out.starts_with(start), "{}", said.out);
    }
    sandbox
        .orch("graph --plan two")
        .code(0)
        .says("after one.1 (depends)")
        .ok();
    sandbox.orch("graph --plan tow").code(2).says("two").ok();
    sandbox
        .orch("graph --tasks --dispatch task --strategy independent")
        .code(0)
        .says("independent")
        .ok();
}

#[test]
fn what_is_foreseen_counts_gates_as_approved_and_no_estimate_as_cut_short_by_a_time_out() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ntimeout = \"4h\"");
    let long = "# A\n## Phase 1: a (expected: 5h)\n- [ ] 1.1 x\n## Phase 2: b (expected: 2h)\n- [ ] 2.1 y\n";
    sandbox.plan("a", "", long, "work 1.1 2.1");
    let short = "# B\n## Phase 1: b (expected: 1h)\n- [ ] 1.1 x\n";
    sandbox.plan(
        "b",
        "depends = [\"a\"]\n[plans.b.phases.1]\ngate = \"approve\"\n",
        short,
        "work 1.1",
    );
    let preview = sandbox.orch("preview --json").code(0).json();
    assert_eq!(preview["gates"], json!(["b.1"]));
    assert_eq!(
        preview["expected"][0],
        json!({"strategy": "auto", "max_agents": 4, "seconds": 8.0 * 3600.0})
    );
    assert!(
        risks(&preview).contains("expected 7h, its time-out is 4h"),
        "{}",
        risks(&preview)
    );
    sandbox
        .orch("preview")
        .code(0)
        .says("counted as if each gate were approved as soon as it is reached")
        .says("a: expected 7h, its time-out is 4h")
        .ok();
    let simulated = sandbox.orch("simulate --json").code(0).json();
    assert_eq!(
        (&simulated["tasks_done"], &simulated["attempts_failed"]),
        (&json!(3), &json!(0))
    );
    // What fails in a simulation says why, and so does what is left.
    let away = sandbox.orch("simulate --json --executor slots=3").code(0).json();
    assert_eq!((&away["slots"], &away["settled"]), (&3.into(), &true.into()));
    for wrong in ["slots=0", "3"] {
        let said = sandbox.orch(&format!("simulate --executor {wrong}")).code(2);
        said.says("expected slots=N").ok();
    }
    let said = sandbox.orch("simulate --failures 100").code(0);
    let said = said.says("by chance").says("3 tasks were not done");
    assert!(
        said.out.contains("attempt failed") || said.out.contains("failed: "),
        "{}",
        said.out
    );
}

#[test]
fn coordination_documents_are_written_as_json_and_markdown_and_a_file_is_no_folder() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2");
    sandbox.tables("[resources.database]\npatience = \"2h\"\n[escalate]\nconflict = \"never\"");
    sandbox.plan("a", "", &document(&[1, 1]), "");
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]\ntouches = [\"src/x.rs\"]",
        &document(&[1]),
        "",
    );
    sandbox.plan(
        "c",
        "gate = \"approve\"\ndepends = [\"a.1\"]\ntouches = [\"src/x.rs\"]",
        &document(&[1]),
        "",
    );
    sandbox.write("taken", "a file");
    sandbox
        .orch("preview --export taken")
        .code(2)
        .says("is a file")
        .ok();
    assert_eq!(sandbox.read("taken"), "a file");
    sandbox.write("plan/notes.md", "mine");
    sandbox.orch("preview --export plan").code(0).ok();
    let read =
        |name: &str| -> Value { serde_json::from_str(&sandbox.read(format!("plan/{name}.json"))).unwrap() };
    let text = |name: &str| sandbox.read(format!("plan/{name}.md"));
    assert_eq!(read("waves")["waves"][0]["work"], json!(["a.1"]));
    assert!(text("waves").contains("| 1 | 1 | a.1 |"), "{}", text("waves"));
    let capacity = read("capacity");
    assert_eq!(capacity["max_agents"], 2);
    assert_eq!(capacity["resources"][0]["patience"], "2h");
    assert_eq!(capacity["agents"][0]["plans"], json!(["a"]));
    assert!(!capacity["expected"].as_array().unwrap().is_empty());
    assert_eq!(read("risks")["overlaps"][0]["files"], json!(["src/x.rs"]));
    assert!(text("risks").contains("| b, c | src/x.rs |"), "{}", text("risks"));
    let sync = read("synchronisation");
    assert_eq!(sync["sync_points"][0]["plans"], json!(["b", "c"]));
    assert!(text("synchronisation").contains("`orch approve c`"));
    let communication = read("communication");
    assert_eq!(
        communication["escalations"][0],
        json!({ "waiting": "conflict", "after_s": null })
    );
    assert_eq!(
        communication["hand_overs"][0],
        json!({ "from": "a", "at": "a.1", "to": "b" })
    );
    assert!(text("communication").contains("| a conflict holds a plan | never |"));
    assert_eq!(read("milestones")["milestones"], json!([]));
    // Written again it replaces its own files alone.
    sandbox.orch("preview a --export plan").code(0).ok();
    assert_eq!(sandbox.read("plan/notes.md"), "mine");
    assert!(
        !sandbox.read("plan/communication.json").contains("\"b\""),
        "only what was asked for"
    );
    // A file that somebody wrote is never replaced, and then nothing is.
    sandbox.write("plan/risks.md", "# My risks\n");
    let waves = sandbox.read("plan/waves.json");
    sandbox
        .orch("preview --export plan")
        .code(2)
        .says("did not write")
        .says("risks.md")
        .ok();
    assert_eq!(sandbox.read("plan/risks.md"), "# My risks\n");
    assert_eq!(sandbox.read("plan/waves.json"), waves);
    sandbox
        .orch("preview --export taken/below")
        .code(2)
        .says("is a file")
        .ok();
    assert!(
        sandbox.worktree("a").path().symlink_metadata().is_err(),
        "nothing is started"
    );
}

#[test]
fn a_plan_that_is_expected_after_its_due_day_is_a_risk_and_a_milestone() {
    let sandbox = Sandbox::new();
    let long = "# A\n\n## Phase 1: A (expected: 2400h)\n\n- [ ] 1.1 x\n";
    sandbox.plan(
        "a",
        "owner = \"ana\"\ndue = \"2000-01-01\"",
        &document(&[1]),
        "work 1.1",
    );
    let soon = jiff::Zoned::now()
        .date()
        .checked_add(jiff::ToSpan::days(50))
        .unwrap();
    sandbox.plan(
        "b",
        &format!("owner = \"ana\"\ndue = \"{soon}\""),
        long,
        "work 1.1",
    );
    let people = "[people.ana]\nskills = [\"rust\"]\n";
    sandbox.write("plans.toml", sandbox.read("plans.toml") + people);
    let said = sandbox.orch("preview").code(0).out;
    assert!(said.contains("a: it was due on 2000-01-01"), "{said}");
    sandbox
        .orch("check")
        .code(0)
        .says("plans.toml:")
        .says(": plan `a` was due on 2000-01-01")
        .ok();
    let checked = sandbox.orch("check --json").code(0).json();
    let late = checked["warnings"].as_array().unwrap().iter();
    let late: Vec<_> = late
        .filter(|warning| warning["message"].as_str().unwrap().contains("was due"))
        .collect();
    let line = sandbox
        .read("plans.toml")
        .lines()
        .position(|line| line.starts_with("due"))
        .unwrap()
        + 1;
    assert_eq!(late.len(), 1, "{checked}");
    assert_eq!((&late[0]["line"], &late[0]["column"]), (&json!(line), &json!(7)));
    sandbox
        .orch("status")
        .code(0)
        .says("overdue since 2000-01-01")
        .ok();
    let status = sandbox.orch("status a").code(0).out;
    assert!(
        status.contains("planned  owner ana, due on 2000-01-01, overdue\n"),
        "{status}"
    );
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(status["plans"][0]["milestone"]["is_overdue"], true, "{status}");
    assert!(
        status["plans"][1]["milestone"]["behind_percent"].as_u64() > Some(0),
        "{status}"
    );
    assert!(
        said.contains("b: it is behind plan by ") && said.contains(&format!("due on {soon}")),
        "{said}"
    );
    sandbox.orch("preview --export plan").code(0).ok();
    let text = sandbox.read("plan/milestones.md");
    assert!(
        text.contains("| a | ana | 2000-01-01 | ") && text.contains(" | overdue |"),
        "{text}"
    );
    let capacity = sandbox.read("plan/capacity.md");
    assert!(capacity.contains("| ana | rust | a, b |"), "{capacity}");
}

#[test]
fn plans_that_a_person_reviews_before_they_land_are_listed() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "gate = \"review\"", &document(&[1]), "work 1.1");
    sandbox.plan("b", "", &document(&[1]), "work 1.1");
    assert_eq!(
        sandbox.orch("preview --json").code(0).json()["reviews"],
        json!(["a"])
    );
    let shown = sandbox.orch("preview").code(0);
    let shown = shown.says("plans that a person has to `orch review` before they land\n  a\n");
    shown.ok();
    sandbox.orch("preview --export plan").code(0).ok();
    assert!(
        sandbox
            .read("plan/synchronisation.md")
            .contains("- a: `orch review a`")
    );
}
