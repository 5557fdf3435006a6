//! The tokens of a filter, each with the byte it starts at. Keeps no list of them: one is looked at, one is taken.
//!
//! Must not know: the grammar, schemas. Read `parse` next.

use super::typing::fault;
use crate::error::Error;
use crate::quirk::entra;

/// One token. Words are attribute names, operators, keywords and unquoted literals: only the grammar tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Quoted(String),
    Word(&'a str),
    End,
}

impl Token<'_> {
    /// True for this keyword in any case.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// What the reader of an error message sees; never the text of a literal.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Token::OpenParen => "\"(\"",
            Token::CloseParen => "\")\"",
            Token::OpenBracket => "\"[\"",
            Token::CloseBracket => "\"]\"",
            Token::Quoted(_) => "a quoted text",
            Token::Word(_) => "a word",
            Token::End => "the end",
        }
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

    /// The byte the next token starts at.
    pub(super) fn position(&mut self) -> usize {
        let rest = &self.text[self.position..];
        self.position += rest.len() - rest.trim_start().len();
        self.position
    }

    /// True when nothing but the next character separates the last token from what follows, and it is `expected`.
    pub(super) fn touches(&self, expected: char) -> bool {
        self.text[self.position..].starts_with(expected)
    }

    /// The next token without taking it.
    pub(super) fn peek(&self) -> Result<Token<'a>, Error> {
        self.clone().take()
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Result<Token<'a>, Error> {
        let start = self.position();
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        let single = match first {
            '(' => Some(Token::OpenParen),
            ')' => Some(Token::CloseParen),
            '[' => Some(Token::OpenBracket),
            ']' => Some(Token::CloseBracket),
            _ => None,
        };
        if let Some(token) = single {
            self.position = start + 1;
            return Ok(token);
        }
        if first == '"' {
            return self.quoted(start);
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || "\"()[]".contains(c))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        if !entra::is_bare_literal(word) {
            return Err(fault(
                start,
                "a single quote or a control character cannot stand here; put the value in double quotes",
            ));
        }
        self.position = start + end;
        Ok(Token::Word(word))
    }

    /// A JSON string (RFC 7644 §3.4.2.2 takes its literals from RFC 7159).
    fn quoted(&mut self, start: usize) -> Result<Token<'a>, Error> {
        let mut escaped = false;
        let rest = &self.text[start..];
        for (offset, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let end = offset + 1;
                    let text = serde_json::from_str(&rest[..end]).map_err(|_| {
                        fault(start, "this text is not a JSON string; write a backslash as \\\\ and a double quote as \\\"")
                    })?;
                    self.position = start + end;
                    return Ok(Token::Quoted(text));
                }
                _ => {}
            }
        }
        Err(fault(
            start,
            "this double quote is never closed; end the value with another double quote",
        ))
    }
}
