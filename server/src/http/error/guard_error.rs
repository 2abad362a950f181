//! Passes a guard's error to the catcher through the request, since Rocket does not.

use std::sync::Mutex;

use rocket::{Request, http::Status, request::Outcome};

use super::ApiError;

/// Passes a guard's error to the catcher through the request, since Rocket does not.
#[derive(Default)]
struct GuardErrorSlot(Mutex<Option<ApiError>>);

impl ApiError {
    /// Stores the error in the request and returns its status, as the guard's failure.
    pub(in crate::http) fn leave(self, request: &Request<'_>) -> (Status, ApiError) {
        let place = request.local_cache(GuardErrorSlot::default);
        *place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(self.clone());
        (self.status(), self)
    }

    /// The outcome of a guard, with its error stored for the catcher.
    pub(in crate::http) fn outcome<T>(
        request: &Request<'_>,
        validated: Result<T, ApiError>,
    ) -> Outcome<T, ApiError> {
        match validated {
            Ok(value) => Outcome::Success(value),
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }

    /// The error of a guard of this request.
    pub(in crate::http) fn left(request: &Request<'_>) -> Option<ApiError> {
        let place = request.local_cache(GuardErrorSlot::default);
        place
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}
