//! The events as they happen.

use doorward_shared::{EventId, admin::Event, client::Client};
use tokio::sync::mpsc::UnboundedSender;

use super::problem;
use crate::{
    app::{Msg, msg::Reply},
    text::clean_value,
};

/// Follows the events until the stream is lost; why is the answer.
pub async fn follow(
    client: &Client,
    after: Option<EventId>,
    replies: &UnboundedSender<Msg>,
) -> Reply {
    let mut stream = match client.events(after).await {
        Ok(stream) => stream,
        Err(error) => return Reply::StreamLost(problem(error)),
    };
    let _ = replies.send(Msg::Reply(Reply::Streaming(stream.last())));
    loop {
        match stream.next().await {
            Ok(Some(event)) => {
                let Some(event) = cleaned(&event) else {
                    continue;
                };
                if replies
                    .send(Msg::Reply(Reply::Event(Box::new(event))))
                    .is_err()
                {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => return Reply::StreamLost(problem(error)),
        }
    }
    Reply::StreamEnded
}

fn cleaned(event: &Event) -> Option<Event> {
    let mut value = serde_json::to_value(event).ok()?;
    clean_value(&mut value);
    serde_json::from_value(value).ok()
}
