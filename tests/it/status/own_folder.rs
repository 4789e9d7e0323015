//! `.orch/` belongs to one worktree: what is committed of it says nothing elsewhere, and lands nowhere.

use crate::support::Sandbox;

fn document(name: &str) -> String {
    format!("# {name}\n\n## Phase 1: P\n\n- [ ] 1.1 Do 1.1 of {name}\n- [ ] 1.2 Do 1.2 of {name}\n")
}

/// Plan `a` commits its own `.orch/` with every box ticked; `b` carries it, does one of two tasks and reports that one.
fn world(settings: &str, of_a: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    sandbox.plan("a", "", &document("a"), of_a);
    let of_b = "cp .orch/plan.md \"$MARKS/b.plan\"; cp .orch/status.json \"$MARKS/b.status\"; commit b; orch task done 1.1";
    sandbox.plan("b", "depends = [\"a\"]", &document("b"), of_b);
    sandbox
}

const COMMITS_IT: &str = "sed -i 's/\\[ \\]/[x]/' .orch/plan.md; commit a; git add -f .orch; git commit -qm 'with .orch'; \
                          orch task done 1.1 1.2";

#[test]
fn what_an_agent_commits_of_its_own_folder_is_neither_carried_nor_landed_nor_believed() {
    let sandbox = world("retries = 0", COMMITS_IT);
    let said = sandbox.orch("up --merge").code(1);
    assert!(said.err.contains("`.orch/plan.md`"), "{}", said.err);
    assert_eq!(sandbox.state("a"), "landed", "{}", sandbox.why("a"));
    assert_eq!(sandbox.state("b"), "failed", "{}", sandbox.why("b"));
    assert!(sandbox.why("b").contains("1.2"), "{}", sandbox.why("b"));
    let seen = std::fs::read_to_string(sandbox.mark("b.plan")).unwrap();
    assert_eq!(seen, document("b"));
    let seen = std::fs::read_to_string(sandbox.mark("b.status")).unwrap();
    assert!(seen.contains("\"b\"") && !seen.contains("done"), "{seen}");
    let landed = sandbox.git("ls-tree -r --name-only main");
    assert!(!landed.contains(".orch"), "{landed}");
    // Nothing is lost: the agent's own commit is below.
    assert!(sandbox.git("log --format=%s orch/a").contains("with .orch"));
    assert!(
        sandbox
            .git("log --format=%B orch/a")
            .contains("Orch-Attempt: a-1")
    );
}

#[test]
fn where_orch_commits_nothing_the_agent_is_told_to_take_its_folder_out() {
    let settings = "commit = \"require\"\nretries = 1\nbackoff = \"1ms\"";
    let again = format!(
        "if test -e \"$MARKS/once\"; then git rm -rq --cached .orch; git commit -qm out; else mark once; {COMMITS_IT}; fi"
    );
    let sandbox = world(settings, &again);
    sandbox.orch("up a").code(0).ok();
    assert_eq!(sandbox.state("a"), "finished", "{}", sandbox.why("a"));
    let prompt = sandbox.attempt_file("a-2", "prompt.md");
    assert!(prompt.contains("git rm -r --cached .orch"), "{prompt}");
}

#[test]
fn a_base_that_holds_the_folder_says_nothing_about_the_work() {
    let sandbox = world("retries = 0\nmax_agents = 1", "commit a; orch task done 1.1 1.2");
    let ticked = document("b").replace("[ ]", "[x]");
    sandbox.write(".orch/plan.md", &ticked);
    sandbox.git("add -A -f");
    sandbox.git("commit -qm base");
    let said = sandbox.orch("up").code(1);
    assert!(said.err.contains("is orch's own"), "{}", said.err);
    assert_eq!(sandbox.state("b"), "failed", "{}", sandbox.why("b"));
    let seen = std::fs::read_to_string(sandbox.mark("b.plan")).unwrap();
    assert_eq!(seen, document("b"));
}
