//! A change is visible to the next read, despite the caches.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::domain::UserChange;

#[tokio::test]
async fn what_was_ended_is_dead_at_the_next_look_while_others_keep_looking() {
    let world = Arc::new(World::new());
    let ada = world.user("ada", "customer").await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    for _ in 0..40 {
        let (session, _) = world.session(ada.id).await.unwrap();
        done.store(false, Ordering::Release);
        let lookers = (0..4).map(|_| {
            let (world, done) = (world.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Acquire) {
                    world.is_live(session.id).await;
                    tokio::task::yield_now().await;
                }
            })
        });
        let lookers: Vec<_> = lookers.collect();
        assert!(world.is_live(session.id).await);
        let ended = world.store.end_session(session.id, None, Act::system(NOW));
        ended.await.unwrap();
        assert!(!world.is_live(session.id).await);
        done.store(true, Ordering::Release);
        for looker in lookers {
            looker.await.unwrap();
        }
        assert!(!world.is_live(session.id).await, "put back by a look");
    }
}

#[tokio::test]
async fn an_account_that_was_disabled_or_deleted_is_so_at_the_next_look() {
    let world = World::new();
    let ada = world.user("ada", "customer").await.unwrap();
    let (session, _) = world.session(ada.id).await.unwrap();
    assert!(world.is_live(session.id).await);
    let disabled = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    let changed = world.store.change_user(ada.id, disabled, Act::system(NOW));
    changed.await.unwrap();
    let account = world.store.account(ada.id).await.unwrap().unwrap();
    assert!(account.user.disabled_at.is_some());
    assert!(!world.is_live(session.id).await);
    let deleted = world.store.delete_user(ada.id, Act::system(NOW));
    deleted.await.unwrap();
    assert!(world.store.account(ada.id).await.unwrap().is_none());
}

/// More than a transaction ends at once: a bulk revocation represents them until their rows are written.
#[tokio::test]
async fn many_sessions_end_with_one_call() {
    let world = World::new();
    let ada = world.user("ada", "customer").await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..200 {
        sessions.push(world.session(ada.id).await.unwrap().0.id);
    }
    let kept = sessions[7];
    let ended = world
        .store
        .revoke_sessions_of(ada.id, Some(kept), false, Act::system(NOW));
    assert_eq!(ended.await.unwrap(), 199);
    for id in sessions {
        assert_eq!(world.is_live(id).await, id == kept, "{id}");
    }
}

/// They decide which session is the least recently used.
#[tokio::test]
async fn times_of_use_that_could_not_be_written_are_written_the_next_time() {
    let world = World::new();
    let ada = world.user("ada", "customer").await.unwrap();
    let (session, _) = world.session(ada.id).await.unwrap();
    let used = NOW.plus_seconds(60);
    world.store.touch_session(session.id, used);
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE sessions RENAME COLUMN {from} TO {to}");
        world.store.write(move |tx| Ok(tx.conn.execute(&sql, [])?))
    };
    rename("last_seen_at", "hidden").await.unwrap();
    assert!(world.store.flush_touches().await.is_err());
    rename("hidden", "last_seen_at").await.unwrap();
    world.store.flush_touches().await.unwrap();
    let world = world.restarted();
    let kept = world.store.session_row(session.id).await.unwrap().unwrap();
    assert_eq!(kept.last_seen_at, used);
}
