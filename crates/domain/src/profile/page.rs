//! `docs/reference/profiles.md`: the profiles that ship, line by line, written from their files.
//!
//! Must not know: directories.

use std::fmt::Write as _;

use super::{Profile, Profiles, SHIPPED, UnknownAttributes};

/// The text of the page.
///
/// # Errors
/// A shipped file is invalid; a test excludes that.
pub fn reference() -> Result<String, super::ProfileError> {
    let profiles = Profiles::load(SHIPPED.iter().copied())?;
    let mut page = String::from(HEAD);
    for profile in profiles.iter() {
        chapter(&mut page, profile);
    }
    page.push_str(OWN);
    Ok(page)
}

fn chapter(page: &mut String, profile: &Profile) {
    let unknown = match profile.unknown_attributes {
        UnknownAttributes::Drop => "left out and named in the provisioning log",
        UnknownAttributes::Reject => "refused by name (400)",
    };
    let groups = if profile.group_type.is_some() {
        "served"
    } else {
        "not served"
    };
    let _ = write!(
        page,
        "\n## {}\n\nTenant URL `https://HOST/{}/scim`. Key for downstream systems: `{}`. Groups: {groups}. Other attributes: \
         {unknown}.\n\n| SCIM attribute | Entra source | in the event's record | required | locked downstream |\n\
         | --- | --- | --- | --- | --- |\n",
        profile.name, profile.name, profile.key
    );
    for line in &profile.attributes {
        let record = line.record.as_deref().map(|name| format!("`{name}`"));
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {} | {} | {} |",
            line.path,
            line.entra,
            record.unwrap_or_default(),
            if line.required { "yes" } else { "" },
            if line.managed { "yes" } else { "" },
        );
    }
}

const HEAD: &str = "<!-- Written by `usher reference profiles`; change crates/domain/profiles/*.toml instead. -->

# Profiles

A profile says what one kind of thing looks like. These ship; a file of the same name in `profiles_dir` replaces one, a file of
another name adds one. *Required*: a document without it is refused with the mapping line to add. *Locked*: the event names it
among the attributes the customer's Entra manages.
";

const OWN: &str = "
## Attributes of a customer's own

A directory may carry an extension on top of its profile: `usher directory extension set --tenant T --profile P --file ext.toml`.
`usher directory extension show --copy` prints what to paste into Entra's attribute list.

```toml
urn = \"urn:ietf:params:scim:schemas:extension:Contoso:2.0:User\"
description = \"What Contoso keeps of its agents\"

[[attribute]]
name = \"tenure\"
type = \"integer\"          # string, boolean, integer, decimal, dateTime, reference, binary
record = \"tenure\"         # its plain name in events; left out: in the document only
entra = \"extensionAttribute1\"
required = false
multi_valued = false
case_exact = false
canonical_values = []     # type string only: suggestions, others are accepted too
mutability = \"readWrite\"  # or immutable: set once
returned = \"default\"      # or always, request
```

At most 100 attributes and 64 KiB. Values are accepted as text or native (`\"42\"`, `42`), and refused by name when they are
neither. A profile's file may have the same under `[extension]` and `[[extension.attribute]]`.
";
