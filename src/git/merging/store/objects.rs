//! The object database for merges: objects on disk, and new objects that are not written yet.

use std::path::Path;
use std::sync::Arc;

use git2::{ObjectType, Oid};
use sha1::{Digest, Sha1};

use super::ids::ById;
use super::pack::Pack;
use super::shelf::Shelf;
use crate::git::files::error::GitError;

/// Up to this number, new objects are written as one file each. A larger number is written as one pack, which is then
/// cheaper.
const LOOSE: usize = 24;

/// The size in bytes above which an object is not cached, but read again.
const WORTH_KEEPING: usize = 1 << 16;

/// How many bytes are cached.
const KEPT: usize = 64 << 20;

/// The objects of one repository. New objects are held in memory until [`Objects::save`].
pub(in crate::git::merging) struct Objects {
    repo: git2::Repository,
    made: ById<(ObjectType, Arc<[u8]>)>,
    /// The new objects, in order.
    order: Vec<Oid>,
    bytes: usize,
    read: ById<Arc<[u8]>>,
    read_bytes: usize,
    /// The objects that were read ahead.
    ahead: Option<Arc<Shelf>>,
}

impl Objects {
    pub(in crate::git::merging) fn open(common_dir: &Path) -> Result<Self, GitError> {
        let cannot = GitError::library(format!("open `{}`", common_dir.display()));
        // Hashing everything that is read took longer than all other work. Git does not hash it either; `git fsck`
        // does.
        git2::opts::strict_hash_verification(false);
        Ok(Self {
            repo: git2::Repository::open(common_dir).map_err(cannot)?,
            made: ById::default(),
            order: Vec::new(),
            bytes: 0,
            read: ById::default(),
            read_bytes: 0,
            ahead: None,
        })
    }

    /// Takes objects from the shelf, if they are there, before reading them.
    pub(in crate::git::merging) fn take_from(&mut self, shelf: Option<Arc<Shelf>>) {
        self.ahead = shelf;
    }

    /// The common directory of the repository.
    pub(in crate::git::merging) fn common_dir(&self) -> &Path {
        self.repo.commondir()
    }

    /// The bytes of an object; `None` when the object is missing or of another type.
    pub(in crate::git::merging) fn get(&mut self, id: Oid, kind: ObjectType) -> Option<Arc<[u8]>> {
        if let Some((made, data)) = self.made.get(&id) {
            return (*made == kind).then(|| Arc::clone(data));
        }
        if kind != ObjectType::Commit
            && let Some(data) = self.read.get(&id)
        {
            return Some(Arc::clone(data));
        }
        let ahead = self.ahead.as_ref().and_then(|ahead| ahead.take(id, kind));
        let data = match ahead {
            Some(data) => data,
            None => {
                let odb = self.repo.odb().ok()?;
                let object = odb.read(id).ok()?;
                if object.kind() != kind {
                    return None;
                }
                object.data().into()
            }
        };
        if kind != ObjectType::Commit && data.len() <= WORTH_KEEPING {
            self.keep(id, &data);
        }
        Some(data)
    }

    /// The size of an object in bytes, without reading its content.
    pub(in crate::git::merging) fn size(&self, id: Oid) -> Option<usize> {
        if let Some((_, data)) = self.made.get(&id) {
            return Some(data.len());
        }
        // Reading only the header of a packed object is no faster than reading its beginning, so cached objects come first.
        if let Some(data) = self.read.get(&id) {
            return Some(data.len());
        }
        if let Some(size) = self.ahead.as_ref().and_then(|ahead| ahead.size(id)) {
            return Some(size);
        }
        Some(self.repo.odb().ok()?.read_header(id).ok()?.0)
    }

    /// Adds a new object.
    pub(in crate::git::merging) fn put(&mut self, kind: ObjectType, data: Vec<u8>) -> Result<Oid, GitError> {
        let id = name_of(kind, &data).map_err(GitError::library("name an object"))?;
        if !self.made.contains_key(&id) && !self.read.contains_key(&id) {
            self.bytes += data.len();
            self.order.push(id);
            self.made.insert(id, (kind, data.into()));
        }
        Ok(id)
    }

    /// How many bytes are not written yet.
    pub(in crate::git::merging) fn unsaved(&self) -> usize {
        self.bytes
    }

    /// Writes all new objects, so that every git command sees them.
    pub(in crate::git::merging) fn save(&mut self) -> Result<(), GitError> {
        if self.order.is_empty() {
            return Ok(());
        }
        let cannot = || GitError::library("write what was merged");
        let mut objects = self.order.iter().map(|id| (*id, &self.made[id]));
        if self.order.len() <= LOOSE {
            let odb = self.repo.odb().map_err(cannot())?;
            for (_, (kind, data)) in objects {
                odb.write(*kind, data).map_err(cannot())?;
            }
        } else {
            let folder = self.repo.commondir().join("objects/pack");
            let mut pack = Pack::with_room(self.bytes + self.order.len() * 32);
            let added = objects.try_for_each(|(id, (kind, data))| pack.add(id, *kind, data));
            added
                .and_then(|()| pack.write(&folder))
                .map_err(GitError::io("write what was merged into", &folder))?;
        }
        self.bytes = 0;
        self.order.clear();
        for (id, (kind, data)) in std::mem::take(&mut self.made) {
            if kind == ObjectType::Tree {
                self.keep(id, &data);
            }
        }
        Ok(())
    }

    fn keep(&mut self, id: Oid, data: &Arc<[u8]>) {
        self.read_bytes += data.len();
        if self.read_bytes > KEPT {
            self.read.clear();
            self.read_bytes = data.len();
        }
        self.read.insert(id, Arc::clone(data));
    }

    /// True when git commands see other commits than the objects themselves say.
    pub(in crate::git::merging) fn is_rewired(&self) -> bool {
        let dir = self.repo.commondir();
        let grafted = ["info/grafts", "shallow"]
            .iter()
            .any(|file| dir.join(file).exists());
        grafted
            || self
                .repo
                .references_glob("refs/replace/*")
                .map_or(true, |mut refs| refs.next().is_some())
    }
}

/// An object's id: SHA-1 of its type, its size and its bytes.
fn name_of(kind: ObjectType, data: &[u8]) -> Result<Oid, git2::Error> {
    let mut hash = Sha1::new();
    hash.update(format!("{kind} {}\0", data.len()));
    hash.update(data);
    Oid::from_bytes(&hash.finalize())
}
