//! Default values, which are omitted from the journal.

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(in crate::schedule) fn is_zero(lane: &u32) -> bool {
    *lane == 0
}
