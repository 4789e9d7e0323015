//! Attempts as jobs of a real Slurm: two nodes on this machine, each with a daemon of its own.
//!
//! With `ORCH_SLURM=1`, where `slurmctld`, `slurmd`, `munged` and the rights to start them are there; skipped elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{far_plan, phase_and_dependent};
use crate::support::{Said, Sandbox, kill, wait_for};

/// A sandbox with a cluster of its own.
struct SlurmCluster {
    sandbox: Sandbox,
    home: PathBuf,
}

impl std::ops::Deref for SlurmCluster {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Drop for SlurmCluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["ctld", "n1", "n2"] {
                let log = fs::read_to_string(self.home.join(format!("{name}.log")));
                eprintln!("{name}: {}", log.unwrap_or_default());
            }
        }
        let _ = self.slurm(&["scancel", "--user=0"]);
        for name in ["n1", "n2", "ctld", "munged"] {
            self.end(name);
        }
    }
}

impl SlurmCluster {
    /// None where it is not asked for, or cannot be.
    fn start() -> Option<Self> {
        if std::env::var_os("ORCH_SLURM").is_none() {
            println!("skipped: ORCH_SLURM is not set");
            return None;
        }
        let sandbox = Sandbox::new();
        let home = sandbox.beside("slurm");
        for folder in ["state", "n1", "n2"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        let this = Self { sandbox, home };
        this.configure();
        let key: Vec<u8> = (0..1024u32).map(|n| (n * 31 % 251) as u8).collect();
        let (key_file, socket) = (this.home.join("key"), this.home.join("munge.sock"));
        fs::write(&key_file, key).unwrap();
        fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let munged = Command::new("munged")
            .arg("--force")
            .arg(format!("--key-file={}", key_file.display()))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--pid-file={}", this.home.join("munged.pid").display()))
            .arg(format!("--log-file={}", this.home.join("munged.log").display()))
            .arg(format!("--seed-file={}", this.home.join("seed").display()))
            .stderr(Stdio::null())
            .status();
        assert!(munged.unwrap().success());
        this.controller();
        for node in ["n1", "n2"] {
            assert!(this.slurm(&["slurmd", "-N", node]).unwrap().code == 0);
        }
        wait_for("the nodes", || {
            this.slurm(&["sinfo", "--noheader", "--format=%D %t"])
                .is_some_and(|said| said.out.contains("2 idle"))
        });
        Some(this)
    }

    fn configure(&self) {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let (host, home) = (host.trim(), self.home.display());
        // Ports of nobody else: by this process.
        let port = 20_000 + std::process::id() % 10_000;
        let nodes: String = (1..=2)
            .map(|n| {
                format!(
                    "NodeName=n{n} NodeHostName={host} NodeAddr=127.0.0.1 Port={} CPUs=8 State=UNKNOWN\n",
                    port + n
                )
            })
            .collect();
        let text = format!(
            "ClusterName=orchtest\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={port}\nSlurmUser=root\nSlurmdUser=root\n\
             AuthType=auth/munge\nAuthInfo=socket={home}/munge.sock\nStateSaveLocation={home}/state\nSlurmdSpoolDir={home}/%n\n\
             SlurmctldPidFile={home}/ctld.pid\nSlurmdPidFile={home}/%n.pid\nSlurmctldLogFile={home}/ctld.log\n\
             SlurmdLogFile={home}/%n.log\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nReturnToService=2\nSlurmdTimeout=10\nKillWait=3\n\
             SlurmdParameters=config_overrides\nSchedulerParameters=bf_interval=1,batch_sched_delay=0\n\
             MpiDefault=none\nAccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n\
             {nodes}PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
        );
        fs::write(self.conf(), text).unwrap();
    }

    fn conf(&self) -> PathBuf {
        self.home.join("slurm.conf")
    }

    fn controller(&self) {
        assert!(self.slurm(&["slurmctld"]).unwrap().code == 0);
        wait_for("the controller", || {
            self.slurm(&["sinfo"]).is_some_and(|said| said.code == 0)
        });
    }

    /// Runs a command of Slurm; none where it is not there.
    fn slurm(&self, line: &[&str]) -> Option<Said> {
        let mut command = Command::new(line[0]);
        command
            .args(&line[1..])
            .env("SLURM_CONF", self.conf())
            .stdin(Stdio::null());
        // A daemon keeps its output open: files take it.
        let out = self.home.join(format!("{}.out", line[0]));
        let file = fs::File::create(&out).unwrap();
        let status = command
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .ok()?;
        Some(Said {
            code: status.code().unwrap_or(-1),
            out: fs::read_to_string(out).unwrap_or_default(),
            err: String::new(),
        })
    }

    /// Ends a daemon, and waits for that.
    fn end(&self, name: &str) {
        let Ok(pid) = fs::read_to_string(self.home.join(format!("{name}.pid"))) else {
            return;
        };
        let Ok(pid) = pid.trim().parse() else { return };
        kill(pid, Signal::TERM);
        wait_for(&format!("the end of {name}"), || {
            !Path::new(&format!("/proc/{pid}")).exists()
        });
    }

    fn up(&self) -> crate::support::Running {
        let mut command = self.command(["up", "--merge"]);
        command.env("SLURM_CONF", self.conf());
        crate::support::Running::spawn(command)
    }

    fn say(&self, line: &str) -> Said {
        let mut command = self.command(line.split_whitespace());
        Said::of(command.env("SLURM_CONF", self.conf()))
    }

    fn id(&self, plan: &str) -> String {
        let job = || {
            Some(
                self.shown(plan)["attempts"].as_array()?.last()?["job"]
                    .as_str()?
                    .to_owned(),
            )
        };
        wait_for("the job", || job().is_some());
        job().unwrap()
    }

    /// The process that runs this plan's first attempt on its node.
    fn node(&self, plan: &str) -> i32 {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let job = format!("SLURM_JOB_ID={}", self.id(plan));
        let mut own = pids.filter(|pid| {
            let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let has = |bytes: Vec<u8>, text: &str| {
                bytes.split(|byte| *byte == 0).any(|part| part == text.as_bytes())
            };
            has(read("cmdline"), "__node") && has(read("environ"), &job)
        });
        own.next().expect("the process of the node")
    }
}

#[test]
fn jobs_of_slurm_are_handed_over_watched_stopped_and_taken_in() {
    let Some(cluster) = SlurmCluster::start() else {
        return;
    };
    let hub = cluster.beside("hub.git");
    cluster.git_args(["init", "-q", "--bare", hub.to_str().unwrap()]);
    cluster.settings("executor = \"cluster\"\nmax_agents = 8\nretries = 0\ngrace = \"5s\"");
    cluster.tables(&format!(
        "[executors.cluster]\nkind = \"slurm\"\nhub = {hub:?}\nscratch = {:?}\nsettle = \"2s\"\nprogram = {:?}\nargs = [\"--cpus-per-task=1\"]",
        cluster.beside("scratch"),
        env!("CARGO_BIN_EXE_orch"),
    ));
    for gate in ["cancelled", "killed", "paused", "off"] {
        cluster.gate(gate);
    }
    phase_and_dependent(&cluster);
    let again = |gate: &str| {
        format!("if test -e \"$MARKS/again-{gate}\"; then work 1.1; else mark again-{gate}; gate {gate}; fi")
    };
    far_plan(&cluster, "cancelled", "", 1, &again("cancelled"));
    far_plan(&cluster, "killed", "", 1, &again("killed"));
    far_plan(
        &cluster,
        "paused",
        "",
        1,
        &format!("trap 'mark bye; exit 0' TERM; {}", again("paused")),
    );
    far_plan(&cluster, "off", "", 1, "echo from the node; gate off; work 1.1");
    // More than any node has: the engine says why it waits.
    far_plan(&cluster, "huge", "job = { cpus = 64 }", 1, "work 1.1");
    far_plan(
        &cluster,
        "large",
        "job = { cpus = 2, time = \"5m\" }",
        1,
        "test $SLURM_CPUS_ON_NODE = 2; work 1.1",
    );
    far_plan(
        &cluster,
        "nowhere",
        "job = { partition = \"nowhere\" }",
        1,
        "work 1.1",
    );
    let up = cluster.up();

    // Refused at once: held with the engine's words, and not tried again.
    cluster.happened("plan.held", "nowhere");
    let why = cluster.why("nowhere");
    assert!(why.contains("Invalid partition name specified"), "{why}");

    // A phase that is done on one node starts its dependent on another.
    cluster.happened("plan.finished", "q");
    assert_eq!(cluster.state("p"), "running");

    wait_for("the word of the engine", || {
        let why = cluster.why("huge");
        why.contains("waits in the queue (cluster, job") && why.contains("PartitionConfig")
    });
    cluster.say("cancel huge").code(0).ok();
    cluster.happened("plan.cancelled", "huge");
    let doctor = cluster.say("doctor");
    assert!(doctor.out.contains("proctrack/linuxproc"), "{doctor:?}");

    // Cancelled by others, and killed: neither counts.
    for gate in ["cancelled", "killed", "paused", "off"] {
        cluster.reached(gate);
    }
    cluster
        .slurm(&["scancel", &cluster.id("cancelled")])
        .unwrap()
        .code(0)
        .ok();
    kill(cluster.node("killed"), Signal::KILL);
    cluster.happened("plan.finished", "cancelled");
    cluster.happened("plan.finished", "killed");

    // The log is followed on the node.
    let mut follow = cluster.command(["logs", "off", "--follow"]);
    follow.env("SLURM_CONF", cluster.conf());
    let follow = crate::support::Running::spawn(follow);
    wait_for("the log on the node", || follow.out().contains("from the node"));
    drop(follow);

    // A person stops it, with grace.
    cluster.say("pause paused --now").code(0).ok();
    cluster.happened("agent.ended", "paused");
    assert!(cluster.mark("bye").exists());

    // The controller is away while a job ends.
    cluster.end("ctld");
    cluster.open("off");
    cluster.happened("plan.finished", "off");
    cluster.controller();

    // A second job for the same attempt touches nothing.
    let payload = cluster.join(".git/orch/attempts/p-1/payload.json");
    let second = cluster
        .command(["__node"])
        .stdin(fs::File::open(payload).unwrap())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(78), "{second:?}");

    cluster.say("resume paused").code(0).ok();
    cluster.open("p");
    let _ = up.end();
    for plan in ["p", "q", "cancelled", "killed", "paused", "off", "large"] {
        assert_eq!(cluster.state(plan), "landed", "{plan}: {}", cluster.why(plan));
    }
    assert_eq!(cluster.state("nowhere"), "held");
    assert_eq!(cluster.count("attempt.assigned", Some("nowhere")), 1);
    assert_eq!(cluster.count("agent.started", Some("nowhere")), 0);
    cluster.nothing_ran_twice();
    wait_for("an empty queue", || {
        cluster
            .slurm(&["squeue", "--noheader"])
            .is_some_and(|said| said.code == 0 && said.out.trim().is_empty())
    });
    cluster.nothing_is_left();
}
