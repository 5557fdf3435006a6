//! PingFederate's and PingOne's deviations from RFC 7643/7644: none that needs a function.
//!
//! They update by PUT of the whole resource (PATCH of users is off by default), list all groups before the first push, and
//! send `members.$ref`, which is read-only and ignored. Each has a fixture in `tests/fixtures/idp/ping/`; a new deviation
//! belongs here, as a function with its broken request and the right one.
