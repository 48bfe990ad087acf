//! The metrics of one measurement of costs.

use pool_metrics::{CostRecord, quantile};

use super::{Metric, Metrics};

pub(super) fn metrics(record: &CostRecord) -> Vec<Metric> {
    let mut metrics = Metrics::default();
    metrics.add("parameters", "count", Some(record.model.parameters as f64));
    for (what, seconds) in [
        ("step_time", &record.training.step_s),
        ("epoch_time", &record.training.epoch_s),
        ("prediction_time", &record.prediction.seconds),
    ] {
        for (percentile, q) in [("p05", 0.05), ("p50", 0.5), ("p95", 0.95)] {
            metrics.add(format!("{what}_{percentile}"), "s", quantile(seconds, q));
        }
    }
    for latency in record.latencies() {
        for (percentile, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let name = format!("latency_batch_{}_{percentile}", latency.batch_size);
            metrics.add(name, "s", quantile(&latency.seconds, q));
        }
    }
    metrics.flag("times_contended", record.contention.is_contended());
    for peak in &record.memory {
        let of = |what: &str| format!("{what}_{}_batch_{}", peak.estimate.model, peak.estimate.batch_size);
        metrics.add(of("memory_measured"), "byte", peak.bytes.map(|bytes| bytes as f64));
        metrics.add(of("memory_model"), "byte", Some(peak.estimate.total_bytes() as f64));
        metrics.add(of("memory_model_over_measured"), "fraction", peak.model_over_measured());
    }
    metrics.0
}
