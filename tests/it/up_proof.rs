//! Work counts as done on proof: see docs/completion.md.

use crate::support::Stage;

fn outcome(script: &str, plan: &str) -> (Stage, String) {
    let stage = Stage::new().agent(script).plan("a", &[2], plan).ready();
    let _ = stage.orch(&["up"]);
    let state = stage.state("a");
    (stage, state)
}

#[test]
fn an_exit_code_of_zero_alone_is_no_success() {
    let (stage, state) = outcome("true", "");
    assert_eq!(state, "failed");
    stage
        .orch(&["why", "a"])
        .exits(0)
        .says("made no commit and reported nothing");
    assert_eq!(outcome("true", "allow_empty = true").1, "finished");
}

#[test]
fn commits_without_any_report_are_enough_and_reports_without_a_commit_are_not() {
    assert_eq!(outcome("git commit -q --allow-empty -m x", "").1, "finished");
    let (stage, state) = outcome("orch task done 1.1 1.2", "");
    assert_eq!(state, "failed");
    stage.orch(&["why", "a"]).exits(0).says("made no commit");
    assert_eq!(outcome("orch task skip 1.1 1.2", "").1, "finished");
}

#[test]
fn a_failing_exit_code_counts_even_when_everything_was_reported() {
    let (stage, state) = outcome(
        "echo x > x; git add x; git commit -qm x; orch task done 1.1 1.2; exit 3",
        "",
    );
    assert_eq!(state, "failed");
    stage.orch(&["why", "a"]).exits(0).says("exited with code 3");
}

#[test]
fn what_remains_is_given_to_the_next_attempt() {
    let script = r#"
if [ $ORCH_ATTEMPT = a-1 ]; then echo 1 > one; git add one; git commit -qm one; orch task done 1.1; echo "half way"
else echo 2 > two; git add two; git commit -qm two; orch task done 1.2; fi
"#;
    let (stage, state) = outcome(script, "retries = 1");
    assert_eq!(state, "finished");
    let prompt = |attempt: &str| {
        let file = stage.repo.join(format!(".git/orch/attempts/{attempt}/prompt.md"));
        std::fs::read_to_string(file).unwrap()
    };
    assert!(!prompt("a-1").contains("work left"));
    assert!(prompt("a-2").contains("work left: 1.2"), "{}", prompt("a-2"));
    assert!(
        prompt("a-2").contains("half way"),
        "the log's end is shown: {}",
        prompt("a-2")
    );
}

#[test]
fn leftovers_are_committed_with_trailers_or_refused() {
    let (stage, state) = outcome("mkdir -p sub; echo x > 'sub/a file'; orch task done 1.1 1.2", "");
    assert_eq!(state, "finished");
    let message = stage.repo.git("log -1 --format=%B orch/a");
    assert!(
        message.contains("Orch-Plan: a") && message.contains("Orch-Attempt: a-1"),
        "{message}"
    );
    assert_eq!(stage.repo.git("show --name-only --format= orch/a"), "sub/a file");
    let (stage, state) = outcome(
        "echo x > left; git commit -q --allow-empty -m y",
        "commit = \"require\"",
    );
    assert_eq!(state, "failed");
    stage.orch(&["why", "a"]).exits(0).says("left");
    assert!(stage.worktree("a").join("left").exists());
}

#[test]
fn a_plan_that_does_not_verify_is_tried_again_with_the_output_and_then_held() {
    let script = "echo $ORCH_ATTEMPT >> log.txt; git add -A; git commit -qm x; orch task done 1.1 1.2";
    let (stage, state) = outcome(script, "retries = 1\nverify = \"echo the roof leaks; exit 1\"");
    assert_eq!(state, "held");
    let prompt = std::fs::read_to_string(stage.repo.join(".git/orch/attempts/a-2/prompt.md")).unwrap();
    assert!(prompt.contains("the roof leaks"), "{prompt}");
    stage.orch(&["why", "a"]).exits(0).says("the roof leaks");
    // A person mends it and says so by starting again; nothing is repeated.
    stage.repo.write(
        "plans.toml",
        stage.repo.read("plans.toml").replace("exit 1", "exit 0"),
    );
    stage.orch(&["up"]).exits(0);
    assert_eq!(
        (
            stage.state("a").as_str(),
            stage.status("a")["attempts"].as_array().unwrap().len()
        ),
        ("finished", 2)
    );
}

#[test]
fn an_agent_that_leaves_its_branch_is_found_out() {
    let (stage, state) = outcome(
        "git checkout -q -b elsewhere; echo x > x; git add x; git commit -qm x",
        "",
    );
    assert_eq!(state, "failed");
    stage.orch(&["why", "a"]).exits(0).says("elsewhere");
    let (stage, state) = outcome("git checkout -q --detach; git commit -q --allow-empty -m x", "");
    assert_eq!(state, "failed");
    stage.orch(&["why", "a"]).exits(0).says("instead of `orch/a`");
}
