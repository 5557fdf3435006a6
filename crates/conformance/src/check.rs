//! What a check is: a rule of an RFC, its level, what the server must offer for it to apply, and the function
//! that checks it.
//!
//! Must not know: HTTP libraries, terminals.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::site::Site;

/// The RFC 2119 level of a rule: MUST stands for SHALL and REQUIRED too, SHOULD for RECOMMENDED, MAY for
/// OPTIONAL and for statements without any of these words in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// A server that breaks the rule does not conform.
    Must,
    /// A server may have reasons to break the rule.
    Should,
    /// Another answer breaks nothing; it is reported, because clients will meet it.
    May,
}

impl Level {
    /// The keyword in capitals, as in RFC 2119.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        }
    }
}

/// What the server must offer (in `/ServiceProviderConfig` or `/ResourceTypes`) for a check to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Users, which every tested server has.
    Users,
    /// A token was given, and the server requires one.
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

/// One rule and the function that checks it.
#[derive(Clone, Copy)]
pub struct Check {
    /// The check's name, unique and stable: `create-answers-201`.
    pub id: &'static str,
    /// The level of the rule.
    pub level: Level,
    /// The source of the rule: `RFC 7644 §3.3, paragraph 7`. Paragraphs are counted from the section's
    /// heading; an item of a list is one, tables and examples are none. A rule of a table or figure names
    /// that: `Table 3`.
    pub source: &'static str,
    /// The rule in this project's own words, never a quote of the RFC.
    pub rule: &'static str,
    /// The condition under which the check applies.
    pub needs: Needs,
    /// Checks the server, with [`Check::with`] as the second argument.
    pub look: for<'a> fn(&'a Site, &'static str) -> LocalBoxFuture<'a, Seen>,
    /// The parameter of checks that share a function: a filter, for instance.
    pub with: &'static str,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The outcome: a description of what was seen if the rule was held, otherwise the reason why not.
pub type Seen = Result<String, Miss>;

/// The reason why a rule was not found to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// The rule is broken (at level MAY: the answer differs); the text says what was seen and what was
    /// expected.
    Broken(String),
    /// The rule could not be checked here; the text says why.
    Skipped(String),
}

/// The outcome of a broken rule.
pub fn broken<T>(seen: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Broken(seen.into()))
}

/// The outcome of a check that does not apply here.
pub fn skipped<T>(why: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Skipped(why.into()))
}

/// `said` if `held`, else [`Miss::Broken`] with what was seen instead.
pub fn hold(held: bool, said: &str, otherwise: impl Into<String>) -> Seen {
    if held {
        Ok(said.to_owned())
    } else {
        broken(otherwise)
    }
}
