//! Names that people choose in `plans.toml`: plans, agents and resources.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid name: names match [a-z0-9][a-z0-9_-]*")]
pub struct NameError {
    /// The text as it was written.
    pub text: String,
}

fn check(text: &str) -> Result<(), NameError> {
    let mut chars = text.chars();
    let first_ok = chars
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let rest_ok = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if first_ok && rest_ok {
        Ok(())
    } else {
        Err(NameError {
            text: text.to_owned(),
        })
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check(&text)?;
                Ok(Self(text.into()))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// The name of a plan: the key of its table under `[plans]`.
    PlanName
}
name! {
    /// The name of an agent: the key of its table under `[agents]`, or a preset's name.
    AgentName
}
name! {
    /// The name of a resource: a key of `[resources]`.
    ResourceName
}
name! {
    /// The name of an executor: the key of its table under `[executors]`.
    ExecutorName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_lower_case_digits_and_inner_punctuation() {
        for good in ["a", "0", "auth", "auth-2", "auth_2", "2fa"] {
            assert_eq!(good.parse::<PlanName>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_a", "A", "a.b", "a/b", "ü", "a b"] {
            assert!(bad.parse::<PlanName>().is_err(), "{bad:?} was accepted");
        }
    }
}
