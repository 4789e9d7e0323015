//! Running verifications of plans, and whether they are still wanted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::plan::PlanName;

/// True once the verification is unwanted.
#[derive(Debug, Clone, Default)]
pub struct Unwanted(Arc<AtomicBool>);

impl Unwanted {
    /// True once the verification is unwanted.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The last verification of each plan. Between the decision to verify and the first process there is nothing to stop; the
/// verification then stops itself.
#[derive(Debug, Default)]
pub struct Verifying(BTreeMap<PlanName, Unwanted>);

impl Verifying {
    /// Registers a verification that starts.
    pub fn begin(&mut self, plan: &PlanName) -> Unwanted {
        let begun = Unwanted::default();
        self.0.insert(plan.clone(), begun.clone());
        begun
    }

    /// Marks the verification as unwanted.
    pub fn give_up(&self, plan: &PlanName) {
        if let Some(begun) = self.0.get(plan) {
            begun.0.store(true, Ordering::SeqCst);
        }
    }
}
