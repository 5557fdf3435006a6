//! A stub that answers 200 to every POST and records it: a collector of OTLP over HTTP, or what a webhook leads to.
//!
//! It supports the part of HTTP/1.1 that such clients use: `Content-Length` and chunked bodies, many requests a
//! connection.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One recorded request.
#[derive(Clone, Debug)]
pub struct Export {
    /// `/v1/traces`, `/v1/metrics` or `/v1/logs`, or a webhook's own.
    pub path: String,
    /// The body as received (OTLP: protobuf); texts in it are plain.
    pub bytes: Vec<u8>,
}

impl Export {
    /// True if the body contains this text.
    pub fn holds(&self, text: &str) -> bool {
        self.bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

/// A running stub; it ends with the runtime that started it.
#[derive(Clone, Debug)]
pub struct Collector {
    port: u16,
    exports: Arc<Mutex<Vec<Export>>>,
}

impl Collector {
    /// Starts a stub on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let port = listener.local_addr().expect("address").port();
        let collector = Self {
            port,
            exports: Arc::default(),
        };
        let exports = Arc::clone(&collector.exports);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&exports)));
            }
        });
        collector
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The exports so far.
    pub fn exports(&self) -> Vec<Export> {
        self.exports.lock().expect("not poisoned").clone()
    }

    /// The exports so far of one signal (`traces`, `metrics`, `logs`).
    pub fn of(&self, signal: &str) -> Vec<Export> {
        self.exports()
            .into_iter()
            .filter(|export| export.path.ends_with(signal))
            .collect()
    }
}

async fn serve(stream: TcpStream, exports: Arc<Mutex<Vec<Export>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(export) = read(&mut stream).await {
        exports.lock().expect("not poisoned").push(export);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if stream.get_mut().write_all(answer).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Export> {
    let path = line(stream).await?.split(' ').nth(1)?.to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(stream).await?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        match header.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            _ => {}
        }
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.ok()?;
    while chunked {
        let size = usize::from_str_radix(line(stream).await?.trim(), 16).ok()?;
        let mut chunk = vec![0; size];
        stream.read_exact(&mut chunk).await.ok()?;
        line(stream).await?;
        bytes.append(&mut chunk);
        chunked = size > 0;
    }
    Some(Export { path, bytes })
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    let count = stream.read_line(&mut text).await.ok()?;
    (count > 0).then(|| text.trim_end().to_owned())
}
