//! Floor 3 (being built): the status file.
use crate::plan::{Document, ItemId, PlanName, TaskState};
use std::path::Path;
#[derive(Debug, Default)]
pub struct Reading {
    pub items: Vec<(ItemId, TaskState, Option<String>)>,
    pub message: Option<String>,
    pub needs: Option<String>,
    pub warnings: Vec<String>,
}
pub fn prepare(_w: &Path, _p: &PlanName, _d: &Document) -> std::io::Result<()> {
    Ok(())
}
pub fn read(_w: &Path, _p: &PlanName, _d: &Document, _c: Option<&Path>) -> Reading {
    Reading::default()
}
pub struct Watcher;
impl Watcher {
    pub fn new(_f: impl Fn(PlanName) + Send + 'static) -> Self {
        Self
    }
    pub fn watch(&self, _p: &PlanName, _w: &Path) {}
}
