//! Identities as SCIM Users: how one is answered.

pub mod view;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::identity::Identity;
use scim::message::Meta;
use scim::quirk::rules::{Answer, Rules};

use self::view::{Shown, View};
use super::context::RequestContext;
use super::error::Failure;
use super::handlers::AnsweredResource;
use super::respond;
use super::response_body::Entry;
use crate::extract::connection::AnsweredCreations;

impl AnsweredResource for Identity {
    type Shown = Shown;

    fn patch_answer(rules: Rules) -> Answer {
        rules.patch_user
    }

    fn remember(&self, answered: &AnsweredCreations) {
        answered.add(self.id);
    }

    fn meta(&self, base: &str) -> Meta {
        respond::meta(self, base)
    }

    async fn shown(&self, ctx: &RequestContext<'_>) -> Result<Shown, Failure> {
        let one = std::slice::from_ref(self);
        let (view, request) = (View::of(ctx)?, &ctx.request);
        let mut shown = view.shown(&request.context, &request.caller, one).await?;
        Ok(shown.swap_remove(0))
    }

    fn tag(shown: &Shown) -> &str {
        &shown.tag
    }

    async fn answer(
        self,
        ctx: &RequestContext<'_>,
        status: StatusCode,
        shown: Shown,
    ) -> Result<HttpResponse, Failure> {
        Ok(View::of(ctx)?.answer(status, &self, &shown))
    }

    fn entry(self) -> Entry {
        Entry::Person(self)
    }
}
