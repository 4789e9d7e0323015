//! Why a merge is not built.

use crate::schedule::MergeTrouble;

pub fn refused(error: &dyn std::fmt::Display) -> MergeTrouble {
    MergeTrouble::Refused {
        why: error.to_string().into(),
    }
}
