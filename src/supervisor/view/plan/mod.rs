//! The parts of one plan's view.

pub(in crate::supervisor) mod attempt_view;
pub(in crate::supervisor) mod away_view;
pub(in crate::supervisor) mod conversation_view;
pub(in crate::supervisor) mod exit_view;
pub(in crate::supervisor) mod landed_view;
pub(in crate::supervisor) mod message_view;
pub(in crate::supervisor) mod milestone_view;
pub(in crate::supervisor) mod phase_view;
pub(in crate::supervisor) mod question_view;
