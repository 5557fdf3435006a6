//! Groups as SCIM Groups: how one is answered; and what a directory without groups says instead: Entra asks for groups in
//! every connection test, and a 404 there fails the test, so the query answers an empty list
//! (`docs/background/entra.md`, "The probe").

pub mod view;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use domain::credential::Caller;
use domain::group::Group;
use domain::profile::Profile;
use provisioning::{Context, ManagedResource};
use scim::message::Meta;
use scim::quirk::rules::{Answer, Rules};

use self::view::View;
use super::context::RequestContext;
use super::error::Failure;
use super::handlers::AnsweredResource;
use super::response_body::{Entry, ResponseBody};

/// The profile of a directory that serves groups.
///
/// # Errors
/// `groupsNotServed`: to be asked before a body is read.
pub fn served(context: &Context, caller: &Caller) -> Result<Arc<Profile>, Failure> {
    let profile = context.profile(caller)?;
    Group::resource_type(&profile, caller.directory.provider)?;
    Ok(profile)
}

impl AnsweredResource for Group {
    /// The tag: the revision, and a mark of the members that are shown.
    type Shown = String;

    fn is_served(ctx: &RequestContext<'_>) -> bool {
        served(&ctx.request.context, &ctx.request.caller).is_ok()
    }

    fn patch_answer(rules: Rules) -> Answer {
        rules.patch_group
    }

    fn meta(&self, base: &str) -> Meta {
        Meta {
            created: self.created_at,
            last_modified: self.modified_at,
            version: self.revision,
            location: format!("{base}/Groups/{}", self.id),
        }
    }

    async fn shown(&self, ctx: &RequestContext<'_>) -> Result<String, Failure> {
        let request = &ctx.request;
        View::of(ctx)?.tag(&request.context, &request.caller, self).await
    }

    fn tag(shown: &String) -> &str {
        shown
    }

    async fn answer(
        self,
        ctx: &RequestContext<'_>,
        status: StatusCode,
        tag: String,
    ) -> Result<HttpResponse, Failure> {
        let location = self.meta(&ctx.base).location;
        let body = ResponseBody::of_group(ctx, self, tag.clone())?;
        let mut answer = body.into_response(status).await?;
        for (name, value) in [(ETAG, tag), (LOCATION, location)] {
            if let Ok(value) = value.parse() {
                answer.headers_mut().insert(name, value);
            }
        }
        Ok(answer)
    }

    fn entry(self) -> Entry {
        Entry::Group(self)
    }
}
