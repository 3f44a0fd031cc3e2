//! `despam train`: a model from labelled paragraphs.

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use despam::Label;
use despam::model::card::Card;
use despam::train::dataset::LabelledDocument;
use despam::train::recipe::{DEFAULT_RECIPE, Recipe};
use despam::train::report::{ContextSummary, Report, ReportPoint, Shown};
use despam::train::{Trained, dataset, train};
use indicatif::{ProgressBar, ProgressStyle};

use super::args::{load_model, threads};
use super::eval;
use super::files::{Output, check_free};
use super::model::{self, judged};
use super::{Outcome, print, say, warn};

/// Fit a model to labelled paragraphs.
///
/// Data are JSON Lines with a document a line ({"id","group","paragraphs":[{"text","label"}]}) or a
/// paragraph a line ({"text","label"}), fastText lines, or CSV and TSV with a header; .gz and .zst
/// too; folders stand for the files in them. Labels are content, ad, chrome and unsure. Documents
/// of one group (a site) are never split between fitting and testing.
#[derive(clap::Args)]
pub struct Args {
    /// Labelled data: files or folders.
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The model file to write.
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    /// Start from a model and be pulled towards it: `default` or a file.
    #[arg(long, value_name = "MODEL")]
    base: Option<PathBuf>,
    /// Recipe to follow [default: the one of the built-in model].
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Corrections of labels: TSV with the columns set, document, paragraph, from, to.
    #[arg(long, value_name = "FILE")]
    patch: Option<PathBuf>,
    /// Write the out-of-fold spam probability of every paragraph here, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    out_of_fold: Option<PathBuf>,
    /// Write the report here as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Threads to work on [default: one a core].
    #[arg(short = 'j', long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    check_outputs(&args)?;
    let recipe = match &args.recipe {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Recipe::from_toml(&text.with_context(|| path.display().to_string())?)?
        }
        None => {
            // What is not made by its recipe for its purpose should not have its name.
            let name = args.output.file_stem().unwrap_or_default().to_string_lossy();
            Recipe { name: name.into_owned(), ..Recipe::from_toml(DEFAULT_RECIPE)? }
        }
    };
    let base = match args.base.as_deref() {
        None => None,
        Some(path) if path == Path::new("default") => Some(load_model(None)?),
        Some(path) => Some(load_model(Some(path))?),
    };
    let mut output = Output::file(&args.output, args.force)?;
    let mut documents = dataset::read(&args.data)?;
    if let Some(patch) = &args.patch {
        let count = dataset::apply_patch(&mut documents, patch)?;
        say(&format!("{count} labels corrected"));
    }
    let bar = bar();
    let progress = |step: &str, done: usize, all: usize| {
        bar.set_message(step.to_owned());
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let trained = train(&documents, &recipe, base, threads(args.threads), &progress);
    bar.finish_and_clear();
    let Trained { model, report, out_of_fold, documents } = trained?;
    output.write_all(&model.to_bytes()?)?;
    output.finish()?;
    print_report(&report, model.card())?;
    say(&format!("{} written in {:.1} s", args.output.display(), started.elapsed().as_secs_f64()));
    if let Some(path) = &args.out_of_fold {
        write_out_of_fold(path, args.force, &documents, &out_of_fold)?;
    }
    if let Some(path) = &args.report {
        let mut file = Output::file(path, args.force)?;
        writeln!(file, "{}", serde_json::to_string_pretty(&report)?)?;
        file.finish()?;
    }
    Ok(Outcome::Done)
}

/// Refuses, before the fit, outputs that could not be written after it, or would replace
/// what is read.
fn check_outputs(args: &Args) -> anyhow::Result<()> {
    let outputs = [Some(&args.output), args.out_of_fold.as_ref(), args.report.as_ref()];
    let outputs: Vec<&PathBuf> = outputs.into_iter().flatten().collect();
    let inputs = args.data.iter().chain(&args.recipe).chain(&args.patch);
    let inputs: Vec<PathBuf> = inputs.filter_map(|path| path.canonicalize().ok()).collect();
    for (i, path) in outputs.iter().enumerate() {
        let shown = path.display();
        if path.as_path() == Path::new("-") {
            bail!("a model and what comes with it are written to files, not to standard output");
        }
        if outputs[..i].contains(path) {
            bail!("{shown} is named twice as an output");
        }
        if path.canonicalize().is_ok_and(|path| inputs.contains(&path)) {
            bail!("{shown} is read: it cannot be an output too");
        }
        check_free(path, args.force)?;
    }
    Ok(())
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1);
    if let Ok(style) =
        ProgressStyle::with_template("{msg:14} {bar:30} {pos}/{len} {elapsed} {eta} left")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print_report(report: &Report, card: &Card) -> anyhow::Result<()> {
    let (epochs, gap, text_converged) = report.text;
    let ContextSummary { rows, passes, gap: context_gap, converged: context_converged } =
        report.context;
    let mut text = format!(
        "{} documents, {} distinct paragraphs\n\
         text stage: {epochs} passes, duality gap {gap:.1e} of the objective\n\
         last stage: {rows} rows, {passes} passes, duality gap {context_gap:.1e} of the objective\n",
        report.documents, report.rows
    );
    text += &judged(card);
    for ReportPoint { point, shown } in &report.points {
        text += &model::point(point);
        for Shown { documents, lost } in shown {
            text += &match lost {
                Some((lost, bound)) => format!(
                    "  {documents}: {:.2} % of the words and {:.2} % of the paragraphs lost (95 % sure: at most {:.2} and {:.2})\n",
                    100.0 * lost.words,
                    100.0 * lost.paragraphs,
                    100.0 * bound.words,
                    100.0 * bound.paragraphs
                ),
                None => format!("  {documents}: too few data to show it\n"),
            };
        }
    }
    text += "\nFigures out of fold, at the default operating point:\n";
    text += &eval::figures(&report.sets);
    if !(text_converged && context_converged) {
        warn("a stage did not converge: raise the recipe's limits of passes or iterations");
    }
    print(&text)
}

fn write_out_of_fold(
    path: &Path,
    force: bool,
    documents: &[LabelledDocument],
    out_of_fold: &[Vec<f64>],
) -> anyhow::Result<()> {
    let mut file = Output::file(path, force)?;
    for (document, spam) in documents.iter().zip(out_of_fold) {
        for (number, (paragraph, spam)) in document.paragraphs.iter().zip(spam).enumerate() {
            let label = paragraph.label.map_or("unsure", Label::name);
            let row = serde_json::json!({"id": document.id, "paragraph": number, "label": label, "spam": spam});
            writeln!(file, "{row}")?;
        }
    }
    file.finish()
}
