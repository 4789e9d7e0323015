//! A file system of its own, small enough to be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a file system holds, in bytes.
const SIZE: usize = 64 << 20;

/// A mounted file system in memory. Taken away when this value goes.
pub struct SmallDisk {
    point: PathBuf,
}

impl SmallDisk {
    /// Mounts one over an empty folder; none where that is not allowed.
    pub fn mount(point: &Path) -> Option<Self> {
        let size = format!("size={SIZE},mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(point)
            .output()
            .ok()?;
        let point = point.to_owned();
        mounted.status.success().then_some(Self { point })
    }

    /// Fills it to the last block.
    pub fn fill(&self) {
        let Ok(mut filler) = File::create(self.filler()) else {
            return;
        };
        let mut piece = 1 << 20;
        while piece > 0 {
            if filler.write_all(&vec![b'x'; piece]).is_err() {
                piece /= 2;
            }
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.point.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: somebody may still be in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.point).output();
    }
}
