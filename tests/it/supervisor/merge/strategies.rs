//! How plans come onto the target: `merge`, `squash` and `rebase`, and the words they come with.

use crate::support::{Sandbox, document};

/// One plan with two commits by somebody else, and a target that has continued since it began.
fn finished(strategy: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tables(&format!("[merge]\nstrategy = \"{strategy}\""));
    let script = "export GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org; work 1.1 1.2";
    sandbox.plan("p", "", &document(&[2]), script);
    sandbox.orch("up").code(0).ok();
    sandbox.write("other.txt", "meanwhile\n");
    sandbox.git("add other.txt");
    sandbox.git("commit -q -m meanwhile");
    sandbox
}

#[test]
fn a_squash_is_one_commit_with_the_plans_title_tasks_and_trailer() {
    let sandbox = finished("squash");
    let before = sandbox.head();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.git("log -1 --format=%P main"), before.as_str());
    assert_eq!(
        sandbox.git("log -1 --format=%B main"),
        "A plan (plan p)\n\n- 1.1 Task 1.1\n- 1.2 Task 1.2\n\nOrch-Plan: p"
    );
    assert_eq!(sandbox.state("p"), "landed");
    assert_eq!(sandbox.git("show main:p-1.2.txt"), "p-1.2.txt by p");
    assert_eq!(sandbox.git("show main:other.txt"), "meanwhile");
    sandbox.orch("merge").code(0).says("nothing to merge").ok();
}

#[test]
fn a_rebase_replays_the_plans_commits_in_order_under_their_authors_names() {
    let sandbox = finished("rebase");
    let before = sandbox.head();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(
        sandbox.git(&format!("log --reverse --format=%an|%s {before}..main")),
        "Ann|p-1.1.txt\nAnn|p-1.2.txt"
    );
    assert_eq!(sandbox.git(&format!("rev-list --merges {before}..main")), "");
    assert_eq!(sandbox.git("show main:other.txt"), "meanwhile");
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn the_replayed_tree_is_the_one_that_is_verified() {
    let sandbox = finished("rebase");
    let verify = "strategy = \"rebase\"\nverify = 'git rev-parse HEAD > \"$MARKS/verified\"'";
    let manifest = sandbox
        .read("plans.toml")
        .replace("strategy = \"rebase\"", verify);
    sandbox.write("plans.toml", manifest);
    sandbox.orch("merge").code(0).ok();
    let verified = std::fs::read_to_string(sandbox.mark("verified")).unwrap();
    assert_eq!(verified.trim(), sandbox.rev("main").as_str());
}

#[test]
fn commits_that_another_plan_carries_land_by_a_merge_only() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "merge_strategy = \"squash\"", &document(&[1]), "work 1.1");
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let before = sandbox.head();
    let merged = sandbox.orch("merge --json").code(2).json();
    let why = merged["plans"][0]["why"].as_str().unwrap();
    assert!(why.contains("the branch of plan b has some of those"), "{why}");
    assert_eq!(sandbox.head(), before);
    sandbox.write(
        "plans.toml",
        sandbox.read("plans.toml").replace("\"squash\"", "\"merge\""),
    );
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
}

#[test]
fn a_replayed_commit_that_does_not_merge_holds_the_plan() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nstrategy = \"rebase\"");
    sandbox.write("shared.txt", "base\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    let script = "echo plan > shared.txt; git commit -qam edit; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    sandbox.write("shared.txt", "target\n");
    sandbox.git("commit -q -m meanwhile shared.txt");
    sandbox.orch("merge").code(1).says("shared.txt (content)").ok();
    assert_eq!(sandbox.state("p"), "held");
}

#[test]
fn a_repository_may_have_words_of_its_own() {
    let sandbox = finished("merge");
    sandbox.write(
        "templates/orch/merge.txt",
        "land: {{ title }} from {{ branch }}\n\nReviewed-by: nobody\n",
    );
    sandbox.orch("merge").code(0).ok();
    assert_eq!(
        sandbox.git("log -1 --format=%B main"),
        "land: A plan from orch/p\n\nReviewed-by: nobody\nOrch-Plan: p"
    );
}

#[test]
fn a_rebase_leaves_no_work_out_that_only_a_merge_has() {
    for (in_merge, state) in [(":", "landed"), ("echo x > only-here", "finished")] {
        let sandbox = Sandbox::new();
        sandbox.tables("[merge]\nstrategy = \"rebase\"");
        let steps = format!(
            "git switch -qc aside; commit aside; git switch -q -; work 1.1; git merge -q --no-ff --no-commit aside; {in_merge}; \
             git add -A; git commit -qm both"
        );
        sandbox.plan("p", "", &document(&[1]), &steps);
        sandbox.orch("up --merge").ok();
        assert_eq!(sandbox.state("p"), state, "{}", sandbox.why("p"));
        let landed = sandbox.git("ls-tree --name-only main");
        assert_eq!(landed.contains("aside"), state == "landed", "{landed}");
        if state == "finished" {
            let both = sandbox.git("rev-parse --short=10 orch/p");
            assert!(sandbox.why("p").contains(&both), "{}", sandbox.why("p"));
        }
    }
}

#[test]
fn of_a_rebased_plan_each_commit_is_green_where_every_commit_has_to_be() {
    for (every, outcome) in [(true, "held"), (false, "landed")] {
        let sandbox = Sandbox::new();
        sandbox.tables(&format!(
            "[merge]\nstrategy = \"rebase\"\nevery_commit_green = {every}\nverify = 'test ! -e broken'"
        ));
        let script = "commit broken; git rm -q broken; git commit -qm mended; work 1.1";
        sandbox.plan("p", "", &document(&[1]), script);
        sandbox.plan("q", "", &document(&[2]), "work 1.1 1.2");
        sandbox.orch("up").code(0).ok();
        sandbox.commit_file("other.txt", "meanwhile\n");
        let before = sandbox.head();
        let _ = sandbox.orch("merge");
        assert_eq!(sandbox.state("p"), outcome, "{}", sandbox.why("p"));
        assert_eq!(sandbox.state("q"), "landed");
        if every {
            assert!(sandbox.why("p").contains("(broken)"), "{}", sandbox.why("p"));
            for commit in sandbox
                .git(&format!("rev-list --first-parent {before}..main"))
                .lines()
            {
                let files = sandbox.git(&format!("ls-tree --name-only {commit}"));
                assert!(!files.contains("broken"), "{commit} is red");
            }
        }
    }
}

#[test]
fn a_rebase_keeps_words_and_names_that_are_not_utf_8_byte_for_byte() {
    for sign in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.tables("[merge]\nstrategy = \"rebase\"");
        if sign {
            let signer = sandbox.beside("signer");
            crate::support::program(
                &signer,
                "#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED x' >&2\nprintf -- '-----BEGIN PGP SIGNATURE-----\\nx\\n-----END PGP SIGNATURE-----\\n'\n",
            );
            sandbox.git_args(["config", "gpg.program", signer.to_str().unwrap()]);
            sandbox.git("config commit.gpgsign true");
        }
        // Latin-1 that says so, Latin-1 that does not, and trailing blanks and empty lines.
        let script = r#"
            export GIT_AUTHOR_NAME="$(printf 'Ren\351e')" GIT_AUTHOR_EMAIL="$(printf 'ren\351e@example.org')"
            echo one > one.txt; git add one.txt
            printf 'F\374r alle\n\n\n\nviele  \nauthor x\n' | git -c i18n.commitEncoding=ISO-8859-1 commit -q --cleanup=verbatim -F -
            echo two > two.txt; git add two.txt
            tree=$(git write-tree); head=$(git rev-parse HEAD)
            commit=$( (printf 'tree %s\nparent %s\nauthor R\351 <r@x> 1700000000 +0130\ncommitter R\351 <r@x> 1700000001 -0200\n\nF\374r\n' $tree $head) | git hash-object -t commit -w --literally --stdin)
            git reset -q --hard $commit
            orch task done -q 1.1"#;
        sandbox.plan("p", "", &document(&[1]), script);
        sandbox.orch("up").code(0).ok();
        sandbox.commit_file("other.txt", "meanwhile\n");
        sandbox.git("branch expected orch/p");
        sandbox.git("-c commit.gpgsign=false worktree add -q --detach ../by-git expected");
        let by_git = crate::support::Tree::at(sandbox.beside("by-git"));
        by_git.git("-c commit.gpgsign=false rebase -q main");
        sandbox.orch("merge").code(0).ok();
        let raw = |tree: &crate::support::Tree, rev: &str| {
            let out = tree.try_git(["cat-file", "commit", rev]).stdout;
            let lines = out.split(|byte| *byte == b'\n');
            // The committer is of now, the parent another, and a signature is its own.
            let mut signature = false;
            let kept = lines.filter(|line| {
                signature = line.starts_with(b"gpgsig") || (signature && line.starts_with(b" "));
                !signature
                    && ![&b"committer "[..], b"parent ", b"tree "]
                        .iter()
                        .any(|own| line.starts_with(own))
            });
            kept.map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        let main = crate::support::Tree::at(sandbox.path());
        // Git writes what says its encoding again in its own; here it stays as it is, and reads the same.
        let text = |tree: &crate::support::Tree, rev: &str| {
            tree.git_args(["log", "-1", "--encoding=UTF-8", "--format=%an%n%ae%n%ad%n%B", rev])
        };
        assert_eq!(text(&main, "main~1"), text(&by_git, "HEAD~1"), "signed: {sign}");
        let told =
            |tree: &crate::support::Tree, rev: &str| raw(tree, rev).join(&b'\n').escape_ascii().to_string();
        assert_eq!(told(&main, "main~1"), told(&main, "orch/p~1"), "signed: {sign}");
        // What is signed is written by git, which takes bytes that are no UTF-8 for Latin-1.
        let expected = if sign {
            told(&by_git, "HEAD")
        } else {
            told(&main, "orch/p")
        };
        assert_eq!(told(&main, "main"), expected, "signed: {sign}");
        if sign {
            assert!(sandbox.git("cat-file commit main").contains("gpgsig"));
        }
    }
}
