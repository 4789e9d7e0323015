//! The executors of the manifest: what does not answer, and attempts there that no folder knows.

use jiff::Timestamp;

use crate::agent::{ExitRecord, JobFolder};
use crate::executor::{Driver, ListedState, Manner};
use crate::git::hub::{Channel, known_repository_id, work_of};
use crate::git::{keep, stamp};
use crate::plan::{AttemptId, CommitId, Executor};
use crate::schedule::Exit;

use super::finding::{ExecutorFacts, Finding, RepairStep};
use super::kind::FindingKind;
use crate::supervisor::node::report::NodeRecord;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// From so many attempts at once on, the usual settings of a hub's sshd refuse connections.
const MANY: usize = 10;

/// Looks at all executors.
pub fn executor_facts(project: &Project) -> Vec<ExecutorFacts> {
    let mut all: Vec<ExecutorFacts> = Vec::new();
    for executor in project.set.executors.values() {
        let mut facts = look_at(project, executor);
        // Executors may share a hub.
        facts
            .orphans
            .retain(|key| all.iter().all(|other| !other.orphans.contains(key)));
        facts
            .late
            .retain(|key| all.iter().all(|other| !other.late.contains(key)));
        all.push(facts);
    }
    all
}

fn look_at(project: &Project, executor: &Executor) -> ExecutorFacts {
    let engine = Driver::of(executor).facts();
    let name = executor.name.as_str();
    let mut troubles: Vec<String> = engine.troubles;
    troubles
        .iter_mut()
        .for_each(|why| *why = format!("the engine of executor {name} {why}"));
    let mut remarks = engine.remarks;
    if executor.hub.contains("ssh://") && executor.slots > MANY {
        remarks.push("many nodes push to its hub by ssh: raise `MaxStartups` of the sshd there".to_owned());
    }
    let (mut orphans, mut late) = (Vec::new(), Vec::new());
    let id = known_repository_id(project.repo.common_dir()).ok().flatten();
    let is_new = id.is_none();
    let channel = channel(project, executor, id.unwrap_or_else(|| "none".to_owned()));
    match channel.all() {
        Err(why) => troubles.push(format!("the hub of executor {name} does not answer: {why}")),
        Ok(_) if is_new => {}
        Ok(there) => {
            let with_late = there.iter().filter(|(_, refs)| refs.late.is_some());
            late.extend(with_late.map(|(key, _)| key.clone()));
            let open = there
                .into_iter()
                .filter(|(_, refs)| refs.fate.is_none() || refs.is_untidy());
            orphans.extend(open.map(|(key, _)| key).filter(|key| !is_known(project, key)));
        }
    }
    ExecutorFacts {
        name: name.to_owned(),
        engine: engine.version,
        troubles,
        remarks,
        orphans,
        late,
    }
}

fn channel(project: &Project, executor: &Executor, repository: String) -> Channel {
    Channel {
        git_dir: project.repo.common_dir().to_owned(),
        hub: executor.hub_here.clone(),
        repository,
        marker: None,
    }
}

/// The attempt of a key.
fn attempt_of(key: &str) -> Option<AttemptId> {
    let (attempt, _) = key.rsplit_once('.')?;
    Some(AttemptId::from(attempt.to_owned()))
}

fn is_known(project: &Project, key: &str) -> bool {
    let away = attempt_of(key).map(|attempt| JobFolder::new(project.dir.attempt(&attempt)).away());
    match away {
        Some(Ok(Some(away))) => away.key() == key,
        // One that cannot be read may be the one.
        Some(Err(_)) => true,
        Some(Ok(None)) | None => false,
    }
}

/// The findings about executors.
pub(super) fn about_executors(facts: &[ExecutorFacts]) -> Vec<Finding> {
    let mut found = Vec::new();
    for executor in facts {
        for what in &executor.troubles {
            let advice = "see docs/cluster.md; attempts that are there go on meanwhile";
            found.push(Finding::for_a_person(FindingKind::Executor, what, advice));
        }
        for key in &executor.orphans {
            let attempt = key.rsplit_once('.').map_or(key.as_str(), |(attempt, _)| attempt);
            let what = format!("executor {} has {attempt}, which no folder knows", executor.name);
            let step = RepairStep::EndFar(executor.name.clone(), key.clone());
            found.push(Finding::repairable(FindingKind::Executor, what, step));
        }
        for key in &executor.late {
            let attempt = key.rsplit_once('.').map_or(key.as_str(), |(attempt, _)| attempt);
            let what = format!(
                "executor {} has work of {attempt} that came after it was given up",
                executor.name
            );
            let step = RepairStep::KeepLate(executor.name.clone(), key.clone());
            found.push(Finding::repairable(FindingKind::Executor, what, step));
        }
    }
    found
}

/// Ends an attempt that no folder knows: its last news are kept as a backup, its end is written to the hub, and its job is
/// cancelled.
pub(super) fn end_far(project: &Project, name: &str, key: &str) -> Result<(), String> {
    let (executor, channel) = known_channel(project, name)?;
    let git_dir = project.repo.common_dir();
    let refs = channel.look(key).map_err(in_words)?;
    let mut head = refs.from.clone();
    for (what, record) in [("news", &refs.news), ("fate", &refs.fate)] {
        let Some(record) = record else { continue };
        head = Some(keep_work(project, &channel, key, (what, record))?);
    }
    if refs.fate.is_none() {
        let now = Timestamp::now();
        let record = NodeRecord {
            exit: Some(ExitRecord {
                schema: 1,
                exit: Exit::Lost,
                started_at: now,
                ended_at: now,
                output_bytes: 0,
                left_behind: 0,
            }),
            ..NodeRecord::default()
        };
        if head.is_none() {
            channel.fetch(key, "claim").map_err(in_words)?;
            head = refs
                .claim
                .map(|claim| work_of(git_dir, &claim))
                .transpose()
                .map_err(in_words)?;
        } else if refs.news.is_none() {
            channel.fetch(key, "from").map_err(in_words)?;
        }
        let head = head.ok_or("there is nothing of it on the hub")?;
        let fate = record.write(git_dir, &[&head], Vec::new(), "orch: given up");
        channel
            .swap(key, "fate", &fate.map_err(in_words)?)
            .map_err(in_words)?;
    }
    let mut driver = Driver::of(executor);
    let listed = driver.list().map_err(|why| why.0)?;
    let alive = |state: &ListedState| !matches!(state, ListedState::Over(_));
    for job in listed.iter().filter(|job| job.token == key && alive(&job.state)) {
        driver.cancel(&job.job, Manner::Kill).map_err(|why| why.0)?;
    }
    channel.tidy(key).map_err(in_words)?;
    channel.tidy_here(key).map_err(in_words)
}

/// Keeps work that came after its attempt was given up as a backup, and removes it from the hub.
pub(super) fn keep_late(project: &Project, name: &str, key: &str) -> Result<(), String> {
    let (_, channel) = known_channel(project, name)?;
    let refs = channel.look(key).map_err(in_words)?;
    if let Some(late) = &refs.late {
        keep_work(project, &channel, key, ("late", late))?;
        channel.remove_late(key).map_err(in_words)?;
    }
    Ok(())
}

/// The executor with this name, and the connection to its hub.
fn known_channel<'p>(project: &'p Project, name: &str) -> Result<(&'p Executor, Channel), String> {
    let mut executors = project.set.executors.values();
    let executor = executors
        .find(|executor| executor.name.as_str() == name)
        .ok_or("its executor is no longer in the manifest")?;
    let id = known_repository_id(project.repo.common_dir()).map_err(in_words)?;
    let channel = channel(project, executor, id.ok_or("the repository has no name on hubs")?);
    Ok((executor, channel))
}

/// Fetches the work in a record of an attempt and keeps it as a backup.
fn keep_work(
    project: &Project,
    channel: &Channel,
    key: &str,
    (what, record): (&str, &CommitId),
) -> Result<CommitId, String> {
    channel.fetch(key, what).map_err(in_words)?;
    let work = work_of(project.repo.common_dir(), record).map_err(in_words)?;
    let parts = attempt_of(key).and_then(|attempt| attempt.parts());
    let (plan, _) = parts.ok_or("it is of no plan")?;
    keep::backup(&project.repo, &plan, &work, &stamp()).map_err(in_words)?;
    Ok(work)
}

/// How long an end stays on the hub, so that a job that comes late finds it.
const A_DAY: i64 = 24 * 60 * 60;

/// Removes the ends of attempts from the hubs, once they are a day old. Returns what went wrong.
pub fn remove_old_ends(project: &Project) -> Vec<String> {
    let Ok(Some(id)) = known_repository_id(project.repo.common_dir()) else {
        return Vec::new();
    };
    let before = Timestamp::now().as_second() - A_DAY;
    let removed = project.set.executors.values().map(|executor| {
        let removed = channel(project, executor, id.clone()).remove_old_ends(before);
        removed.map_err(|why| format!("the hub of executor {} is not cleaned: {why}", executor.name))
    });
    removed.filter_map(Result::err).collect()
}
