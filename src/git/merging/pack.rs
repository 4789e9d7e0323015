//! A pack of objects, each stored as it is: what git's own housekeeping compresses later.
//!
//! The format is that of git's `gitformat-pack`; the streams in it are zlib's (RFC 1950) of stored blocks (RFC 1951, 3.2.4).

use std::io;

use git2::ObjectType;
use sha1::{Digest, Sha1};

/// Most bytes of a stored block.
const BLOCK: usize = 0xffff;

/// The pack, with its closing checksum.
///
/// # Errors
///
/// When there are more objects than a pack can hold, or one is neither blob, tree nor commit.
pub(super) fn pack<'a>(
    objects: impl ExactSizeIterator<Item = (ObjectType, &'a [u8])>,
) -> io::Result<Vec<u8>> {
    let count =
        u32::try_from(objects.len()).map_err(|_| io::Error::other("too many objects for one pack"))?;
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend(count.to_be_bytes());
    for (kind, data) in objects {
        head(&mut pack, kind, data.len())?;
        stored(&mut pack, data);
    }
    let checksum = Sha1::digest(&pack);
    pack.extend_from_slice(&checksum);
    Ok(pack)
}

/// An object's type and size: four bits of the size, then seven a byte, the least first.
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

/// Adler-32 (RFC 1950, 8.2). So many bytes can be summed up before the sums have to be reduced.
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
        assert_eq!(adler(&[0xff; 100_000]), 0x149a_302c);
    }

    #[test]
    fn an_empty_object_is_a_block_too() {
        let mut out = Vec::new();
        stored(&mut out, b"");
        assert_eq!(out, [0x78, 1, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1]);
    }
}
