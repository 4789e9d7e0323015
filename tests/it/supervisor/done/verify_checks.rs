//! Boxes with numbers below a VERIFY: checks of the block, and no tasks.

use std::fs;

use crate::support::Sandbox;

const PIPELINE: &str = "# P\n\n## Phase 1: Core\n- [ ] 1.1 Create types\n- [ ] 1.2 Create utils\n\
                        - [ ] 1.3 Create service (depends: 1.1, 1.2)\n\n**VERIFY Phase 1:** (background: true)\n\
                        - [ ] 1.4 Type check\n- [ ] 1.5 Unit tests\n\n## Phase 2: Integration\n\
                        **pipeline-start:** when 1.3 completes (not waiting for VERIFY)\n\
                        - [ ] 2.1 Integration tests (depends: 1.3)\n";

#[test]
fn numbered_checks_are_given_out_with_their_block_and_behind_what_they_check() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 4\ndispatch = \"task\"\nparallel_tasks = 4\nretries = 0");
    sandbox.plan(
        "p",
        "",
        PIPELINE,
        "case $ORCH_TASK in\n\
         1.verify) test -f p-1.1.txt; test -f p-1.2.txt; test -f p-1.3.txt\n\
           orch task next > \"$MARKS/next\"; orch task done -q 1.4 1.5 1.verify;;\n\
         *) work $ORCH_TASK;; esac",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(
        sandbox.starts().len(),
        5,
        "three tasks, their check, and what is built on them"
    );
    let attempts = fs::read_dir(sandbox.path().join(".git/orch/attempts")).unwrap();
    let prompts: Vec<String> = attempts
        .map(|found| fs::read_to_string(found.unwrap().path().join("prompt.md")).unwrap())
        .collect();
    let told = prompts.iter().filter(|prompt| prompt.contains("1.4 Type check"));
    assert_eq!(told.count(), 1, "{prompts:#?}");
    let next = fs::read_to_string(sandbox.mark("next")).unwrap();
    assert!(!next.contains("1.4") && !next.contains("1.5"), "{next}");
    // What was said of them is known.
    let status = sandbox.shown("p");
    let checks = &status["phases"][0]["checks"];
    assert_eq!(checks[0]["id"], "1.4", "{status:#}");
    assert_eq!(checks[1]["state"], "done", "{status:#}");
    let page = sandbox.orch("status p").code(0).out;
    assert!(page.contains("    done     1.4"), "{page}");
}

#[test]
fn a_numbered_check_that_fails_takes_its_block_with_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nreport = \"required\"");
    let document = "# P\n\n## Phase 1: A\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] 1.2 Unit tests\n";
    let script = "work 1.1; orch task done 1.verify; orch task fail 1.2 --note 'two are red'";
    sandbox.plan("p", "", document, script);
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    let why = sandbox.why("p");
    assert!(why.contains("1.verify (1.2: two are red)"), "{why}");
}
