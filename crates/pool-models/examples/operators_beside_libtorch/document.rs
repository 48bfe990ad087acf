//! What stands around the tables: what was compared, how, and what comes out.

use pool_models::Kernels;

use crate::arguments::Arguments;
use crate::summary::{self, Line};
use crate::table::Table;

/// Everything that was measured.
pub(crate) struct Document<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) tables: &'a [Table],
    /// How long it took.
    pub(crate) minutes: f64,
}

/// Lines of Markdown, which a terminal shows as they are.
const COMPARED: &str = "\
- **ours**: a layer of pool-models with its own kernels (`Kernels::Fast`), in training mode, where stochastic pooling draws.
- **max, avg**: libtorch's `max_pool2d`, `avg_pool2d` and, for global, its adaptive functions, called by the same layer
  with `Kernels::Reference`.
- **gathered windows** (lp, soft, stochastic), **weighted slices** (blur): libtorch has no function for these. The same
  layer with `Kernels::Reference` composes the operator of libtorch's functions so that no power or exponential
  overflows. Drawing the random numbers of stochastic pooling is part of both times.
- **avg_pool2d of powers**: PyTorch's `lp_pool2d`. **avg_pool2d of exponentials**: the short way to write SoftPool, which
  overflows for large inputs. **conv2d by channel**: timm's way to blur. They keep less safe than ours and are faster
  than gathering: what a user of libtorch would write.
- **window**: 2, 5: so many cells along each axis, moving by as many; 3/2: three cells, moving by two; blur: the maximum of
  2 by 2 cells, moving by one, then 3 taps, moving by two. No padding but blur's reflection.
- **layout**: how input, output and their gradients lie in memory. Of one channel both are the same.
- Small inputs, and windows over the whole plane, are left to libtorch's functions by max and avg: there both sides are the
  same, and the ratio is 1.
- **ratio**: libtorch's time divided by ours, both medians; more than 1 is faster than libtorch. The two take turns.
- **forward** records no graph; **with backward** also computes the input's gradient from a gradient of ones.
- The process keeps memory that is freed, so that neither counts the kernel's page faults.
- Before a cell is measured, both give the same values.";

impl Document<'_> {
    /// What follows the tables in a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n\n{COMPARED}\n\n", self.machine());
        for line in summary::lines(self.tables) {
            text += &format!("{}\n", sentence(&line));
        }
        text + &self.slower().join("\n")
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "# Pooling operators beside libtorch\n\nThis whole file was written by the command below; it holds no number \
             that the program did not measure.\n\n```\n{}\n```\n\n{}\n\n{COMPARED}\n\n",
            self.arguments.command,
            self.machine()
        );
        text += &self.markdown_summary();
        // A blank line ends the table.
        text += &format!("\n{}\n", self.slower().join("\n"));
        for table in self.tables {
            text += &format!("\n{}", table.markdown());
        }
        text
    }

    fn machine(&self) -> String {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        format!(
            "{}{}, {processors} processors, {} on {}. Threads: {}, kernels: {}; each cell {} s and at least five rounds; \
             {:.0} minutes in all.",
            self.arguments.about.as_ref().map_or_else(String::new, |about| format!("{about}. ")),
            processor().unwrap_or_else(|| "a processor without a name".to_owned()),
            std::env::consts::OS,
            std::env::consts::ARCH,
            self.arguments.threads,
            pool_models::describe_kernels(Kernels::Fast),
            self.arguments.cell.as_secs_f64(),
            self.minutes
        )
    }

    fn markdown_summary(&self) -> String {
        let mut text = "## In short\n\nGeometric means of the ratios.\n\n\
                        | | forward | with backward | both | slowest | where | cells | below 0.9 |\n\
                        |---|---:|---:|---:|---:|---|---:|---:|\n"
            .to_owned();
        for line in summary::lines(self.tables) {
            let [forward, backward, both] = line.means.map(number);
            let (ratio, place) = line.slowest.unwrap_or_default();
            let Line { name, cells, too_slow, .. } = line;
            text += &format!(
                "| {name} | {forward} | {backward} | {both} | {ratio:.2} | {place} | {cells} | {too_slow} |\n"
            );
        }
        text
    }

    fn slower(&self) -> Vec<String> {
        let slower = summary::slower(self.tables);
        if slower.is_empty() {
            return vec!["No cell is slower than libtorch's by more than 2 %.".to_owned()];
        }
        let title = format!("Slower than libtorch's by more than 2 %, {} cells:", slower.len());
        [title, String::new()].into_iter().chain(slower.into_iter().map(|line| format!("- {line}"))).collect()
    }
}

fn sentence(line: &Line) -> String {
    let [forward, backward, both] = line.means.map(number);
    let (ratio, place) = line.slowest.clone().unwrap_or_default();
    format!(
        "{}: {both} (forward {forward}, with backward {backward}); slowest {ratio:.2} at {place}; {} of {} cells below 0.9",
        line.name, line.too_slow, line.cells
    )
}

fn number(mean: Option<f64>) -> String {
    mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.2}"))
}

/// The processor's name, from Linux's `/proc/cpuinfo`; none where the system has no such file.
fn processor() -> Option<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
