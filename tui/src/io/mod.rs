//! What reaches outside the program: the server, the terminal, files, the clock.

mod background;
pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod connect;
pub(crate) mod console;
mod effects;
mod hangup;
mod import;
mod incident;
mod listener;
mod own_command;
mod perform;
pub(crate) mod profiles;
mod progress;
mod prompt;
mod rows;
mod screen;
mod search;
mod secret_file;
mod server_name;
mod sgr;
mod signals;
mod startup;
pub(crate) mod stderr;
mod terminal;
mod terminal_replies;
mod themes;
