//! A terminal or a reader that goes away: found out by what the kernel says of the file, since reading or writing may not come
//! to an end, or not come at all.

use std::{os::fd::AsFd, thread, time::Duration};

use rustix::event::{PollFd, PollFlags, poll};

/// How a program ends whose terminal is gone: as `SIGHUP` ends one.
pub(super) const HUNG_UP: u8 = 128 + 1;

/// Time in which the program may still end by itself.
const GRACE: Duration = Duration::from_millis(300);

/// Waits until the other end of a file is gone.
fn gone(file: &impl AsFd) {
    loop {
        // Nothing is asked for: an error or a hang-up is always told.
        let mut files = [PollFd::new(file, PollFlags::empty())];
        match poll(&mut files, None) {
            Ok(_) => {
                let told = files[0].revents();
                if told.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                    return;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => thread::park(),
        }
    }
}

/// Ends the program once its terminal is gone. The library that reads keys takes the end of the file for no key yet, and would
/// read on for ever.
pub(super) fn watch_terminal() {
    thread::spawn(|| {
        gone(&std::io::stdin());
        thread::sleep(GRACE);
        std::process::exit(i32::from(HUNG_UP));
    });
}

/// Answers once nobody reads standard output any more.
pub(super) fn reader_gone() -> tokio::sync::oneshot::Receiver<()> {
    let (tell, told) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        gone(&std::io::stdout());
        let _ = tell.send(());
    });
    told
}
