//! Amounts of money.

use crate::plan::Currency;
use crate::schedule::money as amount;

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

/// The same for an amount in whole units, as in `--json`.
pub fn cost(cost: f64, currency: Currency) -> String {
    // Costs are not negative, and far below the range.
    money((cost * 1e6).round() as u64, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

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
