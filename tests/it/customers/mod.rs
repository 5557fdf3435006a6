//! The five customers' guides (`docs/background/customer-guides.md`), in their order of events: Test
//! Connection, first cycle, a mover, a restart, a leaver, a return, a purge, and the guide's own rule. In
//! both dialects of Entra, on both databases.
//!
//! [`guides`] has the requirements of each guide; the simulator acts as Entra. Groups are sent by the test,
//! as Entra writes them.

mod guides;
mod story;

use guides::Guide;
use support::gateway::{Gateway, Settings};
use support::postgres::Postgres;

macro_rules! stories {
    ($($name:ident: $guide:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            on_both_in_both_dialects(&$guide).await;
        }
    )*};
}

stories! {
    the_whole_default_mapping_from_test_connection_to_leaver: guides::PEOPLE;
    ovice_members_from_test_connection_to_leaver: guides::MEMBERS;
    jcv_employees_from_test_connection_to_leaver: guides::EMPLOYEES;
    serviceops_agents_from_test_connection_to_leaver: guides::AGENTS;
    keepnet_learners_from_test_connection_to_leaver: guides::LEARNERS;
    andmoney_advisors_from_test_connection_to_leaver: guides::ADVISORS;
    andmoney_rooms_from_test_connection_to_leaver: guides::ROOMS;
}

async fn on_both_in_both_dialects(guide: &Guide) {
    let database = Some(Postgres::shared().await.database().await);
    let postgres = Settings {
        database,
        ..Settings::default()
    };
    for settings in [Settings::default(), postgres] {
        let gateway = Gateway::start(settings).await;
        for dialect in ["legacy", "compliant"] {
            story::tell(&gateway, guide, dialect).await;
        }
    }
}
