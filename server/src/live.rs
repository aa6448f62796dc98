//! The live feed: one WebSocket that says that something happened; the page fetches what.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use domain::context::{Cx, Domain};
use domain::events::{self, Event};
use domain::{Problem, accounts};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use crate::AppState;
use crate::auth::{COOKIE, SessionCx, cookie};
use crate::layers::is_same_origin;
use crate::problem::Refusal;

/// A socket is asked for a sign of life this often, and its session is looked at again.
const PULSE: Duration = Duration::from_secs(5);
/// Nothing that a client sends is long.
const MESSAGE_MAX: usize = 4 << 10;

#[derive(Deserialize)]
pub struct After {
    #[serde(default)]
    after: i64,
}

/// `GET /live?after=OFFSET`: events of the session's organisation and mode, from the offset the page was made at.
pub async fn live(
    State(state): State<AppState>,
    SessionCx(cx): SessionCx,
    headers: HeaderMap,
    Query(After { after }): Query<After>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    if !is_same_origin(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let token =
        cookie(&headers, COOKIE).filter(|_| cx.user_id().is_some()).ok_or_else(Problem::unauthenticated)?.to_owned();
    let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, state.domain, cx, token, after)))
}

async fn serve(mut socket: WebSocket, domain: Domain, cx: Cx, token: String, after: i64) {
    let Ok((org_id, mode)) = cx.tenant() else { return };
    let mut feed = domain.feed().subscribe(org_id, mode);
    // Subscribed first, looked second: what happened in between is seen twice rather than not at all.
    let missed = events::latest_id(&cx).await.is_ok_and(|latest| latest > after);
    let resync = |id| Event { id, mode, kind: "resync".to_owned() };
    if missed && send(&mut socket, &resync(after)).await.is_err() {
        return;
    }
    let mut pulse = tokio::time::interval(PULSE);
    loop {
        let sent = tokio::select! {
            event = feed.recv() => match event {
                Ok(event) => send(&mut socket, &event).await,
                Err(RecvError::Lagged(_)) => send(&mut socket, &resync(0)).await,
                Err(RecvError::Closed) => return,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => Ok(()),
            },
            _ = pulse.tick() => {
                let still = accounts::authenticate(&domain, &token, cx.request().clone()).await;
                if still.is_ok_and(|still| still.tenant() == Ok((org_id, mode))) {
                    socket.send(Message::Ping(Default::default())).await
                } else {
                    return;
                }
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn send(socket: &mut WebSocket, event: &Event) -> Result<(), axum::Error> {
    let text = serde_json::to_string(event).map_err(axum::Error::new)?;
    socket.send(Message::Text(text.into())).await
}
