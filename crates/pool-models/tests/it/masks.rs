//! Global pooling under a mask: what is masked plays no part, whatever it is, and neither does its gradient.

use crate::common::{Built, distinct, sample, shape, values};
use pool_models::{Mode, Pool, Reducer};
use tch::{Device, Kind, Tensor};

/// Every reducer that takes a mask.
fn maskable() -> impl Iterator<Item = Pool> {
    let pools = Reducer::ALL.into_iter().map(Pool::global);
    pools.filter(|pool| {
        let Pool::Reduce { reducer, .. } = pool else { return false };
        *reducer != Reducer::Lip && pool.output_shape(&[2, 6]).is_ok()
    })
}

/// Two samples of two channels; the first shows its first four places, the second its last one.
fn mask() -> Tensor {
    Tensor::from_slice(&[1u8, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]).reshape([2, 6]).to_kind(Kind::Bool)
}

#[test]
fn masked_entries_play_no_part() {
    let shape = shape(1, 2, 6);
    let plain = distinct(&shape, 0);
    let hidden = mask().logical_not().unsqueeze(1).expand(&shape[..], false);
    for pool in maskable() {
        let built = Built::new(&pool, &sample(&shape), 3);
        let pooled = |hidden_value: f64| {
            let input = plain.masked_fill(&hidden, hidden_value).set_requires_grad(true);
            let output = built.layer.forward_masked(&input, &mask(), Mode::Inference).unwrap();
            output.sum(Kind::Double).backward();
            (output.detach(), input.grad())
        };
        let expected = pooled(0.0);
        for value in [7.0, -1e30, f64::INFINITY, f64::NAN] {
            let (output, gradient) = pooled(value);
            assert_eq!(output, expected.0, "{pool} with {value}");
            assert!(
                values(&gradient).iter().all(|entry| entry.is_finite()),
                "{pool} with {value}: {gradient:?}"
            );
        }
        // A sample cut to what it shows.
        let cut = built.forward(&plain.narrow(0, 0, 1).narrow(2, 0, 4), Mode::Inference);
        assert!(crate::common::distance(&expected.0.narrow(0, 0, 1), &cut) <= 1e-14, "{pool}");
    }
}

#[test]
fn a_sample_without_any_entry_spoils_no_other() {
    let shape = shape(1, 2, 6);
    let input = distinct(&shape, 0);
    let first_alone =
        Tensor::from_slice(&[1i64, 0]).reshape([2, 1]).expand([2, 6], false).to_kind(Kind::Bool);
    for pool in maskable() {
        let built = Built::new(&pool, &sample(&shape), 3);
        let output = built.layer.forward_masked(&input, &first_alone, Mode::Inference).unwrap();
        let whole = built.forward(&input, Mode::Inference);
        assert!(crate::common::distance(&output.narrow(0, 0, 1), &whole.narrow(0, 0, 1)) <= 1e-14, "{pool}");
    }
    let nothing = Tensor::zeros([2, 6], (Kind::Bool, Device::Cpu));
    for reducer in [Reducer::Avg, Reducer::Median] {
        let output = Pool::global(reducer).forward_masked(&input, &nothing).unwrap();
        assert!(values(&output).iter().all(|value| value.is_nan()), "{reducer}");
    }
}
