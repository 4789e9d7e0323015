//! Who a message is for, in words.

use crate::plan::PlanName;

/// The addressee of a message: a plan, or the lead when there is none.
pub fn addressee(to: Option<&PlanName>) -> &str {
    to.map_or("the lead", PlanName::as_str)
}
