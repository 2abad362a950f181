//! What reaches outside the program: the server, the terminal, files, the clock.

pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod connect;
pub(crate) mod console;
mod custom_command;
mod effects;
mod execute;
mod frame_writer;
mod hangup;
mod import;
mod incident;
mod list_rows;
mod port_owner;
pub(crate) mod profiles;
mod progress;
mod prompt;
mod search;
mod secret_file;
mod server_name;
mod sgr;
mod signals;
mod startup;
pub(crate) mod stderr;
mod terminal;
mod terminal_background;
mod terminal_replies;
mod themes;
