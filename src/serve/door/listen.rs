//! The address of the pages, and the limit on connections.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// The most connections at once; further ones wait.
const CONNECTIONS: usize = 640;
/// How long the head of a request may take to arrive, also for a later request of a connection.
const HEAD: Duration = Duration::from_secs(20);
/// How long a client may accept no data.
const TAKING: Duration = Duration::from_secs(20);

/// The address to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address and a port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("a path is missing after `unix:`".to_owned()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let named = text.replacen("localhost:", "127.0.0.1:", 1);
        let address = named.parse();
        address
            .map(Self::Tcp)
            .map_err(|_| "not an address with a port such as 127.0.0.1:7171, nor unix:PATH".to_owned())
    }
}

impl Address {
    /// True where other machines can reach it.
    pub fn is_public(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

/// A bound address.
#[derive(Debug)]
pub enum Listener {
    /// On an address.
    Tcp(TcpListener),
    /// On a Unix socket, which is removed at the end.
    Unix(UnixListener, SocketFile),
}

/// The file of a socket.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    ///
    /// When the address is in use, or not allowed.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Address::Unix(path) => bind_unix(path),
        }
    }

    /// The address for a browser.
    ///
    /// # Errors
    ///
    /// When the system does not report it.
    pub fn host(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()),
            Self::Unix(..) => Ok("localhost".to_owned()),
        }
    }

    /// Serves for ever.
    pub async fn serve(&self, router: Router) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let accepted = match self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                    // Events are small and must arrive at once.
                    let _ = stream.set_nodelay(true);
                    converse(Patient::new(stream), router.clone(), place);
                }),
                Self::Unix(listener, _) => listener
                    .accept()
                    .await
                    .map(|(stream, _)| converse(Patient::new(stream), router.clone(), place)),
            };
            if accepted.is_err() {
                // Too many files are open: wait until some are closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    place: OwnedSemaphorePermit,
) {
    tokio::spawn(async move {
        let _place = place;
        // Errors of a client that disconnected do not matter.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(64 << 10)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
            .await;
    });
}

/// Binds a socket that only its owner may open. Replaces a socket that nobody serves any more, and
/// nothing else.
fn bind_unix(path: &Path) -> io::Result<Listener> {
    use std::os::unix::fs::FileTypeExt;
    let left = path
        .symlink_metadata()
        .is_ok_and(|found| found.file_type().is_socket());
    if left {
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Ok(_) | Err(_) => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    Ok(Listener::Unix(bound?, SocketFile(path.to_owned())))
}

/// A connection whose other end must keep accepting data.
struct Patient<S> {
    stream: S,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            waiting: None,
        }
    }

    /// Turns a wait that lasts too long into an error.
    fn limited<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let sleep = || Box::pin(tokio::time::sleep(TAKING));
        ready!(self.waiting.get_or_insert_with(sleep).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limited(written, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.limited(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limited(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_known_as_public() {
        let public = |text: &str| text.parse::<Address>().map(|address| address.is_public());
        assert_eq!(public("127.0.0.1:0"), Ok(false));
        assert_eq!(public("localhost:7171"), Ok(false));
        assert_eq!(public("[::1]:7171"), Ok(false));
        assert_eq!(public("unix:/run/x"), Ok(false));
        assert_eq!(public("0.0.0.0:80"), Ok(true));
        assert!(public("7171").is_err() && public("example.org:80").is_err() && public("unix:").is_err());
    }
}
