//! Tokens, from outside: which ones a directory accepts, and from when on (ADR 0005).
//!
//! With real gateways and the command line; guessed tokens are in `guessing.rs`.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{Directory, Gateway, Settings, text};
use support::http::{Answer, Feed, Scim};
use support::postgres::Postgres;

use crate::forge::{forged, id};
use crate::snapshot;

async fn on_postgres() -> Settings {
    let database = Postgres::shared().await.database().await;
    Settings {
        database: Some(database),
        ..Settings::default()
    }
}

async fn status(directory: &Directory) -> u16 {
    Scim::new(directory).get("/Users?count=1").await.status
}

#[tokio::test]
async fn a_token_has_the_published_form_and_is_kept_nowhere() {
    let mut gateway = Gateway::embedded().await;
    let directory = gateway.directory("contoso", "advisors");
    let secret = directory.token.split('_').nth(3).expect("a secret").to_owned();
    assert_eq!(forged(&directory.token, 0).len(), directory.token.len());
    assert!(directory.token.starts_with("usher_t_"), "{}", directory.token);
    assert_eq!(status(&directory).await, 200);
    assert_eq!(
        status(&Directory {
            token: forged(&directory.token, 7),
            ..directory.clone()
        })
        .await,
        401
    );

    let list = gateway.cli(&["token", "list", "--tenant", "contoso"]).to_string();
    assert!(list.contains(id(&directory.token)), "{list}");
    assert!(!list.contains(&secret), "{list}");
    gateway.terminate();
    for folder in [
        gateway.folder().path().to_owned(),
        gateway.folder().join("usher-data"),
    ] {
        for entry in std::fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .filter(|entry| entry.path().is_file())
        {
            let bytes = std::fs::read(entry.path()).expect("a file");
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "the secret stands in {}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn a_rotation_leaves_the_old_token_its_overlap() {
    for settings in [Settings::default(), on_postgres().await] {
        let mut gateway = Gateway::start(settings).await;
        let old = gateway.directory("contoso", "advisors");
        let other = gateway.directory("contoso", "rooms");
        assert_eq!(status(&old).await, 200);
        gateway.terminate();
        gateway.restart().await;

        let rotate = [
            "token",
            "rotate",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
            "--overlap",
        ];
        let rotated = gateway.cli(&[&rotate[..], &["1h"]].concat());
        let new = Directory {
            token: text(&rotated, "token"),
            ..old.clone()
        };
        assert_eq!((status(&old).await, status(&new).await), (200, 200));
        let ending = &rotated["ending"][0];
        assert_eq!(text(ending, "id"), id(&old.token));
        assert!(
            ending["lastUsedAt"].is_string(),
            "the end of the gateway wrote the last use: {rotated}"
        );
        assert!(ending["expiresAt"].is_string(), "{rotated}");

        let again = gateway.cli(&[&rotate[..], &["0"]].concat());
        let newest = Directory {
            token: text(&again, "token"),
            ..old.clone()
        };
        assert_eq!(
            (status(&old).await, status(&new).await, status(&newest).await),
            (401, 401, 200)
        );
        assert_eq!(status(&other).await, 200, "another directory's tokens stay");
        let standings: Vec<_> = standings(&gateway, "advisors");
        assert_eq!(standings, ["expired", "expired", "active"]);
    }
}

/// RFC 7644 §7.4: bearer tokens have a limited lifetime.
#[tokio::test]
async fn a_token_ends_after_a_year_unless_it_is_said_otherwise() {
    let gateway = Gateway::embedded().await;
    gateway.directory("contoso", "advisors");
    let of = ["--tenant", "contoso", "--profile", "advisors", "--json"];
    for verb in ["issue", "rotate"] {
        for (more, days, warned) in [
            (&[][..], Some(365), false),
            (&["--expires-in", "90d"], Some(90), false),
            (&["--expires-in", "never"], None, true),
        ] {
            let output = gateway.try_cli(&[&["token", verb][..], &of, more].concat());
            let (said, complaint) = (
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
            let issued: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{complaint}"));
            let listed = gateway.cli(&["token", "list", "--tenant", "contoso"]);
            let listed = listed.as_array().expect("a list").iter();
            let token = listed
                .clone()
                .find(|token| token["id"] == issued["id"])
                .expect("the new token");
            let moment = |name: &str| {
                token[name]
                    .as_str()
                    .map(|text| text.parse::<DateTime<Utc>>().unwrap())
            };
            let life = moment("expiresAt").map(|end| (end - moment("createdAt").unwrap()).num_days());
            assert_eq!(life, days, "token {verb} {more:?}: {token}");
            assert_eq!(issued["expiresAt"].is_null(), days.is_none());
            assert_eq!(
                complaint.contains("usher: warning: this token has no end"),
                warned,
                "{complaint}"
            );
        }
    }
    let refused = gateway.try_cli(&[&["token", "issue"][..], &of, &["--expires-in", "731d"]].concat());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("730"));
}

fn standings(gateway: &Gateway, profile: &str) -> Vec<String> {
    let list = gateway.cli(&["token", "list", "--tenant", "contoso", "--profile", profile]);
    list.as_array()
        .expect("a list")
        .iter()
        .map(|token| text(token, "standing"))
        .collect()
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_the_next_request_on_every_instance() {
    for settings in [Settings::default(), on_postgres().await] {
        let gateway = Gateway::start(settings).await;
        let twin = gateway.twin().await;
        let here = gateway.directory("contoso", "advisors");
        let there = Directory {
            tenant_url: here.tenant_url.replace(&gateway.url(), &twin.url()),
            ..here.clone()
        };
        for _ in 0..3 {
            assert_eq!((status(&here).await, status(&there).await), (200, 200));
        }
        gateway.cli(&["token", "revoke", "--tenant", "contoso", id(&here.token)]);
        assert_eq!((status(&there).await, status(&here).await), (401, 401));
        // A repeat changes nothing, and another tenant cannot reach it.
        gateway.cli(&["token", "revoke", "--tenant", "contoso", id(&here.token)]);
        gateway.cli(&["tenant", "create", "fabrikam"]);
        let foreign = gateway.try_cli(&["token", "revoke", "--tenant", "fabrikam", id(&here.token)]);
        let said = String::from_utf8_lossy(&foreign.stderr).into_owned();
        assert_eq!(foreign.status.code(), Some(1));
        assert!(
            said.contains("`usher token list --tenant fabrikam` shows their ids"),
            "{said}"
        );
    }
}

/// Whatever the request is, and whether or not a statement is needed to answer it: the record of a token that was right
/// before is kept, and must not outlive a change (ADR 0038).
#[tokio::test]
async fn no_request_of_any_kind_outlives_its_credential() {
    for settings in [Settings::default(), on_postgres().await] {
        let gateway = Gateway::start(settings).await;
        let directory = gateway.directory("contoso", "advisors");
        let scim = Scim::new(&directory);
        let person = |name: &str| {
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "externalId": name,
                   "displayName": name, "name": {"givenName": "Ad", "familyName": "Visor"},
                   "addresses": [{"type": "work", "formatted": "Building 4"}]})
        };
        let id = scim.post("/Users", &person("a")).await.expect(201).id();
        let at = format!("/Users/{id}");
        let kinds = async |status: u16| {
            // The kept record is read anew where there is none: the first request is not one of those that are looked at.
            for (method, path, body) in [
                (Method::GET, "/Users?count=2", None),
                (Method::GET, "/Users?filter=userName%20eq%20%22nobody%22", None),
                (Method::GET, "/Users?count=x", None),
                (Method::GET, "/Users/nobody", None),
                (Method::GET, "/Schemas", None),
                (Method::GET, "/Groups", None),
                (Method::POST, "/Groups", Some("{}".to_owned())),
                (Method::POST, "/Users", Some("{".to_owned())),
                (Method::POST, "/Users", Some("{}".to_owned())),
                (Method::POST, "/Users", Some(person("b").to_string())),
                (Method::PUT, &at, Some(person("c").to_string())),
                (Method::PATCH, &at, Some(replace("displayName", "d").to_string())),
                (Method::POST, "/.search", Some("{}".to_owned())),
                (Method::POST, "/Bulk", Some("{}".to_owned())),
                (Method::DELETE, &at, None),
            ] {
                let mut request = scim.request(method.clone(), path);
                if let Some(body) = body {
                    request = request.body(body);
                }
                let answer = support::http::send(request).await;
                assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
            }
        };
        let ended = Scim::new(&directory);
        gateway.switch_directory("contoso", "advisors", "off");
        kinds(403).await;
        gateway.switch_directory("contoso", "advisors", "on");
        scim.get("/Users").await.expect(200);
        gateway.cli(&[
            "token",
            "revoke",
            "--tenant",
            "contoso",
            self::id(&directory.token),
        ]);
        kinds(401).await;
        ended.get(&at).await.expect(401);
        // Nothing was done meanwhile.
        let other = Scim::new(&gateway.token("contoso", "advisors"));
        let person = other.get(&at).await.expect(200);
        assert_eq!(
            (person.body["displayName"].as_str(), person.header("etag")),
            (Some("a"), "W/\"1\"")
        );
        assert_eq!(other.get("/Users").await.expect(200).total(), 1);
    }
}

/// What an operator sets for a directory is what its next request meets, though its token's record was kept.
#[tokio::test]
async fn a_setting_of_a_directory_is_met_by_its_next_request() {
    for settings in [Settings::default(), on_postgres().await] {
        let gateway = Gateway::start(settings).await;
        let scim = Scim::new(&gateway.directory("contoso", "advisors"));
        let person = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a", "externalId": "a",
                            "displayName": "a", "name": {"givenName": "Ad", "familyName": "Visor"},
                            "addresses": [{"type": "work", "formatted": "Building 4"}]});
        let id = scim.post("/Users", &person).await.expect(201).id();
        let change = |name: &str| replace("displayName", name);
        let set_provider = |provider: &str| {
            let directory = ["directory", "set", "--tenant", "contoso", "--profile", "advisors"];
            gateway.cli(&[&directory[..], &["--provider", provider]].concat());
        };
        scim.patch(&format!("/Users/{id}"), &change("b"))
            .await
            .expect(200);
        set_provider("generic");
        // The RFC to the letter: a name that no schema has is refused, while it is passed over for Entra.
        let unknown = replace("nonsense", "x");
        scim.patch(&format!("/Users/{id}"), &unknown).await.expect(400);
        set_provider("entra");
        scim.patch(&format!("/Users/{id}"), &unknown).await.expect(200);
    }
}

fn replace(path: &str, value: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
           "Operations": [{"op": "replace", "path": path, "value": value}]})
}

#[tokio::test]
async fn a_directory_that_is_off_says_so_with_a_403() {
    let gateway = Gateway::embedded().await;
    let directory = gateway.directory("contoso", "advisors");
    let switch = [
        "directory",
        "switch",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
    ];
    gateway.cli(&[&switch[..], &["off"]].concat());
    let answer = Scim::new(&directory).get("/Users").await.expect(403);
    assert!(
        answer.body["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("switched off")),
        "{}",
        answer.text
    );
    gateway.cli(&[&switch[..], &["on"]].concat());
    assert_eq!(status(&directory).await, 200);
}

#[tokio::test]
async fn every_wrong_credential_gets_one_and_the_same_401() {
    let gateway = Gateway::embedded().await;
    let advisors = gateway.directory("contoso", "advisors");
    let fabrikam = gateway.directory("fabrikam", "advisors");
    let app = gateway.app("booking");
    let revoked = gateway.token("contoso", "advisors");
    gateway.cli(&["token", "revoke", "--tenant", "contoso", &revoked.token]);
    let token = &advisors.token;
    let unknown = forged(&token.replace(id(token), "zzzzzzzzzzzz"), 1);
    let bearers = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer Bearer x",
        "Bearer null",
        "Bearer undefined",
        "Basic dXNlcjpwYXNz",
        "x",
        &format!("Bearer Bearer {token}"),
        token,
        &format!("Token {token}"),
        &format!("Bearer \"{token}\""),
        &format!("Bearer {}", &token[..token.len() - 1]),
        &format!("Bearer {token}x"),
        &format!("Bearer {}", forged(token, 9)),
        &format!("Bearer {unknown}"),
        &format!("Bearer {}", revoked.token),
        &format!("Bearer {}", app.credential),
        &format!("Bearer {}", token.replace("usher_t_", "usher_p_")),
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ];
    let mut answers: Vec<(String, Answer)> = Vec::new();
    let nothing = Scim::at(&advisors.tenant_url, None).get("/Users").await;
    answers.push(("no header".to_owned(), nothing));
    for bearer in bearers {
        let scim = Scim::at(&advisors.tenant_url, Some(bearer.to_owned()));
        answers.push((bearer.to_owned(), scim.get("/Users").await));
    }
    // A right token at wrong URLs: the other profile, another tenant's, one that does not exist.
    for path in [
        "/rooms/scim",
        "/t/fabrikam/advisors/scim",
        "/t/nobody/advisors/scim",
    ] {
        let scim = Scim::at(
            &format!("{}{path}", gateway.url()),
            Some(format!("Bearer {token}")),
        );
        answers.push((path.to_owned(), scim.get("/Users").await));
    }
    let first = answers[0].1.text_without_id();
    for (what, answer) in &answers {
        assert_eq!(
            (answer.status, answer.text_without_id()),
            (401, first.clone()),
            "{what}"
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{what}");
        assert_eq!(answer.header("content-type"), "application/scim+json", "{what}");
    }
    assert_eq!((status(&advisors).await, status(&fabrikam).await), (200, 200));
    let log = gateway.log();
    for (what, answer) in &answers {
        let id = answer.header("request-id");
        let told = log
            .lines()
            .filter(|line| line.contains(id) && line.contains("usher.security"));
        assert_eq!(told.count(), 1, "one line tells why {what} was refused");
    }
    assert!(
        log.contains("right token, wrong URL"),
        "the operator's log says what the answer does not:\n{log}"
    );
    for directory in [&advisors, &fabrikam, &revoked] {
        let secret = directory.token.split('_').nth(3).expect("a secret");
        assert!(!log.contains(secret), "no secret in the log");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_one_too_many() {
    let gateway = Gateway::embedded().await;
    let directory = gateway.directory("contoso", "advisors");
    let twice = Scim::new(&directory)
        .request(reqwest::Method::GET, "/Users")
        .header("Authorization", format!("Bearer {}", directory.token));
    assert_eq!(support::http::send(twice).await.status, 401);
}

#[tokio::test]
async fn an_app_opens_its_own_feed_until_its_credential_is_rotated() {
    let gateway = Gateway::embedded().await;
    let app = gateway.app("booking");
    let directory = gateway.directory("contoso", "advisors");
    assert_eq!(Feed::new(&app).page(0, 1, 0).await.status, 200);
    let with_a_token = support::gateway::App {
        credential: directory.token.clone(),
        ..app.clone()
    };
    assert_eq!(Feed::new(&with_a_token).page(0, 1, 0).await.status, 401);

    let rotated = gateway.cli(&["app", "rotate-credential", "booking", "--overlap", "0"]);
    let new = support::gateway::App {
        credential: text(&rotated, "credential"),
        ..app.clone()
    };
    let answers = (
        Feed::new(&app).page(0, 1, 0).await.status,
        Feed::new(&new).page(0, 1, 0).await.status,
    );
    assert_eq!(answers, (401, 200));
}

#[tokio::test]
async fn what_happened_to_this_person_is_one_question() {
    for settings in [Settings::default(), on_postgres().await] {
        let gateway = Gateway::start(settings).await;
        let app = gateway.app("booking");
        let directory = gateway.directory("contoso", "rooms");
        let scim = Scim::new(&directory);
        scim.create("object-1", "Room1@contoso.example", serde_json::json!({}))
            .await
            .expect(201);
        scim.create("object-2", "room1@contoso.example", serde_json::json!({}))
            .await
            .expect(409);

        let feed = Feed::new(&app);
        feed.page(0, 1, 10).await.expect(200);
        assert_eq!(feed.head().await, 1);
        assert!((200..300).contains(&feed.ack("booking", 1).await.status));

        let list = |more: &[&str]| -> Vec<Value> {
            let answer = gateway.cli(&[&["log", "list", "--tenant", "contoso"], more].concat());
            answer.as_array().expect("a list").clone()
        };
        let rows = list(&["--external-id", "object-1"]);
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0];
        assert_eq!(
            (row["action"].as_str(), row["status"].as_str()),
            (Some("create"), Some("success"))
        );
        assert_eq!(
            (row["tenant"].as_str(), row["profile"].as_str()),
            (Some("contoso"), Some("rooms"))
        );
        let delivered = &row["delivered"][0];
        assert_eq!(
            (delivered["app"].as_str(), delivered["position"].as_i64()),
            (Some("booking"), Some(1))
        );
        assert!(delivered["appliedAt"].is_string(), "{row}");
        assert_eq!(
            list(&["--user", "ROOM1@contoso.example"]).len(),
            2,
            "userName in any case, refused ones too"
        );
        assert_eq!(list(&["--failures"]).len(), 1);
        assert_eq!(list(&["--id", &text(row, "identity")]).len(), 1);
        assert_eq!(list(&["--user", "nobody@contoso.example"]).len(), 0);

        let feeds = gateway.cli(&["feed", "list"]);
        assert_eq!(feeds[0]["head"], 1);
        assert_eq!(
            (
                &feeds[0]["groups"][0]["acknowledged"],
                &feeds[0]["groups"][0]["lag"]
            ),
            (&1.into(), &0.into())
        );
        gateway.cli(&["tenant", "create", "fabrikam"]);
        assert_eq!(
            gateway.cli(&["log", "list", "--tenant", "fabrikam"]),
            serde_json::json!([])
        );
    }
}

#[tokio::test]
async fn commands_work_with_the_gateway_down_and_say_the_next_step() {
    let gateway = Gateway::prepared(Settings::default());
    let code = |args: &[&str]| {
        let output = gateway.try_cli(args);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(code(&["tenant", "create", "contoso"]).0, Some(0));
    for (name, command) in [
        ("tenant_exists", "tenant create contoso"),
        ("tenant_name", "tenant create Contoso"),
        ("log_limit", "log list --tenant contoso --limit 1001"),
        (
            "profile_unknown",
            "directory create --tenant contoso --profile cars",
        ),
        (
            "directory_unknown",
            "token issue --tenant contoso --profile advisors",
        ),
    ] {
        let (status, said) = code(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(status, Some(1), "{said}");
        snapshot::matches(&format!("cli_{name}"), &said);
    }
    assert_eq!(
        code(&[
            "token",
            "rotate",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
            "--overlap",
            "soon"
        ])
        .0,
        Some(2)
    );
    assert_eq!(code(&["token"]).0, Some(2));
    let issued = gateway.directory("contoso", "advisors");
    assert!(
        issued.tenant_url.ends_with("/advisors/scim"),
        "{}",
        issued.tenant_url
    );
}
