//! A match query with an access token (ES256, `POST /oauth/token`) beside the same query with a pasted token.

use crate::base::{self, Kind};
use crate::beside::slice;
use crate::load::{Make, closed_loop, expect};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::{Site, user_name};
use crate::wire::Connection;
use serde_json::Value;
use std::sync::Arc;
use support::gateway::{Settings, text};

pub async fn run(plan: &Plan) -> Vec<Row> {
    base::on_both(async |kind| vec![row(plan, kind).await]).await
}

async fn row(plan: &Plan, kind: Kind) -> Row {
    say(&format!("access token beside a pasted token, {}", kind.name()));
    let site = Site::start(Settings {
        database: kind.database().await,
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
    let request = site.token_request("contoso", "advisors");
    let answer = expect(connection, &request, 200).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    text(&answer, "access_token")
}
