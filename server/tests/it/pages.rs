//! Pages, forms and what stands around every answer.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::Served;

async fn get(served: &Served, path: &str, token: Option<&str>) -> super::Answer {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("cookie", format!("__Host-certnode={token}"));
    }
    served.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_back() {
    let served = Served::new().await;
    for path in ["/dashboard", "/receipts?kind=approval", "/ledger", "/keys", "/imports/imp_x"] {
        let answer = get(&served, path, None).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/sign-in?next=%2F"), "{path}");
    }
    let token = served.world.org_token("acme").await;
    assert_eq!(get(&served, "/dashboard", Some(&token)).await.status, StatusCode::OK);
    assert_eq!(get(&served, "/sign-in", Some(&token)).await.header("location"), "/dashboard");
    assert_eq!(get(&served, "/dashboard", Some("made-up")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_page_shows_only_its_readers_receipts() {
    let served = Served::new().await;
    let (acme, _) = served.org("acme").await;
    let token = served.world.org_token("stranger").await;
    let new = domain::receipts::NewReceipt::from_json(br#"{"reference":"secret-order"}"#).unwrap();
    let id = domain::receipts::issue(&acme, new, None).await.unwrap().receipt.summary.id;
    for path in [format!("/receipts/{id}"), format!("/receipts/{id}/bundle"), "/receipts".to_owned()] {
        let page = get(&served, &path, Some(&token)).await;
        assert!(!String::from_utf8_lossy(&page.body).contains("secret-order"), "{path}");
    }
    assert_eq!(get(&served, &format!("/receipts/{id}/bundle"), Some(&token)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_ledger_shows_its_states_and_compares_two_without_a_script() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    let page = async |query: &str| {
        let page = get(&served, &format!("/ledger{query}"), Some(&token)).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        String::from_utf8(page.body).unwrap()
    };
    let empty = page("").await;
    assert!(empty.contains("Nothing in this log yet") && empty.contains("No witnesses are asked"), "{empty}");
    for _ in 0..2 {
        let new = domain::receipts::NewReceipt::from_json(b"{}").unwrap();
        domain::receipts::issue(&cx, new, None).await.unwrap();
        domain::anchors::anchor(&served.world.domain).await.unwrap();
    }
    let shown = page("").await;
    assert!(shown.contains("The 3 entries stand in 2 full blocks: of 2 and 1."), "{shown}");
    assert!(shown.contains("nobody is asked") && shown.contains("No key of this log was ever replaced"));
    let compared = page("?from=2&to=3").await;
    assert!(
        compared.contains("It only grew, says the server") && compared.contains("Without JavaScript"),
        "{compared}"
    );
    // A size that was never anchored is signed for the answer.
    assert!(page("?from=1&to=3").await.contains("It only grew, says the server"));
    for (query, sentence) in [
        ("?from=3&to=2", "The earlier state cannot be the larger one: 3 is more than 2."),
        ("?from=x&to=3", "Give both sizes as whole numbers of entries"),
        ("?from=2&to=9", "Your log has 3 entries now, and 9 were asked for."),
        ("?from=0&to=3", "The smallest state has 1 entry."),
    ] {
        assert!(page(query).await.contains(sentence), "{query}");
    }
}

#[tokio::test]
async fn the_whole_log_is_checked_on_demand_without_a_script() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    for _ in 0..2 {
        let new = domain::receipts::NewReceipt::from_json(b"{}").unwrap();
        domain::receipts::issue(&cx, new, None).await.unwrap();
    }
    let page = async || String::from_utf8(get(&served, "/ledger", Some(&token)).await.body).unwrap();
    let fresh = page().await;
    assert!(
        fresh.contains("Not checked on demand yet") && fresh.contains("No round has come to its end yet"),
        "{fresh}"
    );
    assert_eq!(get(&served, "/ledger/check.json", Some(&token)).await.status, StatusCode::NOT_FOUND);

    // The page's own form, as a browser without scripts sends it.
    let form = fresh.split("<form").find(|form| form.contains("/start_log_check\"")).unwrap();
    assert!(form.contains("method=\"post\"") && form.contains("Check now"), "{form}");
    let ask = Request::post(form.split("action=\"").nth(1).unwrap().split('"').next().unwrap())
        .header("cookie", format!("__Host-certnode={token}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", "/ledger")
        .header("sec-fetch-site", "same-origin");
    let answer = served.send(ask.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "/ledger"));
    assert!(page().await.contains("Waiting for its turn"));

    // As a server's own workers do it.
    let over = async {
        while domain::integrity::check::find(&cx).await.unwrap().outcome.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        ended = domain::jobs::run_workers(served.world.domain.clone(), 1, std::future::pending()) => panic!("{ended:?}"),
        () = over => {}
    }
    let over = page().await;
    assert!(over.contains("Everything is as it was signed") && !over.contains("Waiting for its turn"), "{over}");
    let report = get(&served, "/ledger/check.json", Some(&token)).await;
    assert!(report.header("content-disposition").contains("log-check.json"));
    assert_eq!(report.json()["log"]["checked"]["rows"], 3);
    assert_eq!(get(&served, "/ledger/check.json", None).await.status, StatusCode::UNAUTHORIZED);
    let stranger = served.world.org_token("stranger").await;
    assert_eq!(get(&served, "/ledger/check.json", Some(&stranger)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_words_are_text_on_a_page() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    let cx = domain::accounts::authenticate(&served.world.domain, &token, served.world.request()).await.unwrap();
    let new =
        domain::receipts::NewReceipt::from_json(br#"{"reference":"</script><script>alert(1)</script>"}"#).unwrap();
    domain::receipts::issue(&cx, new, None).await.unwrap();
    let page = String::from_utf8(get(&served, "/receipts", Some(&token)).await.body).unwrap();
    assert!(!page.contains("<script>alert(1)"), "{page}");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    let served = Served::new().await;
    for path in ["/", "/sign-in", "/nothing", "/v1/receipts", "/v1/nothing", "/healthz", "/dashboard"] {
        let answer = get(&served, path, None).await;
        assert!(answer.header("request-id").starts_with("req_"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && !policy.contains("unsafe-inline")
                && !policy.contains("'unsafe-eval'"),
            "{path}: {policy}"
        );
    }
    let page = get(&served, "/", None).await;
    let nonce =
        page.header("content-security-policy").split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert!(String::from_utf8_lossy(&page.body).contains(&format!("nonce=\"{nonce}\"")));
    assert_eq!(page.header("cache-control"), "no-store");
    let missing = get(&served, "/nothing", None).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_sites_form_is_refused() {
    let served = Served::new().await;
    let post = |headers: &[(&'static str, &'static str)]| {
        let mut request = Request::post("/sign-in")
            .header("host", "certnode.example")
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        served.send(request.body(Body::from("email=a%40b.example&password=x")).unwrap())
    };
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&[("sec-fetch-site", "same-site")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&[("origin", "https://evil.example")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&[("origin", "https://certnode.example")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(post(&[("sec-fetch-site", "same-origin")]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_scripts_cannot_read() {
    let served = Served::new().await;
    served.world.org_token("acme").await;
    let form = format!(
        "email=owner%40acme.example&password={}&next=//evil.example",
        domain::testing::PASSWORD.replace(' ', "+")
    );
    let request = Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = served.send(request).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/dashboard"));
    let cookie = answer.header("set-cookie");
    for part in ["__Host-certnode=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[tokio::test]
async fn without_the_database_pages_say_so_and_the_public_ones_work() {
    let served = Served::new().await;
    let token = served.world.org_token("acme").await;
    served.world.domain.database().close().await;
    let page = get(&served, "/dashboard", Some(&token)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(text.contains("The server is busy just now") && text.contains(page.header("request-id")), "{text}");
    assert_eq!(get(&served, "/verify", Some(&token)).await.status, StatusCode::OK);
    assert_eq!(get(&served, "/readyz", None).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
