//! `orch up` from plans.toml to merged branches: order, priorities, slots, legs, plans that wait for phases of others.

use crate::support::{Sandbox, document, wait_for};

/// A works through three phases and reports each; B depends on A's second; C on nothing.
fn seed(merge: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2").gate("a3").gate("c").gate("b");
    sandbox.tables(merge);
    sandbox.plan(
        "a",
        "priority = \"high\"",
        &document(&[1, 1, 1]),
        "work 1.1 2.1; gate a3; work 3.1",
    );
    sandbox.plan(
        "b",
        "priority = \"low\"\ndepends = [\"a.phase2\"]",
        &document(&[1]),
        "test -f a-2.1.txt; test ! -f a-3.1.txt; mark b-has-phase-2; gate b; work 1.1",
    );
    sandbox.plan(
        "c",
        "priority = \"medium\"",
        &document(&[2]),
        "gate c; work 1.1 1.2",
    );
    sandbox
}

#[test]
fn the_seed_example_starts_b_while_a_still_works_and_lands_all_in_order() {
    let sandbox = seed("");
    let up = sandbox.start("up --merge");
    sandbox.reached("a3");
    sandbox.reached("c");
    assert_eq!(sandbox.state("a"), "running");
    assert!(!sandbox.mark("at-b").exists(), "both slots are taken");
    sandbox.open("c");
    sandbox.reached("b");
    assert!(sandbox.mark("b-has-phase-2").exists());
    assert_eq!(sandbox.state("a"), "running");
    let pin = sandbox.rev("refs/orch/pins/a/2");
    assert_eq!(
        sandbox.git("cat-file -t refs/orch/pins/a/2:a-2.1.txt"),
        "blob",
        "the pin holds phase 2"
    );
    sandbox.git_args(["merge-base", "--is-ancestor", pin.as_str(), "orch/b"]);
    // B has all it needs before A has landed; it lands after it all the same.
    sandbox.open("b");
    sandbox.happened("plan.finished", "b");
    assert_eq!(sandbox.state("b"), "finished");
    sandbox.open("a3");
    up.end().code(0).says("3 landed").ok();
    let landed: Vec<String> = sandbox
        .events()
        .iter()
        .filter(|event| event["event"] == "merge.landed")
        .map(|event| event["plan"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(landed, ["c", "a", "b"]);
    for file in [
        "a-1.1.txt",
        "a-2.1.txt",
        "a-3.1.txt",
        "b-1.1.txt",
        "c-1.1.txt",
        "c-1.2.txt",
    ] {
        assert!(sandbox.join(file).exists(), "{file} is in the main checkout");
    }
    assert_eq!(
        sandbox.status().replace("?? plans.toml", "").trim(),
        "?? plans/a.md\n?? plans/b.md\n?? plans/c.md"
    );
    for plan in ["a", "b", "c"] {
        assert_eq!(sandbox.state(plan), "landed");
    }
    let starts = sandbox.starts();
    assert_eq!(starts.len(), 3, "{starts:?}");
    sandbox.nothing_is_left();
    // Again: nothing is left to do.
    let head = sandbox.head();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!((sandbox.starts(), sandbox.head()), (starts, head));
}

#[test]
fn ready_plans_start_by_priority_then_in_the_order_of_the_manifest() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1");
    for (plan, priority) in [
        ("d", "low"),
        ("b", "medium"),
        ("a", "medium"),
        ("z", "high"),
        ("y", "P0"),
    ] {
        let priority = format!("priority = \"{priority}\"");
        sandbox.plan(plan, &priority, &document(&[1]), "work 1.1");
    }
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["z-1", "y-1", "b-1", "a-1", "d-1"]);
}

#[test]
fn no_more_agents_run_at_once_than_slots_or_the_agents_own_maximum_allow() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 3\nagent = \"one\"").gate("g");
    sandbox.script("one", "gate g; work 1.1");
    let script = sandbox.beside("agents/one.sh");
    sandbox.tables(&format!("[agents.one]\ncommand = [\"sh\", {script:?}]\nmax = 2"));
    for plan in ["a", "b", "c", "d"] {
        sandbox.write(format!("plans/{plan}.md"), document(&[1]));
        sandbox.tables(&format!("[plans.{plan}]\nfile = \"plans/{plan}.md\""));
    }
    let up = sandbox.start("up");
    wait_for("two agents", || sandbox.starts().len() == 2);
    wait_for("worktrees for those who wait", || {
        sandbox.count("worktree.created", None) == 4
    });
    assert_eq!(sandbox.starts().len(), 2);
    assert!(
        sandbox.why("c").contains("one runs 2 times"),
        "{}",
        sandbox.why("c")
    );
    for n in 0..4 {
        sandbox.open("g");
        if n < 2 {
            wait_for("the next agent", || sandbox.starts().len() == 3 + n);
        }
    }
    up.end().code(0).ok();
    // Recount from the journal.
    let mut at_once = 0_i32;
    for event in sandbox.events() {
        match event["event"].as_str().unwrap() {
            "agent.started" => at_once += 1,
            "agent.ended" => at_once -= 1,
            _ => {}
        }
        assert!(at_once <= 2, "{event}");
    }
}

#[test]
fn a_plan_that_waits_in_the_middle_gives_its_slot_back_and_is_started_again() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1");
    let own_phases = r#"
echo "$ORCH_PHASE" >> "$MARKS/$ORCH_PLAN.legs"
for phase in $(echo "$ORCH_PHASE" | tr , ' '); do work "$phase.1"; done"#;
    sandbox.plan(
        "first",
        "priority = \"high\"\n[plans.first.phases.3]\ndepends = [\"second\"]",
        &document(&[1, 1, 1, 1]),
        own_phases,
    );
    sandbox.plan(
        "second",
        "depends = [\"first.phase1\"]",
        &document(&[1]),
        own_phases,
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["first-1", "second-1", "first-2"]);
    let legs = std::fs::read_to_string(sandbox.mark("first.legs")).unwrap();
    assert_eq!(legs, "1,2\n3,4\n");
    // The second leg works on what the other plan made.
    assert!(sandbox.worktree("first").join("second-1.1.txt").exists());
    let prompt = sandbox.attempt_file("first-1", "prompt.md");
    assert!(
        prompt.contains("Phase 2") && !prompt.contains("Phase 3"),
        "{prompt}"
    );
}

#[test]
fn up_with_a_plan_drives_it_and_what_it_depends_on_and_no_other() {
    let sandbox = Sandbox::new();
    for (plan, keys) in [
        ("base", ""),
        ("top", "depends = [\"mid.1\"]"),
        ("other", ""),
        ("mid", "depends = [\"base\"]"),
    ] {
        sandbox.plan(plan, keys, &document(&[1]), "work 1.1");
    }
    sandbox.orch("up top").code(0).ok();
    assert_eq!(sandbox.starts(), ["base-1", "mid-1", "top-1"]);
    assert_eq!(sandbox.state("other"), "ready");
    assert!(!sandbox.worktree("other").path().exists());
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts().len(), 4);
}

#[test]
fn an_agent_is_told_its_work_in_a_file_an_argument_or_on_standard_input_and_has_its_environment() {
    let sandbox = Sandbox::new();
    sandbox.write("plans/p.md", document(&[1]));
    let save = sandbox.beside("agents/save.sh");
    std::fs::write(
        &save,
        "set -eu\ncat > \"$MARKS/$ORCH_PLAN.stdin\"; printf %s \"$1\" > \"$MARKS/$ORCH_PLAN.argument\"\n\
         cp \"$ORCH_PROMPT_FILE\" \"$MARKS/$ORCH_PLAN.file\"; env > \"$MARKS/$ORCH_PLAN.env\"; pwd > \"$MARKS/$ORCH_PLAN.pwd\"\n\
         cmp \"$ORCH_PLAN_FILE\" \"$ORCH_REPO/plans/p.md\"; command -v orch; echo x > x; git add x; git commit -qm x\n",
    )
    .unwrap();
    for (plan, argument, stdin) in [
        ("file", "{prompt_file}", "none"),
        ("text", "{prompt}", "none"),
        ("piped", "{plan}", "prompt"),
    ] {
        sandbox.tables(&format!(
            "[agents.{plan}]\ncommand = [\"sh\", {save:?}, \"{argument}\"]\nstdin = \"{stdin}\"\nenv = {{ EXTRA = \
             \"it's {plan}\" }}\n[plans.{plan}]\nfile = \"plans/p.md\"\nagent = \"{plan}\""
        ));
    }
    let mut up = sandbox.command(["up"]);
    up.env("ORCH_TASK", "9.9");
    up.env("GIT_INDEX_FILE", "/nowhere/index");
    crate::support::Said::of(&mut up).code(0).ok();
    let read = |name: &str| std::fs::read_to_string(sandbox.mark(name)).unwrap();
    for plan in ["file", "text", "piped"] {
        let prompt = read(&format!("{plan}.file"));
        assert!(prompt.contains("1.1 Task 1.1"), "{prompt}");
        assert_eq!(prompt, sandbox.attempt_file(&format!("{plan}-1"), "prompt.md"));
        let text = read(&format!("{plan}.argument"));
        let stdin = read(&format!("{plan}.stdin"));
        match plan {
            "file" => assert!(text.ends_with("prompt.md") && stdin.is_empty(), "{text}"),
            "text" => assert!(text == prompt && stdin.is_empty()),
            _ => assert!(text == "piped" && stdin == prompt, "{text}"),
        }
        let worktree = sandbox.worktree(plan);
        assert_eq!(
            read(&format!("{plan}.pwd")).trim(),
            worktree.path().to_str().unwrap()
        );
        let env = read(&format!("{plan}.env"));
        let value = |name: &str| {
            let prefix = format!("{name}=");
            let found = env.lines().find_map(|line| line.strip_prefix(&prefix));
            found.map(str::to_owned)
        };
        for (name, expected) in [
            ("ORCH_REPO", sandbox.path().to_str().unwrap()),
            ("ORCH_WORKTREE", worktree.path().to_str().unwrap()),
            ("ORCH_PLAN", plan),
            ("ORCH_PHASE", "1"),
            ("ORCH_TASK", ""),
            ("ORCH_BRANCH", &format!("orch/{plan}")),
            ("ORCH_BASE", "main"),
            ("ORCH_TARGET", "main"),
            ("ORCH_ATTEMPT", &format!("{plan}-1")),
            ("EXTRA", &format!("it's {plan}")),
        ] {
            assert_eq!(value(name).as_deref(), Some(expected), "{name} in {env}");
        }
        for name in [
            "ORCH_STATUS_FILE",
            "ORCH_PLAN_FILE",
            "ORCH_RUN",
            "ORCH_PORT",
            "COMPOSE_PROJECT_NAME",
        ] {
            assert!(
                value(name).is_some_and(|value| !value.is_empty()),
                "{name} in {env}"
            );
        }
        assert_eq!(
            value("GIT_INDEX_FILE"),
            None,
            "variables that bend git are removed"
        );
    }
}
