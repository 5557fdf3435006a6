//! The body of an answer with users or groups, written in steps: members of groups, and groups of users, are read and sent a
//! page at a time, so that a group of 100,000 members takes no more memory to answer than one of a thousand.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::credential::Caller;
use domain::group::Group;
use domain::id::{GroupId, ResourceId};
use domain::identity::Identity;
use futures_util::{StreamExt as _, stream};
use provisioning::Context;
use provisioning::group::members::{self, PAGE};
use scim::message::{JsonWriter, ListHead, MEDIA_TYPE};

use super::RequestContext;
use super::error::Failure;
use super::view::View;

/// The most bytes of an answer that is sent whole, with its length; a longer one is streamed.
const WHOLE: usize = 2 * 1024 * 1024;
/// Users written at a time; other requests are served in between.
const USERS: usize = 50;

/// A step of writing.
enum Step {
    /// A group, and its tag when that is known already.
    Group(Box<Group>, Option<String>),
    /// The members of a group after this one.
    Members {
        group: GroupId,
        after: Option<ResourceId>,
    },
    /// Users; their groups are read where that was not done yet.
    Users(VecDeque<Identity>),
    /// The end of a group's members and of the group, or of a list's resources and of the list.
    End,
}

/// A resource of an answer.
pub enum Entry {
    /// Its members are read while it is written.
    Group(Group),
    /// Its groups are read while it is written.
    User(Identity),
}

/// An answer that is written step by step.
pub struct ResponseBody {
    context: Context,
    caller: Arc<Caller>,
    view: View,
    steps: VecDeque<Step>,
    out: JsonWriter,
}

impl ResponseBody {
    fn new(ctx: &RequestContext<'_>, view: View) -> Self {
        Self {
            context: ctx.state.provisioning.clone(),
            caller: Arc::clone(&ctx.request.caller),
            view,
            steps: VecDeque::new(),
            out: JsonWriter::default(),
        }
    }

    /// One resource, and the tag of its answer.
    pub fn of_one(ctx: &RequestContext<'_>, view: View, entry: Entry, tag: String) -> Self {
        let mut body = Self::new(ctx, view);
        body.steps.push_back(match entry {
            Entry::Group(group) => Step::Group(Box::new(group), Some(tag)),
            Entry::User(user) => Step::Users([user].into()),
        });
        body
    }

    /// A list answer.
    pub fn of_list(
        ctx: &RequestContext<'_>,
        head: &ListHead,
        entries: impl ExactSizeIterator<Item = Entry>,
    ) -> Result<Self, Failure> {
        let mut body = Self::new(ctx, View::of(ctx)?);
        head.begin(&mut body.out, entries.len());
        for entry in entries {
            match (entry, body.steps.back_mut()) {
                (Entry::User(one), Some(Step::Users(users))) => users.push_back(one),
                (Entry::User(one), _) => body.steps.push_back(Step::Users([one].into())),
                (Entry::Group(group), _) => body.steps.push_back(Step::Group(Box::new(group), None)),
            }
        }
        body.steps.push_back(Step::End);
        Ok(body)
    }

    /// The answer: whole when it is small. A longer one is streamed after its first [`WHOLE`] bytes were written, so that a
    /// fault up to there is still answered with 503.
    pub async fn into_response(mut self, status: StatusCode) -> Result<HttpResponse, Failure> {
        while self.out.len() < WHOLE && self.step().await? {}
        let begun = self.out.take();
        let mut answer = HttpResponseBuilder::new(status);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        if self.steps.is_empty() {
            return Ok(answer.body(begun));
        }
        let first = stream::once(async move { Ok::<_, actix_web::Error>(Bytes::from(begun)) });
        let rest = stream::try_unfold(self, |mut body| async move {
            let written = body.step().await.map_err(cut)?;
            Ok(written.then(|| (Bytes::from(body.out.take()), body)))
        });
        Ok(answer.streaming(first.chain(rest)))
    }

    /// Does the next step; `false` when there is none.
    async fn step(&mut self) -> Result<bool, Failure> {
        match self.steps.pop_front() {
            None => return Ok(false),
            Some(Step::Group(group, tag)) => self.group(&group, tag).await?,
            Some(Step::Members { group, after }) => self.members(group, after).await?,
            Some(Step::Users(users)) => self.some_users(users).await?,
            Some(Step::End) => {
                self.out.end_array();
                self.out.end_object();
            }
        }
        Ok(true)
    }

    /// Writes a group up to its members, which are the next step.
    async fn group(&mut self, group: &Group, tag: Option<String>) -> Result<(), Failure> {
        let tag = match tag {
            Some(tag) => tag,
            None => self.view.group_tag(&self.context, &self.caller, group).await?,
        };
        self.out.begin_object();
        self.view.write_group(&mut self.out, group, &tag)?;
        if !self.view.wants_members {
            self.out.end_object();
            return Ok(());
        }
        self.out.key("members");
        self.out.begin_array();
        self.steps.push_front(Step::End);
        if group.member_count > 0 {
            self.steps.push_front(Step::Members {
                group: group.id,
                after: None,
            });
        }
        Ok(())
    }

    async fn members(&mut self, group: GroupId, after: Option<ResourceId>) -> Result<(), Failure> {
        let page = members::page(&self.context, &self.caller, group, after).await?;
        if let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            self.steps.push_front(Step::Members {
                group,
                after: Some(last.id),
            });
        }
        self.view.write_members(&mut self.out, &page)
    }

    async fn some_users(&mut self, mut users: VecDeque<Identity>) -> Result<(), Failure> {
        let some = users.make_contiguous().chunks_mut(USERS).next();
        let some = some.unwrap_or_default();
        let read = self.view.load_groups(&self.context, &self.caller, some).await?;
        for user in users.drain(..read) {
            self.view.write_user(&mut self.out, &user);
        }
        if !users.is_empty() {
            self.steps.push_front(Step::Users(users));
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// The rest of an answer cannot be read: the connection is closed, so that the client knows that the answer is not complete.
fn cut(failure: Failure) -> actix_web::Error {
    tracing::warn!(detail = failure.detail, "an answer was cut short");
    actix_web::error::ErrorServiceUnavailable(failure.detail)
}
