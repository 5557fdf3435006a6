//! A keep-alive HTTP/1.1 connection that costs next to nothing: the caller prepares the bytes, the answer is
//! read by `content-length`. Both sides of a ratio use it, so that the client's cost is the same.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer, borrowed from its connection.
#[derive(Debug)]
pub struct Answer<'c> {
    pub status: u16,
    pub body: &'c [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a request and reads its answer.
    pub async fn call(&mut self, request: &[u8]) -> std::io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(std::io::Error::other)?;
        let status: u16 = text
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| odd(text))?;
        let length: usize = match header(text, "content-length") {
            Some(value) => value.parse().map_err(std::io::Error::other)?,
            None if status == 204 => 0,
            None => return Err(odd(text)),
        };
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(Answer {
            status,
            body: &self.buffer[head..head + length],
        })
    }

    async fn more(&mut self) -> std::io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn odd(head: &str) -> std::io::Error {
    std::io::Error::other(format!("an answer this client does not read: {head}"))
}

/// The bytes of a `GET`.
pub fn get(path: &str, authorization: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: {authorization}\r\n\r\n").into_bytes()
}

/// The bytes of a `POST` as an identity provider sends it.
pub fn post(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    sent("POST", path, authorization, body)
}

/// The bytes of a `PATCH` as an identity provider sends it.
pub fn patch(path: &str, authorization: &str, body: &str) -> Vec<u8> {
    sent("PATCH", path, authorization, body)
}

/// The bytes of a `POST` of a form, without an `Authorization`.
pub fn form(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn sent(method: &str, path: &str, authorization: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: {authorization}\r\n\
         content-type: application/scim+json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
