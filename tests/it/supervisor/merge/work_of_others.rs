//! What lands is the plan's own: nobody brings the unfinished work of another plan along, or calls somebody else's commits its own.

use crate::support::{Sandbox, document};

/// Plan `p` of two tasks, of which its agent calls the second failed.
fn with_failed_work(settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("retries = 0\n{settings}"));
    let script =
        "work 1.1; commit half.txt; orch task fail 1.2 --note 'needs the schema'; mark p-failed; exit 1";
    sandbox.plan("p", "", &document(&[2]), script);
    sandbox
}

const WAITS: &str = "until [ -e \"$MARKS/p-failed\" ]; do sleep 0.05; done";

fn files_of(sandbox: &Sandbox) -> String {
    sandbox.git("ls-tree -r --name-only main")
}

#[test]
fn a_merge_of_another_plans_branch_does_not_land_what_that_plan_has_not_finished() {
    for dispatch in ["plan", "phase", "task"] {
        for (before, after) in [("commit own.txt", ":"), (":", "commit own.txt")] {
            let sandbox = with_failed_work("");
            let script =
                format!("{WAITS}; {before}; git merge -q --no-edit orch/p; {after}; orch task done -q 1.1");
            sandbox.plan("q", &format!("dispatch = {dispatch:?}"), &document(&[1]), &script);
            sandbox.orch("up --merge").code(1).ok();
            assert_eq!(sandbox.state("q"), "failed", "{dispatch} {before}");
            assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch} {before}");
            assert!(!files_of(&sandbox).contains("half.txt"), "{dispatch} {before}");
            let why = sandbox.why("q").replace('\n', " ");
            let tip = sandbox.rev("orch/p");
            assert!(why.contains("of plan p, which has not landed"), "{why}");
            assert!(why.contains(&tip.short().to_string()), "{why}");
        }
    }
}

#[test]
fn once_the_other_plan_has_landed_its_commits_are_in_nobodys_way() {
    let sandbox = with_failed_work("");
    let script = format!("{WAITS}; [ -e half.txt ] || git merge -q --no-edit orch/p; work 1.1");
    sandbox.plan("q", "", &document(&[1]), &script);
    sandbox.orch("up").code(1).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("failed".into(), "failed".into())
    );
    sandbox.script("p", "work 1.2");
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up p --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("q"), "landed");
}

#[test]
fn whoever_took_the_work_is_at_fault_and_not_the_plan_it_was_taken_from() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "commit q.txt; mark q-made; gate q; work 1.1",
    );
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "until [ -e \"$MARKS/q-made\" ]; do sleep 0.05; done; git merge -q --ff-only orch/q; work 1.1; gate p",
    );
    sandbox.gate("q").gate("p");
    let up = sandbox.start("up --merge");
    sandbox.reached("p");
    sandbox.open("p");
    crate::support::wait_for("p", || sandbox.state("p") == "failed");
    sandbox.open("q");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("q"), "landed", "{}", sandbox.why("q"));
    assert!(sandbox.why("p").contains("of plan q"), "{}", sandbox.why("p"));
}

#[test]
fn a_dependency_on_a_phase_allows_no_more_than_that_phase() {
    for more in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let script = "work 1.1; until [ -e \"$MARKS/q-runs\" ]; do sleep 0.05; done\n\
                      commit half.txt; orch task fail 2.1; mark p-failed; exit 1";
        sandbox.plan("p", "", &document(&[1, 1]), script);
        let merge = if more {
            "git merge -q --no-edit orch/p"
        } else {
            ":"
        };
        let script = format!("mark q-runs; {WAITS}; {merge}; work 1.1");
        sandbox.plan("q", "depends = [\"p.1\"]", &document(&[1]), &script);
        sandbox.orch("up").code(1).ok();
        let state = if more { "failed" } else { "finished" };
        assert_eq!(sandbox.state("q"), state, "{}", sandbox.why("q"));
    }
}

#[test]
fn what_is_merged_into_a_finished_branch_is_looked_at_when_it_lands() {
    let sandbox = with_failed_work("");
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("q"), "finished");
    sandbox.worktree("q").git("merge -q --no-edit orch/p");
    sandbox.orch("merge q --dry-run").says("of plan p").ok();
    let refused = sandbox.orch("merge q");
    assert_ne!(refused.code, 0);
    refused.says("of plan p").ok();
    assert!(!files_of(&sandbox).contains("half.txt"));
    // By hand: then it is on the target, whatever it is worth.
    sandbox.git("merge -q --no-edit orch/p");
    sandbox.orch("merge q").code(0).ok();
    assert_eq!(sandbox.state("q"), "landed");
}

#[test]
fn a_phase_with_another_plans_work_is_handed_on_to_nobody() {
    let sandbox = with_failed_work("");
    let script = format!("{WAITS}; git merge -q --no-edit orch/p; work 1.1 2.1");
    sandbox.plan("q", "", &document(&[1, 1]), &script);
    sandbox.plan("r", "depends = [\"q.1\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(
        sandbox
            .starts()
            .iter()
            .filter(|start| start.contains("r-1"))
            .count(),
        0
    );
    assert_eq!(
        sandbox.git("for-each-ref refs/orch/pins/q --format=%(refname)"),
        ""
    );
}

#[test]
fn a_branch_without_the_other_plans_work_is_handed_on_after_all() {
    let sandbox = Sandbox::new();
    sandbox.settings("");
    let script = "work 1.1; orch task fail 1.2 --note no; mark p-failed; exit 1";
    sandbox.plan("p", "retries = 0", &document(&[2]), script);
    let script = format!(
        "if [ $ORCH_ATTEMPT = q-1 ]; then {WAITS}; git merge -q --no-edit orch/p; else git reset -q --hard main; fi\n\
         work 1.1; gate $ORCH_ATTEMPT; work 2.1"
    );
    sandbox.plan("q", "retries = 1", &document(&[1, 1]), &script);
    sandbox.plan("r", "depends = [\"q.1\"]", &document(&[1]), "work 1.1");
    sandbox.gate("q-1").gate("q-2");
    let up = sandbox.start("up --merge");
    sandbox.happened("pin.refused", "q");
    sandbox.open("q-1");
    sandbox.reached("q-2");
    sandbox.open("q-2");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("q"), "landed", "{}", sandbox.why("q"));
    assert_eq!(sandbox.state("r"), "landed", "{}", sandbox.why("r"));
    assert_eq!(sandbox.state("p"), "failed");
}

#[test]
fn commits_of_somebody_else_are_no_work_of_the_agents() {
    for dispatch in ["plan", "task"] {
        for how in ["--ff-only", "--no-ff -m mm"] {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0");
            let main = sandbox.path().display().to_string();
            let script = format!(
                "git -C {main:?} commit -q --allow-empty -m theirs; git merge -q {how} main; orch task done -q 1.1"
            );
            sandbox.plan("p", &format!("dispatch = {dispatch:?}"), &document(&[1]), &script);
            sandbox.orch("up").code(1).ok();
            assert_eq!(sandbox.state("p"), "failed", "{dispatch} {how}");
            assert!(
                sandbox.why("p").contains("made no commit"),
                "{}",
                sandbox.why("p")
            );
        }
    }
}

#[test]
fn work_that_a_person_lands_while_its_agent_runs_was_made_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let main = sandbox.path().display().to_string();
    let script = format!("commit own.txt; git -C {main:?} merge -q orch/p; orch task done -q 1.1");
    sandbox.plan("p", "", &document(&[1]), &script);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.count("attempt.failed", None), 0);
}

#[test]
fn changes_that_git_was_told_to_overlook_are_leftovers() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        for dispatch in ["plan", "task"] {
            for (policy, code) in [("require", 1), ("auto", 0)] {
                let sandbox = Sandbox::new();
                sandbox.commit_file("base.txt", "as it was\n");
                sandbox.settings("retries = 0");
                let script = format!(
                    "work 1.1; echo real > base.txt; git update-index {flag} base.txt; orch task done -q 1.1"
                );
                let keys = format!("dispatch = {dispatch:?}\ncommit = {policy:?}");
                sandbox.plan("p", &keys, &document(&[1]), &script);
                sandbox.orch("up --merge").code(code).ok();
                if code == 1 {
                    assert!(sandbox.why("p").contains("base.txt"), "{}", sandbox.why("p"));
                } else {
                    assert_eq!(sandbox.git("show main:base.txt"), "real", "{flag} {dispatch}");
                }
            }
        }
    }
}

#[test]
fn files_that_a_sparse_checkout_leaves_out_are_no_leftovers() {
    let sandbox = Sandbox::new();
    sandbox.write("far/away.txt", "x\n");
    sandbox.commit("far");
    sandbox.settings("retries = 0");
    let script = "git sparse-checkout set --no-cone '/*' '!/far/'; [ ! -e far/away.txt ]; work 1.1";
    sandbox.plan("p", "commit = \"require\"", &document(&[1]), script);
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.git("show main:far/away.txt"), "x");
}

#[test]
fn an_empty_commit_makes_nothing() {
    for dispatch in ["plan", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let script = "git commit -q --allow-empty -m empty; orch task done -q 1.1";
        sandbox.plan("p", &format!("dispatch = {dispatch:?}"), &document(&[1]), script);
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{dispatch}");
        assert!(
            sandbox.why("p").contains("made no commit"),
            "{}",
            sandbox.why("p")
        );
    }
}

/// What an agent makes git overlook, and how.
const OVERLOOKED: [(&str, &str); 5] = [
    ("core.fileMode false", "chmod +x file.txt"),
    ("core.symlinks false", "rm link; printf file.txt > link"),
    ("core.autocrlf input", "printf 'a\\r\\nb\\r\\n' > file.txt"),
    (
        "core.trustctime false",
        "git config core.checkStat minimal; sleep 1.2; git status -s; touch -r file.txt ../ref; printf 'c\\nd\\n' > file.txt; \
         touch -r ../ref file.txt",
    ),
    (
        "core.excludesFile ../ignored",
        "echo '*.new' > ../ignored; echo x > a.new",
    ),
];

#[test]
fn settings_that_an_agent_makes_hide_no_leftovers() {
    for whose in ["", "--worktree"] {
        for (setting, hide) in OVERLOOKED {
            let sandbox = Sandbox::new();
            sandbox.settings("retries = 0");
            let set = format!("git config extensions.worktreeConfig true; git config {whose} {setting}");
            let script = format!("work 1.1; {set}; {hide}");
            sandbox.plan("p", "commit = \"require\"", &document(&[1]), &script);
            sandbox.write("file.txt", "a\nb\n");
            std::os::unix::fs::symlink("file.txt", sandbox.path().join("link")).unwrap();
            sandbox.git("add -A");
            sandbox.git("commit -q -m files");
            sandbox.orch("up --merge").code(1).ok();
            assert_eq!(sandbox.state("p"), "failed", "{whose} {setting}");
            let why = sandbox.why("p");
            assert!(why.contains("uncommitted"), "{whose} {setting}: {why}");
        }
    }
}

#[test]
fn a_filter_that_an_agent_makes_hides_no_leftovers() {
    for commit in ["auto", "require"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let script = "work 1.1; home=$(git rev-parse --git-common-dir); mkdir -p $home/info\n\
                      echo 'file.txt filter=z' > $home/info/attributes\n\
                      git config filter.z.clean 'git show HEAD:file.txt'; echo other > file.txt";
        sandbox.plan("p", &format!("commit = {commit:?}"), &document(&[1]), script);
        sandbox.write("file.txt", "a\n");
        sandbox.git("add -A");
        sandbox.git("commit -q -m files");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed", "{commit}");
        assert!(
            sandbox.why("p").contains("info/attributes"),
            "{}",
            sandbox.why("p")
        );
    }
}

#[test]
fn a_hook_that_undoes_the_commit_of_leftovers_is_told_of() {
    for dispatch in ["plan", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        let script = "git -c core.hooksPath=/none commit -q --allow-empty -m first; echo x > made; git add made\n\
                      git -c core.hooksPath=/none commit -q -m made; echo l > left; orch task done -q 1.1";
        sandbox.plan("p", &format!("dispatch = {dispatch:?}"), &document(&[1]), script);
        sandbox.git("add -A");
        sandbox.git("commit -q -m plans");
        let hook = sandbox.path().join(".git/hooks/post-commit");
        crate::support::program(&hook, "git reset -q --soft HEAD~1");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{dispatch}");
        assert!(sandbox.why("p").contains("a hook"), "{}", sandbox.why("p"));
    }
}
