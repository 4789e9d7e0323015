//! Messages to the agents of a plan, and to the lead.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::{Message, MessageKind, PlanName, UnitId};
use crate::schedule::event::at::At;

/// The messages to the agents of a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mail {
    /// All messages, in the order of their numbers.
    pub inbox: Vec<Message>,
    /// When each message was sent.
    pub sent: BTreeMap<u32, At>,
    /// The number of the last message that an agent at work could read.
    pub delivered: u32,
    /// The number of the last message that an agent is known to have read, `None` when nobody has looked.
    pub read: Option<u32>,
    /// How many of the messages an agent got with its prompt.
    pub told: u32,
    /// The numbers of the answered messages.
    pub answered: BTreeSet<u32>,
    /// Answers to questions of single units, by number.
    pub addressed: BTreeMap<u32, UnitId>,
}

/// The state of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// No agent could read it yet.
    Waiting,
    /// An agent at work can read it.
    Delivered,
    /// An agent has read it, or got it with the prompt.
    Read,
    /// Somebody wrote back.
    Answered,
}

impl MailState {
    /// The word that people and scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Answered => "answered",
        }
    }
}

impl Mail {
    /// The state of the message with this number.
    pub(in crate::schedule) fn state(&self, id: u32) -> MailState {
        if self.answered.contains(&id) {
            MailState::Answered
        } else if id <= self.told.max(self.read.unwrap_or(0)) {
            MailState::Read
        } else if id <= self.delivered {
            MailState::Delivered
        } else {
            MailState::Waiting
        }
    }

    /// The messages that concern work on these units: all but the answers to questions of other units.
    pub fn to_units<'a>(&'a self, units: &'a [UnitId]) -> impl Iterator<Item = &'a Message> {
        self.inbox.iter().filter(|message| self.concerns(message, units))
    }

    /// True unless the message answers a question of another unit.
    pub(in crate::schedule) fn concerns(&self, message: &Message, units: &[UnitId]) -> bool {
        let unit = self.addressed.get(&message.id);
        unit.is_none_or(|unit| units.contains(unit))
    }

    /// The messages that no agent is known to have read.
    pub fn open(&self) -> impl Iterator<Item = &Message> {
        let read = self.told.max(self.read.unwrap_or(0));
        self.inbox.iter().filter(move |message| message.id > read)
    }

    pub(in crate::schedule) fn take(&mut self, at: At, message: &Message) {
        if !self.inbox.iter().any(|known| known.id == message.id) {
            self.sent.insert(message.id, at);
            self.inbox.push(message.clone());
        }
    }
}

/// The messages that the lead has to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeadMail {
    /// All messages, in the order of their numbers.
    pub letters: Vec<Letter>,
    /// The number of the last message that the lead has read.
    pub seen: u32,
    /// The numbers of the answered messages.
    pub answered: BTreeSet<u32>,
}

/// A message that the lead has to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Its number in the lead's mail.
    pub id: u32,
    /// The plan whose agents it is for, `None` for the lead.
    pub to: Option<PlanName>,
    /// The message, with its number in the mail that it was sent to.
    pub message: Message,
    /// When it was sent.
    pub at: At,
}

impl LeadMail {
    /// The number of the next letter.
    pub fn next(&self) -> u32 {
        u32::try_from(self.letters.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// The letters that the lead has neither read nor answered.
    pub fn open(&self) -> impl Iterator<Item = &Letter> {
        let new = |letter: &&Letter| letter.id > self.seen && !self.answered.contains(&letter.id);
        self.letters.iter().filter(new)
    }

    pub(in crate::schedule) fn take(&mut self, at: At, to: Option<&PlanName>, message: &Message) {
        let letter = Letter {
            id: self.next(),
            to: to.cloned(),
            message: message.clone(),
            at,
        };
        self.letters.push(letter);
    }
}

/// True for a message between agents that the lead has to know about, because their work does not fit together or an agent waits.
pub(in crate::schedule) fn concerns_lead(message: &Message) -> bool {
    let kind = match message.kind {
        MessageKind::Conflict | MessageKind::SyncRequest => true,
        MessageKind::Coordination | MessageKind::Status | MessageKind::Request => false,
    };
    kind && message.from.is_some() && !message.by_orch
}
