//! Access control: the pages are for one person's browser and scripts, and for no other page that is open in the browser.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::serve::page::problem;
use crate::serve::server::Server;

/// The longest body of a request, in bytes: the longest message, encoded.
const LONGEST: usize = 96 << 10;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The headers of every answer.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// How the client presented the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// In the `Authorization` header, which no foreign page can make a browser send.
    Header,
    /// In the cookie, which the browser sends by itself.
    Cookie,
}

/// Lets a request through, or answers it.
pub async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let mut answer = match admit(&server, request).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused,
    };
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    answer
}

async fn admit(server: &Server, mut request: Request) -> Result<Request, Response> {
    let refusal = |request: &Request, status, why: &str| problem(request.uri(), status, why, &[]);
    if !host_is_ours(request.headers(), server.public) {
        return Err(refusal(
            &request,
            StatusCode::FORBIDDEN,
            "this server answers to addresses and to localhost, to no other name",
        ));
    }
    if request.uri().path().starts_with("/static/") {
        return Ok(request);
    }
    if let Some(entered) = enter(server, &request) {
        return Err(entered);
    }
    let Some(shown) = shown(server, request.headers()) else {
        return Err(refusal(
            &request,
            StatusCode::UNAUTHORIZED,
            "the token is missing or not the right one: open the address that `orch serve` printed",
        ));
    };
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Ok(request);
    }
    if !comes_from_here(request.headers()) {
        return Err(refusal(
            &request,
            StatusCode::FORBIDDEN,
            "another page may not act here",
        ));
    }
    if server.readonly {
        return Err(refusal(
            &request,
            StatusCode::FORBIDDEN,
            "this server only shows: it was started with --readonly",
        ));
    }
    let body = std::mem::take(request.body_mut());
    match tokio::time::timeout(PATIENCE, to_bytes(body, LONGEST)).await {
        Ok(Ok(bytes)) => *request.body_mut() = Body::from(bytes),
        Ok(Err(_)) => {
            return Err(refusal(
                &request,
                StatusCode::PAYLOAD_TOO_LARGE,
                "this is too long",
            ));
        }
        Err(_) => {
            return Err(refusal(
                &request,
                StatusCode::REQUEST_TIMEOUT,
                "the request did not arrive in time",
            ));
        }
    }
    request.extensions_mut().insert(shown);
    Ok(request)
}

/// Checks the host name: an attacker's name may resolve to this machine, so that a foreign page would pass for one of ours.
fn host_is_ours(headers: &HeaderMap, public: bool) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match bare.unwrap_or(name).parse::<IpAddr>() {
        Ok(address) => public || address.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// `?token=…`: a correct token is moved from the address to the cookie.
fn enter(server: &Server, request: &Request) -> Option<Response> {
    let uri = request.uri();
    let query = uri.query()?;
    let given = query.split('&').find_map(|part| part.strip_prefix("token="))?;
    if !server.token.is(given) {
        return None;
    }
    let rest: Vec<&str> = query
        .split('&')
        .filter(|part| !part.starts_with("token="))
        .collect();
    // Two slashes would name another server.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let to = match rest.is_empty() {
        true => path,
        false => format!("{path}?{}", rest.join("&")),
    };
    let cookie = format!(
        "{}={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict",
        server.token.cookie_name(),
        server.token.text()
    );
    Some(
        (
            StatusCode::SEE_OTHER,
            [(header::LOCATION, to), (header::SET_COOKIE, cookie)],
        )
            .into_response(),
    )
}

fn shown(server: &Server, headers: &HeaderMap) -> Option<Shown> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let given = value.to_str().ok()?.strip_prefix("Bearer ")?;
        return server.token.is(given.trim()).then_some(Shown::Header);
    }
    let name = server.token.cookie_name();
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let right = pairs.any(|(own, value)| own == name && server.token.is(value));
    right.then_some(Shown::Cookie)
}

/// Checks the origin of a post. For a page that hides its address browsers send `null`; then the form's key decides.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let said = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = said(&HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match said(&header::ORIGIN) {
        None | Some("null") => true,
        Some(origin) => {
            let host = said(&header::HOST).unwrap_or_default();
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
                == Some(host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn hosts_are_addresses_of_this_machine() {
        for host in [
            "127.0.0.1:7171",
            "localhost",
            "LocalHost:80",
            "[::1]:7171",
            "127.0.0.2",
        ] {
            assert!(host_is_ours(&headers(&[("host", host)]), false), "{host}");
        }
        for host in [
            "evil.example:7171",
            "localhost.evil.example",
            "10.0.0.1:7171",
            "",
            "127.0.0.1.evil.example",
            "[::1].evil.example",
            "127.0.0.1@evil.example",
        ] {
            assert!(!host_is_ours(&headers(&[("host", host)]), false), "{host}");
        }
        assert!(host_is_ours(&headers(&[("host", "10.0.0.1:7171")]), true));
        assert!(!host_is_ours(&headers(&[("host", "evil.example")]), true));
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(!host_is_ours(&two, false) && !host_is_ours(&HeaderMap::new(), false));
    }

    #[test]
    fn posts_come_from_our_own_pages() {
        let host = ("host", "127.0.0.1:7171");
        let own = ("origin", "http://127.0.0.1:7171");
        assert!(comes_from_here(&headers(&[host, own])));
        assert!(comes_from_here(&headers(&[
            host,
            ("origin", "null"),
            ("sec-fetch-site", "same-origin")
        ])));
        for foreign in [
            ("origin", "http://127.0.0.1:3000"),
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(!comes_from_here(&headers(&[host, foreign])), "{foreign:?}");
        }
    }
}
