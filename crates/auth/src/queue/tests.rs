//! The order of the queue, which request is dropped from a full queue, and that no place is ever lost.

use super::*;
use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

fn requester(priority: Priority, network: u8) -> Requester {
    Requester {
        priority,
        network: IpAddr::from([192, 0, 2, network]),
    }
}

/// A queue whose only place is taken, with requesters that wait in this order, and the outcome of each.
struct Scene {
    queue: Queue,
    first: Option<Permit>,
    askers: BTreeMap<&'static str, tokio::task::JoinHandle<Result<Permit, Busy>>>,
}

impl Scene {
    async fn new(most: usize) -> Self {
        let queue = Queue::new(1, most);
        let first = queue.enter(requester(Priority::Checked, 0)).await.ok();
        Self {
            queue,
            first,
            askers: BTreeMap::new(),
        }
    }

    async fn ask(&mut self, name: &'static str, priority: Priority, network: u8) {
        let queue = self.queue.clone();
        let asked = tokio::spawn(async move { queue.enter(requester(priority, network)).await });
        self.askers.insert(name, asked);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    /// Frees the place again and again; the names in the order in which they got it.
    async fn served(mut self) -> Vec<&'static str> {
        let mut order = Vec::new();
        let mut place = self.first.take();
        while place.take().is_some() {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let done = self.askers.iter().find(|(_, asked)| asked.is_finished());
            let Some(name) = done.map(|(name, _)| *name) else {
                break;
            };
            place = self.askers.remove(name).unwrap().await.unwrap().ok();
            order.push(name);
        }
        order
    }

    fn was_refused(&mut self, name: &str) -> bool {
        self.askers[name].is_finished()
    }

    async fn refused(&mut self, name: &str) {
        assert!(self.was_refused(name), "{name} still waits");
        assert_eq!(self.askers.remove(name).unwrap().await.unwrap().err(), Some(Busy));
    }
}

#[tokio::test]
async fn ranks_come_first_then_networks_take_turns() {
    let mut scene = Scene::new(64).await;
    for (name, priority, network) in [
        ("suspect", Priority::Suspected, 1),
        ("flood 1", Priority::Unknown, 1),
        ("flood 2", Priority::Unknown, 1),
        ("flood 3", Priority::Unknown, 1),
        ("other network", Priority::Unknown, 2),
        ("known network", Priority::KnownNetwork, 3),
        ("checked", Priority::Checked, 1),
    ] {
        scene.ask(name, priority, network).await;
    }
    let order = [
        "checked",
        "known network",
        "flood 1",
        "other network",
        "flood 2",
        "flood 3",
        "suspect",
    ];
    assert_eq!(scene.served().await, order);
}

#[tokio::test]
async fn a_full_queue_gives_way_to_a_higher_rank_and_to_a_network_with_fewer() {
    let mut scene = Scene::new(3).await;
    scene.ask("flood 1", Priority::Unknown, 1).await;
    scene.ask("flood 2", Priority::Unknown, 1).await;
    scene.ask("flood 3", Priority::Unknown, 1).await;
    scene.ask("flood 4", Priority::Unknown, 1).await;
    scene.refused("flood 4").await;
    scene.ask("suspect", Priority::Suspected, 2).await;
    scene.refused("suspect").await;
    scene.ask("other network", Priority::Unknown, 2).await;
    scene.refused("flood 3").await;
    scene.ask("other network again", Priority::Unknown, 2).await;
    scene.refused("other network again").await;
    scene.ask("checked", Priority::Checked, 1).await;
    scene.refused("flood 2").await;
    assert_eq!(scene.served().await, ["checked", "flood 1", "other network"]);
}

#[tokio::test]
async fn many_right_secrets_do_not_push_one_another_out() {
    let mut scene = Scene::new(2).await;
    scene.ask("one", Priority::Checked, 1).await;
    scene.ask("two", Priority::Checked, 2).await;
    scene.ask("three", Priority::Checked, 3).await;
    scene.refused("three").await;
    assert_eq!(scene.served().await, ["one", "two"]);
}

#[tokio::test]
async fn an_asker_that_leaves_takes_nothing_with_it() {
    let mut scene = Scene::new(3).await;
    scene.ask("one", Priority::Unknown, 1).await;
    scene.ask("two", Priority::Unknown, 1).await;
    scene.ask("three", Priority::Unknown, 2).await;
    let leaving = scene.askers.remove("one").unwrap();
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    assert_eq!(scene.queue.waiting(), 2);
    let queue = scene.queue.clone();
    assert_eq!(scene.served().await, ["two", "three"]);
    assert_eq!((queue.taken(), queue.waiting()), (0, 0));
}

#[tokio::test]
async fn an_asker_that_leaves_after_it_was_called_hands_its_place_on() {
    let queue = Queue::new(1, 3);
    let place = queue.enter(requester(Priority::Unknown, 1)).await.unwrap();
    let mut leaving = Box::pin(queue.enter(requester(Priority::Unknown, 1)));
    let mut staying = Box::pin(queue.enter(requester(Priority::Unknown, 2)));
    for waiting in [&mut leaving, &mut staying] {
        let asked = tokio::time::timeout(Duration::ZERO, waiting).await;
        assert!(asked.is_err(), "the place is taken");
    }
    drop(place);
    drop(leaving);
    assert!(staying.await.is_ok());
    assert_eq!((queue.taken(), queue.waiting()), (0, 0));
}

proptest! {
    /// However askers come, leave and are served: never more places than there are, never more waiting than allowed,
    /// and at the end every place is free.
    #[test]
    fn no_place_is_lost_or_made(steps in prop::collection::vec((0_u8..4, 0_u8..4, 0_u8..5), 1..80), places in 1_usize..4, most in 0_usize..6) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let queue = Queue::new(places, most);
            let (mut held, mut asking) = (Vec::new(), Vec::new());
            for (action, priority, network) in steps {
                let priority = [Priority::Checked, Priority::KnownNetwork, Priority::Unknown, Priority::Suspected][usize::from(priority)];
                match action {
                    0 if !held.is_empty() => drop(held.remove(0)),
                    1 if !asking.is_empty() => drop(asking.remove(0)),
                    _ => {
                        let queue = queue.clone();
                        asking.push(Box::pin(async move { queue.enter(requester(priority, network)).await }));
                    }
                }
                let mut still = Vec::new();
                for mut one in asking {
                    match tokio::time::timeout(Duration::ZERO, &mut one).await {
                        Ok(Ok(place)) => held.push(place),
                        Ok(Err(Busy)) => {}
                        Err(_) => still.push(one),
                    }
                }
                asking = still;
                assert!(held.len() <= places && queue.waiting() <= most);
                assert_eq!(queue.taken(), held.len().max(queue.taken().min(places)));
                assert!(asking.is_empty() || queue.taken() == places, "nobody waits beside a free place");
            }
            drop(asking);
            drop(held);
            assert_eq!((queue.taken(), queue.waiting()), (0, 0));
        });
    }
}
