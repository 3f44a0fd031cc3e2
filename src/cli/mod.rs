//! The command line: one file a command, `args` for the options they share, `inputs`
//! for what is read, `places` for where it goes, `files` for replacing files.

mod args;
mod check;
mod completions;
#[cfg(feature = "train")]
mod eval;
mod explain;
mod files;
mod filter;
mod inputs;
mod man;
mod model;
mod places;
mod report;
mod restore;
mod run;
mod score;
mod sink;
#[cfg(feature = "train")]
mod train;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use despam::verdict::Guard;

/// Strips injected ads and CMS chrome from text extracted from web pages.
#[derive(Parser)]
#[command(name = "despam", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// When to colour messages.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    Filter(filter::Args),
    Score(score::Args),
    Check(check::Args),
    Explain(explain::Args),
    #[cfg(feature = "train")]
    Train(train::Args),
    #[cfg(feature = "train")]
    Eval(eval::Args),
    #[command(subcommand)]
    Model(model::Action),
    Report(report::Args),
    Restore(restore::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a command ended: 0 done, 1 done but something was rejected or found.
pub(crate) enum Outcome {
    Done,
    Found,
}

/// Runs the command line; the exit status is 0 done, 1 done with rejected records
/// or, for `check`, spam found, 2 error.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let result = match cli.command {
        Command::Filter(args) => filter::run(args),
        Command::Score(args) => score::run(args),
        Command::Check(args) => check::run(args),
        Command::Explain(args) => explain::run(args),
        #[cfg(feature = "train")]
        Command::Train(args) => train::run(args),
        #[cfg(feature = "train")]
        Command::Eval(args) => eval::run(args),
        Command::Model(action) => model::run(action),
        Command::Report(args) => report::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        // The reader of a pipe has seen enough: no error.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            message("error", owo_colors::AnsiColors::Red, &format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

fn message(kind: &str, color: owo_colors::AnsiColors, text: &str) {
    use owo_colors::OwoColorize;
    say(&format!("despam: {}: {}", kind.color(color).bold(), one_line(text)));
}

/// Writes a line to standard error. Where that cannot be written to, nobody is told, and
/// what is to be done is done all the same.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Says how many paragraphs each guard kept.
pub(crate) fn say_guarded(guarded: &BTreeMap<Guard, u64>) {
    for (guard, count) in guarded {
        say(&format!("{count} paragraphs kept by the guard \"{}\"", guard.name()));
    }
}

/// Text with control characters escaped: names of files may have any.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// Writes a report to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says on stderr what the user should know.
pub(crate) fn warn(text: &str) {
    message("warning", owo_colors::AnsiColors::Yellow, text);
}
