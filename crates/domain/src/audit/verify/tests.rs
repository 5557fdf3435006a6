//! Each way to tamper with a chain, and the row that is named.

use super::super::tests::rows;
use super::*;

fn head(rows: &[AuditRow]) -> ChainHead {
    rows.last().map_or_else(
        || ChainHead::of_new(Chain::Platform),
        |last| ChainHead {
            chain: last.chain,
            seq: last.seq,
            hash: last.hash.clone(),
        },
    )
}

fn verified(rows: &[AuditRow], head: &ChainHead) -> Result<i64, (i64, FaultKind)> {
    let mut verified = Verified::begin(head.chain);
    rows.iter()
        .try_for_each(|row| verified.next(row))
        .and_then(|()| verified.end(Some(head)))
        .map(|()| verified.seq())
        .map_err(|fault| (fault.seq, fault.kind))
}

/// Hashes of what stands there now, from a row on.
fn rehashed(rows: &mut [AuditRow], from: usize) {
    for at in from..rows.len() {
        if at > 0 {
            let before = rows[at - 1].hash.clone();
            rows[at].previous = before;
        }
        let hash = rows[at].computed_hash();
        rows[at].hash = hash;
    }
}

#[test]
fn a_chain_that_nobody_touched_is_good() {
    for length in [0, 1, 7] {
        let rows = rows(length);
        assert_eq!(verified(&rows, &head(&rows)), Ok(length));
    }
    assert_eq!(Verified::begin(Chain::Platform).end(None), Ok(()));
}

#[test]
fn each_way_to_tamper_names_the_first_bad_row() {
    let good = rows(7);
    let end = head(&good);
    let tampered = |change: fn(&mut Vec<AuditRow>)| {
        let mut rows = good.clone();
        change(&mut rows);
        verified(&rows, &end)
    };
    type Named = (i64, FaultKind);
    let cases: [(&str, Result<i64, Named>, Named); 9] = [
        (
            "changed",
            tampered(|rows| rows[2].actor = "cli:mallory@ops1".to_owned()),
            (3, FaultKind::Changed),
        ),
        (
            "changed with its hash",
            tampered(|rows| {
                rows[2].actor = "cli:mallory@ops1".to_owned();
                rows[2].hash = rows[2].computed_hash();
            }),
            (4, FaultKind::OutOfOrder),
        ),
        (
            "deleted",
            tampered(|rows| drop(rows.remove(2))),
            (3, FaultKind::Missing),
        ),
        (
            "deleted and closed up",
            tampered(|rows| {
                rows.remove(2);
                for row in rows.iter_mut().skip(2) {
                    row.seq -= 1;
                }
            }),
            (3, FaultKind::OutOfOrder),
        ),
        (
            "cut off",
            tampered(|rows| rows.truncate(5)),
            (6, FaultKind::Missing),
        ),
        (
            "exchanged",
            tampered(|rows| {
                rows.swap(2, 3);
                (rows[2].seq, rows[3].seq) = (3, 4);
            }),
            (3, FaultKind::OutOfOrder),
        ),
        (
            "put in the middle",
            tampered(|rows| {
                let copy = rows[2].clone();
                rows.insert(3, copy);
                for (at, row) in rows.iter_mut().enumerate().skip(3) {
                    row.seq = i64::try_from(at).unwrap() + 1;
                }
            }),
            (4, FaultKind::OutOfOrder),
        ),
        (
            "put behind the end",
            tampered(|rows| {
                let head = head(rows);
                rows.push(super::super::tests::entry(9).after(&head));
            }),
            (8, FaultKind::BehindHead),
        ),
        (
            "rewritten whole",
            tampered(|rows| {
                rows[1].target = "token:AAAAAAAAAAAA".to_owned();
                rehashed(rows, 1);
            }),
            (7, FaultKind::HeadMismatch),
        ),
    ];
    for (name, answer, fault) in cases {
        assert_eq!(answer, Err(fault), "{name}");
    }
}

#[test]
fn a_chain_whose_head_is_gone_is_bad() {
    let good = rows(3);
    let mut verified = Verified::begin(good[0].chain);
    for row in &good {
        verified.next(row).unwrap();
    }
    let fault = verified.end(None).unwrap_err();
    assert_eq!((fault.seq, fault.kind), (1, FaultKind::BehindHead));
}

#[test]
fn a_fault_has_a_word_for_programs_and_a_text_for_people() {
    assert_eq!(FaultKind::OutOfOrder.as_str(), "outOfOrder");
    assert_eq!(
        FaultKind::Changed.to_string(),
        "it was changed: its hash is not the one of its values"
    );
}
