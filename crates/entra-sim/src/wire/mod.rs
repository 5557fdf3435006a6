//! What goes over the wire: URLs as Entra joins them, headers as Entra (does not) send them, answers as Entra reads them.
//!
//! Knows no directory and no job. Next: [`client`] sends, [`endpoint`] makes URLs, [`answer`] judges answers.

pub mod answer;
pub mod client;
pub mod endpoint;
pub mod pace;
