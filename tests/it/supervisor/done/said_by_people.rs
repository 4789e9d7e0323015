//! A person's word beside agents, between runs and while nobody drives; and documents that are edited between runs.

use crate::support::{Sandbox, document, wait_for};

const DISPATCHES: [&str; 3] = ["plan", "phase", "task"];

fn sandbox(keys: &str, text: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nreport = \"required\"");
    sandbox.plan("p", keys, text, script);
    sandbox
}

/// Reports what is open of what this attempt may do, with a commit for each.
const ALL: &str =
    "for id in $(orch task next 9 | sed -n 's/^\\([0-9][0-9a-z.]*\\) .*/\\1/p'); do work $id; done";

#[test]
fn what_is_called_failed_while_a_verification_runs_and_nobody_drives_does_not_land() {
    for dispatch in ["plan", "task"] {
        for of_phase in [true, false] {
            let verify = "verify = \"reached v; test -e \\\"$MARKS/go\\\"\"";
            let keys = match of_phase {
                true => format!("dispatch = {dispatch:?}\n[plans.p.phases.1]\n{verify}"),
                false => format!("dispatch = {dispatch:?}\n{verify}"),
            };
            let sandbox = sandbox(&keys, &document(&[1]), "work 1.1");
            let stands = sandbox.mark("stands");
            let command = format!(
                "verify = \"touch {0}; while ! test -e {0}.go; do sleep 0.05; done\"",
                stands.display()
            );
            let manifest = sandbox.read("plans.toml");
            sandbox.write("plans.toml", manifest.replace(verify, &command));
            let up = sandbox.start("up --merge");
            wait_for("the verification", || stands.exists());
            up.kill();
            sandbox.orch("task fail 1.1 --plan p --note wrong").code(0).ok();
            std::fs::write(stands.with_extension("go"), "").unwrap();
            sandbox.script("p", "exit 3");
            sandbox.orch("up --merge").code(1).ok();
            assert_eq!(sandbox.state("p"), "failed", "{dispatch} {of_phase}");
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {of_phase}");
        }
    }
}

#[test]
fn commits_say_nothing_against_a_person_s_word() {
    for dispatch in DISPATCHES {
        let keys = format!("report = \"auto\"\ndispatch = {dispatch:?}");
        let sandbox = sandbox(
            &keys,
            &document(&[2]),
            "if [ $ORCH_ATTEMPT = p-1 ]; then gate g; fi; commit $ORCH_ATTEMPT",
        );
        sandbox.gate("g");
        let up = sandbox.start("up --merge");
        sandbox.reached("g");
        sandbox.orch("task fail 1.2 --plan p --note wrong").code(0).ok();
        sandbox.happened("task.failed", "p");
        sandbox.open("g");
        up.end().code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
    }
}

#[test]
fn what_a_person_did_last_completes_what_an_agent_did_before() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b (depends: none)\n\n## Phase 2: B\n\n- [ ] 2.1 c (depends: 1.1)\n";
    let sandbox = sandbox("", text, "work 1.1 2.1; orch task fail 1.2 --note red");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("task done 1.2 --plan p").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"], "nobody does again what is done");
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_person_may_say_that_a_check_passes() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] tests\n";
    for dispatch in DISPATCHES {
        let script = "case ${ORCH_TASK-} in 1.verify) ;; *) work 1.1;; esac; orch task fail 1.verify || true";
        let sandbox = sandbox(&format!("dispatch = {dispatch:?}"), text, script);
        sandbox.orch("up").code(1).ok();
        sandbox.orch("task done 1.verify --plan p").code(0).ok();
        let before = sandbox.starts().len();
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(
            sandbox.starts().len(),
            before,
            "{dispatch}: no agent is asked again"
        );
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

#[test]
fn a_plan_that_a_person_skipped_stays_so_in_the_next_run() {
    let sandbox = sandbox("merge = \"auto\"", &document(&[1]), "work 1.1");
    sandbox.orch("skip p").code(0).ok();
    drop(sandbox.orch("up"));
    assert_eq!(sandbox.state("p"), "skipped");
    assert!(sandbox.starts().is_empty());
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn the_end_of_a_phase_lands_only_from_its_branch() {
    let sandbox = sandbox("dispatch = \"phase\"", &document(&[1, 1]), "work $ORCH_PHASE.1");
    sandbox.orch("up").code(0).ok();
    let worktree = sandbox.worktree("p");
    worktree.git("reset -q --hard main");
    let said = sandbox.orch("merge p.1").code(2);
    let said = format!("{}{}", said.out, said.err);
    assert!(said.contains("git branch -f orch/p"), "{said}");
    assert_eq!(sandbox.count("merge.landed", None), 0);
}

#[test]
fn a_verification_that_commits_verifies_nothing() {
    let keys = "verify = \"git commit -q --allow-empty -m more\"";
    let sandbox = sandbox(keys, &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox.why("p").contains("was not verified"),
        "{}",
        sandbox.why("p")
    );
}

#[test]
fn a_part_that_fails_takes_its_task_with_it() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n  - [ ] 1.1.1 part\n";
    let script = "work 1.1; orch task fail 1.1.1 --note 'half of it'";
    let sandbox = sandbox("", text, script);
    sandbox.orch("up --merge").code(1).ok();
    assert!(
        sandbox.why("p").contains("1.1 (1.1.1: half of it)"),
        "{}",
        sandbox.why("p")
    );
}

#[test]
fn a_box_that_is_ticked_later_passes_neither_a_gate_nor_a_verification() {
    for dispatch in DISPATCHES {
        for (keys, refused) in [("gate = \"approve\"", true), ("verify = \"false\"", false)] {
            let keys = format!("dispatch = {dispatch:?}\n[plans.p.phases.2]\n{keys}");
            let sandbox = sandbox(&keys, &document(&[1, 1]), ALL);
            drop(sandbox.orch("up"));
            let text = sandbox.read("plans/p.md");
            sandbox.write("plans/p.md", text.replace("[ ] 2.1", "[x] 2.1"));
            sandbox.script("p", "true");
            drop(sandbox.orch("up --merge"));
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {keys}");
            assert_ne!(sandbox.state("p"), "finished", "{dispatch} {keys}");
            let warned = sandbox.count("warning", Some("p")) > 0;
            assert!(warned || !refused, "{dispatch}: the tick is refused aloud");
        }
    }
}

#[test]
fn a_box_that_is_ticked_after_an_agent_failed_is_a_person_s_word() {
    for dispatch in DISPATCHES {
        let script = "commit made; orch task fail 1.1 --note red";
        let sandbox = sandbox(&format!("dispatch = {dispatch:?}"), &document(&[1]), script);
        sandbox.orch("up").code(1).ok();
        let worktree = sandbox.worktree("p");
        worktree.commit_file("by-hand.txt", "done");
        let text = sandbox.read("plans/p.md");
        sandbox.write("plans/p.md", text.replace("[ ] 1.1", "[x] 1.1"));
        let before = sandbox.starts().len();
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.starts().len(), before, "{dispatch}: nobody does it again");
        assert_eq!(sandbox.git("show main:by-hand.txt"), "done", "{dispatch}");
    }
}

#[test]
fn a_box_that_is_unticked_is_open_again() {
    for dispatch in DISPATCHES {
        let text = document(&[2]).replace("[ ] 1.1", "[x] 1.1");
        let sandbox = sandbox(&format!("dispatch = {dispatch:?}"), &text, "work 1.2");
        sandbox.orch("up").code(0).ok();
        sandbox.write("plans/p.md", document(&[2]));
        sandbox.script("p", "work 1.1");
        sandbox.orch("up --merge").code(0).ok();
        let made = sandbox.git("ls-tree --name-only main");
        assert!(made.contains("p-1.1.txt"), "{dispatch}: {made}");
    }
}

#[test]
fn boxes_that_another_plan_s_agent_ticked_say_nothing() {
    for dispatch in DISPATCHES {
        let keys = format!("dispatch = {dispatch:?}\ndepends = [\"q\"]");
        let sandbox = sandbox(&keys, &document(&[2]), "commit WIP");
        sandbox.plan(
            "q",
            "",
            &document(&[1]),
            "sed -i 's/\\[ \\]/[x]/' plans/p.md; git add plans; work 1.1",
        );
        sandbox.git("add plans plans.toml");
        sandbox.git("commit -qm plans");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("q"), "landed", "{dispatch}");
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
    }
}

#[test]
fn a_task_does_not_inherit_what_was_said_of_another_with_its_id() {
    let text = |second: &str| format!("# P\n\n## Phase 1: A\n\n- [ ] 1.1 Write it\n{second}");
    let second = "- [ ] 1.2 Test it\n";
    let other = "- [ ] 1.2 Delete the rest\n";
    let sandbox = sandbox("", &text(second), "work 1.1; work 1.2");
    sandbox.orch("up").code(0).ok();
    sandbox.write("plans/p.md", text(other));
    for command in ["up", "merge"] {
        let said = sandbox.orch(command).code(2).err;
        for part in ["plans/p.md:6:1:", "`Test it` was task 1.2", "`Delete the rest`"] {
            assert!(said.contains(part), "{command}: {said}");
        }
    }
    // Taken out, and put in again as something else.
    sandbox.write("plans/p.md", text(""));
    sandbox.orch("up").code(0).ok();
    sandbox.write("plans/p.md", text(other));
    sandbox.orch("up").code(2).ok();
    // Another wording is the same task.
    sandbox.write("plans/p.md", text("- [ ] 1.2 **Test** it.\n"));
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_check_that_has_changed_is_to_be_done_again_and_needs_no_commit() {
    let text =
        |check: &str| format!("# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] {check}\n");
    for dispatch in DISPATCHES {
        let script = "case ${ORCH_TASK-} in 1.verify) ;; *) work 1.1;; esac; orch task done 1.verify || true";
        let sandbox = sandbox(
            &format!("dispatch = {dispatch:?}"),
            &text("the tests pass"),
            script,
        );
        sandbox.orch("up").code(0).ok();
        sandbox.write("plans/p.md", text("nothing is slower"));
        sandbox.script("p", "true");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        sandbox.script("p", "orch task done 1.verify");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

#[test]
fn what_is_done_stays_done_under_another_dispatch() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n**VERIFY Phase 1:**\n- [ ] tests\n\n## Phase 2: B\n\n- [ ] 2.1 c\n";
    let script = "case ${ORCH_TASK-} in '') work 1.1 1.2 1.verify;; *) work $ORCH_TASK;; esac";
    let gate = "[plans.p.phases.2]\ngate = \"approve\"";
    let keys = |dispatch: &str| format!("dispatch = {dispatch:?}");
    for before in DISPATCHES {
        for after in DISPATCHES.into_iter().filter(|after| *after != before) {
            let sandbox = sandbox(&format!("{}\n{gate}", keys(before)), text, script);
            sandbox.orch("up").code(1).ok();
            assert_eq!(sandbox.count("task.done", None), 3, "{before}");
            let starts = sandbox.starts().len();
            let manifest = sandbox.read("plans.toml");
            sandbox.write("plans.toml", manifest.replace(&keys(before), &keys(after)));
            sandbox.script("p", "work 2.1");
            sandbox.orch("approve p.2").code(0).ok();
            sandbox.orch("up --merge").code(0).ok();
            assert_eq!(
                sandbox.starts().len(),
                starts + 1,
                "{before} to {after}: {}",
                sandbox.orch("log").out
            );
            assert_eq!(sandbox.count("task.done", None), 4, "{before} to {after}");
            assert_eq!(sandbox.state("p"), "landed", "{before} to {after}");
        }
    }
}

#[test]
fn what_a_check_found_does_not_count_for_work_that_was_opened_again() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] tests\n";
    for dispatch in ["plan", "phase"] {
        let script = "work 1.1; orch task done 1.verify; orch task fail 1.1 --note wrong";
        let sandbox = sandbox(&format!("dispatch = {dispatch:?}"), text, script);
        sandbox.orch("up --merge").code(1).ok();
        sandbox.script("p", "work 1.1");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert!(sandbox.why("p").contains("1.verify"), "{}", sandbox.why("p"));
        sandbox.script("p", "orch task done 1.verify");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

#[test]
fn what_an_agent_made_lands_with_what_a_person_says_of_the_rest() {
    for dispatch in DISPATCHES {
        let tasks = if dispatch == "task" { 1 } else { 2 };
        for (word, code) in [("done", 0), ("done", 1), ("skip", 0)] {
            let script = match dispatch {
                "task" => format!("commit 1.1; exit {code}"),
                _ => format!("work 1.1; exit {code}"),
            };
            let sandbox = sandbox(&format!("dispatch = {dispatch:?}"), &document(&[tasks]), &script);
            sandbox.orch("up").code(1).ok();
            let rest = if dispatch == "task" { "1.1" } else { "1.2" };
            if (dispatch, word) == ("task", "skip") {
                continue;
            }
            sandbox.orch(&format!("task {word} {rest} --plan p")).code(0).ok();
            sandbox.orch("up --merge").code(0).ok();
            assert_eq!(sandbox.starts(), ["p-1"], "{dispatch} {word} {code}");
            assert_eq!(sandbox.state("p"), "landed", "{dispatch} {word} {code}");
            let there = sandbox.git("ls-tree --name-only main");
            let file = if dispatch == "task" { "1.1" } else { "p-1.1.txt" };
            assert!(there.contains(file), "{dispatch} {word} {code}: {there}");
        }
    }
}

#[test]
fn what_an_earlier_attempt_reported_is_kept_in_every_dispatch() {
    for dispatch in DISPATCHES {
        let script = "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; exit 1; fi; git reset -q --hard HEAD~1; commit other; orch task done 1.2 || true";
        let tasks = if dispatch == "task" { 1 } else { 2 };
        let sandbox = sandbox(
            &format!("retries = 1\ndispatch = {dispatch:?}"),
            &document(&[tasks]),
            script,
        );
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert!(
            sandbox.why("p").contains("1.1"),
            "{dispatch}: {}",
            sandbox.why("p")
        );
    }
}

#[test]
fn boxes_that_an_agent_ticked_say_nothing_in_the_next_run_either() {
    for begun in [true, false] {
        let script = "orch task fail 1.2 --note no; work 1.1; exit 1";
        let sandbox = sandbox("", &document(&[2]), script);
        sandbox.plan(
            "q",
            "",
            &document(&[1]),
            "sed -i 's/\\[ \\]/[x]/' plans/p.md; git add plans; work 1.1",
        );
        sandbox.git("add plans plans.toml");
        sandbox.git("commit -qm plans");
        if begun {
            sandbox.orch("up p").code(1).ok();
        }
        sandbox.orch("up q --merge").code(0).ok();
        assert!(sandbox.git("show main:plans/p.md").contains("[x]"));
        sandbox.script("p", "exit 1");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{begun}");
    }
}

#[test]
fn the_last_word_counts_also_when_a_box_was_ticked_before_it() {
    let sandbox = sandbox("", &document(&[2]), "work 1.1; exit 1");
    sandbox.orch("up").code(1).ok();
    let text = sandbox.read("plans/p.md");
    sandbox.write("plans/p.md", text.replace("- [ ] 1.2", "- [x] 1.2"));
    sandbox.orch("task fail 1.2 --plan p --note wrong").code(0).ok();
    sandbox.script("p", "exit 1");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    sandbox.orch("why p.1.2").code(0).says("wrong").ok();
}

#[test]
fn what_an_agent_ticked_and_threw_away_is_no_person_s_word_in_the_next_run() {
    let script = "commit a; sed -i 's/\\[ \\]/[x]/' .orch/plan.md; gate g; git reset -q --hard HEAD~1";
    let sandbox = sandbox("", &document(&[1]), script);
    sandbox.gate("g");
    let up = sandbox.start("up --merge");
    sandbox.reached("g");
    sandbox.happened("task.done", "p");
    sandbox.open("g");
    up.end().code(1).ok();
    sandbox.script("p", "exit 1");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("task.done", None), 1);
    // Ticked again by the next agent, with the work, it counts.
    sandbox.script("p", "commit a; sed -i 's/\\[ \\]/[x]/' .orch/plan.md");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_dependency_keeps_agents_out_also_when_what_it_waits_for_has_failed() {
    let sandbox = sandbox("", &document(&[1]), "exit 1");
    let text = "# Q\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    let keys = "[plans.q.phases.2]\ndepends = [\"p\"]";
    let script = "work 1.1; while ! orch events | grep -q plan.failed; do :; done; code=0; orch task done 2.1 || code=$?; echo $code > $MARKS/said";
    sandbox.plan("q", keys, text, script);
    sandbox.orch("up").code(1).ok();
    let said = std::fs::read_to_string(sandbox.mark("said")).unwrap();
    assert_eq!(said.trim(), "2");
    sandbox.orch("task done 2.1 --plan q").code(2).ok();
}

#[test]
fn what_is_called_failed_while_orch_merge_verifies_does_not_land() {
    let sandbox = sandbox("", &document(&[1]), "work 1.1");
    let stands = sandbox.mark("stands");
    let path = stands.display();
    sandbox.tables(&format!(
        "[merge]\nverify = \"touch {path}; while ! test -e {path}.go; do sleep 0.05; done\""
    ));
    sandbox.orch("up").code(0).ok();
    let merge = sandbox.start("merge");
    wait_for("the verification", || stands.exists());
    sandbox.orch("task fail 1.1 --plan p --note wrong").code(0).ok();
    std::fs::write(stands.with_extension("go"), "").unwrap();
    assert_ne!(merge.end().code, 0);
    assert_eq!(sandbox.count("merge.landed", None), 0);
    sandbox.orch("why p.1.1").code(0).says("p.1.1: failed").ok();
}

#[test]
fn a_phase_without_a_commit_lets_nobody_in() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    let sandbox = sandbox("", text, "orch task done 1.1; gate g; exit 1");
    sandbox.gate("g");
    sandbox.plan("q", "depends = [\"p.phase1\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up --merge");
    sandbox.reached("g");
    sandbox.happened("task.done", "p");
    sandbox.open("g");
    up.end().code(1).ok();
    assert_eq!(sandbox.count("plan.pinned", None), 0);
    assert_eq!(sandbox.count("merge.landed", None), 0);
}

#[test]
fn one_agent_makes_every_check_before_its_phase_is_done() {
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:** (non-blocking)\n- [ ] tests\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    let sandbox = sandbox("", text, "work 1.1; work 2.1; exit 1");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("merge p.1").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
}

#[test]
fn a_verification_that_a_finished_plan_gets_has_to_pass_before_it_lands() {
    for dispatch in DISPATCHES {
        let keys = format!("dispatch = {dispatch:?}");
        let sandbox = sandbox(&keys, &document(&[1]), "work 1.1");
        sandbox.orch("up").code(0).ok();
        let manifest = sandbox.read("plans.toml");
        sandbox.write(
            "plans.toml",
            manifest.replace(&keys, &format!("{keys}\nverify = \"false\"")),
        );
        sandbox.script("p", "true");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
    }
}
