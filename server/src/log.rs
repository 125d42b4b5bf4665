//! The log of the process: lines for people, or one JSON object per line for machines. It goes to standard error and
//! nowhere else; keeping it is the business of whoever runs the process. `RUST_LOG` chooses what is told.

use tracing_subscriber::EnvFilter;

/// What is told when nobody has chosen.
const USUAL: &str = "warn,server=info,store=info";

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Begins the log of this process.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| USUAL.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
}
