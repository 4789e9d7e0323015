//! `orch backup`: what was put away is found, looked into and brought back, and nothing is overwritten in doing so.

use orch::git::{self, snapshot};

use crate::support::{Sandbox, Tree, has_fields};

const TIME: &str = "20260102T030405Z";

/// A repository with two backups of `auth`: a commit that is on no branch any more, and uncommitted work.
fn bench() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("everything");
    let (repo, auth) = (sandbox.repository(), "auth".parse().unwrap());
    let lost = sandbox.commit_file("lost.txt", "lost");
    sandbox.git("reset -q --hard HEAD~1");
    git::keep::backup(&repo, &auth, &lost, TIME).unwrap();
    sandbox.write("README.md", "changed").write("new.txt", "new");
    let kept = snapshot(sandbox.path(), "auth: uncommitted work put aside").unwrap();
    sandbox.git("checkout -q -- README.md");
    sandbox.remove("new.txt");
    git::keep::backup(&repo, &auth, &kept, TIME).unwrap();
    sandbox
}

#[test]
fn backups_are_listed_and_looked_into() {
    let sandbox = bench();
    let listed = sandbox.orch("backup list --json").code(0).json();
    has_fields(&listed, ["schema", "backups"]);
    let first = &listed["backups"][0];
    has_fields(first, ["name", "ref", "commit", "base", "at", "kind", "subject"]);
    assert_eq!(first["name"], format!("auth/{TIME}"));
    assert_eq!(first["kind"], "commits");
    assert_eq!(listed["backups"][1]["kind"], "uncommitted");
    sandbox
        .orch("backup list auth")
        .code(0)
        .says("uncommitted  auth: uncommitted work")
        .ok();
    sandbox
        .orch("backup list billing")
        .code(0)
        .says("no backups")
        .ok();
    let shown = sandbox.orch(&format!("backup show auth/{TIME}-2")).code(0).out;
    assert!(shown.contains("  M README.md\n  A new.txt\n"), "{shown}");
    sandbox
        .orch("backup show auth/never")
        .code(2)
        .says("there is no backup `auth/never`")
        .ok();
}

#[test]
fn a_backup_comes_back_on_a_branch_and_never_over_another() {
    let sandbox = bench();
    let name = format!("auth/{TIME}");
    sandbox
        .orch(&format!("backup restore {name}"))
        .code(0)
        .says("restored/auth/")
        .ok();
    assert_eq!(sandbox.git(&format!("show restored/{name}:lost.txt")), "lost");
    sandbox.orch(&format!("backup restore {name}")).code(0).ok();
    let main = sandbox.head();
    sandbox
        .orch(&format!("backup restore {name} --to main"))
        .code(2)
        .says("exists already")
        .ok();
    assert_eq!(sandbox.rev("main"), main);
}

#[test]
fn uncommitted_work_comes_back_uncommitted_in_a_folder_of_its_own() {
    let sandbox = bench();
    let folder = sandbox.beside("again");
    let line = format!("backup restore auth/{TIME}-2 --worktree {}", folder.display());
    sandbox.orch(&line).code(0).ok();
    let again = Tree::at(&folder);
    assert_eq!(again.status(), "M README.md\n?? new.txt");
    assert_eq!(again.head(), sandbox.head());
    again.write("new.txt", "more");
    sandbox.orch(&line).code(2).says("is not empty").ok();
    assert_eq!(again.read("new.txt"), "more");
}

#[test]
fn a_backup_is_dropped_only_when_something_else_holds_it() {
    let sandbox = bench();
    let name = format!("auth/{TIME}");
    sandbox
        .orch(&format!("backup drop {name}"))
        .code(2)
        .says("orch backup restore")
        .ok();
    sandbox
        .orch(&format!("backup restore {name} --to kept"))
        .code(0)
        .ok();
    sandbox.orch(&format!("backup drop {name}")).code(0).ok();
    let listed = sandbox.orch("backup list --json").code(0).json();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 1);
    assert_eq!(sandbox.read("README.md"), "a scratch repository\n");
}
