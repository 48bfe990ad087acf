//! Search: arms drawn from a space, instead of or besides those that a sweep file lists. From `[search]` as written to a
//! search that can be trusted.

mod halving;
mod space;

use self::halving::Ladder;
use self::space::{Pools, Space};
use super::arm::Arm;
use super::axes::{AxisChecker, RecipeAxes};
use super::error::Source;
use super::network::NetworkTemplate;
use super::toml_file::{PlaceToml, SearchToml, SpaceToml, StrategyToml};
use crate::reading::Whole;
use crate::{DrawnArms, SearchPlan, SweepError, TrainSpec};

/// A search in which every single setting is right.
#[derive(Debug, Clone)]
pub(super) struct Search {
    strategy: Strategy,
    /// Arms in all, the listed ones included.
    pub(super) arms: usize,
    seed: u64,
    hours: Option<f64>,
    space: Space,
}

#[derive(Debug, Clone, Copy)]
enum Strategy {
    Random,
    Halving(Ladder),
}

/// What a search is checked against.
pub(super) struct SearchContext<'a> {
    pub(super) listed: &'a [Arm],
    pub(super) seeds: usize,
    pub(super) train: &'a TrainSpec,
    /// The network, if the file has one.
    pub(super) network: Option<&'a NetworkTemplate>,
}

/// The arms of a search that has hours and no number of trials.
const ARMS_WITHOUT_NUMBER: usize = 1_000;
const USUAL_REDUCTION: u32 = 3;
/// The key of the space, in errors.
pub(super) const SPACE: &str = "search.space";

impl Search {
    pub(super) fn check(
        source: &Source,
        raw: SearchToml,
        around: &SearchContext<'_>,
    ) -> Result<Self, SweepError> {
        let SearchContext { train, network, .. } = *around;
        let checker = Checker { source, around, axes: AxisChecker { source, table: SPACE, train, network } };
        let strategy = checker.strategy(&raw)?;
        if let Some(hours) = raw.hours.filter(|hours| !(*hours > 0.0 && hours.is_finite())) {
            let message = format!("hours = {hours}: give a finite number above 0, such as 8.0");
            return Err(source.error_of("search.hours", message));
        }
        let arms = checker.arms(&raw, strategy)?;
        let space = checker.space(raw.space)?;
        Ok(Self { strategy, arms, seed: raw.seed.0, hours: raw.hours, space })
    }

    /// The rungs and hours for this many arms, of which so many were listed.
    pub(super) fn plan(&self, arms: usize, listed: usize) -> SearchPlan {
        let rungs = match self.strategy {
            Strategy::Random => Vec::new(),
            Strategy::Halving(ladder) => ladder.rungs(arms),
        };
        let drawn = DrawnArms { arms: arms.saturating_sub(listed), hours: self.hours };
        SearchPlan { rungs, drawn }
    }

    /// Whether a space that is used up is no error, because hours limit the search and not a number of trials.
    pub(super) fn takes_what_there_is(&self) -> bool {
        self.arms == ARMS_WITHOUT_NUMBER && self.hours.is_some()
    }

    /// The batch sizes that may be drawn.
    pub(super) fn batch_sizes(&self) -> &[usize] {
        self.space.batch_size.as_deref().unwrap_or_default()
    }

    /// The arm of one draw. `None` if there is nothing to draw from.
    pub(super) fn draw(&self, number: u64, listed: &[Arm]) -> Option<Arm> {
        self.space.draw(self.seed, number, listed)
    }
}

struct Checker<'a> {
    source: &'a Source,
    around: &'a SearchContext<'a>,
    axes: AxisChecker<'a>,
}

impl Checker<'_> {
    fn strategy(&self, raw: &SearchToml) -> Result<Strategy, SweepError> {
        match raw.strategy {
            StrategyToml::Random => {
                let given =
                    [("reduction", raw.reduction.is_some()), ("first_epochs", raw.first_epochs.is_some())];
                match given.into_iter().find(|(_, is_given)| *is_given) {
                    None => Ok(Strategy::Random),
                    Some((key, _)) => Err(self.source.error_of(
                        &format!("search.{key}"),
                        format!(
                            "{key}: only strategy = \"halving\" has rungs; leave it out, or change the strategy"
                        ),
                    )),
                }
            }
            StrategyToml::Halving => {
                let last_epochs = self.around.train.epochs;
                let first_epochs = raw.first_epochs.map_or(1, |Whole(epochs)| epochs);
                if first_epochs > u64::from(last_epochs) {
                    let message = format!(
                        "first_epochs = {first_epochs}: give a whole number from 1 to {last_epochs}, the epochs of a \
                         trial"
                    );
                    return Err(self.source.error_of("search.first_epochs", message));
                }
                Ok(Strategy::Halving(Ladder {
                    reduction: raw.reduction.map_or(USUAL_REDUCTION, |Whole(reduction)| reduction as u32),
                    first_epochs: first_epochs as u32,
                    last_epochs,
                    seeds: self.around.seeds,
                }))
            }
        }
    }

    /// The number of arms that the budget pays for.
    fn arms(&self, raw: &SearchToml, strategy: Strategy) -> Result<usize, SweepError> {
        let Some(trials) = &raw.trials else {
            let message = match (strategy, &raw.hours) {
                (Strategy::Random, Some(_)) => return Ok(ARMS_WITHOUT_NUMBER),
                (Strategy::Random, None) => "the search has no budget: add trials = 60, or hours = 8.0",
                (Strategy::Halving(_), _) => {
                    "halving must know how many arms begin: add trials = 60 (hours may stand beside it)"
                }
            };
            return Err(self.source.error_of(SPACE, message));
        };
        let number = trials.to_usize();
        let arms = match strategy {
            Strategy::Random => number / self.around.seeds,
            Strategy::Halving(ladder) => ladder.arms_within(number),
        };
        let needed = self.around.listed.len().max(1);
        if arms < needed {
            let message = format!(
                "trials = {number}: with {} seeds each that is enough for arms: {arms}, of at least {needed}; \
                 give more trials, or fewer seeds",
                self.around.seeds
            );
            return Err(self.source.error_of("search.trials", message));
        }
        Ok(arms)
    }

    fn space(&self, raw: SpaceToml) -> Result<Space, SweepError> {
        let SpaceToml {
            reduce,
            size,
            stride,
            padding,
            slots,
            dropout,
            learning_rate,
            batch_size,
            weight_decay,
            momentum,
            label_smoothing,
        } = raw;
        let pools = match reduce {
            Some(reduce) => Pools::Windows {
                reduce: self.axes.distinct("reduce", reduce)?,
                size: self.axes.axis("size", size)?,
                stride: self.axes.axis("stride", stride)?,
                padding: self.axes.axis("padding", padding)?,
            },
            None => {
                let of_windows =
                    [("size", size.is_some()), ("stride", stride.is_some()), ("padding", padding.is_some())];
                self.listed_pools(of_windows)?
            }
        };
        let batch_size = batch_size.map(|sizes| sizes.into_iter().map(Whole::to_usize).collect());
        Ok(Space {
            pools,
            slots: slots.map(|slots| self.slots(slots)).transpose()?,
            batch_size: self.axes.axis("batch_size", batch_size)?,
            recipe: self.axes.recipe(RecipeAxes {
                dropout,
                learning_rate,
                weight_decay,
                momentum,
                label_smoothing,
            })?,
        })
    }

    /// The pooling layers of the arms that the file lists, where the space has no reducers; it may have none of these axes
    /// then.
    fn listed_pools(&self, of_windows: [(&str, bool); 3]) -> Result<Pools, SweepError> {
        if let Some((key, _)) = of_windows.into_iter().find(|(_, is_given)| *is_given) {
            let message = "size, stride and padding belong to windows: add reduce = [\"max\", \"avg\"]";
            return Err(self.axes.error(key, message));
        }
        if self.around.listed.is_empty() {
            let message = "there is no pooling layer to draw: add reduce = [\"max\", \"avg\"], or an [[arm]]";
            return Err(self.source.error_of(SPACE, message));
        }
        Ok(Pools::Listed)
    }

    /// Sets of slots, from 1 in the file and from 0 here.
    fn slots(&self, slots: Vec<Vec<PlaceToml>>) -> Result<Vec<Vec<usize>>, SweepError> {
        let there = self.around.network.map_or(1, NetworkTemplate::slots);
        let sets = self.axes.distinct("slots", slots)?;
        let checked = sets.into_iter().map(|set| {
            if set.iter().any(|slot| slot.to_usize() > there) {
                let set: Vec<u64> = set.iter().map(|slot| slot.0).collect();
                let message = format!(
                    "slots: {set:?} names a \"pool\" that the layers do not have; they have {there}, counted from 1"
                );
                return Err(self.axes.error("slots", message));
            }
            let mut places: Vec<usize> = set.iter().map(|slot| slot.to_usize() - 1).collect();
            places.sort_unstable();
            places.dedup();
            Ok(places)
        });
        // [1, 2] and [2, 1] are the same places.
        self.axes.distinct("slots", checked.collect::<Result<_, _>>()?)
    }
}
