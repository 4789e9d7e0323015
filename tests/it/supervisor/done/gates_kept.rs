//! Gates, dependencies and other attempts keep an agent out of work, whatever it says.

use std::fs;

use crate::support::Sandbox;

const TWO: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n";

fn read(sandbox: &Sandbox, mark: &str) -> String {
    fs::read_to_string(sandbox.mark(mark)).unwrap()
}

fn warnings(sandbox: &Sandbox, part: &str) -> usize {
    let events = sandbox.events();
    let told = events.iter().filter(|event| event["event"] == "warning");
    told.filter(|event| event.to_string().contains(part)).count()
}

#[test]
fn what_a_person_has_to_approve_is_neither_offered_nor_taken() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "[plans.a.phases.2]\ngate = \"approve\"",
        TWO,
        "test $ORCH_PHASE = 2 && { mark second; test ! -e a-2.1.txt; work 2.1; exit 0; }\n\
         commit first.txt; orch task done -q 1.1; orch task next > \"$MARKS/next\"\n\
         for verb in start done skip; do\n\
           code=0; orch task $verb 2.1 2> \"$MARKS/$verb\" || code=$?; echo $code >> \"$MARKS/codes\"\n\
         done",
    );
    sandbox.orch("up").code(1).ok();
    let next = read(&sandbox, "next");
    assert!(
        !next.contains("(settled") && next.contains("orch approve a.2"),
        "{next}"
    );
    assert_eq!(read(&sandbox, "codes"), "2\n2\n2\n");
    for verb in ["start", "done", "skip"] {
        let said = read(&sandbox, verb);
        assert!(
            said.contains("2.1 may not begin") && said.contains("orch approve a.2"),
            "{said}"
        );
    }
    assert_eq!(sandbox.shown("a")["phases"][1]["state"], "pending");
    // A person is told the same, and approves.
    sandbox
        .orch("task done 2.1 --plan a")
        .code(2)
        .says("orch approve a.2")
        .ok();
    sandbox.orch("approve a.2").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert!(sandbox.mark("second").exists());
    assert_eq!(sandbox.state("a"), "finished");
}

#[test]
fn what_is_written_past_the_command_is_ignored_with_one_warning() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "[plans.a.phases.2]\ngate = \"approve\"",
        TWO,
        "test $ORCH_PHASE = 2 && { mark second; work 2.1; exit 0; }\n\
         commit first.txt\n\
         for n in 1 2 3; do\n\
           printf '{\"schema\": 1, \"plan\": \"a\", \"version\": 9%s, \"tasks\": {\"1.1\": {\"state\": \"done\"}, \"2.1\": {\"state\": \
         \"done\"}}}' $n > .orch/new; mv .orch/new .orch/status.json\n\
         done",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.shown("a")["phases"][0]["state"], "done");
    assert_eq!(sandbox.shown("a")["phases"][1]["state"], "pending");
    assert_eq!(warnings(&sandbox, "2.1 done, which may not begin"), 1);
    // Nor does it count for the one who may.
    sandbox.script("a", "mark silent");
    sandbox.orch("approve a.2").code(0).ok();
    sandbox.settings("retries = 0");
    sandbox.orch("up").code(1).ok();
    assert!(sandbox.mark("silent").exists());
    assert_ne!(sandbox.state("a"), "finished");
}

#[test]
fn what_waits_for_another_plan_begins_with_its_commit_and_not_before() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2\nretries = 0").gate("other");
    sandbox.plan(
        "b",
        "",
        "# B\n\n## Phase 1: A\n\n- [ ] 1.1 x\n",
        "gate other; work 1.1",
    );
    sandbox.plan(
        "a",
        "[plans.a.phases.2]\ndepends = [\"b\"]",
        TWO,
        "test $ORCH_PHASE = 2 && { test -f b-1.1.txt; work 2.1; exit 0; }\n\
         commit first.txt; orch task done -q 1.1\n\
         code=0; orch task done 2.1 2> \"$MARKS/before\" || code=$?; echo $code >> \"$MARKS/codes\"\n\
         gate mine\n\
         code=0; orch task start 2.1 2> \"$MARKS/after\" || code=$?; echo $code >> \"$MARKS/codes\"",
    );
    sandbox.gate("mine");
    let up = sandbox.start("up");
    sandbox.reached("mine");
    sandbox.open("other");
    sandbox.happened("plan.pinned", "b");
    sandbox.open("mine");
    up.end().code(0).ok();
    assert_eq!(read(&sandbox, "codes"), "2\n2\n");
    assert!(read(&sandbox, "before").contains("it waits for b"));
    let after = read(&sandbox, "after");
    assert!(after.contains("2.1 may not begin"), "{after}");
    assert!(sandbox.git("ls-tree -r --name-only orch/a").contains("b-1.1.txt"));
}

#[test]
fn nobody_reports_what_another_attempt_or_plan_works_on() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 3\ndispatch = \"task\"\nparallel_tasks = 2\nretries = 0");
    sandbox.gate("1.1").gate("1.2");
    sandbox.plan("q", "", "# Q\n\n## Phase 1: A\n\n- [ ] 1.1 x\n", "work 1.1");
    sandbox.plan(
        "p",
        "",
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n",
        "gate $ORCH_TASK\n\
         if test $ORCH_TASK = 1.1; then\n\
           code=0; orch task done 1.2 2> \"$MARKS/another\" || code=$?; echo $code >> \"$MARKS/codes\"\n\
           code=0; orch task done 1.1 --plan q 2> \"$MARKS/foreign\" || code=$?; echo $code >> \"$MARKS/codes\"\n\
           orch task next > \"$MARKS/next\"; mark asked\n\
         fi; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.reached("1.1");
    sandbox.reached("1.2");
    sandbox.open("1.1");
    sandbox.marked("asked");
    sandbox.open("1.2");
    up.end().code(0).ok();
    assert_eq!(read(&sandbox, "codes"), "2\n2\n");
    assert!(read(&sandbox, "another").contains("works on it"));
    assert!(read(&sandbox, "foreign").contains("not at `q`"));
    let next = read(&sandbox, "next");
    assert!(next.contains("1.2    waits for"), "{next}");
}
