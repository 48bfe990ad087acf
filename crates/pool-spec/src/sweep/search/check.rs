//! From `[search]` as written to a search that can be trusted.

use std::ops::Range as Span;

use toml::Spanned;

use super::Ladder;
use super::space::{Axis, NumberAxis, Pools, Space};
use super::toml_file::{Numbers, PlaceToml, Range, Scale, SearchToml, SpaceToml, StrategyToml};
use crate::sweep::check::Arm;
use crate::sweep::error::Source;
use crate::sweep::network::NetworkTemplate;
use crate::sweep::toml_file::BatchSizeToml;
use crate::{SearchPlan, SweepError};

/// A search in which every single setting is right.
#[derive(Debug, Clone)]
pub(in crate::sweep) struct Search {
    strategy: Strategy,
    /// Arms in all, the listed ones among them.
    pub(in crate::sweep) arms: usize,
    seed: u64,
    hours: Option<f64>,
    space: Space,
    /// Where the space stands.
    pub(in crate::sweep) span: Span<usize>,
    /// Where the batch sizes stand, which must fit the data.
    pub(in crate::sweep) batch_sizes: Option<(Vec<usize>, Span<usize>)>,
}

#[derive(Debug, Clone, Copy)]
enum Strategy {
    Random,
    Halving(Ladder),
}

/// What a search is checked against.
pub(in crate::sweep) struct SearchContext<'a> {
    pub(in crate::sweep) listed: &'a [Arm],
    pub(in crate::sweep) seeds: usize,
    pub(in crate::sweep) epochs: u32,
    /// The network, where the file has one.
    pub(in crate::sweep) network: Option<&'a NetworkTemplate>,
}

/// Arms of a search that has hours and no number of trials.
const ARMS_WITHOUT_NUMBER: usize = 1_000;
const USUAL_REDUCTION: u32 = 3;

impl Search {
    pub(in crate::sweep) fn check(
        source: &Source,
        raw: SearchToml,
        around: &SearchContext<'_>,
    ) -> Result<Self, SweepError> {
        let checker = Checker { source };
        let batch_sizes = raw.space.as_ref().batch_size.as_ref();
        let batch_sizes =
            batch_sizes.map(|sizes| Ok((checker.batch_sizes(sizes.clone())?, sizes.span()))).transpose()?;
        let span = raw.space.span();
        let strategy = checker.strategy(&raw, around)?;
        let hours = raw.hours.as_ref().map(|hours| checker.hours(hours)).transpose()?;
        let seed = raw.seed.0;
        let arms = checker.arms(&raw, strategy, around)?;
        let space = checker.space(raw.space.into_inner(), &span, around)?;
        Ok(Self { strategy, arms, seed, hours, space, span, batch_sizes })
    }

    /// The rungs and hours, for the arms that there are.
    pub(in crate::sweep) fn plan(&self, arms: usize) -> SearchPlan {
        let rungs = match self.strategy {
            Strategy::Random => Vec::new(),
            Strategy::Halving(ladder) => ladder.rungs(arms),
        };
        SearchPlan { rungs, hours: self.hours }
    }

    /// Whether a space that is used up is no error: hours, and not a number of trials, say how many arms there are.
    pub(in crate::sweep) fn takes_what_there_is(&self) -> bool {
        self.arms == ARMS_WITHOUT_NUMBER && self.hours.is_some()
    }

    /// The arm of one draw; none where there is nothing to draw from.
    pub(in crate::sweep) fn draw(&self, number: u64, listed: &[Arm]) -> Option<Arm> {
        self.space.draw(self.seed, number, listed)
    }
}

struct Checker<'a> {
    source: &'a Source,
}

impl Checker<'_> {
    fn error(&self, span: Span<usize>, message: impl Into<String>) -> SweepError {
        self.source.error_at(Some(span), message)
    }

    fn hours(&self, hours: &Spanned<f64>) -> Result<f64, SweepError> {
        let number = *hours.as_ref();
        if number > 0.0 && number.is_finite() {
            return Ok(number);
        }
        Err(self.error(hours.span(), format!("hours = {number}: give a finite number above 0, such as 8.0")))
    }

    fn strategy(&self, raw: &SearchToml, around: &SearchContext<'_>) -> Result<Strategy, SweepError> {
        match raw.strategy {
            StrategyToml::Random => {
                let reduction = raw.reduction.as_ref().map(Spanned::span);
                let first_epochs = raw.first_epochs.as_ref().map(Spanned::span);
                for (key, span) in [("reduction", reduction), ("first_epochs", first_epochs)] {
                    if let Some(span) = span {
                        let message = format!(
                            "{key}: only strategy = \"halving\" has rungs; leave it out, or change the strategy"
                        );
                        return Err(self.error(span, message));
                    }
                }
                Ok(Strategy::Random)
            }
            StrategyToml::Halving => {
                let reduction =
                    raw.reduction.as_ref().map_or(USUAL_REDUCTION, |given| given.as_ref().0 as u32);
                let first_epochs = match &raw.first_epochs {
                    None => 1,
                    Some(given) if given.as_ref().0 <= u64::from(around.epochs) => given.as_ref().0 as u32,
                    Some(given) => {
                        let message = format!(
                            "first_epochs = {}: give a whole number from 1 to {}, the epochs of a trial",
                            given.as_ref().0,
                            around.epochs
                        );
                        return Err(self.error(given.span(), message));
                    }
                };
                Ok(Strategy::Halving(Ladder {
                    reduction,
                    first_epochs,
                    last_epochs: around.epochs,
                    seeds: around.seeds,
                }))
            }
        }
    }

    /// How many arms the budget pays for.
    fn arms(
        &self,
        raw: &SearchToml,
        strategy: Strategy,
        around: &SearchContext<'_>,
    ) -> Result<usize, SweepError> {
        let Some(trials) = &raw.trials else {
            return match (strategy, &raw.hours) {
                (Strategy::Random, Some(_)) => Ok(ARMS_WITHOUT_NUMBER),
                (Strategy::Random, None) => {
                    Err(self
                        .error(raw.space.span(), "the search has no budget: add trials = 60, or hours = 8.0"))
                }
                (Strategy::Halving(_), _) => Err(self.error(
                    raw.space.span(),
                    "halving must know how many arms begin: add trials = 60 (hours may stand beside it)",
                )),
            };
        };
        let number = trials.as_ref().to_usize();
        let arms = match strategy {
            Strategy::Random => number / around.seeds,
            Strategy::Halving(ladder) => ladder.arms_within(number),
        };
        let needed = around.listed.len().max(1);
        if arms < needed {
            let message = format!(
                "trials = {number}: with {} seeds each that is enough for arms: {arms}, of at least {needed}; \
                 give more trials, or fewer seeds",
                around.seeds
            );
            return Err(self.error(trials.span(), message));
        }
        Ok(arms)
    }

    fn space(
        &self,
        raw: SpaceToml,
        span: &Span<usize>,
        around: &SearchContext<'_>,
    ) -> Result<Space, SweepError> {
        let SpaceToml { reduce, size, stride, padding, slots, dropout, learning_rate, batch_size } = raw;
        let pools = match reduce {
            Some(reduce) => Pools::Windows {
                reduce: self.values("reduce", reduce)?,
                size: self.axis("size", size)?,
                stride: self.axis("stride", stride)?,
                padding: self.axis("padding", padding)?,
            },
            None => {
                let of_windows = [
                    size.map(|axis| axis.span()),
                    stride.map(|axis| axis.span()),
                    padding.map(|axis| axis.span()),
                ];
                if let Some(span) = of_windows.into_iter().flatten().next() {
                    let message =
                        "size, stride and padding belong to windows: add reduce = [\"max\", \"avg\"]";
                    return Err(self.error(span, message));
                }
                if around.listed.is_empty() {
                    let message =
                        "there is no pooling layer to draw: add reduce = [\"max\", \"avg\"], or an [[arm]]";
                    return Err(self.error(span.clone(), message));
                }
                Pools::Listed
            }
        };
        let slots = match slots {
            None => Axis::Fixed,
            Some(slots) => self.slots(slots, around.network)?,
        };
        if let (Some(dropout), Some(network)) = (&dropout, around.network)
            && !network.has_dropout()
        {
            let message =
                "dropout: the network has no dropout layer whose rate could change; add { dropout = 0.2 }";
            return Err(self.error(dropout.span(), message));
        }
        let rate = |value: f64| (0.0..1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        Ok(Space {
            pools,
            slots,
            dropout: self.numbers("dropout", dropout, rate, "from 0 to below 1")?,
            learning_rate: self.numbers("learning_rate", learning_rate, positive, "above 0 and finite")?,
            batch_size: match batch_size {
                None => Axis::Fixed,
                Some(sizes) => Axis::List(self.batch_sizes(sizes)?),
            },
        })
    }

    fn values<T: PartialEq>(&self, key: &str, values: Spanned<Vec<T>>) -> Result<Vec<T>, SweepError> {
        let span = values.span();
        let values = values.into_inner();
        if values.is_empty() {
            return Err(
                self.error(span, format!("{key} = []: give at least one value, or leave the axis out"))
            );
        }
        if let Some(index) = (1..values.len()).find(|&index| values[..index].contains(&values[index])) {
            let message = format!("{key}: value {} stands there twice; remove one", index + 1);
            return Err(self.error(span, message));
        }
        Ok(values)
    }

    fn axis<T: PartialEq>(&self, key: &str, values: Option<Spanned<Vec<T>>>) -> Result<Axis<T>, SweepError> {
        values.map_or(Ok(Axis::Fixed), |values| Ok(Axis::List(self.values(key, values)?)))
    }

    fn numbers(
        &self,
        key: &str,
        numbers: Option<Spanned<Numbers>>,
        is_allowed: impl Fn(f64) -> bool,
        rule: &str,
    ) -> Result<NumberAxis, SweepError> {
        let Some(numbers) = numbers else { return Ok(NumberAxis::List(Axis::Fixed)) };
        let span = numbers.span();
        let check = |value: f64| {
            let message = || format!("{key}: {value} is not allowed; give numbers {rule}");
            if is_allowed(value) { Ok(()) } else { Err(self.error(span.clone(), message())) }
        };
        match numbers.into_inner() {
            Numbers::List(list) => {
                list.iter().try_for_each(|&value| check(value))?;
                let list = self.values(key, Spanned::new(span.clone(), list))?;
                Ok(NumberAxis::List(Axis::List(list)))
            }
            Numbers::Range(range) => {
                let Range { from, to, scale } = range;
                check(from)?;
                check(to)?;
                if from >= to {
                    let message = format!("{key}: from = {from} must be less than to = {to}");
                    return Err(self.error(span.clone(), message));
                }
                if scale == Scale::Log && from <= 0.0 {
                    let message = format!("{key}: a logarithmic range begins above 0, not at from = {from}");
                    return Err(self.error(span.clone(), message));
                }
                Ok(NumberAxis::Range(range))
            }
        }
    }

    fn batch_sizes(&self, sizes: Spanned<Vec<BatchSizeToml>>) -> Result<Vec<usize>, SweepError> {
        Ok(self.values("batch_size", sizes)?.into_iter().map(BatchSizeToml::to_usize).collect())
    }

    /// Sets of slots, from 1 in the file and from 0 here.
    fn slots(
        &self,
        slots: Spanned<Vec<Vec<PlaceToml>>>,
        network: Option<&NetworkTemplate>,
    ) -> Result<Axis<Vec<usize>>, SweepError> {
        let span = slots.span();
        let there = network.map_or(1, NetworkTemplate::slots);
        let sets = self.values("slots", slots)?;
        let checked = sets.into_iter().map(|set| {
            let mut places = set
                .iter()
                .map(|slot| Some(slot.to_usize()).filter(|slot| *slot <= there).map(|slot| slot - 1))
                .collect::<Option<Vec<usize>>>();
            if let Some(places) = &mut places {
                places.sort_unstable();
                places.dedup();
            }
            places.ok_or_else(|| {
                let set: Vec<u64> = set.iter().map(|slot| slot.0).collect();
                let message = format!(
                    "slots: {set:?} names a \"pool\" that the layers do not have; they have {there}, counted from 1"
                );
                self.error(span.clone(), message)
            })
        });
        let checked = checked.collect::<Result<Vec<_>, _>>()?;
        // [1, 2] and [2, 1] are the same places.
        Ok(Axis::List(self.values("slots", Spanned::new(span, checked))?))
    }
}
