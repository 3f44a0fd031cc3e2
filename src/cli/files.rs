//! Replacing outputs.
//!
//! An output path has either its old content or the new one, never half: bytes go
//! to a temporary file beside it, which is synced and renamed at the end. A signal
//! to end removes temporary files; those of a killed process stay and are told from
//! those of a living one by a lock.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use despam::formats::compression::{Compression, Packer};
use tempfile::NamedTempFile;

/// An output: standard output, or a file that is there only when it is complete.
pub enum Output {
    Stdout { out: BufWriter<io::Stdout>, last: u8 },
    File(NewFile),
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Output::Stdout { out: BufWriter::with_capacity(1 << 16, io::stdout()), last: b'\n' }
    }

    /// A file to be made, or replaced if `force` is set. Packed as its ending says.
    pub fn file(path: &Path, force: bool) -> anyhow::Result<Self> {
        let existing = if force { Existing::Replace } else { Existing::Refuse };
        check_free(path, force)?;
        NewFile::new(path, Compression::of_path(path), existing).map(Output::File)
    }

    /// Ends the line on standard output, if one is open: the next record must not
    /// be glued to the last one of another input.
    pub fn end_line(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout { last: b'\n', .. } | Output::File(_) => Ok(()),
            Output::Stdout { .. } => self.write_all(b"\n"),
        }
    }

    /// Puts a file in its place; flushes standard output.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Output::Stdout { mut out, .. } => Ok(out.flush().map_err(stdout_error)?),
            Output::File(file) => {
                let mut batch = Batch::default();
                batch.mains.push(file.complete()?);
                batch.place()
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Stdout { out, last } => {
                let count = out.write(bytes).map_err(stdout_error)?;
                *last = *bytes[..count].last().unwrap_or(last);
                Ok(count)
            }
            Output::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout { out, .. } => out.flush().map_err(stdout_error),
            Output::File(file) => file.flush(),
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

/// Whether there is something at `path` already; an error if no file can be put there.
/// A link counts as a file: it is replaced, not what it leads to.
pub fn check_target(path: &Path) -> anyhow::Result<bool> {
    if path.symlink_metadata().is_err() {
        return Ok(false);
    }
    match path.metadata() {
        Ok(meta) if meta.is_dir() => bail!("{} is a folder", path.display()),
        Ok(meta) if !meta.is_file() => {
            bail!("{} is not a regular file: write to standard output instead", path.display())
        }
        _ => Ok(true),
    }
}

/// An error if no file can be put at `path`, or if one is there and `force` is not set.
pub fn check_free(path: &Path, force: bool) -> anyhow::Result<()> {
    if check_target(path)? && !force {
        bail!("{} exists: use --force to replace it", path.display());
    }
    Ok(())
}

/// What to do with a file that is at an output's place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Existing {
    /// It stays, and the run fails.
    #[default]
    Refuse,
    /// It is replaced.
    Replace,
}

/// A file that is being written, beside its place.
pub struct NewFile {
    packer: Box<Packer<BufWriter<Temporary>>>,
    path: PathBuf,
    existing: Existing,
}

impl NewFile {
    /// A file for `path`, in a folder that is there.
    pub fn new(path: &Path, packing: Compression, existing: Existing) -> anyhow::Result<Self> {
        let folder = folder_of(path);
        let file = Temporary::new(folder)
            .with_context(|| format!("cannot write in {}", folder.display()))?;
        let packer = Packer::new(BufWriter::with_capacity(1 << 16, file), packing)?;
        Ok(NewFile { packer: Box::new(packer), path: path.to_owned(), existing })
    }

    /// Gives up on a whole file: what there is gets the name with `.partial` added,
    /// in place of an earlier one.
    pub fn into_partial(mut self) -> Self {
        self.path.as_mut_os_string().push(".partial");
        self.existing = Existing::Replace;
        self
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the end of the stream.
    pub fn complete(self) -> anyhow::Result<Complete> {
        let NewFile { packer, path, existing } = self;
        let finish = || packer.finish()?.into_inner().map_err(|error| error.into_error());
        let file = finish().with_context(|| path.display().to_string())?;
        Ok(Complete { file, path, existing })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.packer.write(bytes).map_err(|error| named(error, self.path.display()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packer.flush().map_err(|error| named(error, self.path.display()))
    }
}

fn stdout_error(error: io::Error) -> io::Error {
    named(error, "standard output")
}

/// An error of the same kind that says where it was.
fn named(error: io::Error, place: impl std::fmt::Display) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}

/// A file that is written and not yet in its place.
pub struct Complete {
    file: Temporary,
    path: PathBuf,
    existing: Existing,
}

impl Complete {
    fn sync(&self) -> anyhow::Result<()> {
        self.file.file.as_file().sync_all().with_context(|| self.path.display().to_string())
    }

    fn rename(self) -> anyhow::Result<()> {
        let Temporary { file, listed } = self.file;
        if let Ok(meta) = self.path.metadata() {
            file.as_file().set_permissions(meta.permissions())?;
        }
        let renamed = match self.existing {
            Existing::Replace => file.persist(&self.path),
            // Another run may have made it since it was looked for.
            Existing::Refuse => file.persist_noclobber(&self.path),
        };
        renamed.map_err(|error| error.error).with_context(|| self.path.display().to_string())?;
        drop(listed);
        Ok(())
    }
}

/// Complete files that wait for their places. To sync many at a time takes a tenth of
/// the time that one after another takes.
#[derive(Default)]
pub struct Batch {
    /// Files that must be in place before the others: who sees one of the others may
    /// rely on these.
    pub sides: Vec<Complete>,
    /// The others.
    pub mains: Vec<Complete>,
    /// Folders with new entries.
    folders: BTreeSet<PathBuf>,
    since: Option<Instant>,
}

/// Files that wait at most; each is open, and a process may have 256 on some systems.
const MAX_WAITING: usize = 64;
/// How long they wait at most, as long as anything is written.
const MAX_WAIT: Duration = Duration::from_secs(1);

impl Batch {
    /// Makes the folder of a file to be, and those above it.
    pub fn make_folder_of(&mut self, path: &Path) -> anyhow::Result<()> {
        let folder = folder_of(path);
        if folder.is_dir() {
            return Ok(());
        }
        self.make_folder_of(folder)?;
        match std::fs::create_dir(folder) {
            Err(_) if folder.is_dir() => {}
            made => made.with_context(|| folder.display().to_string())?,
        }
        self.folders.insert(folder_of(folder).to_owned());
        Ok(())
    }

    /// Puts the files in their places if they are many or have waited long.
    pub fn place_if_due(&mut self) -> anyhow::Result<()> {
        let waiting = self.sides.len() + self.mains.len();
        if waiting == 0 {
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if waiting < MAX_WAITING && since.elapsed() < MAX_WAIT {
            return Ok(());
        }
        self.place()
    }

    /// Puts all files in their places. When it returns they are on the disk.
    pub fn place(&mut self) -> anyhow::Result<()> {
        self.since = None;
        let (sides, mains) = (std::mem::take(&mut self.sides), std::mem::take(&mut self.mains));
        sides.iter().chain(&mains).try_for_each(Complete::sync)?;
        for files in [sides, mains] {
            for file in files {
                self.folders.insert(folder_of(&file.path).to_owned());
                file.rename()?;
            }
            for folder in std::mem::take(&mut self.folders) {
                sync_folder(&folder).with_context(|| folder.display().to_string())?;
            }
        }
        Ok(())
    }
}

/// The folder that a path lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Only Unix opens folders.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// How the names of temporary files start.
const PREFIX: &str = ".despam-";

/// Whether a file's name is that of a temporary one.
pub fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Removes what killed processes left in a folder. A file that a living process has
/// locked stays; so does every file where the file system has no locks.
pub fn clear_left_over(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name())) {
        let file = File::open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            // Another process may be clearing the same folder.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A file that is removed when it is dropped or the process told to end.
struct Temporary {
    file: NamedTempFile,
    listed: Listed,
}

impl Temporary {
    fn new(folder: &Path) -> io::Result<Self> {
        static WATCH: Once = Once::new();
        WATCH.call_once(remove_on_signals);
        loop {
            let mut live = live();
            let file = builder().tempfile_in(folder)?;
            live.insert(file.path().to_owned());
            drop(live);
            let listed = Listed(file.path().to_owned());
            // Without locks nothing is taken for left over, so this may fail.
            let _ = file.as_file().lock();
            // Somebody may have taken it for left over before it was locked.
            if file.path().exists() {
                return Ok(Temporary { file, listed });
            }
        }
    }
}

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Temporary files that anybody may read whom the umask lets: they become outputs.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

/// The temporary files of this process.
static LIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn live() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path in [`LIVE`] as long as it is kept.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        live().remove(&self.0);
    }
}

/// Has SIGINT and SIGTERM remove the temporary files before they end the process.
#[cfg(unix)]
fn remove_on_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    // Without a handler the files stay, as after SIGKILL.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in &mut signals {
            // The list stays locked: no more files are made.
            let live = live();
            live.iter().for_each(|path| drop(std::fs::remove_file(path)));
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn remove_on_signals() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        let name = |entry: io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_no_process_holds_is_left_over() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join(".despam-dead"), "half").expect("it can be written");
        std::fs::write(folder.path().join("other"), "whole").expect("it can be written");
        let held = Temporary::new(folder.path()).expect("a file can be made");
        clear_left_over(folder.path());
        assert_eq!(names(folder.path()).len(), 2);
        let path = held.file.path().to_owned();
        assert!(live().contains(&path));
        drop(held);
        assert_eq!(names(folder.path()), ["other"]);
        assert!(!live().contains(&path));
    }

    #[test]
    fn a_file_that_came_in_between_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("out");
        let mut output = Output::file(&path, false).expect("the file is new");
        output.write_all(b"ours").expect("it can be written");
        std::fs::write(&path, "theirs").expect("it can be written");
        assert!(output.finish().is_err());
        assert_eq!(std::fs::read(&path).expect("it is there"), b"theirs");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn a_batch_makes_folders_and_is_placed_when_it_is_full() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut batch = Batch::default();
        for i in 0..=MAX_WAITING {
            let path = folder.path().join(format!("a/b/{i}"));
            batch.make_folder_of(&path).expect("folders can be made");
            let file = NewFile::new(&path, Compression::Plain, Existing::Refuse);
            batch.mains.push(file.and_then(NewFile::complete).expect("it can be written"));
            batch.place_if_due().expect("it can be placed");
        }
        assert_eq!(batch.mains.len(), 1);
        let placed =
            |names: Vec<String>| names.iter().filter(|name| !is_temporary(name.as_ref())).count();
        assert_eq!(placed(names(&folder.path().join("a/b"))), MAX_WAITING);
    }
}
