//! The manifest and its documents are edited while plans are worked on.

use serde_json::Value;

use crate::support::{Sandbox, document, wait_for};

/// One plan at work that waits at the gate `g`.
fn at_work() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1\nretries = 0");
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1, 1]), "gate g; work 1.1 2.1");
    sandbox
}

/// What edits came to so far: `auth.priority medium > high`, with a `!` in front of what was refused.
fn edits(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    let edits = events.filter(|event| event["event"] == "manifest.changed");
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    edits
        .flat_map(|event| event["data"]["changes"].as_array().unwrap().clone())
        .map(|change| {
            let mark = if change["refused"].is_null() { "" } else { "!" };
            let about = word(&change["about"]);
            format!(
                "{mark}{about} {} > {}",
                word(&change["before"]),
                word(&change["after"])
            )
        })
        .collect()
}

#[track_caller]
fn edited(sandbox: &Sandbox, change: &str) {
    wait_for(&format!("the edit {change}"), || {
        edits(sandbox).iter().any(|edit| edit == change)
    });
}

#[test]
fn a_new_plan_and_more_slots_are_picked_up_while_agents_work() {
    let sandbox = at_work();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.gate("n");
    sandbox.plan("new", "priority = \"high\"", &document(&[1]), "gate n; work 1.1");
    edited(&sandbox, "new - > A plan");
    assert_eq!(sandbox.state("new"), "ready");
    assert!(!sandbox.mark("at-n").exists(), "the only slot is taken");
    sandbox.settings("max_agents = 2\nretries = 0");
    sandbox.reached("n");
    assert_eq!(
        edits(&sandbox),
        ["agents.new - > -", "new - > A plan", "run.max_agents 1 > 2"]
    );
    assert_eq!(sandbox.state("p"), "running", "who is at work is left alone");
    sandbox.open("n");
    sandbox.open("g");
    up.end().code(0).says("2 finished").ok();
    assert_eq!(sandbox.starts(), ["p-1", "new-1"]);
    sandbox.nothing_ran_twice();
    sandbox.nothing_is_left();
}

#[test]
fn what_is_at_work_keeps_its_document_and_its_branch_and_is_told_why() {
    let sandbox = at_work();
    let up = sandbox.start("up");
    sandbox.reached("g");
    let more = format!("{}- [ ] 2.2 More\n", document(&[1, 1]));
    sandbox.write("plans/p.md", more);
    edited(&sandbox, "!p.2.2 - > More");
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace(
            "agent = \"p\"",
            "agent = \"p\"\nbranch = \"other\"\npriority = \"high\"",
        ),
    );
    edited(&sandbox, "!p.branch orch/p > other");
    edited(&sandbox, "p.priority medium > high");
    let told = sandbox
        .events()
        .into_iter()
        .find(|event| event["event"] == "manifest.changed")
        .unwrap();
    let why = told["data"]["changes"][0]["refused"].as_str().unwrap().to_owned();
    assert!(why.contains("work on it has begun"), "{why}");
    sandbox.open("g");
    let said = up.end().code(0);
    assert!(said.err.contains("p.priority medium -> high"), "{}", said.err);
    assert!(
        said.err
            .contains("p.branch orch/p -> other: refused, work on it has begun"),
        "{}",
        said.err
    );
    assert!(sandbox.git("branch --list other").is_empty());
}

#[test]
fn a_plan_goes_before_it_was_begun_and_stays_once_it_has() {
    let sandbox = at_work();
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let whole = sandbox.read("plans.toml");
    let table = |name: &str| {
        let start = whole.find(&format!("[agents.{name}]")).unwrap();
        let length = whole[start + 1..]
            .find("[agents.")
            .map_or(whole.len() - start, |end| end + 1);
        whole[start..start + length].to_owned()
    };
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.write("plans.toml", whole.replace(&table("q"), ""));
    edited(&sandbox, "q A plan > -");
    // The one at work cannot go, and what else was edited counts.
    sandbox.write(
        "plans.toml",
        whole
            .replace(&table("p"), "")
            .replace("depends = [\"p\"]", "retries = 3"),
    );
    let refusal = wait_for_refusal(&sandbox, "p");
    assert!(refusal.contains("orch cancel p"), "{refusal}");
    edited(&sandbox, "q - > A plan");
    sandbox.open("g");
    up.end().code(0).says("2 finished").ok();
    assert_eq!(sandbox.starts(), ["p-1", "q-1"]);
}

#[test]
fn who_has_not_begun_is_given_the_document_as_it_was_edited() {
    let sandbox = at_work();
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "work 1.1; orch task done -q 1.2 && commit two.txt",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("worktree.created", "q");
    sandbox.write("plans/q.md", document(&[2]));
    edited(&sandbox, "q.1.2 - > Task 1.2");
    assert_eq!(sandbox.worktree("q").read(".orch/plan.md"), document(&[2]));
    sandbox.open("g");
    up.end().code(0).says("2 finished").ok();
    assert_eq!(
        sandbox.shown("q")["phases"][0]["tasks"].as_array().unwrap().len(),
        2
    );
    assert!(sandbox.attempt_file("q-1", "prompt.md").contains("Task 1.2"));
}

#[track_caller]
fn wait_for_refusal(sandbox: &Sandbox, about: &str) -> String {
    let mut why = None;
    wait_for(&format!("a refusal about {about}"), || {
        let events = sandbox.events().into_iter();
        let mut changes = events
            .filter(|event| event["event"] == "manifest.changed")
            .flat_map(|event| event["data"]["changes"].as_array().unwrap().clone());
        why = changes
            .find(|change| change["about"] == about && !change["refused"].is_null())
            .map(|change| change["refused"].as_str().unwrap().to_owned());
        why.is_some()
    });
    why.unwrap()
}

#[test]
fn an_edit_with_faults_changes_nothing_and_is_told_once_until_it_is_mended() {
    let sandbox = at_work();
    let up = sandbox.start("up");
    sandbox.reached("g");
    let whole = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        format!("{whole}\n[plans.q]\nfile = \"missing.md\"\n"),
    );
    wait_for("the warning", || sandbox_warned(&sandbox) == 1);
    // Saved again as it is: nothing new to say.
    sandbox.write(
        "plans.toml",
        format!("{whole}\n[plans.q]\nfile = \"missing.md\"\n"),
    );
    sandbox.write("plans.toml", whole.replace("retries = 0", "retries = 1"));
    edited(&sandbox, "p.retries 0 > 1");
    assert_eq!(sandbox_warned(&sandbox), 1);
    sandbox.open("g");
    up.end().code(0).says("1 finished").ok();
}

#[test]
fn a_document_that_comes_after_its_entry_is_picked_up() {
    let sandbox = at_work();
    let up = sandbox.start("up");
    sandbox.reached("g");
    let whole = sandbox.read("plans.toml");
    let agent =
        "[agents.q]\ncommand = [\"sh\", \"-c\", \"orch task done 1.1; git commit -q --allow-empty -m q\"]\n";
    let text = format!(
        "{whole}\n{agent}[plans.q]\nfile = \"later/missing.md\"\nagent = \"q\"\nallow_empty = true\n"
    );
    sandbox.write("plans.toml", &text);
    wait_for("the warning", || sandbox_warned(&sandbox) == 1);
    sandbox.write("later/missing.md", document(&[1]));
    wait_for("the plan", || sandbox.count("manifest.changed", None) > 0);
    sandbox.open("g");
    up.end().code(0).says("2 finished").ok();
}

/// How often somebody was told that an edit cannot be used. From the journal itself: the manifest cannot be read.
fn sandbox_warned(sandbox: &Sandbox) -> usize {
    let kept = sandbox.beside("kept.toml");
    std::fs::write(&kept, "[plans.p]\nprompt = \"x\"\n").unwrap();
    let said = sandbox
        .orch(&format!("events --json --manifest {}", kept.display()))
        .code(0);
    let told = said
        .lines()
        .into_iter()
        .filter(|event| event["event"] == "warning");
    told.filter(|event| event["data"]["why"].as_str().unwrap().contains("missing.md"))
        .count()
}

#[test]
fn after_a_crash_the_run_goes_on_with_what_was_edited() {
    let sandbox = at_work();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.plan("new", "", &document(&[1]), "work 1.1");
    edited(&sandbox, "new - > A plan");
    up.kill();
    sandbox.open("g");
    sandbox.orch("up").code(0).says("2 finished").ok();
    assert_eq!(sandbox.starts(), ["p-1", "new-1"]);
    sandbox.nothing_ran_twice();
}

#[test]
fn while_the_manifest_is_faulty_agents_report_and_people_look_and_steer() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.script(
        "a",
        "orch task start 1.1; gate g; orch task inbox; commit one.txt; orch task done 1.1",
    );
    let script = sandbox.beside("agents/a.sh");
    sandbox.tables(&format!(
        "[agents.a]\ncommand = [\"sh\", {script:?}]\n[plans.a]\nprompt = \"Do one thing\"\nagent = \"a\""
    ));
    let whole = sandbox.read("plans.toml");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.write("plans.toml", format!("{whole}\n[[\n"));
    wait_for("the warning", || sandbox.count("warning", None) == 1);
    for line in [
        "status",
        "why a",
        "logs a",
        "pause a",
        "resume a",
        "send a hello",
        "task list --plan a",
    ] {
        sandbox.orch(line).code(0).ok();
    }
    sandbox
        .orch("status")
        .code(0)
        .says("cannot be used as it is")
        .ok();
    sandbox.orch("check").code(2).ok();
    sandbox.open("g");
    up.end().code(0).says("1 finished").ok();
    // Nobody drives any more, and there is nothing else to go by.
    assert_eq!(sandbox.state("a"), "finished");
    sandbox
        .orch("status")
        .code(0)
        .says("cannot be used as it is")
        .ok();
    sandbox.orch("up").code(2).ok();
    sandbox.write("plans.toml", whole);
    let said = sandbox.orch("status").code(0);
    assert!(!said.err.contains("cannot be used"), "{}", said.err);
}

#[test]
fn a_plan_at_work_that_was_taken_out_of_the_manifest_is_shown_and_steered_all_the_same() {
    let sandbox = at_work();
    sandbox.gate("q");
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    sandbox.settings("max_agents = 2\nretries = 0");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.reached("q");
    let whole = sandbox.read("plans.toml");
    let cut = whole.find("[agents.q]").unwrap();
    sandbox.write("plans.toml", &whole[..cut]);
    let refusal = wait_for_refusal(&sandbox, "q");
    assert!(refusal.contains("orch cancel q"), "{refusal}");
    assert_eq!(sandbox.state("q"), "running");
    for line in [
        "why q",
        "logs q",
        "pause q",
        "resume q",
        "send q hello",
        "cancel q",
    ] {
        sandbox.orch(line).code(0).ok();
    }
    sandbox.happened("plan.cancelled", "q");
    sandbox.open("g");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn what_is_refused_is_told_once_and_does_not_count() {
    let sandbox = at_work();
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.write("plans/p.md", format!("{}- [ ] 2.2 More\n", document(&[1, 1])));
    edited(&sandbox, "!p.2.2 - > More");
    let tasks = || -> usize {
        let shown = sandbox.shown("p");
        let phases = shown["phases"].as_array().unwrap().iter();
        phases.map(|phase| phase["tasks"].as_array().unwrap().len()).sum()
    };
    assert_eq!(tasks(), 2, "what the supervisor goes by is shown");
    for retries in ["1", "2"] {
        let whole = sandbox.read("plans.toml");
        sandbox.write(
            "plans.toml",
            whole.replace("[plans.q]", &format!("[plans.q]\nretries = {retries}")),
        );
        edited(&sandbox, &format!("q.retries 0 > {retries}"));
        sandbox.write("plans.toml", whole);
        edited(&sandbox, &format!("q.retries {retries} > 0"));
    }
    let refused = edits(&sandbox).into_iter().filter(|edit| edit.starts_with('!'));
    assert_eq!(refused.collect::<Vec<_>>(), ["!p.2.2 - > More"]);
    sandbox.open("g");
    up.end().code(0).ok();
}
