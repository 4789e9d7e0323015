//! The names of all events, with what each says: for `orch schema events`.

/// Every event's name and meaning, in the order in which they are defined.
pub const EVENT_NAMES: &[(&str, &str)] = &[
    ("run.started", "`orch up` began a run or went on with one."),
    ("run.stopping", "A person asked to stop."),
    ("run.stopped", "The supervisor ended in order."),
    ("run.settled", "Every plan has settled."),
    ("worktree.created", "The plan's worktree and branch exist."),
    ("worktree.refused", "The worktree could not be made."),
    (
        "worktree.waits",
        "Making the worktree takes a while: it waits for room on the disk, or is being set up.",
    ),
    (
        "worktree.deferred",
        "The worktree is not made for now, because a person asked to stop; it is asked for again.",
    ),
    (
        "worktree.lost",
        "The worktree is not there any more; it is made again when it is needed.",
    ),
    (
        "attempt.assigned",
        "An attempt was given work. Written before its process starts.",
    ),
    ("agent.started", "The agent's process runs."),
    ("agent.refused", "The agent could not be started."),
    ("agent.ended", "The agent's process is gone."),
    (
        "agent.told",
        "What the agent's output tells: its last word, tools it was denied, turns, tokens, cost, its conversation.",
    ),
    (
        "attempt.parked",
        "The attempt met a rate limit or an outage; the plan goes on when that is over, and no attempt is spent.",
    ),
    (
        "attempt.checked",
        "What the attempt left was looked at, and leftover changes were committed.",
    ),
    ("attempt.failed", "The attempt's work did not complete its leg."),
    (
        "phase.verify",
        "The verification of a phase began or ended: `said` tells which.",
    ),
    ("leg.done", "What an attempt was given is done."),
    (
        "work.merged",
        "The commits of an attempt on a branch of its own are on the plan's branch.",
    ),
    (
        "work.conflicted",
        "The commits of an attempt do not merge into the plan's branch.",
    ),
    (
        "work.refused",
        "The commits of an attempt could not be merged into the plan's branch, for another reason than a conflict.",
    ),
    (
        "work.left_out",
        "A task that nobody worked on was said to be needless.",
    ),
    (
        "plan.ticked",
        "Other boxes of a plan's document are ticked than before.",
    ),
    (
        "work.added",
        "A task, a VERIFY block or a phase was added to what was done: that is open again.",
    ),
    (
        "work.failed",
        "The attempts at one phase or task are used up; the rest of the plan goes on.",
    ),
    ("work.skipped", "A phase or task waits for what will not come."),
    ("task.started", "A task was begun."),
    ("task.done", "A task was reported done."),
    ("task.failed", "A task was reported failed."),
    ("task.skipped", "A task was left out on purpose."),
    ("phase.done", "All tasks of a phase are done or skipped."),
    ("plan.pinned", "The commit of a point was pinned."),
    ("pin.refused", "The commit of a point could not be pinned."),
    ("verify.started", "The plan's own verification began."),
    ("verify.passed", "The plan's own verification succeeded."),
    ("verify.failed", "The plan's own verification failed."),
    (
        "verify.stopped",
        "The plan's own verification was stopped because a person asked; it says nothing.",
    ),
    ("plan.finished", "All work is done and verified on the branch."),
    ("plan.failed", "The attempts are used up."),
    ("plan.skipped", "Something the plan depends on did not succeed."),
    ("plan.held", "The plan needs a person."),
    (
        "plan.paused",
        "A person asked to begin nothing new of a plan or a part of it.",
    ),
    ("plan.resumed", "A person let it go on."),
    (
        "retry.requested",
        "A person asked to try again what failed, was held, skipped or cancelled.",
    ),
    (
        "cancel.requested",
        "A person asked to stop a plan or a part of it for good.",
    ),
    (
        "work.cancelled",
        "Nothing of a phase or task that was cancelled runs any more.",
    ),
    (
        "plan.cancelled",
        "Nothing of a plan that was cancelled runs any more.",
    ),
    ("gate.approved", "A person let a gate be passed."),
    (
        "merge.requested",
        "A person, or the manifest, asked for plans to be landed.",
    ),
    ("merge.started", "A candidate is being built and verified."),
    ("merge.verified", "A candidate was verified."),
    ("merge.flaky", "A candidate passed that was red before."),
    (
        "merge.landed",
        "The plan, or its first phases (`part`), are on the target.",
    ),
    (
        "merge.found",
        "A finished plan was found on the target without orch having landed it: a person has.",
    ),
    ("merge.reverted", "A person took the plan off the target again."),
    (
        "merge.restored",
        "Somebody has undone what took the plan off the target.",
    ),
    ("merge.failed", "The plan could not be landed."),
    (
        "target.checked",
        "What a run has landed was verified once more, in a fresh worktree; `why` and `first_bad` where it does not pass.",
    ),
    (
        "agent.stuck",
        "Nothing of an attempt has moved for as long as `stuck_after` says.",
    ),
    ("agent.stirred", "It has moved again."),
    (
        "stuck.acted",
        "It stayed still, and what `on_stuck` says is done about it.",
    ),
    (
        "report.late",
        "A word of an agent that had ended; it counts for nothing.",
    ),
    ("message.sent", "Somebody wrote to those who work on a plan."),
    (
        "conflict.foreseen",
        "The plan's branch does not merge with another live one, or with the target, as both stand.",
    ),
    ("conflict.gone", "By now it does."),
    (
        "union.red",
        "The plan's branch and others pass alone and merge, and together they do not pass.",
    ),
    ("union.green", "By now they do."),
    (
        "wait.escalated",
        "A plan has waited for longer than `[escalate]` allows.",
    ),
    (
        "manifest.changed",
        "The manifest or a document was edited while plans were worked on.",
    ),
    (
        "resolve.opened",
        "The conflict is checked out in a worktree made for it.",
    ),
    ("resolve.done", "It was resolved there."),
    ("resolve.dropped", "Its resolution was given up."),
    (
        "resolve.cancelled",
        "A person does not want the agent at it to go on, nor another to begin on these two commits.",
    ),
    (
        "resolve.started",
        "An agent was given the conflict. Written before its process starts.",
    ),
    ("resolve.failed", "What the agent made of it is not accepted."),
    (
        "resolve.reused",
        "A candidate was built although it conflicts: as it was resolved before, or by making generated files anew.",
    ),
    (
        "warning",
        "Something worth a person's attention that changes no state.",
    ),
];
