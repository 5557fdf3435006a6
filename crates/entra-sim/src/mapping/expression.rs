//! The part of Entra's mapping expression language that the shipped and usual mappings need: a direct
//! attribute, a constant, `Switch`, `Not`, `Join`, `Coalesce`, `ToLower`, `ToUpper`. Every result is text or
//! no value, as in Entra.

use crate::directory::SourceObject;

/// A parsed source expression of a mapping line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A directory attribute, `surname` or `[surname]`.
    Attribute(String),
    /// A constant, `"text"`; an argument left out is the empty constant.
    Constant(String),
    /// A call of a supported function, with its arguments.
    Call(Function, Vec<Self>),
}

/// The functions of Entra that are supported, by their names there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `Switch(source, default, key1, value1, …)`: keys compare case-sensitively.
    Switch,
    /// `Not([flag])`: `"True"` or `"False"`.
    Not,
    /// `Join(separator, part, …)`: not null-safe, as in Entra.
    Join,
    /// `Coalesce(part, …)`: the first part that has a value.
    Coalesce,
    /// `ToLower(text)`, by Unicode.
    ToLower,
    /// `ToUpper(text)`, by Unicode.
    ToUpper,
}

const FUNCTIONS: [(&str, Function); 6] = [
    ("Switch", Function::Switch),
    ("Not", Function::Not),
    ("Join", Function::Join),
    ("Coalesce", Function::Coalesce),
    ("ToLower", Function::ToLower),
    ("ToUpper", Function::ToUpper),
];

/// The deepest nesting of calls.
const MAX_DEPTH: usize = 16;

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// A sentence that names the part that was not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text.trim() };
        let expression = parser.expression(0)?;
        if parser.rest.is_empty() {
            Ok(expression)
        } else {
            Err(format!("cannot read {:?}", parser.rest))
        }
    }

    /// The value for an object; `None` if it has none (nothing is sent then).
    #[must_use]
    pub fn evaluate(&self, object: &SourceObject) -> Option<String> {
        match self {
            Self::Attribute(name) => object.attribute(name),
            Self::Constant(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Self::Call(function, arguments) => function.apply(arguments, object),
        }
    }
}

impl Function {
    fn apply(self, arguments: &[Expression], object: &SourceObject) -> Option<String> {
        let value = |index: usize| {
            arguments
                .get(index)
                .and_then(|argument| argument.evaluate(object))
        };
        match self {
            Self::Switch => {
                let source = value(0).unwrap_or_default();
                let pairs = arguments.get(2..).unwrap_or_default().as_chunks().0;
                let hit = pairs
                    .iter()
                    .find(|[key, _]| key.evaluate(object).unwrap_or_default() == source);
                hit.map_or_else(|| value(1), |[_, value]| value.evaluate(object))
            }
            Self::Not => value(0).map(|flag| {
                if flag == "True" {
                    "False".to_owned()
                } else {
                    "True".to_owned()
                }
            }),
            Self::Join => {
                let separator = value(0).unwrap_or_default();
                let parts: Vec<String> = (1..arguments.len())
                    .map(|index| value(index).unwrap_or_default())
                    .collect();
                Some(parts.join(&separator)).filter(|text| !text.is_empty())
            }
            Self::Coalesce => (0..arguments.len()).find_map(value),
            Self::ToLower => value(0).map(|text| text.to_lowercase()),
            Self::ToUpper => value(0).map(|text| text.to_uppercase()),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn expression(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(format!("calls nest deeper than {MAX_DEPTH}"));
        }
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            return self.until('"').map(Expression::Constant);
        }
        if self.rest.starts_with('[') {
            return self.until(']').map(Expression::Attribute);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if self.rest.starts_with('(') {
            let known = FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            let (_, function) = known.ok_or_else(|| {
                let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
                format!("unknown function {word:?}; known are {}", names.join(", "))
            })?;
            return Ok(Expression::Call(*function, self.arguments(depth)?));
        }
        if word.is_empty() && depth == 0 {
            return Err("an attribute name, a \"constant\" or a function call was expected".to_owned());
        }
        Ok(if word.is_empty() {
            Expression::Constant(String::new())
        } else {
            Expression::Attribute(word.to_owned())
        })
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        loop {
            self.rest = &self.rest[1..];
            arguments.push(self.expression(depth + 1)?);
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                Some(',') => {}
                Some(')') => {
                    self.rest = self.rest[1..].trim_start();
                    return Ok(arguments);
                }
                Some(other) => return Err(format!("expected `,` or `)`, found {other:?}")),
                None => return Err("a `)` is missing".to_owned()),
            }
        }
    }

    /// The text between the opening character under the cursor and `close`.
    fn until(&mut self, close: char) -> Result<String, String> {
        let inner = &self.rest[1..];
        let end = inner
            .find(close)
            .ok_or_else(|| format!("a closing {close:?} is missing"))?;
        self.rest = inner[end + 1..].trim_start();
        Ok(inner[..end].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::generate;

    fn evaluate(text: &str) -> Option<String> {
        let mut object = generate::directory(1, 0, "contoso.example", 1).users.remove(0);
        object.attributes.insert("givenName".to_owned(), "Bob".into());
        object
            .attributes
            .insert("surname".to_owned(), serde_json::Value::Null);
        Expression::parse(text).unwrap().evaluate(&object)
    }

    #[test]
    fn expressions_give_what_entra_gives() {
        let table = [
            ("givenName", Some("Bob")),
            ("[givenName]", Some("Bob")),
            ("surname", None),
            ("\"constant\"", Some("constant")),
            (
                "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
                Some("True"),
            ),
            (
                "switch([givenName], \"other\", \"bob\", \"found\")",
                Some("other"),
            ),
            ("Switch([givenName], , \"bob\", \"found\")", None),
            ("Not([IsSoftDeleted])", Some("True")),
            ("Join(\" \", [givenName], [surname])", Some("Bob ")),
            ("Coalesce([surname], [givenName])", Some("Bob")),
            ("ToUpper(Coalesce([surname], ToLower([givenName])))", Some("BOB")),
        ];
        for (text, expected) in table {
            assert_eq!(evaluate(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, word) in [
            ("Guess([a])", "\"Guess\""),
            ("Switch([a]", "`)`"),
            ("\"open", "closing"),
            ("", "expected"),
            ("a b", "cannot read"),
        ] {
            assert!(Expression::parse(text).unwrap_err().contains(word), "{text}");
        }
        assert!(
            Expression::parse(&"Not(".repeat(100_000))
                .unwrap_err()
                .contains("deeper")
        );
    }
}
