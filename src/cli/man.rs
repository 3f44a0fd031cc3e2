//! `despam man`: the manual page.

use clap::CommandFactory;

use super::{Cli, Outcome};

/// Print the manual page, in roff; with a command's name, that command's page.
#[derive(clap::Args)]
pub struct Args {
    /// The command.
    command: Option<String>,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let mut command = Cli::command();
    command.build();
    if let Some(name) = args.command {
        let found = command.find_subcommand(&name).cloned();
        command = found.ok_or_else(|| anyhow::anyhow!("no command {name:?}"))?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    std::io::Write::write_all(&mut std::io::stdout(), &page)?;
    Ok(Outcome::Done)
}
