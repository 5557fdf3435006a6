//! What a check is: a rule of an RFC, how binding it is, what the server must offer for it to apply, and how to look.
//!
//! Must not know: HTTP libraries, terminals.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::site::Site;

/// How binding the text makes a rule (RFC 2119): MUST stands for SHALL and REQUIRED too, SHOULD for RECOMMENDED, MAY for
/// OPTIONAL and for what the text tells without any of these words in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// A server that breaks it does not conform.
    Must,
    /// A server may have its reasons.
    Should,
    /// Another answer breaks nothing; it is shown, because clients will meet it.
    May,
}

impl Level {
    /// The RFC's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// What the server must say it offers (in `/ServiceProviderConfig` or `/ResourceTypes`) for a check to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Users, which every server here has.
    Users,
    /// A token that was given, and a server that asks for one.
    Token,
    /// The resource type Group.
    Groups,
    /// `patch.supported`
    Patch,
    /// `patch.supported`, and the resource type Group.
    GroupPatch,
    /// `filter.supported`
    Filter,
    /// `filter.supported`, and the resource type Group.
    GroupFilter,
    /// `filter.supported` and `sort.supported`
    Sort,
    /// `etag.supported`
    Etag,
    /// `etag.supported` and `patch.supported`
    EtagPatch,
    /// `bulk.supported`
    Bulk,
    /// `bulk.supported`, and the resource type Group.
    GroupBulk,
    /// `pagination.cursor` (RFC 9865)
    Cursor,
}

/// One rule and how it is looked at.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name, unique and stable: `create-answers-201`.
    pub id: &'static str,
    /// How binding the rule is.
    pub level: Level,
    /// Where the rule stands: `RFC 7644 §3.3, paragraph 7`. Paragraphs are counted from the section's heading; an item of
    /// a list is one, tables and examples are none. What stands in a table or figure names that: `Table 3`.
    pub source: &'static str,
    /// The rule in our own words, never the RFC's.
    pub rule: &'static str,
    /// When it applies.
    pub needs: Needs,
    /// Looks, given `with`.
    pub look: for<'a> fn(&'a Site, &'static str) -> LocalBoxFuture<'a, Seen>,
    /// What tells apart checks that look the same way: a filter, for instance.
    pub with: &'static str,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What was seen: in words when the rule was held, otherwise why not.
pub type Seen = Result<String, Miss>;

/// Why a rule was not found to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// It is broken (at level MAY: something else was seen); what was seen and what was expected.
    Broken(String),
    /// It could not be looked at here; why.
    Skipped(String),
}

/// A broken rule.
pub fn broken<T>(seen: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Broken(seen.into()))
}

/// A check that does not apply here.
pub fn skipped<T>(why: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Skipped(why.into()))
}

/// `said` when `held`, else broken with what was seen instead.
pub fn hold(held: bool, said: &str, otherwise: impl Into<String>) -> Seen {
    if held {
        Ok(said.to_owned())
    } else {
        broken(otherwise)
    }
}
