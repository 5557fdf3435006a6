//! PingFederate's and PingOne's deviations from RFC 7643/7644: none that the language has to know.
//!
//! They update by PUT of the whole resource (PATCH of users is off by default), list all groups before the first push, and
//! send `members.$ref`, which is the server's to say and passed over. Each is walked by a file in
//! `tests/fixtures/idp/ping/`; a deviation that turns up belongs here, as a function with its broken request and the right
//! one.
