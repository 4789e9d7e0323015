//! Errors that are not the agent's fault, recognised by the status of the answer and by the wording of services and
//! programs.

use crate::schedule::ObstacleKind;

/// Questions that only a person can answer.
const TRUST: &[&str] = &[
    "trusted directory",
    "not inside a trusted directory",
    "do you trust",
    "folder is not trusted",
    "workspace is not trusted",
    "untrusted folder",
];

/// Nobody is logged in.
const LOGIN: &[&str] = &[
    "authentication_error",
    "authentication_failed",
    "authenticationerror",
    "authentication error",
    "unauthorized",
    "invalid api key",
    "invalid x-api-key",
    "incorrect api key",
    "api key not valid",
    "api key is missing",
    "no api key",
    "please run /login",
    "please log in",
    "not logged in",
    "login required",
    "auth method",
    "please set an auth method",
    "missing environment variable",
    "oauth token has expired",
    "token has expired",
    "token is expired",
    "refresh token",
    "session expired",
    "credentials have expired",
];

/// The account itself is refused.
const ACCOUNT: &[&str] = &[
    "credit balance is too low",
    "insufficient_quota",
    "insufficient quota",
    "insufficient credits",
    "insufficient balance",
    "billing",
    "payment required",
    "organization has been disabled",
];

/// The quota is used up for now.
const LIMIT: &[&str] = &[
    "rate limit",
    "rate_limit",
    "ratelimit",
    "rate-limit",
    "too many requests",
    "usage limit",
    "usage_limit",
    "hit your limit",
    "limit reached",
    "quota exceeded",
    "exceeded your current quota",
    "resource_exhausted",
    "resource has been exhausted",
    "(429)",
    "status 429",
    "status: 429",
];

/// The service is unavailable.
const OUTAGE: &[&str] = &[
    "overloaded",
    "service unavailable",
    "bad gateway",
    "gateway timeout",
    "internal server error",
    "connection error",
    "connection refused",
    "connection reset",
    "connection closed",
    "unable to connect",
    "cannot connect",
    "could not connect",
    "econnrefused",
    "econnreset",
    "enotfound",
    "etimedout",
    "eai_again",
    "fetch failed",
    "socket hang up",
    "network error",
    "stream disconnected",
    "stream closed",
    "error sending request",
    "apiconnectionerror",
    "serviceunavailableerror",
    "internalservererror",
    "status 529",
    // Codex on HTTP 500.
    "experiencing high demand",
];

/// Prefixes of an error on a line of text.
const BEFORE: &[&str] = &[
    "error:",
    "error",
    "[api error:",
    "api error:",
    "fatal:",
    "warning:",
    "connect",
];

/// The kind of obstacle that an error is. `None` for any other error.
pub(super) fn kind(status: Option<u64>, text: &str) -> Option<ObstacleKind> {
    let text = text.to_lowercase();
    sort(status, &text, |words| {
        words.iter().any(|word| has_word(&text, word))
    })
}

/// The kind of obstacle in a line that a program prints beside its events. Only the beginning of the line counts, because
/// a line may quote anything.
pub(super) fn kind_of_line(line: &str) -> Option<ObstacleKind> {
    let text = line.to_lowercase();
    let mut rest = text.trim_start();
    while let Some(shorter) = BEFORE.iter().find_map(|before| rest.strip_prefix(before)) {
        // Part of a longer word.
        if shorter.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            break;
        }
        rest = shorter.trim_start();
    }
    let digits = rest.len()
        - rest
            .trim_start_matches(|digit: char| digit.is_ascii_digit())
            .len();
    let status = Some(&rest[..digits]).filter(|digits| digits.len() == 3);
    let status = status.and_then(|digits| digits.parse().ok());
    sort(status, rest, |words| {
        words.iter().any(|word| rest.starts_with(word))
    })
}

/// True when the text contains the words, not merely as the end of a longer word: `FileNotFoundError` is no `enotfound`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(char::is_alphanumeric) || !word.starts_with(char::is_alphanumeric)
    })
}

fn sort(status: Option<u64>, text: &str, says: impl Fn(&[&str]) -> bool) -> Option<ObstacleKind> {
    if says(TRUST) {
        return Some(ObstacleKind::Trust);
    }
    if status == Some(402) || says(ACCOUNT) {
        return Some(ObstacleKind::Account);
    }
    match status {
        Some(401 | 403) => Some(ObstacleKind::Login),
        Some(429) => Some(ObstacleKind::RateLimit),
        Some(408 | 500..=599) => Some(ObstacleKind::Outage),
        // With any other text the request itself is wrong.
        Some(400..=499) => says(LOGIN)
            .then_some(ObstacleKind::Login)
            .or_else(|| says(LIMIT).then_some(ObstacleKind::RateLimit)),
        _ if says(LIMIT) => Some(ObstacleKind::RateLimit),
        _ if says(LOGIN) => Some(ObstacleKind::Login),
        _ if says(OUTAGE) || unexpected_5xx(text) => Some(ObstacleKind::Outage),
        _ => None,
    }
}

/// `status 503`, `status: 502`, `HTTP 500`.
fn unexpected_5xx(text: &str) -> bool {
    ["status 5", "status: 5", "http 5", "error 5"]
        .iter()
        .any(|prefix| {
            text.match_indices(prefix).any(|(at, _)| {
                let digits = &text.as_bytes()[at + prefix.len()..];
                digits.len() >= 2
                    && digits[..2].iter().all(u8::is_ascii_digit)
                    && digits.get(2).is_none_or(|next| !next.is_ascii_digit())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_status_first_and_by_words_where_there_is_none() {
        let cases = [
            (Some(429), "slow down", Some(ObstacleKind::RateLimit)),
            (Some(401), "no", Some(ObstacleKind::Login)),
            (Some(529), "Overloaded", Some(ObstacleKind::Outage)),
            (Some(402), "pay", Some(ObstacleKind::Account)),
            (Some(400), "stub http 400", None),
            (Some(404), "model not found", None),
            (
                Some(400),
                "API key not valid. Please pass a valid API key.",
                Some(ObstacleKind::Login),
            ),
            (
                None,
                "You've hit your usage limit. Try again in 2 hours.",
                Some(ObstacleKind::RateLimit),
            ),
            (
                None,
                "exceeded retry limit, last status: 429 Too Many Requests",
                Some(ObstacleKind::RateLimit),
            ),
            (
                None,
                "unexpected status 401 Unauthorized: invalid",
                Some(ObstacleKind::Login),
            ),
            (
                None,
                "unexpected status 529 <unknown status code>: busy",
                Some(ObstacleKind::Outage),
            ),
            (
                None,
                "Your credit balance is too low",
                Some(ObstacleKind::Account),
            ),
            (None, "Not inside a trusted directory", Some(ObstacleKind::Trust)),
            (None, "the tests do not pass", None),
            (None, "status 5000 is not a status", None),
            (None, "FileNotFoundError: [Errno 2] No such file: 'x.csv'", None),
            (
                None,
                "getaddrinfo ENOTFOUND api.example.org",
                Some(ObstacleKind::Outage),
            ),
            (
                None,
                "We're currently experiencing high demand, which may cause temporary errors.",
                Some(ObstacleKind::Outage),
            ),
        ];
        for (status, text, expected) in cases {
            assert_eq!(kind(status, text), expected, "{status:?} {text}");
        }
    }

    #[test]
    fn a_line_of_text_counts_by_its_beginning_alone() {
        let cases = [
            (
                "Error: 429 Too Many Requests, retry after 30",
                Some(ObstacleKind::RateLimit),
            ),
            (
                "Not inside a trusted directory and --skip-git-repo-check was not specified.",
                Some(ObstacleKind::Trust),
            ),
            (
                "Invalid API key \u{b7} Please run /login",
                Some(ObstacleKind::Login),
            ),
            (
                "Error: connect ECONNREFUSED 127.0.0.1:1",
                Some(ObstacleKind::Outage),
            ),
            ("API Error: 503 upstream", Some(ObstacleKind::Outage)),
            (
                "the test for `429 Too Many Requests` fails: connection refused",
                None,
            ),
            ("test unauthorized_users_are_refused ... FAILED", None),
            ("errors: 429", None),
            ("FileNotFoundError: x", None),
        ];
        for (line, expected) in cases {
            assert_eq!(kind_of_line(line), expected, "{line}");
        }
    }
}
