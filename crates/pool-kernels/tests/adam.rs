//! Adam's steps are those of the formula in `f64`.

mod common;

use common::{isas, values};
use pool_kernels::{AdamSlices, AdamStep, ThisThread};

#[test]
fn ten_steps_are_those_of_the_formula() {
    // More than a task has, and a last vector that is not full.
    let count = if cfg!(miri) { 75 } else { 8_203 };
    let (learning_rate, beta1, beta2, epsilon) = (1e-2, 0.9, 0.999, 1e-7);
    for isa in isas() {
        let mut parameters = values(count, 1);
        let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
        let mut expected: Vec<[f64; 3]> = parameters.iter().map(|&p| [f64::from(p), 0.0, 0.0]).collect();
        for step in 1..=10 {
            let gradients = values(count, 100 + step);
            AdamStep { learning_rate, beta1, beta2, epsilon, step }.apply(
                isa,
                &ThisThread,
                AdamSlices {
                    parameters: &mut parameters,
                    gradients: &gradients,
                    first: &mut first,
                    second: &mut second,
                },
            );
            for ([p, m, v], &gradient) in expected.iter_mut().zip(&gradients) {
                let gradient = f64::from(gradient);
                *m = beta1 * *m + (1.0 - beta1) * gradient;
                *v = beta2 * *v + (1.0 - beta2) * gradient * gradient;
                let (m, v) = (*m / (1.0 - beta1.powf(step as f64)), *v / (1.0 - beta2.powf(step as f64)));
                *p -= learning_rate * m / (v.sqrt() + epsilon);
            }
        }
        for (index, expected) in expected.iter().enumerate() {
            let found = [parameters[index], first[index], second[index]].map(f64::from);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 2e-6 * (1.0 + expected.abs()),
                    "{isa}: {index}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn moments_that_have_decayed_are_zero_and_no_denormal_numbers() {
    for isa in isas() {
        let (mut parameters, mut first, mut second) =
            (vec![1.0f32; 40], vec![2e-38f32; 40], vec![1.2e-38f32; 40]);
        for step in 1..=20 {
            AdamStep { learning_rate: 1e-3, beta1: 0.9, beta2: 0.9, epsilon: 1e-7, step }.apply(
                isa,
                &ThisThread,
                AdamSlices {
                    parameters: &mut parameters,
                    gradients: &[0.0; 40],
                    first: &mut first,
                    second: &mut second,
                },
            );
        }
        assert_eq!((first, second), (vec![0.0; 40], vec![0.0; 40]), "{isa}");
    }
}
