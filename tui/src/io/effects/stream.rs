//! Follows the server's stream of events for the console.

use doorward_shared::{EventId, client::Client};
use tokio::sync::mpsc::UnboundedSender;

use crate::core::{
    Msg,
    msg::{Reply, StreamEvent},
};

/// Follows the events until the stream is lost; why is the answer.
pub(super) async fn follow(
    client: &Client,
    after: Option<EventId>,
    replies: &UnboundedSender<Msg>,
) -> Reply {
    let mut stream = match client.events().stream(after).await {
        Ok(stream) => stream,
        Err(error) => return Reply::Stream(StreamEvent::Lost(error.into())),
    };
    let _ = replies.send(Msg::Reply(Reply::Stream(StreamEvent::Began(stream.last()))));
    loop {
        match stream.next().await {
            Ok(Some(event)) => {
                if replies
                    .send(Msg::Reply(Reply::Stream(StreamEvent::Event(Box::new(
                        event,
                    )))))
                    .is_err()
                {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => return Reply::Stream(StreamEvent::Lost(error.into())),
        }
    }
    Reply::Stream(StreamEvent::Ended)
}
