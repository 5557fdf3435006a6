//! Every route × role × {own, other, none} × kind of credential, made of the OpenAPI document: an operation that is not in the
//! matrix fails here.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use support::gateway::{Gateway, text};
use support::http::{Answer, Scim, send};

use super::{Api, api, code, key, on_both};
use crate::forge::{forged, id};

/// Right, then operator, owner, viewer, auditor, app reader, app manager: `x` where the role has it.
const MATRIX: &[(&str, &str)] = &[
    ("tenant:read", "x--x--"),
    ("tenant:create", "x-----"),
    ("directory:read", "xxxx--"),
    ("directory:manage", "xx----"),
    ("token:read", "xxxx--"),
    ("token:issue", "xx----"),
    ("token:rotate", "xx----"),
    ("token:revoke", "xx----"),
    ("client:read", "xxxx--"),
    ("client:manage", "xx----"),
    ("log:read", "xxxx--"),
    ("app:read", "x--xxx"),
    ("app:create", "x-----"),
    ("app:manage", "x----x"),
    ("app:release", "x-----"),
    ("app:delete", "x-----"),
    ("feed:read", "x--xxx"),
    ("feed:renew", "x----x"),
    ("api-key:read", "x--x--"),
    ("api-key:manage", "x-----"),
    ("tenant:freeze", "xx----"),
    ("audit:read", "xx-x--"),
    ("log:unmask", "x-----"),
    ("person:find", "x-----"),
    ("continuity:manage", "x-----"),
];

/// The columns of the matrix.
const ROLES: [&str; 6] = [
    "operator",
    "owner",
    "viewer",
    "auditor",
    "app-reader",
    "app-manager",
];

/// What is limited how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    None,
    Tenant,
    Directory,
    App,
}

struct Caller {
    api: Api,
    rights: Vec<&'static str>,
    limit: Limit,
    name: String,
}

/// An operation of the document.
pub struct Operation {
    pub method: Method,
    pub path: String,
    right: String,
}

pub fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an item") {
            if method == "parameters" {
                continue;
            }
            let path = path.strip_prefix("/admin/v1").expect("the prefix");
            found.push(Operation {
                method: method.to_ascii_uppercase().parse().expect("a method"),
                path: path.to_owned(),
                right: text(operation, "x-right"),
            });
        }
    }
    found
}

/// Nothing is changed by the walk: what is allowed is refused for its input.
async fn ask(api: &Api, operation: &Operation, path: &str) -> Answer {
    match operation.method {
        Method::GET | Method::DELETE => {
            let path = format!("{path}?unheardOf=1");
            api.send(operation.method.clone(), &path, None).await
        }
        _ => {
            let body = json!({"unheardOf": 1});
            api.send(operation.method.clone(), path, Some(&body)).await
        }
    }
}

/// What is asked for: the caller's own things, or those of another tenant and another app.
struct Things(BTreeMap<&'static str, String>);

impl Things {
    fn path(&self, template: &str) -> String {
        let parts = template.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or_else(|| part.to_owned(), |name| self.0[name].clone())
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// What the matrix says: the status and the code.
fn expected(caller: &Caller, operation: &Operation, is_own: bool) -> (u16, &'static str) {
    let has = |name: &str| operation.path.contains(name);
    let known = MATRIX.iter().any(|(right, _)| *right == operation.right);
    assert!(
        known,
        "{} demands {}, which is not in the matrix",
        operation.path, operation.right
    );
    if !caller.rights.contains(&operation.right.as_str()) {
        return (403, "forbidden");
    }
    let (in_app, in_tenant) = (has("{app}"), has("{tenant}"));
    let allowed = (400, "invalidValue");
    match caller.limit {
        Limit::None => allowed,
        _ if !in_app && !in_tenant => (403, "forbidden"),
        Limit::App if in_app && is_own => allowed,
        Limit::Tenant if in_tenant && is_own => allowed,
        Limit::Directory if has("{profile}") && is_own => allowed,
        Limit::Directory if in_tenant && is_own => (403, "forbidden"),
        _ => (404, "notFound"),
    }
}

fn rights_of(role: &str) -> Vec<&'static str> {
    let column = ROLES.iter().position(|known| *known == role).expect("a role");
    let marked = MATRIX.iter().filter(|(_, line)| line.as_bytes()[column] == b'x');
    marked.map(|(right, _)| *right).collect()
}

fn callers(gateway: &Gateway) -> Vec<Caller> {
    let tenant = "--tenant contoso";
    let directory = "--tenant contoso --profile advisors";
    let app = "--app booking";
    let mut callers = Vec::new();
    let mut add = |rights: Vec<&'static str>, what: String, limit: Limit| {
        let place = match limit {
            Limit::None => "",
            Limit::Tenant => tenant,
            Limit::Directory => directory,
            Limit::App => app,
        };
        let name = format!("{what} {place}").trim().to_owned();
        callers.push(Caller {
            api: api(gateway, &name),
            rights,
            limit,
            name,
        });
    };
    for (role, limits) in [
        (
            "operator",
            &[Limit::None, Limit::Tenant, Limit::Directory, Limit::App][..],
        ),
        ("auditor", &[Limit::None, Limit::Tenant]),
        ("owner", &[Limit::Tenant, Limit::Directory]),
        ("viewer", &[Limit::Tenant]),
        ("app-reader", &[Limit::App]),
        ("app-manager", &[Limit::App]),
    ] {
        for limit in limits {
            add(rights_of(role), format!("--role {role}"), *limit);
        }
    }
    for (right, _) in MATRIX {
        add(vec![right], format!("--right {right}"), Limit::None);
    }
    let mut of_scim = rights_of("owner");
    of_scim.retain(|right| !["tenant:freeze", "audit:read"].contains(right));
    add(of_scim, "--right scim:manage".to_owned(), Limit::Tenant);
    callers
}

fn things(gateway: &Gateway, tenant: &str, app: &str) -> (Things, String, String) {
    let directory = gateway.directory(tenant, "advisors");
    let credential = gateway.app(app).credential;
    let api_key = key(gateway, "--role auditor");
    let client = gateway.cli(&["client", "create", "--tenant", tenant, "--profile", "advisors"]);
    let things = BTreeMap::from([
        ("tenant", tenant.to_owned()),
        ("profile", "advisors".to_owned()),
        ("token", id(&directory.token).to_owned()),
        ("client", text(&client, "clientId")),
        ("secret", text(&client, "secretId")),
        ("app", app.to_owned()),
        ("credential", id(&credential).to_owned()),
        ("key", id(&api_key).to_owned()),
        ("row", "1".to_owned()),
        ("request", "req_00000000000000000000000000000000".to_owned()),
    ]);
    (Things(things), directory.token, credential)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_open_to_whom_the_matrix_says_and_to_nobody_else() {
    on_both(async |gateway| {
        let (own, token, credential) = things(&gateway, "contoso", "booking");
        let (other, ..) = things(&gateway, "fabrikam", "billing");
        let document = Api::new(&gateway.admin_url(), "")
            .get("/openapi.json")
            .await
            .expect(200);
        let operations = operations(&document.body);
        assert!(operations.len() >= 35, "{}", operations.len());

        for caller in callers(&gateway) {
            for operation in &operations {
                for (things, is_own) in [(&own, true), (&other, false)] {
                    let path = things.path(&operation.path);
                    let answer = ask(&caller.api, operation, &path).await;
                    let (status, word) = expected(&caller, operation, is_own);
                    assert_eq!(
                        (answer.status, code(&answer)),
                        (status, word),
                        "{}: {} {path}: {}",
                        caller.name,
                        operation.method,
                        answer.text
                    );
                }
            }
        }
        nothing_else_opens(&gateway, &operations, &own, [&token, &credential]).await;
    })
    .await;
}

/// Each credential that is no usable API key gets the same answer everywhere.
async fn nothing_else_opens(
    gateway: &Gateway,
    operations: &[Operation],
    own: &Things,
    [token, credential]: [&String; 2],
) {
    let right = key(gateway, "--role operator");
    let revoked = key(gateway, "--role operator");
    gateway.cli(&["api-key", "revoke", id(&revoked)]);
    let expired = key(gateway, "--role operator");
    gateway.cli(&["api-key", "rotate", id(&expired), "--overlap", "0"]);
    let elsewhere = key(gateway, "--role operator --ip 192.0.2.0/24 --ip 2001:db8::/32");
    let wrong = [
        String::new(),
        "null".to_owned(),
        "eyJhbGciOiJub25lIn0.e30.".to_owned(),
        token.clone(),
        credential.clone(),
        forged(&right, 7),
        right[..right.len() - 1].to_owned(),
        revoked,
        expired,
        elsewhere,
    ];
    let mut bodies = Vec::new();
    for credential in &wrong {
        let api = Api::new(&gateway.admin_url(), credential);
        for operation in operations {
            let answer = ask(&api, operation, &own.path(&operation.path)).await;
            assert_eq!(
                (answer.status, code(&answer), answer.header("www-authenticate")),
                (401, "unauthorized", "Bearer"),
                "{credential} {} {}",
                operation.method,
                operation.path
            );
            bodies.push(answer.text_without_id());
        }
        for nowhere in [
            "/nothing",
            "/tenants/",
            "//tenants",
            "/Tenants",
            "/tenants/contoso/../fabrikam",
        ] {
            assert_eq!(api.get(nowhere).await.expect(401).status, 401, "{nowhere}");
        }
    }
    bodies.dedup();
    assert_eq!(
        bodies.len(),
        1,
        "a refusal tells nothing of its reason: {bodies:?}"
    );

    // And a key opens neither SCIM nor a feed.
    let scim = Scim::at(
        &format!("{}/advisors/scim", gateway.url()),
        Some(format!("Bearer {right}")),
    );
    scim.get("/Users").await.expect(401);
    let feed = format!("{}/feeds/booking/events", gateway.url());
    let answer = send(support::http_client().get(feed).bearer_auth(&right)).await;
    answer.expect(401);
}
