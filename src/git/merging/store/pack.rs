//! A pack of objects with its index. The objects are stored uncompressed; git's own housekeeping compresses them later.
//!
//! The formats are those of git's `gitformat-pack`. The streams in the pack are zlib streams (RFC 1950) of stored
//! blocks (RFC 1951, 3.2.4). libgit2 could also index the pack, but it would read and hash every object a second time.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git2::{ObjectType, Oid};
use sha1::{Digest, Sha1};

/// The most bytes of a stored block.
const BLOCK: usize = 0xffff;

/// A pack that is being built.
#[derive(Debug)]
pub(in crate::git::merging) struct Pack {
    bytes: Vec<u8>,
    /// For each object: its id, its offset, and the checksum of its bytes in the pack.
    objects: Vec<(Oid, u32, u32)>,
}

impl Pack {
    /// An empty pack with room for this many bytes.
    pub(in crate::git::merging) fn with_room(bytes: usize) -> Self {
        let mut pack = Vec::with_capacity(bytes);
        // The number of objects is filled in at the end.
        pack.extend_from_slice(b"PACK\0\0\0\x02\0\0\0\0");
        Self {
            bytes: pack,
            objects: Vec::new(),
        }
    }

    /// Adds an object.
    ///
    /// # Errors
    ///
    /// When the object is neither blob, tree nor commit, or the pack would grow beyond 2 GiB.
    pub(in crate::git::merging) fn add(&mut self, id: Oid, kind: ObjectType, data: &[u8]) -> io::Result<()> {
        let start = self.bytes.len();
        // Larger offsets have another format, which has not been needed here.
        let offset = u32::try_from(start).ok().filter(|offset| *offset < 1 << 31);
        let offset = offset.ok_or_else(|| io::Error::other("too much for one pack"))?;
        head(&mut self.bytes, kind, data.len())?;
        stored(&mut self.bytes, data);
        self.objects
            .push((id, offset, crc32fast::hash(&self.bytes[start..])));
        Ok(())
    }

    /// Writes pack and index into a folder of packs. The index comes last, because git ignores a pack without an index.
    pub(in crate::git::merging) fn write(mut self, folder: &Path) -> io::Result<()> {
        let count = u32::try_from(self.objects.len()).map_err(io::Error::other)?;
        self.bytes[8..12].copy_from_slice(&count.to_be_bytes());
        let checksum = Sha1::digest(&self.bytes);
        self.bytes.extend_from_slice(&checksum);
        let index = index(&mut self.objects, &checksum);
        let name: String = checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::create_dir_all(folder)?;
        for (bytes, ending) in [(&self.bytes, "pack"), (&index, "idx")] {
            // By this name git recognizes an unfinished file that it may remove.
            let mut file = tempfile::Builder::new().prefix("tmp_pack_").tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().set_permissions(Permissions::from_mode(0o444))?;
            file.persist(folder.join(format!("pack-{name}.{ending}")))?;
        }
        Ok(())
    }
}

/// The index, version 2: for each first byte, how many ids begin with it or a smaller one; the ids in order; their
/// checksums; their offsets.
fn index(objects: &mut [(Oid, u32, u32)], pack: &[u8]) -> Vec<u8> {
    objects.sort_by(|one, two| one.0.as_bytes().cmp(two.0.as_bytes()));
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=u8::MAX {
        let below = objects.partition_point(|(id, ..)| id.as_bytes()[0] <= first);
        index.extend(u32::try_from(below).unwrap_or(u32::MAX).to_be_bytes());
    }
    for (id, ..) in objects.iter() {
        index.extend_from_slice(id.as_bytes());
    }
    for (_, _, checksum) in objects.iter() {
        index.extend(checksum.to_be_bytes());
    }
    for (_, offset, _) in objects.iter() {
        index.extend(offset.to_be_bytes());
    }
    index.extend_from_slice(pack);
    let checksum = Sha1::digest(&index);
    index.extend_from_slice(&checksum);
    index
}

/// An object's type and size: four bits of the size, then seven bits a byte, least significant first.
fn head(pack: &mut Vec<u8>, kind: ObjectType, size: usize) -> io::Result<()> {
    let kind = match kind {
        ObjectType::Commit => 1,
        ObjectType::Tree => 2,
        ObjectType::Blob => 3,
        other => return Err(io::Error::other(format!("no {other} is made here"))),
    };
    let mut byte = (kind << 4) | low_bits(size, 4);
    let mut rest = size >> 4;
    while rest > 0 {
        pack.push(byte | 0x80);
        byte = low_bits(rest, 7);
        rest >>= 7;
    }
    pack.push(byte);
    Ok(())
}

fn low_bits(number: usize, bits: u32) -> u8 {
    u8::try_from(number & ((1 << bits) - 1)).unwrap_or(u8::MAX)
}

/// A zlib stream of stored blocks.
fn stored(pack: &mut Vec<u8>, data: &[u8]) {
    pack.extend([0x78, 0x01]);
    let mut chunks = data.chunks(BLOCK).peekable();
    if chunks.peek().is_none() {
        pack.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(chunk) = chunks.next() {
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        pack.push(u8::from(chunks.peek().is_none()));
        pack.extend(length.to_le_bytes());
        pack.extend((!length).to_le_bytes());
        pack.extend_from_slice(chunk);
    }
    pack.extend(adler(data).to_be_bytes());
}

/// Adler-32 (RFC 1950, 8.2). `SAFE` bytes can be summed before the sums have to be reduced.
fn adler(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    const SAFE: usize = 5_552;
    let (mut one, mut two) = (1u32, 0u32);
    for chunk in data.chunks(SAFE) {
        for byte in chunk {
            one += u32::from(*byte);
            two += one;
        }
        one %= MODULUS;
        two %= MODULUS;
    }
    (two << 16) | one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(adler(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn an_empty_object_is_a_block_too() {
        let mut out = Vec::new();
        stored(&mut out, b"");
        assert_eq!(out, [0x78, 1, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1]);
    }

    #[test]
    fn a_pack_is_read_back_object_by_object() {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let mut pack = Pack::with_room(0);
        let mut known = Vec::new();
        for number in 0..300usize {
            // Some objects are longer than a block.
            let data = vec![b'x'; number * number * 3];
            let id = Oid::hash_object(ObjectType::Blob, &data).unwrap();
            pack.add(id, ObjectType::Blob, &data).unwrap();
            known.push((id, data));
        }
        pack.write(&repo.path().join("objects/pack")).unwrap();
        let odb = repo.odb().unwrap();
        for (id, data) in known {
            assert_eq!(odb.read(id).unwrap().data(), data);
        }
    }
}
