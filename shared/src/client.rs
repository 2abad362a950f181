//! The admin API client of the console and its twin.
