//! Write transactions are atomic, including their event.

use super::*;
use crate::domain::{DomainError, UserChange};

/// Both operations write before the rule about the last administrator rejects them.
#[tokio::test]
async fn what_is_refused_leaves_neither_a_row_nor_an_event() {
    let world = World::new();
    let ada = world.user("ada", "admin").await.unwrap();
    let (session, _) = world.session(ada.id).await.unwrap();
    let deleted = world.store.delete_user(ada.id, Act::system(NOW)).await;
    let change = UserChange {
        first_name: Some(Some("Ada".into())),
        role: Some("customer".into()),
        ..UserChange::default()
    };
    let demoted = world
        .store
        .change_user(ada.id, change, Act::system(NOW))
        .await;
    for refused in [deleted.err(), demoted.err()] {
        let why = refused.unwrap();
        assert!(
            matches!(why, StoreError::Refused(DomainError::Conflict(_))),
            "{why}"
        );
    }
    let kept = world.store.account(ada.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.user.first_name.as_deref(), kept.user.role.as_str()),
        (None, "admin")
    );
    assert!(world.is_live(session.id).await);
    assert_eq!(
        world.noted("user.deleted").await + world.noted("user.updated").await,
        0
    );
}

/// Concurrent operations share a commit: a rejection of one must not undo another.
#[tokio::test]
async fn refusals_undo_nothing_of_those_that_share_their_commit() {
    let world = Arc::new(World::new());
    let ada = world.user("ada", "admin").await.unwrap();
    let calls = (0..60).map(|number| {
        let world = world.clone();
        async move {
            if number % 2 == 0 {
                world
                    .user(&format!("new{number}"), "customer")
                    .await
                    .is_ok()
            } else {
                world
                    .store
                    .delete_user(ada.id, Act::system(NOW))
                    .await
                    .is_ok()
            }
        }
    });
    let done = at_once(calls).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 30);
    assert_eq!(world.noted("user.created").await, 31);
    assert_eq!(world.noted("user.deleted").await, 0);
    assert!(world.store.account(ada.id).await.unwrap().is_some());
}
