//! The other end of the wire: a few lines of HTTP that record what arrives and answer what a test wants. It is a test
//! peer of a client, not a SCIM server: it knows equality queries on `userName`, hands out ids, and forgets the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Seen {
    /// Method and path with query, for short assertions.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// What to do with a request.
pub enum Reply {
    /// Answer with this status and JSON.
    Json(u16, Value),
    /// Answer with this status, one extra header and this text.
    Text(u16, &'static str, &'static str),
    /// Take it, then close the connection without an answer.
    Lose,
    /// Never answer.
    Stall,
}

type Script = Box<dyn FnMut(&Seen) -> Option<Reply> + Send>;

#[derive(Default)]
struct Inner {
    seen: Vec<Seen>,
    people: BTreeMap<String, String>,
    script: Option<Script>,
}

/// A listening stub.
#[derive(Clone)]
pub struct Stub {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Stub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            url: format!("http://{}/advisors/scim", listener.local_addr().unwrap()),
            inner: Arc::default(),
        };
        let served = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stub = served.clone();
                tokio::spawn(async move {
                    let _ = stub.serve(stream).await;
                });
            }
        });
        stub
    }

    /// Lets a test answer some requests itself; `None` leaves the request to the stub.
    pub fn script(&self, script: impl FnMut(&Seen) -> Option<Reply> + Send + 'static) {
        self.inner.lock().unwrap().script = Some(Box::new(script));
    }

    pub fn no_script(&self) {
        self.inner.lock().unwrap().script = None;
    }

    /// Everything seen since the last call.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.inner.lock().unwrap().seen)
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        while let Some(seen) = read(&mut stream).await? {
            let reply = self.reply(&seen);
            let (status, header, text) = match reply {
                Reply::Json(status, body) => {
                    (status, "content-type: application/scim+json", body.to_string())
                }
                Reply::Text(status, header, text) => (status, header, text.to_owned()),
                Reply::Lose => return Ok(()),
                Reply::Stall => std::future::pending().await,
            };
            let text = if status == 204 { String::new() } else { text };
            let head = format!(
                "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            stream.write_all(format!("{head}{text}").as_bytes()).await?;
        }
        Ok(())
    }

    fn reply(&self, seen: &Seen) -> Reply {
        let mut inner = self.inner.lock().unwrap();
        inner.seen.push(seen.clone());
        let scripted = match &mut inner.script {
            Some(script) => script(seen),
            None => None,
        };
        scripted.unwrap_or_else(|| inner.plain(seen))
    }
}

impl Inner {
    fn plain(&mut self, seen: &Seen) -> Reply {
        match seen.method.as_str() {
            "GET" => {
                let found = self.people.iter().find(|(name, _)| {
                    seen.target
                        .contains(&format!("%22{}%22", name.replace('@', "%40")))
                });
                let resources: Vec<Value> = found
                    .map(|(name, id)| json!({"id": id, "userName": name}))
                    .into_iter()
                    .collect();
                list(&resources)
            }
            "POST" => {
                let id = format!("id-{}", self.people.len() + 1);
                let name = seen.body["userName"].as_str().unwrap_or_default();
                self.people.insert(name.to_owned(), id.clone());
                Reply::Json(201, json!({"id": id}))
            }
            "DELETE" => Reply::Json(204, Value::Null),
            _ => Reply::Json(200, json!({"id": "same"})),
        }
    }
}

/// A ListResponse.
pub fn list(resources: &[Value]) -> Reply {
    let count = resources.len();
    let schema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    Reply::Json(
        200,
        json!({"schemas": [schema], "totalResults": count, "startIndex": 1, "itemsPerPage": count, "Resources": resources}),
    )
}

/// A SCIM error; an empty `kind` leaves `scimType` out.
pub fn error(status: u16, kind: &str, detail: &str) -> Reply {
    let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
    let mut body = json!({"schemas": [schema], "status": status.to_string(), "detail": detail});
    if !kind.is_empty() {
        body["scimType"] = json!(kind);
    }
    Reply::Json(status, body)
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Seen>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some(Seen {
        method,
        target,
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    }))
}
