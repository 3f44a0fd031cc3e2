//! Where the results of each input go, and whether they may go there.
//!
//! All of it is looked at before anything is done: a run over many inputs must not
//! stop in the middle because of what was there at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use despam::formats::Format;
use despam::formats::compression::Compression;
use despam::report::Settings;

use super::files::{Existing, check_target, clear_left_over, folder_of};
use super::inputs::{Listing, Source};

/// Where everything goes.
#[derive(Default)]
pub struct Targets {
    /// Documents or rows.
    pub main: Main,
    /// Audit rows: a file, or a folder if there is a main file for each input.
    pub removed: Option<PathBuf>,
    /// Rejected records, likewise.
    pub rejects: Option<PathBuf>,
    /// A folder of attribute rows, with a file for each input.
    pub attributes: Option<PathBuf>,
    /// Whether documents are written, not rows on them.
    pub documents: bool,
    /// The report, a file that the caller writes.
    pub report: Option<PathBuf>,
    /// Reports of each input.
    pub reports: Option<Reports>,
    /// Whether documents are marked: they change though nothing is removed.
    pub mark: bool,
    /// What to do with files that are there.
    pub existing: Existing,
    /// Whether inputs whose main file is there are passed over.
    pub resume: bool,
    /// Whether what was done of an input that broke off is kept under another name.
    pub keep_partial: bool,
}

/// Where the report of each input goes.
pub struct Reports {
    pub folder: PathBuf,
    pub settings: Settings,
}

/// Where documents or rows go.
#[derive(Default, PartialEq)]
pub enum Main {
    /// To standard output, since nothing else was named.
    #[default]
    Unnamed,
    /// To standard output.
    Stdout,
    /// To a file, or to a folder for several inputs.
    Path(PathBuf),
    /// To where they came from.
    InPlace,
    /// They are not written.
    Nothing,
}

impl Main {
    /// What `-o` means.
    pub fn of(output: Option<PathBuf>) -> Self {
        match output {
            None => Main::Unnamed,
            Some(path) if path == Path::new("-") => Main::Stdout,
            Some(path) => Main::Path(path),
        }
    }
}

/// The files for one input, or for all.
#[derive(Debug, Default)]
pub struct Place {
    /// Documents or rows.
    pub main: Option<PathBuf>,
    /// Audit rows.
    pub removed: Option<PathBuf>,
    /// Rejected records.
    pub rejects: Option<PathBuf>,
    /// Attribute rows.
    pub attributes: Option<PathBuf>,
    /// The report.
    pub report: Option<PathBuf>,
}

impl Place {
    /// All of them.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let Place { main, removed, rejects, attributes, report } = self;
        [main, removed, rejects, attributes, report].into_iter().flatten()
    }

    /// The file that is put in place last: when it is there the input is done.
    fn last(&self) -> Option<&PathBuf> {
        self.main.as_ref().or(self.attributes.as_ref())
    }
}

/// The files of a run.
#[derive(Debug, Default)]
pub struct Places {
    /// Those that all inputs go into.
    pub shared: Place,
    /// Whether documents or rows of all inputs go to standard output.
    pub stdout: bool,
    /// Those of each input, by its number.
    pub each: Vec<Place>,
}

impl Places {
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.shared.paths().chain(self.each.iter().flat_map(Place::paths))
    }
}

/// Lays out the files for the inputs of `listing`, of the form `format` if it was asked
/// for, and checks all of them. Inputs that are done already are taken out of it; their
/// number is returned too.
pub fn lay_out(
    listing: &mut Listing,
    targets: &Targets,
    format: Option<Format>,
) -> anyhow::Result<(Places, u64)> {
    let stdout = matches!(targets.main, Main::Unnamed | Main::Stdout);
    let mirrored = match &targets.main {
        Main::Path(path) => listing.several || path.is_dir(),
        _ => !stdout,
    };
    ensure!(
        !stdout || !targets.resume && !targets.keep_partial,
        "standard output cannot be resumed or kept in part: name an output with -o"
    );
    ensure!(
        mirrored || targets.reports.is_none(),
        "a folder of reports needs an output for each input: name a folder with -o, or a report \
         that ends in .html or .json"
    );
    if let Main::Path(path) = &targets.main {
        ensure!(
            !listing.several || !path.is_file(),
            "{} is a file, but several inputs need a folder",
            path.display()
        );
    }
    let mut places = Places { stdout, ..Places::default() };
    if mirrored {
        check_folders(listing, targets)?;
    } else {
        let main = match &targets.main {
            Main::Path(path) => Some(path.clone()),
            _ => None,
        };
        let (removed, rejects) = (targets.removed.clone(), targets.rejects.clone());
        places.shared = Place { main, removed, rejects, ..Place::default() };
    }
    places.shared.report = targets.report.clone();
    for source in &listing.sources {
        let mut place = Place::default();
        if mirrored {
            place = mirrored_place(source, targets, listing.several, format)?;
        }
        place.attributes =
            targets.attributes.as_deref().map(|folder| attribute_path(folder, source));
        places.each.push(place);
    }
    check_distinct(&places, &listing.sources, targets.main == Main::InPlace)?;
    check_existing(&places, &listing.sources, targets)?;
    if targets.resume || targets.main == Main::InPlace {
        let folders: BTreeSet<&Path> = places.paths().map(|path| folder_of(path)).collect();
        folders.into_iter().for_each(clear_left_over);
    }
    let skipped = if targets.resume { skip_done(&mut places, &mut listing.sources) } else { 0 };
    Ok((places, skipped))
}

/// The files for one input that does not share them.
fn mirrored_place(
    source: &Source,
    targets: &Targets,
    several: bool,
    format: Option<Format>,
) -> anyhow::Result<Place> {
    let mut parts = source.relative.components();
    ensure!(
        parts.all(|part| matches!(part, Component::Normal(_))),
        "{}: the output folder has no place for a path with `..`",
        source.name()
    );
    let side = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| match several || path.is_dir() {
            true => path.join(side_name(&source.relative)),
            false => path.clone(),
        })
    };
    let main = match &targets.main {
        Main::Path(folder) => {
            let name = main_name(&source.relative, source.format(format), targets.documents);
            Some(folder.join(name))
        }
        Main::InPlace => Some(real_file(source, format)?),
        _ => None,
    };
    let (removed, rejects) = (side(&targets.removed), side(&targets.rejects));
    let report = targets.reports.as_ref().map(|reports| {
        let mut path = reports.folder.join(&source.relative);
        path.as_mut_os_string().push(".json");
        path
    });
    Ok(Place { main, removed, rejects, report, ..Place::default() })
}

/// The file that is replaced where an input is: what a link leads to.
fn real_file(source: &Source, format: Option<Format>) -> anyhow::Result<PathBuf> {
    let Some(path) = &source.path else {
        bail!("standard input cannot be replaced: name files with --in-place");
    };
    match path.metadata() {
        Ok(meta) if !meta.is_file() => bail!("{} is not a regular file", path.display()),
        Ok(_) if source.format(format) == Format::Wet => {
            bail!("{} is WET, which is only read: name an output with -o", path.display())
        }
        Ok(_) => path.canonicalize().with_context(|| path.display().to_string()),
        // Opening it will tell.
        Err(_) => Ok(path.to_owned()),
    }
}

/// The name of an output: the input's, but what comes of `a.warc.wet.gz` is
/// `a.jsonl.gz`, and so are rows on `a.parquet.gz` that are no `documents`.
fn main_name(relative: &Path, format: Format, documents: bool) -> PathBuf {
    let mut path = relative.to_owned();
    let endings: &[&str] = match format {
        Format::Wet => &["wet", "warc"],
        Format::Parquet if !documents => &["parquet"],
        _ => return path,
    };
    let packed = Compression::of_path(&path) != Compression::Plain;
    let packed = path.extension().filter(|_| packed).map(OsStr::to_owned);
    if packed.is_some() {
        path.set_extension("");
    }
    while path.extension().is_some_and(|ending| endings.iter().any(|old| ending == *old)) {
        path.set_extension("");
    }
    let name = path.as_mut_os_string();
    name.push(".jsonl");
    if let Some(packed) = packed {
        name.push(".");
        name.push(packed);
    }
    path
}

/// Where the rows of attributes of a source go: the path it has below a folder named
/// `documents`, as Dolma looks for them, or else within the folder that was named.
fn attribute_path(folder: &Path, source: &Source) -> PathBuf {
    let parts: Vec<_> = source.path.iter().flat_map(|path| path.components()).collect();
    match parts.iter().rposition(|part| part.as_os_str() == "documents") {
        Some(at) if at + 1 < parts.len() => {
            folder.join(parts[at + 1..].iter().collect::<PathBuf>())
        }
        _ => folder.join(&source.relative),
    }
}

/// The name of a side file: the input's with the rows' own ending, packed alike.
fn side_name(relative: &Path) -> PathBuf {
    let mut name = relative.as_os_str().to_owned();
    name.push(match Compression::of_path(relative) {
        Compression::Plain => ".jsonl",
        Compression::Gzip => ".jsonl.gz",
        Compression::Zstd => ".jsonl.zst",
    });
    name.into()
}

/// Output folders must not lie within input folders: the next run would read them.
fn check_folders(listing: &Listing, targets: &Targets) -> anyhow::Result<()> {
    let main = match &targets.main {
        Main::Path(path) => Some(path),
        _ => None,
    };
    let reports = targets.reports.as_ref().map(|reports| &reports.folder);
    let sides = [&targets.removed, &targets.rejects, &targets.attributes, &targets.report];
    for output in sides.into_iter().flatten().chain(main).chain(reports) {
        let full = canonical(output);
        for folder in &listing.folders {
            ensure!(
                !full.starts_with(canonical(folder)),
                "{} lies in {}, which is read: name a place outside of it",
                output.display(),
                folder.display()
            );
        }
    }
    Ok(())
}

/// The full path, also of what is not there yet.
fn canonical(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.file_name()) {
        (Ok(full), _) => full,
        (Err(_), Some(name)) => canonical(folder_of(path)).join(name),
        (Err(_), None) => path.to_owned(),
    }
}

/// No two outputs may be the same file.
fn check_distinct(places: &Places, sources: &[Source], in_place: bool) -> anyhow::Result<()> {
    let mut folders: BTreeMap<&Path, PathBuf> = BTreeMap::new();
    let mut seen: BTreeMap<PathBuf, Option<usize>> = BTreeMap::new();
    let shared = places.shared.paths().map(|path| (path, None));
    let each = places.each.iter().enumerate();
    let each = each.flat_map(|(i, place)| place.paths().map(move |path| (path, Some(i))));
    for (path, i) in shared.chain(each) {
        // The same folder may have several names; a link in it would be replaced.
        let folder = folder_of(path);
        let folder = folders.entry(folder).or_insert_with(|| canonical(folder));
        let full = folder.join(path.file_name().unwrap_or_default());
        match (seen.insert(full, i), i) {
            (None, _) => {}
            (Some(Some(other)), Some(i)) if other != i && in_place => bail!(
                "{} and {} are one file, which can be replaced once: name it once",
                sources[other].name(),
                sources[i].name()
            ),
            (Some(Some(other)), Some(i)) if other != i => bail!(
                "{} and {} would both be written to {}: take one of them, or name the folder \
                 above them",
                sources[other].name(),
                sources[i].name(),
                path.display()
            ),
            (Some(_), _) => bail!("{} is named as two outputs", path.display()),
        }
    }
    Ok(())
}

/// Outputs must not be inputs, nor there already unless that was asked for.
fn check_existing(places: &Places, sources: &[Source], targets: &Targets) -> anyhow::Result<()> {
    let full = |path: &Path| path.canonicalize().ok();
    let mut inputs: Option<BTreeSet<PathBuf>> = None;
    let mut there: Vec<&Path> = Vec::new();
    let mains: BTreeSet<&PathBuf> = match targets.main {
        Main::InPlace => places.each.iter().filter_map(|place| place.main.as_ref()).collect(),
        _ => BTreeSet::new(),
    };
    for path in places.paths().filter(|path| !mains.contains(path)) {
        if !check_target(path)? {
            continue;
        }
        let inputs = inputs.get_or_insert_with(|| {
            sources.iter().filter_map(|source| full(source.path.as_deref()?)).collect()
        });
        if full(path).is_some_and(|path| inputs.contains(&path)) {
            bail!("{} is both input and output", path.display());
        }
        there.push(path);
    }
    match there.as_slice() {
        [] => Ok(()),
        _ if targets.resume || targets.existing == Existing::Replace => Ok(()),
        [one] => bail!("{} exists: use --force to replace it", one.display()),
        [first, others @ ..] => bail!(
            "{} and {} more files exist: use --force to replace them, --resume to do only the \
             inputs whose output is missing",
            first.display(),
            others.len()
        ),
    }
}

/// Takes out the inputs whose last file is in place; how many they were.
fn skip_done(places: &mut Places, sources: &mut Vec<Source>) -> u64 {
    let is_done = |place: &Place| place.last().is_some_and(|last| last.is_file());
    let before = sources.len();
    let shared = is_done(&places.shared);
    let is_left = |place: &Place| match places.shared.main {
        Some(_) => !shared,
        None => !is_done(place),
    };
    let all = std::mem::take(sources).into_iter().zip(std::mem::take(&mut places.each));
    (*sources, places.each) = all.filter(|(_, place)| is_left(place)).unzip();
    (before - sources.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_files_are_named_and_packed_as_their_inputs() {
        let name = |input: &str| side_name(Path::new(input)).to_string_lossy().into_owned();
        assert_eq!(name("a/b.txt"), "a/b.txt.jsonl");
        assert_eq!(name("b.jsonl.gz"), "b.jsonl.gz.jsonl.gz");
        assert_eq!(name("b.zst"), "b.zst.jsonl.zst");
    }

    #[test]
    fn outputs_of_another_form_are_named_as_json_lines() {
        for (name, format, output) in [
            ("in/a.warc.wet.gz", Format::Wet, "in/a.jsonl.gz"),
            ("a.wet.zst", Format::Wet, "a.jsonl.zst"),
            ("a.b.warc", Format::Wet, "a.b.jsonl"),
            ("a.txt", Format::Wet, "a.txt.jsonl"),
            ("wet", Format::Wet, "wet.jsonl"),
            ("a.jsonl.gz", Format::JsonLines, "a.jsonl.gz"),
            ("a.warc.wet.gz", Format::Text, "a.warc.wet.gz"),
        ] {
            assert_eq!(main_name(Path::new(name), format, true), Path::new(output), "{name}");
            assert_eq!(main_name(Path::new(name), format, false), Path::new(output), "{name}");
        }
        let of = |documents| main_name(Path::new("a.parquet.gz"), Format::Parquet, documents);
        assert_eq!(of(true), Path::new("a.parquet.gz"));
        assert_eq!(of(false), Path::new("a.jsonl.gz"));
    }

    #[test]
    fn the_full_path_of_what_is_not_there_is_that_of_its_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let real = folder.path().canonicalize().expect("it is there");
        assert_eq!(canonical(&folder.path().join("x/y")), real.join("x/y"));
    }
}
