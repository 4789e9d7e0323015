//! What a look costs does not grow with the repository: every command answers with few git processes, and soon.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::support::{Running, Sandbox, campaign, document, program};

/// Plans that are finished and not landed.
const PLANS: usize = 50;

/// Commits that the target has gained since they began, on files of theirs, in CI.
const COMMITS: usize = 1_500;

/// Most git processes of a command, whatever the repository holds.
const MOST: usize = 60;

/// Commands that need none.
const WITHOUT: [&str; 4] = ["logs p1", "graph", "task list --plan p1", "events"];

/// All others that only look.
const WITH: [&str; 19] = [
    "status",
    "status --json",
    "status p1",
    "why p1",
    "why p1.1.1",
    "task next --plan p1",
    "diff p1 --stat",
    "conflicts",
    "doctor",
    "report",
    "history",
    "check",
    "preview",
    "simulate",
    "prompt p1.1",
    "backup list",
    "up --dry-run",
    "merge --dry-run p1",
    "clean --dry-run",
];

/// Gives the target so many commits at once.
fn advance(sandbox: &Sandbox) {
    let mut stream = String::new();
    let from = sandbox.rev("main");
    for number in 0..campaign("ORCH_COMMITS", COMMITS) {
        let text = format!("{number}\n");
        stream += "commit refs/heads/main\ncommitter T <t@example.org> 1767322945 +0000\ndata 2\nx\n";
        if number == 0 {
            stream += &format!("from {from}\n");
        }
        let file = format!("p{}-1.1.txt", 1 + number % PLANS);
        stream += &format!("M 100644 inline {file}\ndata {}\n{text}\n", text.len());
    }
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(sandbox.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    sandbox.git("reset -q --hard");
}

#[test]
fn every_command_answers_with_few_gits_in_a_repository_of_many_commits_and_plans() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 4");
    for number in 1..=PLANS {
        sandbox.plan(&format!("p{number}"), "", &document(&[1]), "work 1.1");
    }
    sandbox.git("add -A");
    sandbox.git("commit -qm plans");
    let up = sandbox.start("up");
    up.end().code(0).ok();
    advance(&sandbox);

    let real = Command::new("sh")
        .args(["-c", "command -v git"])
        .output()
        .unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let count = sandbox.beside("count");
    let shim = sandbox.beside("shim/git");
    program(
        &shim,
        &format!(
            "#!/bin/sh\necho \"$*\" >> {count:?}\nexec {} \"$@\"\n",
            real.trim()
        ),
    );
    assert!(fs::metadata(&shim).unwrap().permissions().mode() & 0o100 != 0);
    let path = format!(
        "{}:{}",
        shim.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut wrong = Vec::new();
    for (line, most) in WITHOUT
        .map(|line| (line, 0))
        .into_iter()
        .chain(WITH.map(|line| (line, MOST)))
    {
        let _ = fs::remove_file(&count);
        let mut command = sandbox.command(line.split(' '));
        command.env("PATH", &path);
        // It gives up on one that takes too long.
        let said = Running::spawn(command).end();
        let gits = fs::read_to_string(&count).unwrap_or_default();
        let number = gits.lines().count();
        println!("{line}: {number} gits, code {}", said.code);
        if number > most || said.code > 1 {
            wrong.push(format!(
                "{line}: {number} gits, {}: {}\n{}",
                said.code,
                said.err,
                gits.lines().take(8).collect::<Vec<_>>().join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
