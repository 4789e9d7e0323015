//! Conflicts that need nobody: resolved as they were before (`git rerere`), or in files that are generated.

use std::fs;

use crate::support::{Said, Sandbox, document, steps, wait_for};

/// Plans that each write the line `middle` of a file in their own words.
fn at_odds(tables: &str, plans: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tables(tables);
    sandbox.write("shared.txt", "top\nmiddle\nbottom\nend\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    for plan in plans {
        let script = format!("sed -i s/middle/{plan}/ shared.txt; git commit -qam {plan}; work 1.1");
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up").code(0).ok();
    sandbox
}

fn resolve(sandbox: &Sandbox, plan: &str, text: &str) {
    sandbox.orch(&format!("merge --resolve {plan}")).code(0).ok();
    let place = sandbox.worktree(&format!("{plan}.resolve"));
    place.write("shared.txt", text);
    place.git("add shared.txt");
    sandbox.orch(&format!("merge --continue {plan}")).code(0).ok();
}

const BOTH: &str = "top\none and two\nbottom\nend\n";

/// `two` has landed by a resolution, and was taken back again.
fn taken_back(tables: &str) -> Sandbox {
    let sandbox = at_odds(tables, &["one", "two"]);
    sandbox.orch("merge").code(1).ok();
    resolve(&sandbox, "two", BOTH);
    // The same conflict again: the target as it was, and a plan that wants the same again.
    sandbox.git("reset -q --hard HEAD~1");
    let script = "sed -i s/middle/two/ shared.txt; git commit -qam two; work 1.1";
    sandbox.plan("again", "", &document(&[1]), script);
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("[run]\n", "[run]\nbase = \"start\"\ntarget = \"main\"\n"),
    );
    sandbox.git("tag start HEAD~1");
    sandbox.orch("up again").code(0).ok();
    sandbox
}

#[test]
fn a_conflict_is_resolved_as_it_was_before_shown_and_verified() {
    let sandbox = taken_back("[merge]\nverify = 'cat shared.txt >> \"$MARKS/verified\"'");
    let before = sandbox.rev("main");
    let refs = sandbox.git("for-each-ref refs/heads");
    let merged = sandbox.orch("merge again").code(0);
    assert!(
        merged.out.contains("(shared.txt resolved as before)"),
        "{merged:?}"
    );
    assert_eq!(sandbox.read("shared.txt"), BOTH);
    assert_eq!(
        sandbox.git("log -1 --format=%P main"),
        format!("{before} {}", sandbox.rev("orch/again"))
    );
    assert_eq!(sandbox.git("log -1 --format=%s main"), "Merge plan again: A plan");
    let verified = fs::read_to_string(sandbox.mark("verified")).unwrap();
    assert!(verified.ends_with(BOTH), "{verified}");
    assert_eq!(sandbox.count("resolve.reused", Some("again")), 1);
    assert!(
        sandbox.why("again").contains("resolved as before"),
        "{}",
        sandbox.why("again")
    );
    assert_eq!(
        sandbox.git("for-each-ref refs/heads").lines().count(),
        refs.lines().count()
    );
    assert_eq!(
        sandbox.git("for-each-ref refs/orch/backup/again"),
        "",
        "nothing there was anybody's work"
    );
    let mend = sandbox.worktree("mend@0");
    assert_eq!(mend.status(), "", "the worktree is clean again");
    sandbox.orch("clean").code(0).ok();
    assert!(!mend.path().exists());
    // The landing that was taken off main by hand has left its note, and doctor says how to remove that.
    let said = sandbox.orch("doctor").code(1);
    let words: Vec<&str> = said.out.split_whitespace().collect();
    let commit = words[words.iter().position(|word| *word == "remove").unwrap() + 1];
    sandbox.git(&format!(
        "notes --ref orch remove {}",
        commit.trim_end_matches('`')
    ));
    sandbox.orch("doctor").code(0).ok();
}

#[test]
fn what_was_resolved_before_and_does_not_pass_now_is_held() {
    let sandbox = taken_back("[merge]\nverify = 'test ! -e again-1.1.txt'");
    let before = sandbox.rev("main");
    sandbox.orch("merge again").code(1).says("does not pass").ok();
    assert_eq!(
        (sandbox.rev("main"), sandbox.state("again")),
        (before, "held".to_owned())
    );
}

#[test]
fn whoever_does_not_want_it_is_asked_each_time() {
    let sandbox = taken_back("");
    sandbox.git("config rerere.enabled false");
    sandbox.orch("merge again").code(1).says("conflicts with").ok();
    assert_eq!(sandbox.count("resolve.reused", None), 0);
    assert!(!sandbox.worktree("mend@0").path().exists(), "nothing is tried");
    // Neither is anything recorded.
    let recorded = || fs::read_dir(sandbox.join(".git/rr-cache")).unwrap().count();
    let before = recorded();
    resolve(&sandbox, "again", "top\nanother way\nbottom\nend\n");
    assert_eq!(recorded(), before);
}

#[test]
fn settings_of_git_are_not_written_and_a_resolution_made_by_hand_elsewhere_counts_too() {
    let sandbox = at_odds("", &["one", "two"]);
    let settings = sandbox.read(".git/config");
    sandbox.orch("merge one").code(0).ok();
    sandbox.git("checkout -q -b elsewhere");
    let merged = sandbox.try_git(["-c", "rerere.enabled=true", "merge", "-q", "orch/two"]);
    assert!(!merged.status.success());
    sandbox.write("shared.txt", BOTH);
    sandbox.git("-c rerere.enabled=true commit -q -a -m by-hand");
    sandbox.git("checkout -q main");
    sandbox.orch("merge two").code(0).says("resolved as before").ok();
    assert_eq!(sandbox.read("shared.txt"), BOTH);
    assert_eq!(sandbox.read(".git/config"), settings);
}

#[test]
fn a_person_who_checks_it_out_sees_what_was_resolved_before() {
    let sandbox = at_odds("", &["one", "two"]);
    sandbox.orch("merge").code(1).ok();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = sandbox.worktree("two.resolve");
    place.write("shared.txt", BOTH);
    place.git("add shared.txt");
    place.git_args(["-c", "rerere.enabled=true", "rerere"]);
    sandbox.orch("merge --abort two").code(0).ok();
    let opened = sandbox.orch("merge --resolve two --json").code(0).json();
    assert_eq!(opened["reused"], serde_json::json!(["shared.txt"]));
    assert_eq!(opened["files"], serde_json::json!([]));
    assert_eq!(place.read("shared.txt"), BOTH);
    sandbox.orch("merge --continue two").code(0).ok();
}

/// Two plans that add lines to a file whose sum is in a lock file.
fn with_lock_file(regenerate: &str, merge: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tables(&format!(
        "[merge]\n{merge}\nregenerate = [{{path = \"*.lock\", command = '{regenerate}'}}]"
    ));
    sandbox.write("sum.lock", "lock of\n");
    sandbox.write("shared.txt", "top\nmiddle\nbottom\nend\n");
    sandbox.git("add sum.lock shared.txt");
    sandbox.git("commit -q -m lock");
    for plan in ["one", "two"] {
        let script = format!(
            "touch {plan}.part; git add {plan}.part; {SUM}; git add -u; git commit -qm {plan}; work 1.1"
        );
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox
}

const SUM: &str = "echo lock of *.part > sum.lock";

#[test]
fn a_generated_file_in_conflict_is_made_anew_on_the_merged_tree() {
    let sandbox = with_lock_file(
        &format!("cat sum.lock > \"$MARKS/before\"; {SUM}"),
        "verify = 'grep -q \"one.part\" sum.lock'",
    );
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge").code(0).says("sum.lock made anew").ok();
    assert_eq!(sandbox.read("sum.lock"), "lock of one.part two.part\n");
    // The target's side was there first.
    assert_eq!(
        fs::read_to_string(sandbox.mark("before")).unwrap(),
        "lock of one.part\n"
    );
    assert_eq!(sandbox.state("two"), "landed");
    assert_eq!(sandbox.count("resolve.reused", Some("two")), 1);
    assert!(sandbox.why("two").contains("sum.lock made anew"));
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    assert!(
        !sandbox.join(".git/rr-cache").exists(),
        "git records nothing that it was not asked to"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_generated_file_that_merges_is_left_as_it_is() {
    let sandbox = with_lock_file("touch \"$MARKS/made\"", "");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    assert!(!sandbox.mark("made").exists());
}

#[test]
fn a_squash_has_the_generated_file_in_its_one_commit() {
    let sandbox = with_lock_file(SUM, "strategy = \"squash\"");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    let before = sandbox.rev("main");
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(sandbox.git("log -1 --format=%P main"), before.as_str());
    assert_eq!(sandbox.read("sum.lock"), "lock of one.part two.part\n");
}

#[test]
fn other_conflicts_besides_are_still_a_persons() {
    let sandbox = with_lock_file("touch \"$MARKS/made\"; echo made > sum.lock", "");
    for plan in ["one", "two"] {
        let script = format!(
            "touch {plan}.part; git add {plan}.part; {SUM}; sed -i s/middle/{plan}/ shared.txt; git add -u; git commit -qm {plan}; work 1.1"
        );
        sandbox.script(plan, &script);
    }
    sandbox.orch("up").code(0).ok();
    let before = sandbox.rev("main");
    sandbox.orch("merge one").code(0).ok();
    sandbox
        .orch("merge two")
        .code(1)
        .says("shared.txt (content)")
        .says("sum.lock (content)")
        .ok();
    assert!(!sandbox.mark("made").exists());
    assert_ne!(sandbox.rev("main"), before);
    assert_eq!(sandbox.state("two"), "held");
}

#[test]
fn a_command_that_fails_or_takes_too_long_holds_the_plan_with_the_end_of_its_log() {
    let sandbox = with_lock_file("echo no network here; exit 3", "");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    let before = sandbox.rev("main");
    sandbox
        .orch("merge two")
        .code(1)
        .says("sum.lock (content)")
        .says("no network here")
        .ok();
    assert_eq!(sandbox.state("two"), "held");
    assert!(
        sandbox.why("two").contains("no network here"),
        "{}",
        sandbox.why("two")
    );
    assert!(sandbox.why("two").contains("making *.lock anew"));
    sandbox
        .orch("logs --verify two")
        .code(0)
        .says("no network here")
        .ok();
    assert_eq!(sandbox.rev("main"), before);
    // What is repaired counts the next time.
    let text = sandbox.read("plans.toml");
    let text = text.replace("echo no network here; exit 3", "sleep 1000");
    sandbox.write(
        "plans.toml",
        text.replace("[plans.two]\n", "[plans.two]\ntimeout = \"300ms\"\n"),
    );
    sandbox.orch("merge two").code(1).says("ran out of time").ok();
    sandbox.nothing_is_left();
    sandbox.write(
        "plans.toml",
        sandbox.read("plans.toml").replace("sleep 1000", SUM),
    );
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(sandbox.read("sum.lock"), "lock of one.part two.part\n");
}

#[test]
fn a_supervisor_that_is_killed_in_the_middle_leaves_nothing_half_made() {
    let sandbox = with_lock_file(
        &format!("touch \"$MARKS/at-work\"; test -e \"$MARKS/go\" || sleep 1000; {SUM}"),
        "",
    );
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    let before = sandbox.rev("main");
    let merge = sandbox.start("merge two");
    sandbox.marked("at-work");
    merge.kill();
    assert_eq!(sandbox.rev("main"), before);
    fs::write(sandbox.mark("go"), "").unwrap();
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(sandbox.read("sum.lock"), "lock of one.part two.part\n");
    sandbox.nothing_is_left();
}

#[test]
fn a_person_who_asks_to_stop_is_heard_while_a_file_is_made_anew() {
    let sandbox = with_lock_file("touch \"$MARKS/at-work\"; sleep 1000", "");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    let before = sandbox.rev("main");
    let mut merge = sandbox.start("merge two");
    sandbox.marked("at-work");
    merge.signal(rustix::process::Signal::INT);
    wait_for("the end", || !merge.is_alive());
    assert_eq!(sandbox.rev("main"), before);
    sandbox.nothing_is_left();
    assert_eq!(sandbox.state("two"), "finished");
}

#[test]
fn an_entry_that_says_too_little_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nregenerate = [{path = \"Cargo.lock\"}, {path = \"a[\", command = \"x\"}]");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    let refused = sandbox.orch("check").code(2);
    refused
        .says("an entry of `regenerate` lacks `command`")
        .says("is not a glob")
        .ok();
}

#[test]
fn killed_at_any_step_a_generated_file_lands_the_next_time_and_once() {
    let chosen: Vec<usize> = match std::env::var("ORCH_SWEEP").ok().and_then(|k| k.parse().ok()) {
        Some(one) => vec![one],
        None => steps(8).map(|n| 5 + 15 * n).collect(),
    };
    for fatal in chosen {
        let sandbox = with_lock_file(SUM, "verify = 'grep -q one.part sum.lock'");
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge one").code(0).ok();
        let mut command = sandbox.command(["merge", "two"]);
        command.env(
            "FAULT_POINTS",
            format!("{}:{fatal}", sandbox.beside("points").display()),
        );
        let first = Said::of(&mut command);
        let again = sandbox.orch("merge");
        assert_eq!(
            sandbox.state("two"),
            "landed",
            "{fatal}: {first:?}\n{again:?}\n{}",
            sandbox.why("two")
        );
        assert_eq!(sandbox.read("sum.lock"), "lock of one.part two.part\n", "{fatal}");
        assert_eq!(sandbox.count("merge.landed", Some("two")), 1, "{fatal}");
        assert_eq!(sandbox.worktree("mend@0").status(), "", "{fatal}");
        sandbox.nothing_is_left();
    }
}
