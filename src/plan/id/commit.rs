//! The id of a commit, used on every floor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a commit's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a commit id: expected 40 or 64 lower-case hexadecimal digits")]
pub struct CommitIdError {
    /// The text as it was given.
    pub text: String,
}

/// A full object id of a commit: 40 hexadecimal digits (SHA-1) or 64 (SHA-256), lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// The id of no commit: all zeros, as git writes it.
    pub fn null() -> Self {
        Self("0".repeat(40))
    }

    /// The full id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for people only. Never parse them.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for CommitId {
    type Err = CommitIdError;

    fn from_str(text: &str) -> Result<Self, CommitIdError> {
        if is_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CommitIdError {
                text: text.to_owned(),
            })
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = CommitIdError;

    fn try_from(text: String) -> Result<Self, CommitIdError> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> String {
        id.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_full_length_lower_case_hexadecimal() {
        let sha1 = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3";
        assert_eq!(sha1.parse::<CommitId>().unwrap().short(), "a94a8fe5cc");
        assert!("0".repeat(64).parse::<CommitId>().is_ok());
        for bad in ["", "a94a8fe5cc", &sha1.to_uppercase(), &"g".repeat(40)] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn an_id_is_written_as_plain_text() {
        let id: CommitId = "0".repeat(40).parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<CommitId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<CommitId>("\"HEAD\"").is_err());
    }
}
