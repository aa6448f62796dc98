#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::time::Instant;

use axum::routing::{get, post};
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

struct Edge {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// An edge whose seconds are tenths: header 0.3, body 0.4, silence 2.
async fn edge(max_connections: usize) -> Edge {
    let config = Config {
        max_connections,
        header_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_secs(2),
        drain_timeout: Duration::from_secs(5),
        ..Config::read("", &|_| None).unwrap()
    };
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(600)).await;
        "slow"
    };
    let read = async |body: Result<Bytes, axum::extract::rejection::BytesRejection>| {
        body.map_or_else(|rejection| crate::v1::receipts::unread(&rejection).code, |body| body.len().to_string().into())
    };
    let endless = async || Body::from(vec![b'x'; 64 << 20]);
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/slow", get(slow))
        .route("/read", post(read))
        .route("/endless", get(endless));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        serve(listener, router, &config, async {
            let _ = stopped.await;
        })
        .await;
    });
    Edge { address, stop, served }
}

impl Edge {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }
}

/// What comes until the server closes, and how long that took; bounded, so that a hang fails.
async fn to_end(stream: &mut TcpStream) -> (String, Duration) {
    let (started, mut answer) = (Instant::now(), Vec::new());
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap();
    (String::from_utf8(answer).unwrap(), started.elapsed())
}

async fn one_answer(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let length = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

fn between(took: Duration, from_ms: u64, to_ms: u64) {
    assert!((from_ms..to_ms).contains(&(took.as_millis() as u64)), "{took:?} is not {from_ms} to {to_ms} ms");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let edge = edge(10).await;
    let (answer, took) = to_end(&mut edge.connect().await).await;
    assert_eq!(answer, "");
    between(took, 1900, 4000);
}

#[tokio::test]
async fn a_header_that_trickles_is_cut_off() {
    let edge = edge(10).await;
    let mut stream = edge.connect().await;
    let started = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nhost: a\r\n".iter().cycle() {
        if stream.write_all(&[*byte]).await.is_err() || started.elapsed() > Duration::from_secs(3) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    between(started.elapsed(), 280, 1800);
}

#[tokio::test]
async fn a_connection_may_rest_longer_than_a_header_may_take() {
    let edge = edge(10).await;
    let mut stream = edge.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(one_answer(&mut stream).await.ends_with("hello"));
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    between(to_end(&mut stream).await.1, 1000, 4000);
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let edge = edge(10).await;
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(one_answer(&mut stream).await.ends_with("slow"));
}

#[tokio::test]
async fn a_body_that_stops_or_drips_is_answered_with_408() {
    let edge = edge(10).await;
    let mut stopped = edge.connect().await;
    stopped.write_all(b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n123").await.unwrap();
    let (answer, took) = to_end(&mut stopped).await;
    assert!(answer.contains("body_too_slow"), "{answer}");
    between(took, 350, 1500);
    let mut dripping = edge.connect().await;
    dripping.write_all(b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 999\r\n\r\n").await.unwrap();
    let started = Instant::now();
    while dripping.write_all(b"1").await.is_ok() && started.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    between(started.elapsed(), 350, 1500);
}

#[tokio::test]
async fn a_body_that_moves_gets_more_time() {
    let edge = edge(10).await;
    let mut stream = edge.connect().await;
    let length = 40 * (8 << 10);
    stream
        .write_all(format!("POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    for _ in 0..40 {
        stream.write_all(&[b'x'; 8 << 10]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(one_answer(&mut stream).await.ends_with(&length.to_string()));
}

#[tokio::test]
async fn an_answer_that_nobody_reads_frees_its_place() {
    let edge = edge(1).await;
    let mut deaf = edge.connect().await;
    deaf.write_all(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut next = edge.connect().await;
    next.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(one_answer(&mut next).await.ends_with("hello"));
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_place() {
    let edge = edge(1).await;
    let mut first = edge.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second = edge.connect().await;
    let started = Instant::now();
    second.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(one_answer(&mut second).await.ends_with("hello"));
    between(started.elapsed(), 300, 2000);
}

#[tokio::test]
async fn a_stopping_server_finishes_what_is_under_way_and_lets_the_idle_go() {
    let edge = edge(10).await;
    let (mut busy, mut idle, _silent) = (edge.connect().await, edge.connect().await, edge.connect().await);
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    one_answer(&mut idle).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (address, started) = (edge.address, Instant::now());
    edge.stop().await;
    between(started.elapsed(), 400, 1800);
    assert!(to_end(&mut busy).await.0.ends_with("slow"));
    assert_eq!(to_end(&mut idle).await.0, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_client_that_keeps_its_connection_is_told_that_it_ends() {
    let edge = edge(10).await;
    let mut kept = edge.connect().await;
    kept.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(!one_answer(&mut kept).await.contains("connection: close"));
    let stopping = tokio::spawn(edge.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    kept.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let (answer, _) = to_end(&mut kept).await;
    assert!(answer.contains("connection: close") && answer.ends_with("hello"), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_knocked_before_the_door_closed_is_let_in() {
    for _ in 0..20 {
        let edge = edge(100).await;
        let address = edge.address;
        let mut knocking = Vec::new();
        for _ in 0..20 {
            knocking.push(TcpStream::connect(address).await.unwrap());
        }
        let stopping = tokio::spawn(edge.stop());
        for stream in &mut knocking {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            assert!(one_answer(stream).await.ends_with("hello"));
        }
        drop(knocking);
        stopping.await.unwrap();
    }
}

#[tokio::test]
async fn ambiguous_and_oversized_requests_are_refused() {
    let edge = edge(10).await;
    for (request, status) in [
        ("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(500 << 10)), "431"),
    ] {
        let mut stream = edge.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}
