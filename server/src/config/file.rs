//! Settings from a file, and where each setting has come from.
//!
//! The command line knows all settings; the file gives them other defaults. So a value of the file is read by the same
//! parser as one of the command line, the environment goes before it and the command line before both.

use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use std::{ffi::OsString, fmt::Write as _, path::PathBuf};

/// Where the file's own name is looked for, besides `--config`.
const VARIABLE: &str = "HOUSING_CONFIG";
/// Commands that settings of serving belong to.
const SERVING: [&str; 2] = ["serve", "config"];
/// Nobody looks over an operator's shoulder at these.
const SECRETS: [&str; 3] = ["database_url", "backup_url", "s3_secret"];

/// What a file says: key and value, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    values: Vec<(String, String)>,
}

impl File {
    /// The file that the command line or the environment names; none is named: nothing.
    ///
    /// # Errors
    /// One line that names the file and what is wrong in it.
    pub fn named(arguments: &[OsString]) -> Result<Option<Self>, String> {
        let Some(path) = wanted(arguments).or_else(|| std::env::var_os(VARIABLE).filter(|path| !path.is_empty()))
        else {
            return Ok(None);
        };
        let path = PathBuf::from(path);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(path, &text).map(Some)
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, String> {
        let named = |what: &str| format!("{}: {what}", path.display());
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // The library's own sentence shows the line, and in it could stand a password.
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            named(&format!("line {line}: {}", error.message()))
        })?;
        let mut values = Vec::new();
        for (key, value) in table {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                _ => return Err(named(&format!("{key} must be a text, a whole number, true or false"))),
            };
            values.push((key, value));
        }
        Ok(Self { path, values })
    }

    /// The command line with the file's values as defaults.
    ///
    /// # Errors
    /// A key that is no setting.
    pub fn apply(&self, mut command: Command) -> Result<Command, String> {
        let shared = settings(&command);
        let serving = command.find_subcommand(SERVING[0]).map(settings).unwrap_or_default();
        for (key, value) in &self.values {
            let with_default = |arg: Arg| arg.default_value(value.clone());
            if shared.contains(key) {
                command = command.mut_arg(key, with_default);
            } else if serving.contains(key) {
                for name in SERVING {
                    command = command.mut_subcommand(name, |command| command.mut_arg(key, with_default));
                }
            } else {
                return Err(format!(
                    "{}: {key} is no setting; there are: {}",
                    self.path.display(),
                    [&shared[..], &serving].concat().join(", ")
                ));
            }
        }
        Ok(command)
    }
}

/// `--config <file>` or `--config=<file>`, before anything else is understood.
fn wanted(arguments: &[OsString]) -> Option<OsString> {
    let mut rest = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = rest.next() {
        if argument == "--config" {
            return rest.next().cloned();
        }
        if let Some(path) = argument.to_str().and_then(|argument| argument.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

/// What may stand in a file: everything that the environment may say too, but for the name of the file.
fn settings(command: &Command) -> Vec<String> {
    let settings = command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_id() != "config");
    settings.map(|arg| arg.get_id().to_string()).collect()
}

/// Every setting with its value and where it comes from, for `server config`. `command` and `matches` are those of
/// the subcommand, which knows the shared settings too.
#[must_use]
pub fn effective(command: &Command, matches: &ArgMatches, file: Option<&File>) -> String {
    let mut text = String::new();
    let serving = matches.subcommand_matches(SERVING[1]).unwrap_or(matches);
    let own = command.find_subcommand(SERVING[1]);
    for arg in command.get_arguments().chain(own.into_iter().flat_map(Command::get_arguments)) {
        let (id, Some(variable)) = (arg.get_id().as_str(), arg.get_env()) else { continue };
        if id == "config" {
            continue;
        }
        let in_file = file.filter(|file| file.values.iter().any(|(key, _)| key == id));
        let origin = match (serving.value_source(id), in_file) {
            (Some(ValueSource::CommandLine), _) => "command line".to_owned(),
            (Some(ValueSource::EnvVariable), _) => format!("environment, {}", variable.to_string_lossy()),
            (Some(_), Some(file)) => file.path.display().to_string(),
            (Some(_), None) => "default".to_owned(),
            (None, _) => "not set".to_owned(),
        };
        let value = serving.get_raw(id).and_then(|mut values| values.next()).map(|value| value.to_string_lossy());
        let value = match value {
            Some(_) if SECRETS.contains(&id) => "(hidden)".to_owned(),
            Some(value) => format!("{value:?}"),
            None => "-".to_owned(),
        };
        let _ = writeln!(text, "{id:<16} = {value:<28} # {origin}");
    }
    let keys = if std::env::var_os("HOUSING_KEYS").is_some() { "(hidden)" } else { "-" };
    let origin = if keys == "-" { "not set: the file keys of the data folder" } else { "environment, HOUSING_KEYS" };
    let _ = writeln!(text, "{:<16} = {keys:<28} # {origin}", "keys");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_and_a_password_is_not() {
        let parse = |text| File::parse("a.toml".into(), text).expect_err("refused");
        let error = parse("listen = \"127.0.0.1:1\"\ndatabase_url = \"postgres://a:topsecret@b/c\n");
        assert!(error.starts_with("a.toml: line 2: ") && !error.contains("topsecret"), "{error}");
        assert_eq!(parse("[listen]\n"), "a.toml: listen must be a text, a whole number, true or false");
        assert!(parse("listen = 1\nlisten = 2\n").contains("duplicate key"));
    }

    #[test]
    fn the_file_is_named_on_either_side_of_the_command() {
        let find = |arguments: &[&str]| wanted(&arguments.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(find(&["server", "--config", "a.toml", "serve"]), Some("a.toml".into()));
        assert_eq!(find(&["server", "serve", "--config=a.toml"]), Some("a.toml".into()));
        assert_eq!(find(&["server", "cluster", "--", "other", "--config", "a.toml"]), None);
    }
}
