//! The form of a token request (RFC 6749 §3.2): bounded, and no parameter twice.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Query};

use super::problem::{OauthCode, Problem};
use crate::extract::small_body;

/// The largest body: an assertion has some 2 KiB.
const BODY_BYTES: usize = 16 * 1024;

/// The parameters; one without a value counts as left out (§3.2).
#[derive(Debug, Default)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// Reads the body.
    ///
    /// # Errors
    /// `invalid_request`, with the rule.
    pub async fn read(request: &HttpRequest, payload: &mut web::Payload) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::with(OauthCode::InvalidRequest, detail);
        let media_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        if !media_type
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(invalid(
                "send the body as application/x-www-form-urlencoded, and say so in Content-Type",
            ));
        }
        let bytes = small_body::read(request, payload, BODY_BYTES).await;
        let bytes = bytes.ok_or_else(|| {
            invalid("the body did not arrive within 30 seconds, or is longer than 16 KiB: send a short form")
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| invalid("the form is no UTF-8: encode it"))?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::with(OauthCode::InvalidRequest, detail);
        let pairs = Query::<Vec<(String, String)>>::from_query(text);
        let pairs = pairs
            .map_err(|_| invalid("the form cannot be read: write name=value pairs with & between them"))?;
        let mut form = HashMap::new();
        for (name, value) in pairs.into_inner() {
            if form.insert(name, value).is_some() {
                return Err(invalid("a parameter stands twice in the form: send each once"));
            }
        }
        form.retain(|_, value| !value.is_empty());
        Ok(Self(form))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_once_and_an_empty_one_not_at_all() {
        let form = Form::parse("grant_type=client_credentials&scope=&client_id=a%2Bb+c").expect("a form");
        assert_eq!(form.get("grant_type"), Some("client_credentials"));
        assert_eq!(form.get("client_id"), Some("a+b c"));
        assert_eq!(form.get("scope"), None);
        let twice = Form::parse("client_id=a&client_id=a").expect_err("twice");
        assert!(twice.detail.contains("stands twice"), "{}", twice.detail);
    }
}
