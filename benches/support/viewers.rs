//! People who watch: `orch serve` with event streams that are read, and a page that is loaded again as a browser does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::orch;

/// The shortest pause of a page between two loads.
const REST: Duration = Duration::from_millis(300);

/// Viewers of a repository, until they are dropped.
pub struct Viewers {
    serve: Child,
    gone: Arc<AtomicBool>,
    readers: Vec<JoinHandle<()>>,
}

impl Viewers {
    /// Starts the server, opens this many event streams and this many pages of all plans.
    pub fn of(repo: &Path, streams: usize, pages: usize) -> Self {
        let mut serve = orch(repo);
        serve
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped());
        let mut serve = serve.spawn().unwrap();
        let mut url = String::new();
        let mut out = BufReader::new(serve.stdout.take().unwrap());
        out.read_line(&mut url).unwrap();
        let (address, token) = url.trim()["http://".len()..].split_once("/?token=").unwrap();
        let request = |path: &str| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
            )
        };
        let gone = Arc::new(AtomicBool::new(false));
        let open = |text: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream
        };
        let mut streams: Vec<TcpStream> = (0..streams)
            .map(|_| open(&request("/api/v1/stream?after=0")))
            .collect();
        for stream in &streams {
            stream.set_nonblocking(true).unwrap();
        }
        let over = gone.clone();
        let mut readers = vec![std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while !over.load(Ordering::Relaxed) {
                for stream in &mut streams {
                    while stream.read(&mut piece).is_ok_and(|read| read == piece.len()) {}
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        })];
        for _ in 0..pages {
            let (address, text, over) = (address.to_owned(), request("/"), gone.clone());
            readers.push(std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let mut page = TcpStream::connect(&address).unwrap();
                    page.write_all(text.as_bytes()).unwrap();
                    let _ = page.read_to_end(&mut Vec::new());
                    std::thread::sleep(REST);
                }
            }));
        }
        Self { serve, gone, readers }
    }
}

impl Drop for Viewers {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let _ = self.serve.kill();
        let _ = self.serve.wait();
    }
}
