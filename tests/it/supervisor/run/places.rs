//! Where repositories live: bare ones, linked worktrees, submodules, strange paths, hooks that fail.

use std::fs;

use crate::support::{Said, Sandbox, Scratch, Tree, document, program};

#[track_caller]
fn runs(sandbox: &Sandbox) {
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.plan(
        "q",
        "depends = [\"p\"]",
        &document(&[1]),
        "test -f p-1.1.txt; work 1.1",
    );
    sandbox.orch("up --merge").code(0).ok();
    for plan in ["p", "q"] {
        assert_eq!(sandbox.state(plan), "landed");
    }
    assert_eq!(sandbox.git("cat-file -t main:q-1.1.txt"), "blob");
    sandbox.orch("clean").code(0).ok();
    assert!(!sandbox.worktree("p").path().exists());
    sandbox.nothing_is_left();
}

#[test]
fn a_path_with_spaces_and_letters_of_every_kind() {
    let sandbox = Sandbox::around(Scratch::named("mein Repo – ñ 漢字 'x' \"y\" $z"));
    runs(&sandbox);
    let sandbox = Sandbox::new();
    sandbox.write("plans/ein Plan – ñ.md", document(&[1]));
    sandbox.script("p", "work 1.1; test -f \"$ORCH_PLAN_FILE\"");
    sandbox.tables(&format!(
        "[agents.p]\ncommand = [\"sh\", {:?}]\n[plans.p]\nfile = \"plans/ein Plan – ñ.md\"",
        sandbox.beside("agents/p.sh")
    ));
    sandbox.orch("up --merge").code(0).ok();
}

#[test]
fn a_repository_with_a_submodule() {
    let library = Scratch::named("library");
    library.commit_file("lib.txt", "content\n");
    let sandbox = Sandbox::new();
    sandbox.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    sandbox.git("commit -q -m submodule");
    runs(&sandbox);
    assert_eq!(sandbox.read("lib/lib.txt"), "content\n");
}

#[test]
fn hooks_of_the_repository_do_not_stop_orchs_own_work() {
    let sandbox = Sandbox::new();
    let hooks = sandbox.beside("hooks");
    for hook in [
        "post-checkout",
        "post-merge",
        "pre-merge-commit",
        "commit-msg",
        "pre-commit",
    ] {
        program(&hooks.join(hook), "#!/bin/sh\nexit 1\n");
    }
    sandbox.git_args(["config", "core.hooksPath", hooks.to_str().unwrap()]);
    sandbox.plan("p", "", &document(&[1]), "echo left > left; orch task done 1.1");
    sandbox.plan(
        "q",
        "depends = [\"p\"]",
        &document(&[1]),
        "test -f left; echo more > more",
    );
    sandbox.orch("up --merge").code(0).ok();
    assert!(sandbox.join("more").exists());
}

#[test]
fn started_from_a_linked_worktree_it_is_the_same_repository() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.commit("plans");
    sandbox.git_args([
        "worktree",
        "add",
        "-q",
        "-b",
        "side",
        sandbox.beside("side").to_str().unwrap(),
    ]);
    let mut up = sandbox.command(["up", "--merge"]);
    Said::of(up.current_dir(sandbox.beside("side"))).code(0).ok();
    // The branch checked out there is what plans start from and land on.
    assert_eq!(sandbox.git("cat-file -t side:p-1.1.txt"), "blob");
    assert!(
        sandbox.beside("side/p-1.1.txt").exists(),
        "its checkout is brought along"
    );
    assert!(
        !sandbox
            .try_git(["cat-file", "-e", "main:p-1.1.txt"])
            .status
            .success()
    );
    assert!(
        sandbox.join(".git/orch/orch.db").exists(),
        "what orch keeps is in the common folder"
    );
}

#[test]
fn a_bare_repository_with_worktrees() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.commit("plans");
    let bare = sandbox.beside("project.git");
    sandbox.git_args([
        "clone",
        "-q",
        "--bare",
        sandbox.path().to_str().unwrap(),
        bare.to_str().unwrap(),
    ]);
    let bare = Tree::at(bare);
    let checkout = sandbox.beside("checkout");
    bare.git_args(["worktree", "add", "-q", checkout.to_str().unwrap(), "main"]);
    let mut up = sandbox.command(["up", "--merge"]);
    Said::of(up.current_dir(&checkout)).code(0).ok();
    assert!(checkout.join("p-1.1.txt").exists());
    assert!(bare.join("orch/orch.db").exists());
    // And standing in the bare repository, with the manifest elsewhere.
    sandbox.script("p", "exit 1");
    let manifest = checkout.join("plans.toml");
    let mut status = sandbox.command(["--manifest", manifest.to_str().unwrap(), "status", "--json"]);
    let status = Said::of(status.current_dir(bare.path())).code(0).json();
    assert_eq!(status["plans"][0]["state"], "landed");
}

#[test]
fn another_folder_and_another_manifest_may_be_named() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    fs::create_dir(sandbox.join("conf")).unwrap();
    fs::rename(sandbox.join("plans.toml"), sandbox.join("conf/my plans.toml")).unwrap();
    fs::rename(sandbox.join("plans"), sandbox.join("conf/plans")).unwrap();
    let elsewhere = sandbox.beside("agents");
    let run = |args: &[&str]| {
        let mut all = vec![
            "-C",
            sandbox.path().to_str().unwrap(),
            "--manifest",
            "conf/my plans.toml",
        ];
        all.extend(args);
        let mut command = sandbox.command(all);
        Said::of(command.current_dir(&elsewhere))
    };
    run(&["check"]).code(0).ok();
    run(&["up", "--merge"]).code(0).ok();
    assert_eq!(
        run(&["status", "--json"]).code(0).json()["plans"][0]["state"],
        "landed"
    );
    assert!(sandbox.join("p-1.1.txt").exists());
    // From a folder below, the nearest manifest is meant.
    let mut below = sandbox.command(["status"]);
    Said::of(below.current_dir(sandbox.join("conf/plans")))
        .code(2)
        .ok();
    fs::rename(
        sandbox.join("conf/my plans.toml"),
        sandbox.join("conf/plans.toml"),
    )
    .unwrap();
    let mut below = sandbox.command(["status"]);
    Said::of(below.current_dir(sandbox.join("conf/plans")))
        .code(0)
        .says("landed")
        .ok();
}
