//! What reaches outside the program: the server, the terminal, files, the clock.

mod background;
pub mod cli;
pub mod clock;
pub mod connect;
pub mod console;
mod effects;
mod hangup;
mod import;
mod incident;
mod late;
mod listener;
mod perform;
pub mod profiles;
mod prompt;
mod rows;
mod search;
mod secret_file;
mod signals;
pub mod stderr;
mod terminal;
