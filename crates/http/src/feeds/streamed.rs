//! An answer with an array of many texts, written piece by piece: an answer takes no more memory than what it is made of.

use std::convert::Infallible;

use actix_web::body::{BodyStream, BoxBody, MessageBody as _};
use actix_web::web::Bytes;
use events::ReadPermit;
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

/// The body of an answer. It holds the read's permit until the client has taken it, or is gone: as long, its texts are in memory.
pub(super) fn streamed(
    array: JsonArray<impl Iterator<Item = String> + 'static>,
    permit: ReadPermit,
) -> BoxBody {
    let pieces = array.pieces().map(move |piece| {
        // The closure owns the permit.
        let _: &ReadPermit = &permit;
        Ok::<_, Infallible>(Bytes::from(piece))
    });
    BodyStream::new(stream::iter(pieces)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use domain::id::AppId;
    use events::{FeedError, ReadLimits};
    use std::future::poll_fn;
    use std::pin::Pin;

    #[actix_web::test]
    async fn a_read_counts_until_its_client_has_taken_the_answer_or_is_gone() {
        let limits = ReadLimits::new(1, 1);
        let app: AppId = "app_00000000000000000000000000000001".parse().expect("an id");
        let begin = || {
            let permit = limits.permit(app).expect("no other read is under way");
            let array = JsonArray {
                opening: "[",
                items: (0..3).map(|_| "1".repeat(PIECE)),
                closing: "]".to_owned(),
            };
            streamed(array, permit)
        };
        let is_full = || matches!(limits.permit(app), Err(FeedError::TooManyReads { .. }));
        let gone = begin();
        assert!(is_full());
        drop(gone);
        assert!(!is_full(), "the client is gone");
        let mut slow = begin();
        for piece in 0..3 {
            let taken = poll_fn(|context| Pin::new(&mut slow).poll_next(context)).await;
            assert!(taken.is_some_and(|taken| taken.is_ok()), "{piece}");
            assert!(is_full(), "after piece {piece}");
        }
        actix_web::body::to_bytes(slow).await.expect("the rest");
        assert!(!is_full(), "the client has everything");
    }

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
