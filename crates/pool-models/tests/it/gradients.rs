//! The gradient of every operator, with respect to its input and to everything it learns, is what finite differences
//! say, in `f64`.

use crate::common::{Built, distinct, every_layer, sample, shape};
use pool_models::{Mode, Pool};
use tch::{Kind, Tensor, no_grad};

const STEP: f64 = 1e-6;
/// Central differences of functions with values and derivatives near 1 lose no more than this.
const TOLERANCE: f64 = 1e-7;

/// A fixed weighted sum of the output: a function of one number.
fn loss(built: &Built, input: &Tensor) -> Tensor {
    let output = built.forward(input, Mode::Inference);
    let weights = distinct(&output.size(), 2);
    (output * weights).sum(Kind::Double)
}

/// The derivative of the loss with respect to every entry of `tensor`, which the loss reads.
fn finite_differences(tensor: &Tensor, loss: impl Fn() -> f64) -> Tensor {
    let flat = tensor.detach().view([-1]);
    let derivatives: Vec<f64> = (0..flat.numel() as i64)
        .map(|index| {
            let value = flat.double_value(&[index]);
            let at = |value: f64| {
                let _ = flat.get(index).fill_(value);
                loss()
            };
            let difference = at(value + STEP) - at(value - STEP);
            let _ = flat.get(index).fill_(value);
            difference / (2.0 * STEP)
        })
        .collect();
    Tensor::from_slice(&derivatives).reshape(tensor.size())
}

/// A small input, because each entry takes two forward passes; the batch has one sample.
fn small(rank: usize) -> Vec<i64> {
    let mut shape = shape(rank, 2, if rank == 3 { 4 } else { 7 });
    shape[0] = 1;
    shape
}

/// Everything that the gradient of one layer disagrees on.
fn disagreements(pool: &Pool, rank: usize) -> Vec<String> {
    let shape = small(rank);
    let input = distinct(&shape, 0).set_requires_grad(true);
    let built = Built::new(pool, &sample(&shape), 7);
    // Where learning starts, much of it is zero: somewhere else.
    for (index, mut variable) in built.named().into_values().enumerate() {
        let shift = distinct(&variable.size(), index as i64 + 3) * 0.1;
        no_grad(|| variable.copy_(&(&variable + shift)));
    }
    loss(&built, &input).backward();

    let evaluate = || no_grad(|| loss(&built, &input).double_value(&[]));
    let of_input = ("the input".to_owned(), input.shallow_clone());
    std::iter::once(of_input)
        .chain(built.named())
        .filter_map(|(name, tensor)| {
            let apart =
                crate::common::distance(&tensor.grad(), &no_grad(|| finite_differences(&tensor, evaluate)));
            (apart > TOLERANCE || apart.is_nan())
                .then(|| format!("{pool} over {rank} axes: {name} is off by {apart:e}"))
        })
        .collect()
}

#[test]
fn every_gradient_is_what_finite_differences_say() {
    // Small tensors: a second thread would cost more than it gives.
    tch::set_num_threads(1);
    let mut wrong = Vec::new();
    for pool in every_layer() {
        let ranks =
            (1..=3).filter(|&rank| pool.output_shape(&sample(&small(rank))).is_ok()).collect::<Vec<_>>();
        assert!(ranks.contains(&2), "{pool} does not fit the input of this test");
        wrong.extend(ranks.into_iter().flat_map(|rank| disagreements(&pool, rank)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The gradient in training, of operators that draw: every draw is repeated by a layer with the same seed.
#[test]
fn in_training_the_gradient_goes_to_what_was_drawn() {
    for spelling in ["\"stochastic\"", "\"random_mixed\"", "{ reduce = { s3 = { grid = 4 } }, size = 2 }"] {
        let pool: Pool = spelling.parse().unwrap();
        let shape = shape(2, 2, 8);
        let input = distinct(&shape, 0).set_requires_grad(true);
        let run = |input: &Tensor| {
            let output = Built::new(&pool, &sample(&shape), 3).forward(input, Mode::Training);
            let weights = distinct(&output.size(), 2);
            (output * weights).sum(Kind::Double)
        };
        run(&input).backward();
        let evaluate = || no_grad(|| run(&input).double_value(&[]));
        let apart = crate::common::distance(&input.grad(), &no_grad(|| finite_differences(&input, evaluate)));
        // A draw near its bound may fall elsewhere once the values have moved; none does here.
        assert!(apart <= TOLERANCE, "{pool}: off by {apart:e}");
    }
}
