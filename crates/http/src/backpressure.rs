//! Backpressure: the limit of reading a connection ahead of its answers (ADR 0032).
//!
//! actix-http decodes everything that one read finds, up to 128 KiB of pipelined requests, and keeps a parsed head for each of
//! them. Here the socket gives it a few KiB at a time, and nothing while a request is at work or while the client does not
//! take its answers. What is not read stays in the system's buffer, and TCP slows the client down.
//!
//! Must not know: what the requests ask for.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpRequest};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::limits::READ_AHEAD;

/// A connection's socket, read only as far as its [`Reads`] allow.
pub struct Connection {
    stream: TcpStream,
    reads: Rc<Reads>,
    /// Bytes given since the dispatcher last had to decode them.
    ahead: usize,
}

/// What may be read of a connection now; shared by its socket and its requests, on one thread.
#[derive(Debug, Default)]
pub struct Reads {
    wanted: Cell<Wanted>,
    /// The client does not take what is written.
    blocked: Cell<bool>,
    /// The task of the connection, while bytes wait that it may not read.
    waiting: RefCell<Option<Waker>>,
    /// The client has closed the connection while a request was at work.
    is_closed: Cell<bool>,
    closed: Notify,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Wanted {
    /// The next request.
    #[default]
    Head,
    /// The body of the request at work.
    Body,
    /// Nothing: a request is at work.
    Nothing,
}

/// Sets `then` on drop.
struct Until<'a> {
    reads: &'a Reads,
    then: Wanted,
}

impl Connection {
    /// A connection of which nothing was read yet.
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            reads: Rc::default(),
            ahead: 0,
        }
    }

    /// The socket itself.
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The part that its requests use, to be stored with the connection.
    pub fn reads(&self) -> Rc<Reads> {
        Rc::clone(&self.reads)
    }

    /// Only checks whether the client has closed the connection, so that the running request can end ([`Reads::closed`]).
    fn poll_end(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        match self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
            Poll::Ready(Ok(0)) => {
                self.reads.is_closed.set(true);
                self.reads.closed.notify_waiters();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(_)) => {
                self.reads.waiting.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn wrote<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.reads.blocked.replace(result.is_pending()) && result.is_ready() {
            self.reads.wake();
        }
        result
    }
}

impl Reads {
    /// Reads on while a request reads its body.
    pub async fn body<T>(request: &HttpRequest, read: impl Future<Output = T>) -> T {
        let reads = request.conn_data::<Rc<Self>>();
        let _until = reads.map(|reads| reads.want(Wanted::Body, Wanted::Nothing));
        read.await
    }

    /// Completes when the client closes the connection on which it waits for an answer: actix-http runs the request to its end.
    pub async fn closed(request: &HttpRequest) {
        let Some(reads) = request.conn_data::<Rc<Self>>() else {
            return std::future::pending().await;
        };
        loop {
            let notified = reads.closed.notified();
            if reads.is_closed.get() {
                return;
            }
            notified.await;
        }
    }

    fn want(&self, now: Wanted, then: Wanted) -> Until<'_> {
        self.set(now);
        Until { reads: self, then }
    }

    fn set(&self, wanted: Wanted) {
        self.wanted.set(wanted);
        if wanted != Wanted::Nothing {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.reads.set(self.then);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wanted = self.reads.wanted.get();
        if wanted == Wanted::Nothing || self.reads.blocked.get() {
            return self.poll_end(cx);
        }
        if wanted == Wanted::Body {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        if self.ahead >= READ_AHEAD {
            // Once: then what was given has been decoded.
            self.ahead = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let part = buf.remaining().min(READ_AHEAD - self.ahead);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(part));
        let result = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        let read = part.filled().len();
        buf.advance(read);
        self.ahead = if result.is_ready() { self.ahead + read } else { 0 };
        result
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Reads no further on a connection while a request of it is at work.
///
/// # Errors
/// Only what the inner service gives.
pub async fn one_at_a_time(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let reads = request.conn_data::<Rc<Reads>>().cloned();
    let _until = reads
        .as_ref()
        .map(|reads| reads.want(Wanted::Nothing, Wanted::Head));
    next.call(request).await
}
