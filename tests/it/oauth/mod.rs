//! OAuth from outside (ADR 0043, ADR 0044): clients and their access tokens, signing keys, identities of Entra's, tokens for programs.

mod entra;
mod federation;
mod isolation;
mod issuer;
mod keys;
mod provisioning;
mod secrets;
mod token;

use reqwest::RequestBuilder;
use serde_json::Value;
use support::gateway::{Gateway, Settings, text};
use support::http::{Answer, Scim, send};
use support::postgres::Postgres;

/// SQLite and PostgreSQL, each with two gateways on one database that answer for one address.
async fn on_both(test: impl AsyncFn(Gateway, Gateway)) {
    on_both_with(&[], test).await;
}

async fn on_both_with(more: &[(&str, &str)], test: impl AsyncFn(Gateway, Gateway)) {
    let database = Postgres::shared().await.database().await;
    let operators = format!("\"{}\"", database.admin_url);
    let postgres = Settings {
        database: Some(database),
        more: vec![("admin.database_url".to_owned(), operators)],
        ..Settings::default()
    };
    for mut settings in [Settings::default(), postgres] {
        let more = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        settings.more.extend(more);
        let one = Gateway::start(settings).await;
        let other = one.replica().await;
        test(one, other).await;
    }
}

/// A client as `usher client create` shows it.
#[derive(Clone, Debug)]
struct Client {
    id: String,
    secret: String,
    secret_id: String,
}

/// Makes a tenant's directory, if it is not there, and a client of it.
fn client(gateway: &Gateway, tenant: &str, profile: &str) -> Client {
    let words = ["client", "create", "--tenant", tenant, "--profile", profile];
    shown(&gateway.cli(&words))
}

fn shown(made: &Value) -> Client {
    Client {
        id: text(made, "clientId"),
        secret: text(made, "clientSecret"),
        secret_id: text(made, "secretId"),
    }
}

fn token_request(gateway: &Gateway) -> RequestBuilder {
    support::http_client().post(format!("{}/oauth/token", gateway.url()))
}

/// Sends a form.
async fn form(request: RequestBuilder, parameters: &[(&str, &str)]) -> Answer {
    let pairs = parameters.iter().map(|(name, value)| {
        format!(
            "{}={}",
            support::http::entra_encode(name),
            support::http::entra_encode(value)
        )
    });
    let body = pairs.collect::<Vec<_>>().join("&");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    send(request.body(body)).await
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// An access token, the way Entra asks for one with the secret in the header.
async fn access_token(gateway: &Gateway, client: &Client) -> String {
    let request = token_request(gateway).basic_auth(&client.id, Some(&client.secret));
    let answer = form(request, &[GRANT]).await.expect(200);
    text(&answer.body, "access_token")
}

/// A SCIM client with a bearer at a Tenant URL of that gateway.
fn scim(gateway: &Gateway, path: &str, bearer: &str) -> Scim {
    Scim::at(
        &format!("{}{path}", gateway.url()),
        Some(format!("Bearer {bearer}")),
    )
}

const ADVISORS: &str = "/advisors/scim";

/// The claims of a JWT, not verified.
fn claims(token: &str) -> Value {
    part(token, 1)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("three parts");
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(part.as_bytes())
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
