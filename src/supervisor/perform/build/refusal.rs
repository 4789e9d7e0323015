//! Why a merge is not built.

use crate::schedule::MergeTrouble;

pub(in crate::supervisor::perform) fn refused(error: &dyn std::fmt::Display) -> MergeTrouble {
    MergeTrouble::Refused {
        why: error.to_string(),
    }
}
