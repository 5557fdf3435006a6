//! An answer with people or groups in it, written piece by piece: members of groups, and the groups people are in, are read
//! and sent a page at a time, so that a group of 100,000 takes no more memory to answer than one of a thousand.

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
use scim::message::MEDIA_TYPE;
use serde_json::Value;

use super::error::{ErrorCode, Failure};
use super::{RequestContext, groups, users};

/// Up to so many bytes an answer is put together before it is sent, with its length; beyond, it is streamed.
const WHOLE: usize = 2 * 1024 * 1024;
/// People rendered at a time; others get their turn in between.
const PEOPLE: usize = 50;

/// What is to be written, in order.
enum Chunk {
    Text(String),
    /// A group, and its tag when that is known already.
    Group(Box<Group>, Option<String>),
    /// The members of a group after this one, separated by commas.
    Members {
        group: GroupId,
        after: Option<ResourceId>,
    },
    /// People, separated by commas; whether some of them are written.
    People(VecDeque<Identity>, bool),
}

/// What stands in a list.
pub enum Entry {
    /// A group, whose members are read while it is written.
    Group(Group),
    /// A person, whose groups are.
    Person(Identity),
}

/// An answer to be.
pub struct ResponseBody {
    context: Context,
    caller: Arc<Caller>,
    people: users::view::View,
    /// Absent where there are no groups.
    groups: Option<groups::view::View>,
    chunks: VecDeque<Chunk>,
}

impl ResponseBody {
    fn new(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        Ok(Self {
            context: ctx.state.provisioning.clone(),
            caller: Arc::clone(&ctx.request.caller),
            people: users::view::View::of(ctx)?,
            groups: groups::view::View::of(ctx).ok(),
            chunks: VecDeque::new(),
        })
    }

    /// One group.
    pub fn of_group(ctx: &RequestContext<'_>, group: Group, tag: String) -> Result<Self, Failure> {
        let mut body = Self::new(ctx)?;
        body.chunks.push_back(Chunk::Group(Box::new(group), Some(tag)));
        Ok(body)
    }

    /// A list answer: `envelope` is one whose `Resources`, its last member, is empty.
    pub fn of_list(
        ctx: &RequestContext<'_>,
        envelope: &Value,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, Failure> {
        let mut body = Self::new(ctx)?;
        let text = envelope.to_string();
        let open = text.strip_suffix("]}").unwrap_or(&text);
        body.text(open);
        for (index, entry) in entries.into_iter().enumerate() {
            if let (Entry::Person(_), Some(Chunk::People(..))) = (&entry, body.chunks.back()) {
                // They come with commas of their own.
            } else if index > 0 {
                body.text(",");
            }
            match entry {
                Entry::Group(group) => body.chunks.push_back(Chunk::Group(Box::new(group), None)),
                Entry::Person(identity) => body.person(identity),
            }
        }
        body.text("]}");
        Ok(body)
    }

    fn text(&mut self, more: &str) {
        match self.chunks.back_mut() {
            Some(Chunk::Text(text)) => text.push_str(more),
            _ => self.chunks.push_back(Chunk::Text(more.to_owned())),
        }
    }

    fn person(&mut self, identity: Identity) {
        match self.chunks.back_mut() {
            Some(Chunk::People(people, _)) => people.push_back(identity),
            _ => self.chunks.push_back(Chunk::People([identity].into(), false)),
        }
    }

    /// How groups are shown.
    ///
    /// # Errors
    /// `groupsNotServed`.
    fn group_view(&self) -> Result<&groups::view::View, Failure> {
        let view = self.groups.as_ref();
        view.ok_or_else(|| Failure::method(ErrorCode::GroupsNotServed, "GET"))
    }

    /// The answer: whole when it is small, else begun (so that a fault of ours can still say so) and then streamed.
    pub async fn into_response(mut self, status: StatusCode) -> Result<HttpResponse, Failure> {
        let mut begun = String::new();
        while begun.len() < WHOLE
            && let Some(text) = self.next().await?
        {
            begun.push_str(&text);
        }
        let mut answer = HttpResponseBuilder::new(status);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        if self.chunks.is_empty() {
            return Ok(answer.body(begun));
        }
        let first = stream::once(async move { Ok::<_, actix_web::Error>(Bytes::from(begun)) });
        let rest = stream::try_unfold(self, |mut body| async move {
            let next = body.next().await.map_err(cut)?;
            Ok(next.map(|text| (Bytes::from(text), body)))
        });
        Ok(answer.streaming(first.chain(rest)))
    }

    /// The next text.
    async fn next(&mut self) -> Result<Option<String>, Failure> {
        match self.chunks.pop_front() {
            None => Ok(None),
            Some(Chunk::Text(text)) => Ok(Some(text)),
            Some(Chunk::Group(group, tag)) => self.group(&group, tag).await.map(Some),
            Some(Chunk::Members { group, after }) => self.members(group, after).await.map(Some),
            Some(Chunk::People(people, written)) => self.some_people(people, written).await.map(Some),
        }
    }

    /// A group up to its members, which are what comes next.
    async fn group(&mut self, group: &Group, tag: Option<String>) -> Result<String, Failure> {
        let view = self.group_view()?;
        let tag = match tag {
            Some(tag) => tag,
            None => view.tag(&self.context, &self.caller, group).await?,
        };
        let document = view.document(group, &tag)?.to_string();
        let (true, Some(open)) = (view.wants_members(), document.strip_suffix('}')) else {
            return Ok(document);
        };
        let open = format!("{open},\"members\":[");
        self.chunks.push_front(Chunk::Text("]}".to_owned()));
        if group.member_count > 0 {
            self.chunks.push_front(Chunk::Members {
                group: group.id,
                after: None,
            });
        }
        Ok(open)
    }

    async fn members(&mut self, group: GroupId, after: Option<ResourceId>) -> Result<String, Failure> {
        let page = members::page(&self.context, &self.caller, group, after).await?;
        if let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            self.chunks.push_front(Chunk::Members {
                group,
                after: Some(last.id),
            });
        }
        let elements = self.group_view()?.members(&page)?;
        Ok(separated(&elements, after.is_some()))
    }

    async fn some_people(
        &mut self,
        mut people: VecDeque<Identity>,
        written: bool,
    ) -> Result<String, Failure> {
        let first = people.len().min(PEOPLE);
        let some = &people.make_contiguous()[..first];
        let shown = self.people.documents(&self.context, &self.caller, some).await?;
        let documents: Vec<Value> = shown.into_iter().map(|shown| shown.document).collect();
        people.drain(..documents.len());
        if !people.is_empty() {
            self.chunks.push_front(Chunk::People(people, true));
            tokio::task::yield_now().await;
        }
        Ok(separated(&documents, written))
    }
}

/// Elements of a list as text, after others or not.
fn separated(elements: &[Value], after_others: bool) -> String {
    let texts: Vec<String> = elements.iter().map(Value::to_string).collect();
    let comma = if after_others && !texts.is_empty() {
        ","
    } else {
        ""
    };
    format!("{comma}{}", texts.join(","))
}

/// The rest of an answer cannot be read: the connection is cut, so that the client knows that it has not all of it.
fn cut(failure: Failure) -> actix_web::Error {
    tracing::warn!(detail = failure.detail, "an answer was cut short");
    actix_web::error::ErrorServiceUnavailable(failure.detail)
}
