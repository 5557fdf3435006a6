//! The routes of what was written down: the audit log and the provisioning log.

use admin::directories::Named;
use domain::role::Right;
use domain::tenant::Tenant;

use super::super::access::Deployment;
use super::super::route::Method::Get;
use super::super::route::{Route, route};
use super::super::{audit, logs, people};

/// The audit log of a tenant, and that of the platform.
pub(super) fn audits() -> Vec<Route> {
    let [of_tenant, of_platform] = [
        [
            (
                "/tenants/{tenant}/audit",
                "searchTenantAudit",
                "Search the audit log of a tenant, newest first.",
            ),
            (
                "/tenants/{tenant}/audit/export",
                "exportTenantAudit",
                "Export the audit log of a tenant, one JSON object a line, oldest first.",
            ),
            (
                "/tenants/{tenant}/audit/verify",
                "verifyTenantAudit",
                "Verify that no row of a tenant's audit log was changed, deleted or put in later.",
            ),
            (
                "/tenants/{tenant}/audit/{row}",
                "getTenantAuditRow",
                "Read a row of the audit log of a tenant.",
            ),
        ],
        [
            (
                "/audit",
                "searchAudit",
                "Search the audit log of the platform (tenants, apps, feeds, API keys), newest first.",
            ),
            (
                "/audit/export",
                "exportAudit",
                "Export the audit log of the platform, one JSON object a line, oldest first.",
            ),
            (
                "/audit/verify",
                "verifyAudit",
                "Verify that no row of the platform's audit log was changed, deleted or put in later.",
            ),
            (
                "/audit/{row}",
                "getAuditRow",
                "Read a row of the audit log of the platform.",
            ),
        ],
    ];
    let mut routes = audits_of::<Tenant>(of_tenant);
    routes.extend(audits_of::<Deployment>(of_platform));
    routes
}

fn audits_of<T: audit::Audited>(
    [search, export, verify, row]: [(&'static str, &'static str, &'static str); 4],
) -> Vec<Route> {
    let right = Right::AuditRead;
    vec![
        route(Get, search.0, right, search.1, search.2, audit::search::<T>),
        route(Get, export.0, right, export.1, export.2, audit::export::<T>),
        route(Get, verify.0, right, verify.1, verify.2, audit::verify::<T>),
        route(Get, row.0, right, row.1, row.2, audit::get::<T>),
    ]
}

/// The provisioning log of a directory, of a tenant, and of a request.
pub(super) fn logs() -> Vec<Route> {
    let mut routes = logs_of::<Named>([
        (
            "/tenants/{tenant}/directories/{profile}/log",
            "searchLog",
            "Search the provisioning log of a directory, newest first; personal data is masked for all but the tenant's owner.",
        ),
        (
            "/tenants/{tenant}/directories/{profile}/log/export",
            "exportLog",
            "Export the matching rows of a directory's provisioning log, one JSON object a line, newest first; masked as in the search.",
        ),
        (
            "/tenants/{tenant}/directories/{profile}/log/unmasked",
            "searchLogUnmasked",
            "Search the provisioning log of a directory with personal data, for a reason that the tenant's audit log keeps.",
        ),
    ]);
    routes.extend(logs_of::<Tenant>([
        ("/tenants/{tenant}/log", "searchTenantLog", "Search the provisioning log of a tenant, newest first; personal data is masked for all but the tenant's owner."),
        ("/tenants/{tenant}/log/export", "exportTenantLog", "Export the matching rows of a tenant's provisioning log, one JSON object a line, newest first; masked as in the search."),
        ("/tenants/{tenant}/log/unmasked", "searchTenantLogUnmasked", "Search the provisioning log of a tenant with personal data, for a reason that the tenant's audit log keeps."),
    ]));
    routes.push(route(
        Get,
        "/log/requests/{request}",
        Right::LogRead,
        "getRequestLog",
        "Read what a request did, by its id alone, whichever tenant it was of; personal data is masked.",
        logs::of_request,
    ));
    routes.push(route(
        Get,
        "/people",
        Right::PersonFind,
        "findPerson",
        "Find a person or room of any tenant by its exact externalId, userName or mail, at most 100 of them, masked. The platform's audit log keeps that somebody looked.",
        people::find,
    ));
    routes
}

fn logs_of<T: logs::Logged>(
    [search, export, unmasked]: [(&'static str, &'static str, &'static str); 3],
) -> Vec<Route> {
    let (read, unmask) = (Right::LogRead, Right::LogUnmask);
    vec![
        route(Get, search.0, read, search.1, search.2, logs::search::<T>),
        route(Get, export.0, read, export.1, export.2, logs::export::<T>),
        route(
            Get,
            unmasked.0,
            unmask,
            unmasked.1,
            unmasked.2,
            logs::unmasked::<T>,
        ),
    ]
}
