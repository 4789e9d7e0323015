//! Commits as git stores them, byte for byte: messages and names need not be UTF-8.

use super::ids::oid;
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// The parts of a commit object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct RawCommit {
    /// The id of the commit's tree.
    pub(in crate::git) tree: String,
    /// The commit's parents.
    pub(in crate::git) parents: Vec<CommitId>,
    /// The name, address and time of the author.
    pub(in crate::git) author: Vec<u8>,
    /// The name, address and time of the committer.
    pub(in crate::git) committer: Vec<u8>,
    /// The encoding of message and names; `None` for UTF-8.
    pub(in crate::git) encoding: Option<Vec<u8>>,
    /// The message.
    pub(in crate::git) message: Vec<u8>,
}

impl RawCommit {
    /// Parses the content of a commit object; `None` when the content is not a commit. Signatures and merged tags are
    /// skipped, because they are valid only for that very commit.
    pub(in crate::git) fn parse(data: &[u8]) -> Option<Self> {
        let end = data.windows(2).position(|two| two == b"\n\n")?;
        let (head, message) = (&data[..end], &data[end + 2..]);
        let fields = |name: &'static str| {
            head.split(|byte| *byte == b'\n')
                .filter_map(move |line| line.strip_prefix(name.as_bytes()))
        };
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some(Self {
            tree: text(fields("tree ").next()?)?,
            parents: fields("parent ")
                .map(|id| text(id)?.parse().ok())
                .collect::<Option<_>>()?,
            author: fields("author ").next()?.to_vec(),
            committer: fields("committer ").next()?.to_vec(),
            encoding: fields("encoding ").next().map(<[u8]>::to_vec),
            message: message.to_vec(),
        })
    }

    /// The content of the commit object.
    pub(in crate::git) fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        let mut field = |name: &str, value: &[u8]| {
            content.extend_from_slice(name.as_bytes());
            content.push(b' ');
            content.extend_from_slice(value);
            content.push(b'\n');
        };
        field("tree", self.tree.as_bytes());
        for parent in &self.parents {
            field("parent", parent.as_str().as_bytes());
        }
        field("author", &self.author);
        field("committer", &self.committer);
        if let Some(encoding) = &self.encoding {
            field("encoding", encoding);
        }
        content.push(b'\n');
        content.extend_from_slice(&self.message);
        content
    }
}

/// Reads a commit from a repository.
pub(in crate::git) fn read(repo: &git2::Repository, commit: &CommitId) -> Result<RawCommit, GitError> {
    let cannot = || GitError::library(format!("read the commit `{commit}`"));
    let odb = repo.odb().map_err(cannot())?;
    let found = odb.read(oid(commit)?).map_err(cannot())?;
    RawCommit::parse(found.data()).ok_or_else(|| GitError::Unreadable {
        command: format!("git cat-file commit {commit}"),
        what: "no commit that is read here".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_written_as_it_was_read_but_for_its_signature() {
        let plain: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
            parent 1111111111111111111111111111111111111111\n\
            author \xe9ve <e@x> 1 +0000\ncommitter \xe9ve <e@x> 2 +0100\nencoding ISO-8859-1\n\nf\xfcr\n\n\nauthor x\n";
        let read = RawCommit::parse(plain).unwrap();
        assert_eq!(read.encoding.as_deref(), Some(&b"ISO-8859-1"[..]));
        assert_eq!(read.content(), plain);
        let mut signed = plain.to_vec();
        let at = plain.windows(2).position(|two| two == b"\n\n").unwrap();
        signed.splice(
            at..at,
            b"\ngpgsig -----BEGIN\n author y\n -----END".iter().copied(),
        );
        assert_eq!(RawCommit::parse(&signed).unwrap(), read);
        assert_eq!(RawCommit::parse(b"tree x\n"), None);
    }
}
