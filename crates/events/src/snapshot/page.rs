//! The bounds of a page of a snapshot: entries, bytes, and rows that were read for it.

/// The most entries of a page.
pub(super) const MAX_ENTRIES: usize = 500;
/// The bytes of entries at which a page ends.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The rows that are read at a time.
const BATCH: usize = 100;
/// The rows that a page looks at: the app may not see most of them.
const ROWS: usize = 5_000;

/// The entries so far, and their bounds.
pub(super) struct Page {
    pub(super) entries: Vec<String>,
    bytes: usize,
    limit: usize,
    /// The rows that were read for it.
    pub(super) looked: usize,
}

impl Page {
    pub(super) const fn of(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            limit,
            looked: 0,
        }
    }

    /// Takes an entry, unless the page is full without it; an empty page takes any.
    #[must_use]
    pub(super) fn take(&mut self, entry: String) -> bool {
        let fits = self.entries.len() < self.limit && self.bytes + entry.len() <= MAX_BYTES;
        if !fits && !self.entries.is_empty() {
            return false;
        }
        self.bytes += entry.len();
        self.entries.push(entry);
        true
    }

    /// How many rows, and how many bytes of documents, are worth reading; `None` when the page is full. An entry holds most of a
    /// document twice: whole, and as the profile's record.
    pub(super) fn room(&self) -> Option<(usize, i64)> {
        let (entries, bytes) = (
            self.limit - self.entries.len().min(self.limit),
            MAX_BYTES.saturating_sub(self.bytes),
        );
        (entries > 0 && bytes > 0 && self.looked < ROWS).then(|| {
            (
                entries.min(BATCH),
                i64::try_from(bytes.div_ceil(2)).unwrap_or(i64::MAX),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_at_its_entries_and_at_its_bytes() {
        let mut page = Page::of(2);
        assert!(page.take("x".repeat(MAX_BYTES + 1)), "one entry of any length");
        assert_eq!(page.room(), None);
        assert!(!page.take("y".to_owned()));
        let mut page = Page::of(2);
        assert!(page.take("x".to_owned()) && page.take("y".to_owned()));
        assert!(!page.take("z".to_owned()));
        assert_eq!((page.entries.len(), page.room()), (2, None));
    }
}
