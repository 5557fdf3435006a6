//! A stand-in for Microsoft Graph and the login of Entra: what a gateway calls to write a secret into a customer's Entra app.
//!
//! It behaves as docs/background/entra.md says, "Writing a secret through Microsoft Graph": one collection of secrets a service principal,
//! which a PUT replaces as a whole and nobody reads; a validation calls the Tenant URL as Entra does. Faults are queued for single calls.
//! What a cycle of the simulator is to use is [`EntraGraph::directory`], so that after a PUT it uses the new token.

use crate::gateway::Directory;
use crate::http::{Scim, entra_encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The gateway's own app registration.
const CLIENT_ID: &str = "0b6f2c51-5f0e-4d7a-9c3d-2f1e0a9b8c7d";
/// Its secret, which must not be seen anywhere else.
pub const CLIENT_SECRET: &str = "canary8Q~client.secret-of_the.gateway";

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// An access token.
    Login,
    /// `GET …/jobs/{id}`.
    Job,
    /// `POST …/jobs/{id}/validateCredentials`.
    Validate,
    /// `PUT …/secrets`.
    Write,
}

/// What happens to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status and this code of an error, and not done.
    Answer(u16, &'static str),
    /// 429 with these seconds of Retry-After; it is not done.
    Throttle(u64),
    /// It is done, and the connection ends without an answer.
    LoseAnswer,
    /// It waits before it is done, until [`EntraGraph::release`].
    HoldBefore,
    /// It is done, and its answer waits until [`EntraGraph::release`].
    HoldAfter,
}

/// An enterprise app of a customer.
#[derive(Clone, Debug)]
pub struct EntraApp {
    /// The customer's Entra tenant.
    pub tenant: String,
    /// The object id of the service principal.
    pub service_principal: String,
    /// The synchronization job.
    pub job: String,
}

#[derive(Default)]
struct State {
    apps: Vec<(EntraApp, BTreeMap<String, String>)>,
    consents: BTreeSet<String>,
    /// Access tokens with their tenants.
    access: BTreeMap<String, String>,
    faults: Vec<(Call, Fault)>,
    calls: Vec<(Call, u16)>,
    /// Every secret token that was sent here.
    seen: BTreeSet<String>,
    held: usize,
}

/// A running stand-in; it ends with the runtime that started it.
#[derive(Clone)]
pub struct EntraGraph {
    port: u16,
    state: Arc<Mutex<State>>,
    released: Arc<watch::Sender<u64>>,
}

impl std::fmt::Debug for EntraGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EntraGraph").field(&self.port).finish()
    }
}

/// A request, read to its end.
struct Request {
    method: String,
    path: String,
    authorization: String,
    body: String,
}

/// An answer; `None` ends the connection without one.
type Answer = Option<(u16, Option<u64>, Value)>;

impl EntraGraph {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let graph = Self {
            port: listener.local_addr().expect("address").port(),
            state: Arc::default(),
            released: Arc::new(watch::channel(0).0),
        };
        let serving = graph.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        graph
    }

    /// The settings of a gateway that calls it.
    pub fn settings(&self) -> Vec<(String, String)> {
        let url = format!("\"http://127.0.0.1:{}\"", self.port);
        [
            ("graph.client_id", format!("\"{CLIENT_ID}\"")),
            ("graph.client_secret", format!("\"{CLIENT_SECRET}\"")),
            ("graph.login_url", url.clone()),
            ("graph.url", url),
            ("graph.quiet_minutes", "0".to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec()
    }

    /// An app of a customer that has consented; its admin has pasted this.
    pub fn app(&self, number: u8, pasted: &Directory) -> EntraApp {
        let id = |kind: u8| format!("00000000-0000-4000-8000-{kind:02x}00000000{number:02x}");
        let app = EntraApp {
            tenant: id(1),
            service_principal: id(2),
            job: format!("scim.{:032x}.{}", u128::from(number), id(3)),
        };
        let secrets = [
            ("BaseAddress", pasted.tenant_url.clone()),
            ("SecretToken", pasted.token.clone()),
            ("SyncAll", "false".to_owned()),
        ];
        let secrets = secrets.map(|(key, value)| (key.to_owned(), value));
        let mut state = self.state();
        state.consents.insert(app.tenant.clone());
        state.apps.push((app.clone(), BTreeMap::from(secrets)));
        app
    }

    /// The customer takes the consent back, or gives it again.
    pub fn consent(&self, app: &EntraApp, is_given: bool) {
        let mut state = self.state();
        if is_given {
            state.consents.insert(app.tenant.clone());
        } else {
            state.consents.remove(&app.tenant);
        }
    }

    /// The next call of this kind that has no fault yet gets this one.
    pub fn fault(&self, call: Call, fault: Fault) {
        self.state().faults.push((call, fault));
    }

    /// How many calls wait.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// Lets the calls that wait go on.
    pub fn release(&self) {
        self.released.send_modify(|number| *number += 1);
    }

    /// What stands in the app.
    pub fn secrets(&self, app: &EntraApp) -> BTreeMap<String, String> {
        let state = self.state();
        let found = state
            .apps
            .iter()
            .find(|(one, _)| one.service_principal == app.service_principal);
        found.expect("an app").1.clone()
    }

    /// An admin of the customer pastes another token.
    pub fn paste(&self, app: &EntraApp, token: &str) {
        let mut state = self.state();
        let found = state
            .apps
            .iter_mut()
            .find(|(one, _)| one.service_principal == app.service_principal);
        let secrets = &mut found.expect("an app").1;
        secrets.insert("SecretToken".to_owned(), token.to_owned());
    }

    /// What Entra uses now.
    pub fn directory(&self, app: &EntraApp) -> Directory {
        let secrets = self.secrets(app);
        Directory {
            tenant_url: secrets["BaseAddress"].clone(),
            token: secrets["SecretToken"].clone(),
        }
    }

    /// The calls so far with their statuses; 0 for one without an answer.
    pub fn calls(&self) -> Vec<(Call, u16)> {
        self.state().calls.clone()
    }

    /// How many calls of a kind were answered with a 2xx.
    pub fn done(&self, call: Call) -> usize {
        let calls = self.calls();
        calls
            .iter()
            .filter(|(one, status)| *one == call && (200..300).contains(status))
            .count()
    }

    /// Every secret token and every access token that was sent.
    pub fn seen(&self) -> Vec<String> {
        let state = self.state();
        state.seen.iter().chain(state.access.keys()).cloned().collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            let Some(text) = self.answered(&request).await else {
                return;
            };
            if stream.get_mut().write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn answered(&self, request: &Request) -> Option<String> {
        let call = called(request)?;
        let fault = {
            let mut state = self.state();
            let index = state.faults.iter().position(|(one, _)| *one == call);
            index.map(|index| state.faults.remove(index).1)
        };
        let error = |status: u16, code: &str| {
            (
                status,
                None,
                json!({"error": {"code": code, "message": request.body}}),
            )
        };
        let answer: Answer = match fault {
            Some(Fault::Answer(status, code)) => Some(error(status, code)),
            Some(Fault::Throttle(seconds)) => {
                Some((429, Some(seconds), json!({"error": {"code": "TooManyRequests"}})))
            }
            Some(Fault::LoseAnswer) => {
                self.work(call, request).await;
                None
            }
            Some(Fault::HoldBefore) => {
                self.hold().await;
                Some(self.work(call, request).await)
            }
            Some(Fault::HoldAfter) => {
                let answer = self.work(call, request).await;
                self.hold().await;
                Some(answer)
            }
            None => Some(self.work(call, request).await),
        };
        let status = answer.as_ref().map_or(0, |(status, ..)| *status);
        self.state().calls.push((call, status));
        let (status, wait, body) = answer?;
        let body = if status == 204 {
            String::new()
        } else {
            body.to_string()
        };
        let wait = wait
            .map(|seconds| format!("retry-after: {seconds}\r\n"))
            .unwrap_or_default();
        Some(format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{wait}content-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    async fn hold(&self) {
        let mut released = self.released.subscribe();
        self.state().held += 1;
        // An error means that the test is over.
        let _ = released.changed().await;
        self.state().held -= 1;
    }

    async fn work(&self, call: Call, request: &Request) -> (u16, Option<u64>, Value) {
        let error = |status: u16, code: &str| {
            (
                status,
                None,
                json!({"error": {"code": code, "message": request.body}}),
            )
        };
        if call == Call::Login {
            return self.login(request);
        }
        let tenant = {
            let state = self.state();
            let token = request.authorization.strip_prefix("Bearer ").unwrap_or_default();
            state.access.get(token).cloned()
        };
        let Some(tenant) = tenant else {
            return error(401, "InvalidAuthenticationToken");
        };
        let app = {
            let state = self.state();
            let mut all = state.apps.iter().map(|(app, _)| app);
            let path = &request.path;
            all.find(|app| {
                app.tenant == tenant
                    && path.contains(&app.service_principal)
                    && (call == Call::Write || path.contains(&app.job))
            })
            .cloned()
        };
        let Some(app) = app else {
            return error(404, "Request_ResourceNotFound");
        };
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        match call {
            Call::Login | Call::Job => (200, None, json!({"id": app.job, "status": {"code": "Active"}})),
            Call::Validate => self.validate(&pairs(&body["credentials"])).await,
            Call::Write => {
                let secrets = pairs(&body["value"]);
                let mut state = self.state();
                state.seen.extend(secrets.get("SecretToken").cloned());
                let mut apps = state.apps.iter_mut();
                let found = apps.find(|(one, _)| one.service_principal == app.service_principal);
                found.expect("an app").1 = secrets;
                (204, None, Value::Null)
            }
        }
    }

    fn login(&self, request: &Request) -> (u16, Option<u64>, Value) {
        let refused = |code: &str| {
            let said = format!("{code}: canary text with {CLIENT_SECRET}");
            (
                400,
                None,
                json!({"error": "unauthorized_client", "error_description": said}),
            )
        };
        let form: BTreeMap<&str, &str> = request
            .body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let tenant = request.path.split('/').nth(1).unwrap_or_default();
        let mut state = self.state();
        if !state.consents.contains(tenant) {
            return refused("AADSTS700016");
        }
        let is_app = form.get("client_id") == Some(&CLIENT_ID)
            && form.get("grant_type") == Some(&"client_credentials");
        // Form encoding leaves these letters but the tilde.
        let is_proved = form.get("client_secret") == Some(&CLIENT_SECRET.replace('~', "%7E").as_str());
        if !is_app
            || !is_proved
            || form
                .get("scope")
                .is_none_or(|scope| !scope.ends_with("%2F.default"))
        {
            return refused("AADSTS7000215");
        }
        let token = format!("canary-access-{}-{tenant}", state.access.len());
        state.access.insert(token.clone(), tenant.to_owned());
        (
            200,
            None,
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}),
        )
    }

    /// Asks the Tenant URL for a person that nobody is, as Entra's Test Connection does.
    async fn validate(&self, credentials: &BTreeMap<String, String>) -> (u16, Option<u64>, Value) {
        let token = credentials.get("SecretToken").cloned().unwrap_or_default();
        self.state().seen.insert(token.clone());
        let base = credentials.get("BaseAddress").cloned().unwrap_or_default();
        let scim = Scim::at(&base, Some(format!("Bearer {token}")));
        let filter = entra_encode("userName eq \"00000000-test-connection\"");
        let request = scim
            .request(reqwest::Method::GET, &format!("/Users?filter={filter}"))
            .timeout(Duration::from_secs(20));
        match request.send().await {
            Ok(answer) if answer.status().as_u16() == 200 => (204, None, Value::Null),
            _ => (
                400,
                None,
                json!({"error": {"code": "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable", "message": token}}),
            ),
        }
    }
}

fn called(request: &Request) -> Option<Call> {
    let path = request.path.as_str();
    match request.method.as_str() {
        "POST" if path.ends_with("/oauth2/v2.0/token") => Some(Call::Login),
        "POST" if path.ends_with("/validateCredentials") => Some(Call::Validate),
        "PUT" if path.ends_with("/synchronization/secrets") => Some(Call::Write),
        "GET" if path.contains("/synchronization/jobs/") => Some(Call::Job),
        _ => None,
    }
}

fn pairs(list: &Value) -> BTreeMap<String, String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|pair| {
        Some((
            pair["key"].as_str()?.to_owned(),
            pair["value"].as_str()?.to_owned(),
        ))
    })
    .collect()
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let first = line(stream).await?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let header = line(stream).await?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => value.trim().clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(Request {
        method,
        path,
        authorization,
        body: String::from_utf8(bytes).ok()?,
    })
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    let count = stream.read_line(&mut text).await.ok()?;
    (count > 0).then(|| text.trim_end().to_owned())
}
