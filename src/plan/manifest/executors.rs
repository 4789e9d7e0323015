//! `[executors]`, and the tables that name them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::ledger::Ledger;
use super::written::at::Located;
use super::written::raw::RawManifest;
use super::written::raw_agent::RawExecutor;
use super::written::raw_job::{EngineAmount, RawJob};
use super::written::values::{EngineWord, FarPlace, Text};
use super::written::words::EngineKind;
use crate::plan::text::near_miss::suggest;
use crate::plan::{
    ENGINE_PLACEHOLDERS, EngineCalls, Executor, ExecutorName, JobNeeds, Place, SshHost, SubmitRate, Template,
    silent_after,
};

/// The name of this machine, for attempts that are not handed over.
pub const LOCAL: &str = "local";

/// Attempts that an engine with a queue is given at once.
const SLOTS: usize = 50;

const SETTLE: Duration = Duration::from_secs(60);

/// The executor's name as written. [`all`] checks whether there is such an executor.
pub(super) fn named(written: Option<&Located<ExecutorName>>) -> Option<ExecutorName> {
    written.map(|at| at.value.clone())
}

/// The executors of a manifest. Names of unknown executors are reported to the ledger.
pub(super) fn all(manifest: &RawManifest, ledger: &mut Ledger) -> BTreeMap<ExecutorName, Executor> {
    let mut executors = BTreeMap::new();
    let written = manifest.executors.iter().flat_map(|table| &table.value.entries);
    for (key, raw) in written {
        match key.value.parse::<ExecutorName>() {
            Ok(name) if name.as_str() == LOCAL => {
                let message = "executor `local` is this machine, and needs no table".to_owned();
                ledger.at(key.place, message, "give the cluster another name".to_owned());
            }
            Ok(name) => {
                executors.extend(one(&name, raw, ledger).map(|executor| (name.clone(), executor)));
            }
            Err(error) => ledger.at(key.place, error.to_string(), None),
        }
    }
    let known = manifest.executors.as_ref().map(|table| &table.value);
    let run = manifest.run.iter().filter_map(|run| run.value.executor.as_ref());
    let agents = manifest.agents.iter().flat_map(|table| &table.value.entries);
    let agents = agents.filter_map(|(_, agent)| agent.value.executor.as_ref());
    let plans = manifest.plans.iter().flat_map(|table| &table.value.entries);
    let plans = plans.filter_map(|(_, plan)| plan.value.executor.as_ref());
    for name in run.chain(agents).chain(plans) {
        let text = name.value.as_str();
        if text != LOCAL && !known.is_some_and(|known| known.contains(text)) {
            let names: Vec<&str> = known.iter().flat_map(|known| known.names()).collect();
            let hint = match names.is_empty() {
                true => None,
                false => suggest(text, names.into_iter().chain([LOCAL])),
            };
            let hint =
                hint.unwrap_or_else(|| format!("define it: [executors.{text}] with a `kind` and a `hub`"));
            ledger.at(name.place, format!("unknown executor `{text}`"), hint);
        }
    }
    executors
}

fn one(name: &ExecutorName, raw: &Located<RawExecutor>, ledger: &mut Ledger) -> Option<Executor> {
    let Located { value: raw, place } = raw;
    let (Some(kind), Some(hub)) = (&raw.kind, &raw.hub) else {
        let message = format!("executor `{name}` needs a `kind` and a `hub`");
        let hint = "write kind = \"slurm\" and hub = \"/srv/orch/hub.git\"".to_owned();
        ledger.at(*place, message, hint);
        return None;
    };
    let text = |at: &Option<Located<FarPlace>>| at.as_ref().map(|at| at.value.0.clone());
    let hub = hub.value.0.clone();
    let engine = engine(name, kind.value, *place, raw, ledger)?;
    Some(Executor {
        name: name.clone(),
        slots: raw.slots.as_ref().map_or_else(
            || match &engine {
                EngineCalls::Ssh { hosts, .. } => hosts.iter().map(|host| host.slots).sum(),
                EngineCalls::Slurm { .. } | EngineCalls::Command { .. } => SLOTS,
            },
            |slots| slots.value.0 as usize,
        ),
        engine,
        hub_here: text(&raw.hub_here).unwrap_or_else(|| hub.clone()),
        hub,
        scratch: text(&raw.scratch).map_or_else(|| PathBuf::from("/tmp"), PathBuf::from),
        settle: raw.settle.as_ref().map_or(SETTLE, |settle| settle.value.0),
        submit_rate: raw
            .submit_rate
            .as_ref()
            .map_or_else(SubmitRate::default, |rate| rate.value),
        silent_after: raw
            .silent_after
            .as_ref()
            .map_or_else(silent_after, |silent| silent.value.0),
        needs: needs(&RawJob {
            cpus: raw.cpus.clone(),
            memory: raw.memory.clone(),
            gpus: raw.gpus.clone(),
            partition: raw.partition.clone(),
            account: raw.account.clone(),
            time: raw.time.clone(),
            // Those of the executor are options of every call.
            args: None,
        }),
    })
}

/// The needs of a plan or a phase, none when there is no table.
pub(super) fn job(written: Option<&Located<RawJob>>) -> JobNeeds {
    written.map(|at| needs(&at.value)).unwrap_or_default()
}

/// The needs of a job as written.
fn needs(raw: &RawJob) -> JobNeeds {
    let text = |at: &Option<Located<Text>>| at.as_ref().map(|at| at.value.0.clone());
    let amount = |at: &Located<EngineAmount>| at.value.0.clone();
    JobNeeds {
        cpus: raw.cpus.as_ref().map(|cpus| cpus.value.0),
        memory: text(&raw.memory),
        gpus: raw.gpus.as_ref().map(amount),
        partition: text(&raw.partition),
        account: text(&raw.account),
        time: raw.time.as_ref().map(|time| time.value.0),
        args: words(&raw.args),
    }
}

fn engine(
    name: &ExecutorName,
    kind: EngineKind,
    place: Place,
    raw: &RawExecutor,
    ledger: &mut Ledger,
) -> Option<EngineCalls> {
    foreign_keys(name, kind, raw, ledger);
    let program = raw.program.as_ref().map_or("orch", |program| &program.value.0);
    let program = program.to_owned();
    match kind {
        EngineKind::Slurm => Some(EngineCalls::Slurm {
            program,
            options: words(&raw.args),
        }),
        EngineKind::Ssh => Some(EngineCalls::Ssh {
            program,
            options: words(&raw.args),
            hosts: hosts(name, place, raw, ledger)?,
        }),
        EngineKind::Command => {
            let calls = [
                ("submit", &raw.submit),
                ("list", &raw.list),
                ("cancel", &raw.cancel),
                ("tail", &raw.tail),
            ];
            for (key, list) in calls {
                if key != "tail" && words(list).first().is_none_or(String::is_empty) {
                    let message = format!("executor `{name}` has no `{key}`");
                    ledger.at(place, message, format!("write {key} = [\"./{key}\"]"));
                }
                for word in list.iter().flat_map(|list| &list.value) {
                    if let Err(error) = Template::parse(&word.value.0, ENGINE_PLACEHOLDERS) {
                        ledger.at(word.place, format!("{key} of executor `{name}`: {error}"), None);
                    }
                }
            }
            Some(EngineCalls::Command {
                submit: words(&raw.submit),
                list: words(&raw.list),
                cancel: words(&raw.cancel),
                tail: words(&raw.tail),
            })
        }
    }
}

fn words(list: &Option<Located<Vec<Located<EngineWord>>>>) -> Vec<String> {
    let list = list.iter().flat_map(|list| &list.value);
    list.map(|word| word.value.0.clone()).collect()
}

/// Reports keys that belong to another kind of engine.
fn foreign_keys(name: &ExecutorName, kind: EngineKind, raw: &RawExecutor, ledger: &mut Ledger) {
    use EngineKind::{Command, Slurm, Ssh};
    fn place<T>(at: &Option<Located<T>>) -> Option<Place> {
        at.as_ref().map(|at| at.place)
    }
    let queues: (&[EngineKind], &str) = (&[Slurm, Command], "kind = \"slurm\" and \"command\"");
    let keys: [(&str, Option<Place>, &[EngineKind], &str); 12] = [
        ("cpus", place(&raw.cpus), queues.0, queues.1),
        ("memory", place(&raw.memory), queues.0, queues.1),
        ("gpus", place(&raw.gpus), queues.0, queues.1),
        ("partition", place(&raw.partition), queues.0, queues.1),
        ("account", place(&raw.account), queues.0, queues.1),
        (
            "program",
            place(&raw.program),
            &[Slurm, Ssh],
            "kind = \"slurm\" and \"ssh\"",
        ),
        (
            "args",
            place(&raw.args),
            &[Slurm, Ssh],
            "kind = \"slurm\" and \"ssh\"",
        ),
        ("hosts", place(&raw.hosts), &[Ssh], "kind = \"ssh\""),
        ("submit", place(&raw.submit), &[Command], "kind = \"command\""),
        ("list", place(&raw.list), &[Command], "kind = \"command\""),
        ("cancel", place(&raw.cancel), &[Command], "kind = \"command\""),
        ("tail", place(&raw.tail), &[Command], "kind = \"command\""),
    ];
    for (key, place, kinds, whose) in keys {
        if let Some(place) = place.filter(|_| !kinds.contains(&kind)) {
            ledger.at(
                place,
                format!("`{key}` of executor `{name}` is for {whose}"),
                None,
            );
        }
    }
}

/// The hosts of an executor by ssh; `None` when there are none.
fn hosts(name: &ExecutorName, place: Place, raw: &RawExecutor, ledger: &mut Ledger) -> Option<Vec<SshHost>> {
    let mut hosts: Vec<SshHost> = Vec::new();
    for Located { value: host, place } in raw.hosts.iter().flat_map(|hosts| &hosts.value) {
        let Some(Located {
            value: EngineWord(name),
            place,
        }) = &host.name
        else {
            let hint = "write { name = \"gpu1\", slots = 4 }".to_owned();
            ledger.at(*place, "a host lacks `name`".to_owned(), hint);
            continue;
        };
        // A name that begins with a dash would be an option of ssh.
        if name.starts_with('-') || name.contains(char::is_whitespace) {
            let message = format!("{name:?} is not a host's name");
            ledger.at(*place, message, "write a name of ssh's configuration".to_owned());
        }
        if hosts.iter().any(|known| known.name == *name) {
            ledger.at(*place, format!("host `{name}` is named twice"), None);
        }
        hosts.push(SshHost {
            name: name.clone(),
            slots: host.slots.as_ref().map_or(1, |slots| slots.value.0 as usize),
        });
    }
    if hosts.is_empty() {
        let message = format!("executor `{name}` has no `hosts`");
        let hint = "write hosts = [{ name = \"gpu1\", slots = 4 }]".to_owned();
        ledger.at(place, message, hint);
        return None;
    }
    Some(hosts)
}
