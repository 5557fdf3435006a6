//! SCIM paths in a mapping: read from and written into a resource.
//!
//! Only the four forms that Entra's mapping editor produces; the full grammar is the server's.

use serde_json::{Map, Value, json};

/// A SCIM path in one of four forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `displayName`
    Plain(String),
    /// `name.givenName`
    Sub(String, String),
    /// `addresses[type eq "work"].formatted`
    Filtered {
        /// The multi-valued attribute.
        attribute: String,
        /// The sub-attribute the filter tests (`type`, `primary`).
        key: String,
        /// The value the tested sub-attribute must have.
        equals: String,
        /// The sub-attribute that holds the value.
        sub: String,
    },
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`
    Extension(String, String),
}

impl Target {
    /// Parses one of the four forms.
    ///
    /// # Errors
    /// A sentence that names the expected form.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.to_ascii_lowercase().starts_with("urn:") {
            let (urn, name) = text
                .rsplit_once(':')
                .ok_or("an extension attribute is URN:attribute")?;
            return Ok(Self::Extension(urn.to_owned(), name.to_owned()));
        }
        if let Some((attribute, rest)) = text.split_once('[') {
            let (filter, sub) = rest
                .split_once("].")
                .ok_or("a filtered attribute ends in `].sub`")?;
            let mut words = filter.splitn(3, ' ');
            return match (words.next(), words.next(), words.next()) {
                (Some(key), Some(op), Some(value)) if op.eq_ignore_ascii_case("eq") => Ok(Self::Filtered {
                    attribute: attribute.to_owned(),
                    key: key.to_owned(),
                    equals: value.trim_matches('"').to_owned(),
                    sub: sub.to_owned(),
                }),
                _ => Err("the filter must be `sub eq \"value\"`".to_owned()),
            };
        }
        match text.split_once('.') {
            Some((parent, sub)) => Ok(Self::Sub(parent.to_owned(), sub.to_owned())),
            None if text.is_empty() => Err("the path is empty".to_owned()),
            None => Ok(Self::Plain(text.to_owned())),
        }
    }

    /// Whether the path has a filter. The compliant dialect takes every other path as a key of an operation
    /// without a path.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        matches!(self, Self::Filtered { .. })
    }

    /// The value in a resource; `None` if it has none. Attribute names match in any case.
    #[must_use]
    pub fn read<'a>(&self, resource: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Plain(name) => get(resource, name),
            Self::Sub(parent, name) | Self::Extension(parent, name) => get(get(resource, parent)?, name),
            Self::Filtered {
                attribute,
                key,
                equals,
                sub,
            } => {
                let elements = get(resource, attribute)?.as_array()?;
                let element = elements.iter().find(|element| match get(element, key) {
                    Some(Value::String(text)) => text.eq_ignore_ascii_case(equals),
                    Some(Value::Bool(value)) => {
                        equals.eq_ignore_ascii_case(if *value { "true" } else { "false" })
                    }
                    _ => false,
                })?;
                get(element, sub)
            }
        }
    }

    /// Writes a value into a create document with Entra's layout: an element with a `type` has `primary:
    /// true` if it is the first of its attribute.
    pub fn write(&self, document: &mut Map<String, Value>, value: Value) {
        match self {
            Self::Plain(name) => {
                document.insert(name.clone(), value);
            }
            Self::Sub(parent, name) | Self::Extension(parent, name) => {
                if let Some(object) = document
                    .entry(parent.clone())
                    .or_insert_with(|| json!({}))
                    .as_object_mut()
                {
                    object.insert(name.clone(), value);
                }
            }
            Self::Filtered {
                attribute,
                key,
                equals,
                sub,
            } => {
                let list = document.entry(attribute.clone()).or_insert_with(|| json!([]));
                let Some(elements) = list.as_array_mut() else {
                    return;
                };
                let found = elements
                    .iter()
                    .position(|element| get(element, key) == Some(&json!(equals)));
                let index = found.unwrap_or_else(|| {
                    elements.push(if key == "type" && elements.is_empty() {
                        json!({"primary": true, key: equals})
                    } else {
                        json!({key: equals})
                    });
                    elements.len() - 1
                });
                if let Some(element) = elements.get_mut(index).and_then(Value::as_object_mut) {
                    element.insert(sub.clone(), value);
                }
            }
        }
    }
}

fn get<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for path in [
            "displayName",
            "name.givenName",
            "addresses[type eq \"work\"].formatted",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ] {
            let target = Target::parse(path).unwrap();
            let mut document = Map::new();
            target.write(&mut document, json!("x"));
            assert_eq!(target.read(&Value::Object(document)), Some(&json!("x")), "{path}");
        }
    }

    #[test]
    fn two_sub_attributes_of_one_element_share_it() {
        let mut document = Map::new();
        Target::parse("addresses[type eq \"work\"].formatted")
            .unwrap()
            .write(&mut document, json!("B5"));
        Target::parse("addresses[type eq \"work\"].country")
            .unwrap()
            .write(&mut document, json!("DK"));
        let expected = json!([{"primary": true, "type": "work", "formatted": "B5", "country": "DK"}]);
        assert_eq!(document["addresses"], expected);
    }

    #[test]
    fn reading_minds_neither_case_nor_native_booleans() {
        let resource = json!({"UserName": "a", "roles": [{"primary": true, "value": "Admin"}]});
        assert_eq!(
            Target::parse("userName").unwrap().read(&resource),
            Some(&json!("a"))
        );
        assert_eq!(
            Target::parse("roles[primary eq \"True\"].value")
                .unwrap()
                .read(&resource),
            Some(&json!("Admin"))
        );
        assert_eq!(
            Target::parse("addresses[type eq \"work\"].formatted")
                .unwrap()
                .read(&resource),
            None
        );
    }

    #[test]
    fn a_filter_that_is_not_an_equality_is_refused() {
        assert!(Target::parse("emails[type ne \"work\"].value").is_err());
        assert!(Target::parse("emails[type eq \"work\"]").is_err());
        assert!(Target::parse("").is_err());
    }
}
