//! A real browser without a window, spoken to by the WebDriver protocol.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pool_testkit::left_out;
use serde_json::{Value, json};
use tempfile::TempDir;

const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Chromium with a profile of its own; it ends with this value.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// Where the session's commands go.
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// `None` where there is no browser.
    pub(crate) fn start() -> Option<Self> {
        let started =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        match (started, find_chromium()) {
            (Ok(driver), Some(chromium)) => Some(Self::with(driver, &chromium)),
            (driver, _) => {
                if let Ok(mut driver) = driver {
                    driver.kill().and_then(|()| driver.wait()).unwrap();
                }
                let words = "the report is not tried in a browser: chromium or chromedriver is missing; on Debian, \
                             `apt-get install chromium chromium-driver`";
                left_out(words);
                None
            }
        }
    }

    fn with(mut driver: Child, chromium: &Path) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let port = port(&mut driver);
        let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().new_agent();
        let mut browser =
            Self { driver, agent, session: format!("http://127.0.0.1:{port}/session"), _profile: profile };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let found = browser.post(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
            }}}),
        );
        browser.session = format!("{}/{}", browser.session, found["sessionId"].as_str().unwrap());
        browser
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) fn open(&self, address: &str) {
        self.post("/url", &json!({ "url": address }));
    }

    /// The result of a function body.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Presses a key on whatever has the focus, as its code in the WebDriver protocol.
    pub(crate) fn press(&self, key: &str) {
        let strokes = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}));
    }

    /// The size of the page in pixels, whatever a window may be; narrow ones are phones.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Lets the system prefer `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// A PNG of the page from top to bottom, as Base64.
    pub(crate) fn picture(&self) -> String {
        let height = self.run("return document.documentElement.scrollHeight").as_f64().unwrap();
        let width = self.run("return innerWidth").as_f64().unwrap();
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height.min(16_000.0), "scale": 1});
        let taken = json!({"captureBeyondViewport": true, "clip": clip});
        self.devtools("Page.captureScreenshot", &taken)["data"].as_str().unwrap().to_owned()
    }

    /// A PDF as a printer would get it, as Base64.
    pub(crate) fn printed(&self) -> String {
        let page = json!({"page": {"width": 21.0, "height": 29.7}, "background": true});
        self.post("/print", &page).as_str().unwrap().to_owned()
    }

    /// The entries of a log (`browser` or `performance`) since it was last read.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", &json!({ "type": kind })).as_array().unwrap().clone()
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let mut response =
            self.agent.post(format!("{}{command}", self.session)).send(body.to_string()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(response.status().is_success(), "{command}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser {
    /// The session first, which ends Chromium.
    fn drop(&mut self) {
        let ended = self.agent.delete(&self.session).call().map(drop);
        let killed = self.driver.kill().and_then(|()| self.driver.wait());
        if !std::thread::panicking() {
            ended.unwrap();
            killed.unwrap();
        }
    }
}

/// It chooses a free port, and says which one; before that it says that it was asked for port 0.
fn port(driver: &mut Child) -> u16 {
    let mut output = BufReader::new(driver.stdout.take().unwrap());
    let port = output.by_ref().lines().find_map(|line| {
        let port: u16 = line.unwrap().rsplit_once("on port ")?.1.trim_end_matches('.').parse().ok()?;
        (port != 0).then_some(port)
    });
    // Somebody must read what else it says, or it stops when the pipe is full.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    port.expect("chromedriver says its port")
}

/// chromedriver wants its whole path.
fn find_chromium() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "google-chrome", "chromium-browser"];
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}
