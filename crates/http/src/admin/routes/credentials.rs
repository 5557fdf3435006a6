//! The routes of OAuth clients, and of tokens that are written into customers' Entra apps.

use domain::role::Right;

use super::super::route::Method::{Delete, Get, Patch, Post};
use super::super::route::{Route, route};
use super::super::{clients, continuity};

const CLIENTS: &str = "/tenants/{tenant}/directories/{profile}/clients";
const OAUTH: &str = "/tenants/{tenant}/directories/{profile}/oauth";
const CONTINUITY: &str = "/tenants/{tenant}/directories/{profile}/continuity";
const RENEWALS: &str = "/tenants/{tenant}/directories/{profile}/continuity/renewals";

/// OAuth clients, and what a directory accepts beside tokens (ADR 0043, ADR 0044).
pub(super) fn clients() -> Vec<Route> {
    vec![
        route(
            Get,
            CLIENTS,
            Right::ClientRead,
            "listClients",
            "List a directory's OAuth clients with their secrets' ids and ends, oldest first; never the secrets.",
            clients::list,
        ),
        route(
            Post,
            CLIENTS,
            Right::ClientManage,
            "createClient",
            "Create an OAuth client, with a secret or with an identity of Entra's; the secret is in this answer and in no other.",
            clients::create,
        )
        .creates(),
        route(
            Get,
            "/tenants/{tenant}/directories/{profile}/clients/{client}",
            Right::ClientRead,
            "getClient",
            "Read an OAuth client.",
            clients::get,
        ),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/clients/{client}/revoke",
            Right::ClientManage,
            "revokeClient",
            "End a client with its secrets and all its access tokens: refused from the next request on. A repeat changes nothing.",
            clients::revoke,
        ),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/clients/{client}/end-tokens",
            Right::ClientManage,
            "endClientTokens",
            "End the access tokens of a client that were made until now; it may ask for new ones.",
            clients::end_tokens,
        ),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/clients/{client}/secrets",
            Right::ClientManage,
            "addClientSecret",
            "Add a secret to a client, at most three usable ones; it is in this answer and in no other.",
            clients::add_secret,
        )
        .creates(),
        route(
            Post,
            "/tenants/{tenant}/directories/{profile}/clients/{client}/secrets/{secret}/revoke",
            Right::ClientManage,
            "revokeClientSecret",
            "End a secret of a client, with the access tokens that were made with it. A repeat changes nothing.",
            clients::revoke_secret,
        ),
        route(
            Get,
            OAUTH,
            Right::DirectoryRead,
            "getDirectoryOauth",
            "Read what a directory accepts beside its tokens, and how long access tokens last.",
            clients::oauth,
        ),
        route(
            Patch,
            OAUTH,
            Right::DirectoryManage,
            "changeDirectoryOauth",
            "Change what a directory accepts beside its tokens, effective at the next request. What is left out stays as it is.",
            clients::change_oauth,
        ),
    ]
}

/// Token continuity (ADR 0051).
pub(super) fn continuities() -> Vec<Route> {
    vec![
        route(
            Get,
            CONTINUITY,
            Right::DirectoryRead,
            "getContinuity",
            "Read whether a directory's new tokens are written into the customer's Entra app, and where that is.",
            continuity::get,
        ),
        route(
            Post,
            CONTINUITY,
            Right::ContinuityManage,
            "setContinuity",
            "Write a directory's new tokens into an Entra app, whose customer has consented, from now on.",
            continuity::set,
        ),
        route(
            Delete,
            CONTINUITY,
            Right::DirectoryManage,
            "endContinuity",
            "Write nothing into the Entra app any more. A renewal whose token is there already is brought to its end.",
            continuity::end,
        ),
        route(
            Get,
            RENEWALS,
            Right::TokenRead,
            "listRenewals",
            "List the renewals of a directory's token with their steps, oldest first.",
            continuity::renewals,
        ),
        route(
            Post,
            RENEWALS,
            Right::TokenRotate,
            "startRenewal",
            "Renew a directory's token now: a new one is issued, tried by Entra, written there, and the old one ends when the new one is in use.",
            continuity::start,
        )
        .creates(),
    ]
}
