//! Where the results of a run go: files, or standard output.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use despam::formats::Format;
use despam::pipeline::{Counts, InputError, Part, Reject, Sink};
use despam::restore::AuditEnd;
use indicatif::ProgressBar;

use super::files::{Output, Source, attribute_path, output};
use super::run::Targets;
use super::warn;

/// Shares of invalid bytes from which on a file looks like another encoding.
const OTHER_ENCODING: f64 = 0.005;
/// Rejected records of an input that are told of one by one.
const TOLD_REJECTS: u64 = 5;

/// The files that a run writes. Those that belong to one input are in place when it
/// ends, those that all share when the run does.
pub struct Files<'f> {
    sources: &'f [Source],
    folder: Option<&'f Path>,
    force: bool,
    bar: ProgressBar,
    /// The output of all inputs, or of the one that is being done.
    main: Option<Output>,
    removed: Option<Output>,
    rejects: Option<Output>,
    attributes_folder: Option<PathBuf>,
    /// Rows of attributes of the input that is being done.
    attributes: Option<Output>,
    /// Inputs begun.
    begun: usize,
    /// Their outputs within the folder.
    places: BTreeSet<PathBuf>,
    format: Format,
    told: u64,
    /// Inputs that could not be read to their end.
    pub failed: u64,
}

impl<'f> Files<'f> {
    /// Opens what all inputs share; with a `folder`, each has its own output in it.
    pub fn new(
        sources: &'f [Source],
        targets: &Targets,
        folder: Option<&'f Path>,
        bar: ProgressBar,
    ) -> anyhow::Result<Self> {
        let side = |path: &Option<PathBuf>| {
            path.as_deref().map(|path| Output::file(path, targets.force)).transpose()
        };
        let main = match folder {
            Some(_) => None,
            None if targets.attributes.is_some() && targets.output.is_none() => None,
            None => Some(output(targets.output.as_deref(), targets.force)?),
        };
        Ok(Files {
            sources,
            folder,
            force: targets.force,
            bar,
            main,
            removed: side(&targets.removed)?,
            rejects: side(&targets.rejects)?,
            attributes_folder: targets.attributes.clone(),
            attributes: None,
            begun: 0,
            places: BTreeSet::new(),
            format: Format::Text,
            told: 0,
            failed: 0,
        })
    }

    /// Puts the shared files in their places after a run that ended with `result`.
    pub fn finish(self, result: &io::Result<Counts>) -> anyhow::Result<()> {
        // What was removed from outputs that are in place must be restorable, even
        // when something stopped the run later.
        for side in [self.removed, self.rejects].into_iter().flatten() {
            side.finish()?;
        }
        match self.main.filter(|_| result.is_ok() && self.folder.is_none()) {
            // A file that lacks an input is no complete output: the old one stays.
            Some(Output::File { path, .. }) if self.failed > 0 => {
                warn(&format!("{} was not written", path.display()));
                Ok(())
            }
            main => main.map_or(Ok(()), Output::finish),
        }
    }

    fn name(&self) -> String {
        self.sources[self.begun - 1].name()
    }

    fn warn(&self, text: &str) {
        self.bar.suspend(|| warn(&format!("{}: {text}", self.name())));
    }

    fn tell(&mut self, reject: &Reject) {
        self.told += 1;
        if self.told <= TOLD_REJECTS {
            self.warn(&format!("record {} rejected: {}", reject.record, reject.reason));
        }
    }

    fn end_input(&mut self, counts: &Counts) -> anyhow::Result<()> {
        if self.told > TOLD_REJECTS {
            self.warn(&format!("{} more records rejected", self.told - TOLD_REJECTS));
        }
        if counts.invalid_bytes as f64 > OTHER_ENCODING * counts.bytes as f64 {
            let share = 100.0 * counts.invalid_bytes as f64 / counts.bytes as f64;
            self.warn(&format!(
                "{share:.1} % of the bytes are not UTF-8; if it is another encoding, convert it with iconv"
            ));
        }
        if counts.records == 0 && counts.other_records > 0 {
            self.warn(
                "no WARC record is of type `conversion`: despam reads the text of pages (WET), not pages"
            );
        }
        let end = AuditEnd::new(&self.name(), self.format, counts);
        if let Some(removed) = &mut self.removed {
            writeln!(removed, "{}", serde_json::to_string(&end)?)?;
        }
        self.attributes.take().map_or(Ok(()), Output::finish)?;
        match self.folder {
            Some(_) => self.main.take().map_or(Ok(()), Output::finish),
            None => Ok(()),
        }
    }
}

impl Sink for Files<'_> {
    fn begin(&mut self, _: &str, format: Format) -> io::Result<()> {
        let source = &self.sources[self.begun];
        (self.begun, self.format, self.told) = (self.begun + 1, format, 0);
        if let Some(folder) = self.folder {
            let place = source.mirrored(format);
            let path = folder.join(&place);
            // Two names may become one only now, when the bytes say that it is WET.
            if !self.places.insert(place) {
                let text = format!("two inputs would be written to {}", path.display());
                return Err(io::Error::other(text));
            }
            self.main = Some(mirrored(&path, self.force).map_err(other)?);
        }
        if let Some(folder) = &self.attributes_folder {
            let path = attribute_path(folder, source);
            self.attributes = Some(mirrored(&path, self.force).map_err(other)?);
        }
        match &mut self.main {
            Some(main) if format != Format::Text => main.end_line(),
            _ => Ok(()),
        }
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        let write = |output: &mut Option<Output>, bytes: &[u8]| {
            output.as_mut().map_or(Ok(()), |output| output.write_all(bytes))
        };
        write(&mut self.main, &part.main)?;
        write(&mut self.removed, &part.removed)?;
        write(&mut self.attributes, &part.attributes)?;
        for reject in &part.rejects {
            self.tell(reject);
            write(&mut self.rejects, &reject.row)?;
        }
        Ok(())
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        match result {
            Ok(counts) => self.end_input(counts).map_err(other),
            Err(error) => {
                self.warn(&error.to_string());
                self.failed += 1;
                self.attributes = None;
                if self.folder.is_some() {
                    self.main = None;
                }
                Ok(())
            }
        }
    }
}

/// An error of the system as it is, another one by its words.
fn other(error: anyhow::Error) -> io::Error {
    match error.downcast::<io::Error>() {
        Ok(error) => error,
        Err(error) => io::Error::other(format!("{error:#}")),
    }
}

/// The output for one of several inputs, in a folder that may have to be made.
fn mirrored(path: &Path, force: bool) -> anyhow::Result<Output> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    Output::file(path, force)
}
