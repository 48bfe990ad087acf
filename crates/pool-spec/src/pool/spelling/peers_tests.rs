//! Every layer and setting of another library is answered with the spelling that works.

use super::peers;
use crate::keras::{
    AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D, AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D, AdaptiveMaxPooling3D, AveragePooling1D, AveragePooling2D, AveragePooling3D,
    GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D, GlobalMaxPooling1D,
    GlobalMaxPooling2D, GlobalMaxPooling3D, MaxPooling1D, MaxPooling2D, MaxPooling3D,
};
use crate::pool::{
    Blur, Fractional, FractionalRegions, FractionalSize, Geometry, OpenExtent, Padding, Pool, Reducer, Window,
};
use crate::{Extent, Learned};

/// The layer that an answer spells.
fn spelt(text: &str) -> Pool {
    let answer = text.parse::<Pool>().unwrap_err().to_string();
    let after =
        [" is spelt, for example, ", " is spelt "].into_iter().find_map(|words| answer.split_once(words));
    let (shown, rest) = after.unwrap_or_else(|| panic!("{text}: {answer}"));
    assert_eq!(shown, format!("\"{text}\""));
    let spelling = rest.split(" here").next().unwrap();
    let spelling = spelling.trim_matches('"');
    spelling.parse().unwrap_or_else(|error| panic!("{text}: {spelling}: {error}"))
}

/// Lists of one size along every axis as that one size, which is how an answer writes them.
fn one_size(pool: Pool) -> Pool {
    let extent = |extent: Extent| match extent {
        Extent::Each(sizes) if sizes.iter().all(|size| *size == sizes[0]) => Extent::All(sizes[0]),
        other => other,
    };
    let Pool::Reduce { reducer, geometry } = pool else { return pool };
    let geometry = match geometry {
        Geometry::Window(window) => {
            Geometry::Window(Window { size: extent(window.size), stride: extent(window.stride), ..window })
        }
        Geometry::Adaptive(OpenExtent::Each(sizes)) if sizes.iter().all(|size| *size == sizes[0]) => {
            Geometry::Adaptive(OpenExtent::All(sizes[0].unwrap()))
        }
        other => other,
    };
    Pool::Reduce { reducer, geometry }
}

#[test]
fn each_of_kerass_layers_is_answered_by_the_layer_that_it_builds() {
    for (name, built) in [
        ("MaxPooling1D", Pool::from(MaxPooling1D::default())),
        ("MaxPooling2D", MaxPooling2D::default().into()),
        ("MaxPooling3D", MaxPooling3D::default().into()),
        ("AveragePooling1D", AveragePooling1D::new(2).into()),
        ("AveragePooling2D", AveragePooling2D::new(2).into()),
        ("AveragePooling3D", AveragePooling3D::new(2).into()),
        ("GlobalMaxPooling1D", GlobalMaxPooling1D::default().into()),
        ("GlobalMaxPooling2D", GlobalMaxPooling2D::default().into()),
        ("GlobalMaxPooling3D", GlobalMaxPooling3D::default().into()),
        ("GlobalAveragePooling1D", GlobalAveragePooling1D::default().into()),
        ("GlobalAveragePooling2D", GlobalAveragePooling2D::default().into()),
        ("GlobalAveragePooling3D", GlobalAveragePooling3D::default().into()),
        ("AdaptiveMaxPooling1D(5)", AdaptiveMaxPooling1D::new(5).into()),
        ("AdaptiveMaxPooling2D(5)", AdaptiveMaxPooling2D::new(5).into()),
        ("AdaptiveMaxPooling3D((5, 4, 3))", AdaptiveMaxPooling3D::new([5, 4, 3]).into()),
        ("AdaptiveAveragePooling1D(5)", AdaptiveAveragePooling1D::new(5).into()),
        ("AdaptiveAveragePooling2D((5, 4))", AdaptiveAveragePooling2D::new([5, 4]).into()),
        ("AdaptiveAveragePooling3D(output_size=5)", AdaptiveAveragePooling3D::new(5).into()),
        ("layers.MaxPooling2D(pool_size=(3, 2), strides=1)", MaxPooling2D::new([3, 2]).strides(1).into()),
        (
            "keras.layers.MaxPooling2D((2, 2), 2, \"same\")",
            MaxPooling2D::new(2).strides(2).padding(Padding::Same).into(),
        ),
        ("AveragePooling1D(pool_size=3, padding='VALID')", AveragePooling1D::new(3).into()),
        ("GlobalMaxPooling2D(keepdims=True)", GlobalMaxPooling2D::default().keepdims(true).into()),
    ] {
        assert_eq!(spelt(name), one_size(built), "{name}");
    }
}

fn symmetric(cells: usize) -> Padding {
    Padding::Symmetric(cells.into())
}

#[test]
fn layers_of_pytorch_tensorflow_and_timm_are_answered_by_what_they_compute() {
    let sized = |size| {
        let fractional = Fractional { regions: FractionalRegions::Sized(3.into()), ..Fractional::new(size) };
        Pool::Reduce { reducer: Reducer::Max, geometry: Geometry::Fractional(fractional) }
    };
    for (call, pool) in [
        ("nn.MaxPool1d(2)", Pool::max(2)),
        ("nn.MaxPool2d(2)", Pool::max(2)),
        ("torch.nn.MaxPool3d(kernel_size=2, stride=1)", Pool::max(Window::new(2).stride(1))),
        (
            "nn.MaxPool2d(3, 2, 1, 2, False, True)",
            Pool::max(Window::new(3).stride(2).padding(symmetric(1)).dilation(2).ceil()),
        ),
        ("nn.MaxPool2d((3, 2), stride=(2, 1), padding=0)", Pool::max(Window::new([3, 2]).stride([2, 1]))),
        ("MaxPool2d", Pool::max(2)),
        ("nn.AvgPool2d(2)", Pool::avg(2)),
        // PyTorch's default is to count padded cells.
        ("nn.AvgPool2d(3, 1, 1)", Pool::avg(Window::new(3).stride(1).padding(symmetric(1)).count_padding())),
        (
            "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)",
            Pool::avg(Window::new(3).stride(1).padding(symmetric(1))),
        ),
        ("nn.AdaptiveAvgPool2d((7, 7))", Pool::adaptive(Reducer::Avg, 7)),
        ("nn.AdaptiveAvgPool2d(1)", Pool::adaptive(Reducer::Avg, 1)),
        ("nn.AdaptiveMaxPool2d((7, None))", Pool::adaptive(Reducer::Max, [Some(7), None])),
        ("nn.AdaptiveMaxPool1d", Pool::adaptive(Reducer::Max, 7)),
        ("nn.LPPool2d(2, 3)", Pool::window(Reducer::Lp { p: 2.0 }, 3)),
        (
            "nn.LPPool1d(norm_type=3.5, kernel_size=3, stride=1)",
            Pool::window(Reducer::Lp { p: 3.5 }, Window::new(3).stride(1)),
        ),
        ("nn.FractionalMaxPool2d(3, output_ratio=0.5)", sized(FractionalSize::Ratio(0.5))),
        ("nn.FractionalMaxPool2d(3, output_size=(13, 12))", sized(FractionalSize::Output([13, 12].into()))),
        ("nn.Identity()", Pool::None),
        ("F.max_pool2d(x, 2)", Pool::max(2)),
        ("F.max_pool2d(input, kernel_size=3, stride=2)", Pool::max(Window::new(3).stride(2))),
        ("F.adaptive_avg_pool2d(x, 1)", Pool::adaptive(Reducer::Avg, 1)),
        ("F.lp_pool2d(x, 2, 3)", Pool::window(Reducer::Lp { p: 2.0 }, 3)),
        ("tf.nn.max_pool2d(x, 2, 2, \"SAME\")", Pool::max(Window::new(2).padding(Padding::Same))),
        (
            "tf.nn.avg_pool2d(x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding='VALID')",
            Pool::avg(Window::new(3).stride(2)),
        ),
        ("nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2))", Pool::avg(2)),
        ("SelectAdaptivePool2d(pool_type='avgmax')", Pool::adaptive(Reducer::AvgMax, 1)),
        ("SelectAdaptivePool2d(2, 'catavgmax')", Pool::adaptive(Reducer::CatAvgMax, 2)),
        ("AdaptiveAvgMaxPool2d(1)", Pool::adaptive(Reducer::AvgMax, 1)),
        ("BlurPool2d(64, filt_size=5)", Pool::blur(Blur::new(1).taps(5))),
        ("avgmax", Pool::window(Reducer::AvgMax, 2)),
        ("catavgmax", Pool::window(Reducer::CatAvgMax, 2)),
        ("mean", Pool::avg(2)),
        ("Max", Pool::max(2)),
        ("AVG", Pool::avg(2)),
        ("None", Pool::None),
        ("StridedConv", Pool::strided_conv(2)),
    ] {
        assert_eq!(spelt(call), pool, "{call}");
    }
}

#[test]
fn an_answer_is_the_same_in_a_file_and_in_json() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "it is refused")]
    struct Arm {
        pool: Pool,
    }
    let expected = "\"nn.MaxPool2d(3)\" is spelt { reduce = \"max\", size = 3 } here";
    assert_eq!("nn.MaxPool2d(3)".parse::<Pool>().unwrap_err().to_string(), expected);
    let toml = toml::from_str::<Arm>("pool = \"nn.MaxPool2d(3)\"").unwrap_err();
    assert_eq!(toml.message(), expected);
    let json = serde_json::from_str::<Pool>("\"nn.MaxPool2d(3)\"").unwrap_err().to_string();
    assert!(json.starts_with(expected), "{json}");
    let json =
        serde_json::from_str::<Pool>(r#"{ "pool_size": 3, "reduce": "max" }"#).unwrap_err().to_string();
    let toml = toml::from_str::<Arm>("pool = { pool_size = 3, reduce = \"max\" }").unwrap_err();
    assert!(json.starts_with(toml.message()), "{json}: {}", toml.message());
}

#[test]
fn settings_of_others_are_answered_with_the_whole_layer() {
    let lp = |p| Pool::window(Reducer::Lp { p }, 2);
    for (table, notes, pool) in [
        ("reduce = \"lp\", p = 3", "p stands within the reducer", lp(3.0)),
        ("p = 3, reduce = \"lp\", size = 2", "p stands within the reducer", lp(3.0)),
        ("reduce = \"lp\", norm_type = 3, size = 2", "norm_type stands within the reducer", lp(3.0)),
        (
            "reduce = \"gem\", learned = true, p = 4.0, size = 2",
            "learned stands within the reducer, and p stands within the reducer",
            Pool::window(Reducer::Gem { p: 4.0, learned: Learned::Layer }, 2),
        ),
        ("lp = { p = 3 }, size = 2", "lp is a reducer and stands in reduce", lp(3.0)),
        ("max = 3", "max is a reducer and stands in reduce", Pool::max(3)),
        ("reduce = \"max\", kernel_size = 3", "kernel_size is spelt size here", Pool::max(3)),
        (
            "reduce = \"max\", pool_size = [3, 2], strides = 1",
            "pool_size is spelt size here, and strides is spelt stride here",
            Pool::max(Window::new([3, 2]).stride(1)),
        ),
        (
            "reduce = \"max\", size = 3, stride = 2, ceil_mode = true",
            "ceil_mode is spelt ceil here",
            Pool::max(Window::new(3).stride(2).ceil()),
        ),
        (
            "reduce = \"avg\", size = 3, padding = 1, count_include_pad = true",
            "count_include_pad is spelt count_padding here",
            Pool::avg(Window::new(3).padding(symmetric(1)).count_padding()),
        ),
        (
            "reduce = \"avg\", output_size = [7, 7]",
            "output_size is spelt adaptive here",
            Pool::adaptive(Reducer::Avg, 7),
        ),
        (
            "reduce = \"max\", size = 2, data_format = \"channels_last\"",
            "data_format has no place here, as tensors here are always [N, C, spatial...]",
            Pool::max(2),
        ),
    ] {
        let text = format!("{{ {table} }}");
        let answer = text.parse::<Pool>().unwrap_err().to_string();
        let (found, spelling) = answer.split_once("; write ").unwrap_or_else(|| panic!("{text}: {answer}"));
        assert_eq!(found, notes, "{text}");
        assert_eq!(spelling.trim_matches('"').parse(), Ok(pool), "{text}: {answer}");
    }
}

#[test]
fn what_cannot_be_had_is_said() {
    for (text, part) in [
        ("nn.MaxUnpool2d(2)", "pool_models::max_unpool takes the maxima and their indices"),
        (
            "nn.MaxPool2d(2, return_indices=True)",
            "return_indices has no place here, as indices are asked of a layer",
        ),
        ("nn.MaxPool2d(size)", "is spelt \"max\" here"),
        ("nn.MaxPool2d(kernel_size=\"large\")", "kernel_size cannot be taken over as it is"),
        ("nn.MaxPool2d(2, sparkle=3)", "sparkle has no place here"),
        ("nn.AdaptiveMaxPool2d(7, output_size=3, kernel_size=2)", "size and adaptive exclude each other"),
        ("{ pool_size = 3 }", "pool_size is spelt size here; nothing says how to pool"),
        ("{ reduce = \"max\", size = 2, p = 3 }", "max takes no p such as this; write \"max\""),
        ("{ reduce = \"mean\", size = 2 }", "\"mean\" is spelt \"avg\" here"),
        ("{ reduce = \"MaxPool2d\", size = 2 }", "\"MaxPool2d\" is spelt \"max\" here"),
        ("{ reduce = \"max\", size = 2, padding = \"SAME\" }", "padding = \"SAME\" is spelt \"same\" here"),
        (
            "{ reduce = \"max\", size = 2, sise = 3 }",
            "unknown field `sise`, expected one of `reduce`, `size`",
        ),
        ("maxx", "unknown pooling layer \"maxx\"; use \"max\", \"avg\""),
        ("nn.Linear(2)", "unknown pooling layer \"nn.Linear(2)\"; use \"max\", \"avg\""),
    ] {
        let error = text.parse::<Pool>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(!error.contains(char::is_control), "{text}: {error}");
    }
}

#[test]
fn the_tables_hold_plain_names_once_and_never_shadow_ours() {
    let layers: Vec<&str> = peers::LAYERS.iter().flat_map(|layer| layer.names).copied().collect();
    let reducers: Vec<&str> = peers::REDUCERS.iter().map(|(name, _)| *name).collect();
    for names in [&layers, &reducers] {
        for (index, name) in names.iter().enumerate() {
            assert_eq!(*name, peers::plain(name), "compared as it stands");
            assert!(!names[..index].contains(name), "{name} twice");
            assert!(
                Reducer::ALL.iter().all(|reducer| peers::plain(reducer.name()) != *name),
                "{name} is ours"
            );
        }
    }
    for (index, (name, _)) in peers::SETTINGS.iter().enumerate() {
        assert!(peers::SETTINGS[..index].iter().all(|(earlier, _)| earlier != name), "{name} twice");
    }
}
