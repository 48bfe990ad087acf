//! Every way to get a sweep file wrong ends in one line that says where, what and how to mend it, and in an exit code.

mod common;

use std::fmt::Write;

use common::{pool_cli, stderr};

const GOOD: &str = r#"study = "broken"
seeds = [1, 2]

[data]
dataset = "generated"
validation = { tail = 0.2 }

[train]
epochs = 2
batch_size = 100
learning_rate = 0.001

[train.early_stopping]
patience = 3

[model]
layers = [
    { conv2d = { filters = 4, kernel = 5, activation = "relu" } },
    "pool",
    { dropout = 0.2 },
    "flatten",
    { dense = { units = 4 } },
]

[[arm]]
name = "max"
pool = "max"

[[arm]]
name = "avg"
pool = { reduce = "avg", size = 2 }
"#;

/// The one of which the file is in order: its data set is missing, which has a code of its own.
const NO_FOLDER: &str = "folder that is not there";

/// What is broken, the words of the good file that are replaced, and by what.
const BROKEN: &[(&str, &str, &str)] = &[
    ("unknown key", "batch_size", "batchsize"),
    ("unknown table", "[data]", "[dataa]"),
    ("missing key", "study = \"broken\"\n", ""),
    ("missing table", "[train]\nepochs = 2\nbatch_size = 100\nlearning_rate = 0.001\n", ""),
    ("wrong type", "epochs = 2", "epochs = \"two\""),
    ("fraction where a whole number belongs", "epochs = 2", "epochs = 2.5"),
    ("not TOML", "[[arm]]\nname = \"max\"", "[[arm]\nname = \"max\""),
    ("key twice", "epochs = 2", "epochs = 2\nepochs = 3"),
    ("zero epochs", "epochs = 2", "epochs = 0"),
    ("negative batch size", "batch_size = 100", "batch_size = -1"),
    ("batch larger than the training set", "batch_size = 100", "batch_size = 1601"),
    (
        "tuning as a list of tables",
        "[[arm]]\nname = \"max\"",
        "[[tune]]\ndropout = [0.2, 0.5]\n[[arm]]\nname = \"max\"",
    ),
    ("tuning of nothing", "[[arm]]\nname = \"max\"", "[tune]\nseeds = 2\n[[arm]]\nname = \"max\""),
    ("tuning of one setting", "[[arm]]\nname = \"max\"", "[tune]\ndropout = [0.2]\n[[arm]]\nname = \"max\""),
    (
        "tuning of a range without a number of settings",
        "[[arm]]\nname = \"max\"",
        "[tune]\nlearning_rate = { from = 1e-4, to = 1e-2 }\n[[arm]]\nname = \"max\"",
    ),
    (
        "tuning of an axis that is none",
        "[[arm]]\nname = \"max\"",
        "[tune]\nbatch_size = [100, 200]\n[[arm]]\nname = \"max\"",
    ),
    ("one fold", "validation = { tail = 0.2 }", "validation = { folds = 1 }"),
    ("folds and a share", "validation = { tail = 0.2 }", "validation = { folds = 5, tail = 0.2 }"),
    ("unknown precision", "learning_rate = 0.001", "learning_rate = 0.001\nprecision = \"fp8\""),
    ("unknown optimizer", "learning_rate = 0.001", "optimizer = \"lion\""),
    ("unknown optimizer with settings", "learning_rate = 0.001", "optimizer = { lion = { beta1 = 0.9 } }"),
    ("two optimizers", "learning_rate = 0.001", "optimizer = { sgd = {}, adam = {} }"),
    ("no optimizer", "learning_rate = 0.001", "optimizer = {}"),
    ("optimizer that is a number", "learning_rate = 0.001", "optimizer = 1"),
    ("setting of another optimizer", "learning_rate = 0.001", "optimizer = { adam = { momentum = 0.9 } }"),
    ("momentum that never ends", "learning_rate = 0.001", "optimizer = { sgd = { momentum = 1.0 } }"),
    ("Nesterov without momentum", "learning_rate = 0.001", "optimizer = { sgd = { nesterov = true } }"),
    ("a moment that never ends", "learning_rate = 0.001", "optimizer = { adam = { beta2 = 1.0 } }"),
    ("no epsilon", "learning_rate = 0.001", "optimizer = { adam = { epsilon = 0.0 } }"),
    ("decoupled decay of nothing", "learning_rate = 0.001", "optimizer = \"adamw\""),
    ("weights that grow", "learning_rate = 0.001", "weight_decay = -0.1"),
    ("gradients clipped to nothing", "learning_rate = 0.001", "clip_norm = 0"),
    ("labels smoothed to nothing", "learning_rate = 0.001", "label_smoothing = 1.0"),
    ("unknown schedule", "learning_rate = 0.001", "schedule = \"cosin\""),
    ("schedule that needs settings", "learning_rate = 0.001", "schedule = \"step\""),
    ("schedule that grows", "learning_rate = 0.001", "schedule = { step = { every = 1, factor = 2.0 } }"),
    ("schedule that never changes", "learning_rate = 0.001", "schedule = { step = { every = 0 } }"),
    ("warm-up to the end", "learning_rate = 0.001", "warmup_epochs = 2.0"),
    ("warm-up that is no number", "learning_rate = 0.001", "warmup_epochs = nan"),
    ("two rises", "learning_rate = 0.001", "schedule = \"one_cycle\"\nwarmup_epochs = 1.0"),
    ("negative learning rate", "learning_rate = 0.001", "learning_rate = -0.001"),
    ("learning rate not a number", "learning_rate = 0.001", "learning_rate = nan"),
    ("no patience", "patience = 3", "patience = 0"),
    ("unknown monitor", "patience = 3", "patience = 3\nmonitor = \"test_error\""),
    ("negative min_delta", "patience = 3", "patience = 3\nmin_delta = -0.1"),
    ("unknown changes of the test images", "[model]", "[evaluation]\nperturbations = \"many\"\n[model]"),
    ("negative epochs of costs", "[model]", "[costs]\nepochs = -1\n[model]"),
    ("unknown key of costs", "[model]", "[costs]\nsteps = 3\n[model]"),
    ("unknown control", "[model]", "[control]\nparameters = \"equal\"\n[model]"),
    ("no layer whose units could match", "[model]", "[control]\nparameters = \"match\"\n[model]"),
    (
        "more parameters than the first arm with a single unit",
        "    { dense = { units = 4 } },\n]\n\n[[arm]]\nname = \"max\"\npool = \"max\"",
        "    { dense = { units = 2 } },\n    { dense = { units = 4 } },\n]\n\n[control]\nparameters = \"match\"\n\n\
         [[arm]]\nname = \"max\"\npool = { reduce = \"max\", size = 8 }",
    ),
    ("empty seeds", "seeds = [1, 2]", "seeds = []"),
    ("negative seed", "seeds = [1, 2]", "seeds = [1, -2]"),
    ("seed twice", "seeds = [1, 2]", "seeds = [1, 1]"),
    ("seeds that are a number", "seeds = [1, 2]", "seeds = 30"),
    ("seeds until nothing", "seeds = [1, 2]", "seeds = { until = { at_most = 30 } }"),
    (
        "seeds until a margin of nothing",
        "seeds = [1, 2]",
        "seeds = { until = { margin = 0.0, at_most = 30 } }",
    ),
    ("too few seeds to look at", "seeds = [1, 2]", "seeds = { until = { margin = 0.1, at_most = 3 } }"),
    (
        "looks that fall",
        "seeds = [1, 2]",
        "seeds = { until = { margin = 0.1, at_most = 30, looks = [15, 8] } }",
    ),
    ("unknown key of seeds", "seeds = [1, 2]", "seeds = { from = 1, to = 30 }"),
    ("negative margin", "[model]", "[compare]\nmargin = -0.1\n[model]"),
    (
        "two margins",
        "seeds = [1, 2]",
        "seeds = { until = { margin = 0.1, at_most = 30 } }\ncompare = { margin = 0.1 }",
    ),
    ("no process that measures costs", "[model]", "[costs]\nprocesses = 0\n[model]"),
    (
        "claim about an unknown arm",
        "[model]",
        "[[claim]]\nsays = \"It errs less.\"\narms = [\"maximum\"]\nthan = [\"max\"]\nlower = [\"test_error\"]\n[model]",
    ),
    (
        "claim about an unknown figure",
        "[model]",
        "[[claim]]\nsays = \"It is faster.\"\narms = [\"max\"]\nthan = [\"avg\"]\nlower = [\"speed\"]\n[model]",
    ),
    (
        "claim that states nothing",
        "[model]",
        "[[claim]]\nsays = \"It is better.\"\narms = [\"max\"]\nthan = [\"avg\"]\n[model]",
    ),
    ("study name with a slash", "study = \"broken\"", "study = \"../broken\""),
    ("empty study name", "study = \"broken\"", "study = \"\""),
    ("unknown data set", "dataset = \"generated\"", "dataset = \"imagenet\""),
    (NO_FOLDER, "dataset = \"generated\"", "dataset = { dir = \"nowhere\" }"),
    ("turned beyond half a turn", "[train]", "[data.augment]\nrotate = 200.0\n[train]"),
    ("moved by a fraction of a pixel", "[train]", "[data.augment]\ntranslate = 1.5\n[train]"),
    ("unknown flip", "[train]", "[data.augment]\nflip = \"sideways\"\n[train]"),
    ("unknown change of training images", "[train]", "[data.augment]\nblur = 1.0\n[train]"),
    ("validation of everything", "{ tail = 0.2 }", "{ tail = 1.0 }"),
    ("unknown split", "{ tail = 0.2 }", "{ head = 0.2 }"),
    ("unknown pooling layer", "pool = \"max\"", "pool = \"maximum\""),
    ("unknown reducer", "reduce = \"avg\"", "reduce = \"mean\""),
    ("unknown pool key", "size = 2", "sise = 2"),
    ("pool setting outside its interval", "reduce = \"avg\"", "reduce = { lp = { p = 0 } }"),
    ("unknown pool setting", "reduce = \"avg\"", "reduce = { lp = { q = 2 } }"),
    (
        "reducer over windows that cannot feed it",
        "reduce = \"avg\", size = 2",
        "reduce = \"gated\", global = true",
    ),
    ("two layers in one", "{ reduce = \"avg\", size = 2 }", "{ reduce = \"avg\", blur = {} }"),
    ("spectral without its output", "{ reduce = \"avg\", size = 2 }", "\"spectral\""),
    ("pool without window", "reduce = \"avg\", size = 2", "reduce = \"avg\""),
    ("two geometries", "size = 2", "size = 2, global = true"),
    ("zero window", "size = 2", "size = 0"),
    ("negative window", "size = 2", "size = -2"),
    ("zero stride", "size = 2", "size = 2, stride = 0"),
    ("window larger than its input", "size = 2", "size = 25"),
    ("window of the wrong rank", "size = 2", "size = [2, 2, 2]"),
    ("padding too wide", "size = 2", "size = 2, padding = 2"),
    (
        "global pooling before flatten is fine, before dense it is not",
        "{ dense = { units = 4 } },",
        "\"pool\",",
    ),
    ("duplicate arm", "name = \"avg\"", "name = \"max\""),
    ("the same pooling layer twice", "{ reduce = \"avg\", size = 2 }", "{ reduce = \"max\", size = 2 }"),
    ("arm without a name", "name = \"avg\"", "name = \"\""),
    (
        "no arms",
        "[[arm]]\nname = \"max\"\npool = \"max\"\n\n[[arm]]\nname = \"avg\"\npool = { reduce = \"avg\", size = 2 }\n",
        "",
    ),
    ("no slot for the pooling layer", "    \"pool\",\n", ""),
    ("unknown network", "layers = [", "network = \"resnet9\"\nlayers = ["),
    ("network and layers", "layers = [", "network = \"resnet8\"\nlayers = ["),
    ("place that the network has not", "pool = \"max\"", "pool = \"max\"\nfill = { head = \"max\" }"),
    ("place that nothing fills", "    \"pool\",\n", "    \"pool\",\n    { place = \"more\" },\n"),
    ("pooling layer as a filling", "pool = \"max\"", "fill = { pool = \"max\" }"),
    ("arm that fills nothing", "pool = \"max\"\n", ""),
    (
        "site without a convolution",
        "    \"pool\",\n",
        "    \"pool\",\n    { place = { name = \"more\", default = \"adown\" } },\n",
    ),
    ("unknown filling", "pool = \"max\"", "fill = { more = \"a-down\" }"),
    ("unknown layer of a filling", "pool = \"max\"", "fill = { more = [\"convolution\"] }"),
    ("unknown key of a place", "\"pool\",", "\"pool\", { place = { name = \"more\", filters = 3 } },"),
    ("branches of different shapes", "\"flatten\"", "{ residual = { layers = [\"flatten\"] } }, \"flatten\""),
    ("a layer in a branch", "\"flatten\"", "{ residual = { layers = [{ dropout = 2.0 }] } }, \"flatten\""),
    ("one branch", "\"flatten\"", "{ parallel = { branches = [[]], join = \"add\" } }, \"flatten\""),
    ("unknown join", "\"flatten\"", "{ parallel = { branches = [[], []], join = \"sum\" } }, \"flatten\""),
    ("groups that do not fit", "kernel = 5,", "kernel = 5, groups = 3,"),
    ("blocks that do not fit", "\"flatten\"", "{ space_to_depth = 5 }, \"flatten\""),
    ("unknown layer", "\"flatten\"", "\"flaten\""),
    ("unknown activation", "activation = \"relu\"", "activation = \"rellu\""),
    ("dropout of everything", "dropout = 0.2", "dropout = 1.0"),
    ("dense without flatten", "    \"flatten\",\n", ""),
    ("wrong number of classes", "units = 4", "units = 10"),
    ("zero filters", "filters = 4", "filters = 0"),
    ("kernel larger than the picture", "kernel = 5", "kernel = 29"),
    ("two layers in one table", "{ dropout = 0.2 }", "{ dropout = 0.2, dense = { units = 3 } }"),
    ("key beside a layer", "{ dropout = 0.2 }", "{ dropout = 0.2, rate = 0.1 }"),
    ("layer that needs a value", "{ dropout = 0.2 }", "\"dropout\""),
    ("layer that needs settings", "{ dense = { units = 4 } }", "{ dense = 4 }"),
    ("layer that needs no value", "\"flatten\"", "{ flatten = {} }"),
    ("layer that is no layer", "\"flatten\"", "{}"),
    ("validation as a number", "{ tail = 0.2 }", "0.2"),
    ("validation as a word", "{ tail = 0.2 }", "\"tail\""),
    ("next to no validation", "{ tail = 0.2 }", "{ tail = 1e-300 }"),
    ("nothing left to train with", "{ tail = 0.2 }", "{ tail = 0.9999 }"),
    ("table given as a word", "[train.early_stopping]\npatience = 3", "early_stopping = true"),
    ("patience beyond 32 bits", "patience = 3", "patience = 5000000000"),
    ("folder without a name", "dataset = \"generated\"", "dataset = { dir = \"\" }"),
    ("folder that is a number", "dataset = \"generated\"", "dataset = { dir = 5 }"),
    ("empty padding", "size = 2", "size = 2, padding = []"),
    ("arm name with spaces at the end", "name = \"avg\"", "name = \"avg \""),
    ("arm name that turns the line around", "name = \"avg\"", "name = \"\u{202e}avg\""),
    ("byte-order mark within", "seeds = [1, 2]", "\u{feff}seeds = [1, 2]"),
    ("two byte-order marks", "study = \"broken\"", "\u{feff}\u{feff}study = \"broken\""),
    ("path with backslashes", "dataset = \"generated\"", "dataset = { dir = \"C:\\data\" }"),
    ("path whose backslash breaks the line", "dataset = \"generated\"", "dataset = { dir = \"C:\\new\" }"),
    ("typographic quotes", "study = \"broken\"", "study = “broken”"),
    ("word without quotes", "study = \"broken\"", "study = broken"),
    ("date for a word", "study = \"broken\"", "study = 2024-01-01"),
    ("date for a layer", "pool = \"max\"", "pool = 2024-01-01"),
    (
        "one table for a list",
        "[[arm]]\nname = \"max\"\npool = \"max\"\n\n[[arm]]\nname = \"avg\"\npool = { reduce = \"avg\", size = 2 }\n",
        "[arm]\nname = \"max\"\npool = \"max\"\n",
    ),
    ("one table for a list, and the list", "[[arm]]\nname = \"max\"", "[arm]\nname = \"max\""),
    ("list for one table", "[train]\n", "[[train]]\n"),
    ("fraction of an image", "batch_size = 100", "batch_size = 1.5"),
    ("more images than numbers have digits", "batch_size = 100", "batch_size = 99999999999999999999"),
    ("fraction of a seed", "seeds = [1, 2]", "seeds = [1, 2.5]"),
    ("seed without a list", "seeds = [1, 2]", "seeds = 1"),
    ("patience below 0", "patience = 3", "patience = -1"),
    ("fraction of a filter", "filters = 4", "filters = 1.5"),
    ("kernel below 0", "kernel = 5", "kernel = -5"),
    ("no units", "units = 4", "units = 0"),
    ("padding below 0", "size = 2", "size = 2, padding = -1"),
    ("no dilation", "size = 2", "size = 2, dilation = 0"),
    ("no output", "size = 2", "adaptive = [7, 0]"),
    ("too many taps", "reduce = \"avg\", size = 2", "blur = { taps = 8 }"),
    ("Keras's layer", "pool = \"max\"", "pool = \"MaxPooling2D\""),
    ("PyTorch's layer", "pool = \"max\"", "pool = \"nn.MaxPool2d(3, stride=2)\""),
    ("PyTorch's layer without quotes", "pool = \"max\"", "pool = nn.MaxPool2d(3, stride=2)"),
    ("PyTorch's setting", "size = 2", "kernel_size = 2, count_include_pad = true"),
    ("setting beside its reducer", "reduce = \"avg\", size = 2", "reduce = \"lp\", p = 3"),
    ("nobody's layer", "pool = \"max\"", "pool = \"largest\""),
    ("layer of more weights than fit", "units = 4", "units = 9000000000000000"),
];

const SEARCH: &str = r#"
[search]
strategy = "halving"
trials = 12
reduction = 2
[search.space]
reduce = ["max", "avg"]
size = [2, 3]
padding = ["same"]
slots = [[1], []]
dropout = { from = 0.0, to = 0.5 }
learning_rate = { from = 1e-4, to = 1e-2, scale = "log" }
batch_size = [50, 100]
weight_decay = { from = 1e-5, to = 1e-3, scale = "log" }
label_smoothing = [0.0, 0.1]
"#;

/// As [`BROKEN`], for the good file with a search.
const BROKEN_SEARCH: &[(&str, &str, &str)] = &[
    ("unknown strategy", "\"halving\"", "\"bayes\""),
    ("rungs without halving", "\"halving\"", "\"random\""),
    ("no budget", "trials = 12\n", ""),
    ("no trials", "trials = 12", "trials = 0"),
    ("half a trial", "trials = 12", "trials = 8.5"),
    ("a place before the first", "[[1], []]", "[[0]]"),
    ("fewer trials than arms", "trials = 12", "trials = 2"),
    ("hours that are none", "trials = 12", "trials = 12\nhours = 0.0"),
    ("more than one arm in one goes on", "reduction = 2", "reduction = 1"),
    ("a first rung beyond the last", "reduction = 2", "first_epochs = 3"),
    ("a seed below 0", "reduction = 2", "seed = -1"),
    ("unknown axis", "size = [2, 3]", "sise = [2, 3]"),
    ("an axis without values", "size = [2, 3]", "size = []"),
    ("a value twice", "size = [2, 3]", "size = [2, 2]"),
    ("windows without a reducer", "reduce = [\"max\", \"avg\"]\n", ""),
    ("unknown reducer", "reduce = [\"max\", \"avg\"]", "reduce = [\"median9\"]"),
    ("a slot that is not there", "[[1], []]", "[[1, 2]]"),
    ("a rate that is none", "from = 0.0, to = 0.5", "from = 0.0, to = 1.0"),
    ("a range the wrong way around", "from = 1e-4, to = 1e-2", "from = 1e-2, to = 1e-4"),
    ("a logarithm of nothing", "{ from = 0.0, to = 0.5 }", "{ from = 0.0, to = 0.5, scale = \"log\" }"),
    ("a range as a number", "{ from = 0.0, to = 0.5 }", "0.5"),
    ("a momentum that the optimizer lacks", "label_smoothing = [0.0, 0.1]", "momentum = [0.5, 0.9]"),
    ("decay that makes weights grow", "from = 1e-5, to = 1e-3", "from = -1e-5, to = 1e-3"),
    ("smoothing of everything", "[0.0, 0.1]", "[0.0, 1.0]"),
    ("batches larger than the data", "[50, 100]", "[50, 5000]"),
];

#[test]
fn the_files_that_are_broken_here_are_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    for text in [GOOD.to_owned(), format!("{GOOD}{SEARCH}")] {
        std::fs::write(folder.path().join("sweep.toml"), text).unwrap();
        let output = pool_cli(folder.path()).args(["plan", "sweep.toml"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
}

#[test]
fn every_broken_sweep_file_is_refused_with_its_place_and_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let mut messages = String::new();
    let mut refuse = |what: &str, bytes: Option<&[u8]>| {
        let file = folder.path().join("sweep.toml");
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let output = pool_cli(folder.path()).args(["sweep", "sweep.toml", "--out", "run"]).output().unwrap();
        let said = stderr(&output);
        let code = if what == NO_FOLDER { 3 } else { 2 };
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(output.stdout.is_empty(), "{what}");
        assert_eq!(said.lines().count(), 1, "{what}: {said}");
        assert!(!folder.path().join("run").exists(), "{what}: nothing may be written");
        writeln!(
            messages,
            "{what}\n  {}",
            said.trim_end().replace(&*folder.path().to_string_lossy(), "FOLDER")
        )
        .unwrap();
    };
    for (what, good, bad) in BROKEN {
        assert_eq!(GOOD.matches(good).count(), 1, "{what}: the words must stand in the file once");
        refuse(what, Some(GOOD.replace(good, bad).as_bytes()));
    }
    for (what, good, bad) in BROKEN_SEARCH {
        assert_eq!(SEARCH.matches(good).count(), 1, "{what}: the words must stand in the search once");
        refuse(what, Some(format!("{GOOD}{}", SEARCH.replace(good, bad)).as_bytes()));
    }
    refuse("not UTF-8", Some(b"study = \"a\"\nseeds = [1] # \xff\n"));
    refuse("empty file", Some(b""));
    refuse("JSON", Some(b"{ \"study\": \"a\" }"));
    refuse("missing file", None);
    insta::assert_snapshot!(messages);
}
