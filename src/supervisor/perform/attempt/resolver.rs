//! An agent that resolves a conflict of a plan with the target: starting it in a worktree made for the conflict, waiting for
//! it, and judging its work. Each step recognises work that is done already, so that it can continue after a crash.

use std::path::Path;

use crate::agent::{AgentError, Environment, JobFolder, JobState, Runner};
use crate::git::{
    self, CandidateBuilder, ConflictSpec, WorktreeAdmin, again_if_killed, clear_dead_locks_of, conflict_key,
    git_dir_of,
};
use crate::plan::{Agent, ConflictingFile, FinishCheck, OtherSide, Plan, ResolverContext, RunId};
use crate::schedule::{
    ConflictResolved, Event, Exit, Launch, ResolveOrder, ResolverFailed, Resolving, WorkPlace,
};
use crate::status;
use crate::words;

use super::call::{AgentCall, Surroundings};
use super::hand_over::HandOver;
use super::resolver_judge::{Accepted, LEFT_OUT, RefusedResolution, judge};
use crate::supervisor::brief::stop_hook::claude_settings_file;
use crate::supervisor::perform::build::conflict::words;
use crate::supervisor::perform::tree::candidate_pool::CandidatePool;
use crate::supervisor::perform::tree::removing::remove_conflict;
use crate::supervisor::perform::tree::worktree::provision_own;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// How often to start an agent whose runner was killed.
const VANISHED_AT_MOST: u32 = 3;

/// Lets an agent resolve a conflict, or continues with that. The second value holds warnings about failures that do not stop
/// the work.
pub fn resolve_by_agent(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    order: &ResolveOrder,
    run: RunId,
) -> (Event, Vec<String>) {
    let mut warnings = Vec::new();
    let resolver = Resolver {
        project,
        admin,
        pool,
        order,
        run,
        folder: JobFolder::new(project.dir.attempt(&order.attempt)),
    };
    let done = resolver.attempt(&mut warnings);
    let fact = match done {
        Ok(accepted) => Resolving::Done(ConflictResolved {
            plan: order.plan.clone(),
            up_to: order.up_to,
            commit: accepted.commit,
            attempt: Some(order.attempt.clone()),
            left_out: accepted.left_out,
        }),
        Err(refused) => {
            let at = git::conflict::conflict_at(admin, &order.plan).ok().flatten();
            let stopped = pool.is_unwanted_resolver(&order.attempt);
            Resolving::Failed(ResolverFailed {
                plan: order.plan.clone(),
                up_to: order.up_to,
                attempt: order.attempt.clone(),
                exit: if stopped { Exit::Stopped } else { refused.exit },
                why: refused.why.into(),
                path: at.map(|path| path.to_string_lossy().into_owned()),
            })
        }
    };
    (Event::Resolve(fact), warnings)
}

/// An agent at a conflict.
struct Resolver<'a> {
    project: &'a Project,
    admin: &'a WorktreeAdmin,
    pool: &'a CandidatePool,
    order: &'a ResolveOrder,
    run: RunId,
    folder: JobFolder,
}

impl Resolver<'_> {
    fn attempt(&self, warnings: &mut Vec<String>) -> Result<Accepted, RefusedResolution> {
        let (project, admin, pool, order) = (self.project, self.admin, self.pool, self.order);
        let folder = &self.folder;
        let not_started = |why: String| RefusedResolution {
            exit: Exit::NotStarted { why: why.clone() },
            why,
        };
        let plan = project
            .plan(&order.plan)
            .ok_or_else(|| not_started("the plan is no longer in the manifest".to_owned()))?;
        let resolved =
            || git::refs::resolution(&project.repo, &order.plan).map(|known| known.map(|known| known.commit));
        let mut before = None;
        let mut exit = Exit::Lost;
        for _ in 0..VANISHED_AT_MOST {
            let state = folder.state().map_err(|error| not_started(error.to_string()))?;
            let runner = match state {
                JobState::Ended(record) => {
                    exit = record.exit;
                    break;
                }
                JobState::Running(_) => Runner::adopt(folder.clone()),
                // Agents at conflicts are never handed over.
                JobState::Away(_) => {
                    return Err(not_started("it was handed over to another machine".to_owned()));
                }
                JobState::Unstarted | JobState::Lost(_) => {
                    let started = again_if_killed(Result::is_ok, || self.start(plan, warnings));
                    started.map(Some).map_err(&not_started).map(Ok::<_, AgentError>)?
                }
            };
            let Some(runner) = runner.map_err(|error| not_started(error.to_string()))? else {
                continue;
            };
            before = resolved().ok();
            pool.resolver_runs(&order.attempt, folder);
            // A request to stop may have arrived before there was a runner.
            if pool.is_unwanted_resolver(&order.attempt) {
                runner.hold().stop(false);
            }
            let state = runner.wait().map_err(|error| not_started(error.to_string()))?;
            if let JobState::Ended(record) = state {
                exit = record.exit;
                break;
            }
        }
        if let Some(before) = before {
            let put_back = git::refs::put_resolution_back(&project.repo, &order.plan, before.as_ref());
            if put_back.map_err(|error| not_started(error.to_string()))? {
                let why = format!("it wrote refs/orch/resolve/{}, which is orch's own", order.plan);
                return Err(RefusedResolution { exit, why });
            }
        }
        if exit != (Exit::Code { code: 0 }) {
            let said = folder.tail(1000);
            let said = match said.trim() {
                "" => String::new(),
                said => format!("\n{said}"),
            };
            let why = format!("agent {} {}{said}", order.agent, words::exit(&exit));
            return Err(RefusedResolution { exit, why });
        }
        again_if_killed(Result::is_ok, || judge(project, admin, pool, order, plan))
    }

    /// Checks the conflict out and starts the agent on it.
    fn start(&self, plan: &Plan, warnings: &mut Vec<String>) -> Result<Runner, String> {
        let (project, admin, order) = (self.project, self.admin, self.order);
        let agent = project
            .set
            .agents
            .get(&order.agent)
            .ok_or_else(|| format!("the agent `{}` is no longer in the manifest", order.agent))?;
        let repo = &project.repo;
        if order.anew && !self.folder.path().exists() {
            let (backups, told) = remove_conflict(project, &order.plan, |before| {
                git::conflict::abandon_conflict(admin, &order.plan, before)
            });
            warnings.extend(told);
            for backup in backups.map_err(in_words)? {
                warnings.push(format!(
                    "an earlier agent's resolution is kept as {}",
                    backup.name
                ));
            }
        }
        let builder = CandidateBuilder::new(repo, project.git().map_err(in_words)?);
        let incoming =
            git::refs::stand_in(repo, &builder, &order.plan, &order.onto, &order.head).map_err(in_words)?;
        let files = builder.conflicts(&order.onto, &incoming).map_err(in_words)?;
        let spec = ConflictSpec {
            plan: &order.plan,
            path: &project.conflict_path(&order.plan),
            onto: &order.onto,
            head: &order.head,
            incoming: &incoming,
            message: &words(project, &order.what()),
        };
        let opened = git::conflict::open_conflict(admin, &spec).map_err(in_words)?;
        warnings.extend(opened.warnings);
        let path = opened.path;
        let key = conflict_key(&order.plan);
        warnings.extend(provision_own(project, plan, &key, &path)?);
        clear_dead_locks_of(&path, repo.common_dir()).map_err(in_words)?;
        git::worktree::hide(admin, agent.known.map_or(&[], |known| known.litter)).map_err(in_words)?;
        status::prepare(&path, &plan.name, &plan.document).map_err(in_words)?;
        let files = files.iter().map(|file| ConflictingFile {
            path: file.path.to_string_lossy().into_owned(),
            kind: file.kind.clone(),
        });
        let prompt = self.prompt(plan, &path, files.collect())?;
        let (call, variables) = self.call(plan, agent, &path, &prompt)?;
        let over = HandOver {
            mark: None,
            attempt: &order.attempt,
            worktree: &path,
            head: &order.onto,
            prompt: &prompt,
            timeout: order.timeout,
            grace: plan.attempts.grace,
            hides_git_config: agent.known.is_some_and(|known| known.hides_git_config),
            mcp: None,
            away: None,
        };
        let runner = over.begin(project, self.folder.clone(), call, variables)?;
        runner.ok_or_else(|| "it was handed over to another machine".to_owned())
    }

    /// The agent's prompt: the goals of both sides, and the conflicts.
    fn prompt(&self, plan: &Plan, worktree: &Path, files: Vec<ConflictingFile>) -> Result<String, String> {
        let (project, order) = (self.project, self.order);
        let inside = |file: &str| worktree.join(file).to_string_lossy().into_owned();
        let others = order.with.iter().filter_map(|name| project.plan(name));
        // The plan's `verify` applies to the whole plan, not to its first phases.
        let mut checks = match order.up_to {
            None => FinishCheck::of_plan(plan),
            Some(_) => Vec::new(),
        };
        let merge = project.set.merge.verify.as_deref();
        checks.extend(merge.map(FinishCheck::verify));
        let context = ResolverContext {
            plan: plan.name.clone(),
            title: plan.document.title.clone(),
            goal: plan.document.goal.clone(),
            up_to: order.up_to,
            branch: plan.branch.clone(),
            target: project.target.clone(),
            others: others
                .map(|other| OtherSide {
                    plan: other.name.clone(),
                    title: other.document.title.clone(),
                    goal: other.document.goal.clone(),
                })
                .collect(),
            files,
            verify: FinishCheck::line_of(&checks),
            plan_file: inside(".orch/plan.md"),
            left_out_file: inside(LEFT_OUT),
        };
        let text = project.set.templates.resolver(&context);
        text.map_err(in_words)
    }

    /// The agent's call and its variables.
    fn call(
        &self,
        plan: &Plan,
        agent: &Agent,
        worktree: &Path,
        prompt: &str,
    ) -> Result<(AgentCall, Environment), String> {
        let (project, order) = (self.project, self.order);
        let prompt_file = self.folder.prompt();
        let launch = Launch {
            plan: order.plan.clone(),
            attempt: order.attempt.clone(),
            number: 1,
            agent: order.agent.clone(),
            units: Vec::new(),
            place: WorkPlace {
                lane: 0,
                branch_of: None,
                fresh: false,
            },
            timeout: order.timeout,
            dependencies: Vec::new(),
            after: None,
            seen: None,
            account: order.account.clone(),
            conversation: None,
            budget: None,
            inbox: Vec::new(),
            told: 0,
            owed: Default::default(),
            repeated: Default::default(),
        };
        let around = Surroundings {
            plan,
            branch: &plan.branch,
            worktree,
            git_dir: git_dir_of(worktree).map_err(in_words)?,
            git_common_dir: project.repo.common_dir(),
            prompt_file: &prompt_file,
            prompt,
            program: &self.project.program,
            settings_file: claude_settings_file(self.folder.path()),
        };
        let call = AgentCall::new(agent, &launch, &around)?;
        let mut variables = environment::for_train(project, Some(plan), &conflict_key(&plan.name), worktree);
        variables
            .set(
                "ORCH_STATUS_FILE",
                worktree.join(".orch/status.json").to_string_lossy(),
            )
            .set("ORCH_PLAN_FILE", worktree.join(".orch/plan.md").to_string_lossy())
            // The resolution is recorded for reuse only once it is accepted.
            .set("GIT_CONFIG_COUNT", "1")
            .set("GIT_CONFIG_KEY_0", "rerere.enabled")
            .set("GIT_CONFIG_VALUE_0", "false")
            .set("ORCH_ATTEMPT", order.attempt.as_str())
            .set("ORCH_RUN", self.run.to_string())
            .set("ORCH_PROMPT_FILE", prompt_file.to_string_lossy());
        Ok((call, variables))
    }
}
