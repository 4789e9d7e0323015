//! Why a text cannot be edited as was asked.

/// An edit that is refused before anybody looks at its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// The key is no key of TOML.
    #[error("`{0}` is not a key: expected names with dots between them, such as `plans.auth.priority`")]
    NoKey(String),
    /// A value stands where a table is needed, or the other way round.
    #[error("`{0}` is {1}")]
    Kind(String, &'static str),
    /// The plan is there already.
    #[error("there is a plan `{0}` already")]
    Exists(String),
    /// There is no such plan; the names that there are.
    #[error("there is no plan `{0}`")]
    Missing(String, Vec<String>),
    /// The text is not TOML.
    #[error("not TOML: {0}")]
    NotToml(String),
}
