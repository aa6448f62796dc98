//! How long the server waits for a client: for a request's header, for its body, and for its answer to be taken.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The slowest body that is waited for, once its first allowance is used up.
const BYTES_PER_SECOND: u64 = 16 << 10;

/// What a connection and the requests on it tell each other: odd while a request is being answered.
#[derive(Clone, Default)]
pub struct Turns(Arc<AtomicU64>);

impl Turns {
    /// The header is here. The turn ends when what is returned is dropped.
    pub fn begin(&self) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn(Some(self.clone()))
    }
}

/// A request being answered.
pub struct Turn(Option<Turns>);

impl Turn {
    /// The connection has become something else, such as a WebSocket: there will be no further header.
    pub fn never_ends(&mut self) {
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(Turns(turns)) = &self.0 {
            turns.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A connection's stream, for which a header that trickles in and an answer that nobody reads are errors.
pub struct Patient<S> {
    stream: S,
    turns: Turns,
    header_timeout: Duration,
    write_timeout: Duration,
    header: Option<(u64, Pin<Box<Sleep>>)>,
    write: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub const fn new(stream: S, turns: Turns, header_timeout: Duration, write_timeout: Duration) -> Self {
        Self { stream, turns, header_timeout, write_timeout, header: None, write: None }
    }

    /// Fails once a header took too long; its time runs from the first byte after the answer before it.
    fn check_header(&mut self, cx: &mut Context<'_>, arrived: bool) -> io::Result<()> {
        let turn = self.turns.0.load(Ordering::Relaxed);
        if turn % 2 == 1 || self.header.as_ref().is_some_and(|(of, _)| *of != turn) {
            self.header = None;
        }
        if turn.is_multiple_of(2) && arrived && self.header.is_none() {
            self.header = Some((turn, Box::pin(tokio::time::sleep(self.header_timeout))));
        }
        let Some((_, sleep)) = &mut self.header else { return Ok(()) };
        if sleep.as_mut().poll(cx).is_ready() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Fails once nothing was taken for too long.
    fn check_write<T>(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.write = None;
            return wrote;
        }
        let sleep = self.write.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.write_timeout)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.check_header(cx, buffer.filled().len() > before)?;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_write(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.check_write(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A request's body took too long: 408.
#[derive(Debug)]
pub struct BodyTooSlow;

impl std::fmt::Display for BodyTooSlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body took too long to arrive")
    }
}

impl std::error::Error for BodyTooSlow {}

/// Whether it is the client that a request waits for: for more of its body.
#[derive(Clone, Default)]
pub struct Waits(Arc<AtomicBool>);

impl Waits {
    /// Whether it does.
    pub fn for_client(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request's body with a deadline that moves on with every byte: neither silence nor a drip holds it open.
pub struct Deadlined<B> {
    body: B,
    allowance: Duration,
    received: u64,
    // The moment the body was first asked for, and the alarm.
    clock: Option<(Instant, Pin<Box<Sleep>>)>,
    waits: Waits,
}

impl<B> Deadlined<B> {
    pub const fn new(body: B, allowance: Duration, waits: Waits) -> Self {
        Self { body, allowance, received: 0, clock: None, waits }
    }
}

impl<B> Body for Deadlined<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.waits.0.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(frame) = polled {
            let Some(Ok(frame)) = frame else { return Poll::Ready(frame.map(|frame| frame.map_err(Into::into))) };
            this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            return Poll::Ready(Some(Ok(frame)));
        }
        // Only a body that is waited for needs a clock: most are here with their header.
        let allowance = this.allowance;
        let (start, alarm) = this.clock.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(tokio::time::sleep_until(now + allowance)))
        });
        let deadline = *start + allowance + Duration::from_secs(this.received / BYTES_PER_SECOND);
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Some(Err(Box::new(BodyTooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body that ends its request's turn when it has been sent, or given up.
pub struct Answering<B> {
    body: B,
    _turn: Turn,
}

impl<B> Answering<B> {
    pub const fn new(body: B, turn: Turn) -> Self {
        Self { body, _turn: turn }
    }
}

impl<B: Body + Unpin> Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
