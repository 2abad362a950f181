//! Heap size of cache entries, in bytes.

use std::sync::Arc;

use crate::{
    cache::Heap,
    domain::{Account, ApiKey, Client},
};

/// The reference counts of an `Arc`.
const COUNTERS: usize = 2 * size_of::<usize>();

fn text(text: Option<&String>) -> usize {
    text.map_or(0, String::capacity)
}

fn texts(texts: &[String]) -> usize {
    size_of_val(texts) + texts.iter().map(String::capacity).sum::<usize>()
}

impl Heap for Arc<Account> {
    fn heap_bytes(&self) -> usize {
        let user = &self.user;
        let names = text(user.first_name.as_ref()) + text(user.last_name.as_ref());
        // A user without own permissions shares those of the role.
        let own = if user.permissions.is_empty() {
            0
        } else {
            user.permissions.heap_bytes() + self.may.heap_bytes()
        };
        let texts = names + user.email.heap_bytes() + user.role.capacity() + texts(&user.groups);
        COUNTERS + size_of::<Account>() + texts + own
    }
}

impl Heap for Arc<ApiKey> {
    fn heap_bytes(&self) -> usize {
        let names = [&self.last_used_ip, &self.minted_by].map(|name| text(name.as_ref()));
        let terms = &self.terms;
        let metadata = terms.metadata.as_ref();
        let metadata = metadata.map_or(0, |metadata| metadata.heap_bytes());
        COUNTERS
            + size_of::<ApiKey>()
            + self.name.capacity()
            + self.hint.capacity()
            + names.iter().sum::<usize>()
            + self.scopes.heap_bytes()
            + size_of_val(&*terms.allowed_ips)
            + metadata
    }
}

impl Heap for Arc<Client> {
    fn heap_bytes(&self) -> usize {
        let policy = &self.policy;
        let single = [
            &policy.default_resource,
            &policy.backchannel_logout_uri,
            &policy.jwks,
            &policy.jwks_uri,
            &policy.logo_uri,
            &policy.client_uri,
            &self.document,
        ];
        let lists = [
            &self.redirect_uris,
            &self.resources,
            &policy.allowed_groups,
            &policy.post_logout_redirect_uris,
        ];
        COUNTERS
            + size_of::<Client>()
            + self.name.capacity()
            + size_of_val(&*self.grant_types)
            + self.scopes.heap_bytes()
            + size_of_val(&*policy.key_thumbprints)
            + single.iter().map(|one| text(one.as_ref())).sum::<usize>()
            + lists.iter().map(|list| texts(list)).sum::<usize>()
    }
}
