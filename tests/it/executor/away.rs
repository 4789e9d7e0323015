//! Attempts on other machines, with an engine of shell scripts that runs its jobs on this one: each job has a scratch folder and a clone
//! of its own, and nothing in common with the supervisor but the hub.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::{Said, Sandbox, asked, campaign, document, kill, wait_for};

/// The engine's commands. A job is a folder with its payload, its process and a file for each thing that a test wants of it.
const ENGINE: &str = r#"#!/bin/sh
set -eu
cd "$(dirname "$0")"
call=$1; shift
case $call in
submit)
    test ! -e refuse || { echo "no such partition" >&2; exit 64; }
    n=$(ls jobs | wc -l); n=$((n + 1))
    mkdir "jobs/$n"; cp "$1" "jobs/$n/payload"; echo "$2" > "jobs/$n/token"; echo "cpus $3 memory $4 minutes $5" > "jobs/$n/needs"
    if test -e hold; then echo waiting no room > "jobs/$n/state"; else ./engine run "$n"; fi
    test ! -e lose-answer || { rm lose-answer; echo "no answer" >&2; exit 1; }
    echo "$n" ;;
run)
    echo running > "jobs/$1/state"
    setsid sh -c 'echo $$ > "jobs/$0/pid"; exec "$1" __node < "jobs/$0/payload" > "jobs/$0/out" 2>&1' "$1" "$(cat program)" </dev/null >/dev/null 2>&1 &
    ;;
list)
    test ! -e off || { echo "the controller is off" >&2; exit 1; }
    for job in jobs/*; do
        test -e "$job/state" || continue
        state=$(cat "$job/state")
        if test "$state" = running && test -e "$job/pid" && ! kill -0 "$(cat "$job/pid")" 2>/dev/null; then state="over done"; fi
        echo "${job#jobs/} $(cat "$job/token") $state"
    done ;;
tail) exec tail -c "+$2" -F "$1" ;;
cancel)
    echo "$2" >> "jobs/$1/cancelled"
    if test -e "jobs/$1/pid"; then
        case $2 in ask) kill "$(cat "jobs/$1/pid")" ;; kill) kill -9 "$(cat "jobs/$1/pid")" ;; esac
    else
        echo "over cancelled" > "jobs/$1/state"
    fi ;;
esac
"#;

/// A sandbox whose attempts are handed over.
struct Cluster(Sandbox);

impl std::ops::Deref for Cluster {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

impl Drop for Cluster {
    /// What the nodes said tells why a test failed.
    fn drop(&mut self) {
        let jobs = fs::read_dir(self.beside("cluster/jobs"))
            .into_iter()
            .flatten()
            .flatten();
        for job in jobs.filter(|_| std::thread::panicking()) {
            let said = fs::read_to_string(job.path().join("out"));
            eprintln!("{}: {said:?}", job.path().display());
        }
    }
}

impl Cluster {
    fn new() -> Self {
        Self::with("")
    }

    fn with(settings: &str) -> Self {
        let this = Self(Sandbox::new());
        let engine = this.beside("cluster");
        fs::create_dir_all(engine.join("jobs")).unwrap();
        fs::write(engine.join("program"), env!("CARGO_BIN_EXE_orch")).unwrap();
        fs::write(engine.join("engine"), ENGINE).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(engine.join("engine"), mode).unwrap();
        this.git_args(["init", "-q", "--bare", this.hub().to_str().unwrap()]);
        this.settings(&format!("executor = \"cluster\"\n{settings}"));
        let path = engine.join("engine");
        this.tables(&format!(
            "[executors.cluster]\ntail = [{path:?}, \"tail\", \"{{log}}\", \"{{from}}\"]\nkind = \"command\"\nhub = {:?}\nscratch = {:?}\nsettle = \"1s\"\nsubmit = [{path:?}, \"submit\", \
             \"{{payload_file}}\", \"{{token}}\", \"{{cpus}}\", \"{{memory}}\", \"{{minutes}}\"]\nlist = [{path:?}, \"list\"]\ncancel = [{path:?}, \"cancel\", \"{{job}}\", \
             \"{{how}}\"]",
            this.hub(),
            this.beside("scratch"),
        ));
        this
    }

    fn hub(&self) -> PathBuf {
        self.beside("hub.git")
    }

    /// A file that tells the engine what to do.
    fn tell(&self, name: &str) {
        fs::write(self.beside("cluster").join(name), "").unwrap();
    }

    fn untell(&self, name: &str) {
        fs::remove_file(self.beside("cluster").join(name)).unwrap();
    }

    fn job(&self, number: u32, file: &str) -> PathBuf {
        self.beside(format!("cluster/jobs/{number}/{file}"))
    }

    fn pid(&self, job: u32) -> i32 {
        let path = self.job(job, "pid");
        wait_for("the job's process", || {
            fs::read_to_string(&path).is_ok_and(|text| !text.trim().is_empty())
        });
        fs::read_to_string(path).unwrap().trim().parse().unwrap()
    }

    fn jobs(&self) -> usize {
        fs::read_dir(self.beside("cluster/jobs")).unwrap().count()
    }

    /// The names of the hub's refs of this kind.
    fn refs(&self, what: &str) -> Vec<String> {
        let list = self.git_args([
            "--git-dir",
            self.hub().to_str().unwrap(),
            "for-each-ref",
            "--format=%(refname)",
        ]);
        let refs = list.lines().filter(|name| name.ends_with(&format!("/{what}")));
        refs.map(str::to_owned).collect()
    }

    /// How the first attempt that ended did so.
    #[track_caller]
    fn first_ended_as(&self, kind: &str) {
        let events = self.events();
        let ended = events.iter().find(|event| event["event"] == "agent.ended");
        assert_eq!(ended.unwrap()["data"]["exit"]["kind"], kind, "{ended:?}");
    }

    /// Why the first attempt that ended did so, when its agent did not end by itself.
    #[track_caller]
    fn first_ended_because(&self, words: &str) {
        let events = self.events();
        let ended = events.iter().find(|event| event["event"] == "agent.ended");
        let why = ended.unwrap()["data"]["why"].as_str().unwrap_or_default();
        assert!(why.contains(words), "{why}");
    }

    /// What every test here ends with: no agent began twice, one end for each attempt, nobody left behind.
    #[track_caller]
    fn all_is_well(&self, plans: &[&str], state: &str) {
        for plan in plans {
            assert_eq!(self.state(plan), state, "{plan}: {}", self.why(plan));
        }
        self.nothing_ran_twice();
        self.nothing_is_left();
        let ended = self
            .events()
            .iter()
            .filter(|event| event["event"] == "agent.ended")
            .count();
        assert_eq!(self.refs("fate").len(), ended);
    }
}

#[test]
fn a_phase_done_on_one_node_starts_its_dependent_on_another() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1, 1]),
        "work 1.1; gate p; work 2.1; echo \"$PWD\" > \"$MARKS/tree\"",
    );
    cluster.plan(
        "q",
        "depends = [\"p.1\"]",
        &document(&[1]),
        "test -e p-1.1.txt; work 1.1; echo \"at $ORCH_NODE\"",
    );
    let up = cluster.start("up --merge");
    cluster.reached("p");
    cluster.happened("plan.finished", "q");
    assert_eq!(cluster.state("p"), "running");
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p", "q"], "landed");
    assert_eq!(cluster.jobs(), 2);
    let tree = fs::read_to_string(cluster.mark("tree")).unwrap();
    assert!(
        tree.starts_with(cluster.beside("scratch").to_str().unwrap()),
        "{tree}"
    );
    // What a node has is removed once the hub has it.
    assert!(!PathBuf::from(tree.trim()).exists());
    assert!(cluster.attempt_file("q-1", "log").contains("at "));
    cluster.orch("logs q").code(0).says("at ").ok();
}

#[test]
fn what_an_agent_left_uncommitted_comes_back_and_is_committed_here() {
    let cluster = Cluster::new();
    cluster.plan(
        "p",
        "",
        &document(&[1]),
        "work 1.1; echo new > left.txt; echo more >> p-1.1.txt; orch task done -q 1.1",
    );
    cluster.orch("up --merge").code(0).ok();
    cluster.all_is_well(&["p"], "landed");
    assert_eq!(cluster.git("show main:left.txt"), "new");
    assert!(cluster.git("show main:p-1.1.txt").ends_with("more"));
}

#[test]
fn an_attempt_goes_on_without_its_supervisor_and_is_taken_in_by_the_next() {
    let cluster = Cluster::new();
    cluster.gate("p").gate("q");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    cluster.plan("q", "", &document(&[1]), "gate q; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.reached("q");
    up.kill();
    assert_eq!(cluster.state("p"), "running");
    // One ends while nobody looks.
    cluster.open("p");
    wait_for("the end of p on the hub", || cluster.refs("fate").len() == 1);
    let up = cluster.start("up");
    cluster.happened("plan.finished", "p");
    cluster.open("q");
    up.end().code(0).ok();
    cluster.all_is_well(&["p", "q"], "finished");
    assert_eq!(cluster.jobs(), 2);
}

#[test]
fn an_answer_of_the_engine_that_was_lost_does_not_start_it_twice() {
    let cluster = Cluster::new();
    cluster.tell("lose-answer");
    cluster.plan("p", "", &document(&[1]), "work 1.1");
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.jobs(), 1);
}

#[test]
fn of_two_jobs_for_one_attempt_the_second_touches_nothing() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    let payload = fs::File::open(cluster.job(1, "payload")).unwrap();
    let second = cluster.command(["__node"]).stdin(payload).output().unwrap();
    assert_eq!(second.status.code(), Some(78), "{second:?}");
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    // Also after its end.
    let payload = fs::File::open(cluster.job(1, "payload")).unwrap();
    let third = cluster.command(["__node"]).stdin(payload).output().unwrap();
    assert_eq!(third.status.code(), Some(78), "{third:?}");
    cluster.nothing_ran_twice();
}

#[test]
fn a_node_that_dies_costs_no_attempt_and_the_next_goes_on_from_its_news() {
    let cluster = Cluster::with("retries = 0");
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1, 1]),
        "if test -e p-1.1.txt; then work 2.1; else work 1.1; gate p; fi",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.happened("phase.done", "p");
    // Its runner ends the agent with it.
    kill(cluster.pid(1), Signal::KILL);
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.starts(), ["p-1", "p-2"]);
    cluster.first_ended_as("lost");
    cluster.first_ended_because("executor cluster says of its job: done");
}

#[test]
fn engine_and_hub_that_do_not_answer_end_nothing() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.tell("off");
    let away = cluster.beside("hub-away.git");
    fs::rename(cluster.hub(), &away).unwrap();
    cluster.open("p");
    wait_for("both warnings", || {
        let warnings = cluster
            .events()
            .into_iter()
            .filter(|event| event["event"] == "warning");
        let text: String = warnings.map(|event| event.to_string()).collect();
        text.contains("the hub of executor cluster does not answer")
            && text.contains("the engine of executor cluster")
    });
    assert_eq!(cluster.count("agent.ended", None), 0);
    fs::rename(&away, cluster.hub()).unwrap();
    cluster.untell("off");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn a_person_stops_a_job_at_work_with_grace_and_goes_on_later() {
    let cluster = Cluster::with("grace = \"20s\"");
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1, 1]),
        "if test -e p-1.1.txt; then work 2.1; else trap 'mark bye; exit 0' TERM; work 1.1; gate p; fi",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.orch("down").code(0).ok();
    up.end().code(130).ok();
    assert!(cluster.mark("bye").exists(), "it had its grace");
    cluster.nothing_is_left();
    cluster.first_ended_as("stopped");
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn a_job_that_waits_is_taken_out_of_the_queue() {
    let cluster = Cluster::new();
    cluster.tell("hold");
    cluster.plan("p", "", &document(&[1]), "work 1.1");
    let up = cluster.start("up");
    cluster.happened("agent.submitted", "p");
    wait_for("the job in the queue", || cluster.jobs() == 1);
    cluster.orch("pause p --now").code(0).ok();
    cluster.happened("agent.ended", "p");
    // It leaves the queue late.
    let payload = fs::File::open(cluster.job(1, "payload")).unwrap();
    let late = cluster.command(["__node"]).stdin(payload).output().unwrap();
    assert_eq!(late.status.code(), Some(78), "{late:?}");
    up.end().code(1).ok();
    cluster.untell("hold");
    cluster.orch("resume p").code(0).ok();
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn jobs_that_a_killed_supervisor_left_are_ended_by_down() {
    for (line, waits) in [("down", true), ("down", false), ("down --now", false)] {
        let cluster = Cluster::new();
        cluster.gate("p");
        if waits {
            cluster.tell("hold");
        }
        let script = "if test -e p-1.1.txt; then work 2.1; else work 1.1; gate p; fi";
        cluster.plan("p", "", &document(&[1, 1]), script);
        let up = cluster.start("up");
        if waits {
            wait_for("the job", || cluster.why("p").contains("job 1"));
        } else {
            cluster.happened("phase.done", "p");
            cluster.reached("p");
        }
        up.kill();
        cluster.orch(line).code(0).says("p-1").ok();
        cluster.nothing_is_left();
        if waits {
            cluster.untell("hold");
            cluster.script("p", "work 1.1 2.1");
        }
        cluster.orch("up").code(0).ok();
        cluster.all_is_well(&["p"], "finished");
        cluster.first_ended_as("stopped");
    }
}

#[test]
fn of_two_jobs_for_one_attempt_down_ends_the_one_that_is_alive() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    up.kill();
    // The engine lists the job that is over first.
    fs::create_dir(cluster.job(0, "")).unwrap();
    fs::copy(cluster.job(1, "token"), cluster.job(0, "token")).unwrap();
    fs::write(cluster.job(0, "state"), "over done").unwrap();
    cluster.orch("down").code(0).says("p-1").ok();
    cluster.nothing_is_left();
}

#[test]
fn people_see_where_an_attempt_is_and_what_its_job_waits_for() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.tell("hold");
    cluster.plan("p", "", &document(&[1]), "echo working; gate p; work 1.1");
    let up = cluster.start("up");
    wait_for("the queue", || {
        cluster
            .why("p")
            .contains("p-1 waits in the queue (cluster, job 1): no room")
    });
    cluster.untell("hold");
    let mut run = std::process::Command::new(cluster.beside("cluster/engine"));
    let given = cluster.command(["run"]);
    let given = given.get_envs().filter_map(|(name, value)| Some((name, value?)));
    assert!(run.args(["run", "1"]).envs(given).status().unwrap().success());
    cluster.reached("p");
    wait_for("the node", || cluster.why("p").contains("p-1 runs on "));
    let shown = cluster.shown("p");
    let attempt = &shown["attempts"][0];
    assert_eq!(
        (&attempt["executor"], &attempt["job"]),
        (&"cluster".into(), &"1".into()),
        "{shown}"
    );
    cluster.orch("why p").code(0).says("p-1 runs on ").ok();
    cluster.orch("doctor").code(0).ok();
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn whoever_dies_at_any_step_of_a_hand_over_work_is_neither_lost_nor_done_twice() {
    let world = || {
        let cluster = Cluster::with("max_agents = 1\nretries = 5");
        // Work that was done is not done again, by whichever attempt.
        let step = |id: &str| {
            format!("test -e $ORCH_PLAN-{id}.txt || commit $ORCH_PLAN-{id}.txt; orch task done -q {id}; ")
        };
        cluster.plan("p", "", &document(&[1, 1]), &(step("1.1") + &step("2.1")));
        cluster.plan(
            "q",
            "depends = [\"p.1\"]",
            &document(&[1]),
            &(String::from("test -e p-1.1.txt; ") + &step("1.1")),
        );
        cluster
    };
    let up = |cluster: &Cluster, fatal: usize| {
        let points = cluster.beside("points");
        let _ = fs::remove_file(&points);
        let mut command = cluster.command(["up", "--merge"]);
        command.env("FAULT_POINTS", format!("{}:{fatal}", points.display()));
        Said::of(&mut command)
    };
    let names = |cluster: &Cluster| -> Vec<String> {
        let text = fs::read_to_string(cluster.beside("points")).unwrap();
        text.lines()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let cluster = world();
    up(&cluster, 0).code(0).ok();
    cluster.all_is_well(&["p", "q"], "landed");
    let count = names(&cluster).len();
    let own = names(&cluster)
        .iter()
        .filter(|name| name.starts_with("away.") || name.starts_with("node."))
        .count();
    assert!(own > 10, "{own} of {count}");
    let tried = asked("ORCH_AWAY_POINT", 0);
    let spread = campaign("ORCH_AWAY_POINTS", 30);
    let chosen = (0..spread).map(|n| 1 + n * count / spread);
    let chosen: Vec<usize> = if tried > 0 { vec![tried] } else { chosen.collect() };
    for k in chosen {
        let cluster = world();
        let said = up(&cluster, k);
        let name = names(&cluster).get(k - 1).cloned().unwrap_or_default();
        let again = up(&cluster, 0);
        assert_eq!(again.code, 0, "point {k} ({name}): {said:?}\n{again:?}");
        cluster.all_is_well(&["p", "q"], "landed");
        for file in ["p-1.1.txt", "p-2.1.txt", "q-1.1.txt"] {
            let plan = &file[..1];
            let lines = cluster.git(&format!("show main:{file}"));
            assert_eq!(
                lines,
                format!("{file} by {plan}"),
                "point {k} ({name}): done twice"
            );
        }
    }
}

#[test]
fn down_now_ends_a_job_at_once() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "trap '' TERM; gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.orch("down --now").code(0).ok();
    up.end().code(130).ok();
    cluster.nothing_is_left();
    cluster.script("p", "work 1.1");
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn what_the_engine_ended_by_itself_costs_no_attempt() {
    let cluster = Cluster::with("retries = 0");
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1]),
        "test -e \"$MARKS/again\" || { mark again; echo $$ > \"$MARKS/agent\"; gate p; }; work 1.1",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    // As Slurm does: every process of the job gets the signal, and the agent may be the first to die of it.
    let agent = fs::read_to_string(cluster.mark("agent")).unwrap();
    kill(agent.trim().parse().unwrap(), Signal::TERM);
    kill(cluster.pid(1), Signal::TERM);
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.starts(), ["p-1", "p-2"]);
    cluster.first_ended_because("the engine ended its job on");
}

#[test]
fn phases_that_ask_the_engine_for_different_things_are_jobs_of_their_own() {
    let cluster = Cluster::with("timeout = \"1h\"\ngrace = \"1m\"");
    let job = "job = { memory = \"2G\" }\n[plans.p.phases.2.job]\ncpus = 8\ntime = \"90s\"";
    cluster.plan("p", job, &document(&[1, 1, 1]), "work $ORCH_PHASE.1");
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    let needs = |job| fs::read_to_string(cluster.job(job, "needs")).unwrap();
    assert_eq!(needs(1), "cpus  memory 2G minutes 71\n");
    assert_eq!(needs(2), "cpus 8 memory 2G minutes 2\n");
    assert_eq!(needs(3), "cpus  memory 2G minutes 71\n");
}

#[test]
fn a_job_that_the_engine_refuses_holds_its_plan_with_the_engines_words() {
    let cluster = Cluster::new();
    cluster.tell("refuse");
    cluster.plan("p", "", &document(&[1]), "work 1.1");
    cluster.orch("up").code(1).ok();
    assert_eq!(cluster.state("p"), "held");
    assert!(
        cluster.why("p").contains("no such partition"),
        "{}",
        cluster.why("p")
    );
    assert_eq!(cluster.count("agent.started", Some("p")), 0);
    cluster.untell("refuse");
    cluster.orch("retry p").code(0).ok();
    cluster.orch("up").code(0).ok();
    assert_eq!(cluster.state("p"), "finished");
}

#[test]
fn the_engine_is_given_no_more_jobs_than_its_rate_allows() {
    let cluster = Cluster::new();
    cluster.tables("submit_rate = \"2/h\"");
    for plan in ["a", "b", "c"] {
        cluster.plan(plan, "", &document(&[1]), "work 1.1");
    }
    let up = cluster.start("up");
    let waits = |plan: &&str| cluster.why(plan).contains("submit_rate");
    wait_for("the two", || cluster.count("plan.finished", None) == 2);
    wait_for("the third", || ["a", "b", "c"].iter().any(waits));
    assert_eq!(cluster.jobs(), 2);
    cluster.orch("down").code(0).ok();
    up.end().code(130).ok();
    cluster.nothing_is_left();
}

#[test]
fn the_log_of_an_attempt_is_followed_on_its_node() {
    let cluster = Cluster::new();
    cluster.gate("p").gate("q");
    cluster.plan(
        "p",
        "",
        &document(&[1]),
        "echo before; gate p; echo between; gate q; echo after; work 1.1",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    let logs = cluster.start("logs -f p");
    wait_for("the first line", || logs.out().contains("before"));
    cluster.open("p");
    cluster.reached("q");
    // The node has no reason to send news.
    wait_for("the second line", || logs.out().contains("between"));
    cluster.open("q");
    let logged = logs.end();
    up.end().code(0).ok();
    let lines: Vec<&str> = logged.out.lines().filter(|line| line.len() < 8).collect();
    assert_eq!(lines, ["before", "between", "after"], "{}", logged.out);
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn a_hub_that_is_lost_for_good_gets_its_refs_back_and_no_work_is_lost() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1, 1]), "work 1.1; gate p; work 2.1");
    let up = cluster.start("up");
    cluster.happened("phase.done", "p");
    cluster.reached("p");
    fs::remove_dir_all(cluster.hub()).unwrap();
    cluster.git_args(["init", "-q", "--bare", cluster.hub().to_str().unwrap()]);
    wait_for("the claim", || cluster.refs("claim").len() == 1);
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.jobs(), 1);
    let events = cluster.events();
    let told = events.iter().filter(|event| event["event"] == "warning");
    assert!(
        told.clone()
            .any(|event| event.to_string().contains("were put back")),
        "{events:?}"
    );
}

#[test]
fn doctor_finds_what_no_folder_knows_on_hub_and_engine_and_clean_forgets_old_ends() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1, 1]), "work 1.1; gate p; work 2.1");
    let up = cluster.start("up");
    cluster.happened("phase.done", "p");
    cluster.reached("p");
    cluster.orch("doctor").code(0).ok();
    up.kill();
    // The folder is lost, as with the disk.
    let folder = cluster.join(".git/orch/attempts/p-1");
    let kept = cluster.beside("p-1");
    fs::rename(&folder, &kept).unwrap();
    cluster
        .orch("doctor")
        .code(1)
        .says("p-1, which no folder knows")
        .ok();
    cluster.orch("doctor --fix").says("did: end it").ok();
    cluster.nothing_is_left();
    assert_eq!(cluster.refs("fate").len(), 1);
    assert_eq!(cluster.refs("news").len(), 0);
    let backups = cluster.git("for-each-ref --format=%(objectname) refs/orch/backup/p");
    assert!(cluster.git(&format!("show {backups}:p-1.1.txt")).contains("1.1"));
    // Commits here are years old.
    cluster.orch("clean").ok();
    assert_eq!(cluster.refs("fate").len() + cluster.refs("claim").len(), 0);
}

#[test]
fn doctor_says_which_hub_or_engine_does_not_answer() {
    let cluster = Cluster::new();
    cluster.plan("p", "", &document(&[1]), "work 1.1");
    cluster.orch("doctor").code(0).says("cluster: command").ok();
    cluster.tell("off");
    fs::rename(cluster.hub(), cluster.beside("elsewhere.git")).unwrap();
    cluster
        .orch("doctor")
        .code(1)
        .says("the hub of executor cluster does not answer")
        .says("the engine of executor cluster does not answer: the controller is off")
        .ok();
}

#[test]
fn a_node_that_says_nothing_is_told_and_nothing_else_happens() {
    let cluster = Cluster::new();
    cluster.tables("silent_after = \"1s\"");
    cluster.gate("p").gate("q");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1; gate q");
    let up = cluster.start("up");
    cluster.happened("agent.silent", "p");
    let why = cluster.why("p");
    assert!(why.contains("p-1 has been silent for"), "{why}");
    assert!(why.contains("last news"), "{why}");
    cluster.open("p");
    cluster.happened("agent.heard", "p");
    cluster.open("q");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    let events = cluster.events();
    let data = |name: &str, key: &str| {
        let of = events.iter().filter(|event| event["event"] == name);
        of.filter_map(|event| Some(event["data"][key].as_str()?.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(data("agent.submitted", "executor"), ["cluster", "cluster"]);
    assert_eq!(data("agent.submitted", "job"), ["1"]);
    assert_eq!(data("agent.started", "node").len(), 1);
}

#[test]
fn a_branch_that_its_agent_rewrote_follows_and_the_old_one_is_kept() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1, 1]),
        "commit a; orch task heartbeat; gate p; git commit -q --amend -m b; work 1.1 2.1",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    let lane = cluster.worktree("p");
    wait_for("the first commit here", || lane.join("a").exists());
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert!(cluster.git("for-each-ref refs/orch/backup/p").contains("commit"));
}

#[test]
fn a_worktree_that_somebody_changed_is_waited_for() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    let lane = cluster.worktree("p");
    fs::write(lane.join("p-1.1.txt"), "mine\n").unwrap();
    cluster.open("p");
    wait_for("the warning", || {
        let events = cluster.events();
        events
            .iter()
            .any(|event| event["event"] == "warning" && event.to_string().contains("was changed meanwhile"))
    });
    assert_eq!(cluster.count("agent.ended", None), 0);
    fs::remove_file(lane.join("p-1.1.txt")).unwrap();
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn a_message_reaches_an_agent_elsewhere() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1]),
        "gate p; until orch task inbox | tee -a \"$MARKS/inbox\" | grep -q hello; do :; done; work 1.1",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.orch("send p hello").code(0).ok();
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.starts(), ["p-1"], "it was read there");
}

#[test]
fn tasks_side_by_side_run_elsewhere_and_are_merged_here() {
    let cluster = Cluster::with("dispatch = \"task\"\nparallel_tasks = 2");
    cluster.gate("1.1").gate("1.2");
    let setup = "setup = \"touch prepared\"";
    cluster.plan(
        "p",
        setup,
        &document(&[2]),
        "test -e prepared; gate \"$ORCH_TASK\"; work \"$ORCH_TASK\"",
    );
    cluster.write(".gitignore", "prepared\n");
    cluster.git("add .gitignore");
    cluster.git("commit -qm ignore");
    let up = cluster.start("up --merge");
    cluster.reached("1.1");
    cluster.reached("1.2");
    cluster.open("1.1");
    cluster.open("1.2");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "landed");
    for file in ["p-1.1.txt", "p-1.2.txt"] {
        cluster.git(&format!("show main:{file}"));
    }
}

#[test]
fn what_an_agent_left_in_disorder_is_judged_as_here() {
    let cluster = Cluster::with("retries = 1");
    let disorder = "git checkout -q --detach; commit astray";
    let open = "git checkout -q -b side HEAD~1; echo other > p-1.1.txt; git add .; git commit -qm x; git checkout -q orch/p; \
                git merge -q side || true";
    for (plan, leaves) in [("q", disorder), ("p", open)] {
        let script = format!(
            "if test -e \"$MARKS/again-{plan}\"; then work 1.2; else mark again-{plan}; work 1.1; {leaves}; fi"
        );
        cluster.plan(plan, "", &document(&[2]), &script);
    }
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p", "q"], "finished");
    assert_eq!(cluster.git("show orch/p:p-1.1.txt"), "p-1.1.txt by p");
    // Neither is lost.
    for plan in ["p", "q"] {
        assert!(
            cluster
                .git(&format!("for-each-ref refs/orch/backup/{plan}"))
                .contains("commit"),
            "{plan}"
        );
    }
}

#[test]
fn an_executor_is_given_as_many_attempts_as_its_slots_whatever_runs_here() {
    let cluster = Cluster::with("max_agents = 1");
    cluster.tables("slots = 2");
    let plans = ["a", "b", "c"];
    for plan in plans {
        cluster.gate(plan);
        cluster.plan(plan, "", &document(&[1]), &format!("gate {plan}; work 1.1"));
    }
    cluster.gate("here");
    cluster.plan(
        "here",
        "executor = \"local\"",
        &document(&[1]),
        "gate here; work 1.1",
    );
    let up = cluster.start("up");
    for plan in ["a", "b", "here"] {
        cluster.reached(plan);
    }
    cluster
        .orch("why c")
        .says("executor cluster has all the 2 attempts that its `slots` allow")
        .ok();
    cluster.open("a");
    cluster.reached("c");
    for plan in ["b", "c", "here"] {
        cluster.open(plan);
    }
    up.end().code(0).ok();
    for plan in ["a", "b", "c", "here"] {
        assert_eq!(cluster.state(plan), "finished", "{}", cluster.why(plan));
    }
    cluster.nothing_is_left();
}

#[test]
fn a_node_that_was_cut_off_ends_when_it_hears_so_and_its_late_work_is_kept() {
    let cluster = Cluster::with("retries = 0");
    cluster.gate("p");
    cluster.plan(
        "p",
        "",
        &document(&[1]),
        "test -e \"$MARKS/again\" || { mark again; commit late; gate p; }; work 1.1",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    // The engine takes the job for lost, and does not reach it.
    let pid = cluster.pid(1);
    fs::remove_file(cluster.job(1, "pid")).unwrap();
    fs::write(cluster.job(1, "state"), "over its node is gone").unwrap();
    cluster.happened("plan.finished", "p");
    cluster.first_ended_as("lost");
    cluster.first_ended_because("its node is gone");
    up.end().code(0).ok();
    wait_for("the end of the node", || {
        !PathBuf::from(format!("/proc/{pid}")).exists()
    });
    assert_eq!(cluster.refs("late").len(), 1);
    assert_eq!(cluster.starts(), ["p-1", "p-2"]);
    cluster
        .orch("doctor")
        .code(1)
        .says("work of p-1 that came after it was given up")
        .ok();
    // It is no end that `clean` may forget.
    cluster.orch("clean").ok();
    assert_eq!(cluster.refs("late").len(), 1);
    assert!(
        cluster
            .why("p")
            .contains("work of p-1 came after it was given up"),
        "{}",
        cluster.why("p")
    );
    cluster
        .orch("doctor --fix")
        .code(0)
        .says("move it to a backup")
        .ok();
    assert_eq!(cluster.refs("late").len(), 0);
    let backups = cluster.git("for-each-ref --format=%(objectname) refs/orch/backup/p");
    assert!(backups.lines().any(|commit| {
        cluster
            .git(&format!("ls-tree --name-only {commit}"))
            .contains("late")
    }));
    cluster.nothing_ran_twice();
    cluster.nothing_is_left();
}

#[test]
fn hub_and_kind_of_an_executor_stay_while_attempts_are_away_there() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    let manifest = fs::read_to_string(cluster.join("plans.toml")).unwrap();
    let elsewhere = cluster.beside("elsewhere.git");
    let edited = manifest.replace(cluster.hub().to_str().unwrap(), elsewhere.to_str().unwrap());
    assert_ne!(manifest, edited);
    fs::write(cluster.join("plans.toml"), edited).unwrap();
    let refused = || {
        let events = cluster.events();
        events.iter().any(|event| {
            event["event"] == "manifest.changed" && event.to_string().contains("attempts are away there")
        })
    };
    wait_for("the refusal", refused);
    // What does not move the attempts may be edited.
    fs::write(
        cluster.join("plans.toml"),
        manifest.replace("settle = \"1s\"", "settle = \"2s\""),
    )
    .unwrap();
    wait_for("the edit", || cluster.count("manifest.changed", None) == 2);
    assert!(
        !cluster
            .events()
            .last()
            .unwrap()
            .to_string()
            .contains("attempts are away there")
    );
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
}

#[test]
fn an_end_counts_whatever_the_engine_says_of_its_job() {
    let cluster = Cluster::new();
    cluster.gate("p");
    cluster.plan("p", "", &document(&[1]), "gate p; work 1.1");
    let up = cluster.start("up");
    cluster.reached("p");
    // As when only the daemon of a node dies: the engine takes the job for running, and for good.
    fs::remove_file(cluster.job(1, "pid")).unwrap();
    cluster.open("p");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.starts(), ["p-1"]);
    assert_eq!(fs::read_to_string(cluster.job(1, "state")).unwrap(), "running\n");
}

#[test]
fn a_job_that_its_engine_ends_at_its_time_limit_has_timed_out() {
    let cluster = Cluster::with("retries = 1");
    cluster.gate("p");
    cluster.plan(
        "p",
        "job = { time = \"1m\" }",
        &document(&[1, 1]),
        "if test -e p-1.1.txt; then work 2.1; else work 1.1; gate p; fi",
    );
    let up = cluster.start("up");
    cluster.reached("p");
    // Engines ask some time before the limit, which is close from the beginning here.
    kill(cluster.pid(1), Signal::TERM);
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    cluster.first_ended_as("timed_out");
    cluster.first_ended_because("the time limit of its job on");
    assert_eq!(cluster.starts(), ["p-1", "p-2"]);
}

#[test]
fn a_job_that_was_queued_again_before_it_claimed_its_attempt_runs_it() {
    let cluster = Cluster::new();
    cluster.tell("hold");
    cluster.plan("p", "", &document(&[1]), "work 1.1");
    let up = cluster.start("up");
    wait_for("the job", || cluster.why("p").contains("job 1"));
    // Its first run finds no hub, and is killed before it has claimed anything.
    let away = cluster.beside("hub-away.git");
    fs::rename(cluster.hub(), &away).unwrap();
    let payload = || fs::File::open(cluster.job(1, "payload")).unwrap();
    let mut first = cluster.command(["__node"]).stdin(payload()).spawn().unwrap();
    wait_for("its mirror", || cluster.beside("scratch").exists());
    first.kill().unwrap();
    first.wait().unwrap();
    fs::rename(&away, cluster.hub()).unwrap();
    let second = cluster.command(["__node"]).stdin(payload()).output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    up.end().code(0).ok();
    cluster.all_is_well(&["p"], "finished");
    assert_eq!(cluster.starts(), ["p-1"]);
}

#[test]
fn down_names_the_jobs_whose_end_no_engine_confirms() {
    let cluster = Cluster::new();
    for plan in ["p", "q"] {
        cluster.gate(plan);
        cluster.plan(plan, "", &document(&[1]), &format!("gate {plan}; work 1.1"));
    }
    let up = cluster.start("up");
    cluster.reached("p");
    cluster.reached("q");
    up.kill();
    cluster.tell("off");
    let said = cluster.orch("down --now");
    assert_ne!(said.code, 0, "{said:?}");
    for attempt in ["p-1", "q-1"] {
        assert!(
            said.err.contains(&format!("{attempt} may still run there")),
            "{said:?}"
        );
    }
    cluster.untell("off");
    cluster.orch("down --now").code(0).says("p-1, q-1").ok();
    cluster.nothing_is_left();
    for plan in ["p", "q"] {
        cluster.script(plan, "work 1.1");
    }
    cluster.orch("up").code(0).ok();
    cluster.all_is_well(&["p", "q"], "finished");
    cluster.first_ended_as("stopped");
}
