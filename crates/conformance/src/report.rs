//! The findings of a run, for people and for machines.
//!
//! Must not know: how checks work.

use std::fmt::Write as _;

use serde::Serialize;

use crate::check::{Check, Level, Miss, Seen};
use crate::exchange::Exchange;

/// The result for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rule is held.
    Held,
    /// The rule is broken.
    Broken,
    /// The answer differs from the text, but the text requires nothing (level MAY).
    Differs,
    /// The rule does not apply to this server.
    Skipped,
}

/// One rule and the result of its check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name, as `--only` takes it.
    pub id: &'static str,
    /// The level of the rule.
    pub level: Level,
    /// RFC, section and paragraph of the rule.
    pub source: &'static str,
    /// The rule in this project's own words.
    pub rule: &'static str,
    /// Whether the rule is held.
    pub verdict: Verdict,
    /// A description of what was seen, in one sentence.
    pub seen: String,
    /// The requests and answers, in order; empty if the rule was held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

impl Finding {
    /// Makes a finding of a check's outcome and its requests and answers.
    pub fn of(check: &Check, seen: Seen, exchanges: Vec<Exchange>) -> Self {
        let (verdict, seen) = match seen {
            Ok(seen) => (Verdict::Held, seen),
            Err(Miss::Broken(seen)) if check.level == Level::May => (Verdict::Differs, seen),
            Err(Miss::Broken(seen)) => (Verdict::Broken, seen),
            Err(Miss::Skipped(seen)) => (Verdict::Skipped, seen),
        };
        Self {
            id: check.id,
            level: check.level,
            source: check.source,
            rule: check.rule,
            exchanges: match verdict {
                Verdict::Broken | Verdict::Differs => exchanges,
                Verdict::Held | Verdict::Skipped => Vec::new(),
            },
            verdict,
            seen,
        }
    }
}

/// The result of a whole run; serialised by `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of the crate that made the report.
    pub version: &'static str,
    /// The base URL of the server.
    pub url: String,
    /// The number of rules that are held.
    pub held: usize,
    /// The number of broken rules at level MUST.
    pub must_broken: usize,
    /// The number of broken rules at level SHOULD.
    pub should_broken: usize,
    /// The number of rules at level MAY with a different answer.
    pub differ: usize,
    /// The number of rules that do not apply.
    pub skipped: usize,
    /// The number of resources that could not be deleted afterwards.
    pub left_behind: usize,
    /// One finding for each check, in the list's order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Counts the findings by result.
    pub fn of(url: String, findings: Vec<Finding>, left_behind: usize) -> Self {
        let count = |matching: &dyn Fn(&Finding) -> bool| findings.iter().filter(|f| matching(f)).count();
        let broken = |level: Level| count(&|f| f.verdict == Verdict::Broken && f.level == level);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            url,
            held: count(&|f| f.verdict == Verdict::Held),
            must_broken: broken(Level::Must),
            should_broken: broken(Level::Should),
            differ: count(&|f| f.verdict == Verdict::Differs),
            skipped: count(&|f| f.verdict == Verdict::Skipped),
            left_behind,
            findings,
        }
    }

    /// The last line of the table, with the counts.
    pub fn summary(&self) -> String {
        let mut text = format!(
            "{} held, {} MUST broken, {} SHOULD broken, {} differ where the text leaves it open (MAY), {} not applicable",
            self.held, self.must_broken, self.should_broken, self.differ, self.skipped
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

/// A finding as lines of the table: one line if the rule is held, otherwise the rule below it, and with
/// `evidence` its requests and answers.
pub fn lines(finding: &Finding, evidence: bool) -> String {
    let mark = match finding.verdict {
        Verdict::Held => "ok",
        Verdict::Broken => "BROKEN",
        Verdict::Differs => "differs",
        Verdict::Skipped => "-",
    };
    let mut text = format!(
        "{mark:<8}{:<7}{:<46}{}\n",
        finding.level.as_str(),
        finding.id,
        finding.seen
    );
    if matches!(finding.verdict, Verdict::Broken | Verdict::Differs) {
        let _ = writeln!(text, "        {}: {}", finding.source, finding.rule);
        for exchange in finding.exchanges.iter().filter(|_| evidence) {
            text += &exchange.lines("        ");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answered, Asked};

    fn exchange() -> Exchange {
        let request = Asked {
            method: "GET".to_owned(),
            url: "http://x/Users".to_owned(),
            headers: std::collections::BTreeMap::new(),
            body: None,
        };
        let answered = Answered {
            status: 200,
            headers: std::collections::BTreeMap::new(),
            body: "{}".to_owned(),
        };
        Exchange {
            request,
            response: Some(answered),
            curl: "curl -i 'http://x/Users'".to_owned(),
        }
    }

    fn finding(level: Level, seen: Seen) -> Finding {
        let check = Check {
            level,
            ..crate::checks::all().next().expect("there are checks")
        };
        Finding::of(&check, seen, vec![exchange()])
    }

    #[test]
    fn a_broken_rule_is_shown_with_its_words_and_counted_by_level() {
        let broken = || Err(Miss::Broken("200".to_owned()));
        let report = Report::of(
            "http://x".to_owned(),
            vec![
                finding(Level::Must, broken()),
                finding(Level::Should, broken()),
                finding(Level::May, broken()),
                finding(Level::Must, Ok("fine".to_owned())),
                finding(Level::Must, Err(Miss::Skipped("no".to_owned()))),
            ],
            1,
        );
        assert_eq!(
            report.summary(),
            "1 held, 1 MUST broken, 1 SHOULD broken, 1 differ where the text leaves it open (MAY), 1 not applicable; 1 \
             resources could not be deleted: look for userName sw \"scimconf-\""
        );
        let first = &report.findings[0];
        let shown = lines(first, false);
        assert!(shown.starts_with("BROKEN  MUST   "), "{shown}");
        assert!(
            shown.contains(&format!("{}: {}", first.source, first.rule)),
            "{shown}"
        );
        assert!(!shown.contains("curl"), "{shown}");
        assert!(!lines(&report.findings[3], true).contains(first.rule));
    }

    #[test]
    fn what_was_not_held_has_its_evidence_on_the_screen_when_asked_and_in_json_always() {
        let broken = finding(Level::Should, Err(Miss::Broken("200".to_owned())));
        let shown = lines(&broken, true);
        assert!(
            shown.contains("$ curl -i 'http://x/Users'\n        200"),
            "{shown}"
        );
        let json = serde_json::to_value(&broken).expect("JSON");
        assert_eq!(json["exchanges"][0]["response"]["body"], "{}");
        let held = serde_json::to_value(finding(Level::Should, Ok("fine".to_owned()))).expect("JSON");
        assert_eq!(held.get("exchanges"), None);
    }
}
