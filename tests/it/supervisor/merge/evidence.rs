//! Notes on landed merges: what they were landed on.

use std::process::Command;

use serde_json::Value;

use crate::support::{Said, Sandbox, document};

fn note(sandbox: &Sandbox, commit: &str) -> Value {
    let text = sandbox.git_args(["notes", "--ref", "orch", "show", commit]);
    serde_json::from_str(&text).unwrap()
}

/// `a` has landed, its second phase approved and its first verified.
fn landed(strategy: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.tables(&format!(
        "[merge]\nstrategy = {strategy:?}\nevery_commit_green = false\nverify = \"test -f a-2.1.txt\""
    ));
    sandbox.plan(
        "a",
        "verify = \"true\"\n[plans.a.phases.1]\nverify = \"test -f a-1.1.txt\"\n[plans.a.phases.2]\ngate = \"approve\"",
        &document(&[2, 1]),
        "case $ORCH_ATTEMPT in a-1) commit one; exit 3;; esac\n\
         case $ORCH_PHASE in 1) work 1.1 1.2;; *) commit a-2.1.txt; orch task done 2.1 --note 'as agreed';; esac",
    );
    sandbox.orch("up").code(1).ok();
    sandbox.orch("approve a.2").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("a"), "landed");
    sandbox
}

#[test]
fn a_landed_merge_says_what_it_was_landed_on() {
    for strategy in ["merge", "squash", "rebase"] {
        let sandbox = landed(strategy);
        let note = note(&sandbox, "main");
        assert_eq!(note["schema"], 1);
        let landing = &note["landings"][0];
        assert_eq!(landing["plan"], "a", "{strategy}");
        assert_eq!(landing["commit"], sandbox.rev("main").as_str());
        let items = landing["items"].as_array().unwrap();
        let said: Vec<String> = items
            .iter()
            .map(|item| format!("{} {} {}", item["id"], item["state"], item["attempt"]))
            .collect();
        assert_eq!(
            said,
            [
                "\"1.1\" \"done\" \"a-2\"",
                "\"1.2\" \"done\" \"a-2\"",
                "\"2.1\" \"done\" \"a-3\""
            ]
        );
        assert_eq!(items[2]["note"], "as agreed");
        let attempts = landing["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 3);
        assert_eq!(attempts[0]["exit_code"], 3);
        assert_eq!(attempts[1]["program"], "sh");
        assert!(attempts[1]["started_at"].is_string() && attempts[1]["ended_at"].is_string());
        let verified = landing["verified"].as_array().unwrap();
        let of: Vec<&str> = verified.iter().map(|one| one["of"].as_str().unwrap()).collect();
        assert_eq!(of, ["phase", "plan", "merge"], "{strategy}");
        assert!(
            verified
                .iter()
                .all(|one| one["passed"] == true && one["took_ms"].is_u64())
        );
        assert_eq!(verified[2]["command"], "test -f a-2.1.txt");
        assert_eq!(verified[2]["tree"], sandbox.git("rev-parse main^{tree}").as_str());
        assert_eq!(landing["approvals"][0]["what"], "a.2");
        let schema = sandbox.orch("schema evidence").code(0).json();
        assert_eq!(schema["title"], "EvidenceNote");
    }
}

#[test]
fn any_commit_of_the_target_says_so_in_a_clone_too() {
    let sandbox = landed("merge");
    let brought = sandbox.git("rev-parse main^2~1");
    for commit in ["main", &brought, &brought[..9]] {
        let why = sandbox.orch(&format!("why {commit}")).code(0).out;
        assert!(
            why.contains("landed on main with plan a") && why.contains("reported by a-2"),
            "{why}"
        );
    }
    sandbox.orch("why main~1").code(3).ok();
    let clone = sandbox.beside("clone");
    let run = |args: &[&str]| assert!(Command::new("git").args(args).status().unwrap().success());
    run(&[
        "clone",
        "-q",
        sandbox.path().to_str().unwrap(),
        clone.to_str().unwrap(),
    ]);
    let orch = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Said::of(command.current_dir(&clone))
    };
    orch(&["why", &brought])
        .code(3)
        .says("git fetch origin refs/notes/orch")
        .ok();
    let folder = clone.to_str().unwrap();
    run(&[
        "-C",
        folder,
        "fetch",
        "-q",
        "origin",
        "refs/notes/orch:refs/notes/orch",
    ]);
    let answer = orch(&["why", &brought, "--json"]).code(0).json();
    assert_eq!(answer["landings"][0]["plan"], "a");
    assert!(!clone.join(".git/orch").exists());
    orch(&["why", "no-such-thing"]).code(2).ok();
}

#[test]
fn a_note_that_is_missing_is_found_and_written_again_and_one_that_tells_of_nothing_is_named() {
    let sandbox = landed("merge");
    let before = note(&sandbox, "main");
    sandbox.git("notes --ref orch remove main");
    sandbox
        .orch("doctor")
        .code(1)
        .says("no note that says what a was landed on")
        .ok();
    sandbox.orch("doctor --fix").code(0).ok();
    assert_eq!(note(&sandbox, "main"), before);
    // So does the next run: it may have ended before it came to that.
    sandbox.git("notes --ref orch remove main");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(note(&sandbox, "main"), before);
    sandbox.orch("doctor").code(0).ok();
    sandbox.git_args(["notes", "--ref", "orch", "add", "-m", "{}", "main~1^{tree}"]);
    sandbox.orch("doctor").code(1).says("which is not on main").ok();
}

#[test]
fn a_note_tells_what_was_ticked_in_the_beginning_and_why_what_was_taken_back() {
    let sandbox = Sandbox::new();
    let text = "# P\n\n## Phase 1: A\n\n- [x] 1.1 a\n- [ ] 1.2 b\n";
    sandbox.plan("p", "report = \"required\"", text, "work 1.2");
    sandbox.orch("up --merge").code(0).ok();
    let note = note(&sandbox, "main");
    let items = note["landings"][0]["items"].as_array().unwrap();
    let of: Vec<(&str, bool)> = items
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item["ticked"] == true))
        .collect();
    assert_eq!(of, [("1.1", true), ("1.2", false)]);
    sandbox
        .orch("why main")
        .code(0)
        .says("1.1 done, ticked in the document when the plan was begun, at")
        .ok();
    let landed = sandbox.git("rev-parse main");
    sandbox.orch("revert p").code(0).ok();
    let back = format!("taken back by {}", &sandbox.git("rev-parse main")[..10]);
    sandbox.orch(&format!("why {landed}")).code(0).says(&back).ok();
}
