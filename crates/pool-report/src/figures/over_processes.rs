//! What several processes measured: the middle of it, and how far other processes could move that.
use pool_metrics::{Interval, log_t_interval, median, quantile};
use serde::Serialize;

use super::LEVEL;

/// Seconds or joules that one or more processes measured, each of them once or more.
///
/// The repetitions of one process share what sets it apart from the next, such as where its memory lies. So each process
/// counts once, by its median, and the interval is over processes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverProcesses {
    /// The median over processes of each process's median.
    pub median: f64,
    /// Its 95 % interval, [`log_t_interval`] of the processes' medians; `None` for one process.
    pub interval: Option<Interval>,
    /// Processes behind it.
    pub processes: usize,
    /// The value below which 5 % of all repetitions lie.
    pub p05: f64,
    /// The value below which 95 % of all repetitions lie.
    pub p95: f64,
    /// Repetitions of all processes.
    pub repetitions: usize,
}

impl OverProcesses {
    /// Of the repetitions of each process; a process without any counts for nothing.
    pub(crate) fn of(processes: &[&[f64]]) -> Option<Self> {
        let medians: Vec<f64> = processes.iter().filter_map(|repetitions| median(repetitions)).collect();
        let all = processes.concat();
        Some(Self {
            median: median(&medians)?,
            interval: log_t_interval(&medians, LEVEL),
            processes: medians.len(),
            p05: quantile(&all, 0.05)?,
            p95: quantile(&all, 0.95)?,
            repetitions: all.len(),
        })
    }

    /// The range of nine in ten repetitions; `None` for one repetition.
    pub(crate) fn nine_in_ten(&self) -> Option<Interval> {
        (self.repetitions > 1).then_some(Interval { low: self.p05, high: self.p95 })
    }

    /// What is known of how far the median could move: the interval over processes, or else the range of nine in ten
    /// repetitions.
    pub(crate) fn range(&self) -> Option<Interval> {
        self.interval.or_else(|| self.nine_in_ten())
    }
}

/// Which of these times overlap with the shortest: by their intervals over processes, or by the ranges of their repetitions
/// unless all have intervals. `None` if one has neither.
pub(crate) fn overlap_with_shortest(times: &[OverProcesses]) -> Option<Vec<bool>> {
    let intervals: Option<Vec<Interval>> = times.iter().map(|time| time.interval).collect();
    let ranges = intervals.or_else(|| times.iter().map(OverProcesses::nine_in_ten).collect())?;
    let shortest = times.iter().zip(&ranges).min_by(|a, b| a.0.median.total_cmp(&b.0.median));
    let (_, shortest) = shortest?;
    Some(ranges.iter().map(|range| range.overlaps(shortest)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_counts_once_however_often_it_repeated_the_work() {
        let [first, second, third] = [vec![2.0; 9], vec![4.0], vec![8.0, 16.0, 32.0]];
        let found = OverProcesses::of(&[&first, &second, &[], &third]).unwrap();
        // The medians are 2, 4 and 16.
        assert_eq!((found.median, found.processes, found.repetitions), (4.0, 3, 13));
        assert_eq!(found.interval, log_t_interval(&[2.0, 4.0, 16.0], 0.95));
        assert_eq!(found.range(), found.interval);
    }

    #[test]
    fn one_process_has_the_range_of_its_repetitions_and_no_interval() {
        let repetitions: Vec<f64> = (0..=20).map(f64::from).collect();
        let found = OverProcesses::of(&[&repetitions]).unwrap();
        assert_eq!((found.median, found.interval, found.processes), (10.0, None, 1));
        assert_eq!(found.range(), Some(Interval { low: 1.0, high: 19.0 }));
        let once = OverProcesses::of(&[&[3.0]]).unwrap();
        assert_eq!((once.median, once.range()), (3.0, None));
        assert_eq!(OverProcesses::of(&[]), None);
        assert_eq!(OverProcesses::of(&[&[]]), None);
    }
}
