//! Required scopes of routes, as types.

/// A scope that a route requires. Created by [`scope!`](crate::scope).
///
/// ```
/// use doorward_server::{Needs, scope};
///
/// scope! { ReadOrders = "read:orders"; }
/// assert_eq!(ReadOrders::SCOPE, "read:orders");
/// ```
pub trait Needs: Send + Sync {
    /// The scope, e.g. `read:orders`.
    const SCOPE: &'static str;
}

/// Defines scopes for [`Allowed`](crate::Allowed).
///
/// ```
/// doorward_server::scope! {
///     ReadOrders = "read:orders";
///     WriteOrders = "write:orders";
/// }
/// ```
#[macro_export]
macro_rules! scope {
    ($($(#[$doc:meta])* $name:ident = $scope:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "the module around it decides who sees the type")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl $crate::Needs for $name {
            const SCOPE: &'static str = $scope;
        }
    )+};
}

pub(crate) use scope;
