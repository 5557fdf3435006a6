//! `kill -9` between each two steps: after a restart all ends right, and nothing is refused on the way.

use support::graph::{Call, Fault};
use support::wait::until;

use super::{LONG, World, on_both, sql};
use crate::forge::id;

impl World {
    /// The gateway dies, and after a while what it had is due again.
    async fn dies(&mut self) {
        self.gateway.kill9();
        self.graph.release();
        sql(
            &self.gateway,
            "UPDATE job SET due_at = 0 WHERE kind LIKE 'token_continuity%'",
        )
        .await;
    }

    async fn comes_back(&mut self) {
        self.gateway.restart().await;
        // Whatever stands in Entra now is served.
        self.entra().get("/Users?count=1").await.expect(200);
    }

    /// Goes on until a call is held.
    async fn until_held(&self) {
        until("a call that waits", LONG, || async {
            super::minute(&self.gateway).await;
            (self.graph.held() == 1).then_some(())
        })
        .await;
    }

    async fn ends(&self) {
        self.until("written").await;
        self.used().await;
        self.until("retired").await;
        self.ended_well().await;
    }
}

async fn on_each(test: impl AsyncFn(World)) {
    for settings in on_both().await {
        test(World::on(settings, &[]).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_it_is_planned() {
    on_each(async |mut world| {
        world.gateway.kill9();
        world.start();
        assert_eq!(world.renewal()["step"], "planned");
        world.comes_back().await;
        world.ends().await;
        assert_eq!(world.graph.done(Call::Write), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_issue_and_validation() {
    on_each(async |mut world| {
        world.graph.fault(Call::Validate, Fault::HoldBefore);
        world.start();
        world.until_held().await;
        let before = world.renewal();
        assert_eq!(before["step"], "issued");
        world.dies().await;
        world.comes_back().await;
        let written = world.until("written").await;
        assert_ne!(written["newToken"], before["newToken"], "its secret is lost");
        // The orphan ended at once: Entra never had it.
        let orphan = before["newToken"].as_str().expect("an id");
        assert!(!world.usable().contains(&orphan.to_owned()));
        world.ends().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_validation_and_write() {
    on_each(async |mut world| {
        world.graph.fault(Call::Write, Fault::HoldBefore);
        world.start();
        world.until_held().await;
        let before = world.renewal();
        assert_eq!(before["step"], "validated");
        world.dies().await;
        world.comes_back().await;
        let written = world.until("written").await;
        assert_ne!(written["newToken"], before["newToken"]);
        world.ends().await;
        assert!(
            !world
                .usable()
                .contains(&before["newToken"].as_str().expect("an id").to_owned())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_entra_has_the_token_and_nobody_knows() {
    on_each(async |mut world| {
        world.graph.fault(Call::Write, Fault::HoldAfter);
        world.start();
        world.until_held().await;
        let before = world.renewal();
        assert_eq!(before["step"], "validated");
        let lost = world.graph.directory(&world.app).token;
        assert_eq!(before["newToken"], id(&lost), "Entra has it");
        world.gateway.kill9();
        world.graph.release();
        // Entra goes on with it, before another one is written and after.
        world.gateway.restart().await;
        support::http::Scim::new(&world.graph.directory(&world.app))
            .get("/Users?count=1")
            .await
            .expect(200);
        sql(
            &world.gateway,
            "UPDATE job SET due_at = 0 WHERE kind LIKE 'token_continuity%'",
        )
        .await;
        let written = world.until("written").await;
        assert_ne!(written["newToken"], before["newToken"]);
        assert_eq!(
            written["retiring"].as_array().expect("a list").len(),
            2,
            "{written}"
        );
        let cycle = support::gateway::Directory {
            token: lost.clone(),
            ..world.old.clone()
        };
        support::http::Scim::new(&cycle)
            .get("/Users?count=1")
            .await
            .expect(200);
        world.ends().await;
        support::http::Scim::new(&cycle)
            .get("/Users?count=1")
            .await
            .expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_it_is_written_and_when_it_is_used() {
    on_each(async |mut world| {
        world.start();
        let written = world.until("written").await;
        world.dies().await;
        world.comes_back().await;
        assert_eq!(world.renewal()["newToken"], written["newToken"]);
        world.used().await;
        world.until("used").await;
        world.dies().await;
        world.comes_back().await;
        world.until("retired").await;
        world.ended_well().await;
        assert_eq!(world.graph.done(Call::Write), 1);
        // Once more over all that is done: nothing is done again.
        world.dies().await;
        world.comes_back().await;
        super::minute(&world.gateway).await;
        world.until("retired").await;
        world.ended_well().await;
    })
    .await;
}
