//! The network that all arms share, with places for what is under comparison.

use std::ops::Range;

use super::arm::ArmOverrides;
use super::filling::{Filling, Fillings, POOL};
use super::networks::BuiltInNetwork;
use super::template_layer::{Place, TemplateKind, TemplateLayer, TemplateParallel};
use crate::{Layer, Parallel, Pool, Sequential};

/// The layers of a sweep's network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTemplate {
    layers: Vec<TemplateLayer>,
}

/// What keeps an arm from filling a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum FillError {
    /// The arm fills a place that is not there.
    #[error("the network has no place \"{place}\"; it has {known}")]
    UnknownPlace { place: String, known: String },
    /// Nothing fills a place.
    #[error("nothing fills the place \"{place}\"; add {cure}, or give the place a default")]
    Unfilled { place: String, cure: String },
    /// The filling goes around a convolution, and the place has none.
    #[error(
        "the place \"{place}\" has no convolution of its own for {filling} to go around; give it conv2d = {{ filters = 32, \
         kernel = 3 }}, or fill it with a pooling layer or a list of layers without \"conv\""
    )]
    NoConvolution { place: String, filling: String },
}

/// A network, and where each of its layers stands in the sweep file.
pub(super) struct Filled {
    pub(super) model: Sequential,
    /// In the order in which layers compute; `None` for those of an arm, and of a built-in network.
    pub(super) spans: Vec<Option<Range<usize>>>,
}

impl NetworkTemplate {
    /// The network of the published study.
    pub fn reference() -> Self {
        BuiltInNetwork::Study.template()
    }

    pub(super) fn new(layers: Vec<TemplateLayer>) -> Self {
        Self { layers }
    }

    /// The same without a word of where it stands.
    pub(super) fn without_spans(mut self) -> Self {
        self.visit(|layer| layer.span = None);
        self
    }

    fn visit(&mut self, mut change: impl FnMut(&mut TemplateLayer)) {
        self.layers.iter_mut().for_each(|layer| layer.visit(&mut change));
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.layers.iter().flat_map(TemplateLayer::leaves).filter_map(TemplateLayer::place)
    }

    /// How many places the arm's pooling layer takes.
    pub fn slots(&self) -> usize {
        self.places().filter(|place| place.name == POOL).count()
    }

    /// Whether there is anything that an arm can fill.
    pub(super) fn has_places(&self) -> bool {
        self.places().next().is_some()
    }

    /// The first dense layer after the last place that is not the last layer, by its number among the layers that are in
    /// no branch.
    pub(super) fn hidden_dense(&self) -> Option<usize> {
        let has_place = |layer: &TemplateLayer| layer.leaves().any(|layer| layer.place().is_some());
        let place = self.layers.iter().rposition(has_place)?;
        let hidden = place + 1..self.layers.len().saturating_sub(1);
        let is_dense =
            |index: &usize| matches!(self.layers[*index].kind, TemplateKind::Fixed(Layer::Dense(_)));
        hidden.into_iter().find(is_dense)
    }

    /// The network with this many units in the dense layer at `index`; without change where that is no dense layer.
    pub(super) fn with_units(&self, index: usize, units: usize) -> Self {
        let mut network = self.clone();
        if let Some(TemplateKind::Fixed(Layer::Dense(dense))) =
            network.layers.get_mut(index).map(|layer| &mut layer.kind)
        {
            dense.units = units;
        }
        network
    }

    /// Whether a layer's dropout rate can be changed.
    pub(super) fn has_dropout(&self) -> bool {
        let is_dropout = |layer: &TemplateLayer| matches!(layer.kind, TemplateKind::Fixed(Layer::Dropout(_)));
        self.layers.iter().flat_map(TemplateLayer::leaves).any(is_dropout)
    }

    /// The network with the slots and the dropout of an arm: a slot that the arm does not take is left empty.
    pub(super) fn with_overrides(&self, overrides: &ArmOverrides) -> Self {
        let mut network = self.clone();
        let mut slot = 0;
        network.visit(|layer| match &mut layer.kind {
            TemplateKind::Place(place) if place.name == POOL => {
                if overrides.slots.as_ref().is_some_and(|taken| !taken.contains(&slot)) {
                    layer.kind = TemplateKind::Fixed(Pool::None.into());
                }
                slot += 1;
            }
            TemplateKind::Fixed(Layer::Dropout(dropout)) => {
                dropout.rate = overrides.dropout.unwrap_or(dropout.rate);
            }
            TemplateKind::Fixed(_)
            | TemplateKind::Place(_)
            | TemplateKind::Logits(_)
            | TemplateKind::Parallel(_) => {}
        });
        network
    }

    /// The network for images of this shape, channels first, with an output for each class and an arm's choice in its
    /// places.
    ///
    /// # Errors
    /// Places and fillings that do not belong together.
    pub fn fill(
        &self,
        input: [usize; 3],
        classes: usize,
        fillings: &Fillings,
        seed: u64,
    ) -> Result<Sequential, FillError> {
        Ok(self.filled(input, classes, fillings, seed)?.model)
    }

    /// As [`NetworkTemplate::fill`], with where each layer stands in the sweep file.
    pub(super) fn filled(
        &self,
        input: [usize; 3],
        classes: usize,
        fillings: &Fillings,
        seed: u64,
    ) -> Result<Filled, FillError> {
        let is_known = |name: &&str| self.places().any(|place| place.name == **name);
        if let Some(place) = fillings.places().find(|name| !is_known(name)) {
            return Err(FillError::UnknownPlace { place: place.to_owned(), known: self.places_in_words() });
        }
        let mut filler = Filler { classes, fillings, spans: Vec::new() };
        let layers = filler.sequence(&self.layers)?;
        let model = Sequential { layers, ..Sequential::new(input).seed(seed) };
        Ok(Filled { model, spans: filler.spans })
    }

    /// `"down", "head"`.
    fn places_in_words(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for place in self.places() {
            let name = format!("\"{}\"", place.name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

/// Makes layers of a template's.
struct Filler<'a> {
    classes: usize,
    fillings: &'a Fillings,
    spans: Vec<Option<Range<usize>>>,
}

impl Filler<'_> {
    fn sequence(&mut self, layers: &[TemplateLayer]) -> Result<Vec<Layer>, FillError> {
        let mut filled = Vec::with_capacity(layers.len());
        for layer in layers {
            match &layer.kind {
                TemplateKind::Place(place) => {
                    let own = place.layers(self.fillings)?;
                    self.spans.extend(std::iter::repeat_n(None, own.iter().map(entries).sum()));
                    filled.extend(own);
                    continue;
                }
                TemplateKind::Fixed(fixed) => filled.push(fixed.clone()),
                TemplateKind::Logits(logits) => filled.push(logits.of(self.classes)),
                TemplateKind::Parallel(TemplateParallel { branches, join, input }) => {
                    let branches = branches.iter().map(|branch| self.sequence(branch));
                    let branches = branches.collect::<Result<_, _>>()?;
                    filled.push(Parallel { branches, join: *join, input: *input }.into());
                }
            }
            self.spans.push(layer.span.clone());
        }
        Ok(filled)
    }
}

/// How many layers this one is: one, or those of its branches and one more.
fn entries(layer: &Layer) -> usize {
    match layer {
        Layer::Parallel(parallel) => 1 + parallel.branches.iter().flatten().map(entries).sum::<usize>(),
        _ => 1,
    }
}

impl Place {
    /// What an arm puts here.
    fn layers(&self, fillings: &Fillings) -> Result<Vec<Layer>, FillError> {
        let filling: Filling = fillings.of(&self.name).or_else(|| self.default.clone()).ok_or_else(|| {
            let cure = match &*self.name {
                POOL => "pool = \"max\"".to_owned(),
                name => format!("fill = {{ {name} = \"max\" }}"),
            };
            FillError::Unfilled { place: self.name.clone(), cure }
        })?;
        filling
            .layers(self.conv.as_ref())
            .map_err(|_| FillError::NoConvolution { place: self.name.clone(), filling: filling.to_string() })
    }
}
