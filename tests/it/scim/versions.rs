//! Versions of a resource: `ETag`, `If-Match`, `If-None-Match` (RFC 7644 §3.14). Entra sends none of them.

use reqwest::Method;
use serde_json::{Value, json};
use support::http::{Answer, Scim, send};

use super::{advisor, advisors, on_both};

async fn with(scim: &Scim, method: Method, path: &str, field: (&str, &str), body: Option<&Value>) -> Answer {
    let request = scim.request(method, path).header(field.0, field.1);
    send(match body {
        Some(body) => request.body(body.to_string()),
        None => request,
    })
    .await
}

fn rename(title: &str) -> Value {
    json!({"Operations": [{"op": "replace", "path": "displayName", "value": title}]})
}

#[tokio::test]
async fn a_reading_of_the_version_the_client_has_is_not_modified() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let (path, tag) = (
            format!("/Users/{}", created.id()),
            created.header("etag").to_owned(),
        );
        assert_eq!(created.body["meta"]["version"], tag.as_str());
        for known in [&tag, "*", &format!("\"x\", {tag}"), tag.trim_start_matches("W/")] {
            let same = with(&scim, Method::GET, &path, ("If-None-Match", known), None)
                .await
                .expect(304);
            assert_eq!(
                (same.header("etag"), same.text.as_str()),
                (tag.as_str(), ""),
                "{known}"
            );
        }
        scim.patch(&path, &rename("Renamed")).await.expect(200);
        let fresh = with(&scim, Method::GET, &path, ("If-None-Match", &tag), None)
            .await
            .expect(200);
        assert_ne!(fresh.header("etag"), tag);
        assert_eq!(fresh.body["displayName"], "Renamed");
        with(&scim, Method::GET, &path, ("If-Match", &tag), None)
            .await
            .expect(412);
        let broken = with(&scim, Method::GET, &path, ("If-None-Match", "\"open"), None)
            .await
            .expect(400);
        assert!(
            broken.text.contains("header field If-None-Match"),
            "{}",
            broken.text
        );
    })
    .await;
}

#[tokio::test]
async fn a_change_to_another_version_than_the_one_read_is_refused_and_says_what_to_do() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let (path, old) = (
            format!("/Users/{}", created.id()),
            created.header("etag").to_owned(),
        );
        let changed = with(
            &scim,
            Method::PATCH,
            &path,
            ("If-Match", &old),
            Some(&rename("One")),
        )
        .await
        .expect(200);
        let now = changed.header("etag").to_owned();
        for (method, body) in [
            (Method::PATCH, Some(rename("Two"))),
            (Method::PUT, Some(advisor(1))),
            (Method::DELETE, None),
        ] {
            let refused = with(&scim, method, &path, ("If-Match", &old), body.as_ref())
                .await
                .expect(412);
            assert_eq!(refused.body["status"], "412");
            assert!(
                refused.text.contains("Read it again with GET"),
                "{}",
                refused.text
            );
            assert_eq!(refused.header("content-type"), "application/scim+json");
        }
        let untouched = scim.get(&path).await.expect(200);
        assert_eq!(
            (untouched.header("etag"), &untouched.body["displayName"]),
            (now.as_str(), &json!("One"))
        );
        with(
            &scim,
            Method::PATCH,
            &path,
            ("If-None-Match", "*"),
            Some(&rename("Two")),
        )
        .await
        .expect(412);
        with(
            &scim,
            Method::PATCH,
            &path,
            ("If-Match", "*"),
            Some(&rename("Two")),
        )
        .await
        .expect(200);
        let newest = scim.get(&path).await.expect(200).header("etag").to_owned();
        let both = format!("{now}, {newest}");
        with(&scim, Method::DELETE, &path, ("If-Match", &both), None)
            .await
            .expect(204);
        with(&scim, Method::DELETE, &path, ("If-Match", &both), None)
            .await
            .expect(404);
    })
    .await;
}

#[tokio::test]
async fn groups_have_versions_too() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "people"));
        let made = scim
            .post("/Groups", &json!({"displayName": "Team"}))
            .await
            .expect(201);
        let (path, old) = (format!("/Groups/{}", made.id()), made.header("etag").to_owned());
        with(&scim, Method::GET, &path, ("If-None-Match", &old), None)
            .await
            .expect(304);
        let body = rename("Crew");
        let changed = with(&scim, Method::PATCH, &path, ("If-Match", &old), Some(&body)).await;
        assert!(matches!(changed.status, 200 | 204), "{}", changed.text);
        assert_ne!(changed.header("etag"), old);
        for (method, body) in [
            (Method::PATCH, Some(rename("Band"))),
            (Method::PUT, Some(json!({"displayName": "Band"}))),
            (Method::DELETE, None),
        ] {
            with(&scim, method, &path, ("If-Match", &old), body.as_ref())
                .await
                .expect(412);
        }
        assert_eq!(scim.get(&path).await.expect(200).body["displayName"], "Crew");
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_of_one_version_only_one_is_done() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let (path, tag) = (
            format!("/Users/{}", created.id()),
            created.header("etag").to_owned(),
        );
        let bodies: Vec<Value> = (0..8).map(|number| rename(&format!("Name {number}"))).collect();
        let requests = bodies
            .iter()
            .map(|body| with(&scim, Method::PATCH, &path, ("If-Match", &tag), Some(body)));
        let answers = futures_util::future::join_all(requests).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        let refused = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!((done, refused), (1, 7));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_version() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let created = scim.post("/Users", &advisor(1)).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let same = scim.patch(&path, &rename("Advisor 1")).await.expect(200);
        assert_eq!(same.header("etag"), created.header("etag"));
    })
    .await;
}

/// A GET with `If-None-Match`; its status.
async fn reread(scim: &Scim, path: &str, tag: &str) -> u16 {
    with(scim, Method::GET, path, ("if-none-match", tag), None)
        .await
        .status
}

#[tokio::test]
async fn a_304_never_hides_what_has_changed_beside_the_resource() {
    on_both(async |gateway| {
        let scim = Scim::new(&gateway.directory("contoso", "people"));
        let person = async |name: &str| {
            let body = json!({"userName": name, "displayName": name, "externalId": name});
            scim.post("/Users", &body).await.expect(201).id()
        };
        let (ann, bob) = (person("ann").await, person("bob").await);
        let body = json!({"displayName": "Staff", "members": [{"value": ann}, {"value": bob}]});
        let made = scim.post("/Groups", &body).await.expect(201);
        let (user, group) = (format!("/Users/{ann}"), format!("/Groups/{}", made.id()));
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "displayName", "value": "Renamed"}]});
        for what in ["a member is renamed", "the group is renamed", "a member is deleted", "a person leaves", "nothing"] {
            let mut tags = Vec::new();
            for path in [
                user.clone(),
                format!("{user}?attributes=groups"),
                format!("{user}?excludedAttributes=meta"),
                group.clone(),
                format!("{group}?attributes=members.display"),
            ] {
                let read = scim.get(&path).await.expect(200);
                let tag = read.header("etag").to_owned();
                if let Some(version) = read.body["meta"]["version"].as_str() {
                    assert_eq!(version, tag, "{path}");
                }
                assert_eq!(reread(&scim, &path, &tag).await, 304, "{path} before {what}");
                tags.push((path, tag, read.body));
            }
            match what {
                "a member is renamed" => drop(scim.patch(&format!("/Users/{bob}"), &patch).await.expect(200)),
                "the group is renamed" => drop(scim.patch(&group, &patch).await.expect(204)),
                "a member is deleted" => drop(scim.delete(&format!("/Users/{bob}")).await.expect(204)),
                "a person leaves" => {
                    let leave = json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{ann}\"]")}]});
                    scim.patch(&group, &leave).await.expect(204);
                }
                _ => {}
            }
            let mut seen = 0;
            for (path, tag, before) in tags {
                let now = scim.get(&path).await.expect(200);
                let changed = now.body != before;
                seen += usize::from(changed);
                let status = reread(&scim, &path, &tag).await;
                let words = format!("{what}: {path} with {tag}, now {}", now.header("etag"));
                assert!(status == 200 || !changed, "{words}");
                assert!(status == 304 || what != "nothing", "{words}");
            }
            assert_eq!(seen > 0, what != "nothing", "{what}");
        }
        // Answers without computed parts depend on the revision alone, and any tag of it is valid for a
        // change.
        for path in [format!("{user}?excludedAttributes=groups"), format!("{group}?excludedAttributes=members")] {
            let tag = scim.get(&path).await.expect(200).header("etag").to_owned();
            assert!(!tag.contains('-'), "{tag}");
            assert_eq!(reread(&scim, &path, &tag).await, 304);
        }
        let whole = scim.get(&group).await.expect(200).header("etag").to_owned();
        with(&scim, Method::DELETE, &group, ("if-match", &whole), None).await.expect(204);
    })
    .await;
}
