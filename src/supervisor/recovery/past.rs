//! Manifest and documents in earlier commits.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
use crate::plan::{CommitId, PlanName, PlanSet};

use super::brought::Brought;
use crate::supervisor::project::load::MANIFEST;
use crate::supervisor::project::repository_plans::Project;

/// The path of each plan's document.
type Files = BTreeMap<PlanName, PathBuf>;

/// Reads plans from commits, each manifest only once.
#[derive(Debug)]
pub struct Past<'c> {
    project: &'c Project,
    read: RefCell<BTreeMap<String, Rc<Files>>>,
}

/// One plan in a commit.
#[derive(PartialEq)]
struct Texts {
    manifest: Option<String>,
    /// Its document.
    document: Option<String>,
}

impl<'c> Past<'c> {
    /// A reader that has not read anything yet.
    pub fn of(project: &'c Project) -> Self {
        Self {
            project,
            read: RefCell::default(),
        }
    }

    /// The plan before and after each of these steps that changed its manifest or document, at the path that the manifest
    /// gave at that time. Where a version is unusable, the last usable one counts.
    pub fn changed_by<'a>(
        &self,
        plan: &PlanName,
        brought: &'a [Brought],
    ) -> Vec<(&'a Brought, PlanSet, PlanSet)> {
        let mut last: Option<PlanSet> = None;
        let mut changed = Vec::new();
        for step in brought {
            let (before, after) = (self.texts(plan, &step.before), self.texts(plan, &step.commit));
            // Few steps change these files, and parsing costs more than fetching.
            if before == after {
                continue;
            }
            last = self.set(plan, &step.before, &before).or(last);
            let now = self.set(plan, &step.commit, &after);
            if let (Some(before), Some(after)) = (&last, &now) {
                changed.push((step, before.clone(), after.clone()));
            }
            last = now.or(last);
        }
        changed
    }

    fn texts(&self, plan: &PlanName, commit: &CommitId) -> Texts {
        let manifest = self.text(commit, &self.project.manifest);
        // A manifest that is in no commit is the lead's current one.
        let now = || self.project.plan(plan)?.file.clone();
        let file = match &manifest {
            Some(manifest) => self.files(manifest).get(plan).cloned(),
            None => now(),
        };
        let document = file.and_then(|file| self.document(commit, &file));
        Texts { manifest, document }
    }

    fn text(&self, commit: &CommitId, file: &Path) -> Option<String> {
        let repo = &self.project.repo;
        repo.text_at(commit, file.strip_prefix(repo.here()).ok()?)
    }

    /// A document, by its path in the manifest.
    fn document(&self, commit: &CommitId, file: &Path) -> Option<String> {
        self.text(commit, &self.project.manifest.parent()?.join(file))
    }

    fn files(&self, manifest: &str) -> Rc<Files> {
        if let Some(files) = self.read.borrow().get(manifest) {
            return Rc::clone(files);
        }
        let parsed = parse_manifest(Path::new(MANIFEST), manifest);
        let files = parsed
            .documents()
            .map(|request| (request.plan, request.file.to_owned()));
        let files = Rc::new(files.collect());
        self.read
            .borrow_mut()
            .insert(manifest.to_owned(), Rc::clone(&files));
        files
    }

    /// The plans of that commit, with the other plans' documents as they are now, as far as those plans still exist.
    fn set(&self, plan: &PlanName, commit: &CommitId, texts: &Texts) -> Option<PlanSet> {
        let now = |plan: &PlanName| Some(self.project.plan(plan)?.document.text.clone());
        let text = match &texts.manifest {
            Some(text) => Cow::from(text),
            None => Cow::from(fs::read_to_string(&self.project.manifest).ok()?),
        };
        let parsed = parse_manifest(Path::new(MANIFEST), &text);
        let sources = parsed.documents().filter_map(|request| {
            let own = texts.document.clone().filter(|_| request.plan == *plan);
            let other = || now(&request.plan).or_else(|| self.document(commit, request.file));
            let source = DocumentSource {
                display: request.file.to_owned(),
                content: Ok(Content::Bytes(own.or_else(other)?.into_bytes())),
            };
            Some((request.plan.clone(), source))
        });
        let sources = sources.collect();
        resolve(parsed, sources).ok()
    }
}
