//! The claims of a sweep file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::arm::Arm;
use super::error::Source;
use crate::{Claim, ClaimTest, Metric, SweepError};

/// `[[claim]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimToml {
    says: Spanned<String>,
    reported: Option<String>,
    arms: Vec<String>,
    than: Vec<String>,
    lower: Option<Vec<Metric>>,
    not_higher: Option<Vec<Metric>>,
    equal: Option<Vec<Metric>>,
    ratio: Option<BTreeMap<Metric, [f64; 2]>>,
    #[serde(default)]
    margin: BTreeMap<Metric, f64>,
}

/// More sentences than a reader follows, and than a correction leaves any power for.
const MOST_CLAIMS: usize = 100;

/// Checks the claims against the arms. `margin` is that of the test error, as a fraction of the images.
pub(super) fn check_claims(
    source: &Source,
    claims: Vec<ClaimToml>,
    arms: &[Arm],
    margin: Option<f64>,
) -> Result<Vec<Claim>, SweepError> {
    if claims.len() > MOST_CLAIMS {
        let message = format!("{} claims are more than {MOST_CLAIMS}; divide the study", claims.len());
        return Err(source.error_of("claim", message));
    }
    claims.into_iter().map(|claim| check_claim(source, claim, arms, margin)).collect()
}

fn check_claim(
    source: &Source,
    claim: ClaimToml,
    arms: &[Arm],
    margin: Option<f64>,
) -> Result<Claim, SweepError> {
    let ClaimToml { says, reported, arms: about, than, lower, not_higher, equal, ratio, margin: mut margins } =
        claim;
    let span = says.span();
    let says = says.into_inner();
    let fail = |message: String| {
        let shown: String = says.chars().take(60).collect();
        Err(source.error_at(Some(span.clone()), format!("claim \"{}\": {message}", shown.escape_debug())))
    };
    if says.trim().is_empty() || says.chars().any(char::is_control) {
        return fail("says needs a sentence, in one line".to_owned());
    }
    for (key, names) in [("arms", &about), ("than", &than)] {
        if names.is_empty() {
            return fail(format!("{key} = []: name at least one arm"));
        }
        if let Some(unknown) = names.iter().find(|name| arms.iter().all(|arm| arm.name != **name)) {
            let known: Vec<String> = arms.iter().map(|arm| format!("\"{}\"", arm.name)).collect();
            return fail(format!(
                "{key} names \"{}\", which is no arm of this file; it has {}",
                unknown.escape_debug(),
                known.join(", ")
            ));
        }
    }
    if let Some(both) = about.iter().find(|name| than.contains(name)) {
        return fail(format!("\"{both}\" is in arms and in than: an arm is not compared with itself"));
    }
    let tests: Vec<ClaimTest> =
        [lower.map(ClaimTest::Lower), not_higher.map(ClaimTest::NotHigher), equal.map(ClaimTest::Equal)]
            .into_iter()
            .flatten()
            .chain(ratio.into_iter().flatten().map(|(metric, range)| ClaimTest::Ratio(metric, range)))
            .collect();
    let [test] = &tests[..] else {
        return fail(
            "give one of lower = [...], not_higher = [...], equal = [...] and ratio = { parameters = [0.2, 0.3] }"
                .to_owned(),
        );
    };
    if test.metrics().is_empty() {
        return fail("name at least one figure, such as lower = [\"test_error\"]".to_owned());
    }
    if let ClaimTest::Ratio(metric, [low, high]) = test {
        if !metric.is_exact() {
            return fail(format!(
                "ratio is for figures that do not vary, parameters and training_memory; the {metric} does"
            ));
        }
        if !(*low >= 0.0 && low < high && high.is_finite()) {
            return fail(format!("ratio from {low} to {high}: give two numbers, 0 or more, that rise"));
        }
    }
    if let Some((metric, value)) = margins.iter().find(|(_, value)| !(**value > 0.0 && value.is_finite())) {
        return fail(format!("the margin of the {metric} is {value}: give a finite number above 0"));
    }
    if let Some(margin) = margin {
        // As it was written: a hundredth of it and a hundred times that may differ in the last digit.
        margins.entry(Metric::TestError).or_insert((1e10 * margin).round() / 1e8);
    }
    // Two peaks of memory are never the same to the byte.
    let needs_margin = |metric: &&Metric| {
        let is_said_equal = matches!(test, ClaimTest::Equal(_) | ClaimTest::NotHigher(_));
        is_said_equal || **metric == Metric::TrainingMemory && !matches!(test, ClaimTest::Ratio(..))
    };
    let without = test.metrics().iter().filter(needs_margin).find(|metric| !margins.contains_key(metric));
    if let Some(metric) = without {
        return fail(format!(
            "what counts as equal? give the {metric} a margin, such as margin = {{ test_error = 0.1, epoch_time = 5 }}: \
             percentage points of a share, nats of a loss, per cent of anything else"
        ));
    }
    margins.retain(|metric, _| test.metrics().contains(metric));
    Ok(Claim { test: test.clone(), says, reported, arms: about, than, margin: margins })
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::Pool;
    use crate::sweep::arm::ArmOverrides;

    fn check(text: &str) -> Result<Claim, String> {
        let arm = |name: &str| Arm {
            name: name.to_owned(),
            fillings: Pool::max(2).into(),
            overrides: ArmOverrides::default(),
            span: 0..0,
        };
        let source = Source { file: "sweep.toml".into(), text: text.to_owned() };
        let claim: ClaimToml = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let checked = check_claims(&source, vec![claim], &["a", "b", "c"].map(arm), Some(0.001));
        checked.map(|mut claims| claims.remove(0)).map_err(|error| error.message)
    }

    #[test]
    fn a_claim_keeps_the_margins_that_it_is_judged_by() {
        let about = "says = 'a is best'\narms = ['a']\nthan = ['b', 'c']\n";
        let claim = check(&format!(
            "{about}not_higher = ['test_error', 'epoch_time']\nmargin = {{ epoch_time = 5.0, latency = 3.0 }}"
        ));
        let margin = [(Metric::TestError, 0.1), (Metric::EpochTime, 5.0)];
        assert_eq!(claim.unwrap().margin, margin.into_iter().collect());
        let claim = check(&format!("{about}lower = ['training_loss']")).unwrap();
        assert_eq!(claim.test, ClaimTest::Lower(vec![Metric::TrainingLoss]));
        assert!(claim.margin.is_empty());
    }

    #[test]
    fn claims_that_nothing_could_decide_are_refused() {
        for (text, said) in [
            ("says = ''\narms = ['a']\nthan = ['b']\nlower = ['test_error']", "says needs a sentence"),
            (
                "says = 's'\narms = []\nthan = ['b']\nlower = ['test_error']",
                "arms = []: name at least one arm",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['x']\nlower = ['test_error']",
                "than names \"x\", which is no arm of this file; it has \"a\", \"b\", \"c\"",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['a']\nlower = ['test_error']",
                "\"a\" is in arms and in than",
            ),
            ("says = 's'\narms = ['a']\nthan = ['b']", "give one of lower"),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nlower = ['test_error']\nequal = ['test_error']",
                "give one of lower",
            ),
            ("says = 's'\narms = ['a']\nthan = ['b']\nlower = []", "name at least one figure"),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nratio = { test_error = [0.1, 0.2] }",
                "ratio is for figures that do not vary",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nratio = { parameters = [0.3, 0.2] }",
                "ratio from 0.3 to 0.2",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nlower = ['test_error']\nmargin = { test_error = -1 }",
                "the margin of the test error is -1",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nlower = ['training_memory']",
                "what counts as equal? give the training memory a margin",
            ),
            (
                "says = 's'\narms = ['a']\nthan = ['b']\nequal = ['epoch_time']",
                "what counts as equal? give the epoch time a margin",
            ),
            ("says = 's'\narms = ['a']\nthan = ['b']\nlower = ['speed']", "unknown variant `speed`"),
        ] {
            let message = check(text).unwrap_err();
            assert!(message.contains(said), "{text}: {message}");
        }
    }
}
