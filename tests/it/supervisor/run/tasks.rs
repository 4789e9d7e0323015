//! Tasks and phases side by side: lanes, the commit queue, files kept apart, strategies, checks in the background.

use std::fs;

use crate::support::{Sandbox, Tree, wait_for};

const TASKS: &str = "max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 3\nretries = 1";

fn sandbox(settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    sandbox
}

/// The files of a commit, without the folders.
fn files(sandbox: &Sandbox, commit: &str) -> Vec<String> {
    let listed = sandbox.git_args(["ls-tree", "-r", "--name-only", commit]);
    listed.lines().map(str::to_owned).collect()
}

fn tasks_of(sandbox: &Sandbox, event: &str) -> Vec<String> {
    let events = sandbox.events();
    let matching = events.iter().filter(|found| found["event"] == event);
    matching
        .map(|found| found["task"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn tasks_run_side_by_side_and_their_commits_come_onto_the_plans_branch_one_after_the_other() {
    let sandbox = sandbox(TASKS);
    for gate in ["1.1", "1.2", "1.3"] {
        sandbox.gate(gate);
    }
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d (depends: 1.1, 1.2, 1.3)\n";
    sandbox.plan(
        "p",
        "",
        document,
        "test \"$ORCH_BRANCH\" = \"orch/p.$ORCH_TASK\"; test \"$(git branch --show-current)\" = \"$ORCH_BRANCH\"\n\
         case $ORCH_TASK in 1.4) test -f p-1.1.txt; test -f p-1.2.txt; test -f p-1.3.txt;; *) gate $ORCH_TASK;; esac\n\
         work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    for gate in ["1.1", "1.2", "1.3"] {
        sandbox.reached(gate);
    }
    assert_eq!(sandbox.starts().len(), 3, "three lanes at once");
    for gate in ["1.3", "1.1", "1.2"] {
        sandbox.open(gate);
    }
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let branch = files(&sandbox, "orch/p");
    for task in ["1.1", "1.2", "1.3", "1.4"] {
        assert!(branch.contains(&format!("p-{task}.txt")), "{branch:?}");
    }
    assert_eq!(sandbox.count("work.merged", Some("p")), 4);
    // The plan's own worktree shows the plan, and nothing is left of the branches of its tasks.
    let own = sandbox.worktree("p");
    assert_eq!(own.git("branch --show-current"), "orch/p");
    assert_eq!(own.git("status --porcelain"), "");
    assert_eq!(
        sandbox.git("for-each-ref refs/heads/orch/ --format=%(refname:short)"),
        "orch/p"
    );
    sandbox.orch("merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    assert!(!sandbox.worktree("p.lane1").path().exists());
    sandbox.nothing_is_left();
}

#[test]
fn tasks_that_touch_the_same_file_are_kept_apart() {
    let sandbox = sandbox(TASKS);
    sandbox.gate("1.1").gate("1.3");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a in `src/one.rs`\n- [ ] 1.2 b in `src/one.rs`\n- [ ] 1.3 c in `src/two.rs`\n";
    sandbox.plan(
        "p",
        "",
        document,
        "case $ORCH_TASK in 1.2) ;; *) gate $ORCH_TASK;; esac; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.reached("1.1");
    sandbox.reached("1.3");
    let why = sandbox.orch("why p.1.2").code(0).out;
    assert!(
        why.contains("waits for 1.1, at work for") && why.contains("it touches src/one.rs too"),
        "{why}"
    );
    assert_eq!(sandbox.starts().len(), 2);
    sandbox.open("1.1");
    sandbox.open("1.3");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("work.conflicted", None), 0);
}

#[test]
fn a_conflict_sends_a_task_back_once_to_start_again_on_what_is_there_now() {
    let sandbox = sandbox(TASKS);
    sandbox.gate("1.1").gate("1.2");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n";
    sandbox.plan(
        "p",
        "",
        document,
        "if [ ! -e shared.txt ]; then gate $ORCH_TASK; fi\n\
         echo $ORCH_TASK >> shared.txt; git add .; git commit -q -m $ORCH_TASK; orch task done -q $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.in_turn(["1.1", "1.2"], "work.merged", "p");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("work.conflicted", Some("p")), 1);
    assert_eq!(sandbox.git("show orch/p:shared.txt"), "1.1\n1.2");
    // What it had made the first time is kept.
    let backups = sandbox.git("for-each-ref refs/orch/backup/p/ --format=%(refname)");
    assert_eq!(backups.lines().count(), 1, "{backups}");
    assert_eq!(sandbox.git(&format!("show {backups}:shared.txt")), "1.2");
    let told = sandbox.attempt_file("p-3", "prompt.md");
    assert!(told.contains("shared.txt"), "{told}");
}

#[test]
fn a_task_whose_commits_did_not_merge_is_not_done_by_one_who_makes_none() {
    for dispatch in ["task", "phase"] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!(
            "dispatch = \"{dispatch}\"\nparallel_tasks = 2\nretries = 0\nbackoff = \"1ms\"\n"
        ));
        sandbox.gate("1").gate("2");
        let document =
            "# P\n\n## Phase 1: A [PARALLEL]\n\n- [ ] 1.1 a\n\n## Phase 2: B [PARALLEL]\n\n- [ ] 2.1 b\n";
        sandbox.plan(
            "p",
            "",
            document,
            "if [ -e \"$MARKS/at-$ORCH_PHASE\" ]; then orch task list > \"$MARKS/list\"; exit 0; fi\n\
             gate $ORCH_PHASE; echo $ORCH_PHASE > shared.txt; git add .; git commit -q -m x; orch task done -q $ORCH_PHASE.1",
        );
        let up = sandbox.start("up");
        sandbox.in_turn(["1", "2"], "work.merged", "p");
        up.end().code(1).ok();
        assert_eq!(sandbox.count("work.conflicted", Some("p")), 1, "{dispatch}");
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
        let why = sandbox.why("p");
        assert!(why.contains("without reporting: 2.1"), "{dispatch}: {why}");
        let list = fs::read_to_string(sandbox.mark("list")).unwrap();
        let line = list.lines().find(|line| line.contains("2.1")).unwrap();
        assert!(!line.contains("done"), "{dispatch}: {list}");
        let prompt = sandbox.attempt_file("p-3", "prompt.md");
        assert!(prompt.contains("- [ ] 2.1"), "{dispatch}: {prompt}");
    }
}

#[test]
fn a_second_conflict_needs_a_person_and_the_rest_goes_on() {
    let sandbox = sandbox(TASKS);
    sandbox.gate("1.1").gate("1.2").gate("1.3");
    let document =
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d (depends: 1.2)\n";
    sandbox.plan(
        "p",
        "",
        document,
        "gate $ORCH_TASK; echo $ORCH_ATTEMPT > shared.txt; git add .; git commit -q -m $ORCH_TASK\n\
         orch task done -q $ORCH_TASK",
    );
    let up = sandbox.start("up");
    for gate in ["1.1", "1.2", "1.3"] {
        sandbox.reached(gate);
    }
    sandbox.open("1.1");
    wait_for("the first", || sandbox.count("work.merged", None) == 1);
    sandbox.open("1.2");
    wait_for("another start", || sandbox.starts().len() == 4);
    // What is at it again is known to touch the file, but somebody else brings that onto the plan's branch.
    let hand = sandbox.beside("hand");
    sandbox.git_args([
        "worktree",
        "add",
        "-q",
        "--detach",
        hand.to_str().unwrap(),
        "orch/p",
    ]);
    let commit = Tree::at(&hand).commit_file("shared.txt", "by hand\n");
    sandbox.git_args(["update-ref", "refs/heads/orch/p", commit.as_str()]);
    sandbox.git_args(["worktree", "remove", hand.to_str().unwrap()]);
    sandbox.open("1.2");
    wait_for("the second", || sandbox.count("work.conflicted", None) == 2);
    // Nothing of it is at work any more that others would wait for.
    sandbox.open("1.3");
    wait_for("another start", || sandbox.starts().len() == 5);
    sandbox.open("1.3");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let why = sandbox.why("p");
    assert!(why.contains("1.2") && why.contains("shared.txt"), "{why}");
    let waits = sandbox.orch("why p.1.4").code(0).out;
    assert!(waits.contains("1.2"), "{waits}");
    sandbox.nothing_is_left();
}

#[test]
fn a_failed_task_skips_what_depends_on_it_and_nothing_else_and_is_tried_again_by_the_next_up() {
    let sandbox = sandbox(TASKS);
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B\n\n- [ ] 2.1 c (depends: 1.1)\n- [ ] 2.2 d (depends: 1.2)\n";
    sandbox.plan(
        "p",
        "",
        document,
        "if [ $ORCH_TASK = 1.1 ] && [ ! -e \"$MARKS/mended\" ]; then exit 3; fi; work $ORCH_TASK",
    );
    sandbox.plan(
        "q",
        "depends = [\"p.1.2\"]",
        "# Q\n\n## Phase 1: A\n\n- [ ] 1.1 a\n",
        "test -f p-1.2.txt; test ! -e p-1.1.txt; work $ORCH_TASK",
    );
    sandbox.plan(
        "r",
        "depends = [\"p.1.1\"]",
        "# R\n\n## Phase 1: A\n\n- [ ] 1.1 a\n",
        "work $ORCH_TASK",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    assert_eq!(sandbox.state("q"), "finished");
    assert_eq!(sandbox.state("r"), "skipped");
    let shown = sandbox.shown("p");
    let states: Vec<&str> = shown["phases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|phase| phase["tasks"].as_array().unwrap())
        .map(|task| task["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "done", "skipped", "done"]);
    let why = sandbox.orch("why p.2.1").code(0).out;
    assert!(why.contains("it depends on 1.1, which failed"), "{why}");
    std::fs::write(sandbox.mark("mended"), "").unwrap();
    sandbox.orch("up").code(0).ok();
    for plan in ["p", "q", "r"] {
        assert_eq!(sandbox.state(plan), "finished", "{plan}");
    }
    sandbox.nothing_ran_twice();
}

#[test]
fn a_check_in_the_background_that_fails_marks_what_was_built_on_it_and_can_be_left_out() {
    let sandbox = sandbox("max_agents = 4\ndispatch = \"task\"\nretries = 0\nparallel_tasks = 2");
    sandbox.gate("check");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:** (non-blocking)\n- [ ] it holds\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    sandbox.plan(
        "p",
        "",
        document,
        "if [ $ORCH_TASK = 1.verify ]; then grep -q 'it holds' \"$ORCH_PROMPT_FILE\"; gate check\n\
         orch task fail -q 1.verify --note no; exit 1; fi; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.reached("check");
    wait_for("phase 2", || {
        tasks_of(&sandbox, "task.done").contains(&"2.1".to_owned())
    });
    wait_for("its commits", || sandbox.count("work.merged", None) == 2);
    sandbox.open("check");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let why = sandbox.why("p");
    assert!(
        why.contains("1.verify") && why.contains("built on it: 2.1"),
        "{why}"
    );
    sandbox.orch("task skip 1.verify --plan p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_check_that_fails_in_the_background_names_exactly_what_was_built_on_it_in_every_plan() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nmax_agents = 4\ndispatch = \"task\"\nparallel_tasks = 3");
    sandbox.gate("check");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:** (non-blocking)\n- [ ] it holds\n\n## Phase 2: B\n\n- [ ] 2.1 b\n- [ ] 2.2 apart (depends: none)\n";
    let script = "if [ $ORCH_TASK = 1.verify ]; then gate check; orch task fail -q 1.verify --note no; exit 1; fi; work $ORCH_TASK";
    sandbox.plan("p", "", document, script);
    sandbox.plan(
        "q",
        "depends = [\"p.1\"]",
        &crate::support::document(&[1]),
        "work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("check");
    wait_for("what is built on it", || {
        let done = tasks_of(&sandbox, "task.done");
        done.contains(&"2.1".to_owned())
            && done.contains(&"2.2".to_owned())
            && sandbox.state("q") == "finished"
    });
    wait_for("its commits", || sandbox.count("work.merged", Some("p")) == 3);
    sandbox.open("check");
    up.end().code(1).ok();
    let why = sandbox.why("p");
    assert!(why.contains("built on it: 2.1, q.1.1"), "{why}");
    sandbox.orch("task skip 1.verify --plan p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_blocking_check_holds_the_next_phase_and_may_mend_what_it_finds() {
    let sandbox = sandbox(TASKS);
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] mended.txt is there\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";
    sandbox.plan(
        "p",
        "",
        document,
        "case $ORCH_TASK in 1.verify) commit mended.txt; orch task done -q 1.verify;; 2.1) test -f mended.txt; work 2.1;; *) work $ORCH_TASK;; esac",
    );
    sandbox.orch("up").code(0).ok();
    assert!(files(&sandbox, "orch/p").contains(&"mended.txt".to_owned()));
}

#[test]
fn batches_wait_for_the_batch_before_and_pipelines_do_not() {
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n";
    let script = "if [ $ORCH_TASK = 1.1 ]; then gate slow; fi; work $ORCH_TASK";
    for (strategy, before) in [("batched", 1), ("pipeline", 2)] {
        let sandbox = sandbox(&format!(
            "max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 2\nstrategy = {strategy:?}"
        ));
        sandbox.gate("slow");
        sandbox.plan("p", "", document, script);
        let up = sandbox.start("up");
        sandbox.reached("slow");
        wait_for("the others", || sandbox.count("work.merged", None) == before);
        if strategy == "batched" {
            let why = sandbox.orch("why p.1.3").code(0).out;
            assert!(why.contains("waits for the batch before: 1.1"), "{why}");
        }
        sandbox.open("slow");
        up.end().code(0).ok();
    }
}

#[test]
fn parallel_phases_run_in_lanes() {
    let sandbox = sandbox("max_agents = 4\ndispatch = \"phase\"\nparallel_tasks = 2");
    sandbox.gate("2").gate("3");
    let document = "# P\n\n**Execution Note:** Phases 2-3 are [PARALLEL] - why\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n- [ ] 2.2 c\n\n## Phase 3: C\n\n- [ ] 3.1 d\n\n## Phase 4: D\n\n- [ ] 4.1 e\n";
    sandbox.plan(
        "p",
        "",
        document,
        "case $ORCH_PHASE in 1) work 1.1;; 2) test -f p-1.1.txt; gate 2; work 2.1 2.2;; 3) gate 3; work 3.1;;\n\
         4) test -f p-2.2.txt; test -f p-3.1.txt; work 4.1;; esac",
    );
    let up = sandbox.start("up");
    sandbox.reached("2");
    sandbox.reached("3");
    sandbox.open("2");
    sandbox.open("3");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts().len(), 4);
}

#[test]
fn lanes_outlive_a_killed_supervisor() {
    let sandbox = sandbox(TASKS);
    for gate in ["1.1", "1.2", "1.3"] {
        sandbox.gate(gate);
    }
    let document =
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n\n## Phase 2: B\n\n- [ ] 2.1 d\n";
    sandbox.plan(
        "p",
        "",
        document,
        "case $ORCH_TASK in 2.1) ;; *) gate $ORCH_TASK;; esac; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    for gate in ["1.1", "1.2", "1.3"] {
        sandbox.reached(gate);
    }
    up.kill();
    // One ends while nobody drives, two are adopted.
    sandbox.open("1.2");
    wait_for("the end of an agent", || {
        let ended = |n: u32| {
            sandbox
                .join(format!(".git/orch/attempts/p-{n}/exit.json"))
                .exists()
        };
        (1..=3).any(ended)
    });
    let up = sandbox.start("up");
    wait_for("its commits", || sandbox.count("work.merged", None) == 1);
    sandbox.open("1.1");
    sandbox.open("1.3");
    up.end().code(0).ok();
    sandbox.nothing_ran_twice();
    assert_eq!(sandbox.starts().len(), 4);
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn plans_that_touch_the_same_files_go_one_after_the_other_when_asked() {
    let sandbox = sandbox("max_agents = 4\noverlap = \"serialize\"");
    sandbox.gate("p");
    let document = |name: &str| format!("# {name}\n\n## Phase 1: A\n\n- [ ] 1.1 Change `src/shared.rs`\n");
    sandbox.plan("p", "", &document("P"), "gate p; work 1.1");
    sandbox.plan("q", "", &document("Q"), "test -f p-1.1.txt; work 1.1");
    sandbox.plan(
        "r",
        "overlap = \"allow\"",
        "# R\n\n## Phase 1: A\n\n- [ ] 1.1 x\n",
        "work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.happened("plan.finished", "r");
    assert_eq!(sandbox.state("q"), "blocked");
    let why = sandbox.why("q");
    assert!(why.contains("waits for p, which touches the same files"), "{why}");
    sandbox.open("p");
    up.end().code(0).ok();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("q"), "landed");
}

#[test]
fn a_task_holds_what_it_uses_and_other_tasks_go_on() {
    let sandbox = sandbox("max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 3");
    sandbox.gate("1.1");
    sandbox.tables("[resources]\ndatabase = 1");
    let document =
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (uses: database)\n- [ ] 1.2 b (uses: database)\n- [ ] 1.3 c\n";
    sandbox.plan(
        "p",
        "",
        document,
        "case $ORCH_TASK in 1.1) gate 1.1;; esac; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.reached("1.1");
    sandbox.happened("task.done", "p");
    sandbox
        .orch("why p.1.2")
        .code(0)
        .says("no token of resource database is free: held by p.1.1")
        .ok();
    sandbox.open("1.1");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_task_that_uses_an_unknown_resource_is_refused() {
    let sandbox = sandbox("");
    sandbox.tables("[resources]\ndatabase = 1");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (uses: databse)\n";
    sandbox.plan("p", "", document, "work 1.1");
    sandbox
        .orch("check")
        .code(2)
        .says("p.md:5:20: task 1.1 uses the unknown resource `databse`")
        .says("did you mean `database`?")
        .ok();
}

#[test]
fn who_holds_a_resource_is_said() {
    let sandbox = sandbox("max_agents = 4");
    sandbox.gate("p");
    sandbox.tables("[resources]\ndatabase = 1");
    for plan in ["p", "q"] {
        let keys = format!("[plans.{plan}.phases.1]\nuses = [\"database\"]");
        let script = if plan == "p" {
            "gate p; work 1.1"
        } else {
            "work 1.1"
        };
        sandbox.plan(plan, &keys, "# X\n\n## Phase 1: A\n\n- [ ] 1.1 a\n", script);
    }
    let up = sandbox.start("up");
    sandbox.reached("p");
    wait_for("q's worktree", || {
        sandbox.count("worktree.created", Some("q")) == 1
    });
    let why = sandbox.why("q");
    assert!(
        why.contains("no token of resource database is free: held by p.1"),
        "{why}"
    );
    sandbox.open("p");
    up.end().code(0).ok();
}

#[test]
fn what_was_done_stays_done_when_dispatch_changes() {
    let sandbox = sandbox("retries = 0");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B\n\n- [ ] 2.1 c\n- [ ] 2.2 d\n\n## Phase 3: C\n\n- [ ] 3.1 e\n";
    let keys = "[plans.p.phases.2]\ntimeout = \"1h\"\n[plans.p.phases.3]\ntimeout = \"2h\"";
    let script = "echo \"$ORCH_PHASE:$ORCH_TASK\" >> \"$MARKS/given\"\n\
                  case $ORCH_PHASE:$ORCH_TASK in 1:) work 1.1 1.2;; 2:) test -e \"$MARKS/mended\" && work 2.1 2.2;; 3:) work 3.1;;\n\
                  *) work $ORCH_TASK;; esac";
    sandbox.plan("p", keys, document, script);
    sandbox.orch("up").code(1).ok();
    sandbox.settings("retries = 0\ndispatch = \"task\"\nparallel_tasks = 1");
    sandbox.script(
        "p",
        &script.replace(
            "work $ORCH_TASK",
            "if [ $ORCH_TASK = 3.1 ]; then exit 1; fi; work $ORCH_TASK",
        ),
    );
    sandbox.orch("up").code(1).ok();
    sandbox.settings("retries = 0");
    sandbox.orch("up").code(0).ok();
    let given = std::fs::read_to_string(sandbox.mark("given")).unwrap();
    let given: Vec<&str> = given.lines().collect();
    assert_eq!(given, ["1:", "2:", "2:2.1", "2:2.2", "3:3.1", "3:"]);
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn lanes_are_stopped_by_down_and_one_that_was_removed_is_made_again() {
    let sandbox = sandbox("max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 2\nretries = 0");
    sandbox.gate("1.1").gate("1.2");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n";
    let script = "echo part >> $ORCH_TASK.part; git add .; git commit -q -m part\n\
                  case $ORCH_TASK in 1.3) ;; *) test -e \"$MARKS/on\" || gate $ORCH_TASK;; esac; work $ORCH_TASK";
    sandbox.plan("p", "strategy = \"pipeline\"", document, script);
    let up = sandbox.start("up");
    sandbox.reached("1.1");
    sandbox.reached("1.2");
    sandbox.orch("down").code(0).ok();
    let _ = up.end();
    sandbox.nothing_is_left();
    assert_eq!(
        sandbox.git("for-each-ref refs/heads/orch/ --format=%(refname:short)"),
        "orch/p\norch/p.1.1\norch/p.1.2"
    );
    std::fs::write(sandbox.mark("on"), "").unwrap();
    std::fs::remove_dir_all(sandbox.worktree("p.lane1").path()).unwrap();
    sandbox.orch("up").code(0).ok();
    // What the stopped agents had committed is built on.
    assert_eq!(sandbox.git("show orch/p:1.1.part"), "part\npart");
    assert_eq!(sandbox.git("show orch/p:1.2.part"), "part\npart");
    assert_eq!(
        sandbox.git("for-each-ref refs/heads/orch/ --format=%(refname:short)"),
        "orch/p"
    );
    sandbox.nothing_is_left();
}

#[test]
fn plans_that_touch_the_same_files_are_named_unless_that_is_allowed() {
    let sandbox = sandbox("max_agents = 2");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 Change `src/shared.rs`\n";
    sandbox.plan("p", "", document, "work 1.1");
    sandbox.plan("q", "", document, "work 1.1");
    sandbox
        .orch("up")
        .code(0)
        .says("p and q both touch src/shared.rs")
        .ok();
    sandbox.settings("overlap = \"allow\"");
    let said = sandbox.orch("up").code(0);
    assert!(!said.err.contains("both touch"), "{}", said.err);
}

#[test]
fn tasks_that_share_a_file_which_nobody_declared_are_each_repeated_once_at_most() {
    let sandbox = sandbox("max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 4\nretries = 0");
    let tasks: Vec<String> = (1..=6).map(|n| format!("- [ ] 1.{n} t{n}\n")).collect();
    sandbox.write("CHANGELOG.md", "# Changes\n\n");
    sandbox.commit("a change log");
    for gate in ["1.1", "1.2", "1.3", "1.4"] {
        sandbox.gate(gate);
    }
    sandbox.plan(
        "p",
        "",
        &format!("# P\n\n## Phase 1: A\n\n{}", tasks.concat()),
        "case $ORCH_ATTEMPT in p-[1-4]) gate $ORCH_TASK;; esac\n\
         echo \"- $ORCH_TASK\" >> CHANGELOG.md; git add .; git commit -q -m $ORCH_TASK; orch task done -q $ORCH_TASK",
    );
    let up = sandbox.start("up");
    for gate in ["1.1", "1.2", "1.3", "1.4"] {
        sandbox.reached(gate);
    }
    for gate in ["1.4", "1.2", "1.3", "1.1"] {
        sandbox.open(gate);
    }
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    println!(
        "{}\n{}",
        sandbox.orch("events").out,
        sandbox.git("log --graph --oneline orch/p")
    );
    let log = sandbox.git("show orch/p:CHANGELOG.md");
    let events = sandbox.events();
    for n in 1..=6 {
        let given = |event: &&serde_json::Value| {
            event["event"] == "attempt.assigned" && event["data"]["units"][0] == format!("1.{n}")
        };
        let given = events.iter().filter(given).count();
        assert!((1..=2).contains(&given), "1.{n} was given out {given} times");
        assert_eq!(log.matches(&format!("- 1.{n}")).count(), 1, "{log}");
    }
    assert!(sandbox.count("work.conflicted", None) >= 3);
}
