//! Opening inputs and replacing outputs.
//!
//! An output path has either its old content or the new one, never half: bytes go
//! to a temporary file beside it, which is synced and renamed at the end.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use despam::formats::Format;
use despam::formats::compression::{Compression, Packer, peek, unpack};
use despam::pipeline::Opened;
use tempfile::NamedTempFile;

/// An input with the name its documents have.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The path; `None` is standard input.
    pub path: Option<PathBuf>,
    /// The path within the folder that was named, for mirroring it.
    pub relative: PathBuf,
}

impl Source {
    /// What the source is called in output.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or("-".to_owned(), |path| path.to_string_lossy().into_owned())
    }

    /// Where its output stands within an output folder: at the same place, but what
    /// comes of `a.warc.wet.gz` is `a.jsonl.gz`.
    pub fn mirrored(&self, format: Format) -> PathBuf {
        let mut path = self.relative.clone();
        if format != Format::Wet {
            return path;
        }
        let packed = Compression::of_path(&path) != Compression::Plain;
        let packed = path.extension().filter(|_| packed).map(OsStr::to_owned);
        if packed.is_some() {
            path.set_extension("");
        }
        while path.extension().is_some_and(|ending| ending == "wet" || ending == "warc") {
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

    /// The form that was asked for, or that the name tells.
    pub fn format(&self, asked: Option<Format>) -> Option<Format> {
        asked.or_else(|| self.path.as_deref().and_then(Format::of_path))
    }
}

/// Where the rows of attributes of a source go: the path it has below a folder named
/// `documents`, as Dolma looks for them, or else within the folder that was named.
pub fn attribute_path(folder: &Path, source: &Source) -> PathBuf {
    let parts: Vec<_> = source.path.iter().flat_map(|path| path.components()).collect();
    match parts.iter().rposition(|part| part.as_os_str() == "documents") {
        Some(at) if at + 1 < parts.len() => {
            folder.join(parts[at + 1..].iter().collect::<PathBuf>())
        }
        _ => folder.join(&source.relative),
    }
}

/// The inputs that the arguments stand for: a folder for all files in it, by name.
pub fn sources(arguments: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    if arguments.is_empty() {
        return Ok(vec![Source { path: None, relative: PathBuf::from("-") }]);
    }
    let mut sources = Vec::new();
    for path in arguments {
        if path == Path::new("-") {
            sources.push(Source { path: None, relative: PathBuf::from("-") });
        } else if path.is_dir() {
            walk(path, Path::new(""), &mut sources)?;
        } else {
            let relative = path.file_name().map(PathBuf::from).unwrap_or_default();
            sources.push(Source { path: Some(path.clone()), relative });
        }
    }
    Ok(sources)
}

fn walk(folder: &Path, relative: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = entries.with_context(|| folder.display().to_string())?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let relative = relative.join(entry.file_name());
        // Links to folders are not followed: they may form a loop.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &relative, sources)?;
        } else if entry.path().is_file() {
            sources.push(Source { path: Some(entry.path()), relative });
        }
    }
    Ok(())
}

/// Bytes that are looked at to tell the form of an unnamed stream.
const SNIFFED: usize = 1 << 16;

/// Opens a source; `read` counts the bytes taken from it as they are stored.
pub fn open(
    source: &Source,
    format: Option<Format>,
    read: &Arc<AtomicU64>,
) -> io::Result<Opened<'static>> {
    let input: Box<dyn Read + Send> = match &source.path {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    let reader = unpack(Counted { input, read: Arc::clone(read) })?;
    if let Some(format) = source.format(format) {
        return Ok(Opened { format, reader: Box::new(reader) });
    }
    let (start, reader) = peek(reader, SNIFFED)?;
    Ok(Opened { format: Format::of_bytes(&start), reader: Box::new(reader) })
}

struct Counted {
    input: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// An output: standard output, or a file that is there only when it is complete.
pub enum Output {
    Stdout { out: BufWriter<io::Stdout>, last: u8 },
    File { packer: Box<Packer<BufWriter<NamedTempFile>>>, path: PathBuf },
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Output::Stdout { out: BufWriter::with_capacity(1 << 16, io::stdout()), last: b'\n' }
    }

    /// A file to be made, or replaced if `force` is set. Packed as its ending says.
    pub fn file(path: &Path, force: bool) -> anyhow::Result<Self> {
        if path.is_dir() {
            bail!("{} is a folder", path.display());
        }
        let regular = std::fs::metadata(path).map_or(true, |meta| meta.is_file());
        if path.exists() && regular && !force {
            bail!("{} exists: use --force to replace it", path.display());
        }
        if !regular {
            bail!("{} is not a regular file: write to standard output instead", path.display());
        }
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = temporary()
            .tempfile_in(folder)
            .with_context(|| format!("cannot write in {}", folder.display()))?;
        let packer =
            Packer::new(BufWriter::with_capacity(1 << 16, file), Compression::of_path(path))?;
        Ok(Output::File { packer: Box::new(packer), path: path.to_owned() })
    }

    /// Ends the line on standard output, if one is open: the next record must not
    /// be glued to the last one of another input.
    pub fn end_line(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout { last: b'\n', .. } | Output::File { .. } => Ok(()),
            Output::Stdout { .. } => self.write_all(b"\n"),
        }
    }

    /// Puts a file in its place; flushes standard output.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Output::Stdout { mut out, .. } => Ok(out.flush()?),
            Output::File { packer, path } => {
                place(*packer, &path).with_context(|| path.display().to_string())
            }
        }
    }
}

fn place(packer: Packer<BufWriter<NamedTempFile>>, path: &Path) -> anyhow::Result<()> {
    let file = packer.finish()?.into_inner().map_err(|error| error.into_error())?;
    let mode = std::fs::metadata(path).map(|meta| meta.permissions());
    file.as_file().sync_all()?;
    let placed = file.persist(path)?;
    if let Ok(mode) = mode {
        placed.set_permissions(mode)?;
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Temporary files that anybody may read whom the umask lets: they become outputs.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".despam-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Stdout { out, last } => {
                let count = out.write(bytes)?;
                *last = *bytes[..count].last().unwrap_or(last);
                Ok(count)
            }
            Output::File { packer, .. } => packer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout { out, .. } => out.flush(),
            Output::File { packer, .. } => packer.flush(),
        }
    }
}

/// An output file, or standard output where there is none.
pub fn output(path: Option<&Path>, force: bool) -> anyhow::Result<Output> {
    match path {
        Some(path) if path != Path::new("-") => Output::file(path, force),
        _ => Ok(Output::stdout()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_wet_are_named_as_json_lines() {
        for (name, format, mirrored) in [
            ("in/a.warc.wet.gz", Format::Wet, "in/a.jsonl.gz"),
            ("a.wet.zst", Format::Wet, "a.jsonl.zst"),
            ("a.b.warc", Format::Wet, "a.b.jsonl"),
            ("a.txt", Format::Wet, "a.txt.jsonl"),
            ("wet", Format::Wet, "wet.jsonl"),
            ("a.jsonl.gz", Format::JsonLines, "a.jsonl.gz"),
            ("a.warc.wet.gz", Format::Text, "a.warc.wet.gz"),
        ] {
            let source = Source { path: None, relative: PathBuf::from(name) };
            assert_eq!(source.mirrored(format), Path::new(mirrored), "{name}");
        }
    }
}
