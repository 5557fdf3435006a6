//! Versions of a resource and the conditions a request puts on them (RFC 7644 §3.14, RFC 9110 §8.8.3 and §13.1).
//!
//! A version is a resource's revision as a weak tag, because responses of one revision may have different attributes.
//! Must not know: HTTP (the input is the text of header fields), the resource.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::Error;
use crate::name;

/// The most tags one header field may list; a bound on the work.
pub const MAX_TAGS: usize = 64;

/// Which state of a resource it is: 1 after its creation, and greater after each committed change, about the milliseconds since 1970 of
/// that change. So it does not go back when an older copy of the resource is restored and changed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Revision(i64);

impl Revision {
    /// The revision of a resource that was just created.
    pub const FIRST: Self = Self(1);

    /// `None` below 1.
    pub const fn new(number: i64) -> Option<Self> {
        if number < 1 { None } else { Some(Self(number)) }
    }

    /// The number, as databases keep it.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The revision that a change at this time makes: at least one more, also when the clock was set back.
    #[must_use]
    pub fn next(self, at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis().max(self.0 + 1))
    }

    /// The `sequence` of an event: 20 digits, so that sequences are ordered as texts, too.
    pub fn sequence(self) -> String {
        format!("{:020}", self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The tag of a revision: `W/"7"`.
pub fn of(revision: Revision) -> String {
    format!("W/\"{revision}\"")
}

/// The tag of a response that has more than the resource of this revision: `W/"7-…"`. `mark` is text of letters and digits
/// that changes whenever the computed attributes do, so that a 304 never hides a change (ADR 0035).
pub fn with_mark(revision: Revision, mark: &str) -> String {
    format!("W/\"{revision}-{mark}\"")
}

/// The tags of a header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any version.
    Any,
    /// One of these, without quotes and `W/`.
    OneOf(Vec<String>),
}

impl Tags {
    /// Parses `*`, or a list of tags, strong or weak. A tag without quotes is accepted too, because some clients strip them
    /// from `meta.version`.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidValue`] with the field's name, for text that is no list of tags, or more than [`MAX_TAGS`].
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let malformed = || {
            Error::invalid_value(
                field,
                format!(
                    "The header field {field} is not understood. Send the meta.version of the resource as it was answered, such \
                     as W/\"7\", several of them separated by commas, or *."
                ),
            )
        };
        let mut tags = Vec::new();
        let mut rest = text.trim_matches(is_gap);
        while !rest.is_empty() {
            if tags.len() == MAX_TAGS {
                return Err(Error::invalid_value(
                    field,
                    format!(
                        "The header field {field} lists more than {MAX_TAGS} tags. Send at most {MAX_TAGS} tags, or the one \
                         meta.version of the resource you have read."
                    ),
                ));
            }
            let (tag, behind) = tag(rest).ok_or_else(malformed)?;
            tags.push(tag.to_owned());
            if !behind.is_empty() && !behind.starts_with(is_gap) {
                return Err(malformed());
            }
            rest = behind.trim_start_matches(is_gap);
        }
        if tags.is_empty() {
            return Err(malformed());
        }
        Ok(Self::OneOf(tags))
    }

    /// Whether a revision is among them, with or without a mark. Tags compare weakly, by the text within the quotes: versions
    /// change with every change, so the weak comparison is as exact as the strong one.
    pub fn matches_revision(&self, revision: Revision) -> bool {
        let current = revision.to_string();
        let is_current =
            |tag: &String| tag.split_once('-').map_or(tag.as_str(), |(version, _)| version) == current;
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(is_current),
        }
    }

    /// Whether the tag of a response is among them.
    pub fn contains(&self, tag: &str) -> bool {
        let opaque = tag.trim_start_matches("W/").trim_matches('"');
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|one| one == opaque),
        }
    }
}

fn is_gap(letter: char) -> bool {
    matches!(letter, ',' | ' ' | '\t')
}

/// The first tag of a text, without quotes, and the rest.
fn tag(text: &str) -> Option<(&str, &str)> {
    let weak = text.get(..2).is_some_and(|start| name::eq(start, "W/"));
    let opaque = if weak { text.get(2..)? } else { text };
    if let Some(quoted) = opaque.strip_prefix('"') {
        return quoted.split_once('"');
    }
    let end = opaque.find(is_gap).unwrap_or(opaque.len());
    let (tag, behind) = opaque.split_at_checked(end)?;
    let plain = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    plain.then_some((tag, behind))
}

/// The conditions that a request puts on a resource's version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Precondition {
    /// `If-Match`: one of these must be the current version.
    pub if_match: Option<Tags>,
    /// `If-None-Match`: none of these may be the current version.
    pub if_none_match: Option<Tags>,
}

impl Precondition {
    /// No condition; Entra never sends one.
    pub const NONE: Self = Self {
        if_match: None,
        if_none_match: None,
    };

    /// Parses the two header fields, each as its lines joined by commas. An empty field is no condition.
    ///
    /// # Errors
    /// As [`Tags::parse`].
    pub fn parse(if_match: Option<&str>, if_none_match: Option<&str>) -> Result<Self, Error> {
        let read = |field: &str, text: Option<&str>| {
            text.filter(|text| !text.trim().is_empty())
                .map(|text| Tags::parse(field, text))
                .transpose()
        };
        Ok(Self {
            if_match: read("If-Match", if_match)?,
            if_none_match: read("If-None-Match", if_none_match)?,
        })
    }

    /// The condition of a bulk operation's `version`, which is an `If-Match` (RFC 7644 §3.7).
    ///
    /// # Errors
    /// As [`Tags::parse`].
    pub fn of_version(version: Option<&str>) -> Result<Self, Error> {
        Ok(Self {
            if_match: version.map(|text| Tags::parse("version", text)).transpose()?,
            if_none_match: None,
        })
    }

    /// Checks the conditions of a change; the mark of a tag ([`with_mark`]) does not count.
    ///
    /// # Errors
    /// [`Unmet`], the condition that does not hold.
    pub fn check(&self, revision: Revision) -> Result<(), Unmet> {
        self.check_if_match(revision)?;
        match &self.if_none_match {
            Some(Tags::Any) => Err(Unmet::Exists),
            Some(tags) if tags.matches_revision(revision) => Err(Unmet::Same),
            _ => Ok(()),
        }
    }

    /// Checks `If-Match` only: for a GET that is not answered with 304.
    ///
    /// # Errors
    /// [`Unmet::Changed`].
    pub fn check_if_match(&self, revision: Revision) -> Result<(), Unmet> {
        match &self.if_match {
            Some(tags) if !tags.matches_revision(revision) => Err(Unmet::Changed),
            _ => Ok(()),
        }
    }

    /// Whether the client has the response of this tag, by `If-None-Match`: a GET is answered with 304.
    pub fn is_known(&self, tag: &str) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.contains(tag))
    }
}

/// The condition that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// `If-Match` names other versions.
    Changed,
    /// `If-None-Match: *`, and the resource exists.
    Exists,
    /// `If-None-Match` names the present version.
    Same,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: i64) -> Revision {
        Revision::new(number).expect("1 or more")
    }

    fn tags(text: &str) -> Tags {
        Tags::parse("If-Match", text).expect(text)
    }

    #[test]
    fn a_revision_follows_the_clock_and_rises_without_it() {
        let at = |millis| DateTime::from_timestamp_millis(millis).expect("a time");
        let later = Revision::FIRST.next(at(1_800_000_000_000));
        assert_eq!(later.number(), 1_800_000_000_000);
        assert_eq!(
            later.next(at(1_800_000_000_000)).number(),
            1_800_000_000_001,
            "twice a millisecond"
        );
        assert_eq!(
            later.next(at(7)).number(),
            1_800_000_000_001,
            "a clock that was set back"
        );
        // An older copy, changed again after it was restored, is after everything that was lost.
        assert!(Revision::FIRST.next(at(1_800_000_000_900)) > later.next(at(1_800_000_000_500)));
    }

    #[test]
    fn tags_are_read_in_every_form_that_is_sent() {
        let list = |tags: &[&str]| Tags::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect());
        for (text, expected) in [
            ("*", Tags::Any),
            (" * ", Tags::Any),
            ("W/\"7\"", list(&["7"])),
            ("w/\"7\"", list(&["7"])),
            ("\"7\"", list(&["7"])),
            ("7", list(&["7"])),
            ("W/7", list(&["7"])),
            ("\"a\", W/\"b\",\t\"c\"", list(&["a", "b", "c"])),
            (",, \"a\" ,", list(&["a"])),
            ("\"a,b\"", list(&["a,b"])),
            ("\"\"", list(&[""])),
        ] {
            assert_eq!(tags(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused_by_the_name_of_its_field() {
        for text in ["", ",", "\"open", "\"a\"\"b\"", "\"a\"b", "W/", "a\"b", "é"] {
            let error = Tags::parse("If-None-Match", text).expect_err(text);
            assert_eq!(error.attribute.as_deref(), Some("If-None-Match"));
            assert!(error.detail.contains("meta.version of the resource"));
        }
    }

    #[test]
    fn more_tags_than_anybody_needs_are_refused_with_their_number() {
        let list = |count: usize| "\"1\",".repeat(count);
        assert!(Tags::parse("If-Match", &list(MAX_TAGS)).is_ok());
        let error = Tags::parse("If-Match", &list(MAX_TAGS + 1)).expect_err("too many");
        assert_eq!(error.attribute.as_deref(), Some("If-Match"));
        assert!(error.detail.contains("at most 64 tags"), "{error}");
    }

    #[test]
    fn a_condition_holds_for_the_versions_it_names() {
        let condition = |if_match, if_none_match| Precondition::parse(if_match, if_none_match).expect("tags");
        for (if_match, if_none_match, allows, known) in [
            (None, None, true, false),
            (Some(""), Some(" "), true, false),
            (Some("*"), None, true, false),
            (Some("W/\"7\""), None, true, false),
            (Some("W/\"6\", W/\"7\""), None, true, false),
            (Some("W/\"6\""), None, false, false),
            (Some("W/\"07\""), None, false, false),
            (None, Some("W/\"7\""), false, true),
            (None, Some("W/\"6\""), true, false),
            (None, Some("*"), false, true),
            (Some("W/\"7\""), Some("W/\"6\""), true, false),
        ] {
            let condition = condition(if_match, if_none_match);
            assert_eq!(
                (
                    condition.check(revision(7)).is_ok(),
                    condition.is_known(&of(revision(7)))
                ),
                (allows, known),
                "{condition:?}"
            );
        }
        assert_eq!(of(revision(7)), "W/\"7\"");
        assert!(tags(&of(revision(7))).matches_revision(revision(7)));
    }

    #[test]
    fn a_condition_that_is_not_met_says_which() {
        let unmet = |if_match, if_none_match| {
            let condition = Precondition::parse(if_match, if_none_match).expect("tags");
            condition.check(revision(7)).expect_err("not met")
        };
        assert_eq!(unmet(Some("W/\"6\""), None), Unmet::Changed);
        assert_eq!(unmet(None, Some("*")), Unmet::Exists);
        assert_eq!(unmet(None, Some("W/\"7\"")), Unmet::Same);
    }

    #[test]
    fn a_mark_counts_for_readings_and_not_for_changes() {
        let tag = with_mark(revision(7), "2.9");
        assert_eq!(tag, "W/\"7-2.9\"");
        let condition = |field: &str| Precondition::parse(None, Some(field)).expect("tags");
        assert!(condition(&tag).is_known(&tag));
        for other in [
            of(revision(7)),
            with_mark(revision(7), "2.8"),
            with_mark(revision(8), "2.9"),
        ] {
            assert!(!condition(&tag).is_known(&other), "{other}");
            assert!(!condition(&other).is_known(&tag), "{other}");
        }
        assert!(
            tags(&tag).matches_revision(revision(7))
                && !tags(&tag).matches_revision(revision(2))
                && !tags(&tag).matches_revision(revision(8))
        );
    }
}
