//! The control socket: how other processes talk to the supervisor that drives the repository.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use crate::journal::{OrchDir, RepositoryLock};

use super::request::{Answer, Request};
use crate::supervisor::project::error::SupervisorError;

/// A request, with the channel for its answer.
#[derive(Debug)]
pub struct PendingRequest {
    /// The request.
    pub request: Request,
    /// The channel for the answer.
    pub reply: oneshot::Sender<Answer>,
}

/// The open conversations.
#[derive(Debug, Clone)]
pub struct Conversations(Arc<()>);

/// How long sending a finished answer may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Conversations {
    /// Waits until every answer is sent. Unanswered requests must have been dropped before.
    pub async fn end(self) {
        let deadline = Instant::now() + LAST_WORDS;
        // The two remaining references are this one and the listener's.
        while Arc::strong_count(&self.0) > 2 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// The longest request, in bytes.
const LONGEST: u64 = 1 << 20;

/// A path for the socket that fits into the kernel's limit of 108 bytes, however deep the repository lies: the path goes
/// through an open file descriptor of the socket's folder.
struct ShortPath {
    _folder: std::fs::File,
    path: PathBuf,
}

impl ShortPath {
    fn new(dir: &OrchDir) -> io::Result<Self> {
        let folder = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::DIRECTORY.bits() as i32)
            .open(dir.path())?;
        let socket = dir.socket();
        let name = socket.file_name().unwrap_or_default();
        use std::os::fd::AsRawFd;
        let path = Path::new("/proc/self/fd")
            .join(folder.as_raw_fd().to_string())
            .join(name);
        Ok(Self {
            _folder: folder,
            path,
        })
    }
}

/// Listens, and passes every request on. Only the holder of the repository lock may call this: an existing socket file then
/// belongs to a dead process.
///
/// # Errors
///
/// When the socket cannot be created.
pub fn listen(
    dir: &OrchDir,
    calls: mpsc::UnboundedSender<PendingRequest>,
) -> Result<Conversations, SupervisorError> {
    let bind = || -> io::Result<UnixListener> {
        let short = ShortPath::new(dir)?;
        match std::fs::remove_file(&short.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&short.path)?;
        std::fs::set_permissions(&short.path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    let listener = bind().map_err(SupervisorError::system("open the control socket"))?;
    let conversations = Conversations(Arc::new(()));
    let open = conversations.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (calls, open) = (calls.clone(), open.clone());
            tokio::spawn(async move {
                serve(stream, calls).await;
                drop(open);
            });
        }
    });
    Ok(conversations)
}

async fn serve(stream: UnixStream, calls: mpsc::UnboundedSender<PendingRequest>) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = tokio::io::BufReader::new(tokio::io::AsyncReadExt::take(read, LONGEST));
    if read.read_line(&mut line).await.is_err() || line.is_empty() {
        return;
    }
    let answer = match serde_json::from_str(&line) {
        Ok(request) => {
            let (reply, answer) = oneshot::channel();
            // A request that the loop no longer accepts is dropped, and with it the reply channel.
            let _ = calls.send(PendingRequest { request, reply });
            answer.await.unwrap_or(Answer::Ended)
        }
        Err(error) => Answer::Refused {
            why: format!("the request is not understood: {error}"),
            hint: None,
        },
    };
    let mut text = serde_json::json!(answer).to_string();
    text.push('\n');
    // The requesting process may have ended; its request is carried out all the same.
    let _ = write.write_all(text.as_bytes()).await;
}

/// Sends a request to the supervisor of this repository and waits for the answer. `None` when nobody listens, or when the
/// supervisor was about to end; then it has ended. A supervisor that ends in the middle of the conversation may have carried
/// the request out.
///
/// # Errors
///
/// When somebody listens but does not answer in time, or the connection fails.
pub fn ask(dir: &OrchDir, request: &Request) -> Result<Option<Answer>, SupervisorError> {
    let stream = ShortPath::new(dir).and_then(|short| BlockingStream::connect(&short.path));
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(SupervisorError::system("reach the supervisor")(error)),
    };
    let asked = RepositoryLock::holder(dir)?.flatten();
    let patience = patience(request);
    let mut text = serde_json::json!(request).to_string();
    text.push('\n');
    let mut converse = || -> io::Result<Answer> {
        stream.set_write_timeout(patience)?;
        stream.set_read_timeout(patience)?;
        stream.write_all(text.as_bytes())?;
        let mut line = String::new();
        if BufReader::new(&stream).read_line(&mut line)? == 0 {
            return Ok(Answer::Ended);
        }
        Ok(serde_json::from_str(&line)?)
    };
    let answer = match converse() {
        Ok(answer) => answer,
        Err(error) if has_hung_up(&error) => Answer::Ended,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            let pid = RepositoryLock::holder(dir)?.flatten().map(|holder| holder.pid);
            return Err(SupervisorError::Silent {
                pid,
                seconds: patience.unwrap_or_default().as_secs(),
                suspended: pid.is_some_and(crate::agent::is_suspended),
            });
        }
        Err(error) => return Err(SupervisorError::system("talk to the supervisor")(error)),
    };
    match answer {
        Answer::Ended => {
            let deadline = Instant::now() + PATIENCE;
            while RepositoryLock::holder(dir)?.is_some_and(|now| now == asked) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(None)
        }
        answer => Ok(Some(answer)),
    }
}

/// True for the errors of a connection that the other side closed.
fn has_hung_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}

/// How long an answer may take; `None` for requests that are answered after work of unknown length.
fn patience(request: &Request) -> Option<Duration> {
    match request {
        Request::Down { .. }
        | Request::Steer { .. }
        | Request::Send(_)
        | Request::Seen { .. }
        | Request::Attach(_)
        | Request::Answer { .. }
        | Request::Review { .. }
        | Request::Train => Some(PATIENCE),
        Request::Resolve { .. } | Request::Merge { .. } => None,
    }
}

/// How long a supervisor may take for an immediate answer, or to end when it is about to.
const PATIENCE: Duration = Duration::from_secs(10);
