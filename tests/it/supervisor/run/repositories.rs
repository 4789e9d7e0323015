//! Repositories as people have them: everything at once that makes a worktree more than a checkout.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Said, Sandbox, Scratch, document, program};

#[test]
fn a_submodule_hooks_of_the_repository_ignored_files_and_strange_names_at_once_in_plans_and_lanes() {
    let library = Scratch::named("library with spaces");
    library.commit_file("lib.txt", "content\n");
    let sandbox = Sandbox::around(Scratch::named("mein Repo – 'x'"));
    sandbox.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib dir",
    ]);
    sandbox
        .write(".gitignore", "*.geheim\nnode modules/\nhooked\n")
        .write(".gitattributes", "*.txt text\n");
    program(
        &sandbox.join("git hooks/post-checkout"),
        "#!/bin/sh\necho \"$1\" > hooked\n",
    );
    sandbox.git_args([
        "add",
        ".gitignore",
        ".gitattributes",
        "git hooks",
        "lib dir",
        ".gitmodules",
    ]);
    sandbox.git("commit -q -m all");
    sandbox.git_args(["config", "core.hooksPath", "git hooks"]);
    let odd = "ein \"Ordner\"\n/ü ñ $x.geheim";
    sandbox.write(odd, "1").write("node modules/a b/c.js", "2");
    sandbox.write(".worktreeinclude", "*.geheim\n/node modules\n");
    sandbox.settings("dispatch = \"task\"\nparallel_tasks = 2\nsetup = 'test -f \"lib dir/lib.txt\" && test -f \"node modules/a b/c.js\"'");
    sandbox.tables("[merge]\nverify = 'test -f \"lib dir/lib.txt\" && test -f \"node modules/a b/c.js\" && test -f hooked'");
    sandbox.gate("one").gate("two");
    let script = "test -f hooked; test -f 'lib dir/lib.txt'; case $ORCH_TASK in 1.1) gate one;; 1.2) gate two;; esac; work $ORCH_TASK";
    sandbox.plan("p", "strategy = \"independent\"", &document(&[2]), script);
    let up = sandbox.start("up --merge");
    sandbox.reached("one");
    sandbox.reached("two");
    let lane = sandbox.beside("mein Repo – 'x'.worktrees/p.lane1");
    assert_eq!(fs::read_to_string(lane.join(odd)).unwrap(), "1");
    sandbox.open("one");
    sandbox.open("two");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    sandbox.orch("clean").code(0).ok();
    assert!(!lane.exists() && sandbox.join(odd).exists());
    assert_eq!(sandbox.git_args(["-C", "lib dir", "status", "--porcelain"]), "");
}

#[test]
fn a_filter_that_must_run_and_is_not_there_holds_the_plan_and_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .write(".gitattributes", "*.bin filter=lfs -text\n")
        .write("big.bin", "pointer\n");
    sandbox.git("add .gitattributes big.bin");
    sandbox.git("commit -q -m lfs");
    sandbox.git("config filter.lfs.smudge no-such-git-lfs");
    sandbox.git("config filter.lfs.required true");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let why = sandbox.why("p");
    assert!(why.contains("big.bin") && why.contains("lfs"), "{why}");
    sandbox.git("config --unset filter.lfs.required");
    sandbox.git("config --unset filter.lfs.smudge");
    sandbox.orch("up").code(0).says("stored by git-lfs").ok();
}

#[test]
fn a_repository_inside_the_checkout_is_not_copied_and_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "vendor/\n");
    sandbox.git("add .gitignore");
    sandbox.git("commit -q -m ignore");
    let inner = sandbox.join("vendor/inner");
    fs::create_dir_all(&inner).unwrap();
    sandbox.git_args(["init", "-q", inner.to_str().unwrap()]);
    sandbox
        .write("vendor/inner/file", "x")
        .write("vendor/plain", "y")
        .write(".worktreeinclude", "vendor\n");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -f vendor/plain; test ! -e vendor/inner; work 1.1",
    );
    sandbox
        .orch("up")
        .code(0)
        .says("vendor/inner/ was not copied into the worktree")
        .ok();
}

#[test]
fn submodules_that_the_main_checkout_does_not_have_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write(
        ".gitmodules",
        "[submodule \"far\"]\n\tpath = far\n\turl = /no/such/place\n",
    );
    let commit = sandbox.rev("HEAD");
    sandbox.git(&format!("update-index --add --cacheinfo 160000,{commit},far"));
    sandbox.git("add .gitmodules");
    sandbox.git("commit -q -m far");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let said = sandbox.orch("up --merge").code(0);
    assert_eq!(sandbox.count("warning", None), 0, "{:?}", sandbox.events());
    said.ok();
    assert_eq!(sandbox.state("p"), "landed");
    assert!(!sandbox.git("config --list").contains("submodule."));
}

#[test]
fn plans_land_where_the_repository_lies_apart_from_its_checkout() {
    let sandbox = Sandbox::around(Scratch::named("shop"));
    let apart = sandbox.beside("books/shop.git");
    fs::create_dir(apart.parent().unwrap()).unwrap();
    sandbox.git_args(["init", "-q", "--separate-git-dir", apart.to_str().unwrap()]);
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "work 1.1; orch status > \"$MARKS/seen\"; cd /; orch -C \"$ORCH_WORKTREE\" why p",
    );
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed", "{}", sandbox.why("p"));
    assert!(
        sandbox
            .worktree("p")
            .path()
            .starts_with(sandbox.beside("shop.worktrees"))
    );
    assert!(sandbox.join("p-1.1.txt").exists());
    assert_eq!(sandbox.git("status --porcelain --untracked-files=no"), "");
    sandbox.orch("doctor").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    assert!(!sandbox.worktree("p").path().exists());
}

#[test]
fn agents_whose_program_hides_the_persons_configuration_commit_in_the_name_that_git_knows() {
    let sandbox = Sandbox::new();
    sandbox.git("config --unset user.name");
    sandbox.git("config --unset user.email");
    let home = sandbox.beside("home");
    fs::create_dir(&home).unwrap();
    let person = |name: &str| format!("[user]\n\tname = {name}\n\temail = {name}@example.org\n");
    let included = "[includeIf \"onbranch:orch/q\"]\n\tpath = other\n";
    fs::write(home.join(".gitconfig"), format!("{}{included}", person("Ann"))).unwrap();
    fs::write(home.join("other"), person("Bea")).unwrap();
    let script =
        "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_NOSYSTEM=1; work 1.1";
    // What it is called tells what it is known to do.
    let program = sandbox.beside("gemini");
    fs::write(&program, "#!/bin/sh\nexec sh \"$1\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let plan = |name: &str, script: &str| {
        sandbox.write(format!("plans/{name}.md"), document(&[1]));
        sandbox.script(name, script);
        let script = sandbox.beside(format!("agents/{name}.sh"));
        sandbox.tables(&format!(
            "[plans.{name}]\nfile = \"plans/{name}.md\"\nagent = \"{name}\"\n\
             [agents.{name}]\nevents = \"none\"\ncommand = [{program:?}, {script:?}]"
        ));
    };
    for name in ["p", "q", "r"] {
        plan(name, script);
    }
    sandbox.tables("[agents.r.env]\nGIT_AUTHOR_NAME = \"Bot\"");
    let up = || {
        let mut command = sandbox.command(["up"]);
        for part in [
            "AUTHOR_NAME",
            "AUTHOR_EMAIL",
            "COMMITTER_NAME",
            "COMMITTER_EMAIL",
            "CONFIG_GLOBAL",
        ] {
            command.env_remove(format!("GIT_{part}"));
        }
        Said::of(command.env("HOME", &home)).code(0).ok();
    };
    up();
    let who = |plan: &str| sandbox.git(&format!("log -1 --format=%an,%ae,%cn,%ce orch/{plan}"));
    assert_eq!(who("p"), "Ann,Ann@example.org,Ann,Ann@example.org");
    assert_eq!(who("q"), "Bea,Bea@example.org,Bea,Bea@example.org");
    assert_eq!(who("r"), "Bot,Ann@example.org,Ann,Ann@example.org");

    // What the repository itself says no program hides, and an agent may change it.
    sandbox.git("config user.name Cleo");
    sandbox.git("config user.email Cleo@example.org");
    plan("s", &format!("test -z \"${{GIT_AUTHOR_NAME-}}\"; {script}"));
    up();
    assert_eq!(who("s"), "Cleo,Cleo@example.org,Cleo,Cleo@example.org");
}
