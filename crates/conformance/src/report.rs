//! What a run found, for people and for machines.
//!
//! Must not know: how checks look.

use std::fmt::Write as _;

use serde::Serialize;

use crate::check::{Check, Level, Miss, Seen};

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is held.
    Held,
    /// It is broken.
    Broken,
    /// It does not apply to this server.
    Skipped,
}

/// One rule and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name.
    pub id: &'static str,
    /// How binding the rule is.
    pub level: Level,
    /// RFC and section.
    pub source: &'static str,
    /// The sentence.
    pub quote: &'static str,
    /// What became of it.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
}

impl Finding {
    /// A check's outcome.
    pub fn of(check: &Check, seen: Seen) -> Self {
        let (verdict, seen) = match seen {
            Ok(seen) => (Verdict::Held, seen),
            Err(Miss::Broken(seen)) => (Verdict::Broken, seen),
            Err(Miss::Skipped(seen)) => (Verdict::Skipped, seen),
        };
        Self {
            id: check.id,
            level: check.level,
            source: check.source,
            quote: check.quote,
            verdict,
            seen,
        }
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The server.
    pub url: String,
    /// Rules held.
    pub held: usize,
    /// MUSTs broken.
    pub must_broken: usize,
    /// SHOULDs broken.
    pub should_broken: usize,
    /// Rules that do not apply.
    pub skipped: usize,
    /// Resources that could not be deleted afterwards.
    pub left_behind: usize,
    /// Every rule, in the list's order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Counts.
    pub fn of(url: &str, findings: Vec<Finding>, left_behind: usize) -> Self {
        let count = |matching: &dyn Fn(&Finding) -> bool| findings.iter().filter(|f| matching(f)).count();
        let broken = |level: Level| count(&|f| f.verdict == Verdict::Broken && f.level == level);
        Self {
            url: url.to_owned(),
            held: count(&|f| f.verdict == Verdict::Held),
            must_broken: broken(Level::Must),
            should_broken: broken(Level::Should),
            skipped: count(&|f| f.verdict == Verdict::Skipped),
            left_behind,
            findings,
        }
    }

    /// The end of the table: what it comes to.
    pub fn summary(&self) -> String {
        let mut text = format!(
            "{} held, {} MUST broken, {} SHOULD broken, {} not applicable",
            self.held, self.must_broken, self.should_broken, self.skipped
        );
        if self.left_behind > 0 {
            let _ = write!(
                text,
                "; {} resources could not be deleted: look for userName sw \"scimconf-\"",
                self.left_behind
            );
        }
        text
    }
}

/// A finding as lines of the table; what is held is one line, what is broken has the rule below it.
pub fn lines(finding: &Finding) -> String {
    let mark = match finding.verdict {
        Verdict::Held => "ok",
        Verdict::Broken => "BROKEN",
        Verdict::Skipped => "-",
    };
    let mut text = format!(
        "{mark:<7}{:<7}{:<44}{}\n",
        finding.level.as_str(),
        finding.id,
        finding.seen
    );
    if finding.verdict == Verdict::Broken {
        let _ = writeln!(text, "       {}: \"{}\"", finding.source, finding.quote);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_shown_with_its_sentence_and_counted_by_level() {
        let finding = |level, verdict| Finding {
            id: "x",
            level,
            source: "RFC 7644 §3.3",
            quote: "A sentence.",
            verdict,
            seen: "200".to_owned(),
        };
        let report = Report::of(
            "http://x",
            vec![
                finding(Level::Must, Verdict::Broken),
                finding(Level::Should, Verdict::Broken),
                finding(Level::Must, Verdict::Held),
                finding(Level::Must, Verdict::Skipped),
            ],
            1,
        );
        assert_eq!(
            report.summary(),
            "1 held, 1 MUST broken, 1 SHOULD broken, 1 not applicable; 1 resources could not be deleted: look for userName \
             sw \"scimconf-\""
        );
        let shown = lines(&report.findings[0]);
        assert!(shown.starts_with("BROKEN MUST   x "), "{shown}");
        assert!(shown.contains("RFC 7644 §3.3: \"A sentence.\""), "{shown}");
        assert!(!lines(&report.findings[2]).contains("sentence"));
    }
}
