//! The list of checks, by part of the protocol. Each file begins with its table (rule and function); the
//! functions follow.
//!
//! Each line has its rule in this project's own words and its source; nothing here is a quote of an RFC. The
//! level is that of the cited sentence: its keyword in capitals, or MAY. Must not know: any particular
//! server.

mod access;
mod bulk;
mod create;
mod delete;
mod discovery;
mod errors;
mod etag;
mod filter;
mod filters;
mod groups;
mod members;
mod operations;
mod page;
mod patch;
mod projection;
mod read;
mod replace;
mod sort;
mod values;

use crate::check::Check;

/// Every check, in the order of execution.
pub fn all() -> impl Iterator<Item = Check> {
    [
        discovery::CHECKS,
        access::CHECKS,
        create::CHECKS,
        values::CHECKS,
        read::CHECKS,
        replace::CHECKS,
        patch::CHECKS,
        operations::CHECKS,
        delete::CHECKS,
        errors::CHECKS,
        filter::CHECKS,
        filters::CHECKS,
        sort::CHECKS,
        page::CHECKS,
        projection::CHECKS,
        etag::CHECKS,
        groups::CHECKS,
        members::CHECKS,
        bulk::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// One line of a table: name, level, what the server must offer, source, rule, and the function that checks
/// it (with a text if several lines share it).
macro_rules! check {
    ($id:literal, $level:ident, $needs:ident, $source:literal, $rule:literal, $look:path) => {
        $crate::check::Check {
            id: $id,
            level: $crate::check::Level::$level,
            source: $source,
            rule: $rule,
            needs: $crate::check::Needs::$needs,
            look: |site, _| Box::pin($look(site)),
            with: "",
        }
    };
    ($id:literal, $level:ident, $needs:ident, $source:literal, $rule:literal, $look:path, $with:literal) => {
        $crate::check::Check {
            id: $id,
            level: $crate::check::Level::$level,
            source: $source,
            rule: $rule,
            needs: $crate::check::Needs::$needs,
            look: |site, with| Box::pin($look(site, with)),
            with: $with,
        }
    };
}
pub(crate) use check;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// Whether the text is `RFC N §1.2.3, paragraph 4`, or names a table or figure instead of a paragraph.
    fn is_citation(source: &str) -> bool {
        let Some((rfc, place)) = source.strip_prefix("RFC ").and_then(|rest| rest.split_once(" §")) else {
            return false;
        };
        let Some((section, place)) = place.split_once(", ") else {
            return false;
        };
        let number = |text: &str| text.parse::<u16>().is_ok_and(|number| number > 0);
        let counted = ["paragraph ", "Table ", "Figure "]
            .iter()
            .any(|word| place.strip_prefix(word).is_some_and(number));
        ["7643", "7644", "9865"].contains(&rfc) && section.split('.').all(number) && counted
    }

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_where_its_rule_stands() {
        let mut names = BTreeSet::new();
        for check in super::all() {
            assert!(names.insert(check.id), "{} twice", check.id);
            assert!(is_citation(check.source), "{}: {}", check.id, check.source);
        }
        assert!(names.len() > 200, "{}", names.len());
    }

    #[test]
    fn a_citation_without_a_paragraph_is_none() {
        assert!(is_citation("RFC 7644 §3.4.2.2, Table 3"));
        for wrong in [
            "RFC 7644 §3.3",
            "RFC 7644 §3.3, paragraph",
            "RFC 7644 3.3, paragraph 1",
            "RFC 7644 §3.x, paragraph 1",
            "RFC 7642 §1, paragraph 1",
        ] {
            assert!(!is_citation(wrong), "{wrong}");
        }
    }

    /// A rule that is not a quote has no quotation marks and no ellipsis.
    #[test]
    fn no_rule_poses_as_a_quote() {
        for check in super::all() {
            let marks = ['"', '“', '”', '„', '«', '»', '‘', '…'];
            let marked = check.rule.contains(marks) || check.rule.contains('[') || check.rule.contains("...");
            assert!(!marked, "{}: {}", check.id, check.rule);
            assert!(check.rule.len() > 15, "{}: {}", check.id, check.rule);
            assert!(!check.rule.ends_with('.'), "{}: {}", check.id, check.rule);
        }
    }
}
