//! What identity providers really send, as named functions: one for each deviation from RFC 7643/7644, pure, and
//! called from the place of the language that meets it (resources, filter, PATCH, query).
//!
//! Must not know: HTTP, tenants, stores. A provider's quirks live in one file of its own name; what is tolerated is the
//! same for everybody, and where two providers want different things of one request, [`rules`] has the choice. Read
//! [`entra`] next.

pub mod entra;
pub mod jumpcloud;
pub mod okta;
pub mod onelogin;
pub mod ping;
pub mod rules;
