//! An answer with groups in it, written piece by piece: members are read and sent a page at a time, so that a group of
//! 100,000 takes no more memory to answer than one of a thousand.

use std::collections::VecDeque;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::credential::Caller;
use domain::group::Group;
use domain::id::{GroupId, ResourceId};
use futures_util::{StreamExt as _, stream};
use provisioning::Context;
use provisioning::groups::members::{self, PAGE};
use scim::message::MEDIA_TYPE;
use serde_json::Value;

use super::super::Asked;
use super::super::error::Failure;
use super::view::View;

/// Up to so many members in all an answer is put together before it is sent, with its length; beyond, it is streamed.
const WHOLE: i64 = 1_000;

/// What is to be written, in order.
enum Piece {
    Text(String),
    /// The members of a group after this one, separated by commas.
    Members {
        group: GroupId,
        after: Option<ResourceId>,
    },
}

/// What stands in a list.
pub enum Entry<'e> {
    /// A group, whose members are read while it is written.
    Group(&'e Group),
    /// Anything else, as it is.
    Whole(Value),
}

/// An answer to be.
pub struct Script {
    context: Context,
    caller: Caller,
    view: View,
    pieces: VecDeque<Piece>,
    /// How many members there are to be written, about.
    members: i64,
}

impl Script {
    fn new(asked: &Asked<'_>, view: View) -> Self {
        Self {
            context: asked.state.provisioning.clone(),
            caller: asked.caller.clone(),
            view,
            pieces: VecDeque::new(),
            members: 0,
        }
    }

    /// One group.
    pub fn of_group(asked: &Asked<'_>, view: View, group: &Group) -> Result<Self, Failure> {
        let mut script = Self::new(asked, view);
        script.group(group)?;
        Ok(script)
    }

    /// A list answer: `envelope` is one whose `Resources`, its last member, is empty.
    pub fn of_list<'e>(
        asked: &Asked<'_>,
        view: View,
        envelope: &Value,
        entries: impl IntoIterator<Item = Entry<'e>>,
    ) -> Result<Self, Failure> {
        let mut script = Self::new(asked, view);
        let text = envelope.to_string();
        let open = text.strip_suffix("]}").unwrap_or(&text);
        script.text(open);
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                script.text(",");
            }
            match entry {
                Entry::Group(group) => script.group(group)?,
                Entry::Whole(document) => script.text(&document.to_string()),
            }
        }
        script.text("]}");
        Ok(script)
    }

    fn text(&mut self, more: &str) {
        match self.pieces.back_mut() {
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.pieces.push_back(Piece::Text(more.to_owned())),
        }
    }

    fn group(&mut self, group: &Group) -> Result<(), Failure> {
        let document = self.view.document(group)?.to_string();
        let (true, Some(open)) = (self.view.wants_members(), document.strip_suffix('}')) else {
            self.text(&document);
            return Ok(());
        };
        self.text(open);
        self.text(",\"members\":[");
        if group.member_count > 0 {
            self.members += group.member_count;
            self.pieces.push_back(Piece::Members {
                group: group.id,
                after: None,
            });
        }
        self.text("]}");
        Ok(())
    }

    /// The answer: whole when it is small, else begun (so that a fault of ours can still say so) and then streamed.
    pub async fn perform(mut self, status: StatusCode) -> Result<HttpResponse, Failure> {
        let is_small = self.members <= WHOLE;
        let mut begun = String::new();
        while let Some((text, read)) = self.next().await? {
            begun.push_str(&text);
            if read && !is_small {
                break;
            }
        }
        let mut answer = HttpResponseBuilder::new(status);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        if self.pieces.is_empty() {
            return Ok(answer.body(begun));
        }
        let first = stream::once(async move { Ok::<_, actix_web::Error>(Bytes::from(begun)) });
        let rest = stream::try_unfold(self, |mut script| async move {
            let next = script.next().await.map_err(cut)?;
            Ok(next.map(|(text, _)| (Bytes::from(text), script)))
        });
        Ok(answer.streaming(first.chain(rest)))
    }

    /// The next text, and whether it took reading.
    async fn next(&mut self) -> Result<Option<(String, bool)>, Failure> {
        let (group, after) = match self.pieces.pop_front() {
            None => return Ok(None),
            Some(Piece::Text(text)) => return Ok(Some((text, false))),
            Some(Piece::Members { group, after }) => (group, after),
        };
        let page = members::page(&self.context, &self.caller, group, after).await?;
        if let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            self.pieces.push_front(Piece::Members {
                group,
                after: Some(last.id),
            });
        }
        let elements = self.view.members(&page)?;
        let texts: Vec<String> = elements.iter().map(Value::to_string).collect();
        let comma = if after.is_some() && !texts.is_empty() {
            ","
        } else {
            ""
        };
        Ok(Some((format!("{comma}{}", texts.join(",")), true)))
    }
}

/// The rest of an answer cannot be read: the connection is cut, so that the client knows that it has not all of it.
fn cut(failure: Failure) -> actix_web::Error {
    tracing::warn!(detail = failure.detail, "an answer was cut short");
    actix_web::error::ErrorServiceUnavailable(failure.detail)
}
