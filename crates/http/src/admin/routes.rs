//! The table of routes of the admin API. Everything comes from it: what is served, who may call it, the OpenAPI document and the
//! page that people read.

mod credentials;
mod records;

use std::sync::LazyLock;

use domain::role::Right;

use super::route::Method::{Delete, Get, Patch, Post};
use super::route::{Route, route};
use super::{api_keys, apps, directories, feeds, tenants, tokens};

/// The routes, in the order of the documentation.
pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    [
        tenants(),
        directories(),
        credentials::clients(),
        apps(),
        keys(),
        freezing(),
        records::audits(),
        records::logs(),
        credentials::continuities(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

const DIRECTORY: &str = "/tenants/{tenant}/directories/{profile}";
const TOKENS: &str = "/tenants/{tenant}/directories/{profile}/tokens";

fn tenants() -> Vec<Route> {
    vec![
        route(
            Get,
            "/tenants",
            Right::TenantRead,
            "listTenants",
            "List the tenants, by name.",
            tenants::list,
        ),
        route(
            Post,
            "/tenants",
            Right::TenantCreate,
            "createTenant",
            "Create a tenant.",
            tenants::create,
        )
        .creates(),
        route(
            Get,
            "/tenants/{tenant}",
            Right::TenantRead,
            "getTenant",
            "Read a tenant.",
            tenants::get,
        ),
    ]
}

fn directories() -> Vec<Route> {
    vec![
        route(
            Get,
            "/tenants/{tenant}/directories",
            Right::DirectoryRead,
            "listDirectories",
            "List a tenant's directories, by profile.",
            directories::list,
        ),
        route(
            Post,
            "/tenants/{tenant}/directories",
            Right::DirectoryManage,
            "createDirectory",
            "Create the directory of a profile, switched on.",
            directories::create,
        )
        .creates(),
        route(
            Get,
            DIRECTORY,
            Right::DirectoryRead,
            "getDirectory",
            "Read a directory with its settings.",
            directories::get,
        )
        .versioned(),
        route(
            Patch,
            DIRECTORY,
            Right::DirectoryManage,
            "changeDirectory",
            "Change settings of a directory, effective at the next request. What is left out stays as it is.",
            directories::change,
        )
        .versioned(),
        route(
            Get,
            TOKENS,
            Right::TokenRead,
            "listTokens",
            "List a directory's tokens, usable or not, oldest first; never the secrets.",
            tokens::list,
        ),
        route(
            Post,
            TOKENS,
            Right::TokenIssue,
            "issueToken",
            "Issue one more token; its text is in this answer and in no other.",
            tokens::issue,
        )
        .creates(),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/tokens/rotate",
            Right::TokenRotate,
            "rotateTokens",
            "Issue a token, and end the directory's other ones after an overlap.",
            tokens::rotate,
        )
        .creates(),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/tokens/{token}/revoke",
            Right::TokenRevoke,
            "revokeToken",
            "End a token at once: it is refused from the next request on. A repeat changes nothing.",
            tokens::revoke,
        )
        .with_dry_run(),
    ]
}

fn apps() -> Vec<Route> {
    vec![
        route(
            Get,
            "/apps",
            Right::AppRead,
            "listApps",
            "List the apps, by name.",
            apps::list,
        ),
        route(
            Post,
            "/apps",
            Right::AppCreate,
            "createApp",
            "Create an app; its credential is in this answer and in no other.",
            apps::create,
        )
        .creates(),
        route(
            Get,
            "/apps/{app}",
            Right::AppRead,
            "getApp",
            "Read an app.",
            apps::get,
        ),
        route(
            Delete,
            "/apps/{app}",
            Right::AppDelete,
            "deleteApp",
            "Delete an app with its credentials, its feed and what its readers acknowledged; with dryRun=true only say what \
             would be deleted.",
            apps::delete,
        )
        .with_dry_run(),
        route(
            Get,
            "/apps/{app}/credentials",
            Right::AppRead,
            "listAppCredentials",
            "List an app's credentials, usable or not, oldest first; never the secrets.",
            apps::credentials,
        ),
        route(
            Post,
            "/apps/{app}/credentials/rotate",
            Right::AppManage,
            "rotateAppCredential",
            "Give an app a new credential, and end its other ones after an overlap.",
            apps::rotate,
        )
        .creates(),
        route(
            Post,
            "/apps/{app}/credentials/{credential}/revoke",
            Right::AppManage,
            "revokeAppCredential",
            "End a credential of an app at once. A repeat changes nothing.",
            apps::revoke,
        )
        .with_dry_run(),
        route(
            Get,
            "/apps/{app}/policy",
            Right::AppRead,
            "getAppPolicy",
            "Read what an app may see.",
            apps::policy,
        )
        .versioned(),
        route(
            Patch,
            "/apps/{app}/policy",
            Right::AppRelease,
            "changeAppPolicy",
            "Change what an app may see, effective at once. What is left out stays as it is; with dryRun only count what would be \
             added and removed.",
            apps::change_policy,
        )
        .versioned(),
        route(
            Get,
            "/feeds",
            Right::FeedRead,
            "listFeeds",
            "List the feeds with the progress of their readers, by app.",
            feeds::list,
        ),
        route(
            Get,
            "/feeds/{app}",
            Right::FeedRead,
            "getFeed",
            "Read how far an app's feed and its readers are.",
            feeds::get,
        ),
        route(
            Post,
            "/feeds/{app}/renew",
            Right::FeedRenew,
            "renewFeed",
            "Begin another epoch of an app's feed: every reader takes a snapshot and goes on from there.",
            feeds::renew,
        ),
    ]
}

fn keys() -> Vec<Route> {
    vec![
        route(
            Get,
            "/api-keys",
            Right::ApiKeyRead,
            "listApiKeys",
            "List the API keys, usable or not, oldest first; never the secrets.",
            api_keys::list,
        ),
        route(
            Post,
            "/api-keys",
            Right::ApiKeyManage,
            "createApiKey",
            "Create an API key with no more rights than the calling one has; its text is in this answer and in no other.",
            api_keys::create,
        )
        .creates(),
        route(
            Post,
            "/api-keys/{key}/rotate",
            Right::ApiKeyManage,
            "rotateApiKey",
            "Create an API key that may do the same as another one, and end that one after an overlap.",
            api_keys::rotate,
        )
        .creates(),
        route(
            Post,
            "/api-keys/{key}/revoke",
            Right::ApiKeyManage,
            "revokeApiKey",
            "End an API key at once: it is refused from the next request on. A repeat changes nothing.",
            api_keys::revoke,
        )
        .with_dry_run(),
    ]
}

fn freezing() -> Vec<Route> {
    vec![
        route(
            Post,
            "/tenants/{tenant}/freeze",
            Right::TenantFreeze,
            "freezeTenant",
            "Answer the SCIM requests of all directories of a tenant with 503 from the next one on, so that nothing is lost. A repeat changes nothing.",
            tenants::freeze,
        ),
        route(
            Post,
            "/tenants/{tenant}/unfreeze",
            Right::TenantFreeze,
            "unfreezeTenant",
            "Serve a tenant again; a directory that was frozen by itself stays frozen.",
            tenants::unfreeze,
        ),
        route(
            Post,
            "/tenants/{tenant}/tokens/revoke-all",
            Right::TokenRevoke,
            "revokeAllTokens",
            "End all tokens of a tenant at once, with a reason and the tenant's name once more; with dryRun=true only count them.",
            tenants::revoke_tokens,
        )
        .with_dry_run(),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/freeze",
            Right::DirectoryManage,
            "freezeDirectory",
            "Answer the SCIM requests of a directory with 503 from the next one on. A repeat changes nothing.",
            directories::freeze,
        ),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/unfreeze",
            Right::DirectoryManage,
            "unfreezeDirectory",
            "Serve a directory again, unless its whole tenant is frozen.",
            directories::unfreeze,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_right_is_demanded_by_a_route_and_no_two_routes_are_one() {
        let demanded: BTreeSet<Right> = ROUTES.iter().map(|route| route.right).collect();
        assert_eq!(demanded, Right::ALL.iter().copied().collect());
        let addresses: BTreeSet<_> = ROUTES.iter().map(|route| (route.path, route.method)).collect();
        let names: BTreeSet<_> = ROUTES.iter().map(|route| route.id).collect();
        assert_eq!((addresses.len(), names.len()), (ROUTES.len(), ROUTES.len()));
    }
}
