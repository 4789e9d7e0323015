//! Events about agents and people, in a few words.

use crate::schedule::PersonFact;
use crate::words::{because, phases};

/// The text of the event.
pub fn person_line(fact: &PersonFact) -> String {
    match fact {
        PersonFact::Delivered(mail) | PersonFact::Read(mail) => format!("up to message {}", mail.up_to),
        PersonFact::Seen { up_to } => format!("up to message {up_to}"),
        PersonFact::ToLead(sent) => {
            let message = &sent.message;
            format!("{}: {}", message.kind, first(&message.text))
        }
        PersonFact::AttachBegan(began) => format!("process {}: {}", began.pid, began.command),
        PersonFact::Replaced(replaced) => {
            let why = because(&replaced.why);
            let why = first(&why);
            format!("{} takes over from {}: {why}", replaced.by, replaced.from)
        }
        PersonFact::AttachEnded(ended) => format!("process {}", ended.pid),
        PersonFact::ReviewCommented(comment) => {
            format!("{}:{}: {}", comment.file, comment.line, first(&comment.text))
        }
        PersonFact::ReviewApproved(approval) => approval.commit.short().to_owned(),
        PersonFact::ReviewReturned(back) => first(&back.text).to_owned(),
        PersonFact::SetBack(back) => format!("{}, at {}", phases(&back.phases), back.to.short()),
    }
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
