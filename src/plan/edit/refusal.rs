//! Why a text cannot be edited as requested.

/// An edit that is refused before its result is checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// The key is not a TOML key.
    #[error("`{0}` is not a key: expected names with dots between them, such as `plans.auth.priority`")]
    NoKey(String),
    /// A value is in the place of a table, or the other way round.
    #[error("`{0}` is {1}")]
    Kind(String, &'static str),
    /// The plan already exists.
    #[error("there is a plan `{0}` already")]
    Exists(String),
    /// There is no such plan. The list has the names of the existing plans.
    #[error("there is no plan `{0}`")]
    Missing(String, Vec<String>),
    /// The text is not TOML.
    #[error("not TOML: {0}")]
    NotToml(String),
}
