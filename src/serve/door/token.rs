//! The key to the pages: its holder may look and act.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use sha1::{Digest, Sha1};

use crate::journal::OrchDir;

/// Characters of a token: 16 random bytes in base 16, so that its address fits a terminal of 80 columns.
const LETTERS: usize = 32;

/// The key of one repository. It stays the same between servers, so that open pages can reconnect.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The repository's token. Created, readable by its owner only, if there is none. A file that contains no token is
    /// replaced.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn of(dir: &OrchDir) -> io::Result<Self> {
        let path = dir.serve_token();
        if let Ok(kept) = File::open(&path) {
            let mut text = String::new();
            let read = kept.take(LETTERS as u64 + 1).read_to_string(&mut text);
            let good = text.len() == LETTERS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if read.is_ok() && good {
                return Ok(Self(text));
            }
        }
        let mut random = [0; LETTERS / 2];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::create_dir_all(dir.path())?;
        let made = tempfile::Builder::new().make_in(dir.path(), |path| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
        })?;
        made.as_file().write_all(text.as_bytes())?;
        made.persist(&path)?;
        Ok(Self(text))
    }

    /// The token itself.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True for this token. The comparison takes the same time for nearly right and for wrong texts.
    pub fn is(&self, given: &str) -> bool {
        same(&self.0, given)
    }

    /// The key that our forms carry. Other pages cannot read it, so they cannot send a form.
    pub fn form_key(&self) -> String {
        self.derived("form")
    }

    /// True for the key of a form.
    pub fn is_form_key(&self, given: &str) -> bool {
        same(&self.form_key(), given)
    }

    /// The name of the cookie. Browsers share cookies between ports, so two repositories must not use the same name.
    pub fn cookie_name(&self) -> String {
        format!("orch-{}", &self.derived("cookie")[..12])
    }

    fn derived(&self, purpose: &str) -> String {
        let mut hash = Sha1::new();
        hash.update(purpose);
        hash.update(&self.0);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn same(wanted: &str, given: &str) -> bool {
    let different = wanted
        .bytes()
        .zip(given.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    // Hidden from the optimizer, which could stop at the first difference.
    std::hint::black_box(different) == 0 && wanted.len() == given.len()
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_kept_is_private_and_is_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::at(folder.path());
        let token = Token::of(&dir).unwrap();
        assert_eq!(Token::of(&dir).unwrap().text(), token.text());
        let mode = dir.serve_token().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(token.is(token.text()));
        for wrong in [
            "",
            &token.text()[1..],
            &format!("{}0", token.text()),
            &token.form_key(),
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
        std::fs::write(dir.serve_token(), "short").unwrap();
        assert_ne!(Token::of(&dir).unwrap().text(), token.text());
    }
}
