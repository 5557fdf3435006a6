//! Background jobs on both databases (ADR 0047): in this process, with stores of their own as instances have them
//! ([`runner`]), and notices with real gateways, a mail server and a webhook ([`notices`]).

mod notices;
mod runner;
