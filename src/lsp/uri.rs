//! `file:` URIs, with which editors name files.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The path of a URI; `None` when it is not a file's.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let [first, rest @ ..] = left {
        let hex = |digit: &u8| char::from(*digit).to_digit(16);
        left = rest;
        match (first, rest) {
            (b'%', [high, low, behind @ ..]) => {
                let byte = hex(high)? * 16 + hex(low)?;
                bytes.push(u8::try_from(byte).ok()?);
                left = behind;
            }
            _ => bytes.push(*first),
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// The URI of a file.
pub fn uri_of(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => uri += &format!("%{other:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_an_address_that_leads_back() {
        for path in ["/a b/ü.md", "/100%/#?.toml", "/漢/🙂"] {
            assert_eq!(path_of(&uri_of(Path::new(path))).unwrap(), Path::new(path));
        }
        assert_eq!(path_of("file:///a/b.md").unwrap(), Path::new("/a/b.md"));
        assert_eq!(path_of("untitled:x"), None);
        assert_eq!(path_of("file:///%zz"), None);
    }
}
