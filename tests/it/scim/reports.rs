//! What went wrong in other SCIM servers, tried here (`docs/reference/security-tests.md`): identifiers of the client, addresses without a
//! credential, paths that lead out of the schema, texts that are evaluated, roles that are data, labels of metrics.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use support::gateway::Gateway;
use support::http::{Answer, Feed, Scim, send};
use support::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::groups::{create, people};
use super::{advisor, advisor_with, advisors, on_both};

/// The bare number of an id, as a UUID is written.
fn uuid(id: &str) -> String {
    let hex = id.rsplit('_').next().expect("an id");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// CVE-2025-41115.
#[tokio::test]
async fn an_external_id_is_data_and_leads_to_nobody_elses_identity() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let first = scim.post("/Users", &advisor(1)).await.expect(201);
        let id = first.id();
        let long = "x".repeat(10_000);
        for (number, value) in ["1", "0", "-1", "admin", &id, &id[4..], &uuid(&id), &long]
            .into_iter()
            .enumerate()
        {
            let body = advisor_with(number + 2, json!({"externalId": value}));
            let made = scim.post("/Users", &body).await.expect(201);
            assert_eq!(made.body["externalId"], value);
            assert!(
                made.id() != id && made.id() != value,
                "the gateway alone makes ids: {}",
                made.id()
            );
            if value.len() < 1_000 {
                let found = scim.find(&format!("externalId eq \"{value}\"")).await.expect(200);
                assert_eq!(
                    (found.total(), found.body["Resources"][0]["id"].as_str()),
                    (1, Some(made.id().as_str())),
                    "{value}"
                );
            }
            if value != id {
                let path = format!("/Users/{value}");
                scim.get(&path).await.expect(404);
                scim.put(&path, &body).await.expect(404);
                scim.delete(&path).await.expect(404);
            }
        }
        assert_eq!(
            scim.get(&format!("/Users/{id}")).await.expect(200).body,
            first.body
        );
    })
    .await;
}

/// CVE-2022-1680, and the reports of adoption by an e-mail address.
#[tokio::test]
async fn an_address_that_somebody_else_has_is_taken_over_by_nobody() {
    on_both(async |gateway| {
        let [ours, theirs] = ["contoso", "fabrikam"].map(|tenant| people(&gateway, tenant));
        let person = |external_id: &str, user_name: &str, mail: &str| {
            json!({"externalId": external_id, "userName": user_name, "displayName": user_name,
                   "emails": [{"type": "work", "value": mail, "primary": true}]})
        };
        let ann = person("e1", "ann@example.com", "ann@example.com");
        let (here, there) = (
            ours.post("/Users", &ann).await.expect(201),
            theirs.post("/Users", &ann).await.expect(201),
        );
        assert_ne!(here.id(), there.id());
        let bob = ours
            .post("/Users", &person("e2", "bob@example.com", "bob@example.com"))
            .await
            .expect(201)
            .id();
        let rewritten =
            json!([{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ann@example.com"}]);
        let changed = ours.patch_ops(&bob, rewritten).await.expect(200);
        assert_eq!(
            (changed.id(), &changed.body["externalId"]),
            (bob.clone(), &json!("e2"))
        );
        // Nor does a creation with her address become her.
        let other = ours
            .post("/Users", &person("e3", "carl@example.com", "ann@example.com"))
            .await
            .expect(201);
        assert!(![here.id(), bob].contains(&other.id()));
        ours.delete(&format!("/Users/{}", other.id())).await.expect(204);
        for (scim, made) in [(&ours, &here), (&theirs, &there)] {
            let read = scim.get(&format!("/Users/{}", made.id())).await.expect(200);
            assert_eq!(read.body, made.body);
        }
    })
    .await;
}

/// CVE-2026-15630.
#[tokio::test]
async fn the_id_in_the_address_counts_and_one_in_the_body_never() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let one = scim.post("/Users", &advisor(1)).await.expect(201);
        let claimed = advisor_with(2, json!({"id": one.id(), "meta": {"version": "W/\"9\""}}));
        let other = scim.post("/Users", &claimed).await.expect(201);
        assert_ne!(other.id(), one.id(), "a creation chooses no id");
        let put = advisor_with(2, json!({"id": one.id(), "displayName": "Put"}));
        let path = format!("/Users/{}", other.id());
        let done = scim.put(&path, &put).await.expect(200);
        assert_eq!(
            (done.id(), &done.body["displayName"]),
            (other.id(), &json!("Put"))
        );
        for operation in [
            json!({"op": "replace", "path": "id", "value": one.id()}),
            json!({"op": "replace", "value": {"id": one.id()}}),
            json!({"op": "remove", "path": "id"}),
        ] {
            let answer = scim.patch_ops(&other.id(), json!([operation])).await;
            assert!(
                [200, 400].contains(&answer.status),
                "{operation}: {}",
                answer.text
            );
            assert_eq!(scim.get(&path).await.expect(200).body, done.body, "{operation}");
        }
        // Nor does a parameter of the query name another one.
        let read = scim.get(&format!("{path}?id={}", one.id())).await.expect(200);
        assert_eq!(read.id(), other.id());
        let read = scim.get(&format!("/Users/{}", one.id())).await.expect(200);
        assert_eq!(read.body, one.body);
    })
    .await;
}

/// The status of a request whose address no client changes before it sends it.
async fn status(url: &str, method: &str, path: &str, more: &str) -> u16 {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .expect("a connection");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{method} {path}: {answer}"))
}

/// An address in the spellings that have passed other servers' checks.
fn spellings(path: &str) -> Vec<String> {
    let (folder, last) = path.rsplit_once('/').expect("a path");
    vec![
        path.to_owned(),
        format!("{path}/"),
        format!("/{path}"),
        format!("{folder}//{last}"),
        format!("{folder}/./{last}"),
        format!("{folder}/x/../{last}"),
        format!("{folder}/%2e/{last}"),
        format!("{folder}%2f{last}"),
        format!("{folder}/{last};a=b"),
        path.to_ascii_uppercase(),
        format!("{path}?a=1"),
    ]
}

/// CVE-2025-4210: the routes of `/scim` were open. The routes are those of the table and of the documents.
#[tokio::test(flavor = "multi_thread")]
async fn no_address_in_any_spelling_is_open_without_a_credential() {
    let gateway = Gateway::embedded().await;
    let scim = advisors(&gateway, "contoso");
    gateway.app("booking");
    let person = scim.post("/Users", &advisor(1)).await.expect(201).id();
    let token = scim.authorization.clone().expect("a token");
    let authorized = format!("Authorization: {token}\r\n");
    let below = [
        "Users",
        &format!("Users/{person}"),
        "Users/.search",
        "Groups",
        "Groups/.search",
        ".search",
        "Bulk",
        "Me",
        "Schemas",
        "ResourceTypes",
        "ServiceProviderConfig",
    ];
    let mut reached = 0;
    for base in ["/scim", "/scim/v2", "/advisors/scim", "/t/contoso/advisors/scim"] {
        for path in below {
            for spelling in spellings(&format!("{base}/{path}")) {
                // What reaches something with a credential is 401 without one; anything else may be unknown to everybody.
                let open = status(&gateway.url(), "GET", &spelling, &authorized).await;
                reached += usize::from(open == 200);
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                    let closed = status(&gateway.url(), method, &spelling, "").await;
                    // A method that an address never has is refused as such to everybody.
                    let is_shut = match closed {
                        401 => true,
                        404 => open != 200,
                        405 => open != 200 || method != "GET",
                        501 => open == 501,
                        _ => false,
                    };
                    assert!(is_shut, "{method} {spelling}: {closed}, and with a token {open}");
                }
            }
        }
    }
    assert!(reached > 100, "{reached} addresses are there with a token");
    // A token is read out of its header and nowhere else.
    let bare = token.trim_start_matches("Bearer ");
    for (path, header) in [
        (format!("/scim/Users?access_token={bare}"), String::new()),
        (format!("/scim/Users?token={bare}"), String::new()),
        ("/scim/Users".to_owned(), format!("X-Api-Key: {bare}\r\n")),
        ("/scim/Users".to_owned(), format!("Cookie: token={bare}\r\n")),
        (
            "/scim/Users".to_owned(),
            format!("Proxy-Authorization: {token}\r\n"),
        ),
    ] {
        let closed = status(&gateway.url(), "GET", &path, &header).await;
        assert_eq!(closed, 401, "{path} {header}");
    }
    assert_eq!(
        scim.get("/Users").await.expect(200).total(),
        1,
        "nothing was changed"
    );

    let document = send(support::http_client().get(format!("{}/admin/v1/openapi.json", gateway.admin_url())))
        .await
        .expect(200);
    let paths = document.body["paths"].as_object().expect("paths");
    assert!(paths.len() > 35, "{}", paths.len());
    let feeds = ["events", "snapshot", "ack"].map(|last| format!("/feeds/booking/{last}"));
    let feeds = feeds.iter().map(|path| (gateway.url(), path.clone()));
    let admin = paths.keys().map(|path| (gateway.admin_url(), path.clone()));
    for (url, path) in feeds.chain(admin) {
        let plain = path.replace(['{', '}'], "");
        for spelling in spellings(&plain) {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let closed = status(&url, method, &spelling, "").await;
                assert!(
                    [401, 404, 405].contains(&closed) && (spelling != plain || closed != 404),
                    "{method} {spelling}: {closed}"
                );
            }
        }
    }
}

/// CVE-2026-61834. The first directory passes over what it does not know, as products expect it; the second refuses it, as the RFC does.
#[tokio::test]
async fn a_patch_reaches_nothing_but_attributes_of_the_schema() {
    on_both(async |gateway| {
        for (tenant, provider) in [("contoso", "entra"), ("fabrikam", "generic")] {
            let scim = people(&gateway, tenant);
            let directory = ["directory", "set", "--tenant", tenant, "--profile", "people"];
            gateway.cli(&[&directory[..], &["--provider", provider]].concat());
            let made = scim
                .post("/Users", &json!({"userName": "ann", "displayName": "Ann"}))
                .await
                .expect(201);
            let path = format!("/Users/{}", made.id());
            for name in [
                "__proto__",
                "__proto__.polluted",
                "constructor",
                "constructor.prototype.polluted",
                "toString",
                "hasOwnProperty",
                "meta.created",
                "meta.version",
                "meta.location",
                "meta",
                "id",
                "groups",
                "urn:ietf:params:scim:schemas:core:2.0:User:__proto__",
                "name.__proto__",
                "emails[type eq \"work\"].__proto__",
                "emails[__proto__ eq \"work\"].value",
            ] {
                for operation in [
                    json!({"op": "add", "path": name, "value": "polluted"}),
                    json!({"op": "replace", "path": name, "value": {"polluted": true}}),
                    json!({"op": "remove", "path": name}),
                    json!({"op": "add", "value": {name: "polluted"}}),
                ] {
                    let answer = scim.patch_ops(&made.id(), json!([operation])).await;
                    assert!(
                        [200, 400].contains(&answer.status),
                        "{provider}: {operation}: {}",
                        answer.text
                    );
                    assert!(!answer.text.contains("\"polluted\":true"), "{operation}");
                    let read = scim.get(&path).await.expect(200);
                    assert_eq!(read.body, made.body, "{provider}: {operation}");
                }
            }
            let schemas = json!([{"op": "replace", "path": "schemas", "value": ["urn:x"]}]);
            scim.patch_ops(&made.id(), schemas).await;
            assert_eq!(scim.get(&path).await.expect(200).body, made.body, "{provider}");
        }
    })
    .await;
}

/// CVE-2021-21479: a text was evaluated in the message about it.
#[tokio::test]
async fn what_is_sent_is_never_evaluated_and_ends_no_header() {
    /// What the expressions below would be.
    const PRODUCT: &str = "41897569";
    let holds_nothing = |answer: &Answer, place: &str| {
        assert!(!answer.text.contains(PRODUCT), "{place}: {}", answer.text);
        assert!(
            answer.headers.get("set-cookie").is_none() && answer.headers.get("x-injected").is_none(),
            "{place}: {:?}",
            answer.headers
        );
        assert!(
            answer.text.is_empty() || answer.body.is_object(),
            "{place}: {}",
            answer.text
        );
        let label = if answer.text.is_empty() {
            ""
        } else {
            "application/scim+json"
        };
        assert_eq!(answer.header("content-type"), label, "{place}");
        assert!(answer.status < 500, "{place}: {}", answer.text);
    };
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let kept = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let expressions = [
            "${1337*31337}",
            "#{1337*31337}",
            "{{1337*31337}}",
            "<%= 1337*31337 %>",
            "%n%s%s%x",
            "x\r\nSet-Cookie: a=b\r\nX-Injected: 1",
            "' OR '1'='1",
            "\"><script>1337*31337</script>",
        ];
        for (number, text) in expressions.into_iter().enumerate() {
            let body = advisor_with(
                number + 10,
                json!({"displayName": text, "externalId": text, "name": {"givenName": text, "familyName": text},
                       "addresses": [{"type": "work", "formatted": text}]}),
            );
            let made = scim.post("/Users", &body).await.expect(201);
            holds_nothing(&made, text);
            let read = scim.get(&format!("/Users/{}", made.id())).await.expect(200);
            for pointer in ["/displayName", "/externalId", "/name/givenName", "/addresses/0/formatted"] {
                assert_eq!(read.body.pointer(pointer), Some(&json!(text)), "byte for byte");
            }
            let encoded = support::http::entra_encode(text);
            for path in [
                format!("/Users/{encoded}"),
                format!("/{encoded}"),
                format!("/Users?filter={encoded}"),
                format!("/Users?filter={encoded}+eq+%22x%22"),
                format!("/Users?attributes={encoded}"),
                format!("/Users?sortBy={encoded}"),
                format!("/Users?count={encoded}"),
                format!("/Users?cursor={encoded}"),
                format!("/Schemas/{encoded}"),
            ] {
                holds_nothing(&scim.get(&path).await, &path);
            }
            for operation in [
                json!({"op": text, "path": "displayName", "value": "x"}),
                json!({"op": "add", "path": text, "value": "x"}),
                json!({"op": "add", "path": format!("name[{text}]"), "value": "x"}),
                json!({"op": "replace", "path": "active", "value": text}),
                json!({"op": "add", "value": {text: text}}),
            ] {
                let answer = scim.patch_ops(&kept, json!([operation])).await;
                holds_nothing(&answer, &operation.to_string());
            }
            for body in [
                advisor_with(2, json!({"schemas": [text]})),
                advisor_with(2, json!({text: text, "active": text})),
                json!({"userName": {"a": text}}),
                json!(text),
            ] {
                holds_nothing(&scim.post("/Users", &body).await, &body.to_string());
            }
            let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                              "Operations": [{"method": text, "path": text, "bulkId": text, "data": {}}]});
            holds_nothing(&scim.post("/Bulk", &bulk).await, "bulk");
            // Fields of the head, without the ends of lines that no client sends.
            let line = text.replace(['\r', '\n'], " ");
            for field in ["If-Match", "If-None-Match", "client-request-id", "X-Forwarded-Host", "User-Agent"] {
                let request = scim.request(Method::GET, &format!("/Users/{kept}"));
                let answer = send(request.header(field, &line)).await;
                holds_nothing(&answer, field);
            }
            let request = scim.request(Method::POST, "/Users").header("Content-Type", &line);
            holds_nothing(&send(request.body("{}")).await, "Content-Type");
        }
    })
    .await;
}

/// What a directory calls a role is a text of the customer's.
#[tokio::test]
async fn a_group_or_a_role_named_like_one_of_ours_grants_nothing() {
    on_both(async |gateway| {
        let [scim, theirs] = ["contoso", "fabrikam"].map(|tenant| people(&gateway, tenant));
        let keys = gateway.cli(&["api-key", "list"]);
        let person = json!({"userName": "eve", "displayName": "Eve", "userType": "operator",
                            "roles": [{"value": "operator", "primary": true}], "entitlements": [{"value": "scim:manage"}]});
        let eve = scim.post("/Users", &person).await.expect(201).id();
        let ann = theirs
            .post("/Users", &json!({"userName": "ann", "displayName": "Ann"}))
            .await
            .expect(201);
        let of_theirs = create(&theirs, "operator", &[ann.id()]).await;
        for name in ["operator", "owner", "Administrators", "usher_admin", "authentik Admins"] {
            // A foreign person named as a member is none.
            let group = create(&scim, name, &[eve.clone(), ann.id()]).await;
            let read = scim.get(&format!("/Groups/{group}")).await.expect(200);
            assert_eq!(read.body["members"].as_array().map(Vec::len), Some(1), "{}", read.text);
        }
        let roles = json!([{"op": "replace", "path": "roles", "value": [{"value": "admin"}]}]);
        scim.patch_ops(&eve, roles).await.expect(200);
        for path in ["/tenants", "/api-keys", "/tenants/contoso/directories", "/audit", "/apps"] {
            let url = format!("{}/admin/v1{path}", gateway.admin_url());
            let asked = support::http_client().get(url);
            let token = scim.authorization.clone().expect("a token");
            send(asked.header("Authorization", token)).await.expect(401);
        }
        assert_eq!(gateway.cli(&["api-key", "list"]), keys);
        for path in [format!("/Users/{}", ann.id()), format!("/Groups/{of_theirs}")] {
            scim.get(&path).await.expect(404);
            scim.delete(&path).await.expect(404);
            theirs.get(&path).await.expect(200);
        }
        let read = theirs.get(&format!("/Users/{}", ann.id())).await.expect(200);
        assert_eq!(read.body["groups"].as_array().map(Vec::len), Some(1), "{}", read.text);
    })
    .await;
}

/// Who is created inactive is told so, and not as somebody who may come in.
#[tokio::test]
async fn a_creation_that_is_inactive_is_told_as_inactive() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let feed = Feed::new(&gateway.app("booking"));
        let made = scim
            .post("/Users", &advisor_with(1, json!({"active": false})))
            .await
            .expect(201);
        until("the event", Duration::from_secs(30), || async {
            (feed.head().await == 1).then_some(())
        })
        .await;
        let (_, event) = feed.all().await.remove(0);
        assert_eq!(event["type"], "usher.identity.created.v1");
        for pointer in ["/data/identity/active", "/data/record/active"] {
            assert_eq!(event.pointer(pointer), Some(&json!(false)), "{event}");
        }
        assert_eq!(event["data"]["identity"]["id"], made.id());
    })
    .await;
}

/// The series of the metrics page: their names with labels, without their values.
async fn series(gateway: &Gateway) -> BTreeSet<String> {
    let page = send(support::http_client().get(format!("{}/metrics", gateway.admin_url())))
        .await
        .expect(200)
        .text;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

/// Requests of every kind that hold `mark` wherever a client can write.
async fn odd_requests(gateway: &Gateway, scim: &Scim, mark: &str) {
    let client = support::http_client();
    for number in 0..6 {
        let text = format!("{mark}{number}");
        let method = |name: &str| Method::from_bytes(name.as_bytes()).expect("a method");
        for path in ["", "/Users", "/Users/x"] {
            let url = format!("{}/{text}/scim{path}", gateway.url());
            for name in [text.to_ascii_uppercase().as_str(), "GET", "POST"] {
                let request = client.request(method(name), &url);
                send(request.header("User-Agent", &text).bearer_auth(&text)).await;
            }
        }
        scim.get(&format!("/Users/{text}")).await.expect(404);
        scim.get(&format!("/{text}")).await.expect(404);
        scim.get(&format!("/Users?filter={text}")).await.expect(400);
        scim.get(&format!("/Users?sortBy={text}&{text}={text}")).await;
        scim.post("/Users", &json!({text.as_str(): text}))
            .await
            .expect(400);
        scim.post("/Users", &advisor_with(number, json!({"active": text})))
            .await
            .expect(400);
        send(scim.request(method(&text.to_ascii_uppercase()), "/Users")).await;
        let body = format!("grant_type={text}&client_id={text}&error={text}");
        let url = format!("{}/oauth/token?error={text}", gateway.url());
        let form = "application/x-www-form-urlencoded";
        send(client.post(url).header("Content-Type", form).body(body)).await;
        for path in [
            format!("/feeds/{text}/events"),
            format!("/admin/v1/{text}"),
            format!("/{text}"),
        ] {
            send(client.get(format!("{}{path}", gateway.url())).bearer_auth(&text)).await;
            send(
                client
                    .get(format!("{}{path}", gateway.admin_url()))
                    .bearer_auth(&text),
            )
            .await;
        }
    }
}

/// CVE-2026-16100. Whoever adds a label says here what bounds its values.
#[tokio::test]
async fn labels_of_metrics_are_known_words_whatever_is_asked() {
    const LABELS: &[&str] = &[
        "directory",
        "feed",
        "finding",
        "group",
        "http_request_method",
        "http_response_status_code",
        "http_route",
        "kind",
        "le",
        "operation",
        "outcome",
        "reason",
        "state",
    ];
    let gateway = Gateway::embedded().await;
    gateway.app("booking");
    let scim = advisors(&gateway, "contoso");
    odd_requests(&gateway, &scim, "zzone").await;
    until("the feed's gauges", Duration::from_secs(30), || async {
        let known = series(&gateway).await;
        known
            .contains("usher_feed_head_pos{feed=\"booking\"}")
            .then_some(())
    })
    .await;
    let before = series(&gateway).await;
    odd_requests(&gateway, &scim, "zztwo").await;
    let after = series(&gateway).await;
    let new: Vec<_> = after.difference(&before).collect();
    assert_eq!(new, Vec::<&String>::new(), "other texts make no other series");
    // `target_info` says which program it is.
    for series in after.iter().filter(|series| !series.starts_with("target_info")) {
        let lower = series.to_ascii_lowercase();
        assert!(!lower.contains("zz"), "{series}");
        let labels = series.split_once('{').map_or("", |(_, labels)| labels);
        for name in labels.split("\",").filter_map(|label| label.split_once("=\"")) {
            assert!(
                LABELS.contains(&name.0),
                "{series}: no label \"{}\" is known",
                name.0
            );
        }
    }
}

#[test]
fn a_uuid_is_written_out_of_an_id() {
    let id = "idn_5e2ce3e3d656b9fdf0bafea0472b5a34";
    assert_eq!(uuid(id), "5e2ce3e3-d656-b9fd-f0ba-fea0472b5a34");
}
