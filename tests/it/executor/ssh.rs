//! Attempts on hosts that are reached by ssh. In place of `ssh` stands a program that runs the line on this machine, with an empty
//! environment as a login has one; one test has a real `sshd`, where there is one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use super::{far_plan, phase_and_dependent};
use crate::support::{Running, Said, Sandbox, kill, wait_for};

/// Stands in front of the program that reaches a host: hosts can be switched off, and an answer can be lost.
const DOOR: &str = r#"#!/bin/sh
here=$(dirname "$0")
all="$*"
while test "$1" != --; do shift; done
host=$2
test ! -e "$here/off-$host" || { echo "ssh: connect to host $host: No route to host" >&2; exit 255; }
echo "$all" >> "$here/calls"
"$here/reach" "$@"
code=$?
case $all in *--detach*) test ! -e "$here/lose" || { rm "$here/lose"; exit 255; } ;; esac
exit $code
"#;

/// Runs the line here.
const REACH: &str = "#!/bin/sh\nshift 2\nexec env -i PATH=\"$PATH\" HOME=\"$HOME\" SANDBOX_TAG=\"$SANDBOX_TAG\" sh -c \"$*\"\n";

/// An agent that says good-bye when it is asked to end, and works the next time.
const STOPS: &str = "if test -e $MARKS/bye; then work 1.1; else trap 'mark bye; exit 0' TERM; mark here; while :; do sleep 0.1; done; fi";

/// A sandbox with two hosts: `small` with one slot, `big` with two.
struct Hosts {
    sandbox: Sandbox,
    sshd: Option<Child>,
}

impl std::ops::Deref for Hosts {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let said = fs::read_to_string(self.beside("sshd/log"));
        if let Some(said) = said.ok().filter(|_| std::thread::panicking()) {
            let calls = fs::read_to_string(self.beside("programs/calls"));
            eprintln!("sshd: {said}\ncalls: {}", calls.unwrap_or_default());
        }
        if let Some(sshd) = &mut self.sshd {
            let _ = sshd.kill();
            let _ = sshd.wait();
        }
    }
}

impl Hosts {
    fn new(settings: &str, reach: &str) -> Self {
        let sandbox = Sandbox::new();
        let hub = sandbox.beside("hub.git");
        sandbox.git_args(["init", "-q", "--bare", hub.to_str().unwrap()]);
        sandbox.settings(&format!("executor = \"rack\"\nmax_agents = 8\n{settings}"));
        sandbox.tables(&format!(
            "[executors.rack]\nkind = \"ssh\"\nhub = {hub:?}\nscratch = {:?}\nsettle = \"1s\"\nprogram = {:?}\n\
             hosts = [{{ name = \"small\" }}, {{ name = \"big\", slots = 2 }}]",
            sandbox.beside("scratch"),
            env!("CARGO_BIN_EXE_orch"),
        ));
        let this = Self { sandbox, sshd: None };
        fs::create_dir_all(this.beside("programs")).unwrap();
        for (name, text) in [("ssh", DOOR), ("reach", reach)] {
            let file = this.beside(format!("programs/{name}"));
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        this
    }

    fn with_path(&self, line: &str) -> Command {
        let mut command = self.command(line.split_whitespace());
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.beside("programs").display()));
        command
    }

    fn up(&self) -> Running {
        Running::spawn(self.with_path("up --merge"))
    }

    fn say(&self, line: &str) -> Said {
        Said::of(&mut self.with_path(line))
    }

    fn tell(&self, name: &str) {
        fs::write(self.beside("programs").join(name), "").unwrap();
    }

    fn untell(&self, name: &str) {
        fs::remove_file(self.beside("programs").join(name)).unwrap();
    }

    /// The host of a plan's last attempt, and its folder there.
    fn job(&self, plan: &str) -> (String, std::path::PathBuf) {
        let job = || {
            let attempts = self.shown(plan)["attempts"].take();
            Some(attempts.as_array()?.last()?["job"].as_str()?.to_owned())
        };
        wait_for("the job", || job().is_some());
        let job = job().unwrap();
        let (host, key) = job.split_once(':').unwrap();
        let user = rustix::process::geteuid().as_raw();
        let home = self.beside(format!("scratch/orch-{user}"));
        let repository = fs::read_dir(home).unwrap().flatten().next().unwrap();
        (host.to_owned(), repository.path().join(key))
    }

    /// The process that runs a plan's last attempt.
    fn pid(&self, plan: &str) -> i32 {
        let (_, place) = self.job(plan);
        fs::read_to_string(place.join("pid")).unwrap().parse().unwrap()
    }

    /// Stops the agent [`STOPS`] of this plan, and lets it go on.
    #[track_caller]
    fn stop_with_grace(&self, plan: &str) {
        self.marked("here");
        self.say(&format!("pause {plan} --now")).code(0).ok();
        self.happened("agent.ended", plan);
        assert!(self.mark("bye").exists());
        self.say(&format!("resume {plan}")).code(0).ok();
    }

    #[track_caller]
    fn all_is_well(&self, plans: &[&str]) {
        for plan in plans {
            assert_eq!(self.state(plan), "landed", "{plan}: {}", self.why(plan));
        }
        self.nothing_ran_twice();
        self.nothing_is_left();
    }
}

#[test]
fn each_host_has_as_many_attempts_as_it_has_slots_and_the_rest_waits() {
    let hosts = Hosts::new("", REACH);
    // One more than the hosts have, as when somebody else uses them too.
    hosts.tables("slots = 4");
    let plans = ["a", "b", "c", "d"];
    for plan in plans {
        hosts.gate(plan);
        far_plan(&hosts, plan, "", 1, &format!("gate {plan}; work 1.1"));
    }
    let up = hosts.up();
    wait_for("three at work", || {
        let at_work = plans.map(|plan| hosts.orch(&format!("why {plan}")).out);
        let on = |host: &str| {
            at_work
                .iter()
                .filter(|why| why.contains(&format!("job {host}:")))
                .count()
        };
        let waits = at_work.iter().any(|why| why.contains("no slot is free"));
        on("small") == 1 && on("big") == 2 && waits
    });
    // The one without a slot comes to its gate when another has ended.
    let waits = |plan: &&str| hosts.why(plan).contains("no slot is free");
    let (last, first): (Vec<&str>, Vec<&str>) = plans.into_iter().partition(waits);
    first.iter().chain(&last).for_each(|plan| hosts.open(plan));
    up.end().code(0).ok();
    hosts.all_is_well(&plans);
}

#[test]
fn a_phase_done_on_one_host_starts_its_dependent_on_another() {
    let hosts = Hosts::new("", REACH);
    phase_and_dependent(&hosts);
    let up = hosts.up();
    wait_for("the dependent", || hosts.state("q") == "finished");
    assert_eq!(hosts.state("p"), "running");
    hosts.open("p");
    up.end().code(0).ok();
    hosts.all_is_well(&["p", "q"]);
}

#[test]
fn an_answer_that_was_lost_and_a_supervisor_that_was_killed_start_nothing_twice() {
    let hosts = Hosts::new("", REACH);
    hosts.tell("lose");
    hosts.gate("p");
    far_plan(&hosts, "p", "", 1, "gate p; work 1.1");
    let up = hosts.up();
    hosts.reached("p");
    up.kill();
    hosts.open("p");
    hosts.up().end().code(0).ok();
    hosts.all_is_well(&["p"]);
}

#[test]
fn a_host_that_does_not_answer_ends_nothing_and_is_not_said_to_have_stopped() {
    let hosts = Hosts::new("", REACH);
    hosts.gate("p");
    let script = "if test -e $MARKS/again; then work 1.1; else mark again; gate p; fi";
    far_plan(&hosts, "p", "", 1, script);
    let up = hosts.up();
    hosts.reached("p");
    let (host, _) = hosts.job("p");
    hosts.tell(&format!("off-{host}"));
    // The other host goes on answering, without this job.
    let other = if host == "big" { "small" } else { "big" };
    let calls = || fs::read_to_string(hosts.beside("programs/calls")).unwrap_or_default();
    let asked = |times: usize| calls().matches(&format!("'--list' '{other}'")).count() >= times;
    let before = calls().matches(&format!("'--list' '{other}'")).count();
    wait_for("more lists than it takes to give a job up", || asked(before + 6));
    assert_eq!(hosts.state("p"), "running", "{}", hosts.why("p"));
    up.kill();
    hosts.say("down").code(2).says("may still run there").ok();
    hosts.untell(&format!("off-{host}"));
    hosts.up().end().code(0).ok();
    hosts.all_is_well(&["p"]);
}

#[test]
fn a_host_that_dies_costs_no_attempt_and_a_person_stops_a_job_with_grace() {
    let hosts = Hosts::new("retries = 0\ngrace = \"20s\"", REACH);
    hosts.gate("dies");
    far_plan(
        &hosts,
        "dies",
        "",
        1,
        "if test -e $MARKS/second; then work 1.1; else mark second; gate dies; fi",
    );
    far_plan(&hosts, "asked", "", 1, STOPS);
    let up = hosts.up();
    hosts.reached("dies");
    kill(hosts.pid("dies"), Signal::KILL);
    hosts.stop_with_grace("asked");
    hosts.happened("plan.finished", "dies");
    up.end().code(0).ok();
    hosts.all_is_well(&["dies", "asked"]);
}

#[test]
fn hosts_without_the_program_get_nothing_and_why_says_so() {
    let hosts = Hosts::new("retries = 0", "#!/bin/sh\necho 'orch: not found' >&2\nexit 127\n");
    far_plan(&hosts, "p", "", 1, "work 1.1");
    // Nobody answers `--list` there, so nothing is handed over.
    let up = hosts.up();
    wait_for("the reason", || {
        hosts.orch("why p").out.contains("no host answers")
    });
    hosts.say("cancel p").code(0).ok();
    up.end().code(1).ok();
    hosts.nothing_is_left();
}

/// The reach of a real `ssh`, with a server of its own for both hosts; `None` where there is no server.
fn real(hosts: &mut Hosts) -> Option<()> {
    let sshd = Path::new("/usr/sbin/sshd");
    if !sshd.exists() {
        println!("skipped: there is no sshd");
        return None;
    }
    let home = hosts.beside("sshd");
    fs::create_dir_all(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    for key in ["host", "own"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(home.join(key))
            .status();
        assert!(made.unwrap().success());
    }
    fs::copy(home.join("own.pub"), home.join("authorized")).unwrap();
    let port = 30_000 + std::process::id() % 10_000;
    let at = home.display();
    let server = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\nPidFile {at}/pid\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    );
    fs::write(home.join("server"), server).unwrap();
    let client = format!(
        "Host small big\nHostName 127.0.0.1\nPort {port}\nIdentityFile {at}/own\nUserKnownHostsFile {at}/known\n\
         StrictHostKeyChecking accept-new\n"
    );
    fs::write(home.join("client"), client).unwrap();
    let reach = format!("#!/bin/sh\nexec /usr/bin/ssh -o BatchMode=yes -F {at}/client \"$@\"\n");
    fs::write(hosts.beside("programs/reach"), reach).unwrap();
    if rustix::process::geteuid().is_root() {
        fs::create_dir_all("/run/sshd").unwrap();
    }
    let server = Command::new(sshd)
        .args(["-D", "-e", "-f"])
        .arg(home.join("server"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(home.join("log")).unwrap())
        .spawn();
    hosts.sshd = Some(server.unwrap());
    let mut answers = Command::new(hosts.beside("programs/reach"));
    answers.args(["--", "big", "true"]).stderr(Stdio::null());
    wait_for("the server", || answers.status().unwrap().success());
    Some(())
}

#[test]
fn jobs_run_through_a_real_ssh_and_outlive_their_connection() {
    let mut hosts = Hosts::new("grace = \"20s\"", REACH);
    if real(&mut hosts).is_none() {
        return;
    }
    phase_and_dependent(&hosts);
    far_plan(&hosts, "stops", "", 1, STOPS);
    hosts.gate("logged");
    far_plan(
        &hosts,
        "logs",
        "depends = [\"q\"]",
        1,
        "echo before; gate logged; work 1.1",
    );
    let up = hosts.up();
    wait_for("the dependent", || hosts.state("q") == "finished");
    hosts.stop_with_grace("stops");
    hosts.reached("logged");
    let logs = Running::spawn(hosts.with_path("logs -f logs"));
    wait_for("the line", || logs.out().contains("before"));
    hosts.open("logged");
    logs.end().code(0).ok();
    up.kill();
    hosts.open("p");
    hosts.up().end().code(0).ok();
    hosts.all_is_well(&["p", "q", "stops", "logs"]);
}
