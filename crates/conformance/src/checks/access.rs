//! Authentication and authorisation (RFC 7644 §2, §3.11).

use super::check;
use crate::check::{Check, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "auth-no-token-is-401",
        Should,
        Token,
        "RFC 7644 §3.12, Table 8",
        "A request without credentials is answered 401",
        no_token
    ),
    check!(
        "auth-401-says-how",
        Must,
        Token,
        "RFC 7644 §2, paragraph 8",
        "A 401 names the authentication schemes in WWW-Authenticate",
        challenge
    ),
    check!(
        "auth-wrong-token-is-401",
        Should,
        Token,
        "RFC 7644 §3.12, Table 8",
        "A request with credentials that are not known is answered 401",
        wrong_token
    ),
    check!(
        "me-is-someone-or-501",
        Should,
        Users,
        "RFC 7644 §3.11, paragraph 2",
        "/Me is served or redirected, and otherwise answers 501",
        me
    ),
];

async fn no_token(site: &Site) -> Seen {
    site.wire.posing(None).get("/Users").await?.expect(&[401])?;
    Ok("401".to_owned())
}

async fn challenge(site: &Site) -> Seen {
    let answer = site.wire.posing(None).get("/Users").await?.expect(&[401])?;
    let said = answer.header("www-authenticate");
    hold(!said.is_empty(), said, "no WWW-Authenticate")
}

async fn wrong_token(site: &Site) -> Seen {
    site.wire
        .posing(Some("scimconf-no-such-token"))
        .get("/Users")
        .await?
        .expect(&[401])?;
    Ok("401".to_owned())
}

async fn me(site: &Site) -> Seen {
    let answer = site.wire.get("/Me").await?;
    hold(
        matches!(answer.status, 200 | 308 | 501),
        &answer.status.to_string(),
        answer.brief(),
    )
}
