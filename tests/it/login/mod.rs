//! A whole login against a real OpenID provider, a process of its own (`tests/oidc-provider`): the discovery document, the link with its
//! redirects and cookies, the exchange of the code, the keys, the ID token (ADR 0052).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use auth::id_token::{self, Provider};
use auth::jwks::JwksCache;
use auth::jwt::{Jwt, JwtError};
use auth::login::{Login, LoginError};
use auth::provider::{Endpoints, Exchanged, ProviderError, document_address, exchange};
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Person;
use domain::clock::{Clock as _, SystemClock};
use domain::key_hosts::KeyHosts;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use serde_json::json;

const TID: &str = "11111111-2222-3333-4444-555555555555";
const OID: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const CALLBACK: &str = "http://127.0.0.1:9/auth/callback";
const SECRET: &str = "a secret with & and + and %";

/// A provider's process; it ends with this value.
struct Running {
    process: Child,
    issuer: String,
    hosts: KeyHosts,
    client: reqwest::Client,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It ends at the end of its stdin as well; nothing is left to do when it is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start() -> Running {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let need = |arguments: &[&str]| {
        let output = Command::new("deploy/need.sh")
            .args(arguments)
            .current_dir(&root)
            .output();
        let output = output.expect("deploy/need.sh");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    need(&["oidc"]);
    let settings = json!({
        "client_id": "usher", "client_secret": SECRET, "redirect_uri": CALLBACK, "sub": "s1",
        "claims": {"tid": TID, "oid": OID, "email": "root@contoso.com", "preferred_username": "root@contoso.com"},
    });
    let mut process = Command::new("node")
        .args([
            "tests/oidc-provider/provider.mjs",
            &need(&["--where", "oidc"]),
            &settings.to_string(),
        ])
        .current_dir(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut issuer = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut issuer)
        .unwrap();
    let issuer = issuer.trim().to_owned();
    let host = issuer
        .strip_prefix("http://")
        .expect("the provider did not start")
        .to_owned();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    Running {
        process,
        hosts: KeyHosts::of([host]),
        issuer,
        client: client.unwrap(),
    }
}

impl Running {
    /// As it is registered, for the people of these Entra tenants.
    fn registered(&self, tenants: &[&str]) -> Provider {
        Provider {
            issuer: self.issuer.clone(),
            client_id: "usher".to_owned(),
            entra_tenants: tenants.iter().map(|tenant| tenant.parse().unwrap()).collect(),
        }
    }

    async fn read(client: reqwest::Client, url: String) -> Vec<u8> {
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    async fn document(&self) -> Vec<u8> {
        Self::read(self.client.clone(), document_address(&self.issuer)).await
    }

    async fn endpoints(&self) -> Endpoints {
        Endpoints::read(&self.document().await, &self.issuer, &self.hosts).unwrap()
    }

    /// Goes through the provider's pages as a browser does, and gives the query of the callback.
    async fn browse(&self, link: String) -> BTreeMap<String, String> {
        let mut cookies = BTreeMap::new();
        let mut at = Url::parse(&link).unwrap();
        for _ in 0..10 {
            let jar: Vec<_> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = self.client.get(at.clone()).header(COOKIE, jar.join("; "));
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let next = answer
                .headers()
                .get(LOCATION)
                .map(|next| at.join(next.to_str().unwrap()).unwrap());
            let Some(next) = next else {
                panic!(
                    "{at} answers {}: {}",
                    answer.status(),
                    answer.text().await.unwrap()
                );
            };
            if next.as_str().starts_with(CALLBACK) {
                return next.query_pairs().into_owned().collect();
            }
            at = next;
        }
        panic!("the provider redirects for ever: {at}")
    }

    /// What the provider answers to a code: its status and body.
    async fn exchanged(&self, secret: &str, login: &Login, code: &str) -> (u16, Vec<u8>) {
        let form = exchange(&self.registered(&[]), secret, CALLBACK, login, code);
        let request = self.client.post(self.endpoints().await.token);
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    /// The code for a login.
    async fn code(&self, login: &Login) -> String {
        let link = self
            .endpoints()
            .await
            .link(&self.registered(&[]), CALLBACK, login);
        let answer = self.browse(link).await;
        let answered = Login::answered(&login.cookie(), &answer["state"], now()).unwrap();
        assert_eq!(answered.next, "/admin/v1/tenants");
        answer["code"].clone()
    }

    async fn id_token(&self, login: &Login) -> String {
        let code = self.code(login).await;
        let (status, body) = self.exchanged(SECRET, login, &code).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Exchanged::read(&body).unwrap().id_token
    }

    /// Who a token is about, with the keys that the provider publishes.
    async fn person(&self, text: &str, registered: &Provider, login: &Login) -> Result<Person, JwtError> {
        let client = self.client.clone();
        let fetch = move |url| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
            let client = client.clone();
            Box::pin(async move { Ok(Self::read(client, url).await) })
        };
        let keys = JwksCache::new(Arc::new(SystemClock), Box::new(fetch));
        let jwt = Jwt::read(text)?;
        let key = keys.key(&self.endpoints().await.keys, &jwt.kid).await?;
        id_token::check(&jwt, &key, registered, &login.nonce(), now())
    }
}

/// The provider has the machine's clock.
fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn login(byte: u8) -> Login {
    Login::begin([byte; 32], "/admin/v1/tenants", now())
}

#[tokio::test]
async fn a_login_at_a_real_provider_says_who_it_is() {
    let provider = start();
    let login = login(1);
    let text = provider.id_token(&login).await;
    let (tenant, object) = (TID.parse().unwrap(), OID.parse().unwrap());
    let person = provider.person(&text, &provider.registered(&[TID]), &login).await;
    assert_eq!(person, Ok(Person::Entra { tenant, object }));
    let (issuer, subject) = (provider.issuer.clone(), "s1".to_owned());
    let person = provider.person(&text, &provider.registered(&[]), &login).await;
    assert_eq!(person, Ok(Person::Subject { issuer, subject }));
}

#[tokio::test]
async fn a_real_token_for_another_login_client_or_tenant_is_refused() {
    let provider = start();
    let (own, others) = (login(1), login(2));
    let text = provider.id_token(&own).await;
    let entra = provider.registered(&[TID]);
    let refused = provider.person(&text, &entra, &others).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the ID token answers another login (nonce): log in again"
    );
    let stranger = Provider {
        client_id: "another".to_owned(),
        ..entra.clone()
    };
    assert_eq!(
        provider.person(&text, &stranger, &own).await,
        Err(JwtError::Audience)
    );
    let elsewhere = Provider {
        issuer: format!("{}/", provider.issuer),
        ..entra.clone()
    };
    assert_eq!(
        provider.person(&text, &elsewhere, &own).await,
        Err(JwtError::Issuer)
    );
    let tenant = BTreeSet::from([OID.parse().unwrap()]);
    let not_allowed = Provider {
        entra_tenants: tenant,
        ..entra
    };
    assert_eq!(
        provider.person(&text, &not_allowed, &own).await,
        Err(JwtError::EntraTenant)
    );
}

#[tokio::test]
async fn a_code_opens_nothing_twice_without_its_verifier_or_with_another_secret() {
    let provider = start();
    let (own, others) = (login(1), login(2));
    for (secret, exchanging, status, error) in [
        (SECRET, &others, 400, "invalid_grant"),
        ("another secret", &own, 401, "invalid_client"),
    ] {
        let code = provider.code(&own).await;
        let (answered, body) = provider.exchanged(secret, exchanging, &code).await;
        let text = String::from_utf8_lossy(&body);
        assert!(answered == status && text.contains(error), "{answered} {text}");
        assert_eq!(Exchanged::read(&body).unwrap_err(), ProviderError::NoIdToken);
    }
    let code = provider.code(&own).await;
    assert_eq!(provider.exchanged(SECRET, &own, &code).await.0, 200);
    let (status, body) = provider.exchanged(SECRET, &own, &code).await;
    assert!(
        status == 400 && String::from_utf8_lossy(&body).contains("invalid_grant"),
        "{status}"
    );
}

#[tokio::test]
async fn a_real_answer_fits_only_the_browser_that_began() {
    let provider = start();
    let (own, others) = (login(1), login(2));
    let link = provider
        .endpoints()
        .await
        .link(&provider.registered(&[]), CALLBACK, &own);
    let answer = provider.browse(link).await;
    let state = answer["state"].as_str();
    let at = |cookie: &str, later| Login::answered(cookie, state, now() + later);
    assert_eq!(at(&own.cookie(), TimeDelta::zero()), Ok(own.clone()));
    assert_eq!(at(&others.cookie(), TimeDelta::zero()), Err(LoginError::State));
    assert_eq!(
        at(&own.cookie(), TimeDelta::minutes(11)),
        Err(LoginError::TooLate)
    );
}

#[tokio::test]
async fn a_real_document_is_refused_for_another_issuer_and_by_the_rules_of_hosts() {
    let provider = start();
    let document = provider.document().await;
    let other = format!("{}/", provider.issuer);
    assert_eq!(
        Endpoints::read(&document, &other, &provider.hosts),
        Err(ProviderError::Issuer)
    );
    assert_eq!(
        Endpoints::read(&document, &provider.issuer, &KeyHosts::default()),
        Err(ProviderError::Host("authorization_endpoint"))
    );
}
