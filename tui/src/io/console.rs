//! The console's loop: keys, answers and time go in; effects and frames come out.

use std::{
    io,
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyModifiers};
use futures_util::StreamExt;
use ratatui::{
    Terminal,
    layout::{Position, Rect},
};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};

use crate::{
    core::{Effect, Msg, Now, State, layer::Layer, update},
    io::{
        cli::{CliError, DisplayArgs},
        clock::now,
        connect::Connection,
        effects::{Connected, Runner},
        frame_writer::{FrameWriter, Screen},
        hangup,
        profiles::Profiles,
        signals::{SignalAction, Signals},
        startup,
        terminal::{self, Guard},
        terminal_replies::LateReplies,
    },
    view,
};

/// Exit code of a program that a signal ended.
const TERMINATED: u8 = 128 + 15;

/// How long answers are taken in before a frame is drawn and keys are looked at.
const FRAME: Duration = Duration::from_millis(30);

/// How the loop ended.
enum End {
    Quit,
    Terminated,
    HungUp,
}

struct Console {
    state: State,
    runner: Runner,
    screen: Screen,
    started: Instant,
    mouse: bool,
    late: LateReplies,
}

/// What comes in from calls.
struct Inboxes {
    messages: UnboundedReceiver<Msg>,
    /// Other servers and credentials.
    connections: UnboundedReceiver<Connected>,
}

/// Calls run on a thread of their own: the loop answers keys whatever they do.
fn thread_of_calls() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("calls")
        .enable_all()
        .build()
}

/// Runs the console until it is left.
///
/// # Errors
/// [`CliError`]: what is wrong in the configuration, or with the terminal.
pub(crate) fn run(
    look: &DisplayArgs,
    connection: Connection,
    profiles: Profiles,
) -> Result<u8, CliError> {
    let wrong = |error: io::Error| CliError::Error(format!("the terminal: {error}"));
    let size = crossterm::terminal::size().map_err(wrong)?;
    let mut state = startup::state(look, &connection, &profiles, size.into())?;
    let mouse = profiles.config.mouse.unwrap_or(true);
    let runtime = thread_of_calls().map_err(|error| CliError::Error(error.to_string()))?;
    terminal::on_panic();
    hangup::watch_terminal();
    terminal::enter(mouse).map_err(wrong)?;
    let guard = Guard;
    let mut late = LateReplies::default();
    let background = profiles.config.background;
    let typed = startup::look_at_background(&mut state, background, &mut late);
    let writer = FrameWriter::new(io::stdout(), state.depth);
    let screen = Terminal::new(writer).map_err(wrong)?;
    let ended = runtime.block_on(async move {
        let (replies, messages) = unbounded_channel();
        let (connected, connections) = unbounded_channel();
        let mut console = Console {
            state,
            runner: Runner::new(connection.client, profiles, replies, connected),
            screen,
            started: Instant::now(),
            mouse,
            late,
        };
        let inboxes = Inboxes {
            messages,
            connections,
        };
        let ended = console.run(connection.key_missing, &typed, inboxes).await;
        if is_hung_up(&ended) {
            console.hung_up().await;
        }
        ended
    });
    drop(guard);
    // Calls that still wait for a server are not waited for; own commands end with what waits for them.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match ended.map_err(wrong)? {
        End::Quit => Ok(0),
        End::Terminated => Ok(TERMINATED),
        End::HungUp => Ok(hangup::HUNG_UP),
    }
}

/// Whether the terminal is gone: told by a signal, or by what cannot be drawn or read any more.
fn is_hung_up(ended: &io::Result<End>) -> bool {
    match ended {
        Ok(End::HungUp) => true,
        Ok(_) => false,
        Err(error) => {
            let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];
            kinds.contains(&error.kind())
                || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
        }
    }
}

impl Console {
    async fn run(
        &mut self,
        key_missing: Option<String>,
        typed: &str,
        mut inboxes: Inboxes,
    ) -> io::Result<End> {
        let mut signals = Signals::new()?;
        let mut keys = Some(EventStream::new());
        self.tell_time();
        // The first frame does not wait for the server.
        self.draw()?;
        let mut end = self.begin(key_missing, typed, &mut keys).await?;
        self.draw()?;
        while end.is_none() {
            let wait = self.state.wake().saturating_sub(self.state.now.ms);
            let msg = tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    SignalAction::End => return Ok(End::Terminated),
                    SignalAction::HungUp => return Ok(End::HungUp),
                    SignalAction::GoOn => {
                        terminal::enter(self.mouse)?;
                        Some(Msg::Resumed)
                    }
                },
                key = next(&mut keys) => match key? {
                    Event::Key(key) if self.late.takes(&key) => None,
                    event => message(event),
                },
                Some(found) = inboxes.connections.recv() => {
                    end = self.connected(found, &mut inboxes.messages, &mut keys).await?;
                    None
                }
                msg = inboxes.messages.recv() => msg,
                () = sleep(Duration::from_millis(wait)) => Some(Msg::Tick),
            };
            if let Some(msg) = msg {
                end = self.take_waiting(msg, &mut inboxes, &mut keys).await?;
            }
            self.draw()?;
        }
        Ok(end.unwrap_or(End::Quit))
    }

    /// Asks the server for the first time, or for who it is that signs in; takes in what was typed before anything was read.
    async fn begin(
        &mut self,
        key_missing: Option<String>,
        typed: &str,
        keys: &mut Option<EventStream>,
    ) -> io::Result<Option<End>> {
        let mut effects = Vec::new();
        match key_missing {
            Some(why) => self
                .state
                .ask_sign_in(&format!("There is no key to call the server with: {why}")),
            None => self.state.reconnect(&mut effects),
        }
        let mut end = self.perform(effects, keys).await?;
        for c in typed.chars().filter(|c| !c.is_control()) {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            end = end.or(self.take(Msg::Key(key), keys).await?);
        }
        Ok(end)
    }

    /// Takes a message in, and what has piled up behind it before the next frame; a flood does not keep keys waiting.
    async fn take_waiting(
        &mut self,
        msg: Msg,
        inboxes: &mut Inboxes,
        keys: &mut Option<EventStream>,
    ) -> io::Result<Option<End>> {
        let mut end = self.take(msg, keys).await?;
        let began = Instant::now();
        while end.is_none()
            && began.elapsed() < FRAME
            && let Ok(msg) = inboxes.messages.try_recv()
        {
            end = self.take(msg, keys).await?;
        }
        Ok(end)
    }

    /// Ends the program, whose terminal is gone.
    async fn hung_up(&mut self) -> ! {
        terminal::leave();
        if self.runner.end_run() {
            // It is told so on the thread of the calls.
            sleep(Duration::from_millis(100)).await;
        }
        // Nothing is dropped or waited for: the reader of keys would read on for ever.
        std::process::exit(i32::from(hangup::HUNG_UP));
    }

    fn tell_time(&mut self) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.state.tell_time(Now { wall: now(), ms });
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.state.dirty {
            self.state.dirty = false;
            let state = &self.state;
            self.screen.draw(|frame| view::view(state, frame))?;
        }
        Ok(())
    }

    async fn take(&mut self, msg: Msg, keys: &mut Option<EventStream>) -> io::Result<Option<End>> {
        self.tell_time();
        if self.runner.has_heard() {
            self.state.connection.progressed(self.state.now);
        }
        if let Msg::Resize(..) = msg {
            self.screen.autoresize()?;
        }
        let effects = update(&mut self.state, msg);
        self.perform(effects, keys).await
    }

    /// Takes another server or credential up, unless the operator asked for yet another since, gave the sign-in up,
    /// or began something for this one.
    async fn connected(
        &mut self,
        found: Connected,
        inbox: &mut UnboundedReceiver<Msg>,
        keys: &mut Option<EventStream>,
    ) -> io::Result<Option<End>> {
        let given_up = found.is_sign_in() && !self.state.layers.iter().any(Layer::is_sign_in);
        if given_up || !self.runner.is_current(&found) {
            return Ok(None);
        }
        if found.is_another_server() && self.state.stays() {
            self.state.dirty = true;
            return Ok(None);
        }
        if found.is_another_server() {
            // What the one before has answered is taken in under its name.
            while let Ok(msg) = inbox.try_recv() {
                if let Some(end) = self.take(msg, keys).await? {
                    return Ok(Some(end));
                }
            }
            let before = std::mem::replace(inbox, unbounded_channel().1);
            let server = self.state.profile_name().to_owned();
            *inbox = self.runner.forget(server, before);
        }
        let reply = self.runner.adopt(found);
        self.take(Msg::Reply(reply), keys).await
    }

    async fn perform(
        &mut self,
        effects: Vec<Effect>,
        keys: &mut Option<EventStream>,
    ) -> io::Result<Option<End>> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Some(End::Quit)),
                Effect::Redraw => self.fresh()?,
                Effect::Suspend => self.suspend(keys).await?,
                Effect::Bell => terminal::bell()?,
                Effect::Copy(text) => terminal::copy(text.expose())?,
                Effect::SignIn { email, password } => {
                    self.runner.sign_in(email, password);
                }
                Effect::Switch(name) => self.runner.switch(name),
                #[cfg(debug_assertions)]
                Effect::Crash => crash(),
                other => self.runner.run(other),
            }
        }
        Ok(None)
    }

    /// Back to the shell, until it lets the program go on.
    async fn suspend(&mut self, keys: &mut Option<EventStream>) -> io::Result<()> {
        // Nobody but the shell may read keys meanwhile.
        *keys = None;
        terminal::leave();
        terminal::stop();
        // Where there is no job control the stop does nothing, and this goes on at once.
        sleep(Duration::from_millis(50)).await;
        terminal::enter(self.mouse)?;
        *keys = Some(EventStream::new());
        let (width, height) = crossterm::terminal::size()?;
        self.tell_time();
        self.state.resize(width, height);
        self.fresh()
    }

    /// Forgets what is on the screen: the next frame is drawn whole. The library's own `clear` asks the terminal where
    /// its cursor is, and the reader of keys would swallow the answer.
    fn fresh(&mut self) -> io::Result<()> {
        self.screen
            .resize(Rect::from((Position::ORIGIN, self.state.size)))
    }
}

#[cfg(debug_assertions)]
#[expect(
    clippy::panic,
    reason = "this is what it is for: to see the terminal restored"
)]
fn crash() {
    panic!("asked for");
}

async fn next(keys: &mut Option<EventStream>) -> io::Result<Event> {
    match keys {
        Some(keys) => match keys.next().await {
            Some(event) => event,
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        },
        None => std::future::pending().await,
    }
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}
