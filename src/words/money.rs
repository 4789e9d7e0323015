//! Amounts of money.

use crate::plan::Currency;

/// Currencies without a smaller unit (ISO 4217, exponent 0).
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];

/// `$14.20`, `€0.35` or `14.20 CHF`, from millionths.
pub fn money(micros: u64, currency: Currency) -> String {
    let amount = match WHOLE.contains(&currency.code()) && micros >= 1_000_000 {
        true => (micros as f64 / 1e6).round().to_string(),
        false => amount(micros),
    };
    match currency.code() {
        "USD" => format!("${amount}"),
        "EUR" => format!("€{amount}"),
        "GBP" => format!("£{amount}"),
        code => format!("{amount} {code}"),
    }
}

/// Formats an amount like `1.25`. A small amount gets as many digits as it needs to be visible.
pub(super) fn amount(micros: u64) -> String {
    let amount = micros as f64 / 1e6;
    if micros == 0 || micros >= 10_000 {
        format!("{amount:.2}")
    } else {
        format!("{amount:.6}").trim_end_matches('0').to_owned()
    }
}

/// The same for an amount in whole units, as in `--json`.
pub fn cost(cost: f64, currency: Currency) -> String {
    // Costs are not negative, and far below the range.
    money((cost * 1e6).round() as u64, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_are_not_shown_as_nothing() {
        assert_eq!(amount(0), "0.00");
        assert_eq!(amount(350), "0.00035");
        assert_eq!(amount(12_340_000), "12.34");
    }

    #[test]
    fn common_currencies_have_a_sign_and_others_their_code() {
        let of = |code: &str| money(14_200_000, code.parse().unwrap());
        assert_eq!(
            [of("USD"), of("EUR"), of("GBP"), of("CHF")],
            ["$14.20", "€14.20", "£14.20", "14.20 CHF"]
        );
        assert_eq!(
            [of("JPY"), money(20_000, "JPY".parse().unwrap())],
            ["14 JPY", "0.02 JPY"]
        );
        assert_eq!(cost(0.35, Currency::default()), "$0.35");
    }
}
