//! Microsoft Entra's deviations from RFC 7643/7644, one function each, with the broken request and the right one.
//!
//! | function | Entra sends | where it is used |
//! | --- | --- | --- |
//! | [`boolean_text`] | `"False"` for `false` | resources, PATCH values, filter literals |
//! | [`integer_text`] | `"42"` for `42` | resources, PATCH values, filter literals |
//! | [`number_text`] | `100234` for `"100234"` | resources, PATCH values |
//! | [`operation_word`] | `Add`, `Replace`, `Remove` | PATCH |
//! | [`unassigns`] | `""` or `{"value":""}` for `null` | resources, PATCH |
//! | [`wrapped_value`] | `"271"` for `{"value":"271"}` | resources, PATCH |
//! | [`only_element`] | `[{…}]` for a single-valued attribute | resources, PATCH |
//! | [`bare_value`] | `{"value":"Dr"}` for `"Dr"` | resources, PATCH |
//! | [`role_from_json_text`] | JSON text in `roles[].value` | resources, PATCH |
//! | [`is_hollow`] | an element emptied but for its type | resources, PATCH |
//! | [`last_primary_wins`] | a second `primary` | resources, PATCH |
//! | [`home_of`] | extension attributes without their URN, and the reverse | filter, PATCH |
//! | [`implied_value`] | `manager eq "1"` for `manager.value eq "1"` | filter |
//! | [`values_to_remove`] | `Remove` of `members` with the members in `value` | PATCH |
//! | [`seed_from_filter`] | `Add` to an element that is not there yet | PATCH |
//! | [`is_bare_literal`] | `externalId eq jyoung` | filter |
//! | [`decoded_once_more`] | `userName eq "a%40b.com"` after decoding | lists |
//!
//! What is sent, and how that is known: `docs/background/entra.md` and `docs/background/entra-shapes.md`.
//!
//! Must not know: which tenant or directory sends, HTTP, time. Each function is named by a fixture in
//! `tests/fixtures/entra/`; read `crate::patch` next, which calls most of them.

use serde_json::{Map, Number, Value};

use crate::filter::{CompareOp, Filter, Literal};
use crate::name;
use crate::patch::PatchOp;
use crate::path::AttrPath;
use crate::schema::{AttrType, Attribute, ResourceType};

/// Booleans arrive as text in the default dialect, in any case.
///
/// Broken: `{"op":"Replace","path":"active","value":"False"}`; right: `…"value":false`. Unread, the user stays active
/// while Entra believes the opposite and never tries again.
pub fn boolean_text(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whole numbers of custom extension attributes arrive as text.
///
/// Broken: `"tenure":"42"`; right: `"tenure":42`. Only plain decimal digits with an optional minus are a number.
pub fn integer_text(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let signed = || text.parse::<i64>().map(Number::from);
    let number = || signed().or_else(|_| text.parse::<u64>().map(Number::from));
    plain.then(number)?.ok()
}

/// Numbers arrive where the schema has text: an employee number, or a member's id.
///
/// Broken: `"employeeNumber":100234`; right: `"employeeNumber":"100234"`. Numbers of too many digits are texts already
/// ([`crate::exact::quoted`]).
pub fn number_text(number: &Number) -> Value {
    Value::String(number.to_string())
}

/// The operation's word is capitalised in the default dialect.
///
/// Broken: `"op":"Replace"`; right: `"op":"replace"` (RFC 7644 §3.5.2). Refused, de-provisioning fails silently.
pub fn operation_word(word: &str) -> Option<PatchOp> {
    word.parse().ok()
}

/// An attribute is cleared by an empty text, an empty object or list, or an object of nothing but empties.
///
/// Broken: `{"op":"replace","path":"…:User:manager","value":{"value":""}}` or `"value":""`; right: `"value":null` or a
/// `remove`. Kept as an empty text, Entra would see a difference in every cycle.
pub fn unassigns(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(unassigns),
        Value::Object(map) => map.values().all(unassigns),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A reference is sent as its bare text.
///
/// Broken: `{"op":"Add","path":"…:User:manager","value":"271"}`; right: `"value":{"value":"271"}`. Anything but a text
/// or a number for a complex attribute that has a `value` is given back untouched.
pub fn wrapped_value(attribute: &Attribute, value: Value) -> Value {
    let has_value = implied_value(attribute).is_some();
    match value {
        Value::String(_) | Value::Number(_) if has_value => {
            Value::Object(Map::from_iter([("value".to_owned(), value)]))
        }
        other => other,
    }
}

/// A single-valued attribute comes as a list of one (very old manager shape).
///
/// Broken: `{"op":"Add","path":"manager","value":[{"$ref":"…","value":"28"}]}`; right: `"value":{"value":"28"}`. Lists
/// of several are given back untouched, to be refused by type.
pub fn only_element(value: Value) -> Value {
    match value {
        Value::Array(mut items) if items.len() <= 1 => items.pop().unwrap_or_default(),
        other => other,
    }
}

/// A text, number or boolean wrapped as if it were an element (Entra's attributes of several values, and its very old
/// dialect).
///
/// Broken: `{"op":"Add","path":"…:departmentIds","value":[{"value":"10"}]}`, `{"op":"Add","path":"title","value":[{"$ref":null,
/// "value":"Dr"}]}` (its list is opened by [`only_element`]); right: `"value":["10"]`, `"value":"Dr"`. To be used for
/// attributes without parts only.
pub fn bare_value(value: Value) -> Value {
    match value {
        Value::Object(map) if is_wrapping(&map) => map
            .into_iter()
            .find_map(|(key, value)| name::eq(&key, "value").then_some(value))
            .unwrap_or_default(),
        other => other,
    }
}

/// Whether [`bare_value`] changes a value.
pub(crate) fn is_wrapped(value: &Value) -> bool {
    value.as_object().is_some_and(is_wrapping)
}

fn is_wrapping(map: &Map<String, Value>) -> bool {
    map.keys().any(|key| name::eq(key, "value"))
}

/// App roles arrive as JSON *text* inside `value` in the default dialect.
///
/// Broken: `{"value":"{\"id\":\"06b0…\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}`; right:
/// `{"value":"25","display":"Role1234"}`. The role's directory `id` is Entra's own and is dropped. Elements whose value
/// is ordinary text are given back untouched.
pub fn role_from_json_text(element: Map<String, Value>) -> Map<String, Value> {
    let inner = element
        .get("value")
        .and_then(Value::as_str)
        .filter(|text| text.trim_start().starts_with('{'));
    let Some(Ok(inner)) = inner.map(serde_json::from_str::<Map<String, Value>>) else {
        return element;
    };
    let Some(role) = inner.get("value").filter(|v| v.is_string()).cloned() else {
        return element;
    };
    let mut out = element;
    out.insert("value".to_owned(), role);
    if let Some(display) = inner
        .get("displayName")
        .or_else(|| inner.get("display"))
        .filter(|v| v.is_string())
    {
        out.insert("display".to_owned(), display.clone());
    }
    out
}

/// [`role_from_json_text`] for any element of a list of roles.
pub(crate) fn role(element: Value) -> Value {
    match element {
        Value::Object(map) => Value::Object(role_from_json_text(map)),
        other => other,
    }
}

/// Whether an element has only `type` and `primary`: the rest when Entra empties its last other part.
///
/// Broken: `{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":""}`; right:
/// `{"op":"remove","path":"phoneNumbers[type eq \"work\"]"}`.
pub fn is_hollow(element: &Map<String, Value>) -> bool {
    element.iter().all(|(key, value)| {
        unassigns(value) || key.eq_ignore_ascii_case("type") || key.eq_ignore_ascii_case("primary")
    })
}

/// At most one element is primary; the one named last wins (RFC 7643 §2.4 allows one; Entra's mappings can make two).
///
/// `last` is the index written last; without it the last `primary: true` of the list wins. Broken:
/// `[{"value":"a","primary":true},{"value":"b","primary":true}]`; right: only `b` is primary.
pub fn last_primary_wins(elements: &mut [Value], last: Option<usize>) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let winner = last
        .filter(|index| elements.get(*index).is_some_and(is_primary))
        .or_else(|| elements.iter().rposition(is_primary));
    for (index, element) in elements.iter_mut().enumerate() {
        if Some(index) != winner && is_primary(element) {
            element["primary"] = Value::Bool(false);
        }
    }
}

/// The path of an attribute that is named with the wrong URN, or none.
///
/// Broken: `{"op":"Add","path":"manager",…}` or `filter=manager eq "1"` (an enterprise attribute without its URN), and
/// `…:enterprise:2.0:User:roles[…]` (a core attribute behind the enterprise URN); right: the URN the schema says.
/// A right path is returned unchanged; `None` when the directory has no such attribute. A path that is found always wins over
/// an attribute of the same name in another schema; a name that two extensions have is no match.
pub fn home_of(resource_type: &ResourceType, path: &AttrPath) -> Option<AttrPath> {
    let with = |schema: Option<&str>| AttrPath {
        sub: path.sub.clone(),
        ..AttrPath::new(schema, &path.name)
    };
    if resource_type.attribute(path).is_some() {
        return Some(path.clone());
    }
    if let Some(urn) = &path.schema {
        let known = resource_type.extension(urn).is_some();
        let core = with(None);
        return (known && resource_type.attribute(&core).is_some()).then_some(core);
    }
    let extensions = resource_type.extensions.iter();
    let mut homes = extensions.filter(|schema| schema.attribute(&path.name).is_some());
    match (homes.next(), homes.next()) {
        (Some(only), None) => Some(with(Some(&only.id))),
        _ => None,
    }
}

/// A complex attribute compared as if it were its `value`.
///
/// Broken: `id eq "1" and manager eq "2"`, `members eq "3"`; right: `…:User:manager.value eq "2"`, `members.value eq "3"`.
pub fn implied_value(attribute: &Attribute) -> Option<&Attribute> {
    let complex = attribute.attr_type == AttrType::Complex;
    attribute.sub("value").filter(|_| complex)
}

/// The elements that a `Remove` names in its value, in any of the shapes seen; `None` when it has no value and means all.
///
/// Broken: `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"f6"}]}` (also `"f6"`, `["f6","f7"]`,
/// `{"value":"f6"}`); right: `{"op":"remove","path":"members[value eq \"f6\"]"}`. A reader that ignores the value empties
/// the group. An empty list names nothing and removes nothing.
pub fn values_to_remove(value: Option<&Value>) -> Option<Vec<Value>> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::Array(items)) => Some(items.clone()),
        Some(one) => Some(vec![one.clone()]),
    }
}

/// The element that an `Add` or `Replace` means when its filter selects none: the filter's equalities, as attributes.
///
/// Broken (by RFC 7644 §3.5.2.3 a `noTarget`): `Replace emails[type eq "work"].value` on a user without one; right: `add`
/// of `emails` with `[{"type":"work","value":…}]`. `None` for filters that are not equalities joined by `and`.
pub fn seed_from_filter(filter: &Filter) -> Option<Map<String, Value>> {
    let mut seed = Map::new();
    for part in filter.conjuncts() {
        let Filter::Compare {
            path,
            op: CompareOp::Eq,
            value,
        } = part
        else {
            return None;
        };
        let value = match value {
            Literal::String(text) => Value::String(text.clone()),
            Literal::Number(number) => Value::Number(number.clone()),
            Literal::Bool(flag) => Value::Bool(*flag),
            Literal::Null => continue,
        };
        // `type eq ""` asks for an element without a type.
        if unassigns(&value) {
            continue;
        }
        seed.insert(path.name.clone(), value);
    }
    Some(seed)
}

/// Whether a filter may have a text without quotes: a word, date, number or address without blanks, quotes or brackets. A
/// single quote at its start is meant as a quote, and would become a part of the value.
///
/// Broken: `externalId eq jyoung`, `meta.created gt 2015-10-10T14:38:21Z`; right: the same within double quotes.
pub fn is_bare_literal(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('\'')
        && word
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !"\"()[]".contains(c))
}

/// The filter that Microsoft's validator meant when it encoded the value twice; to be used only when the filter as sent finds
/// nothing, because a `%40` may be literal. `None` when there is nothing to decode, or when decoding would end a quoted value
/// early and so change the filter.
///
/// Broken: `userName eq "a%40b.com"` (in the URL: `%2540`); right: `userName eq "a@b.com"`.
pub fn decoded_once_more(filter: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(filter).decode_utf8().ok()?;
    let quotes = |text: &str| text.matches(['"', '\\']).count();
    (decoded != filter && quotes(&decoded) == quotes(filter)).then(|| decoded.into_owned())
}
