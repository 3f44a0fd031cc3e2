//! Where the results of a run go: files, or standard output.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use despam::Classifier;
use despam::formats::Format;
use despam::formats::compression::Compression;
use despam::formats::reader::MAX_LINE;
use despam::pipeline::{Counts, InputError, Part, Reject, Sink};
use despam::report::Report;
use despam::restore::AuditEnd;
use despam::statistics::Statistics;
use indicatif::ProgressBar;

use super::files::{Batch, Existing, NewFile, Output};
use super::inputs::Source;
use super::places::{Main, Place, Places, Targets};
use super::warn;

/// Shares of invalid bytes from which on a file looks like another encoding.
const OTHER_ENCODING: f64 = 0.005;
/// Rejected records of an input that are told of one by one.
const TOLD_REJECTS: u64 = 5;

/// The files that a run writes. Those that belong to one input are in place soon after
/// it ends, those that all share when the run does.
pub struct Files<'f> {
    sources: &'f [Source],
    places: &'f Places,
    targets: &'f Targets,
    bar: ProgressBar,
    /// What judged, to explain the samples of reports.
    classifier: &'f Classifier<'f>,
    shared: Open,
    /// The files of the input that is being done.
    own: Open,
    batch: Batch,
    /// Inputs begun.
    begun: usize,
    format: Format,
    records: u64,
    told: u64,
    /// What was found in the input that is being done.
    found: Statistics,
    /// What was found in those that were read to their end, if they share a report.
    pub statistics: Statistics,
    /// Inputs that could not be done.
    failed: u64,
}

/// Outputs that are being written.
#[derive(Default)]
struct Open {
    main: Option<Output>,
    removed: Option<NewFile>,
    rejects: Option<NewFile>,
    attributes: Option<NewFile>,
}

impl Open {
    /// Files for `place`; the main one is packed as `packing` says or else as its name does.
    fn new(place: &Place, packing: Option<Compression>, targets: &Targets) -> anyhow::Result<Self> {
        let sides = existing_sides(targets);
        let mains = match targets.main {
            Main::InPlace => Existing::Replace,
            _ => targets.existing,
        };
        let side = |path: &Option<PathBuf>| {
            let file = |path: &PathBuf| NewFile::new(path, Compression::of_path(path), sides);
            path.as_ref().map(file).transpose()
        };
        let main = |path: &PathBuf| {
            let packing = packing.unwrap_or_else(|| Compression::of_path(path));
            NewFile::new(path, packing, mains).map(Output::File)
        };
        Ok(Open {
            main: place.main.as_ref().map(main).transpose()?,
            removed: side(&place.removed)?,
            rejects: side(&place.rejects)?,
            attributes: side(&place.attributes)?,
        })
    }

    fn write(&mut self, part: &Part) -> io::Result<()> {
        if let Some(main) = &mut self.main {
            main.write_all(&part.main)?;
        }
        if let Some(removed) = &mut self.removed {
            removed.write_all(&part.removed)?;
        }
        if let Some(attributes) = &mut self.attributes {
            attributes.write_all(&part.attributes)?;
        }
        if let Some(rejects) = &mut self.rejects {
            part.rejects.iter().try_for_each(|reject| rejects.write_all(&reject.row))?;
        }
        Ok(())
    }

    /// Hands complete files to the batch; flushes standard output.
    fn finish(self, batch: &mut Batch) -> anyhow::Result<()> {
        for side in [self.removed, self.rejects].into_iter().flatten() {
            batch.sides.push(side.complete()?);
        }
        let alone = self.main.is_none();
        if let Some(attributes) = self.attributes {
            let files = if alone { &mut batch.mains } else { &mut batch.sides };
            files.push(attributes.complete()?);
        }
        match self.main {
            Some(Output::File(file)) => batch.mains.push(file.complete()?),
            Some(Output::Stdout { mut out, .. }) => out.flush()?,
            None => {}
        }
        Ok(())
    }

    /// The file that is put in place last, if there is one.
    fn last(&self) -> Option<&NewFile> {
        match &self.main {
            Some(Output::File(file)) => Some(file),
            Some(Output::Stdout { .. }) => None,
            None => self.attributes.as_ref(),
        }
    }

    fn into_partial(self) -> Self {
        let partial = |file: Option<NewFile>| file.map(NewFile::into_partial);
        let main = self.main.map(|main| match main {
            Output::File(file) => Output::File(file.into_partial()),
            stdout => stdout,
        });
        Open {
            main,
            removed: partial(self.removed),
            rejects: partial(self.rejects),
            attributes: partial(self.attributes),
        }
    }
}

/// A killed run may have left side files without their main file.
fn existing_sides(targets: &Targets) -> Existing {
    if targets.resume { Existing::Replace } else { targets.existing }
}

impl<'f> Files<'f> {
    /// Opens what all inputs share, unless there are none left to do.
    pub fn new(
        sources: &'f [Source],
        places: &'f Places,
        targets: &'f Targets,
        bar: ProgressBar,
        classifier: &'f Classifier<'f>,
    ) -> anyhow::Result<Self> {
        let mut shared = match sources.is_empty() && targets.resume {
            true => Open::default(),
            false => Open::new(&places.shared, None, targets)?,
        };
        if places.stdout {
            shared.main = Some(Output::stdout());
        }
        Ok(Files {
            sources,
            places,
            targets,
            bar,
            classifier,
            shared,
            own: Open::default(),
            batch: Batch::default(),
            begun: 0,
            format: Format::Text,
            records: 0,
            told: 0,
            found: Statistics::default(),
            statistics: Statistics::default(),
            failed: 0,
        })
    }

    /// Puts what is complete in its place after a run that ended with `result`; how
    /// many inputs could not be done.
    pub fn finish(mut self, result: &io::Result<Counts>) -> anyhow::Result<u64> {
        let shared = std::mem::take(&mut self.shared);
        match shared.main {
            // What was removed from what is out already must be restorable, even when
            // something stopped the run.
            Some(Output::Stdout { .. }) => match shared.finish(&mut self.batch) {
                Err(_) if result.is_err() => {}
                finished => finished?,
            },
            // What was being written when the run was stopped is left.
            _ if result.is_err() => {}
            // A file that lacks an input is no complete output: the old one stays.
            Some(_) if self.failed > 0 => {
                if let Some(file) = shared.last().filter(|_| !self.keeps_partial()) {
                    warn(&format!("{} was not written", file.path().display()));
                }
                self.give_up(shared)?;
            }
            _ => shared.finish(&mut self.batch)?,
        }
        self.batch.place()?;
        Ok(self.failed)
    }

    /// Whether a Parquet file is written.
    fn writes_table(&self) -> bool {
        self.format == Format::Parquet && self.targets.documents
    }

    /// Whether parts of files are kept; a part of a Parquet file is none.
    fn keeps_partial(&self) -> bool {
        self.targets.keep_partial && !self.writes_table()
    }

    /// Warns of an output that is named as if it had another form than what is written.
    fn check_name(&self) {
        let written = match self.format {
            Format::Wet => Format::JsonLines,
            format => format,
        };
        let path = self.places.shared.main.as_ref().filter(|_| self.targets.documents);
        let named = path.and_then(|path| Some((path, Format::of_path(path)?)));
        if let Some((path, named)) = named.filter(|(_, named)| *named != written) {
            let (path, written, named) = (path.display(), written.name(), named.name());
            self.warn(&format!(
                "{path} is named as if it were {named}, but what is written is {written}"
            ));
        }
    }

    /// A Parquet file on standard output stands alone, and is not to be read by people.
    fn check_stdout(&self) -> io::Result<()> {
        if self.sources.len() > 1 {
            let name = self.name();
            let text = "a Parquet file cannot be joined to others: name a folder with -o";
            return Err(io::Error::other(format!("{name}: {text}")));
        }
        if io::stdout().is_terminal() {
            let text = "a Parquet file is not for a terminal: name a file with -o, or use a pipe";
            return Err(io::Error::other(text));
        }
        Ok(())
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

    /// What becomes of the files of an input that broke off.
    fn give_up(&mut self, open: Open) -> anyhow::Result<()> {
        let Some(file) = open.last().filter(|_| self.keeps_partial()) else { return Ok(()) };
        let path = file.path().display();
        self.warn(&format!("{} record(s) done before that are in {path}.partial", self.records));
        open.into_partial().finish(&mut self.batch)
    }

    fn end_input(&mut self, counts: &Counts) -> anyhow::Result<()> {
        self.check_name();
        if self.told > TOLD_REJECTS {
            self.warn(&format!("{} more records rejected", self.told - TOLD_REJECTS));
        }
        if counts.invalid_bytes as f64 > OTHER_ENCODING * counts.bytes as f64 {
            let share = 100.0 * counts.invalid_bytes as f64 / counts.bytes as f64;
            self.warn(&format!(
                "{share:.1} % of the bytes are not UTF-8; if it is another encoding, convert it with iconv"
            ));
        }
        if counts.long_lines > 0 {
            self.warn(&format!(
                "{} line(s) of more than {MAX_LINE} bytes were not judged",
                counts.long_lines
            ));
        }
        if counts.records == 0 && counts.other_records > 0 {
            self.warn(
                "no WARC record is of type `conversion`: despam reads the text of pages (WET), not pages"
            );
        }
        if self.targets.report.is_some() {
            self.statistics.merge(&self.found);
        }
        let end = AuditEnd::new(&self.name(), self.format, counts);
        for removed in [&mut self.shared.removed, &mut self.own.removed].into_iter().flatten() {
            writeln!(removed, "{}", serde_json::to_string(&end)?)?;
        }
        let mut own = std::mem::take(&mut self.own);
        if self.targets.main == Main::InPlace {
            if !self.may_replace(&own, counts) {
                return Ok(());
            }
            let changed = counts.removed + counts.rejected + counts.over_max_removed > 0;
            own.main = own.main.filter(|_| changed || self.targets.mark);
        }
        self.write_report(counts)?;
        own.finish(&mut self.batch)?;
        self.batch.place_if_due()
    }

    /// Writes the report of the input, if there is one of each.
    fn write_report(&mut self, counts: &Counts) -> anyhow::Result<()> {
        let place = &self.places.each[self.begun - 1];
        if let (Some(path), Some(reports)) = (&place.report, &self.targets.reports) {
            let (settings, found) = (reports.settings.clone(), std::mem::take(&mut self.found));
            let report = Report::new(settings, counts.clone(), 0, found, self.classifier);
            let existing = existing_sides(self.targets);
            let mut file = NewFile::new(path, Compression::Plain, existing)?;
            report.write_json(&mut file)?;
            self.batch.sides.push(file.complete()?);
        }
        Ok(())
    }

    /// Whether nothing is lost if the input is replaced by what came of it.
    fn may_replace(&mut self, open: &Open, counts: &Counts) -> bool {
        let lost = match counts.rejected {
            _ if self.sources[self.begun - 1].has_changed() => "it changed while it was read",
            1.. if open.rejects.is_none() => {
                "rejected records would be lost: name a place for them with --rejects"
            }
            _ => return true,
        };
        self.warn(&format!("left as it was: {lost}"));
        self.failed += 1;
        false
    }
}

impl Sink for Files<'_> {
    fn begin(&mut self, _: &str, format: Format) -> io::Result<()> {
        let (source, place) = (&self.sources[self.begun], &self.places.each[self.begun]);
        self.begun += 1;
        (self.format, self.records, self.told) = (format, 0, 0);
        self.found = Statistics::default();
        let packing = (self.targets.main == Main::InPlace).then(|| source.packed());
        let made = place.paths().try_for_each(|path| self.batch.make_folder_of(path));
        let own = made.and_then(|()| Open::new(place, packing, self.targets));
        self.own = own.map_err(other)?;
        let writes_table = self.writes_table();
        match &mut self.shared.main {
            Some(Output::Stdout { .. }) if writes_table => self.check_stdout(),
            Some(main) if format != Format::Text => main.end_line(),
            _ => Ok(()),
        }
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        self.shared.write(part)?;
        self.own.write(part)?;
        if let Some(found) = &part.statistics {
            self.found.merge(found);
        }
        self.records += part.counts.records - part.counts.rejected;
        let first = part.rejects.iter().filter(|reject| !reject.further);
        first.for_each(|reject| self.tell(reject));
        self.batch.place_if_due().map_err(other)
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        match result {
            Ok(counts) => self.end_input(counts).map_err(other),
            Err(error) => {
                self.warn(&error.to_string());
                self.failed += 1;
                let own = std::mem::take(&mut self.own);
                self.give_up(own).map_err(other)
            }
        }
    }
}

/// The words of an error; its kind stays, since a closed pipe is no error.
fn other(error: anyhow::Error) -> io::Error {
    let kind = error.downcast_ref::<io::Error>().map_or(io::ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, format!("{error:#}"))
}
