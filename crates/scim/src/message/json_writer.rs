//! A JSON writer that sets commas and gives out its text in parts.
//!
//! Must not know: what is written. The caller begins and ends objects and arrays in pairs and writes a key before each
//! value of an object; the text so far can be taken at any time.

use serde::Serialize;

/// A buffer of JSON text.
#[derive(Debug, Default)]
pub struct JsonWriter {
    bytes: Vec<u8>,
    /// Whether the next value needs a comma before it.
    comma: bool,
}

impl JsonWriter {
    /// An empty buffer of this capacity in bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            comma: false,
        }
    }

    /// `{`
    pub fn begin_object(&mut self) {
        self.begin(b'{');
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.end(b'}');
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.begin(b'[');
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.end(b']');
    }

    /// The name of a member of an object; its value comes next.
    pub fn key(&mut self, name: &str) {
        self.value(name);
        self.bytes.push(b':');
        self.comma = false;
    }

    /// A value; its own keys are texts.
    pub fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        self.separate();
        let written = serde_json::to_writer(&mut self.bytes, value);
        debug_assert!(written.is_ok(), "memory takes every byte, and all keys are texts");
        self.comma = true;
    }

    /// A member of an object.
    pub fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.key(name);
        self.value(value);
    }

    /// Members of an object as JSON text, without the braces.
    pub(super) fn members(&mut self, text: &str) {
        if !text.is_empty() {
            self.separate();
            self.bytes.extend_from_slice(text.as_bytes());
            self.comma = true;
        }
    }

    /// The length of the text in the buffer, in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes the text out of the buffer; the next text continues it.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.bytes.push(bracket);
        self.comma = false;
    }

    fn end(&mut self, bracket: u8) {
        self.bytes.push(bracket);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.bytes.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commas_stand_between_what_follows_and_nowhere_else() {
        let mut out = JsonWriter::default();
        out.begin_object();
        out.members("");
        out.key("a\"");
        out.begin_array();
        out.end_array();
        out.members(r#""b":1,"c":{}"#);
        out.key("d");
        out.begin_array();
        out.value("x\n");
        out.value(&json!({"y": null}));
        let first = out.take();
        assert!(out.is_empty());
        out.value(&7);
        out.begin_object();
        out.end_object();
        out.end_array();
        out.key("e");
        out.value(&json!(true));
        out.end_object();
        let text = [first, out.take()].concat();
        assert_eq!(
            String::from_utf8(text).expect("text"),
            r#"{"a\"":[],"b":1,"c":{},"d":["x\n",{"y":null},7,{}],"e":true}"#
        );
    }
}
