//! A gateway on PostgreSQL and pgbench in alternating slices: rates, and the processor time of each request.

use crate::cpu;
use crate::load::{Done, Make, closed_loop};
use crate::pgbench::{NAME, Script};
use crate::plan::Plan;
use crate::report::{Bar, Row, Side};
use crate::site::Site;
use std::sync::Arc;
use std::time::Duration;
use support::postgres::Postgres;

/// Both sides with their figures, one a slice.
pub struct Beside {
    site: Arc<Site>,
    make: Make,
    script: Script,
    /// The first process of the PostgreSQL server.
    server: u32,
    /// Rates of the gateway, in units a second.
    pub ours: Vec<f64>,
    /// Rates of pgbench, in transactions a second.
    pub theirs: Vec<f64>,
    /// The time of each unit of the gateway.
    pub times: Vec<Duration>,
    /// Microseconds of processor time a unit: the gateway, the server below it, the server below pgbench.
    cpu: [Vec<f64>; 3],
}

/// The texts of a row.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    pub what: &'a str,
    /// The unit of the rates.
    pub unit: &'static str,
    /// The name of one unit.
    pub one: &'a str,
    /// The name of the gateway's side.
    pub ours: &'a str,
}

/// The length of a slice. The first slice fills caches and prepares statements, and is not counted.
pub fn slice(plan: &Plan, round: usize) -> Duration {
    if round == 0 {
        Duration::from_secs(2)
    } else {
        plan.slice
    }
}

impl Beside {
    /// Without slices so far.
    pub async fn new(site: &Arc<Site>, make: Make, script: Script) -> Self {
        Self {
            site: Arc::clone(site),
            make,
            script,
            server: Postgres::shared().await.pid(),
            ours: Vec::new(),
            theirs: Vec::new(),
            times: Vec::new(),
            cpu: [const { Vec::new() }; 3],
        }
    }

    /// One slice of each side. The first round is not counted.
    pub async fn round(&mut self, plan: &Plan, round: usize) {
        let time = slice(plan, round);
        let start = cpu::of_family(self.server);
        let ran = self.script.run(time);
        // The sessions of pgbench must have ended, so that they are counted.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let below_pgbench = cpu::of_family(self.server) - start;

        let gateway = self.site.gateway.pid();
        let (of_gateway, of_server) = (cpu::of(gateway), cpu::of_family(self.server));
        let done = closed_loop(self.site.address, time, &self.site.next, &self.make).await;
        let (of_gateway, of_server) = (
            cpu::of(gateway) - of_gateway,
            cpu::of_family(self.server) - of_server,
        );
        if round == 0 {
            return;
        }
        let Done { rate, all, times } = done;
        self.theirs.push(ran.rate);
        self.ours.push(rate);
        self.times.extend(times);
        let spent = [
            of_gateway / all,
            of_server / all,
            below_pgbench / ran.count.max(1.0),
        ];
        for (figures, figure) in self.cpu.iter_mut().zip(spent) {
            figures.push(figure);
        }
    }

    /// The rows for the rates and for the processor time of both sides.
    pub fn rows(&self, words: Words<'_>, bar: Bar, notes: Vec<String>) -> Vec<Row> {
        let [gateway, server, below_pgbench] = &self.cpu;
        let Words { what, one, .. } = words;
        let cpu = |part: &str, ours: Side, theirs: Option<Side>| Row {
            what: format!("{what}: CPU of {part} a {one}"),
            unit: "µs",
            ours,
            theirs,
            bar: Bar::None,
            notes: Vec::new(),
        };
        vec![
            Row {
                what: what.to_owned(),
                unit: words.unit,
                ours: Side::median(words.ours, &self.ours),
                theirs: Some(Side::median(NAME, &self.theirs)),
                bar,
                notes,
            },
            cpu(
                "the gateway",
                Side::median("the process `usher serve`", gateway),
                None,
            ),
            cpu(
                "PostgreSQL",
                Side::median("all processes of the server, below usher serve", server),
                Some(Side::median("the same below pgbench", below_pgbench)),
            ),
        ]
    }
}
