//! `orch doctor`: each thing that can be off is found, told, and repaired as told.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Said, Sandbox, Tree, document, has_fields};

/// A plan that was begun, with phase 1 done, and stopped in phase 2.
fn begun() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("everything");
    sandbox.gate("p");
    sandbox.plan("p", "", &document(&[1, 1]), "work 1.1; gate p; work 2.1");
    sandbox.commit("the plan");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.happened("task.done", "p");
    up.signal(Signal::TERM);
    up.end().code(130).ok();
    sandbox.script("p", "test -f p-1.1.txt; work 2.1");
    sandbox
}

fn finished() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1, 1]), "work 1.1 2.1");
    sandbox.commit("the plan");
    sandbox.orch("up").code(0).ok();
    sandbox
}

#[track_caller]
fn findings(sandbox: &Sandbox) -> Vec<(String, String)> {
    let found = sandbox.orch("doctor --json").json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = found["findings"].as_array().unwrap().iter();
    found
        .map(|one| (text(&one["kind"]), text(&one["what"])))
        .collect()
}

#[track_caller]
fn is_sound(sandbox: &Sandbox) {
    assert_eq!(findings(sandbox), []);
    sandbox.orch("doctor").code(0).says("no problems found").ok();
}

/// What the doctor says it would do is what it does.
#[track_caller]
fn is_mended(sandbox: &Sandbox) {
    let would = sandbox.orch("doctor --json").code(1).json();
    let did = sandbox.orch("doctor --fix --json").code(0).json();
    let steps = |report: &Value| {
        let found = report["findings"].as_array().unwrap().iter();
        found.map(|one| one["step"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps(&would), steps(&did));
    is_sound(sandbox);
}

#[test]
fn a_sound_repository_is_told_to_be_sound_and_the_machine_is_described() {
    let sandbox = finished();
    is_sound(&sandbox);
    let report = sandbox.orch("doctor --json").code(0).json();
    has_fields(&report, ["schema", "ok", "findings", "machine", "agents"]);
    has_fields(
        &report["machine"],
        [
            "git",
            "identity",
            "worktrees",
            "reflink",
            "folds_case",
            "notify",
            "free_bytes",
            "extinction",
            "cgroup",
        ],
    );
    assert_eq!(report["machine"]["notify"], true);
    let text = sandbox.orch("doctor").code(0).out;
    assert!(text.contains("git       2."), "{text}");
}

#[test]
fn a_plan_goes_on_after_its_folder_in_git_was_thrown_away() {
    let sandbox = begun();
    fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
    is_mended(&sandbox);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.worktree("p").read("p-2.1.txt").trim(), "p-2.1.txt by p");
    assert_eq!(sandbox.starts(), ["p-1", "p-1"], "phase 1 was not done again");
}

#[test]
fn a_finished_plan_is_not_worked_on_again_after_the_database_was_deleted() {
    let sandbox = finished();
    for tail in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.join(format!(".git/orch/orch.db{tail}")));
    }
    is_mended(&sandbox);
    assert_eq!(sandbox.shown("p")["attempts"][0]["exit"], 0);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.starts(), ["p-1"]);
}

#[test]
fn a_run_writes_down_again_what_the_journal_has_lost_before_it_goes_on() {
    for cut in [0, 1, 2] {
        let sandbox = finished();
        sandbox.plan("q", "", &document(&[1]), "work 1.1");
        let log = sandbox.join(".git/orch/orch.db-wal");
        match cut {
            // Nothing of it is left.
            0 => {
                for tail in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(sandbox.join(format!(".git/orch/orch.db{tail}")));
                }
            }
            1 => {
                fs::write(sandbox.join(".git/orch/orch.db"), "").unwrap();
                let _ = fs::remove_file(&log);
            }
            // The end of it was lost with the power.
            _ => {
                let run = sandbox.join(".git/orch/orch.db");
                let database = rusqlite::Connection::open(run).unwrap();
                let kept = "DELETE FROM events WHERE seq > (SELECT min(seq) + 3 FROM events)";
                database.execute(kept, []).unwrap();
            }
        }
        sandbox.orch("up").code(0).ok();
        assert_eq!(
            (sandbox.state("p"), sandbox.state("q")),
            ("finished".into(), "finished".into())
        );
        assert_eq!(sandbox.starts(), ["p-1", "q-1"], "cut {cut}");
    }
}

#[test]
fn a_landed_plan_stays_landed_when_nothing_but_the_target_is_left() {
    let sandbox = finished();
    sandbox.orch("merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    let target = sandbox.head();
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
    is_mended(&sandbox);
    assert_eq!(sandbox.state("p"), "landed");
    sandbox.orch("up").code(0).ok();
    assert_eq!((sandbox.state("p").as_str(), sandbox.head()), ("landed", target));
    assert_eq!(sandbox.state("q"), "finished");
    assert_eq!(sandbox.starts(), ["p-1", "q-1"]);
}

#[test]
fn a_damaged_database_is_set_aside_and_what_can_be_read_of_it_is_kept() {
    let sandbox = begun();
    let before = sandbox.events();
    let database = sandbox.join(".git/orch/orch.db");
    fs::write(
        &database,
        "this was a database once, and somebody has written over it",
    )
    .unwrap();
    for tail in ["-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.join(format!(".git/orch/orch.db{tail}")));
    }
    is_mended(&sandbox);
    let aside = fs::read_dir(sandbox.join(".git/orch")).unwrap().flatten();
    let aside = aside.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("orch.db.damaged-")
    });
    assert_eq!(aside.count(), 1);
    assert!(before.len() > 3);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn an_agent_that_is_at_work_while_the_database_goes_is_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.at_work().kill();
    for tail in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.join(format!(".git/orch/orch.db{tail}")));
    }
    is_mended(&sandbox);
    let up = sandbox.start("up");
    sandbox.open("p");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"], "it was not started a second time");
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn a_repository_that_was_moved_with_its_worktrees_goes_on() {
    let sandbox = begun();
    let (old, new) = (sandbox.beside(""), sandbox.beside("elsewhere"));
    fs::create_dir(&new).unwrap();
    for name in ["repo", "repo.worktrees"] {
        fs::rename(old.join(name), new.join(name)).unwrap();
    }
    let orch = |line: &str| {
        let mut command = sandbox.command(line.split_whitespace());
        crate::support::Said::of(command.current_dir(new.join("repo")))
    };
    orch("doctor").code(1).says("is no longer at").ok();
    orch("doctor --fix").code(0).ok();
    orch("doctor").code(0).says("no problems found").ok();
    let moved = Tree::at(new.join("repo.worktrees/p"));
    assert_eq!(moved.git("branch --show-current"), "orch/p");
    orch("up").code(0).ok();
    assert_eq!(moved.read("p-2.1.txt").trim(), "p-2.1.txt by p");
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn nothing_is_begun_in_a_repository_that_was_moved_before_doctor_has_connected_it_pruned_or_not() {
    let sandbox = begun();
    let (old, new) = (sandbox.beside(""), sandbox.beside("elsewhere"));
    fs::create_dir(&new).unwrap();
    for name in ["repo", "repo.worktrees"] {
        fs::rename(old.join(name), new.join(name)).unwrap();
    }
    let orch = |line: &str| {
        let mut command = sandbox.command(line.split_whitespace());
        crate::support::Said::of(command.current_dir(new.join("repo")))
    };
    let moved = Tree::at(new.join("repo.worktrees/p"));
    moved.write("mine.txt", "uncommitted");
    for prune in [false, true] {
        if prune {
            Tree::at(new.join("repo")).git("worktree prune");
        }
        for line in ["up", "merge"] {
            orch(line).code(2).says("but at").says("orch doctor --fix").ok();
        }
        assert_eq!(sandbox.starts(), ["p-1"]);
    }
    orch("doctor --fix").code(0).ok();
    assert_eq!(moved.status(), "?? mine.txt");
    orch("up").code(0).ok();
    assert_eq!(moved.read("mine.txt"), "uncommitted");
}

#[test]
fn a_copy_of_a_repository_leaves_the_first_one_s_agents_and_worktrees_alone() {
    let sandbox = Sandbox::new();
    sandbox.gate("on");
    sandbox.plan("p", "", &document(&[1]), "gate on; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("on");
    let copy = sandbox.beside("copy");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([sandbox.path(), copy.as_path()])
        .status();
    assert!(copied.unwrap().success());
    let orch = |line: &str| {
        let mut command = sandbox.command(line.split_whitespace());
        crate::support::Said::of(command.current_dir(&copy))
    };
    for line in ["up", "merge"] {
        orch(line).code(2).says("is this a copy of a repository?").ok();
    }
    orch("doctor --fix").code(1).ok();
    let _ = orch("down --now");
    sandbox.open("on");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn a_repository_that_was_moved_alone_is_found_by_its_worktrees_again() {
    let sandbox = begun();
    sandbox.settings("worktrees = \"../trees/{plan}\"");
    // The worktree is where the manifest of another name expects it.
    let (repo, tree) = (sandbox.path().to_owned(), sandbox.worktree("p").path().to_owned());
    let new = sandbox.beside("renamed");
    fs::rename(&repo, &new).unwrap();
    fs::write(
        new.join("plans.toml"),
        fs::read_to_string(new.join("plans.toml"))
            .unwrap()
            .replace("../trees/{plan}", "../repo.worktrees/{plan}"),
    )
    .unwrap();
    let orch = |line: &str| {
        let mut command = sandbox.command(line.split_whitespace());
        crate::support::Said::of(command.current_dir(&new))
    };
    orch("doctor").code(1).says("has lost the repository").ok();
    orch("doctor --fix").code(0).ok();
    assert_eq!(Tree::at(tree).git("branch --show-current"), "orch/p");
    orch("up").code(0).ok();
}

#[test]
fn a_worktree_whose_folder_or_entry_is_gone_comes_back() {
    let sandbox = begun();
    let tree = sandbox.worktree("p");
    fs::remove_dir_all(tree.path()).unwrap();
    is_mended(&sandbox);
    assert_eq!(tree.read("p-1.1.txt").trim(), "p-1.1.txt by p");
    tree.write("mine.txt", "uncommitted");
    fs::remove_dir_all(sandbox.join(".git/worktrees/p")).unwrap();
    is_mended(&sandbox);
    assert_eq!(tree.read("mine.txt"), "uncommitted");
    assert_eq!(tree.status(), "?? mine.txt");
    fs::remove_file(tree.join(".git")).unwrap();
    sandbox.orch("up").code(2).says("has lost the repository").ok();
    is_mended(&sandbox);
    assert_eq!(tree.status(), "?? mine.txt");
}
#[test]
fn a_lock_of_a_dead_git_is_removed_and_one_that_is_held_is_not() {
    let sandbox = finished();
    // Of housekeeping that was killed.
    let housekeeping = sandbox.join(".git/objects/maintenance.lock");
    fs::write(&housekeeping, "").unwrap();
    is_mended(&sandbox);
    assert!(!housekeeping.exists());
    let lock = sandbox.join(".git/worktrees/p/index.lock");
    let held = fs::File::create(&lock).unwrap();
    let found = findings(&sandbox);
    assert!(found[0].1.contains("has it open"), "{found:?}");
    sandbox.orch("doctor --fix").code(1).says("needs a person").ok();
    assert!(lock.exists());
    // Older than every git that other tests have at work on this machine.
    held.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1))
        .unwrap();
    drop(held);
    is_mended(&sandbox);
    assert!(!lock.exists());
}

#[test]
fn pins_notes_ports_and_temporary_files_of_nobody_are_cleared_away_and_no_commit_is_lost() {
    let sandbox = finished();
    let only = sandbox.commit_file("only.txt", "held by a pin alone");
    sandbox.git(&format!("update-ref refs/orch/pins/gone/2 {only}"));
    sandbox.git("reset -q --hard HEAD~1");
    sandbox.git("update-ref refs/orch/units/p/orch/p.9.9 HEAD");
    sandbox.write(".git/orch/worktrees/p.json.new", "{");
    let ports = sandbox
        .read(".git/orch/ports.json")
        .replace('}', ",\"gone\": 21990}");
    sandbox.write(".git/orch/ports.json", ports);
    let kinds: Vec<String> = findings(&sandbox).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["ref", "ref", "file", "port"]);
    is_mended(&sandbox);
    let holders = sandbox.git(&format!("for-each-ref --format=%(refname) --contains {only}"));
    assert!(holders.starts_with("refs/orch/backup/gone/"), "{holders}");
    assert!(!sandbox.read(".git/orch/ports.json").contains("gone"));
}

#[test]
fn the_branch_of_somebody_else_is_left_to_a_person() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.git("branch orch/p");
    sandbox
        .orch("doctor --fix")
        .code(1)
        .says("nothing shows that orch made it")
        .ok();
    sandbox.orch("up").code(1).ok();
}

#[test]
fn nothing_is_mended_under_a_supervisors_hands() {
    let sandbox = Sandbox::new();
    let up = sandbox.at_work();
    sandbox.orch("doctor").code(0).ok();
    sandbox.git("branch -q stray");
    fs::rename(
        sandbox.join(".git/orch/worktrees/p.json"),
        sandbox.join(".git/orch/worktrees/p.away"),
    )
    .unwrap();
    sandbox
        .orch("doctor --fix")
        .code(2)
        .says("a supervisor is at work")
        .ok();
    assert!(!sandbox.join(".git/orch/worktrees/p.json").exists());
    fs::rename(
        sandbox.join(".git/orch/worktrees/p.away"),
        sandbox.join(".git/orch/worktrees/p.json"),
    )
    .unwrap();
    sandbox.open("p");
    up.end().code(0).ok();
}

#[test]
fn attempts_whose_runner_is_gone_are_written_off_and_what_they_left_is_ended() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan("p", "", &document(&[1]), "sleep 600 & gate p; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    let running: Value = serde_json::from_str(&sandbox.attempt_file("p-1", "running.json")).unwrap();
    let runner = i32::try_from(running["runner"]["pid"].as_i64().unwrap()).unwrap();
    up.kill();
    crate::support::kill(runner, Signal::KILL);
    crate::support::wait_for("the runner's end", || {
        !sandbox.processes().iter().any(|(pid, _)| *pid == runner)
    });
    let kinds: Vec<String> = findings(&sandbox).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["attempt", "process"]);
    is_mended(&sandbox);
    sandbox.nothing_is_left();
    assert_eq!(sandbox.shown("p")["attempts"][0]["exit"], "lost");
}

#[test]
fn a_database_that_may_not_be_opened_is_not_called_damaged() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let database = sandbox.join(".git/orch/orch.db");
    // A folder in its place cannot be opened as a file, whoever asks.
    let away = sandbox.join(".git/orch/away");
    std::fs::rename(&database, &away).unwrap();
    std::fs::create_dir(&database).unwrap();
    let said = sandbox.orch("doctor --fix");
    assert!(database.is_dir() && away.is_file());
    said.says("cannot be opened").says("see who owns").ok();
    std::fs::remove_dir(&database).unwrap();
    std::fs::rename(&away, &database).unwrap();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_worktree_that_cannot_be_looked_at_keeps_itself_and_no_other() {
    let sandbox = Sandbox::new();
    for plan in ["a", "b", "c"] {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up --merge").code(0).ok();
    sandbox.worktree("a").git("update-index --split-index");
    std::fs::write(sandbox.join(".git/worktrees/b/index"), "no index").unwrap();
    sandbox
        .orch("clean")
        .code(1)
        .says("kept b")
        .says("removed c")
        .says("removed a")
        .ok();
    assert!(!sandbox.worktree("a").path().exists() && sandbox.worktree("b").path().exists());
}

#[test]
fn a_login_shell_that_does_not_find_orch_is_told_to_those_whose_agent_uses_one() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let (bin, home) = (sandbox.beside("bin"), sandbox.beside("home"));
    for folder in [&bin, &home] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let codex = bin.join("codex");
    std::fs::write(&codex, "#!/bin/sh\necho codex-cli 0.1.0\n").unwrap();
    std::fs::set_permissions(&codex, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let manifest = sandbox.read("plans.toml");
    let manifest = manifest.replace("agent = \"p\"", "agent = \"codex\"");
    let own = "[agents.codex]\ncommand = [\"codex\", \"exec\", \"-\"]\n";
    sandbox.write("plans.toml", manifest.clone() + own);
    let told = |profile: &str| {
        std::fs::write(home.join(".bash_profile"), profile).unwrap();
        let mut command = sandbox.command(["doctor"]);
        let path = std::env::var("PATH").unwrap();
        command
            .env("HOME", &home)
            .env("PATH", format!("{}:{path}", bin.display()));
        Said::of(&mut command).out
    };
    let lost = "there `orch` is not found";
    let orch = std::path::Path::new(env!("CARGO_BIN_EXE_orch")).parent().unwrap();
    let narrow = told("PATH=/usr/bin:/bin\n");
    assert!(unwrapped(&narrow).contains(lost), "{narrow}");
    let mended = told(&format!("PATH={}:/usr/bin:/bin\n", orch.display()));
    assert!(!unwrapped(&mended).contains(lost), "{mended}");
    // As it is called unless somebody says otherwise.
    sandbox.write("plans.toml", &manifest);
    let mended = told("PATH=/usr/bin:/bin\n");
    assert!(!unwrapped(&mended).contains(lost), "{mended}");
}

/// Text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_index_that_git_cannot_read_is_put_aside_and_made_anew_and_no_file_changes() {
    let sandbox = finished();
    let tree = sandbox.worktree("p");
    tree.write("untracked.txt", "mine").write("p-1.1.txt", "changed");
    let index = sandbox.join(".git/worktrees/p/index");
    fs::write(&index, "garbage").unwrap();
    let found = findings(&sandbox);
    assert!(
        found
            .iter()
            .any(|(_, what)| what.contains("cannot read the index of p")),
        "{found:?}"
    );
    is_mended(&sandbox);
    assert_eq!(tree.read("untracked.txt"), "mine");
    assert_eq!(tree.read("p-1.1.txt"), "changed");
    assert_eq!(tree.git("status --porcelain"), "M p-1.1.txt\n?? untracked.txt");
    let kept = fs::read_dir(index.parent().unwrap()).unwrap().flatten();
    let kept = kept.map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert!(kept.into_iter().any(|name| name.starts_with("index.broken-")));
}

#[test]
fn before_there_is_a_manifest_git_the_machine_and_the_agents_are_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.commit("everything");
    fs::remove_file(sandbox.join("plans.toml")).unwrap();
    sandbox
        .orch("doctor")
        .code(0)
        .says("git")
        .says("there is no plans.toml yet")
        .ok();
    let told = sandbox.orch("doctor --json").code(0).json();
    has_fields(&told, ["schema", "ok", "findings", "machine", "agents"]);
    assert_eq!(told["ok"], true);
}

#[test]
fn a_program_that_no_plan_uses_is_named_and_not_started() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.write("bin/codex", "#!/bin/sh\ntouch \"$0.started\"\necho 1.2.3\n");
    let program = sandbox.join("bin/codex");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        sandbox.join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let said = Said::of(sandbox.command(["doctor"]).env("PATH", path));
    assert!(said.out.contains("codex: "), "{}", said.out);
    assert!(!sandbox.join("bin/codex.started").exists());
}

#[test]
fn a_run_knows_its_plans_again_when_its_folder_in_git_is_gone() {
    let sandbox = begun();
    fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.starts(), ["p-1", "p-1"], "phase 1 was not done again");
    sandbox.orch("merge").code(0).ok();
    // With worktree and branch, and with nothing but the target.
    for clean in [false, true] {
        if clean {
            sandbox.orch("clean").code(0).ok();
        }
        let target = sandbox.head();
        fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!((sandbox.state("p").as_str(), sandbox.head()), ("landed", target));
        assert_eq!(sandbox.starts(), ["p-1", "p-1"], "clean {clean}");
    }
}

#[test]
fn what_a_killed_process_was_writing_goes_with_the_next_run() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    sandbox.write(".git/orch/worktrees/train@0.left.new", "{");
    sandbox.write(".git/orch/attempts/p-1/facts.new", "{");
    sandbox.orch("doctor").code(1).ok();
    sandbox.orch("up").code(0).ok();
    sandbox.orch("doctor").code(0).ok();
}
