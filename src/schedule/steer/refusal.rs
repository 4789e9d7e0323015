//! A request of a person that makes no sense, and what would.

/// Why a request makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SteerRefusal {
    /// In words.
    pub why: String,
    /// A hint.
    pub hint: Option<String>,
}

/// A refusal, and what to do instead.
pub(in crate::schedule) fn refuse(why: impl Into<String>, hint: Option<&str>) -> SteerRefusal {
    SteerRefusal {
        why: why.into(),
        hint: hint.map(str::to_owned),
    }
}
