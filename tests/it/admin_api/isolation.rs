//! Two tenants with the same names, external ids and keys, one of which has a mark in every row: no answer about the other one, no
//! export, no page of metrics and no line of the log has the mark or one of its ids. The routes are those of the OpenAPI document.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{App, Gateway, Settings, text};
use support::http::{Feed, Scim, send};
use support::wait::until;

use super::matrix::operations;
use super::{Api, api, on_postgres};
use crate::events::snapshot::{entries, pages};
use crate::forge::id;

/// In each row of the one tenant that a client or an operator can write a text to.
const MARK: &str = "canary";

/// A tenant with one of everything.
struct Tenant {
    scim: Scim,
    app: App,
    /// What stands for the parts of an address.
    things: BTreeMap<&'static str, String>,
    /// What only this tenant's rows hold.
    own: Vec<String>,
}

/// What both have, but for the text `mark` and the number `digit` of Entra's objects.
async fn filled(gateway: &Gateway, operator: &Api, tenant: &str, mark: &str, digit: u8) -> Tenant {
    let entra = format!("{digit}0000000-1111-2222-3333-444444444444");
    let made = async |path: &str, body: Value| operator.post(path, &body).await.expect(201).body;
    let of_tenant = format!("/tenants/{tenant}");
    let directories = format!("{of_tenant}/directories");
    let directory = format!("{directories}/people");
    let own_tenant = made("/tenants", json!({"name": tenant, "externalTenantId": entra})).await;
    let own_directory = made(&directories, json!({"profile": "people"})).await;
    let token = made(&format!("{directory}/tokens"), json!({"label": mark})).await;
    made(&format!("{directory}/tokens"), json!({"label": mark})).await;
    let client = made(&format!("{directory}/clients"), json!({"label": mark})).await;
    let federated =
        json!({"label": mark, "federation": {"entraTenant": entra, "subject": mark, "audiences": [mark]}});
    made(&format!("{directory}/clients"), federated).await;
    let oauth = json!({"tokenSeconds": 3_700, "entra": {"entraTenant": entra}});
    operator
        .patch(&format!("{directory}/oauth"), &oauth, None)
        .await
        .expect(200);
    let continuity = json!({"entraTenant": entra, "servicePrincipal": entra, "job": format!("scim.{mark}")});
    operator
        .post(&format!("{directory}/continuity"), &continuity)
        .await
        .expect(200);
    let renewal = made(&format!("{directory}/continuity/renewals"), json!({})).await;
    for word in ["freeze", "unfreeze"] {
        let body = json!({"reason": format!("{mark} was here")});
        let body = if word == "freeze" { body } else { json!({}) };
        operator
            .post(&format!("{of_tenant}/{word}"), &body)
            .await
            .expect(200);
    }

    let bearer = format!("Bearer {}", text(&token, "token"));
    let scim = Scim::at(&text(&token, "tenantUrl"), Some(bearer));
    let mut own = vec![tenant.to_owned(), entra];
    own.push(text(&own_tenant, "id"));
    own.push(text(&own_directory, "id"));
    own.push(text(&renewal, "id"));
    own.push(id(&text(&token, "token")).to_owned());
    own.push(text(&client, "clientId"));
    let mut people = Vec::new();
    let mut request = String::new();
    for number in 0..2 {
        let person = json!({"userName": format!("ann{number}@example.com"), "externalId": format!("e{number}"), "displayName": "Ann",
                            "title": mark, "name": {"givenName": mark, "familyName": "B"}});
        let answer = scim.post("/Users", &person).await.expect(201);
        let given = answer.header("request-id").trim_start_matches("req_");
        request = format!("req_{given}");
        people.push(answer.id());
    }
    let members: Vec<Value> = people.iter().map(|id| json!({"value": id})).collect();
    let group = json!({"displayName": "Sales", "externalId": format!("g-{mark}"), "members": members});
    let group = scim.post("/Groups", &group).await.expect(201).id();
    // Rows of the log that have a text of the customer's: a mask leaves what `externalId` holds.
    let refused = json!({"userName": "ann0@example.com", "externalId": mark});
    scim.post("/Users", &refused).await.expect(409);
    own.extend(people.iter().cloned());
    own.push(group);
    own.push(request.clone());

    let app = App::read(
        tenant,
        &gateway.cli(&["app", "create", tenant, "--tenant", tenant]),
    );
    let things = BTreeMap::from([
        ("tenant", tenant.to_owned()),
        ("profile", "people".to_owned()),
        ("token", id(&text(&token, "token")).to_owned()),
        ("client", text(&client, "clientId")),
        ("row", "1".to_owned()),
        ("request", request),
    ]);
    Tenant {
        scim,
        app,
        things,
        own,
    }
}

/// The addresses that are read, with this tenant's things in them; those about apps and the whole deployment are none of a tenant's.
async fn addresses(operator: &Api, tenant: &Tenant) -> Vec<String> {
    let document = operator.get("/openapi.json").await.expect(200).body;
    let mut found = Vec::new();
    for operation in operations(&document) {
        let of_tenant = operation.path.contains("{tenant}") || operation.path.contains("{request}");
        if operation.method != Method::GET || !of_tenant {
            continue;
        }
        let parts = operation.path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or_else(|| part.to_owned(), |name| tenant.things[name].clone())
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let reason = if path.ends_with("/unmasked") {
            "?reason=a+test"
        } else {
            ""
        };
        found.push(path + reason);
    }
    assert!(found.len() >= 20, "{found:?}");
    found
}

/// Everything that is told of a tenant: where, and what.
async fn told(gateway: &Gateway, keys: &[&Api], tenant: &Tenant, name: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for key in keys {
        for path in addresses(key, tenant).await {
            all.push((path.clone(), key.get(&path).await.expect(200).text));
        }
    }
    for path in [
        "/Users",
        "/Users?count=1",
        "/Users?filter=userName+eq+%22ann0%40example.com%22",
        "/Users?filter=title+pr+or+id+pr",
        "/Users?sortBy=title",
        "/Users?cursor&count=1",
        "/Groups",
        "/Groups?filter=displayName+eq+%22Sales%22",
    ] {
        all.push((path.to_owned(), tenant.scim.get(path).await.expect(200).text));
    }
    for path in ["/Users/.search", "/Groups/.search", "/.search"] {
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
        all.push((
            path.to_owned(),
            tenant.scim.post(path, &search).await.expect(200).text,
        ));
    }
    let events: Vec<Value> = Feed::new(&tenant.app)
        .all()
        .await
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    all.push(("the feed".to_owned(), json!(events).to_string()));
    let snapshot = entries(&pages(&tenant.app, 500, None).await);
    all.push(("the snapshot".to_owned(), json!(snapshot).to_string()));
    for words in [
        "log list --tenant",
        "log export --tenant",
        "audit list --tenant",
        "audit export --tenant",
        "token list --tenant",
        "client list --tenant",
        "directory list --tenant",
        "token continuity list --profile people --tenant",
        "directory continuity show --profile people --tenant",
    ] {
        let mut args: Vec<&str> = words.split(' ').collect();
        args.push(name);
        let output = gateway.try_cli(&args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words}: {said}");
        all.push((format!("usher {words}"), said));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_about_one_tenant_has_anything_of_another_with_the_same_names() {
    for mut settings in [Settings::default(), on_postgres().await] {
        settings
            .more
            .push(("log.level".to_owned(), "\"debug\"".to_owned()));
        let gateway = Gateway::start(settings).await;
        let operator = api(&gateway, "--role operator");
        let contoso = filled(&gateway, &operator, "contoso", "plain", 1).await;
        let fabrikam = filled(&gateway, &operator, "fabrikam", MARK, 2).await;
        for tenant in [&contoso, &fabrikam] {
            let feed = Feed::new(&tenant.app);
            until("the events", std::time::Duration::from_mins(1), || async {
                (feed.head().await >= 4).then_some(())
            })
            .await;
        }
        let owner = api(&gateway, "--role owner --tenant contoso");
        let viewer = api(&gateway, "--role viewer --tenant contoso");
        let auditor = api(&gateway, "--role auditor --tenant contoso");
        let mut foreign = fabrikam.own.clone();
        foreign.push(MARK.to_owned());
        let has = |text: &str| foreign.iter().find(|one| text.contains(one.as_str())).cloned();

        // The mark is in everything that is told of the one, so what is told of the other could have it.
        let theirs = told(&gateway, &[&operator], &fabrikam, "fabrikam").await;
        for (place, text) in &theirs {
            assert!(has(text).is_some(), "nothing of fabrikam is in {place}: {text}");
        }
        let marked = theirs.iter().filter(|(_, text)| text.contains(MARK)).count();
        assert!(marked > 20, "{marked} places have the mark");
        for (place, text) in told(&gateway, &[&operator], &contoso, "contoso").await {
            assert_eq!(has(&text), None, "{place}: {text}");
        }
        // Whatever a key of the tenant asks for, of its own or of everybody: it is answered without the other, or not at all.
        let document = operator.get("/openapi.json").await.expect(200).body;
        for key in [&owner, &viewer, &auditor] {
            for operation in operations(&document) {
                if operation.method != Method::GET {
                    continue;
                }
                let mut path = operation.path.replace("{app}", "contoso");
                for (name, value) in &contoso.things {
                    path = path.replace(&format!("{{{name}}}"), value);
                }
                for query in ["", "?limit=1", "?reason=a+test", "?userName=ann0%40example.com"] {
                    let answer = key.get(&format!("{path}{query}")).await;
                    assert_eq!(has(&answer.text), None, "{path}{query}: {}", answer.text);
                }
            }
        }
        // The pages for operators have ids of directories, and never what tenants wrote.
        let metrics = send(support::http_client().get(format!("{}/metrics", gateway.admin_url())));
        let readiness = gateway.readiness().await.text;
        for (place, text) in [
            ("the metrics", metrics.await.text),
            ("the readiness", readiness),
            ("the log", gateway.log()),
        ] {
            assert!(!text.contains(MARK), "{place}: {text}");
        }
    }
}
