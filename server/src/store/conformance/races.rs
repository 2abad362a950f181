//! Of concurrent operations that exclude each other, exactly one succeeds.

use super::*;
use crate::{
    crypto::secret::Digest256,
    domain::{DomainError, UserChange},
};

#[tokio::test]
async fn one_of_many_uses_of_a_refresh_token_rotates_and_the_others_end_its_session() {
    let world = Arc::new(World::new());
    let ada = world.user("ada", "customer").await.unwrap();
    let (session, token) = world.session(ada.id).await.unwrap();
    let uses = (0..32).map(|_| {
        let (world, token) = (world.clone(), token.clone());
        async move { world.refreshed(&token).await }
    });
    let done = at_once(uses).await;
    let rotated = |used: &&Refreshed| matches!(used, Refreshed::Rotated { .. });
    assert_eq!(done.iter().filter(rotated).count(), 1);
    assert!(
        done.iter()
            .any(|used| matches!(used, Refreshed::Replayed | Refreshed::Revoked))
    );
    assert!(!world.is_live(session.id).await);
}

#[tokio::test]
async fn an_address_becomes_one_account() {
    let world = Arc::new(World::new());
    let calls = (0..16).map(|_| {
        let world = world.clone();
        async move { world.user("ada", "customer").await }
    });
    let (made, refused): (Vec<_>, Vec<_>) =
        at_once(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for refused in refused {
        let why = refused.unwrap_err();
        assert!(
            matches!(why, StoreError::Refused(DomainError::EmailTaken)),
            "{why}"
        );
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let world = Arc::new(World::new());
    let mut admins = Vec::new();
    for number in 0..8 {
        let made = world.user(&format!("admin{number}"), "admin").await;
        admins.push(made.unwrap().id);
    }
    let demoted = admins.into_iter().enumerate().map(|(number, id)| {
        let world = world.clone();
        async move {
            let act = Act::system(NOW);
            let change = match number % 2 {
                0 => UserChange {
                    role: Some("customer".into()),
                    ..UserChange::default()
                },
                _ => UserChange {
                    disabled: Some(true),
                    ..UserChange::default()
                },
            };
            match number % 3 {
                0 => world.store.delete_user(id, act).await.is_ok(),
                _ => world.store.change_user(id, change, act).await.is_ok(),
            }
        }
    });
    let done = at_once(demoted).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 7);
}

#[tokio::test]
async fn a_client_assertion_is_used_once_after_a_restart_too() {
    let world = Arc::new(World::new());
    let hash = Digest256::of(b"an assertion");
    let uses = (0..16).map(|_| {
        let store = world.store.clone();
        async move {
            store
                .use_assertion(hash, NOW.plus_seconds(60))
                .await
                .unwrap()
        }
    });
    let done = at_once(uses).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    let world = Arc::into_inner(world).unwrap().restarted();
    let again = world.store.use_assertion(hash, NOW.plus_seconds(60));
    assert!(!again.await.unwrap());
}

/// A browser signs in again, and its new session ends before it takes over what the previous one had opened.
#[tokio::test]
async fn what_a_browser_opened_at_clients_outlives_neither_of_its_sessions() {
    let world = World::new();
    let ada = world.user("ada", "customer").await.unwrap();
    let (before, _) = world.session(ada.id).await.unwrap();
    let (opened, _) = world.session_in(ada.id, Some(before.id)).await.unwrap();
    let (next, _) = world.session(ada.id).await.unwrap();
    let sign_out = async |id| {
        let act = Act::of_session(id, AuditContext::system(NOW));
        world.store.sign_out(None, act).await
    };
    sign_out(next.id).await.unwrap();
    world.store.hand_over(before.id, next.id).await.unwrap();
    assert!(world.is_live(opened.id).await);
    sign_out(before.id).await.unwrap();
    assert!(!world.is_live(opened.id).await);
}
