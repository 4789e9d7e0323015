//! Facts about messages, and about people who take over from an agent.

use serde::{Deserialize, Serialize};

use super::review::{ReviewApproval, ReviewComment, ReviewReturn};
use super::set_back::SetBack;
use crate::plan::{AgentName, Message, PlanName};
use crate::schedule::event::why::because::Because;

/// One fact about agents and people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum PersonFact {
    /// A running agent can read the messages of its plan up to this one.
    #[serde(rename = "message.delivered")]
    Delivered(MailUpTo),
    /// An agent has read the messages of its plan up to this one.
    #[serde(rename = "message.read")]
    Read(MailUpTo),
    /// Somebody wrote to the lead.
    #[serde(rename = "message.lead")]
    ToLead(ToLead),
    /// The lead has read the messages to the lead up to this one.
    #[serde(rename = "message.seen")]
    Seen {
        /// The number of the last message.
        up_to: u32,
    },
    /// A person opened the plan's worktree. No agent starts there.
    #[serde(rename = "attach.began")]
    AttachBegan(AttachBegan),
    /// Another agent took over from one that could not continue.
    #[serde(rename = "agent.replaced")]
    Replaced(AgentReplaced),
    /// The attached person has left, for whatever reason.
    #[serde(rename = "attach.ended")]
    AttachEnded(AttachEnded),
    /// A person commented on a line of a finished plan.
    #[serde(rename = "review.commented")]
    ReviewCommented(ReviewComment),
    /// A person allows exactly this commit to land.
    #[serde(rename = "review.approved")]
    ReviewApproved(ReviewApproval),
    /// A person wants changes. The plan is open again.
    #[serde(rename = "review.returned")]
    ReviewReturned(ReviewReturn),
    /// A person reset the plan's branch to do some of its phases again.
    #[serde(rename = "plan.set_back")]
    SetBack(SetBack),
}

/// How far the messages of a plan were delivered or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailUpTo {
    /// The plan.
    pub plan: PlanName,
    /// The number of the last message.
    pub up_to: u32,
}

/// A message to the lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToLead {
    /// The plan whose agent wrote the message, or `None` for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanName>,
    /// The message.
    pub message: Message,
}

/// A person at work in a plan's worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachBegan {
    /// The plan.
    pub plan: PlanName,
    /// Lane of the worktree; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "crate::schedule::event::omitted::is_zero")]
    pub lane: u32,
    /// The process id of `orch attach`.
    pub pid: u32,
    /// The command that was opened.
    pub command: String,
}

/// An agent that took over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReplaced {
    /// The plan.
    pub plan: PlanName,
    /// The agent that the manifest names for the work.
    pub own: AgentName,
    /// The agent that did the work until now.
    pub from: AgentName,
    /// The agent that does the work from now on.
    pub by: AgentName,
    /// Why.
    pub why: Because,
}

/// The attached person has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachEnded {
    /// The plan.
    pub plan: PlanName,
    /// The process id of `orch attach`. Another process may be attached by now.
    pub pid: u32,
}

impl PersonFact {
    /// Returns true for the name of a fact in this enumeration.
    pub(in crate::schedule) fn is_name(name: &str) -> bool {
        name == "agent.replaced"
            || name == "plan.set_back"
            || name.starts_with("attach.")
            || name.starts_with("review.")
            || (name.starts_with("message.") && name != "message.sent")
    }

    /// Returns the plan that the fact is about.
    pub fn plan(&self) -> Option<&PlanName> {
        match self {
            Self::Delivered(mail) | Self::Read(mail) => Some(&mail.plan),
            Self::ToLead(sent) => sent.plan.as_ref(),
            Self::Seen { .. } => None,
            Self::AttachBegan(began) => Some(&began.plan),
            Self::AttachEnded(ended) => Some(&ended.plan),
            Self::ReviewCommented(comment) => Some(&comment.plan),
            Self::ReviewApproved(approval) => Some(&approval.plan),
            Self::ReviewReturned(back) => Some(&back.plan),
            Self::SetBack(back) => Some(&back.plan),
            Self::Replaced(replaced) => Some(&replaced.plan),
        }
    }
}
