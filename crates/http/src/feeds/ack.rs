//! `POST /feeds/{app}/ack` with `{"group", "pos", "epoch"?}`: the app has applied and committed everything up to `pos`.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::position::Position;
use serde_json::{Value, json};

use super::caller::caller;
use super::problem::Problem;
use crate::extract::small_body;
use crate::observe::Facts;
use crate::state::State;

/// The largest body; an acknowledgement has less than 100 bytes.
const BODY_BYTES: usize = 4 * 1024;

/// Answers the route.
pub(super) async fn acknowledge(
    request: HttpRequest,
    mut payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    Facts::record(&request, |facts| facts.route = super::ACK);
    remember(&request, &mut payload, &state)
        .await
        .unwrap_or_else(|problem| problem.problem(&request))
}

async fn remember(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Problem> {
    let app = caller(state, request).await?;
    let Some(body) = small_body::read(request, payload, BODY_BYTES).await else {
        return Err(Problem::value(
            "body",
            "the body did not arrive or is too long: send {\"group\": \"<app>\", \"pos\": <number>}",
        ));
    };
    let (group, position, epoch) = parse(&body)?;
    let feeds = state.events.feeds();
    let position = feeds.acknowledge(app, &group, position, epoch.as_deref()).await?;
    Ok(HttpResponse::Ok().json(json!({"group": group, "pos": position})))
}

fn parse(body: &[u8]) -> Result<(String, Position, Option<String>), Problem> {
    let shape = "send {\"group\": \"<app>\", \"pos\": <number>}";
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Problem::value(
            "body",
            format!("the body is no JSON object: {shape}"),
        ));
    };
    let Some(group) = fields.get("group").and_then(Value::as_str) else {
        return Err(Problem::value(
            "group",
            format!("\"group\" must be a text, the app's name: {shape}"),
        ));
    };
    let position = fields.get("pos").and_then(Value::as_i64).and_then(Position::new);
    let Some(position) = position else {
        return Err(Problem::value(
            "pos",
            format!("\"pos\" must be a whole number from 0, the last applied position: {shape}"),
        ));
    };
    let epoch = match fields.get("epoch") {
        None => None,
        Some(Value::String(epoch)) => Some(epoch.clone()),
        Some(_) => {
            return Err(Problem::value(
                "epoch",
                "\"epoch\" must be a text, the epoch of the acknowledged position; or leave it out",
            ));
        }
    };
    Ok((group.to_owned(), position, epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_names_group_and_position() {
        assert_eq!(
            parse(br#"{"group":"booking","pos":9121,"more":1}"#),
            Ok(("booking".to_owned(), Position::new(9121).expect("from 0"), None))
        );
        let (.., epoch) = parse(br#"{"group":"booking","pos":1,"epoch":"3-5f0c9a72b3d4"}"#).expect("usable");
        assert_eq!(epoch.as_deref(), Some("3-5f0c9a72b3d4"));
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (body, field) in [
            ("", "body"),
            ("[]", "body"),
            (r#"{"pos":1}"#, "group"),
            (r#"{"group":7,"pos":1}"#, "group"),
            (r#"{"group":"booking"}"#, "pos"),
            (r#"{"group":"booking","pos":-1}"#, "pos"),
            (r#"{"group":"booking","pos":"1"}"#, "pos"),
            (r#"{"group":"booking","pos":1.5}"#, "pos"),
            (r#"{"group":"booking","pos":1,"epoch":3}"#, "epoch"),
        ] {
            let problem = parse(body.as_bytes()).expect_err(body);
            assert!(
                format!("{problem:?}").contains(&format!("field: Some({field:?})")),
                "{body}"
            );
        }
    }
}
