//! The errors of `/oauth/token` in the form of RFC 6749 §5.2. A text says what to do; it has no quotes and no letter outside ASCII (§5.2).

use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::error_table::{Failure, error_table};
use crate::extract::credential::Denied;

error_table! {
    /// Why no access token was made; the code is the `error` of the answer.
    pub enum OauthCode {
        InvalidRequest "invalid_request" 400:
            "The request cannot be read"
            "send a form (application/x-www-form-urlencoded) with grant_type=client_credentials, and the client's credentials once";

        // The same answer whatever is wrong with the credentials.
        InvalidClient "invalid_client" 401:
            "The client's credentials are not valid"
            "paste client id and secret exactly as usher client create showed them, and the token endpoint of the same deployment; for a federated identity compare issuer, audience, subject and tenant";

        UnsupportedGrantType "unsupported_grant_type" 400:
            "Another grant type than client_credentials"
            "send grant_type=client_credentials";

        MethodNotAllowed "invalid_request" 405:
            "Another method is needed"
            "use the method of the Allow header";

        SlowDown "slow_down" 429:
            "The client asks for access tokens too often"
            "use an access token until it ends (expires_in), and ask again after Retry-After";

        Busy "temporarily_unavailable" 503:
            "Too many credentials are being checked at once, or the keys of the issuer cannot be read"
            "try again after Retry-After";

        Unavailable "temporarily_unavailable" 503:
            "The gateway cannot reach its database at the moment"
            "try again after Retry-After";
    }
}

/// A refusal.
pub type Problem = Failure<OauthCode>;

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(auth::Refusal::Busy) => Self::of(OauthCode::Busy).after(1),
            Denied::Refused(_) => Self::of(OauthCode::InvalidClient),
            Denied::RecordUnreadable => Self::of(OauthCode::Unavailable).after(1),
        }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        tracing::warn!(%error, "no access token could be made");
        Self::of(OauthCode::Unavailable).after(1)
    }
}

impl Problem {
    /// The answer.
    pub fn oauth(&self, request: &HttpRequest) -> HttpResponse {
        let row = self.row();
        let detail = if row.status == 401 {
            self.detail_with_id(request)
        } else {
            self.detail.clone()
        };
        let mut answer = self.begin_answer(request);
        if row.status == 401 {
            answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"usher\""));
        }
        let description = format!("{}: {detail}", row.meaning);
        answer.json(json!({"error": row.code, "error_description": description}))
    }
}

/// The answer to another method.
pub fn method_not_allowed(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    Problem::of(OauthCode::MethodNotAllowed)
        .allow(allowed)
        .oauth(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_letters_that_the_rfc_allows() {
        for row in OauthCode::TABLE {
            let text = format!("{}: {}", row.meaning, row.next_step);
            let allowed = |letter: char| matches!(letter, ' '..='!' | '#'..='[' | ']'..='~');
            assert!(text.chars().all(allowed), "{text}");
            assert!(!row.next_step.is_empty(), "{}", row.code);
        }
    }
}
