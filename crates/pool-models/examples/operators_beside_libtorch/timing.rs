//! Two pieces of work, timed by turns.

use std::time::{Duration, Instant};

/// What one call takes: medians over the rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) ours_s: f64,
    pub(crate) libtorch_s: f64,
}

/// Fewer rounds have no median to speak of.
const LEAST_ROUNDS: usize = 5;
/// More rounds than this change no digit that is printed.
const MOST_ROUNDS: usize = 500;
/// Shorter samples would measure the clock; calls are repeated until a sample is as long.
const SAMPLE: Duration = Duration::from_micros(200);

impl Timing {
    /// More than 1 is faster than libtorch.
    pub(crate) fn ratio(&self) -> f64 {
        self.libtorch_s / self.ours_s
    }
}

/// Runs both in turns for `limit`, and at least [`LEAST_ROUNDS`] times, after a round that warms up.
pub(crate) fn by_turns(limit: Duration, ours: impl Fn(), libtorch: impl Fn()) -> Timing {
    let (our_calls, their_calls) = (calls_of(&ours), calls_of(&libtorch));
    let (mut our_samples, mut their_samples) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while our_samples.len() < LEAST_ROUNDS || (start.elapsed() < limit && our_samples.len() < MOST_ROUNDS) {
        our_samples.push(sample(our_calls, &ours));
        their_samples.push(sample(their_calls, &libtorch));
    }
    Timing { ours_s: median(our_samples), libtorch_s: median(their_samples) }
}

/// How many calls make a sample. The first call warms up.
fn calls_of(work: &impl Fn()) -> u32 {
    work();
    let once = sample(1, work).max(1e-9);
    (SAMPLE.as_secs_f64() / once).ceil().clamp(1.0, 10_000.0) as u32
}

/// Seconds per call.
fn sample(calls: u32, work: &impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        work();
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 }
}
