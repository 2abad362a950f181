//! The cost of a password hash.

use super::{Settings, SettingsError, wrong};

impl Settings {
    /// Argon2id parameters.
    ///
    /// # Errors
    /// Outside RFC 9106 section 3.1, or beyond 1 GiB.
    #[doc(hidden)]
    pub fn argon2_params(&self) -> Result<argon2::Params, SettingsError> {
        let (memory, iterations, lanes) = (
            self.argon2_memory_kib,
            self.argon2_iterations,
            self.argon2_parallelism,
        );
        if iterations == 0 || iterations > 100 {
            return Err(wrong("argon2_iterations", "must be from 1 to 100"));
        }
        if lanes == 0 || lanes > 64 {
            return Err(wrong("argon2_parallelism", "must be from 1 to 64"));
        }
        if memory < 8 * lanes || memory > 1 << 20 {
            return Err(wrong(
                "argon2_memory_kib",
                "must be between 8 x argon2_parallelism and 1048576",
            ));
        }
        argon2::Params::new(memory, iterations, lanes, Some(32))
            .map_err(|error| wrong("argon2_memory_kib", error.to_string()))
    }
}
