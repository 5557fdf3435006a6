//! What goes over the wire, asserted at the other end of a real connection.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: its helpers may stop it"
)]

mod bench;
mod cycles;
mod failures;
mod groups;
mod program;
mod shapes;
mod stub;
