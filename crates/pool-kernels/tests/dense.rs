//! The products of a dense layer are those of plain loops.

mod common;
#[path = "common/rounding.rs"]
mod rounding;

use common::{isas, values};
use pool_kernels::{DenseGradients, DenseKernel, ProductPrecision, ThisThread};
use proptest::prelude::*;
use rounding::nearest_bf16;

fn close(what: &str, found: &[f32], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let near = (f64::from(found) - expected).abs() <= 1e-4 * (1.0 + expected.abs());
        prop_assert!(near, "{what} {index} is {found}, not {expected}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 30 }))]

    #[test]
    fn products_are_those_of_plain_loops(
        samples in if cfg!(miri) { prop_oneof![1..2usize, 2..4usize] } else { prop_oneof![1..16usize, 16..40usize] },
        inputs in if cfg!(miri) {
            prop_oneof![1..10usize, 20..30usize, 70..75usize]
        } else {
            prop_oneof![1..40usize, 1_100..1_200usize, 2_300..2_400usize]
        },
        units in 1..(if cfg!(miri) { 4 } else { 40usize }),
        precision in prop_oneof![Just(ProductPrecision::F32), Just(ProductPrecision::Bf16)],
        seed in any::<u64>(),
    ) {
        // Of more bits than bfloat16 has.
        let small = |count, seed| -> Vec<f32> { values(count, seed).iter().map(|value| value / 15.9).collect() };
        let (input, weight) = (small(samples * inputs, seed), small(units * inputs, seed ^ 1));
        let (bias, gradient) = (small(units, seed ^ 2), small(samples * units, seed ^ 3));
        let at = |slice: &[f32], index: usize| match precision {
            ProductPrecision::F32 => f64::from(slice[index]),
            ProductPrecision::Bf16 => nearest_bf16(f64::from(slice[index])),
        };
        let (mut output, mut input_gradient) = (vec![0.0; samples * units], vec![0.0; input.len()]);
        let (mut weight_gradient, mut bias_gradient) = (vec![0.0; weight.len()], vec![0.0; units]);
        for sample in 0..samples {
            for (unit, bias_gradient) in bias_gradient.iter_mut().enumerate() {
                let y = sample * units + unit;
                output[y] = f64::from(bias[unit]);
                *bias_gradient += at(&gradient, y);
                for i in 0..inputs {
                    let (x, w) = (sample * inputs + i, unit * inputs + i);
                    output[y] += at(&input, x) * at(&weight, w);
                    input_gradient[x] += at(&gradient, y) * at(&weight, w);
                    weight_gradient[w] += at(&gradient, y) * at(&input, x);
                }
            }
        }

        let dense = DenseKernel { inputs, units, precision };
        for isa in isas() {
            let mut found = vec![f32::NAN; output.len()];
            dense.forward(isa, &ThisThread, [&input, &weight, &bias], &mut found).unwrap();
            close("output", &found, &output)?;
        }
        let wanted = [(true, true), (true, false), (false, true)];
        for (isa, (wants_input, wants_weight)) in isas().into_iter().flat_map(|isa| wanted.map(|wanted| (isa, wanted))) {
            let room = |wanted, length| if wanted { vec![f32::NAN; length] } else { Vec::new() };
            let mut found = (room(wants_input, input.len()), room(wants_weight, weight.len()), vec![f32::NAN; units]);
            dense.backward(isa, &ThisThread, DenseGradients {
                input: &input,
                weight: &weight,
                output_gradient: &gradient,
                input_gradient: &mut found.0,
                weight_gradient: &mut found.1,
                bias_gradient: &mut found.2,
            }).unwrap();
            if wants_input {
                close("gradient of the input", &found.0, &input_gradient)?;
            }
            if wants_weight {
                close("gradient of the weights", &found.1, &weight_gradient)?;
            }
            close("gradient of the biases", &found.2, &bias_gradient)?;
        }
    }
}
