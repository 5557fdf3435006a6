//! The parser of filters (RFC 7644 §3.4.2.2), from left to right: `or` of `and` of terms, a frame for every open bracket;
//! depth and terms are counted.
//!
//! Must not know: which attributes exist (`typing`), what a filter means (`eval`). Also parses the selector of a PATCH path
//! (`emails[type eq "work"].value`), which has the same grammar without the comparison at the end.

use super::lexer::{Lexer, Token};
use super::typing::{RawLiteral, Scope, fault};
use super::{CompareOp, Filter, Literal, MAX_DEPTH, MAX_LENGTH, MAX_TERMS};
use crate::error::Error;
use crate::path::AttrPath;
use crate::schema::{Attribute, ResourceType};

/// Parses a whole filter on `resource_type`; attributes that only `others` have are undefined in it.
pub(super) fn filter(
    text: &str,
    resource_type: &ResourceType,
    others: &[&ResourceType],
) -> Result<Filter, Error> {
    check_length(text)?;
    let mut parser = Parser::new(text, 0);
    let filter = parser.read(Scope::Resource(resource_type, others))?;
    match parser.lexer.peek()? {
        Token::End => Ok(filter),
        other => Err(fault!(
            parser.lexer.position(),
            "{other} cannot follow a complete comparison; join comparisons with and / or, and put values that hold blanks in \
             double quotes"
        )),
    }
}

/// The brackets of a PATCH path: `[filter]`, then `.sub` where there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ElementSelector {
    /// Which elements; its paths are sub-attributes.
    pub(crate) filter: Filter,
    /// The sub-attribute meant, as written.
    pub(crate) sub: Option<String>,
}

/// Parses the selector that starts at byte `open` (the bracket) of a PATCH path and ends it. Without `attribute`, which the
/// directory does not have then, only the grammar is checked.
pub(crate) fn selector(
    text: &str,
    open: usize,
    attribute: Option<&Attribute>,
) -> Result<ElementSelector, Error> {
    check_length(text)?;
    let scope = attribute.map_or(Scope::Syntax, Scope::Element);
    let mut parser = Parser::new(text, open);
    parser.expect(&Token::OpenBracket)?;
    let filter = parser.read(scope)?;
    parser.expect(&Token::CloseBracket)?;
    let sub = parser.sub_name()?.map(|(_, name)| name);
    match parser.lexer.peek()? {
        Token::End => Ok(ElementSelector { filter, sub }),
        other => Err(fault!(
            parser.lexer.position(),
            "{other} cannot follow a complete path"
        )),
    }
}

fn check_length(text: &str) -> Result<(), Error> {
    if text.len() > MAX_LENGTH {
        return Err(fault!(
            MAX_LENGTH,
            "it is {} bytes long and at most {MAX_LENGTH} are read; ask for less in one query",
            text.len()
        ));
    }
    Ok(())
}

/// The kind of bracket that a frame ends with.
enum FrameKind {
    /// Nothing is open; there is no closing bracket.
    Whole,
    /// `( … )`
    Group,
    /// `not ( … )`
    Not,
    /// `path[ … ]`
    Elements(AttrPath),
}

/// One open bracket: the finished alternatives, and the members of the `and` being read.
struct Frame<'a> {
    kind: FrameKind,
    scope: Scope<'a>,
    alternatives: Vec<Filter>,
    members: Vec<Filter>,
}

impl<'a> Frame<'a> {
    const fn new(kind: FrameKind, scope: Scope<'a>) -> Self {
        Self {
            kind,
            scope,
            alternatives: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Ends the `and` being read.
    fn alternative(&mut self) {
        let members = std::mem::take(&mut self.members);
        self.alternatives.extend(joined(members, Filter::And));
    }

    /// The filter of this frame.
    fn filter(&mut self) -> Option<Filter> {
        self.alternative();
        joined(std::mem::take(&mut self.alternatives), Filter::Or)
    }
}

/// `And` or `Or` of several parts, or the only part.
fn joined(mut members: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Option<Filter> {
    if members.len() > 1 {
        Some(many(members))
    } else {
        members.pop()
    }
}

/// Open brackets are a list on the heap, not calls on the stack, so nesting cannot overflow the stack.
struct Parser<'a> {
    lexer: Lexer<'a>,
    frames: Vec<Frame<'a>>,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, position: usize) -> Self {
        Self {
            lexer: Lexer::new(text, position),
            frames: Vec::new(),
            terms: 0,
        }
    }

    /// Parses the longest text that is a filter.
    fn read(&mut self, scope: Scope<'a>) -> Result<Filter, Error> {
        let mut frame = Frame::new(FrameKind::Whole, scope);
        loop {
            let Some(term) = self.term(&mut frame)? else {
                continue;
            };
            frame.members.push(term);
            loop {
                if self.lexer.peek()?.is_word("and") {
                    self.lexer.take()?;
                    break;
                }
                if self.lexer.peek()?.is_word("or") {
                    self.lexer.take()?;
                    frame.alternative();
                    break;
                }
                let Some(inner) = frame.filter() else {
                    return Err(fault!(self.lexer.position(), "a comparison is missing here"));
                };
                let Some(outer) = self.frames.pop() else {
                    return Ok(inner);
                };
                let closed = std::mem::replace(&mut frame, outer);
                let term = self.close(closed, inner)?;
                frame.members.push(term);
            }
        }
    }

    /// One term; `None` when it opened a bracket, with a new `frame`.
    fn term(&mut self, frame: &mut Frame<'a>) -> Result<Option<Filter>, Error> {
        let at = self.lexer.position();
        match self.lexer.take()? {
            Token::OpenParen => self.open(at, frame, FrameKind::Group, frame.scope).map(|()| None),
            Token::Word(word) if word.eq_ignore_ascii_case("not") => {
                let at = self.lexer.position();
                match self.lexer.take()? {
                    Token::OpenParen => self.open(at, frame, FrameKind::Not, frame.scope).map(|()| None),
                    other => Err(fault!(at, "not is followed by \"(\", not by {other}")),
                }
            }
            Token::Word(word) => self.comparison(at, word, frame),
            other => Err(fault!(
                at,
                "an attribute name, not or \"(\" is expected here, not {other}"
            )),
        }
    }

    /// Saves the open frame and begins a new one.
    fn open(
        &mut self,
        at: usize,
        frame: &mut Frame<'a>,
        kind: FrameKind,
        scope: Scope<'a>,
    ) -> Result<(), Error> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(fault!(
                at,
                "brackets and parentheses nest at most {MAX_DEPTH} deep; ask a simpler question"
            ));
        }
        self.frames
            .push(std::mem::replace(frame, Frame::new(kind, scope)));
        Ok(())
    }

    /// The closing bracket of a frame and what follows it, as one term.
    fn close(&mut self, frame: Frame<'a>, inner: Filter) -> Result<Filter, Error> {
        match frame.kind {
            FrameKind::Whole => Ok(inner),
            FrameKind::Group => self.expect(&Token::CloseParen).map(|()| inner),
            FrameKind::Not => self
                .expect(&Token::CloseParen)
                .map(|()| Filter::Not(Box::new(inner))),
            FrameKind::Elements(path) => {
                self.expect(&Token::CloseBracket)?;
                self.then(path, frame.scope, inner)
            }
        }
    }

    fn comparison(&mut self, at: usize, word: &str, frame: &mut Frame<'a>) -> Result<Option<Filter>, Error> {
        self.count(at)?;
        let named = frame.scope.attribute(at, word)?;
        if self.lexer.touches('[') {
            let element = named.element_scope(at)?;
            let bracket = self.lexer.position();
            self.expect(&Token::OpenBracket)?;
            return self
                .open(bracket, frame, FrameKind::Elements(named.path), element)
                .map(|()| None);
        }
        let Some(op) = self.operator()? else {
            return Ok(Some(Filter::Present(named.path)));
        };
        let (path, leaf) = named.comparable(at)?;
        let value = self.literal(op, leaf)?;
        Ok(Some(Filter::Compare { path, op, value }))
    }

    /// Entra's `.sub op value` after `path[filter]`.
    fn then(&mut self, path: AttrPath, element: Scope<'a>, inner: Filter) -> Result<Filter, Error> {
        let (mut filter, mut then) = (inner, None);
        if let Some((at, sub)) = self.sub_name()? {
            self.count(at)?;
            let named = element.attribute(at, &sub)?;
            if let Some(op) = self.operator()? {
                let (sub, leaf) = named.comparable(at)?;
                then = Some((sub.name, op, self.literal(op, leaf)?));
            } else {
                filter = Filter::And(vec![filter, Filter::Present(named.path)]);
            }
        }
        let filter = Box::new(filter);
        Ok(Filter::ValuePath { path, filter, then })
    }

    /// `.sub` directly after a closing bracket, with its position.
    fn sub_name(&mut self) -> Result<Option<(usize, String)>, Error> {
        if !self.lexer.touches('.') {
            return Ok(None);
        }
        let at = self.lexer.position() + 1;
        match self.lexer.take()? {
            Token::Word(word) => word.strip_prefix('.').filter(|name| crate::name::is_valid(name)),
            _ => None,
        }
        .map(|name| Some((at, name.to_owned())))
        .ok_or_else(|| {
            fault!(
                at,
                "the name of a sub-attribute is expected after \"].\", such as ].value"
            )
        })
    }

    /// The operator; `None` is `pr`.
    fn operator(&mut self) -> Result<Option<CompareOp>, Error> {
        let at = self.lexer.position();
        match self.lexer.take()? {
            Token::Word(word) if word.eq_ignore_ascii_case("pr") => Ok(None),
            Token::Word(word) if word.len() <= 16 && word.bytes().all(|b| b.is_ascii_alphabetic()) => {
                word.parse().map(Some).map_err(|_| {
                    fault!(
                        at,
                        "\"{word}\" is not an operator; use one of eq, ne, co, sw, ew, gt, ge, lt, le, pr"
                    )
                })
            }
            other => Err(fault!(
                at,
                "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) is expected here, not {other}"
            )),
        }
    }

    fn literal(&mut self, op: CompareOp, leaf: Option<&Attribute>) -> Result<Literal, Error> {
        let at = self.lexer.position();
        let raw = match self.lexer.take()? {
            Token::Quoted(text) if text.contains(char::is_control) => return Err(control(at, leaf)),
            Token::Quoted(text) => RawLiteral::Quoted(text),
            Token::Word(word) => RawLiteral::Bare(word.to_owned()),
            other => {
                return Err(fault!(
                    at,
                    "a value is expected after {op}, such as \"text\", not {other}"
                ));
            }
        };
        raw.typed(at, op, leaf)
    }

    fn expect(&mut self, wanted: &Token<'_>) -> Result<(), Error> {
        let at = self.lexer.position();
        let found = self.lexer.take()?;
        if found != *wanted {
            return Err(fault!(at, "{wanted} is expected here, not {found}"));
        }
        Ok(())
    }

    fn count(&mut self, at: usize) -> Result<(), Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(fault!(
                at,
                "a filter has at most {MAX_TERMS} comparisons; split it into several queries"
            ));
        }
        Ok(())
    }
}

/// Part of the error of a value with a control character; `patch` recognises the error by it.
pub(crate) const CONTROL: &str = "decodes to a control character";

/// `"CORP\bob"` is a JSON string with a backspace, which is never intended.
fn control(at: usize, leaf: Option<&Attribute>) -> Error {
    let name = leaf.map_or("the attribute", |leaf| leaf.name.as_str());
    let error = fault!(
        at,
        "the value that {name} is compared with {CONTROL}, because \\b, \\f, \\n, \\r, \\t and \\u begin escapes; write a \
         backslash as \\\\, as in \"CORP\\\\bob\""
    );
    match leaf {
        Some(leaf) => error.on(leaf.name.clone()),
        None => error,
    }
}
