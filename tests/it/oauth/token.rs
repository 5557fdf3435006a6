//! `POST /oauth/token`: who gets an access token, and what the others are told.

use serde_json::json;
use support::gateway::text;
use support::http::send;

use super::{ADVISORS, GRANT, access_token, claims, client, form, on_both, part, scim, token_request};
use crate::forge::{forged, of_other_kind};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_an_access_token_that_opens_its_directory_on_every_instance() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        assert!(client.secret.starts_with("ushercs_t_"), "{}", client.secret);
        // In the header, and in the form: Entra does either.
        let header = token_request(&one).basic_auth(&client.id, Some(&client.secret));
        let body = [GRANT, ("client_id", &client.id), ("client_secret", &client.secret), ("scope", "x y")];
        for answer in [form(header, &[GRANT]).await, form(token_request(&other), &body).await] {
            let answer = answer.expect(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.header("content-type").starts_with("application/json"));
            assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(3_600)));
            let token = text(&answer.body, "access_token");
            assert_eq!(part(&token, 0)["typ"], "at+jwt");
            let claims = claims(&token);
            assert_eq!(claims["iss"], one.url());
            assert_eq!(claims["aud"], format!("{}/advisors/scim", one.url()));
            assert_eq!(claims["sub"], client.id);
            for gateway in [&one, &other] {
                for path in [ADVISORS, "/t/contoso/advisors/scim", "/scim", "/advisors/scim/v2"] {
                    for _ in 0..2 {
                        scim(gateway, path, &token).get("/Users").await.expect(200);
                    }
                }
                scim(gateway, "/rooms/scim", &token).get("/Users").await.expect(401);
                scim(gateway, "/t/fabrikam/advisors/scim", &token).get("/Users").await.expect(401);
            }
        }
        // It writes, too, and apps are told of one and the same writer.
        let token = access_token(&one, &client).await;
        let person = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": "x"}]});
        scim(&other, ADVISORS, &token).create("e1", "ann@contoso.com", person).await.expect(201);
        // It is no credential for anything else.
        for url in [format!("{}/feeds/booking/events", one.url()), format!("{}/admin/v1/tenants", one.admin_url())] {
            send(support::http_client().get(url).bearer_auth(&token)).await.expect(401);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_is_answered_in_the_form_of_oauth_and_says_what_to_do() {
    on_both(async |one, _| {
        let directory = one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let id = ("client_id", client.id.as_str());
        let secret = ("client_secret", client.secret.as_str());
        let basic = || token_request(&one).basic_auth(&client.id, Some(&client.secret));
        let assertion = [
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", "eyJ.x.y"),
        ];
        let invalid = [
            (
                form(token_request(&one), &[id, secret]).await,
                "grant_type is missing",
            ),
            (form(basic(), &[GRANT, secret]).await, "proves itself twice"),
            (form(basic(), &[GRANT, id, secret]).await, "proves itself twice"),
            (
                form(basic(), &[GRANT, assertion[0], assertion[1]]).await,
                "proves itself twice",
            ),
            (
                form(
                    token_request(&one),
                    &[GRANT, id, secret, assertion[0], assertion[1]],
                )
                .await,
                "proves itself twice",
            ),
            (
                form(basic(), &[GRANT, ("client_id", "another")]).await,
                "differs in header and form",
            ),
            (
                form(token_request(&one), &[GRANT, secret]).await,
                "client_id is missing",
            ),
            (
                form(token_request(&one), &[GRANT, id, assertion[1]]).await,
                "client_assertion_type must be urn:ietf",
            ),
            (form(token_request(&one), &[GRANT, GRANT]).await, "stands twice"),
            (
                form(token_request(&one).bearer_auth(&directory.token), &[GRANT]).await,
                "not Basic with base64",
            ),
            (
                send(basic().json(&json!({"grant_type": "client_credentials"}))).await,
                "application/x-www-form-urlencoded",
            ),
            (
                send(basic().header("content-type", "application/scim+json").body("{}")).await,
                "application/x-www-form-urlencoded",
            ),
        ];
        for (answer, part) in invalid {
            let answer = answer.expect(400);
            assert_eq!(answer.body["error"], "invalid_request", "{}", answer.text);
            assert!(
                text(&answer.body, "error_description").contains(part),
                "{part}: {}",
                answer.text
            );
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let other_grant = form(basic(), &[("grant_type", "authorization_code")])
            .await
            .expect(400);
        assert_eq!(other_grant.body["error"], "unsupported_grant_type");
        let get = send(support::http_client().get(format!("{}/oauth/token", one.url())))
            .await
            .expect(405);
        assert_eq!(get.header("allow"), "POST");

        // Whatever is wrong with the credentials, the answer is the same.
        let app = one.app("booking").credential;
        let mut texts = Vec::new();
        for (id, secret) in [
            (client.id.as_str(), ""),
            (client.id.as_str(), "null"),
            (client.id.as_str(), &forged(&client.secret, 7)),
            (
                client.id.as_str(),
                &client.secret[..90.min(client.secret.len() - 1)],
            ),
            (client.id.as_str(), &of_other_kind(&client.secret)),
            (client.id.as_str(), &directory.token),
            (client.id.as_str(), &app),
            ("000000000000", &client.secret),
            ("", &client.secret),
            ("../..", &client.secret),
        ] {
            let answer = form(token_request(&one).basic_auth(id, Some(secret)), &[GRANT])
                .await
                .expect(401);
            assert_eq!(answer.body["error"], "invalid_client", "{}", answer.text);
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"usher\"");
            texts.push(answer.text_without_id());
        }
        let none = form(token_request(&one), &[GRANT]).await.expect(401);
        texts.push(none.text_without_id());
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains("usher client create"), "{}", texts[0]);
        // A secret is no bearer.
        scim(&one, ADVISORS, &client.secret)
            .get("/Users")
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_can_find_out_by_itself() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let token = access_token(&one, &client).await;
        let url = format!("{}/.well-known/oauth-authorization-server", one.url());
        let metadata = send(support::http_client().get(url)).await.expect(200).body;
        assert_eq!(metadata["issuer"], one.url());
        assert_eq!(metadata["token_endpoint"], format!("{}/oauth/token", one.url()));
        assert_eq!(metadata["jwks_uri"], format!("{}/oauth/jwks", one.url()));
        for gateway in [&one, &other] {
            let jwks = send(support::http_client().get(format!("{}/oauth/jwks", gateway.url())))
                .await
                .expect(200);
            let keys = jwks.body["keys"].as_array().expect("keys");
            assert!(
                keys.iter().any(|key| key["kid"] == part(&token, 0)["kid"]),
                "{}",
                jwks.text
            );
            for key in keys {
                assert_eq!(
                    (&key["kty"], &key["crv"], &key["alg"]),
                    (&json!("EC"), &json!("P-256"), &json!("ES256"))
                );
                assert!(key.get("d").is_none(), "{key}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_says_how_long_access_tokens_last() {
    on_both(async |one, _| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let directory = [
            "directory",
            "oauth",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
        ];
        for life in ["59m", "7h", "0"] {
            let output = one.try_cli(&[&directory[..], &["--token-life", life]].concat());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("one to six hours"), "{life}: {said}");
        }
        one.cli(&[&directory[..], &["--token-life", "6h"]].concat());
        assert_eq!(one.cli(&directory)["tokenSeconds"], 21_600);
        let claims = claims(&access_token(&one, &client).await);
        assert_eq!(
            claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
            21_600
        );
    })
    .await;
}
