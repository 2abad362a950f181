//! Where a guard leaves its error for the catcher, which Rocket does not hand it.

use std::sync::Mutex;

use rocket::{Request, http::Status, request::Outcome};

use super::ApiError;

/// Where a guard leaves its error for the catcher, which Rocket does not hand it.
#[derive(Default)]
struct GuardErrorSlot(Mutex<Option<ApiError>>);

impl ApiError {
    /// Leaves the error with the request and answers its status: what a guard fails with.
    pub(in crate::http) fn leave(self, request: &Request<'_>) -> (Status, ApiError) {
        let place = request.local_cache(GuardErrorSlot::default);
        *place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(self.clone());
        (self.status(), self)
    }

    /// The outcome of a guard, with its error left for the catcher.
    pub(in crate::http) fn outcome<T>(
        request: &Request<'_>,
        validated: Result<T, ApiError>,
    ) -> Outcome<T, ApiError> {
        match validated {
            Ok(value) => Outcome::Success(value),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }

    /// What a guard of this request failed with.
    pub(in crate::http) fn left(request: &Request<'_>) -> Option<ApiError> {
        let place = request.local_cache(GuardErrorSlot::default);
        place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}
