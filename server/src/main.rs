//! The binary `certnode`.

use axum::Router;
use leptos_axum::LeptosRoutes as _;

#[tokio::main]
async fn main() {
    let options = leptos_config::get_configuration(None).map(|c| c.leptos_options);
    let Ok(options) = options else { return };
    let routes = leptos_axum::generate_route_list(app::App);
    let address = options.site_addr;
    let router = Router::new()
        .leptos_routes(&options, routes, {
            let options = options.clone();
            move || app::shell(options.clone())
        })
        .fallback(leptos_axum::file_and_error_handler(app::shell))
        .with_state(options);
    let Ok(listener) = tokio::net::TcpListener::bind(address).await else { return };
    let _ = axum::serve(listener, router).await;
}
