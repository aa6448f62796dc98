//! Server functions of the overview.

use leptos::prelude::*;

use super::{Framed, Overview};
use crate::codec::Json;
use crate::error::AppError;

/// Everything the overview shows.
#[server(output = Json)]
pub async fn get_overview() -> Result<Framed<Overview>, AppError> {
    use domain::page::{MAX_LIMIT, Page};
    use domain::receipts::Filter;
    use domain::{api_keys, imports, logs, receipts};

    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let page = Page { limit: 8, ..Page::default() };
        let keys = match api_keys::list(&cx).await {
            Ok(keys) => keys,
            // A viewer sees receipts and no keys.
            Err(problem) if problem.status == 403 => Vec::new(),
            Err(problem) => return Err(problem),
        };
        let mode = cx.tenant()?.1;
        let day = cx.now().date().to_string();
        let today = Filter { from: Some(day.clone()), until: Some(day.clone()), ..Filter::default() };
        let today = receipts::list(&cx, &today, &Page { limit: MAX_LIMIT, ..Page::default() }).await?;
        Ok(Overview {
            keys: keys.into_iter().filter(|key| key.mode == mode && key.revoked_at.is_none()).collect(),
            latest: receipts::list(&cx, &Filter::default(), &page).await?.data,
            today: super::Today { day, receipts: today.data.len(), more: today.next.is_some() },
            head: logs::head(&cx).await?,
            import: imports::latest(&cx).await?,
            test: mode == domain::Mode::Test,
            url: crate::request::public_url(),
        })
    })
    .await
}
