//! The steps of every optimizer are those of its formula in `f64`.

mod common;

use common::{isas, values};
use pool_kernels::{
    AdamSlices, AdamStep, Decay, Isa, MomentumSlices, MomentumStep, SgdSlices, SgdStep, ThisThread,
};

const LEARNING_RATE: f64 = 1e-2;
const DECAYS: [Decay; 3] = [Decay::None, Decay::InGradient(0.3), Decay::Decoupled(0.3)];

/// Takes ten steps by kernel and by formula, over as many numbers of each parameter as an optimizer has, the parameter
/// first; all others begin at 0.
fn ten_steps_agree<const N: usize>(
    what: &str,
    decay: Decay,
    kernel: impl Fn(Isa, u64, &[f32], [&mut [f32]; N]),
    formula: impl Fn(u64, f64, [f64; N]) -> [f64; N],
) {
    // More than a task has, and a last vector that is not full.
    let count = if cfg!(miri) { 75 } else { 8_203 };
    for isa in isas() {
        let mut numbers: [Vec<f32>; N] =
            std::array::from_fn(|kind| if kind == 0 { values(count, 1) } else { vec![0.0; count] });
        let mut expected: Vec<[f64; N]> =
            (0..count).map(|index| numbers.each_ref().map(|kind| f64::from(kind[index]))).collect();
        for step in 1..=10 {
            let gradients = values(count, 100 + step);
            kernel(isa, step, &gradients, numbers.each_mut().map(|kind| &mut kind[..]));
            for (numbers, &gradient) in expected.iter_mut().zip(&gradients) {
                let [parameter, ..] = &mut numbers[..] else { panic!("a parameter comes first") };
                let before = *parameter;
                let gradient = f64::from(gradient);
                let gradient = match decay {
                    Decay::None => gradient,
                    Decay::InGradient(amount) => gradient + amount * before,
                    Decay::Decoupled(amount) => {
                        *parameter = before - LEARNING_RATE * amount * before;
                        gradient
                    }
                };
                *numbers = formula(step, gradient, *numbers);
            }
        }
        for (index, expected) in expected.iter().enumerate() {
            for (found, expected) in numbers.each_ref().iter().zip(expected) {
                let found = f64::from(found[index]);
                let close = (found - expected).abs() <= 2e-6 * (1.0 + expected.abs());
                assert!(close, "{what}, {decay:?}, {isa}: {index}: {found} {expected}");
            }
        }
    }
}

#[test]
fn ten_steps_of_adam_are_those_of_the_formula() {
    let (beta1, beta2) = (0.9, 0.999);
    for decay in DECAYS {
        // The first step is as long whatever the gradient's length: where a sum comes out near 0, its last digit decides.
        let epsilon = if matches!(decay, Decay::InGradient(_)) { 1e-3 } else { 1e-7 };
        ten_steps_agree(
            "Adam",
            decay,
            |isa, step, gradients, [parameters, first, second]| {
                let step = AdamStep { learning_rate: LEARNING_RATE, beta1, beta2, epsilon, decay, step };
                step.apply(isa, &ThisThread, AdamSlices { parameters, gradients, first, second });
            },
            |step, gradient, [parameter, first, second]| {
                let first = beta1 * first + (1.0 - beta1) * gradient;
                let second = beta2 * second + (1.0 - beta2) * gradient * gradient;
                let corrected = |moment: f64, beta: f64| moment / (1.0 - beta.powf(step as f64));
                let change = corrected(first, beta1) / (corrected(second, beta2).sqrt() + epsilon);
                [parameter - LEARNING_RATE * change, first, second]
            },
        );
    }
}

#[test]
fn ten_steps_of_plain_descent_are_those_of_the_formula() {
    for decay in DECAYS {
        ten_steps_agree(
            "SGD",
            decay,
            |isa, _, gradients, [parameters]| {
                let step = SgdStep { learning_rate: LEARNING_RATE, decay };
                step.apply(isa, &ThisThread, SgdSlices { parameters, gradients });
            },
            |_, gradient, [parameter]| [parameter - LEARNING_RATE * gradient],
        );
    }
}

#[test]
fn ten_steps_with_momentum_are_those_of_the_formula() {
    let momentum = 0.8;
    for (decay, nesterov) in DECAYS.into_iter().flat_map(|decay| [(decay, false), (decay, true)]) {
        ten_steps_agree(
            if nesterov { "Nesterov" } else { "momentum" },
            decay,
            |isa, _, gradients, [parameters, velocity]| {
                let step = MomentumStep { learning_rate: LEARNING_RATE, momentum, nesterov, decay };
                step.apply(isa, &ThisThread, MomentumSlices { parameters, gradients, velocity });
            },
            |_, gradient, [parameter, velocity]| {
                let velocity = momentum * velocity + gradient;
                let direction = if nesterov { gradient + momentum * velocity } else { velocity };
                [parameter - LEARNING_RATE * direction, velocity]
            },
        );
    }
}

#[test]
fn what_has_decayed_is_zero_and_no_denormal_number() {
    for isa in isas() {
        let (mut parameters, mut first, mut second, mut velocity) =
            (vec![1.0f32; 40], vec![2e-38f32; 40], vec![1.2e-38f32; 40], vec![-2e-38f32; 40]);
        let gradients = &[0.0; 40];
        for step in 1..=20 {
            let (parameters, first, second) = (&mut parameters[..], &mut first[..], &mut second[..]);
            let (learning_rate, decay) = (1e-3, Decay::None);
            AdamStep { learning_rate, beta1: 0.9, beta2: 0.9, epsilon: 1e-7, decay, step }.apply(
                isa,
                &ThisThread,
                AdamSlices { parameters, gradients, first, second },
            );
            MomentumStep { learning_rate, momentum: 0.9, nesterov: false, decay }.apply(
                isa,
                &ThisThread,
                MomentumSlices { parameters, gradients, velocity: &mut velocity },
            );
        }
        assert_eq!((first, second, velocity), (vec![0.0; 40], vec![0.0; 40], vec![0.0; 40]), "{isa}");
    }
}
