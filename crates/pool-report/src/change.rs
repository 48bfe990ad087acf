//! Words for the small changes of test images.
use pool_spec::PerturbationKind;

/// The kind of change as words.
pub(crate) fn words(kind: PerturbationKind) -> &'static str {
    match kind {
        PerturbationKind::Shift => "shift",
        PerturbationKind::CircularShift => "circular shift",
        PerturbationKind::Rotation => "rotation",
        PerturbationKind::Scale => "scaling",
        PerturbationKind::Noise => "noise",
        PerturbationKind::Blur => "blur",
    }
}

/// What stands after a strength.
pub(crate) fn unit(kind: PerturbationKind) -> &'static str {
    match kind {
        PerturbationKind::Shift | PerturbationKind::CircularShift | PerturbationKind::Blur => " px",
        PerturbationKind::Rotation => "°",
        PerturbationKind::Scale => " %",
        PerturbationKind::Noise => "",
    }
}

/// What an axis of strengths is called.
pub(crate) fn axis_title(kind: PerturbationKind) -> String {
    let strength = match kind {
        PerturbationKind::Shift | PerturbationKind::CircularShift => "pixels",
        PerturbationKind::Rotation => "degrees",
        PerturbationKind::Scale => "per cent larger or smaller",
        PerturbationKind::Noise => "standard deviation, share of the grey range",
        PerturbationKind::Blur => "standard deviation, pixels",
    };
    format!("{}: {strength}", words(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_as_words_with_their_units() {
        for (kind, level, axis) in [
            (PerturbationKind::CircularShift, "circular shift, 2 px", "circular shift: pixels"),
            (PerturbationKind::Rotation, "rotation, 2°", "rotation: degrees"),
            (PerturbationKind::Scale, "scaling, 2 %", "scaling: per cent larger or smaller"),
        ] {
            assert_eq!(format!("{}, 2{}", words(kind), unit(kind)), level);
            assert_eq!(axis_title(kind), axis);
        }
    }
}
