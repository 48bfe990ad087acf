//! Words for the small changes of test images. Their kinds are named in the records, by whoever changed the images; one
//! that is not known here goes by its name, without a unit.

/// `circular_shift` as words.
pub(crate) fn words(kind: &str) -> String {
    match kind {
        "scale" => "scaling".to_owned(),
        _ => kind.replace('_', " "),
    }
}

/// What stands after a strength.
pub(crate) fn unit(kind: &str) -> &'static str {
    match kind {
        "shift" | "circular_shift" | "blur" => " px",
        "rotation" => "°",
        "scale" => " %",
        _ => "",
    }
}

/// What an axis of strengths is called.
pub(crate) fn axis_title(kind: &str) -> String {
    let strength = match kind {
        "shift" | "circular_shift" => "pixels",
        "rotation" => "degrees",
        "scale" => "per cent larger or smaller",
        "noise" => "standard deviation, share of the grey range",
        "blur" => "standard deviation, pixels",
        _ => "strength",
    };
    format!("{}: {strength}", words(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_have_units_and_others_their_names() {
        for (kind, level, axis) in [
            ("circular_shift", "circular shift, 2 px", "circular shift: pixels"),
            ("rotation", "rotation, 2°", "rotation: degrees"),
            ("scale", "scaling, 2 %", "scaling: per cent larger or smaller"),
            ("sea_fog", "sea fog, 2", "sea fog: strength"),
        ] {
            assert_eq!(format!("{}, 2{}", words(kind), unit(kind)), level);
            assert_eq!(axis_title(kind), axis);
        }
    }
}
