//! The matrix of roles, written out once more by hand, and how far grants reach.

use uuid::Uuid;

use super::*;

/// Operator, owner, viewer, auditor, app reader, app manager: `x` where the role has the right.
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

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn scopes() -> [Scope; 7] {
    let profile = |name: &str| -> ProfileName { name.parse().expect("a profile") };
    let app = |number| AppId::from_uuid(Uuid::from_u128(number));
    [
        Scope::All,
        Scope::Tenant(tenant(1)),
        Scope::Tenant(tenant(2)),
        Scope::Directory(tenant(1), profile("advisors")),
        Scope::Directory(tenant(1), profile("rooms")),
        Scope::App(app(1)),
        Scope::App(app(2)),
    ]
}

#[test]
fn each_role_has_the_rights_of_the_matrix_and_no_others() {
    assert_eq!(MATRIX.len(), Right::ALL.len());
    for (right, (word, line)) in Right::ALL.iter().zip(MATRIX) {
        assert_eq!(right.as_str(), *word);
        assert_eq!(word.parse(), Ok(*right));
        for (role, mark) in Role::ALL.iter().zip(line.chars()) {
            let has = Granted::Role(*role).has(*right);
            assert_eq!(has, mark == 'x', "{} {word}", role.as_str());
        }
    }
}

#[test]
fn a_scope_covers_itself_and_what_is_inside_of_it() {
    // A row for each scope: which of the others it covers.
    let table = [
        "xxxxxxx", "-x-xx--", "--x----", "---x---", "----x--", "-----x-", "------x",
    ];
    for (own, line) in scopes().iter().zip(table) {
        for (other, mark) in scopes().iter().zip(line.chars()) {
            assert_eq!(own.covers(other), mark == 'x', "{own:?} {other:?}");
        }
    }
}

#[test]
fn a_missing_right_is_told_before_a_missing_object() {
    let [all, own, other, directory, ..] = scopes();
    let owner = Grant {
        granted: Granted::Role(Role::Owner),
        scope: own.clone(),
    };
    assert_eq!(owner.allows(Right::TokenIssue, &own), Ok(()));
    assert_eq!(owner.allows(Right::TokenIssue, &directory), Ok(()));
    assert_eq!(
        owner.allows(Right::TokenIssue, &other),
        Err(NotAllowed::Elsewhere)
    );
    assert_eq!(owner.allows(Right::TokenIssue, &all), Err(NotAllowed::Wider));
    for target in [&all, &own, &other] {
        assert_eq!(owner.allows(Right::TenantCreate, target), Err(NotAllowed::Right));
    }
}

#[test]
fn nobody_gives_more_than_he_has() {
    let grant = |granted, scope: &Scope| Grant {
        granted,
        scope: scope.clone(),
    };
    let [all, own, other, directory, ..] = scopes();
    let keys = Granted::of_rights(["api-key:manage", "token:read"]).expect("rights");
    let maker = grant(keys, &own);
    let token = || Granted::of_rights(["token:read"]).expect("a right");
    assert!(maker.covers(&grant(token(), &own)) && maker.covers(&grant(token(), &directory)));
    assert!(!maker.covers(&grant(token(), &other)) && !maker.covers(&grant(token(), &all)));
    assert!(!maker.covers(&grant(Granted::Role(Role::Viewer), &own)));
    assert!(grant(Granted::Role(Role::Operator), &all).covers(&grant(Granted::Role(Role::Owner), &own)));
}

#[test]
fn single_rights_are_read_and_one_name_stands_for_those_of_scim() {
    let scim = Granted::of_rights([SCIM_MANAGE]).expect("known");
    let owner = Granted::Role(Role::Owner);
    assert!(scim.rights().iter().all(|right| owner.has(*right)));
    assert!(
        !scim.has(Right::TenantFreeze) && !scim.has(Right::AuditRead) && scim.has(Right::DirectoryManage)
    );
    assert_eq!(
        Granted::of_rights(["token:read", "token:reed"]),
        Err("token:reed".to_owned())
    );
    assert!(Granted::of_rights([]).expect("nothing").rights().is_empty());
}

#[test]
fn a_role_of_a_customer_needs_a_tenant_and_one_of_an_app_an_app() {
    let [all, own, _, directory, _, app, _] = scopes();
    let table: &[(Role, &Scope, Option<ScopeKind>)] = &[
        (Role::Operator, &all, None),
        (Role::Operator, &own, None),
        (Role::Auditor, &all, None),
        (Role::Owner, &all, Some(ScopeKind::Tenant)),
        (Role::Owner, &app, Some(ScopeKind::Tenant)),
        (Role::Owner, &own, None),
        (Role::Viewer, &directory, None),
        (Role::AppReader, &own, Some(ScopeKind::App)),
        (Role::AppManager, &app, None),
    ];
    for (role, scope, lacks) in table {
        let grant = Grant {
            granted: Granted::Role(*role),
            scope: (*scope).clone(),
        };
        assert_eq!(grant.lacks(), *lacks, "{} {scope:?}", role.as_str());
    }
}
