//! Documents that other plans' landings changed or that grew between runs; parts of tasks; and what commands say of all that.

use crate::support::{Sandbox, document, wait_for};

const DISPATCHES: [&str; 2] = ["plan", "task"];

/// Plan `p` of tasks 1.1, 1.2 and the ticked 1.3, and plan `q`, which edits the document of `p` by this command.
fn edited(dispatch: &str, script: &str, edit: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let text = "# P\n\n## Phase 1: One\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [x] 1.3 c\n";
    let keys = format!("dispatch = {dispatch:?}\nparallel_tasks = 1");
    sandbox.plan("p", &keys, text, script);
    let script = format!("{edit}; git add -A; git commit -q -m edit; orch task done -q 1.1");
    sandbox.plan("q", "", &document(&[1]), &script);
    sandbox.git("add -A");
    sandbox.git("commit -q -m plans");
    sandbox
}

/// The plan does not continue, because the landing of another took this away.
fn is_held(sandbox: &Sandbox, plan: &str, by: &str, named: &str) {
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(
        sandbox.state(plan),
        "held",
        "{named}: {}",
        sandbox.orch("log").out
    );
    let why = sandbox.why(plan).replace('\n', " ");
    let landing = format!("the landing of {by}");
    assert!(why.contains(&landing) && why.contains(named), "{why}");
}

const FAILS: &str = "case ,${ORCH_TASK:-1.1}, in *,1.1,*) work 1.1;; esac\n\
                     case ,${ORCH_TASK:-1.2}, in *,1.2,*) commit half; orch task fail 1.2 --note no;; esac";

#[test]
fn a_landing_that_takes_a_failed_task_out_of_a_document_finishes_nothing() {
    for dispatch in DISPATCHES {
        let sandbox = edited(dispatch, FAILS, "sed -i /1.2/d plans/p.md");
        sandbox.orch("up").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
        sandbox.orch("merge q").code(0).ok();
        sandbox.script("p", "work ${ORCH_TASK:-1.1}");
        is_held(&sandbox, "p", "q", "1.2");
        sandbox.orch("why p").says("orch retry p").ok();
        sandbox.orch("merge p").says("the landing of q").ok();
        // It stays so until a person has seen it.
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "held", "{dispatch}");
        sandbox.orch("retry p").code(0).ok();
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

#[test]
fn a_landing_that_moves_a_document_and_takes_a_failed_task_out_of_it_finishes_nothing() {
    let edit = "git mv plans/p.md plans/pp.md; sed -i /1.2/d plans/pp.md; sed -i s,plans/p.md,plans/pp.md, plans.toml";
    for dispatch in DISPATCHES {
        let sandbox = edited(dispatch, FAILS, edit);
        sandbox.orch("up").code(1).ok();
        sandbox.orch("merge q").code(0).ok();
        sandbox.script("p", "echo idle");
        is_held(&sandbox, "p", "q", "1.2");
    }
}

#[test]
fn a_document_is_read_where_a_link_leads_to() {
    let sandbox = edited("plan", FAILS, "sed -i /1.2/d text/p.md");
    std::fs::create_dir(sandbox.path().join("text")).unwrap();
    sandbox.git("mv plans/p.md text/p.md");
    std::os::unix::fs::symlink("../text/p.md", sandbox.path().join("plans/p.md")).unwrap();
    sandbox.git("add -A");
    sandbox.git("commit -q -m link");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("merge q").code(0).ok();
    sandbox.script("p", "echo idle");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.orch("log").out);
}

#[test]
fn the_own_first_phases_of_a_plan_may_not_take_away_what_is_left_to_do_or_to_show() {
    let text = "# P\n\n## Phase 1: One\n\n- [ ] 1.1 a\n\n## Phase 2: Two\n\n- [ ] 2.1 b\n- [ ] 2.2 c\n";
    let moved = "git mv plans/p.md plans/pp.md; sed -i /2.1/d plans/pp.md; sed -i s,plans/p.md,plans/pp.md, plans.toml";
    for (keys, edit, named) in [
        ("", moved, "2.1"),
        (
            "[plans.p.phases.2]\nverify = \"false\"",
            "sed -i /verify/d plans.toml",
            "p.phases.2.verify",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan(
            "p",
            keys,
            text,
            &format!(
                "{edit}; git commit -q -a -m edit; work 1.1; until orch events | grep -q plan.pinned; do sleep 0.05; done; \
                 work 2.2; orch task fail 2.1"
            ),
        );
        sandbox.git("add -A");
        sandbox.git("commit -q -m plans");
        sandbox.orch("up").code(1).ok();
        sandbox.orch("merge p.1").code(0).ok();
        sandbox.script("p", "orch task done -q 2.1");
        is_held(&sandbox, "p", "p", named);
    }
}

/// What the manifest demands of plan `p`, what takes that back, and how it is named.
const DEMANDS: [(&str, &str, &str); 5] = [
    ("verify = \"false\"", "/verify/d", "p.verify"),
    (
        "[plans.p.phases.1]\nverify = \"false\"",
        "/verify/d",
        "p.phases.1.verify",
    ),
    (
        "[plans.p.phases.2]\ngate = \"approve\"",
        "/gate/d",
        "p.phases.2.gate",
    ),
    ("depends = [\"z\"]", "/depends/d", "p.depends"),
    (
        "report = \"required\"",
        "s/report.*/report = \"auto\"/",
        "p.report",
    ),
];

#[test]
fn a_landing_that_demands_less_of_another_plan_makes_that_wait_for_a_person() {
    for (keys, edit, named) in DEMANDS {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan(
            "p",
            keys,
            &document(&[1, 1]),
            "commit x; orch task fail 1.1; exit 3",
        );
        sandbox.plan("z", "gate = \"approve\"", &document(&[1]), "exit 3");
        let script = format!("sed -i '{edit}' plans.toml; git commit -q -a -m edit; orch task done -q 1.1");
        sandbox.plan("q", "", &document(&[1]), &script);
        sandbox.git("add -A");
        sandbox.git("commit -q -m plans");
        sandbox.orch("up").code(1).ok();
        sandbox.orch("merge q").code(0).ok();
        sandbox.script("p", "mark again; orch task done -q 1.1; work 2.1");
        sandbox.orch("merge p --dry-run").says(named).ok();
        is_held(&sandbox, "p", "q", named);
        assert!(!sandbox.mark("again").exists(), "{named}");
        sandbox.orch("why p").says("orch retry p").ok();
        // The lead accepts it.
        sandbox.orch("retry p").code(0).ok();
        let _ = sandbox.orch("up --merge");
        assert_eq!(
            sandbox.state("p"),
            "landed",
            "{named}: {}",
            sandbox.orch("log").out
        );
    }
}

/// Plan `p`, whose first phase is done and whose second has failed, and plan `q`, which edits the manifest by this command.
fn begun(edit: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let script =
        "work 1.1; until orch events | grep -q phase.done; do sleep 0.05; done; orch task fail 2.1; exit 3";
    sandbox.plan("p", "verify = \"false\"", &document(&[1, 1]), script);
    let script = format!("sed -i '{edit}' plans.toml; git commit -q -a -m edit; orch task done -q 1.1");
    sandbox.plan("q", "", &document(&[1]), &script);
    sandbox.git("add -A");
    sandbox.git("commit -q -m plans");
    sandbox.orch("up").code(1).ok();
    sandbox
}

#[test]
fn who_wants_a_plan_again_accepts_nothing_that_was_not_named() {
    let sandbox = begun("/verify/d");
    sandbox.orch("merge q").code(0).ok();
    sandbox.orch("retry p").code(0).ok();
    sandbox.script("p", "work 2.1");
    is_held(&sandbox, "p", "q", "p.verify");
}

#[test]
fn a_merge_by_hand_demands_no_less_of_another_plan_either() {
    for merge in ["merge -q --no-ff --no-edit orch/q", "merge -q --ff-only orch/q"] {
        let sandbox = begun("/verify/d");
        sandbox.git(merge);
        sandbox.script("p", "work 2.1");
        is_held(&sandbox, "p", "q", "p.verify");
        sandbox.orch("retry p").code(0).ok();
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{merge}");
    }
}

#[test]
fn a_landing_that_gives_a_plan_another_name_takes_away_what_was_demanded() {
    let sandbox = begun("s/plans.p\\]/plans.pp]/; /verify/d");
    sandbox.orch("merge q").code(0).ok();
    sandbox.script("pp", "work 1.1 2.1");
    is_held(&sandbox, "pp", "q", "pp.verify");
}

#[test]
fn a_plan_of_which_less_is_demanded_is_held_as_a_whole() {
    let sandbox = begun("/verify/d");
    sandbox.orch("merge q").code(0).ok();
    sandbox.script("p", "work 2.1");
    is_held(&sandbox, "p", "q", "p.verify");
    sandbox.orch("merge p.1").says("the landing of q").ok();
    sandbox.orch("retry p.2").code(2).says("orch retry p").ok();
    sandbox.orch("skip p.2").code(0).ok();
    is_held(&sandbox, "p", "q", "p.verify");
    assert_eq!(sandbox.count("merge.landed", Some("p")), 0);
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_landing_that_demands_less_while_the_run_goes_on_is_not_taken_in() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "verify = \"test -e never\"",
        &document(&[1]),
        "gate p; work 1.1",
    );
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "sed -i /verify/d plans.toml; git commit -q -a -m edit; orch task done -q 1.1",
    );
    sandbox.git("add -A");
    sandbox.git("commit -q -m plans");
    sandbox.gate("p");
    let up = sandbox.start("up --merge");
    sandbox.reached("p");
    sandbox.happened("merge.landed", "q");
    wait_for("the edit", || sandbox.count("manifest.changed", None) > 0);
    sandbox.open("p");
    up.end().code(1).says("p.verify").ok();
    assert_ne!(sandbox.state("p"), "landed");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.orch("log").out);
}

#[test]
fn what_the_lead_demands_no_more_is_not_demanded() {
    for (keys, edit, named) in &DEMANDS[..3] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan(
            "p",
            keys,
            &document(&[1, 1]),
            "commit x; orch task fail 1.1; exit 3",
        );
        sandbox.git("add -A");
        sandbox.git("commit -q -m plans");
        sandbox.orch("up").code(1).ok();
        let file = sandbox.path().join("plans.toml");
        let sed = std::process::Command::new("sed")
            .args(["-i", edit])
            .arg(file)
            .status()
            .unwrap();
        assert!(sed.success());
        sandbox.script("p", "orch task done -q 1.1; work 2.1");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{named}");
    }
}

#[test]
fn a_landing_that_takes_an_open_task_out_of_a_document_while_the_run_goes_on_is_not_taken_in() {
    let sandbox = edited("plan", "gate p; work 1.1 1.2", "sed -i /1.2/d plans/p.md");
    sandbox.gate("p");
    let up = sandbox.start("up --merge");
    sandbox.reached("p");
    sandbox.happened("merge.landed", "q");
    sandbox.open("p");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("task.done", Some("p")), 2);
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_landing_that_unticks_a_box_of_another_plan_makes_that_wait_for_a_person() {
    for dispatch in DISPATCHES {
        let sandbox = edited(
            dispatch,
            "for id in ${ORCH_TASK:-1.1 1.2}; do work $id; done",
            "sed -i 's/\\[x\\]/[ ]/' plans/p.md",
        );
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge q").code(0).ok();
        sandbox.script("p", "mark again; exit 3");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(
            sandbox.state("p"),
            "held",
            "{dispatch}: {}",
            sandbox.orch("log").out
        );
        assert!(sandbox.why("p").contains("1.3"), "{}", sandbox.why("p"));
        assert!(!sandbox.mark("again").exists(), "{dispatch}");
    }
}

#[test]
fn a_landing_that_takes_a_box_out_of_an_open_verify_block_finishes_nothing() {
    let text =
        "# P\n\n## Phase 1: One\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] it builds\n- [ ] tests pass\n";
    for (edit, state) in [
        ("sed -i '/tests pass/d'", "held"),
        ("sed -i 's/tests pass/&\\n- [ ] lints pass/'", "landed"),
    ] {
        let sandbox = edited(
            "plan",
            "work 1.1; orch task fail 1.verify --note red",
            &format!("{edit} plans/p.md"),
        );
        sandbox.write("plans/p.md", text);
        sandbox.git("commit -q -a -m verify");
        sandbox.orch("up").code(1).ok();
        sandbox.orch("merge q").code(0).ok();
        sandbox.script("p", "orch task done -q 1.verify");
        let _ = sandbox.orch("up --merge");
        assert_eq!(sandbox.state("p"), state, "{edit}: {}", sandbox.orch("log").out);
    }
}

#[test]
fn what_the_lead_takes_out_of_a_document_is_out() {
    let sandbox = edited("plan", FAILS, "echo q > q.txt");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("merge q").code(0).ok();
    let text = sandbox.read("plans/p.md");
    sandbox.write("plans/p.md", text.replace("- [ ] 1.2 b\n", ""));
    sandbox.script("p", "orch task done -q 1.1");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

const PARTS: &str =
    "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n  - [ ] 1.1.1 part\n\n**VERIFY Phase 1:**\n- [ ] 1.5 check\n";

/// The plan does not land, because this part was said to have failed.
fn is_failed_by(sandbox: &Sandbox, part: &str) {
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0, "{part}");
    let why = sandbox.why("p");
    assert!(why.contains(part) && why.contains("broken"), "{part}: {why}");
}

#[test]
fn a_part_that_failed_fails_its_whole_until_it_is_said_to_be_done() {
    for dispatch in DISPATCHES {
        for (part, whole) in [("1.1.1", "1.1"), ("1.5", "1.verify")] {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0");
            let both = "commit x; orch task done -q 1.1; orch task done -q 1.verify || true";
            let script = format!("orch task fail {part} --note broken; {both}");
            sandbox.plan("p", &format!("dispatch = {dispatch:?}"), PARTS, &script);
            is_failed_by(&sandbox, part);
            sandbox.script("p", &format!("orch task done -q {part} || true; {both}"));
            sandbox.orch("up --merge").code(0).ok();
            assert_eq!(sandbox.state("p"), "landed", "{dispatch} {whole}");
        }
    }
}

#[test]
fn a_part_that_was_begun_keeps_its_whole_from_being_done_until_it_is_ended() {
    for dispatch in DISPATCHES {
        for (part, whole) in [("1.1.1", "1.1"), ("1.5", "1.verify")] {
            for said in ["done", "skip"] {
                let sandbox = Sandbox::new();
                sandbox.settings("retries = 0");
                let whole = format!("orch task {said} -q {whole} || true");
                let both =
                    format!("commit x; {whole}; orch task done -q 1.1; orch task done -q 1.verify || true");
                let begun =
                    format!("orch task fail {part} --note broken || true; orch task start -q {part} || true");
                sandbox.plan(
                    "p",
                    &format!("dispatch = {dispatch:?}"),
                    PARTS,
                    &format!("{begun}; {both}"),
                );
                sandbox.orch("up --merge").code(1).ok();
                assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {part} {said}");
                assert!(sandbox.why("p").contains(part), "{}", sandbox.why("p"));
                sandbox.script("p", &format!("orch task done -q {part} || true; {both}"));
                sandbox.orch("up --merge").code(0).ok();
                assert_eq!(sandbox.state("p"), "landed", "{dispatch} {part}");
            }
        }
    }
}

#[test]
fn only_a_person_leaves_out_a_whole_with_a_part_that_failed() {
    for dispatch in DISPATCHES {
        for (part, whole) in [("1.1.1", "1.1"), ("1.5", "1.verify")] {
            for person in ["skip p.WHOLE", "task skip WHOLE --plan p"] {
                let sandbox = Sandbox::new();
                sandbox.settings("retries = 0");
                let skips = "commit x; orch task skip -q 1.1 || true; orch task skip -q 1.verify || true";
                let script = format!(
                    "orch task fail {part} --note broken\n{skips}\norch task list > $MARKS/$ORCH_ATTEMPT"
                );
                sandbox.plan("p", &format!("dispatch = {dispatch:?}"), PARTS, &script);
                is_failed_by(&sandbox, part);
                let seen = std::fs::read_to_string(sandbox.mark("p-1")).unwrap();
                let failed = seen.contains(&format!("failed   {whole} "));
                assert!(failed || dispatch == "task", "{seen}");
                // Whoever says it again takes nothing from that.
                sandbox.script("p", skips);
                sandbox.orch(&person.replace("WHOLE", whole)).code(0).ok();
                sandbox.orch("up --merge").code(0).ok();
                assert_eq!(sandbox.state("p"), "landed", "{dispatch} {person} {whole}");
            }
        }
    }
}

#[test]
fn parts_that_are_added_to_a_finished_plan_open_what_they_belong_to() {
    for dispatch in DISPATCHES {
        for (after, part, opened) in [
            ("  - [ ] 1.1.1 part\n", "  - [ ] 1.1.2 another\n", "1.1"),
            ("- [ ] 1.5 check\n", "- [ ] 1.6 another\n", "1.verify"),
            // Another one in the place of one that nobody said anything of.
            (" part\n", "", "1.1"),
        ] {
            for command in ["up --merge", "merge p"] {
                let sandbox = Sandbox::new();
                sandbox.settings("retries = 0");
                let script =
                    "case ${ORCH_TASK:-1.1} in 1.1) work 1.1;; esac; orch task done -q 1.verify || true";
                sandbox.plan("p", &format!("dispatch = {dispatch:?}"), PARTS, script);
                sandbox.orch("up").code(0).ok();
                let now = match part {
                    "" => PARTS.replace(after, " something else\n"),
                    part => PARTS.replace(after, &format!("{after}{part}")),
                };
                sandbox.write("plans/p.md", now);
                sandbox.script("p", "mark again; exit 3");
                let _ = sandbox.orch("merge p --dry-run").says("its work is not finished");
                let _ = sandbox.orch(command);
                assert_eq!(
                    sandbox.count("merge.landed", None),
                    0,
                    "{dispatch} {opened} {command}"
                );
                assert_eq!(sandbox.count("work.added", Some("p")), 1, "{dispatch} {opened}");
                if command == "up --merge" {
                    assert!(sandbox.mark("again").exists(), "{dispatch} {opened}");
                }
                assert_eq!(sandbox.count("report.late", None), 0, "{dispatch} {opened}");
            }
        }
    }
}

#[test]
fn what_was_said_in_time_is_never_late() {
    for dispatch in DISPATCHES {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan(
            "p",
            &format!("dispatch = {dispatch:?}"),
            &document(&[1]),
            "orch task done -q 1.1",
        );
        sandbox.orch("up").code(1).ok();
        let _ = sandbox.orch("merge");
        sandbox.script("p", ":");
        sandbox.orch("up").code(1).ok();
        assert_eq!(
            sandbox.count("report.late", None),
            0,
            "{dispatch}: {}",
            sandbox.orch("log").out
        );
    }
}

#[test]
fn a_dry_run_refuses_what_the_merge_refuses() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 Write the parser\n",
        "work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge p --dry-run").code(0).says("would land").ok();
    sandbox.write(
        "plans/p.md",
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 Paint the fence green\n",
    );
    let refused = sandbox.orch("merge p");
    assert_eq!(refused.code, 2, "{}", refused.err);
    sandbox
        .orch("merge p --dry-run")
        .code(2)
        .says("Write the parser")
        .ok();
}

#[test]
fn nothing_of_a_finished_plan_can_be_begun() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    sandbox
        .orch("task start 1.1 --plan p")
        .code(2)
        .says("finished")
        .ok();
    sandbox.orch("merge p").code(0).ok();
    sandbox
        .orch("task start 1.1 --plan p")
        .code(2)
        .says("landed")
        .ok();
}

#[test]
fn why_shows_what_a_person_said_while_nobody_drives() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[2]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    sandbox
        .orch("task fail 1.1 --plan p --note parser-loops")
        .code(0)
        .ok();
    sandbox.orch("why p.1.1").says("parser-loops").ok();
    sandbox.script("p", ":");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("why p.1.1").says("parser-loops").ok();
}

#[test]
fn a_list_does_not_call_work_done_that_may_not_begin() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "[plans.p.phases.2]\ngate = \"approve\"",
        &document(&[1, 1]),
        "work 1.1",
    );
    sandbox.orch("up").ok();
    let file = sandbox.worktree("p");
    let text = file.read(".orch/status.json");
    let mut status: serde_json::Value = serde_json::from_str(&text).unwrap();
    status["tasks"]["2.1"] = serde_json::json!({"state": "done"});
    status["version"] = (status["version"].as_u64().unwrap() + 1).into();
    file.write(".orch/status.json", status.to_string());
    let list = sandbox.orch("task list --plan p --json").json();
    let states: Vec<&str> = list["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["done", "pending"]);
}

#[test]
fn another_prompt_is_other_work() {
    for (now, runs) in [
        ("Draw the logo", true),
        ("Write the parser\\nand draw the logo", true),
        ("Write the parser", false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.script("p", "work 1.1");
        let agent = sandbox.beside("agents/p.sh");
        sandbox.tables(&format!("[agents.p]\ncommand = [\"sh\", {agent:?}]"));
        sandbox.tables("[plans.p]\nagent = \"p\"\nprompt = \"Write the parser\"");
        sandbox.git("add -A");
        sandbox.git("commit -q -m plans");
        sandbox.orch("up").code(0).ok();
        let manifest = sandbox.read("plans.toml");
        sandbox.write("plans.toml", manifest.replace("Write the parser", now));
        sandbox.script("p", "mark again; commit half");
        let _ = sandbox.orch("up --merge");
        assert_eq!(sandbox.mark("again").exists(), runs, "{now}");
        let state = if runs { "failed" } else { "landed" };
        assert_eq!(sandbox.state("p"), state, "{now}: {}", sandbox.orch("log").out);
    }
}

#[test]
fn a_part_that_is_open_from_the_start_opens_its_task() {
    for dispatch in DISPATCHES {
        let text =
            "# P\n\n## Phase 1: One\n\n- [x] 1.1 a\n  - [ ] 1.1.1 part\n  - [x] 1.1.2 part\n- [ ] 1.2 b\n";
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let script = "case ,${ORCH_TASK:-1.2}, in *,1.2,*) work 1.2;; esac";
        sandbox.plan("p", &format!("dispatch = {dispatch:?}"), text, script);
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
        assert!(sandbox.why("p").contains("1.1"), "{}", sandbox.why("p"));
        sandbox.script("p", "case ,${ORCH_TASK:-1.1}, in *,1.1,*) work 1.1;; esac");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

/// The states that `orch task list` shows of plan `p`.
fn listed(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.orch("task list --plan p --json").json();
    let tasks = list["tasks"].as_array().unwrap().iter();
    tasks
        .map(|task| task["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_list_shows_what_the_judge_goes_by() {
    // A part that failed.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n  - [ ] 1.1.1 part\n";
    sandbox.plan(
        "p",
        "",
        text,
        "orch task fail 1.1.1; orch task list > $MARKS/list; work 1.1; orch task list > $MARKS/list",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(listed(&sandbox), ["failed"]);
    let own = std::fs::read_to_string(sandbox.mark("list")).unwrap();
    assert!(own.contains("failed   1.1 "), "{own}");
    // A status file that somebody else has edited.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[2]), "work 1.1; orch task fail 1.2");
    sandbox.orch("up").code(1).ok();
    let file = sandbox.worktree("p");
    let text = file.read(".orch/status.json");
    file.write(".orch/status.json", text.replace("\"failed\"", "\"done\""));
    assert_eq!(listed(&sandbox), ["done", "failed"]);
    // A box that was ticked behind a gate.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let keys = "[plans.p.phases.2]\ngate = \"approve\"";
    sandbox.plan("p", keys, &document(&[1, 1]), "work 1.1");
    sandbox.orch("up").ok();
    let text = sandbox.read("plans/p.md");
    sandbox.write("plans/p.md", text.replace("[ ]", "[x]"));
    assert_eq!(listed(&sandbox), ["done", "pending"]);
    sandbox.orch("up").ok();
    assert_eq!(listed(&sandbox), ["done", "pending"]);
}
