//! Plans' own verifications under way, and whether they are still wanted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::plan::PlanName;

/// True once the verification is unwanted.
#[derive(Debug, Clone, Default)]
pub struct Unwanted(Arc<AtomicBool>);

impl Unwanted {
    /// Whether that is so by now.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The verification that was begun last, of each plan. Between the decision to begin one and its first process nothing is
/// there that could be stopped; then it stops itself.
#[derive(Debug, Default)]
pub struct Verifying(BTreeMap<PlanName, Unwanted>);

impl Verifying {
    /// One begins.
    pub fn begin(&mut self, plan: &PlanName) -> Unwanted {
        let begun = Unwanted::default();
        self.0.insert(plan.clone(), begun.clone());
        begun
    }

    /// It is unwanted.
    pub fn give_up(&self, plan: &PlanName) {
        if let Some(begun) = self.0.get(plan) {
            begun.0.store(true, Ordering::SeqCst);
        }
    }
}
