//! What the page's browser may do: apply the page's own style and script, and show its own pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub(super) const STYLE: &str = include_str!("report.css");
pub(super) const SCRIPT: &str = include_str!("report.js");

/// No request of any kind leaves the page, and text that found its way into it could still not run: style and script
/// are allowed by their digests, not by their place.
pub(super) fn policy() -> String {
    let digest = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_would_not_end_their_elements_early() {
        assert!(!STYLE.to_lowercase().contains("</style") && !SCRIPT.to_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--"), "which changes how a browser reads a script");
    }
}
