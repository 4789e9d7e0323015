//! Signals after the loop has ended: nobody reads the inbox, and the remaining work may hang on a git command.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// After how many signals the program ends, whatever it is doing: the first may have been meant for the loop.
const ENOUGH: u32 = 2;

/// From here on two signals end this program at once. The next run cleans up interrupted work.
pub fn end_at_signals() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    // On its own thread: the loop's thread may hang.
    let listen = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let count = |kind: SignalKind| async move {
                let Ok(mut stream) = signal(kind) else { return };
                while stream.recv().await.is_some() {
                    if SEEN.fetch_add(1, Ordering::Relaxed) + 1 >= ENOUGH {
                        std::process::exit(128 + kind.as_raw_value());
                    }
                }
            };
            tokio::join!(
                count(SignalKind::interrupt()),
                count(SignalKind::terminate()),
                count(SignalKind::hangup())
            );
        });
    };
    std::thread::spawn(listen);
}
