//! The base URL of links in answers, and the URLs that a bulk body may name.

use serde_json::{Value, json};
use support::gateway::{Gateway, Settings};

use super::raw::parts;
use super::{advisor, advisors, moved};

/// A gateway without a configured public URL.
async fn unnamed(proxy_hops: &str) -> Gateway {
    let more = [("http.public_url", ""), ("http.proxy_hops", proxy_hops)];
    Gateway::start(Settings {
        more: more
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
        ..Settings::default()
    })
    .await
}

const EVIL: [(&str, &str); 5] = [
    ("Host", "evil.example"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("Forwarded", "host=evil.example;proto=https"),
    ("X-Forwarded-For", "6.6.6.6"),
];

#[tokio::test]
async fn forwarded_headers_of_untrusted_clients_appear_in_no_link() {
    for public in [true, false] {
        let gateway = if public {
            Gateway::embedded().await
        } else {
            unnamed("0").await
        };
        let scim = moved(
            &advisors(&gateway, "contoso"),
            format!("{}/advisors/scim", gateway.url()),
        );
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let mut texts = Vec::new();
        for (name, value) in EVIL {
            for path in [
                format!("/Users/{id}"),
                "/Users".to_owned(),
                "/Schemas".to_owned(),
                "/ServiceProviderConfig".to_owned(),
            ] {
                let request = scim.request(reqwest::Method::GET, &path).header(name, value);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200);
                let location = answer
                    .headers()
                    .get("location")
                    .map(|value| value.to_str().unwrap().to_owned());
                let text = answer.text().await.unwrap();
                assert!(
                    text.contains(&format!("\"{}/advisors/scim/", gateway.url())),
                    "{path}: {text}"
                );
                texts.extend([text, location.unwrap_or_default()]);
            }
            let operations = json!({"Operations": [
                {"method": "POST", "path": "/Users", "bulkId": name, "data": super::advisor_with(2, json!({"userName": name, "externalId": name}))},
            ]});
            let request = scim.request(reqwest::Method::POST, "/Bulk").header(name, value);
            texts.push(
                request
                    .body(operations.to_string())
                    .send()
                    .await
                    .unwrap()
                    .text()
                    .await
                    .unwrap(),
            );
        }
        for text in texts {
            assert!(
                !text.contains("evil.example") && !text.contains("https://127"),
                "public address {public}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn behind_a_proxy_its_word_counts_when_it_is_a_host() {
    let gateway = unnamed("1").await;
    let scim = moved(
        &advisors(&gateway, "contoso"),
        format!("{}/advisors/scim", gateway.url()),
    );
    let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
    let own = gateway.url();
    for (fields, origin) in [
        (
            vec![
                ("x-forwarded-host", "scim.example.com"),
                ("x-forwarded-proto", "https"),
            ],
            "https://scim.example.com",
        ),
        (
            vec![("forwarded", "host=\"scim.example.com:8443\";proto=https")],
            "https://scim.example.com:8443",
        ),
        (
            vec![
                ("x-forwarded-host", "evil.example/x?y"),
                ("x-forwarded-proto", "javascript"),
            ],
            own.as_str(),
        ),
        (vec![("host", "scim.example.com")], "http://scim.example.com"),
        (vec![("host", "scim.example.com:evil")], own.as_str()),
    ] {
        let mut request = scim.request(reqwest::Method::GET, &format!("/Users/{id}"));
        for (name, value) in fields.clone() {
            request = request.header(name, value);
        }
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        let location = format!("{origin}/advisors/scim/Users/{id}");
        assert_eq!(body["meta"]["location"], location.as_str(), "{fields:?}");
    }
}

#[tokio::test]
async fn a_path_in_a_bulk_body_is_read_as_a_requests_address_is() {
    let gateway = Gateway::embedded().await;
    let ours = advisors(&gateway, "contoso");
    gateway.directory("contoso", "rooms");
    gateway.directory("fabrikam", "advisors");
    let id = ours.post("/Users", &advisor(1)).await.expect(201).id();
    let own = gateway.url();
    let (tenant_url, _) = parts(&ours);
    let mut title = 0;
    let ask = async |path: &str, title: usize| {
        let patch =
            json!({"Operations": [{"op": "replace", "path": "displayName", "value": format!("t{title}")}]});
        let body = json!({"Operations": [{"method": "PATCH", "path": path, "data": patch}]});
        let answer = ours.post("/Bulk", &body).await.expect(200);
        answer.body["Operations"][0].clone()
    };
    for path in [
        format!("/Users/{id}"),
        format!("Users/{id}/"),
        format!("/v2//users/{id}"),
        format!("/scim/Users/{id}"),
        format!("{tenant_url}/Users/{id}"),
        format!("/t/contoso/advisors/scim/v2/Users/{id}"),
        format!("{own}/scim/Users/{id}"),
        format!("{own}/Advisors/scim/Users/{id}"),
        format!("{}/Users/{id}", ours.base),
    ] {
        title += 1;
        let line = ask(&path, title).await;
        assert_eq!(line["status"], "200", "{path}: {line}");
    }
    let read = ours.get(&format!("/Users/{id}")).await.expect(200);
    let (version, shown) = (
        read.body["meta"]["version"].clone(),
        read.body["displayName"].clone(),
    );
    assert_eq!(shown, format!("t{title}"));
    for path in [
        format!("https://evil.example/advisors/scim/Users/{id}"),
        format!("http://127.0.0.1.evil.example/advisors/scim/Users/{id}"),
        format!("http://127.0.0.1/advisors/scim/Users/{id}"),
        format!("{}/advisors/scim/Users/{id}", own.replace("http:", "https:")),
        format!("{own}@evil.example/advisors/scim/Users/{id}"),
        format!("//evil.example/advisors/scim/Users/{id}"),
        format!("//evil.example/Users/{id}"),
        format!("{own}/rooms/scim/Users/{id}"),
        format!("/rooms/scim/Users/{id}"),
        format!("/t/fabrikam/advisors/scim/Users/{id}"),
        format!("/t/fabrikam/scim/Users/{id}"),
        format!("{own}/t/contoso/rooms/scim/Users/{id}"),
        format!("/x/y/Users/{id}"),
        format!("/../Users/{id}"),
        format!("/Users/{id}?filter=x"),
        format!("/Users/{id}#x"),
        format!("/Users/{id}/x"),
        "/Me".to_owned(),
        "/Schemas".to_owned(),
        "/Bulk".to_owned(),
        String::new(),
    ] {
        let line = ask(&path, 99).await;
        assert_eq!(line["status"], "400", "{path}: {line}");
        assert_eq!(line["response"]["scimType"], "invalidPath", "{path}: {line}");
        let detail = line["response"]["detail"].as_str().expect("a detail");
        assert!(detail.contains("another host, tenant or profile"), "{detail}");
    }
    let after = ours.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(
        (
            after.body["meta"]["version"].clone(),
            after.body["displayName"].clone()
        ),
        (version, shown)
    );
}
