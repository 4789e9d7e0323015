//! The states that people see, with their exact words.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $type { $($(#[$vdoc])* $variant,)+ }

        impl $type {
            /// Every state, in the order a reader expects.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that people and scripts see.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

states! {
    /// State of a plan.
    PlanState {
        /// Something that the plan waits for is not done.
        Blocked = "blocked",
        /// The plan could start, but waits for a slot.
        Ready = "ready",
        /// An agent works on it, or its work is being checked.
        Running = "running",
        /// It waits for a time, such as a retry's delay or a rate limit's reset.
        Parked = "parked",
        /// It needs a person.
        Held = "held",
        /// A person stopped it for now.
        Paused = "paused",
        /// All its work is done and verified on its branch.
        Finished = "finished",
        /// Its work is on the target.
        Landed = "landed",
        /// Its attempts are used up.
        Failed = "failed",
        /// Something it depends on did not succeed, or a person skipped it.
        Skipped = "skipped",
        /// A person cancelled it.
        Cancelled = "cancelled",
    }
}

impl PlanState {
    /// True when nothing more will happen to the plan in this run without a person.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Finished | Self::Landed | Self::Failed | Self::Skipped | Self::Cancelled => true,
            Self::Blocked | Self::Ready | Self::Running | Self::Parked | Self::Held | Self::Paused => false,
        }
    }
}

states! {
    /// State of a phase or task. `ready` never occurs in a status file, because it is derived.
    TaskState {
        /// Not begun.
        Pending = "pending",
        /// Could begin now.
        Ready = "ready",
        /// Begun.
        Running = "running",
        /// Done.
        Done = "done",
        /// Reported as failed.
        Failed = "failed",
        /// Left out on purpose.
        Skipped = "skipped",
    }
}

impl TaskState {
    /// True when no work remains.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }

    /// Checks the reported state of a whole against the states of its parts. A whole that is reported as done or skipped takes
    /// the state of a part that is still running or failed. When a person skips the whole, the whole is skipped all the same.
    pub fn beside_parts(self, by_person: bool, parts: impl IntoIterator<Item = Self>) -> Self {
        let left_out = self == Self::Skipped && by_person;
        if !self.is_settled() || left_out {
            return self;
        }
        let open = parts
            .into_iter()
            .filter(|part| matches!(part, Self::Running | Self::Failed));
        open.max().unwrap_or(self)
    }
}
