//! `docs/reference/providers.md`: the rules of each provider, generated from [`scim::quirk::rules::TABLE`].
//!
//! Must not know: requests. Read [`crate::tenant::Provider`] next.

use std::fmt::Write as _;

use scim::quirk::rules::TABLE;

use crate::tenant::Provider;

/// The text of the page.
pub fn reference() -> String {
    let mut page = String::from(
        "<!-- Written by `usher reference providers`; change crates/scim/src/quirk/rules.rs instead. -->\n\n# Providers\n\n\
         A directory is told which product calls it: `usher directory create --provider okta …`, later `usher directory set \
         --provider okta …`; `entra` unless said otherwise. The provider decides nothing but what this table lists: requests \
         of which products and RFC 7643/7644 want different things. Everything else a product is known to send is understood \
         from everybody, because no client of the RFC can notice (see *The same for all* below).\n\n| request | the RFC |",
    );
    for provider in Provider::ALL {
        let _ = write!(page, " `{}` |", provider.as_str());
    }
    page.push_str("\n| --- | --- |");
    page.push_str(&" --- |".repeat(Provider::ALL.len()));
    for row in TABLE {
        let _ = write!(page, "\n| {} | {} |", row.request, row.rfc);
        for provider in Provider::ALL {
            let _ = write!(page, " {} |", (row.does)(provider.rules()));
        }
    }
    page.push_str(SAME_FOR_ALL);
    page
}

const SAME_FOR_ALL: &str = "\n
A PATCH that asks for `attributes` or `excludedAttributes` is answered with the resource in any case.

## The same for all

| sent | understood as | why no RFC client is hurt |
| --- | --- | --- |
| `\"op\": \"Replace\"` | `replace` | the RFC has no other words of that spelling |
| `\"active\": \"False\"`, `\"42\"` for a number, `42` for a text | the value of the schema's type, to its last digit | the RFC has these refused; nothing is guessed: other text is a 400 |
| `[\"Dr\"]`, `{\"value\": \"Dr\"}`, `[{\"$ref\": null, \"value\": \"Dr\"}]` for `\"Dr\"`; `[{\"value\": \"10\"}]` for `[\"10\"]`; `\"10\"` for `[\"10\"]` | the value inside, in every request and however the attribute is named ([ADR 0037](../adr/0037-a-leniency-belongs-to-the-type.md)) | they have the wrong type otherwise |
| `Remove` of `members` or `emails` with the elements in `value` | a removal of those | the RFC gives `value` no meaning in a `remove`; who sends it does not mean the whole list |
| `externalId eq jyoung` | the same within quotes | it is no filter otherwise |
| `\"title\": \"\"`, `{\"value\": \"\"}`, `[]`, `null` | the attribute is unassigned | an empty text says nothing of a person; it is read back as absent |
| a `remove` of what is not there | done | the result is what was asked for |
| `add` behind a filter that finds nothing | the element is made | RFC 7644 §3.5.2.1: what does not exist is added |
| `urn:scim:schemas:extension:enterprise:1.0` and its like | the URN of SCIM 2.0 | no schema of ours has the old name |
| `password` nobody mapped | left out, also where a profile refuses what it does not name | nothing of it is kept |
| `manager` without its URN, `roles` behind the enterprise URN | the attribute where the schema has it | only where it is found nowhere else |
| `manager: \"271\"` | `{\"value\": \"271\"}` | it has the wrong type otherwise |
| several elements with `primary: true` | the last is primary | RFC 7643 §2.4 allows one |
| elements with the same `type` and `value` | one element that says what all of them said | RFC 7643 §2.4: the same combination is not returned twice |
| an element of nothing but `type` and `primary` | no element | it says nothing of a person |
| attributes the profile does not name | as the profile says: left out and logged, or refused by name | RFC 7644 §3.3 leaves it to the server |
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_conflict_is_one_where_two_providers_or_the_rfc_and_a_product_differ_or_the_rfc_leaves_a_choice()
    {
        for row in TABLE {
            let answers = Provider::ALL.iter().map(|provider| (row.does)(provider.rules()));
            let mut answers: Vec<_> = answers.collect();
            answers.sort_unstable();
            answers.dedup();
            assert!(answers.len() > 1 || row.rfc.contains(", or "), "{}", row.request);
        }
    }

    #[test]
    fn a_provider_is_found_by_its_word_and_no_other() {
        for provider in Provider::ALL {
            assert_eq!(provider.as_str().parse(), Ok(*provider));
        }
        assert!("Okta".parse::<Provider>().is_err());
        assert!("".parse::<Provider>().is_err());
    }
}
