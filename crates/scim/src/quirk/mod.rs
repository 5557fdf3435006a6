//! The deviations of identity providers from RFC 7643/7644 as named functions: one for each, pure, called by the module that
//! reads such input (resources, filter, PATCH, query).
//!
//! Must not know: HTTP, tenants, stores. The quirks of a provider are in one file of its name; they are accepted from all
//! clients, and where two providers want different results of one request, [`rules`] has the choice. Read [`entra`] next.

pub mod entra;
pub mod jumpcloud;
pub mod okta;
pub mod onelogin;
pub mod ping;
pub mod rules;
