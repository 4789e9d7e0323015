//! A file system of its own on which copies of a file may share its blocks.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of each kind of file system, the least that it takes and a little more.
const KINDS: &[(&str, &[&str], u64)] = &[
    ("mkfs.btrfs", &["-q"], 160 << 20),
    ("mkfs.xfs", &["-q", "-m", "reflink=1"], 400 << 20),
];

/// A mounted image file. Taken away when this value goes.
pub struct SharedBlocks {
    point: PathBuf,
    image: PathBuf,
}

impl SharedBlocks {
    /// Makes one in a file beside an empty folder and mounts it there; none where that cannot be done.
    pub fn mount(point: &Path) -> Option<Self> {
        let image = point.with_extension("image");
        KINDS
            .iter()
            .find_map(|(make, options, size)| mount(make, options, *size, &image, point))
    }

    /// How much a file must have for two of them not to fit, in bytes.
    pub fn more_than_half(&self) -> u64 {
        let found = rustix::fs::statvfs(&self.point).unwrap();
        found.f_bavail * found.f_frsize * 6 / 10
    }
}

fn mount(make: &str, options: &[&str], size: u64, image: &Path, point: &Path) -> Option<SharedBlocks> {
    File::create(image).and_then(|file| file.set_len(size)).unwrap();
    let done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mounted = done(Command::new(make).env("PATH", path).args(options).arg(image))
        && done(Command::new("mount").args(["-o", "loop"]).arg(image).arg(point));
    if !mounted {
        let _ = std::fs::remove_file(image);
        return None;
    }
    Some(SharedBlocks {
        point: point.to_owned(),
        image: image.to_owned(),
    })
}

impl Drop for SharedBlocks {
    fn drop(&mut self) {
        // Lazily: somebody may still be in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.point).output();
        let _ = std::fs::remove_file(&self.image);
    }
}
