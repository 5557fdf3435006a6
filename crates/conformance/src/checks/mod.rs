//! The list of checks, by part of the protocol. Each file opens with its table (rule, then how it is looked at); the
//! functions below it look.
//!
//! Quotes are the RFCs' own sentences (RFC 7643, RFC 7644, RFC 9865; code components and text © IETF Trust, quoted to
//! say which rule is meant). Must not know: any particular server.

mod bulk;
mod create;
mod delete;
mod discovery;
mod errors;
mod etag;
mod filter;
mod groups;
mod operations;
mod page;
mod patch;
mod projection;
mod read;
mod replace;
mod sort;

use crate::check::Check;

/// Every check, in the order they are run.
pub fn all() -> impl Iterator<Item = Check> {
    [
        discovery::CHECKS,
        create::CHECKS,
        read::CHECKS,
        replace::CHECKS,
        patch::CHECKS,
        operations::CHECKS,
        delete::CHECKS,
        errors::CHECKS,
        filter::CHECKS,
        sort::CHECKS,
        page::CHECKS,
        projection::CHECKS,
        etag::CHECKS,
        groups::CHECKS,
        bulk::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// One line of a table: name, level, what the server must offer, section, sentence, and the function that looks (with a
/// text where several lines share it).
macro_rules! check {
    ($id:literal, $level:ident, $needs:ident, $source:literal, $quote:literal, $look:path) => {
        $crate::check::Check {
            id: $id,
            level: $crate::check::Level::$level,
            source: $source,
            quote: $quote,
            needs: $crate::check::Needs::$needs,
            look: |site, _| Box::pin($look(site)),
            with: "",
        }
    };
    ($id:literal, $level:ident, $needs:ident, $source:literal, $quote:literal, $look:path, $with:literal) => {
        $crate::check::Check {
            id: $id,
            level: $crate::check::Level::$level,
            source: $source,
            quote: $quote,
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

    #[test]
    fn every_check_has_a_name_of_its_own_a_section_and_a_sentence() {
        let mut names = BTreeSet::new();
        for check in super::all() {
            assert!(names.insert(check.id), "{} twice", check.id);
            assert!(
                check.source.starts_with("RFC ") && check.source.contains('§'),
                "{}",
                check.id
            );
            assert!(check.quote.len() > 30, "{}", check.id);
        }
        assert!(names.len() > 80, "{}", names.len());
    }
}
