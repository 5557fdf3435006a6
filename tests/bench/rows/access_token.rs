//! A match query with an access token (ES256, `POST /oauth/token`) beside the same query with a pasted token.

use crate::base::{BOTH, Kind};
use crate::beside::slice;
use crate::load::{Make, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::{Site, user_name};
use crate::wire::{self, Connection};
use serde_json::Value;
use std::sync::Arc;
use support::gateway::{Settings, text};
use support::postgres::Postgres;

pub async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in BOTH {
        say(&format!("access token beside a pasted token, {}", kind.name()));
        rows.push(row(plan, kind).await);
    }
    rows
}

async fn row(plan: &Plan, kind: Kind) -> Row {
    let database = match kind {
        Kind::Postgres => Some(Postgres::shared().await.database().await),
        Kind::Sqlite => None,
    };
    let site = Site::start(Settings {
        database,
        ..plan.settings()
    })
    .await;
    let mut connection = Connection::open(site.address).await.expect("connect");
    expect(&mut connection, &site.create("known"), 201).await;
    let pasted = site.find(&user_name("known"));
    let bearer = format!("Bearer {}", access_token(&site, &mut connection).await);
    let authorization = site.authorization.clone();
    let signed = String::from_utf8(pasted.clone()).expect("text");
    let signed = signed.replace(&authorization, &bearer).into_bytes();
    expect(&mut connection, &signed, 200).await;

    let same = |request: Vec<u8>| -> Make { Arc::new(move |_| vec![(request.clone(), 200)]) };
    let (pasted, signed) = (same(pasted), same(signed));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let time = slice(plan, round);
        let of_signed = closed_loop(site.address, time, &site.next, &signed).await.rate;
        let of_pasted = closed_loop(site.address, time, &site.next, &pasted).await.rate;
        if round > 0 {
            ours.push(of_signed);
            theirs.push(of_pasted);
        }
    }
    Row {
        what: format!("userName eq with an access token, {}", kind.name()),
        unit: "queries/s",
        ours: Side::median("access token (ES256), 32 connections", &ours),
        theirs: Some(Side::median("the same query with a pasted token", &theirs)),
        bar: Bar::RatioWithin(0.1),
        notes: vec![
            "one access token, which the gateway has seen before: its signature is verified once".to_owned(),
        ],
    }
}

/// A new client's access token.
async fn access_token(site: &Site, connection: &mut Connection) -> String {
    let words = ["client", "create", "--tenant", "contoso", "--profile", "advisors"];
    let client = site.gateway.cli(&words);
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text(&client, "clientId"),
        text(&client, "clientSecret")
    );
    let answer = expect(connection, &wire::form("/oauth/token", &body), 200).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    text(&answer, "access_token")
}
