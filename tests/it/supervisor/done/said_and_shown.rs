//! Done means said and shown: what no agent has said is not done, and what is not on the branch is not either.

use crate::support::{Sandbox, document};

/// One plan `p` of three tasks, whose agent must report.
fn three(settings: &str, keys: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("backoff = \"1ms\"\n{settings}"));
    sandbox.plan("p", keys, &document(&[3]), script);
    sandbox
}

/// The states of tasks, as `orch status --json` gives them.
fn tasks(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.orch("status --json").json();
    let phases = status["plans"][0]["phases"].as_array().unwrap().clone();
    let tasks = phases
        .iter()
        .flat_map(|phase| phase["tasks"].as_array().unwrap().clone());
    tasks
        .map(|task| {
            format!(
                "{} {}",
                task["id"].as_str().unwrap(),
                task["state"].as_str().unwrap()
            )
        })
        .collect()
}

const REQUIRED: &str = "retries = 1\nreport = \"required\"";

#[test]
fn silence_after_a_report_is_no_report() {
    for (settings, dispatch) in [(REQUIRED, "plan"), ("retries = 1", "plan"), (REQUIRED, "phase")] {
        let script = "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; else commit WIP; fi";
        let sandbox = three(settings, &format!("dispatch = {dispatch:?}"), script);
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{settings}");
        assert_eq!(sandbox.count("merge.landed", None), 0);
        let open = tasks(&sandbox);
        assert_eq!(open[1..], ["1.2 pending", "1.3 pending"], "{settings}");
        assert!(
            sandbox.why("p").contains("without reporting: 1.2, 1.3"),
            "{}",
            sandbox.why("p")
        );
    }
}

#[test]
fn an_agent_that_never_reports_lands_nothing_where_reports_are_required() {
    for dispatch in ["plan", "phase", "task"] {
        for place in ["run", "agent", "plan"] {
            let required = "report = \"required\"";
            let sandbox = Sandbox::new();
            sandbox.settings(&format!(
                "retries = 0\n{}",
                if place == "run" { required } else { "" }
            ));
            let keys = if place == "plan" { required } else { "" };
            sandbox.plan(
                "p",
                &format!("dispatch = {dispatch:?}\n{keys}"),
                &document(&[2]),
                "commit x",
            );
            if place == "agent" {
                let manifest = sandbox.read("plans.toml");
                sandbox.write(
                    "plans.toml",
                    manifest.replace("command =", &format!("{required}\ncommand =")),
                );
            }
            sandbox.orch("up --merge").code(1).ok();
            assert_eq!(sandbox.state("p"), "failed", "{dispatch} {place}");
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {place}");
        }
    }
}

#[test]
fn a_failure_that_is_said_again_is_heard_again() {
    for settings in [REQUIRED, "retries = 1"] {
        let script = "commit half-$ORCH_ATTEMPT; orch task fail 1.1 --note 'needs the schema'\n\
                      orch task done 1.2 1.3";
        let sandbox = three(settings, "", script);
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed");
        assert_eq!(sandbox.count("merge.landed", None), 0);
        assert_eq!(sandbox.count("task.failed", Some("p")), 2, "one for each attempt");
        let why = sandbox.why("p");
        assert!(why.contains("1.1 (needs the schema)"), "{why}");
    }
}

#[test]
fn another_copy_of_a_commit_that_was_there_before_is_no_work() {
    let amend = "git commit -q --amend --no-edit";
    let reword = "git commit -q --amend -m other";
    let rebase = "git rebase -q HEAD~2 --exec 'git commit -q --amend -m other'";
    let squash = "git reset -q --soft HEAD~2; git commit -q -m both";
    for dispatch in ["plan", "phase", "task"] {
        for copies in [amend, &format!("{amend}; {reword}"), rebase, squash] {
            for (works, landed) in [(":", 0), ("commit x", 1)] {
                let sandbox = Sandbox::new();
                sandbox.settings("retries = 1");
                for name in ["one", "two"] {
                    sandbox.write(name, name);
                    sandbox.git("add -A");
                    sandbox.git_args(["commit", "-q", "-m", name]);
                }
                // Of this second, git makes the same commit again.
                let script = format!(
                    "export GIT_COMMITTER_DATE=2001-01-01T00:00:0${{ORCH_ATTEMPT#p-}}Z\n{copies}\n{works}"
                );
                sandbox.plan("p", &format!("dispatch = {dispatch:?}"), &document(&[1]), &script);
                let code = i32::from(landed == 0);
                sandbox.orch("up --merge").code(code).ok();
                assert_eq!(
                    sandbox.count("merge.landed", None),
                    landed,
                    "{dispatch} {copies} {works}"
                );
            }
        }
    }
}

#[test]
fn a_question_beside_a_scratch_file_is_no_work() {
    let asks = r#"echo x > notes.txt; echo '{"type":"result","subtype":"success","is_error":false,"result":"Decimal or float?","session_id":"s"}'"#;
    let sandbox = three("retries = 0\nreport = \"required\"", "", asks);
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace("command = [", "events = \"claude\"\ncommand = ["),
    );
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(tasks(&sandbox), ["1.1 pending", "1.2 pending", "1.3 pending"]);
    assert_eq!(sandbox.count("merge.landed", None), 0);
    for shown in [sandbox.why("p"), sandbox.orch("status p").out] {
        assert!(shown.replace('\n', " ").contains("Decimal or float?"), "{shown}");
    }
}

const CHECKED: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] tests pass\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";

#[test]
fn a_blocking_check_that_failed_or_was_not_said_holds_its_phase_in_every_dispatch() {
    for dispatch in ["plan", "phase", "task"] {
        for says in ["orch task fail 1.verify --note 'unit tests red'", ":"] {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0");
            let script = format!(
                "case ,$ORCH_TASK,$ORCH_PHASE, in *,1.1,*|,,1*) work 1.1;; esac\n{says}\n\
                 case ,$ORCH_TASK,$ORCH_PHASE, in *2*) work 2.1;; esac"
            );
            sandbox.plan("p", &format!("dispatch = {dispatch:?}"), CHECKED, &script);
            sandbox.plan("q", "depends = [\"p.1\"]", &document(&[1]), "work 1.1");
            sandbox.orch("up --merge").code(1).ok();
            assert_eq!(sandbox.state("p"), "failed", "{dispatch} {says}");
            assert_eq!(sandbox.state("q"), "skipped", "{dispatch} {says}");
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {says}");
            let pins = sandbox.git("for-each-ref refs/orch/pins/p/1 --format=%(refname)");
            assert_eq!(pins, "", "{dispatch} {says}");
        }
    }
}

#[test]
fn a_check_whose_boxes_are_open_is_to_be_said_although_the_tasks_are_ticked() {
    for dispatch in ["plan", "phase", "task"] {
        for (says, state, landings) in [(":", "failed", 0), ("orch task done 1.verify", "landed", 1)] {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0\nreport = \"required\"");
            let script = format!("{says} || true; if orch task start 2.1; then work 2.1; fi");
            let ticked = CHECKED.replace("[ ] 1.1", "[x] 1.1");
            sandbox.plan("p", &format!("dispatch = {dispatch:?}"), &ticked, &script);
            sandbox.orch("up --merge").code(i32::from(landings == 0)).ok();
            assert_eq!(sandbox.state("p"), state, "{dispatch} {says}");
            assert_eq!(sandbox.count("merge.landed", None), landings, "{dispatch} {says}");
        }
    }
}

#[test]
fn an_open_check_of_ticked_tasks_needs_no_commit_but_a_word() {
    let only_check = "# P\n\n## Phase 1: A\n\n- [x] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] tests pass\n";
    for dispatch in ["plan", "phase", "task"] {
        for report in ["required", "auto"] {
            for (says, exit) in [("orch task done 1.verify", 0), (":", 1)] {
                let sandbox = Sandbox::new();
                sandbox.settings(&format!("retries = 0\nreport = {report:?}"));
                sandbox.plan("p", &format!("dispatch = {dispatch:?}"), only_check, says);
                sandbox.orch("up").code(exit).ok();
                let finished = sandbox.count("plan.finished", Some("p"));
                assert_eq!(finished, usize::from(exit == 0), "{dispatch} {report} {says}");
            }
        }
    }
}

#[test]
fn a_check_is_listed_and_shown_like_a_task() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        CHECKED,
        "orch task list --json > \"$MARKS/list\"; cp \"$ORCH_PROMPT_FILE\" \"$MARKS/prompt\"\n\
         work 1.1; orch task done 1.verify --note 'all green'; work 2.1",
    );
    sandbox.orch("up").code(0).ok();
    let list = std::fs::read_to_string(sandbox.mark("list")).unwrap();
    assert!(list.contains("\"1.verify\""), "{list}");
    let prompt = std::fs::read_to_string(sandbox.mark("prompt")).unwrap();
    assert!(prompt.contains("- [ ] 1.verify"), "{prompt}");
    let status = sandbox.orch("status --json").json();
    let verify = &status["plans"][0]["phases"][0]["verify"];
    assert_eq!(verify["id"], "1.verify");
    assert_eq!(
        (&verify["state"], &verify["note"]),
        (&"done".into(), &"all green".into())
    );
    assert!(status["plans"][0]["phases"][1]["verify"].is_null());
    let one = sandbox.orch("status p").out;
    assert!(one.contains("1.verify"), "{one}");
}

#[test]
fn complete_work_counts_although_the_last_word_of_a_known_program_is_an_error() {
    let ends = [
        r#"echo '{"type":"result","subtype":"error_max_turns","is_error":true,"result":"too many turns","session_id":"s"}'; exit 1"#,
        r#"echo '{"type":"system","subtype":"init","session_id":"s"}'"#,
    ];
    for end in ends {
        let sandbox = three(
            "retries = 0\nreport = \"required\"",
            "",
            &format!("work 1.1 1.2 1.3; {end}"),
        );
        let manifest = sandbox.read("plans.toml");
        sandbox.write(
            "plans.toml",
            manifest.replace("command = [", "events = \"claude\"\ncommand = ["),
        );
        sandbox.orch("up").code(0).ok();
        assert_eq!(sandbox.state("p"), "finished", "{end}");
        assert_eq!(sandbox.count("warning", Some("p")), 1, "{end}");
        // The same end with one task left is none.
        sandbox.nothing_is_left();
    }
}

#[test]
fn what_a_person_did_and_reported_is_not_done_again() {
    for dispatch in ["plan", "phase", "task"] {
        for live in [true, false] {
            let sandbox = three(
                "retries = 0",
                &format!("parallel_tasks = 1\ndispatch = {dispatch:?}"),
                "gate g",
            );
            sandbox.gate("g");
            // Somebody else is at work, so that the supervisor stays.
            sandbox.gate("o").settings("retries = 0\nmax_agents = 2");
            sandbox.plan("other", "", &document(&[1]), "gate o; work 1.1");
            let up = sandbox.start("up");
            sandbox.reached("g");
            sandbox.reached("o");
            sandbox.orch("pause p --now").code(0).ok();
            crate::support::wait_for("its end", || sandbox.count("attempt.failed", Some("p")) == 1);
            let up = match live {
                true => Some(up),
                false => {
                    sandbox.open("o");
                    up.end().code(1).ok();
                    None
                }
            };
            let tree = sandbox.worktree("p");
            tree.write("by-hand.txt", "done\n");
            tree.git("add by-hand.txt");
            tree.git("commit -q -m by-hand");
            sandbox.orch("task done 1.1 1.2 1.3 --plan p").code(0).ok();
            sandbox.orch("resume p").code(0).ok();
            match up {
                Some(up) => {
                    crate::support::wait_for("p", || sandbox.state("p") == "finished");
                    sandbox.open("o");
                    up.end().code(0).ok();
                }
                None => drop(sandbox.orch("up").code(0)),
            }
            let mine: Vec<String> = sandbox
                .starts()
                .into_iter()
                .filter(|id| id.starts_with("p-"))
                .collect();
            assert_eq!(mine, ["p-1"], "{dispatch}: an agent did it again");
            assert_eq!(sandbox.state("p"), "finished", "{dispatch}");
            sandbox.orch("merge").code(0).ok();
            assert_eq!(sandbox.git("show main:by-hand.txt"), "done");
        }
    }
}

#[test]
fn a_person_s_word_without_a_commit_is_not_enough() {
    let sandbox = three(
        "retries = 1",
        "",
        "if [ $ORCH_ATTEMPT = p-1 ]; then exit 1; fi; work 1.1 1.2 1.3",
    );
    sandbox.settings("retries = 0");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("task done 1.1 1.2 1.3 --plan p").code(0).ok();
    sandbox.settings("retries = 1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert!(sandbox.starts().len() >= 2, "somebody has to make it");
    assert!(sandbox.worktree("p").path().join("p-1.3.txt").exists());
}

#[test]
fn work_that_is_thrown_away_after_it_was_reported_is_open_again() {
    let script = "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; gate g; git reset -q --hard HEAD~1; work 1.2 1.3\n\
                  else cp \"$ORCH_PROMPT_FILE\" \"$MARKS/prompt\"; work 1.1; fi";
    let sandbox = three(REQUIRED, "", script);
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.reached("g");
    crate::support::wait_for("the report", || sandbox.count("task.done", Some("p")) == 1);
    let reported = sandbox.rev("orch/p");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let backups = sandbox.git("for-each-ref refs/orch/backup/p/ --format=%(objectname)");
    assert!(backups.contains(reported.as_str()), "{backups}");
    let prompt = std::fs::read_to_string(sandbox.mark("prompt")).unwrap();
    assert!(prompt.contains("1.1 was reported done at"), "{prompt}");
    for task in ["1.1", "1.2", "1.3"] {
        assert!(
            sandbox
                .worktree("p")
                .path()
                .join(format!("p-{task}.txt"))
                .exists()
        );
    }
}

#[test]
fn work_that_is_thrown_away_in_the_moment_of_its_report_is_open_again() {
    let sandbox = Sandbox::new();
    sandbox.settings("backoff = \"1ms\"\nmax_agents = 4\n");
    let script =
        "case $ORCH_ATTEMPT in *-1) work 1.1; git reset -q --hard HEAD~1; work 1.2;; *) work 1.1;; esac";
    let plans = ["a", "b", "c", "d", "e", "f"];
    for plan in plans {
        sandbox.plan(plan, REQUIRED, &document(&[2]), script);
    }
    sandbox.orch("up").code(0).ok();
    for plan in plans {
        let made = sandbox.git(&format!("ls-tree --name-only orch/{plan}"));
        assert!(made.contains(&format!("{plan}-1.1.txt")), "{plan}: {made}");
    }
}

#[test]
fn nothing_is_done_in_the_middle_of_a_merge() {
    let script = "git checkout -q -b aside; echo a > f; git add f; git commit -qm a\n\
                  git checkout -q orch/p; echo b > f; git add f; git commit -qm b\n\
                  git merge -q aside || true; echo both > f; git add f\n\
                  code=0; orch task done 1.1 2> \"$MARKS/said\" || code=$?; echo $code >> \"$MARKS/said\"\n\
                  git commit -qm both; orch task done 1.1";
    let sandbox = Sandbox::new();
    sandbox.plan("p", REQUIRED, &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    let said = std::fs::read_to_string(sandbox.mark("said")).unwrap();
    assert!(
        said.contains("in the middle of a merge") && said.ends_with("2\n"),
        "{said}"
    );
}

#[test]
fn what_is_called_failed_after_it_was_shown_does_not_land() {
    // By the agent of later work, in each dispatch.
    for dispatch in ["plan", "phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan("b", "", &document(&[1]), "work 1.1");
        let script = "case ,$ORCH_TASK,$ORCH_PHASE, in\n\
            *,1.1,*) work 1.1;; *,1.verify,*) orch task done 1.verify;;\n\
            ,,1,) work 1.1; orch task done 1.verify;;\n\
            *2*) if [ -e \"$MARKS/told\" ]; then exit 1; fi; : > \"$MARKS/told\"\n\
                 work 2.1; orch task fail 1.1 --note broken;; esac";
        let keys = format!("dispatch = {dispatch:?}\n[plans.p.phases.2]\ndepends = [\"b\"]");
        sandbox.plan("p", &keys, CHECKED, script);
        let _ = sandbox.orch("up --merge");
        assert_eq!(sandbox.count("task.failed", Some("p")), 1, "{dispatch}");
        let landed = sandbox.count("merge.landed", Some("p"));
        assert!(
            landed == 0 || done_again(&sandbox),
            "{dispatch}: {}",
            sandbox.why("p")
        );
    }
}

/// True when 1.1 was reported done again after it had been called failed.
fn done_again(sandbox: &Sandbox) -> bool {
    let words = sandbox
        .events()
        .into_iter()
        .filter(|event| event["task"] == "1.1");
    let words: Vec<String> = words
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    words.last().is_some_and(|last| last == "task.done") && words.contains(&"task.failed".to_owned())
}

#[test]
fn a_person_s_word_that_finished_work_has_failed_keeps_it_from_landing() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "if [ $ORCH_ATTEMPT != p-1 ]; then exit 1; fi; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.orch("task fail 1.1 --plan p --note wrong").code(0).ok();
    sandbox.orch("merge").code(0).says("nothing to merge").ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    assert_eq!(sandbox.state("p"), "failed");
}

#[test]
fn a_tick_behind_a_gate_does_not_count_once_the_gate_is_open() {
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    for dispatch in ["plan", "phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0\nreport = \"required\"");
        let script = "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; sed -i 's/\\[ \\] 2.1/[x] 2.1/' \"$ORCH_PLAN_FILE\" plans/p.md\n\
                      git add -A plans; git commit -q -m tick; else commit silent; fi";
        let keys = format!("dispatch = {dispatch:?}\n[plans.p.phases.2]\ngate = \"approve\"");
        sandbox.plan("p", &keys, document, script);
        sandbox.git("add plans");
        sandbox.git("commit -q -m plans");
        sandbox.orch("up").code(1).ok();
        sandbox.orch("approve p.2").code(0).ok();
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert_ne!(tasks(&sandbox)[1], "2.1 done", "{dispatch}");
    }
}

#[test]
fn an_agent_cannot_open_its_own_gate_or_leave_out_the_work_of_others() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let script =
        "work 1.1; for how in approve skip retry; do orch $how p.2 && : > \"$MARKS/did-$how\"; done; true";
    sandbox.plan(
        "p",
        "[plans.p.phases.2]\ngate = \"approve\"",
        &document(&[1, 1]),
        script,
    );
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    for how in ["approve", "skip", "retry"] {
        assert!(!sandbox.mark(&format!("did-{how}")).exists(), "{how}");
    }
}

#[test]
fn a_branch_that_somebody_set_back_does_not_land_without_its_work() {
    // After the plan was finished.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
    sandbox.orch("up").code(0).ok();
    let made = sandbox.rev("orch/p");
    sandbox.worktree("p").git("reset -q --hard HEAD~1");
    sandbox.orch("merge").code(2).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    assert!(
        sandbox.why("p").contains("no longer has the work"),
        "{}",
        sandbox.why("p")
    );
    sandbox.worktree("p").git(&format!("reset -q --hard {made}"));
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    // Under way, by the agent of a later phase.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let script = "if [ $ORCH_PHASE = 2 ]; then git reset -q --hard main; git update-ref refs/heads/orch/p main; fi; work $ORCH_PHASE.1";
    sandbox.plan("p", "dispatch = \"phase\"", &document(&[1, 1]), script);
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
}

#[test]
fn what_is_added_to_finished_work_is_to_be_done_before_it_lands() {
    const ONE: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] tests pass\n";
    let task = ONE.replace("- [ ] 1.1 a\n", "- [ ] 1.1 a\n- [ ] 1.2 b\n");
    let phase = format!("{ONE}\n## Phase 2: B\n\n- [ ] 2.1 c\n");
    let check = format!("{phase}\n**VERIFY Phase 2:**\n- [ ] tests pass\n");
    for dispatch in ["plan", "phase", "task"] {
        for (before, after, added) in [
            (ONE, &task, "1.2"),
            (ONE, &phase, "2.1"),
            (&phase, &check, "2.verify"),
        ] {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0\nreport = \"required\"");
            let keys = format!("dispatch = {dispatch:?}");
            let script =
                "commit $ORCH_ATTEMPT; for id in 1.1 1.verify 2.1; do orch task done $id || true; done";
            sandbox.plan("p", &keys, before, script);
            sandbox.orch("up").code(0).ok();
            sandbox.write("plans/p.md", after);
            drop(sandbox.orch("merge"));
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {added}");
            // The check of a phase is made again when a task comes into it.
            let script = format!("commit {added}; orch task done {added}; orch task done 1.verify || true");
            sandbox.script("p", &script);
            sandbox.orch("up --merge").code(0).ok();
            assert_eq!(sandbox.state("p"), "landed", "{dispatch} {added}");
            let done = sandbox.git("log --format=%B main");
            assert!(done.contains(added), "{dispatch} {added}: {done}");
        }
    }
}

#[test]
fn a_box_put_before_one_that_is_done_does_not_take_its_place() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nreport = \"required\"");
    let of = |boxes: &str| format!("# P\n\n## Phase 1: A\n\n{boxes}- [ ] two\n");
    let script = "commit one; orch task done 1.1; exit 1";
    sandbox.plan("p", "", &of("- [ ] one\n"), script);
    sandbox.orch("up").code(1).ok();
    sandbox.write("plans/p.md", of("- [ ] new\n- [ ] one\n"));
    let refused = sandbox.orch("up").code(2).err;
    for part in ["plans/p.md:6:1:", "`one` was task 1.1", "is 1.2 now", "`1.1 one`"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(sandbox.count("run.started", None), 1, "nothing was begun");
    sandbox.write(
        "plans/p.md",
        of("- [ ] 1.3 new\n- [ ] 1.1 one\n").replace("two", "1.2 two"),
    );
    sandbox.script("p", "commit rest; orch task list; orch task done 1.2 1.3");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}
