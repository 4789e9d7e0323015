//! The journal as server-sent events. Each viewer asks for the next entries when it has taken the last ones: the server buffers
//! nothing for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::answers::JournalNews;
use super::server::Server;
use crate::journal::JournalMark;

/// The interval of keep-alive messages, for proxies that close quiet connections.
const QUIET: Duration = Duration::from_secs(15);
/// A viewer that is further behind than this is told to reload everything.
const FAR: i64 = 10_000;

/// Where the events begin.
#[derive(Debug, Default, Deserialize)]
pub struct StreamStart {
    after: Option<i64>,
}

/// Answers with the entries after `Last-Event-ID`, else after `?after=`, else from now on.
pub async fn stream(
    State(server): State<Arc<Server>>,
    Query(since): Query<StreamStart>,
    headers: HeaderMap,
) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last.and_then(|text| text.parse().ok()).or(since.after);
    // Capacity 1: the next piece is only made when this one was taken.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(tell(server.news.clone(), after, sender));
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::new(Told(receiver)),
    )
        .into_response()
}

async fn tell(news: Arc<JournalNews>, after: Option<i64>, viewer: mpsc::Sender<Bytes>) {
    let mut marks = news.listen();
    let mut now = news.now().await;
    let mut told = now;
    let mut first = format!("retry: 1000\n{}", of_supervisor(told));
    told.seq = after.unwrap_or(now.seq);
    // A viewer that loses the connection before the first event must be able to resume here.
    first += &format!("event: begin\nid: {}\ndata: {{}}\n\n", told.seq);
    if viewer.send(first.into()).await.is_err() {
        return;
    }
    loop {
        let mut text = String::new();
        if now.driven != told.driven {
            told.driven = now.driven;
            text += &of_supervisor(told);
        }
        if now.seq < told.seq || now.seq - told.seq > FAR {
            told.seq = now.seq;
            text += &format!("event: anew\nid: {}\ndata: {{}}\n\n", now.seq);
        } else if now.seq > told.seq {
            for entry in news.after(told.seq).await {
                told.seq = entry.seq;
                text += &format!("id: {}\ndata: {}\n\n", entry.seq, entry.json);
            }
        }
        if !text.is_empty() {
            if viewer.send(text.into()).await.is_err() {
                return;
            }
            if told.seq < now.seq {
                continue;
            }
        }
        tokio::select! {
            changed = marks.changed() => {
                if changed.is_err() {
                    return;
                }
                now = *marks.borrow_and_update();
                if now.seq < told.seq {
                    // Continue after the last sent entry, unless the journal began anew.
                    now = news.now().await;
                }
            }
            () = viewer.closed() => return,
            () = tokio::time::sleep(QUIET) => {
                if viewer.send(Bytes::from_static(b":\n\n")).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn of_supervisor(mark: JournalMark) -> String {
    format!("event: supervisor\ndata: {{\"driven\":{}}}\n\n", mark.driven)
}

/// The body of the answer.
struct Told(mpsc::Receiver<Bytes>);

impl HttpBody for Told {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = self.0.poll_recv(context);
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
