//! Another server or credential: looked for beside everything else, and taken up by the loop.

use doorward_shared::client::Client;

use super::{Runner, read};
use crate::{
    command::secret::Secret,
    core::msg::{Reply, Switched},
    io::{
        connect::{ConnectError, to_profile},
        server_name::server_name,
    },
};

/// The credential that calls are made with changed, or could not be changed. The message is delivered together with the client,
/// so that the screen never names one server while another is called.
#[derive(Debug)]
pub(in crate::io) struct Connected {
    /// Of the request for it; another came since, where it is not the newest.
    generation: u64,
    client: Option<Client>,
    reply: Reply,
}

impl Connected {
    pub(in crate::io) fn is_sign_in(&self) -> bool {
        matches!(self.reply, Reply::SignedIn(_))
    }

    pub(in crate::io) fn is_another_server(&self) -> bool {
        matches!(self.reply, Reply::Switched(Ok(_)))
    }
}

impl Runner {
    /// Signs in. The token is kept in memory alone.
    pub(in crate::io) fn sign_in(&mut self, email: String, password: Secret) {
        let client = self.client.with_key("");
        self.connect(async move {
            match read::sign_in(&client, email, &password).await {
                Ok(token) => {
                    let client = client.with_key(token.expose());
                    (Some(client), Reply::SignedIn(Ok(())))
                }
                Err(problem) => (None, Reply::SignedIn(Err(problem))),
            }
        });
    }

    /// Another server. Its key may take a while to find.
    pub(in crate::io) fn switch(&mut self, name: String) {
        let profiles = self.profiles.clone();
        self.connect(async move {
            let connecting = tokio::task::spawn_blocking(move || {
                let connection = to_profile(&name, &profiles)?;
                let switched = Switched {
                    server: server_name(&connection, &profiles),
                    key_missing: connection.key_missing,
                };
                Ok::<_, ConnectError>((connection.client, switched))
            });
            match connecting.await {
                Ok(Ok((client, switched))) => {
                    (Some(client), Reply::Switched(Ok(Box::new(switched))))
                }
                Ok(Err(why)) => (None, Reply::Switched(Err(why.to_string()))),
                Err(_) => (None, Reply::Broken),
            }
        });
    }

    /// Looks for another client; only the last one that was asked for is taken.
    fn connect(&mut self, work: impl Future<Output = (Option<Client>, Reply)> + Send + 'static) {
        self.generation += 1;
        let (generation, connected) = (self.generation, self.connected.clone());
        let task = tokio::spawn(work);
        tokio::spawn(async move {
            let (client, reply) = task.await.unwrap_or((None, Reply::Broken));
            let _ = connected.send(Connected {
                generation,
                client,
                reply,
            });
        });
    }

    /// Whether it is the answer to the last request for a client.
    pub(in crate::io) fn is_current(&self, found: &Connected) -> bool {
        found.generation == self.generation
    }

    /// Calls with the client that was found from here on; the answer says whose it is.
    pub(in crate::io) fn adopt(&mut self, found: Connected) -> Reply {
        if let Some(client) = found.client {
            self.client = client;
        }
        found.reply
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::UnboundedReceiver;

    use super::*;
    use crate::io::effects::tests::runner;

    /// Takes in what `count` requests came to, as the console does; answers the word of what was taken.
    async fn settle(
        runner: &mut Runner,
        connections: &mut UnboundedReceiver<Connected>,
        count: usize,
    ) -> Vec<Reply> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let found = connections.recv().await.unwrap();
            if runner.is_current(&found) {
                taken.push(runner.adopt(found));
            }
        }
        taken
    }

    #[tokio::test]
    async fn of_two_switches_the_last_counts_whichever_is_ready_first() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, mut connections) = runner(directory.path());
        for _ in 0..20 {
            runner.switch("b".into());
            runner.switch("a".into());
            let taken = settle(&mut runner, &mut connections, 2).await;
            let [Reply::Switched(Ok(switched))] = &taken[..] else {
                panic!("{taken:?}");
            };
            assert_eq!(switched.server.url, runner.client.base());
            assert_eq!(runner.client.base(), "http://127.0.0.1:1");
        }
    }

    #[tokio::test]
    async fn a_sign_in_that_is_answered_after_a_switch_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (mut runner, mut connections) = runner(directory.path());
        runner.sign_in("ada@example.org".into(), Secret::new("x".into()));
        runner.switch("a".into());
        let taken = settle(&mut runner, &mut connections, 2).await;
        assert!(matches!(taken[..], [Reply::Switched(Ok(_))]), "{taken:?}");
        assert_eq!(runner.client.base(), "http://127.0.0.1:1");
    }
}
