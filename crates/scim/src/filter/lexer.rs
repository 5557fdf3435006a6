//! The tokens of a filter, each with the byte it starts at, read one at a time.
//!
//! Must not know: the grammar, schemas. Read `parse` next.

use super::typing::fault;
use crate::error::Error;
use crate::exact::text_length;
use crate::quirk::entra;

/// One token. Words are attribute names, operators, keywords and unquoted literals: the grammar decides which.
///
/// `Display` gives the name for an error message; never the text of a literal.
#[derive(Debug, Clone, PartialEq, strum::Display)]
pub(super) enum Token<'a> {
    #[strum(to_string = "\"(\"")]
    OpenParen,
    #[strum(to_string = "\")\"")]
    CloseParen,
    #[strum(to_string = "\"[\"")]
    OpenBracket,
    #[strum(to_string = "\"]\"")]
    CloseBracket,
    #[strum(to_string = "a quoted text")]
    Quoted(String),
    #[strum(to_string = "a word")]
    Word(&'a str),
    #[strum(to_string = "the end")]
    End,
}

impl Token<'_> {
    /// Whether this is a keyword, in any case.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Reads tokens from `text` one after another.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, position: usize) -> Self {
        Self { text, position }
    }

    /// What is not read yet.
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// The byte the next token starts at.
    pub(super) fn position(&mut self) -> usize {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
        self.position
    }

    /// Whether `expected` follows the last token without a blank.
    pub(super) fn touches(&self, expected: char) -> bool {
        self.rest().starts_with(expected)
    }

    /// The next token without taking it.
    pub(super) fn peek(&self) -> Result<Token<'a>, Error> {
        self.clone().take()
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token<'a>, Error> {
        let start = self.position();
        let rest = self.rest();
        let (token, length) = match rest.chars().next() {
            None => (Token::End, 0),
            Some('(') => (Token::OpenParen, 1),
            Some(')') => (Token::CloseParen, 1),
            Some('[') => (Token::OpenBracket, 1),
            Some(']') => (Token::CloseBracket, 1),
            Some('"') => quoted(rest, start)?,
            Some(_) => {
                let ends = |c: char| c.is_whitespace() || "\"()[]".contains(c);
                let word = rest.split(ends).next().unwrap_or_default();
                if !entra::is_bare_literal(word) {
                    return Err(fault!(
                        start,
                        "a single quote or a control character cannot stand here; put the value in double quotes"
                    ));
                }
                (Token::Word(word), word.len())
            }
        };
        self.position += length;
        Ok(token)
    }
}

/// The JSON string that begins a text (RFC 7644 §3.4.2.2 takes its literals from RFC 7159), and its length in bytes;
/// `position` is for errors.
fn quoted(text: &str, position: usize) -> Result<(Token<'static>, usize), Error> {
    let length = text_length(text.as_bytes()).ok_or_else(|| {
        fault!(
            position,
            "this double quote is never closed; end the value with another double quote"
        )
    })?;
    let literal = text.get(..length).map(serde_json::from_str);
    match literal {
        Some(Ok(text)) => Ok((Token::Quoted(text), length)),
        _ => Err(fault!(
            position,
            "this text is not a JSON string; write a backslash as \\\\ and a double quote as \\\""
        )),
    }
}
