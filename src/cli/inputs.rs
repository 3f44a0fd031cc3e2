//! What to read: the files that the arguments stand for, and opening them.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use despam::formats::Format;
use despam::formats::compression::{Compression, peek, unpack};
use despam::formats::jsonl::Fields;
use despam::formats::parquet::Reader;
use despam::pipeline::{InputError, Opened};

use super::args::InputArgs;
use super::files::is_temporary;
use super::warn;

/// An input with the name its documents have.
#[derive(Debug)]
pub struct Source {
    /// The path; `None` is standard input.
    pub path: Option<PathBuf>,
    /// The path within the folder that was named, for mirroring it.
    pub relative: PathBuf,
    opened: OnceLock<AsOpened>,
}

/// What a file was like when it was opened.
#[derive(Debug)]
struct AsOpened {
    packed: Compression,
    stamp: Option<(u64, SystemTime)>,
}

impl Source {
    fn new(path: Option<PathBuf>, relative: PathBuf) -> Self {
        Source { path, relative, opened: OnceLock::new() }
    }

    /// What the source is called in output. Bytes that are not UTF-8 are escaped, so
    /// that two sources never have one name.
    pub fn name(&self) -> String {
        self.path.as_deref().map_or("-".to_owned(), name_of)
    }

    /// The form that was asked for, or that the name tells.
    fn named_format(&self, asked: Option<Format>) -> Option<Format> {
        asked.or_else(|| self.path.as_deref().and_then(Format::of_path))
    }

    /// The form that was asked for, or that the name or the first bytes tell. What can
    /// be read only once, or not at all, counts as text here.
    pub fn format(&self, asked: Option<Format>) -> Format {
        let sniffed = || {
            let path = self.path.as_deref().filter(|path| path.is_file())?;
            let (start, _) = peek(unpack(File::open(path).ok()?).ok()?, SNIFFED).ok()?;
            Some(Format::of_bytes(&start))
        };
        self.named_format(asked).or_else(sniffed).unwrap_or(Format::Text)
    }

    /// How the file was packed when it was opened.
    pub fn packed(&self) -> Compression {
        self.opened.get().map_or(Compression::Plain, |opened| opened.packed)
    }

    /// Whether the file is no longer as it was when it was opened.
    pub fn has_changed(&self) -> bool {
        let now = self.path.as_deref().and_then(|path| std::fs::metadata(path).ok());
        self.opened.get().is_none_or(|opened| opened.stamp != now.as_ref().and_then(stamp))
    }
}

fn stamp(meta: &Metadata) -> Option<(u64, SystemTime)> {
    Some((meta.len(), meta.modified().ok()?))
}

/// A path as text, bytes that are not UTF-8 as `\xff`.
fn name_of(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name += chunk.valid();
        chunk.invalid().iter().for_each(|byte| name += &format!("\\x{byte:02x}"));
    }
    name
}

/// One of several equal parts of all inputs, for job arrays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shard {
    /// Which part, from 1.
    number: usize,
    /// How many parts there are.
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').map(|(number, of)| (number.parse(), of.parse()));
        match numbers {
            Some((Ok(number), Ok(of))) if (1..=of).contains(&number) => Ok(Shard { number, of }),
            _ => Err("expected I/N with N at least 1 and I from 1 to N, such as 2/16".to_owned()),
        }
    }
}

impl Shard {
    /// The sources of this part, by path: every N-th from the I-th on.
    fn take(self, mut sources: Vec<Source>) -> Vec<Source> {
        sources.sort_by(|one, other| one.path.cmp(&other.path));
        sources.into_iter().skip(self.number - 1).step_by(self.of).collect()
    }
}

/// The inputs of a run.
#[derive(Debug, Default)]
pub struct Listing {
    /// The inputs, in the order in which they are read.
    pub sources: Vec<Source>,
    /// Folders that were named.
    pub folders: Vec<PathBuf>,
    /// Whether outputs are many by what was asked for, however many inputs there are.
    pub several: bool,
    /// What could not be listed.
    pub failed: u64,
}

impl Listing {
    /// The inputs that the arguments stand for: a folder for all files in it, by name.
    pub fn new(args: &InputArgs) -> anyhow::Result<Self> {
        let mut listing = Listing::default();
        match &args.files0_from {
            Some(list) => {
                for name in names(list)? {
                    let relative = name
                        .components()
                        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
                    let relative = relative.collect();
                    listing.add(name, relative);
                }
            }
            None if args.files.is_empty() => listing.add(PathBuf::from("-"), PathBuf::from("-")),
            None => {
                for path in &args.files {
                    let relative = match path.is_dir() {
                        true => PathBuf::new(),
                        false => path.file_name().map(PathBuf::from).unwrap_or_default(),
                    };
                    listing.add(path.clone(), relative);
                }
            }
        }
        let stdin = listing.sources.iter().filter(|source| source.path.is_none());
        ensure!(stdin.count() <= 1, "standard input is named twice");
        let several = listing.sources.len() > 1 || !listing.folders.is_empty();
        listing.several = several || args.files0_from.is_some() || args.shard.is_some();
        if listing.sources.is_empty() && listing.failed == 0 && !args.allow_empty {
            let first = args.files0_from.as_ref().or(args.files.first());
            let first = first.map(|path| path.display().to_string()).unwrap_or_default();
            bail!("no files to read in {first}: --allow-empty lets that pass");
        }
        if let Some(shard) = args.shard {
            let all = listing.sources.len();
            listing.sources = shard.take(listing.sources);
            if listing.sources.is_empty() {
                let Shard { number, of } = shard;
                warn(&format!("shard {number}/{of} of {all} input(s) has none: nothing to do"));
            }
        }
        Ok(listing)
    }

    fn add(&mut self, path: PathBuf, relative: PathBuf) {
        if path == Path::new("-") {
            self.sources.push(Source::new(None, relative));
        } else if path.is_dir() {
            self.walk(&path, &relative);
            self.folders.push(path);
        } else {
            self.sources.push(Source::new(Some(path), relative));
        }
    }

    /// What cannot be read is told, and the rest is taken all the same.
    fn walk(&mut self, folder: &Path, relative: &Path) {
        let entries = std::fs::read_dir(folder);
        let mut entries = match entries.and_then(|entries| entries.collect::<Result<Vec<_>, _>>()) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, &error),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries.iter().filter(|entry| !is_temporary(&entry.file_name())) {
            let (path, relative) = (entry.path(), relative.join(entry.file_name()));
            let told = |text: &str| warn(&format!("{}: {text}", name_of(&path)));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&path, &relative);
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_file() => self.sources.push(Source::new(Some(path), relative)),
                // Such links may form a loop.
                Ok(meta) if meta.is_dir() => told("a link to a folder is passed over"),
                Ok(_) => told("passed over: it is not a regular file"),
                Err(error) => self.fail(&path, &error),
            }
        }
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        warn(&format!("{}: {error}", name_of(path)));
        self.failed += 1;
    }
}

/// The names in a list, each but perhaps the last ended by a NUL.
fn names(list: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let stdin = list == Path::new("-");
    let mut bytes = Vec::new();
    let read = match stdin {
        true => io::stdin().read_to_end(&mut bytes),
        false => File::open(list).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    let shown = list.display();
    read.with_context(|| shown.to_string())?;
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let mut names = Vec::new();
    for (i, name) in bytes.split(|byte| *byte == 0).enumerate() {
        let number = i + 1;
        ensure!(!name.is_empty(), "{shown}: name {number} is empty");
        ensure!(!stdin || name != b"-", "{shown}: name {number} is `-`, but the list is there");
        names.push(path_of(name).with_context(|| format!("{shown}: name {number} is not UTF-8"))?);
    }
    Ok(names)
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> anyhow::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Ok(std::ffi::OsStr::from_bytes(name).into())
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> anyhow::Result<PathBuf> {
    Ok(std::str::from_utf8(name)?.into())
}

/// Bytes that are looked at to tell the form of an unnamed stream.
const SNIFFED: usize = 1 << 16;

/// Opens a source; `read` counts the bytes taken from it as they are stored, `told`
/// is what the user should know.
pub fn open(
    source: &Source,
    format: Option<Format>,
    fields: &Fields,
    read: &Arc<AtomicU64>,
    told: impl Fn(&str),
) -> Result<Opened<'static>, InputError> {
    let (mut stamped, mut regular) = (None, None);
    let input: Box<dyn Read + Send> = match &source.path {
        Some(path) => {
            let file = File::open(path)?;
            let meta = file.metadata()?;
            stamped = stamp(&meta);
            regular = meta.is_file().then(|| file.try_clone()).transpose()?;
            // What is added while it is read is not read, else `filter a >> a` would
            // never end. Some files of the system have a length of 0 and yet content.
            let length = Some(meta.len()).filter(|length| meta.is_file() && *length > 0);
            Box::new(file.take(length.unwrap_or(u64::MAX)))
        }
        None => Box::new(io::stdin()),
    };
    let (start, input) = peek(Counted::new(input, read), MAGIC)?;
    let packed = Compression::of_bytes(&start);
    if let Some(text) = source.path.as_deref().and_then(|path| lie(path, packed)) {
        told(&text);
    }
    // A source is opened once.
    let _ = source.opened.set(AsOpened { packed, stamp: stamped });
    let mut reader: Box<dyn Read + Send> = Box::new(unpack(input)?);
    let format = match source.named_format(format) {
        Some(format) => format,
        None => {
            let (start, rest) = peek(reader, SNIFFED)?;
            reader = Box::new(rest);
            Format::of_bytes(&start)
        }
    };
    Ok(match regular.filter(|_| packed == Compression::Plain) {
        _ if format != Format::Parquet => Opened::Stream { format, reader },
        Some(file) => Opened::Parquet(Reader::open(Counted::new(file, read), fields)?),
        None => Opened::Parquet(Reader::open(spooled(reader)?, fields)?),
    })
}

/// Opens a Parquet file, perhaps a packed one; `None` if by its bytes it is none.
pub fn open_parquet(path: &Path, fields: &Fields) -> Result<Option<Reader>, InputError> {
    let file = File::open(path)?;
    let regular = file.metadata()?.is_file().then(|| file.try_clone()).transpose()?;
    let (start, input) = peek(file, MAGIC)?;
    let packed = Compression::of_bytes(&start);
    let (start, reader) = peek(unpack(input)?, SNIFFED)?;
    Ok(match regular.filter(|_| packed == Compression::Plain) {
        _ if Format::of_bytes(&start) != Format::Parquet => None,
        Some(file) => Some(Reader::open(file, fields)?),
        None => Some(Reader::open(spooled(reader)?, fields)?),
    })
}

/// A temporary file without a name that holds what a stream has: a Parquet file is read
/// from its end.
fn spooled(mut reader: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader, &mut file)?;
    Ok(file)
}

/// Bytes that tell how a stream is packed.
const MAGIC: usize = 4;

/// What to say where a name tells another packing than the bytes.
fn lie(path: &Path, packed: Compression) -> Option<String> {
    let named = Compression::of_path(path);
    // A name without a known ending says nothing.
    if named == packed || named == Compression::Plain && Format::of_path(path).is_none() {
        return None;
    }
    let shown = |compression| match compression {
        Compression::Plain => "not packed",
        Compression::Gzip => "packed with gzip",
        Compression::Zstd => "packed with zstd",
    };
    let (named, packed) = (shown(named), shown(packed));
    Some(format!("{}: {packed}, but named as if {named}: the bytes decide", name_of(path)))
}

/// An input of which it is counted how much was read.
struct Counted<I> {
    input: I,
    read: Arc<AtomicU64>,
}

impl<I> Counted<I> {
    fn new(input: I, read: &Arc<AtomicU64>) -> Self {
        Counted { input, read: Arc::clone(read) }
    }
}

impl<I: Seek> Seek for Counted<I> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.input.seek(place)
    }
}

impl<I: Read> Read for Counted<I> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_numbered_from_one() {
        assert_eq!("2/16".parse(), Ok(Shard { number: 2, of: 16 }));
        for bad in ["0/4", "5/4", "1/0", "1", "/", "1/", "-1/4", "1/4/2", "a/b", "1.0/4"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shards_are_a_partition_whatever_the_order() {
        let sources = |names: &[&str]| -> Vec<Source> {
            names.iter().map(|name| Source::new(Some(name.into()), name.into())).collect()
        };
        let taken = |number, names: &[&str]| -> Vec<String> {
            Shard { number, of: 3 }.take(sources(names)).iter().map(Source::name).collect()
        };
        let (sorted, mixed) = (["a", "b", "c", "d"], ["d", "b", "a", "c"]);
        assert_eq!(taken(1, &sorted), ["a", "d"]);
        assert_eq!(taken(2, &mixed), ["b"]);
        assert_eq!(taken(3, &mixed), ["c"]);
    }

    #[test]
    fn names_that_lie_are_told() {
        let lies = |name: &str, packed| lie(Path::new(name), packed).is_some();
        assert!(lies("a.txt.gz", Compression::Plain) && lies("a.txt", Compression::Gzip));
        assert!(lies("a.gz", Compression::Zstd));
        assert!(!lies("a.txt.gz", Compression::Gzip) && !lies("a", Compression::Zstd));
    }
}
