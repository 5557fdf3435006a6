//! An answer with an array of many texts, written piece by piece: an answer takes no more memory than what it is made of.

use std::convert::Infallible;

use actix_web::body::{BodyStream, BoxBody, MessageBody as _};
use actix_web::web::Bytes;
use futures_util::stream;

/// The size of a piece, about.
const PIECE: usize = 64 * 1024;

/// A JSON text around an array: what stands before its first item, the items as JSON, what stands after the last one.
pub(super) struct JsonArray<I> {
    pub(super) opening: &'static str,
    pub(super) items: I,
    pub(super) closing: String,
}

impl<I: Iterator<Item = String>> JsonArray<I> {
    /// The text in pieces; a long item is a piece of its own.
    fn pieces(self) -> impl Iterator<Item = String> {
        let (mut items, mut closing) = (self.items.enumerate(), Some(self.closing));
        let mut piece = self.opening.to_owned();
        std::iter::from_fn(move || {
            closing.as_ref()?;
            while piece.len() < PIECE {
                let Some((index, item)) = items.next() else {
                    piece.push_str(&closing.take()?);
                    break;
                };
                if index > 0 {
                    piece.push(',');
                }
                piece.push_str(&item);
            }
            Some(std::mem::take(&mut piece))
        })
    }

    #[cfg(test)]
    pub(super) fn whole(self) -> String {
        self.pieces().collect()
    }
}

/// The body of an answer.
pub(super) fn streamed(array: JsonArray<impl Iterator<Item = String> + 'static>) -> BoxBody {
    let pieces = array
        .pieces()
        .map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    BodyStream::new(stream::iter(pieces)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_whole_text_and_none_is_much_longer_than_64_kib() {
        for (count, length) in [(0, 1), (1, 1), (3, 70_000), (1_000, 300)] {
            let items: Vec<String> = (0..count).map(|_| "1".repeat(length)).collect();
            let whole = format!("{{\"events\":[{}],\"next\":7}}", items.join(","));
            let array = JsonArray {
                opening: "{\"events\":[",
                items: items.into_iter(),
                closing: "],\"next\":7}".to_owned(),
            };
            let pieces: Vec<String> = array.pieces().collect();
            assert!(
                pieces.iter().all(|piece| piece.len() < PIECE + length + 100),
                "{count}"
            );
            assert_eq!(pieces.concat(), whole);
        }
    }
}
