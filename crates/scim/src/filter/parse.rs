//! The grammar of RFC 7644 §3.4.2.2, by recursive descent: `or` of `and` of terms; depth and terms are counted.
//!
//! Must not know: what attributes exist (it asks `typing`) and what a filter means (`eval`). Also reads the selector of
//! a PATCH path (`emails[type eq "work"].value`), which is the same grammar without the comparison at the end.

use super::lexer::{Lexer, Token};
use super::typing::{RawLiteral, Scope, fault};
use super::{CompareOp, Filter, Literal, MAX_DEPTH, MAX_LENGTH, MAX_TERMS};
use crate::error::Error;
use crate::path::AttrPath;
use crate::schema::{Attribute, ResourceType};

/// Reads a whole filter.
pub(super) fn filter(text: &str, resource_type: &ResourceType) -> Result<Filter, Error> {
    check_length(text)?;
    let mut parser = Parser {
        lexer: Lexer::new(text, 0),
        depth: 0,
        terms: 0,
    };
    let filter = parser.or(Scope::Resource(resource_type))?;
    match parser.lexer.peek()? {
        Token::End => Ok(filter),
        other => Err(fault(
            parser.lexer.position(),
            format!(
                "{} cannot follow a complete comparison; join comparisons with and / or, and put values that hold blanks \
                 in double quotes",
                other.name()
            ),
        )),
    }
}

/// The brackets of a PATCH path: `[filter]`, then `.sub` where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selector {
    /// Which elements; its paths are sub-attributes.
    pub(crate) filter: Filter,
    /// The sub-attribute meant, as written.
    pub(crate) sub: Option<String>,
}

/// Reads the selector that starts at byte `open` (the bracket) of a PATCH path and ends it. Without `attribute` only
/// the grammar is checked: the directory does not know what is selected.
pub(crate) fn selector(text: &str, open: usize, attribute: Option<&Attribute>) -> Result<Selector, Error> {
    check_length(text)?;
    let scope = attribute.map_or(Scope::Syntax, Scope::Element);
    let mut parser = Parser {
        lexer: Lexer::new(text, open),
        depth: 0,
        terms: 0,
    };
    parser.expect(&Token::OpenBracket)?;
    let filter = parser.or(scope)?;
    parser.expect(&Token::CloseBracket)?;
    let sub = parser.sub_name()?.map(|(_, name)| name);
    match parser.lexer.peek()? {
        Token::End => Ok(Selector { filter, sub }),
        other => Err(fault(
            parser.lexer.position(),
            format!("{} cannot follow a complete path", other.name()),
        )),
    }
}

fn check_length(text: &str) -> Result<(), Error> {
    if text.len() > MAX_LENGTH {
        return Err(fault(
            MAX_LENGTH,
            format!(
                "it is {} bytes long and at most {MAX_LENGTH} are read; ask for less in one query",
                text.len()
            ),
        ));
    }
    Ok(())
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
    terms: usize,
}

impl Parser<'_> {
    fn or(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let first = self.and(scope)?;
        if !self.lexer.peek()?.is_word("or") {
            return Ok(first);
        }
        let mut members = vec![first];
        while self.lexer.peek()?.is_word("or") {
            self.lexer.take()?;
            members.push(self.and(scope)?);
        }
        Ok(Filter::Or(members))
    }

    fn and(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let first = self.term(scope)?;
        if !self.lexer.peek()?.is_word("and") {
            return Ok(first);
        }
        let mut members = vec![first];
        while self.lexer.peek()?.is_word("and") {
            self.lexer.take()?;
            members.push(self.term(scope)?);
        }
        Ok(Filter::And(members))
    }

    fn term(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let at = self.lexer.position();
        match self.lexer.take()? {
            Token::OpenParen => self.group(at, scope),
            Token::Word(word) if word.eq_ignore_ascii_case("not") => {
                let at = self.lexer.position();
                match self.lexer.take()? {
                    Token::OpenParen => Ok(Filter::Not(Box::new(self.group(at, scope)?))),
                    other => Err(fault(
                        at,
                        format!("not is followed by \"(\", not by {}", other.name()),
                    )),
                }
            }
            Token::Word(word) => self.comparison(at, word, scope),
            other => Err(fault(
                at,
                format!(
                    "an attribute name, not or \"(\" is expected here, not {}",
                    other.name()
                ),
            )),
        }
    }

    /// The rest of `( filter )`, its parenthesis at `at` being taken.
    fn group(&mut self, at: usize, scope: Scope<'_>) -> Result<Filter, Error> {
        self.enter(at)?;
        let inner = self.or(scope)?;
        self.expect(&Token::CloseParen)?;
        self.depth -= 1;
        Ok(inner)
    }

    fn comparison(&mut self, at: usize, word: &str, scope: Scope<'_>) -> Result<Filter, Error> {
        self.count(at)?;
        let named = scope.attribute(at, word)?;
        if self.lexer.touches('[') {
            let element = named.element_scope(at)?;
            return self.value_path(at, named.path, element);
        }
        let Some(op) = self.operator()? else {
            return Ok(Filter::Present(named.path));
        };
        let (path, leaf) = named.comparable(at)?;
        let value = self.literal(op, leaf)?;
        Ok(Filter::Compare { path, op, value })
    }

    /// `[filter]` after the attribute `path`, and Entra's `.sub op value` after that.
    fn value_path(&mut self, at: usize, path: AttrPath, element: Scope<'_>) -> Result<Filter, Error> {
        self.expect(&Token::OpenBracket)?;
        self.enter(at)?;
        let inner = self.or(element)?;
        self.expect(&Token::CloseBracket)?;
        self.depth -= 1;
        let Some((sub_at, sub)) = self.sub_name()? else {
            return Ok(Filter::ValuePath {
                path,
                filter: Box::new(inner),
                then: None,
            });
        };
        self.count(sub_at)?;
        let named = element.attribute(sub_at, &sub)?;
        let Some(op) = self.operator()? else {
            let filter = Box::new(Filter::And(vec![inner, Filter::Present(named.path)]));
            return Ok(Filter::ValuePath {
                path,
                filter,
                then: None,
            });
        };
        let (sub, leaf) = named.comparable(sub_at)?;
        let value = self.literal(op, leaf)?;
        Ok(Filter::ValuePath {
            path,
            filter: Box::new(inner),
            then: Some((sub.name, op, value)),
        })
    }

    /// `.sub` directly after a closing bracket, with its position.
    fn sub_name(&mut self) -> Result<Option<(usize, String)>, Error> {
        if !self.lexer.touches('.') {
            return Ok(None);
        }
        let at = self.lexer.position() + 1;
        match self.lexer.take()? {
            Token::Word(word) if crate::name::is_valid(&word[1..]) => Ok(Some((at, word[1..].to_owned()))),
            _ => Err(fault(
                at,
                "the name of a sub-attribute is expected after \"].\", such as ].value",
            )),
        }
    }

    /// The operator; `None` is `pr`.
    fn operator(&mut self) -> Result<Option<CompareOp>, Error> {
        let at = self.lexer.position();
        match self.lexer.take()? {
            Token::Word(word) if word.eq_ignore_ascii_case("pr") => Ok(None),
            Token::Word(word) if CompareOp::from_word(word).is_some() => Ok(CompareOp::from_word(word)),
            Token::Word(word) if word.len() <= 16 && word.bytes().all(|b| b.is_ascii_alphabetic()) => {
                Err(fault(
                    at,
                    format!(
                        "\"{word}\" is not an operator; use one of eq, ne, co, sw, ew, gt, ge, lt, le, pr"
                    ),
                ))
            }
            other => Err(fault(
                at,
                format!(
                    "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) is expected here, not {}",
                    other.name()
                ),
            )),
        }
    }

    fn literal(&mut self, op: CompareOp, leaf: Option<&Attribute>) -> Result<Literal, Error> {
        let at = self.lexer.position();
        let raw = match self.lexer.take()? {
            Token::Quoted(text) => RawLiteral::Quoted(text),
            Token::Word(word) => RawLiteral::Bare(word.to_owned()),
            other => {
                return Err(fault(
                    at,
                    format!(
                        "a value is expected after {op}, such as \"text\", not {}",
                        other.name()
                    ),
                ));
            }
        };
        raw.typed(at, op, leaf)
    }

    fn expect(&mut self, wanted: &Token<'_>) -> Result<(), Error> {
        let at = self.lexer.position();
        let found = self.lexer.take()?;
        if found == *wanted {
            return Ok(());
        }
        Err(fault(
            at,
            format!("{} is expected here, not {}", wanted.name(), found.name()),
        ))
    }

    fn enter(&mut self, at: usize) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(fault(
                at,
                format!("brackets and parentheses nest at most {MAX_DEPTH} deep; ask a simpler question"),
            ));
        }
        Ok(())
    }

    fn count(&mut self, at: usize) -> Result<(), Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(fault(
                at,
                format!("a filter has at most {MAX_TERMS} comparisons; split it into several queries"),
            ));
        }
        Ok(())
    }
}
