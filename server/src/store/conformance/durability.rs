//! Acknowledged changes survive a stop and a kill of the process.

use super::*;

async fn holds(world: &World, ended: SessionId, live: SessionId, users: &[UserId]) {
    assert!(!world.is_live(ended).await);
    assert!(world.is_live(live).await);
    for id in users {
        assert!(world.store.account(*id).await.unwrap().is_some(), "{id}");
    }
    assert_eq!(world.noted("user.created").await, users.len() as u64);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_stop_and_a_kill() {
    let world = Arc::new(World::new());
    let ada = world.user("ada", "customer").await.unwrap();
    let (ended, token) = world.session(ada.id).await.unwrap();
    let (live, newest) = world.session(ada.id).await.unwrap();
    assert!(matches!(
        world.refreshed(&newest).await,
        Refreshed::Rotated { .. }
    ));
    let gone = world.store.end_session(ended.id, None, Act::system(NOW));
    gone.await.unwrap();
    let calls = (0..40).map(|number| {
        let world = world.clone();
        async move {
            world
                .user(&format!("user{number}"), "customer")
                .await
                .unwrap()
                .id
        }
    });
    let mut users = at_once(calls).await;
    users.push(ada.id);
    let found = world.killed();
    holds(&found, ended.id, live.id, &users).await;
    let world = Arc::into_inner(world).unwrap().restarted();
    holds(&world, ended.id, live.id, &users).await;
    assert!(matches!(
        world.refreshed(&token).await,
        Refreshed::Revoked | Refreshed::Replayed
    ));
    // The token that was used before the stop is still used up.
    assert!(!matches!(
        world.refreshed(&newest).await,
        Refreshed::Rotated { .. }
    ));
}
