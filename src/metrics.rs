//! What `despam eval` measures.
//!
//! Words are separated by white space. Genuine is a paragraph labelled `content`,
//! junk one labelled `ad` or `chrome`; `unsure` ones are never counted. Every
//! figure comes with a 95 % interval from a bootstrap over clusters of documents
//! (sites), with a fixed seed. What is undefined is `None`, never 0.

use serde::Serialize;

use crate::label::Label;

/// One judged paragraph with its true label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Number of the document it is in.
    pub document: u32,
    /// Number of the cluster (site) the document belongs to.
    pub cluster: u32,
    /// Its words.
    pub words: u32,
    /// What it is.
    pub truth: Label,
    /// The model's spam probability.
    pub spam: f64,
    /// The model's label at the operating point in force.
    pub verdict: Label,
}

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure; `None` where it is undefined.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// All figures of one set; shares are in [0, 1].
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        pub struct Figures<T> {
            $($(#[$doc])* pub $name: T,)*
        }

        impl<T> Figures<T> {
            /// The figures by name, in a fixed order.
            pub fn by_name(&self) -> Vec<(&'static str, &T)> {
                vec![$((stringify!($name), &self.$name),)*]
            }

            fn map<'a, U>(all: &'a [Figures<T>], f: impl Fn(Vec<&'a T>) -> U) -> Figures<U> {
                Figures { $($name: f(all.iter().map(|one| &one.$name).collect()),)* }
            }
        }
    };
}

figures! {
    /// Words of genuine paragraphs removed / words of genuine paragraphs.
    content_loss_words,
    /// Genuine paragraphs removed / genuine paragraphs.
    content_loss_paragraphs,
    /// Mean over documents of the share of genuine words removed.
    content_loss_per_document,
    /// The same over the tenth of the documents that lose most.
    content_loss_worst_tenth,
    /// Genuine paragraphs of up to 12 words removed / all such.
    short_content_loss,
    /// Junk paragraphs found where 99.5 % of the genuine words and paragraphs are kept.
    recall_at_995,
    /// The same where 99.9 % are kept.
    recall_at_999,
    /// Junk paragraphs found where 99.5 % of the genuine words are kept.
    recall_at_995_words,
    /// Junk words found where 99.5 % of the genuine words and paragraphs are kept.
    word_recall_at_995,
    /// Junk paragraphs removed / junk paragraphs, at the point in force.
    recall,
    /// Ads removed / ads.
    recall_ads,
    /// Chrome removed / chrome.
    recall_chrome,
    /// Junk among what is removed.
    precision,
    /// Harmonic mean of recall and precision.
    f1,
    /// Documents whose every paragraph is judged right.
    documents_right,
    /// Documents without junk: right if nothing is done.
    documents_clean,
    /// Documents that lost no genuine paragraph of 10 words or more.
    documents_unharmed,
    /// Area under the precision-recall curve of junk paragraphs.
    average_precision,
    /// 1 - area under the ROC curve.
    one_minus_roc_area,
    /// Expected calibration error over 15 bins of equal width.
    calibration_error,
}

/// An evaluation of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Documents with at least one counted paragraph.
    pub documents: usize,
    /// Genuine paragraphs.
    pub content: usize,
    /// Ads.
    pub ads: usize,
    /// Chrome paragraphs.
    pub chrome: usize,
    /// The figures.
    pub figures: Figures<Estimate>,
}

/// How often the bootstrap draws.
const DRAWS: usize = 300;
const SEED: u64 = 20_260_101;
/// A genuine paragraph of so many words is a real loss.
const SUBSTANTIAL_WORDS: u32 = 10;
/// Genuine paragraphs of up to so many words are short.
const SHORT_WORDS: u32 = 12;
const CALIBRATION_BINS: usize = 15;

/// Measures a set.
///
/// ```
/// use despam::Label;
/// use despam::metrics::{Judged, evaluate};
///
/// let row = |truth, spam, verdict| Judged { document: 0, cluster: 0, words: 10, truth, spam, verdict };
/// let evaluation = evaluate(&[
///     row(Label::Content, 0.1, Label::Content),
///     row(Label::Chrome, 0.9, Label::Chrome),
///     row(Label::Ad, 0.4, Label::Content),
/// ]);
/// assert_eq!(evaluation.figures.recall.value, Some(0.5));
/// assert_eq!(evaluation.figures.content_loss_words.value, Some(0.0));
/// assert_eq!(evaluation.figures.recall_at_995.value, Some(1.0));
/// ```
pub fn evaluate(rows: &[Judged]) -> Evaluation {
    let (sorted, clusters) = sorted(rows);
    let documents = Documents::of(rows);
    let mut measured = vec![measure(&sorted, &documents, &vec![1; clusters])];
    let mut random = Draw(SEED);
    for _ in 0..DRAWS {
        let mut times = vec![0u32; clusters];
        (0..clusters).for_each(|_| times[random.below(clusters)] += 1);
        measured.push(measure(&sorted, &documents, &times));
    }
    let count = |label| rows.iter().filter(|row| row.truth == label).count();
    Evaluation {
        documents: documents.all.len(),
        content: count(Label::Content),
        ads: count(Label::Ad),
        chrome: count(Label::Chrome),
        figures: Figures::map(&measured, estimate),
    }
}

/// The figures of a set alone, without intervals: much faster than [`evaluate`].
pub fn figures(rows: &[Judged]) -> Figures<Option<f64>> {
    let (sorted, clusters) = sorted(rows);
    measure(&sorted, &Documents::of(rows), &vec![1; clusters])
}

/// The rows by falling spam probability, and how many clusters they are in.
fn sorted(rows: &[Judged]) -> (Vec<Judged>, usize) {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| b.spam.total_cmp(&a.spam));
    let clusters = rows.iter().map(|row| row.cluster as usize + 1).max().unwrap_or(0);
    (sorted, clusters)
}

fn estimate(values: Vec<&Option<f64>>) -> Estimate {
    let mut draws: Vec<f64> = values[1..].iter().filter_map(|value| **value).collect();
    draws.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let at = (share * (draws.len().saturating_sub(1)) as f64).round() as usize;
        draws.get(at).copied()
    };
    Estimate { value: *values[0], low: quantile(0.025), high: quantile(0.975) }
}

/// Sums a document.
#[derive(Clone, Copy, Default)]
struct DocumentSums {
    cluster: u32,
    genuine_words: u32,
    lost_words: u32,
    wrong: bool,
    junk: bool,
    harmed: bool,
}

struct Documents {
    all: Vec<DocumentSums>,
}

impl Documents {
    fn of(rows: &[Judged]) -> Self {
        let mut numbers: Vec<u32> = rows.iter().map(|row| row.document).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut all = vec![DocumentSums::default(); numbers.len()];
        for row in rows {
            let Ok(at) = numbers.binary_search(&row.document) else { continue };
            let document = &mut all[at];
            document.cluster = row.cluster;
            document.wrong |= row.truth.is_spam() != row.verdict.is_spam();
            document.junk |= row.truth.is_spam();
            if row.truth == Label::Content {
                document.genuine_words += row.words;
                if row.verdict.is_spam() {
                    document.lost_words += row.words;
                    document.harmed |= row.words >= SUBSTANTIAL_WORDS;
                }
            }
        }
        Documents { all }
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// All figures with each cluster counted as often as `times` says; `rows` sorted
/// by falling spam probability.
fn measure(rows: &[Judged], documents: &Documents, times: &[u32]) -> Figures<Option<f64>> {
    let mut figures = Figures::default();
    measure_point(rows, times, &mut figures);
    measure_documents(documents, times, &mut figures);
    measure_ranking(rows, times, &mut figures);
    figures
}

fn measure_point(rows: &[Judged], times: &[u32], figures: &mut Figures<Option<f64>>) {
    // Per label: paragraphs, removed ones, words, removed words.
    let mut sums = [[0.0f64; 4]; 3];
    let (mut short, mut short_removed) = (0.0, 0.0);
    let mut bins = [[0.0f64; 3]; CALIBRATION_BINS];
    for row in rows {
        let time = f64::from(times[row.cluster as usize]);
        let removed = f64::from(row.verdict.is_spam()) * time;
        let words = f64::from(row.words);
        let sum = &mut sums[row.truth.class()];
        sum[0] += time;
        sum[1] += removed;
        sum[2] += time * words;
        sum[3] += removed * words;
        if row.truth == Label::Content && row.words <= SHORT_WORDS {
            short += time;
            short_removed += removed;
        }
        let bin =
            &mut bins[((row.spam * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1)];
        bin[0] += time;
        bin[1] += time * row.spam;
        bin[2] += time * f64::from(row.truth.is_spam());
    }
    let [content, ad, chrome] = sums;
    figures.content_loss_words = share(content[3], content[2]);
    figures.content_loss_paragraphs = share(content[1], content[0]);
    figures.short_content_loss = share(short_removed, short);
    figures.recall = share(ad[1] + chrome[1], ad[0] + chrome[0]);
    figures.recall_ads = share(ad[1], ad[0]);
    figures.recall_chrome = share(chrome[1], chrome[0]);
    figures.precision = share(ad[1] + chrome[1], content[1] + ad[1] + chrome[1]);
    figures.f1 = match (figures.recall, figures.precision) {
        (Some(recall), Some(precision)) => share(2.0 * recall * precision, recall + precision),
        _ => None,
    };
    let all: f64 = bins.iter().map(|bin| bin[0]).sum();
    figures.calibration_error = share(bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum(), all);
}

fn measure_documents(documents: &Documents, times: &[u32], figures: &mut Figures<Option<f64>>) {
    let (mut all, mut right, mut clean, mut unharmed) = (0.0, 0.0, 0.0, 0.0);
    let mut losses = Vec::new();
    for document in &documents.all {
        let time = f64::from(times[document.cluster as usize]);
        all += time;
        right += time * f64::from(!document.wrong);
        clean += time * f64::from(!document.junk);
        unharmed += time * f64::from(!document.harmed);
        if document.genuine_words > 0 && time > 0.0 {
            losses.push((f64::from(document.lost_words) / f64::from(document.genuine_words), time));
        }
    }
    figures.documents_right = share(right, all);
    figures.documents_clean = share(clean, all);
    figures.documents_unharmed = share(unharmed, all);
    let counted: f64 = losses.iter().map(|(_, time)| time).sum();
    figures.content_loss_per_document =
        share(losses.iter().map(|(loss, time)| loss * time).sum(), counted);
    losses.sort_by(|a, b| b.0.total_cmp(&a.0));
    let tenth = counted / 10.0;
    let (mut taken, mut lost) = (0.0, 0.0);
    for (loss, time) in losses {
        let take = time.min(tenth - taken);
        lost += loss * take;
        taken += take;
    }
    figures.content_loss_worst_tenth = share(lost, tenth);
}

fn measure_ranking(rows: &[Judged], times: &[u32], figures: &mut Figures<Option<f64>>) {
    let mut total = Counts::default();
    rows.iter().for_each(|row| total.add(row, times));
    let (mut seen, mut ranking) = (Counts::default(), Ranking::default());
    // Rows of equal probability stand or fall together.
    for tied in rows.chunk_by(|a, b| a.spam == b.spam) {
        let before = seen;
        tied.iter().for_each(|row| seen.add(row, times));
        ranking.step(&before, &seen, &total);
    }
    if total.junk > 0.0 {
        let at = |counts: Counts| Some(counts.junk / total.junk);
        figures.recall_at_995 = at(ranking.kept_995);
        figures.recall_at_999 = at(ranking.kept_999);
        figures.recall_at_995_words = at(ranking.kept_995_words);
        figures.word_recall_at_995 = share(ranking.kept_995.junk_words, total.junk_words);
        figures.average_precision = Some(ranking.precision_area / total.junk);
        if total.genuine > 0.0 {
            figures.one_minus_roc_area = Some(ranking.roc_above / (total.junk * total.genuine));
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    genuine: f64,
    genuine_words: f64,
    junk: f64,
    junk_words: f64,
}

impl Counts {
    fn add(&mut self, row: &Judged, times: &[u32]) {
        let time = f64::from(times[row.cluster as usize]);
        let words = time * f64::from(row.words);
        if row.truth.is_spam() {
            self.junk += time;
            self.junk_words += words;
        } else {
            self.genuine += time;
            self.genuine_words += words;
        }
    }
}

#[derive(Default)]
struct Ranking {
    kept_995: Counts,
    kept_999: Counts,
    kept_995_words: Counts,
    precision_area: f64,
    roc_above: f64,
}

impl Ranking {
    fn step(&mut self, before: &Counts, seen: &Counts, total: &Counts) {
        let words_kept = |loss: f64| seen.genuine_words <= loss * total.genuine_words;
        let kept = |loss: f64| words_kept(loss) && seen.genuine <= loss * total.genuine;
        if kept(0.005) {
            self.kept_995 = *seen;
        }
        if kept(0.001) {
            self.kept_999 = *seen;
        }
        if words_kept(0.005) {
            self.kept_995_words = *seen;
        }
        let junk = seen.junk - before.junk;
        if junk > 0.0 {
            self.precision_area += junk * seen.junk / (seen.junk + seen.genuine);
            self.roc_above += junk * (before.genuine + seen.genuine) / 2.0;
        }
    }
}

/// SplitMix64, for the bootstrap's draws.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(document: u32, words: u32, truth: Label, spam: f64) -> Judged {
        let verdict = if spam >= 0.5 { Label::Chrome } else { Label::Content };
        Judged { document, cluster: document, words, truth, spam, verdict }
    }

    /// Two documents: 100 genuine words of which 10 are removed, three junk
    /// paragraphs of which two are.
    fn sample() -> Vec<Judged> {
        vec![
            row(0, 60, Label::Content, 0.1),
            row(0, 5, Label::Chrome, 0.9),
            row(0, 5, Label::Ad, 0.8),
            row(1, 30, Label::Content, 0.2),
            row(1, 10, Label::Content, 0.6),
            row(1, 5, Label::Chrome, 0.4),
        ]
    }

    #[test]
    fn figures_of_a_table_worked_by_hand() {
        let evaluation = evaluate(&sample());
        let figures = &evaluation.figures;
        let value = |estimate: &Estimate| estimate.value;
        assert_eq!(value(&figures.content_loss_words), Some(0.1));
        assert_eq!(value(&figures.content_loss_paragraphs), Some(1.0 / 3.0));
        assert_eq!(value(&figures.content_loss_per_document), Some(0.125)); // (0 + 10/40) / 2
        assert_eq!(value(&figures.content_loss_worst_tenth), Some(0.25));
        assert_eq!(value(&figures.recall), Some(2.0 / 3.0));
        assert_eq!(value(&figures.recall_ads), Some(1.0));
        assert_eq!(value(&figures.recall_chrome), Some(0.5));
        assert_eq!(value(&figures.precision), Some(2.0 / 3.0));
        assert_eq!(value(&figures.f1), Some(2.0 / 3.0));
        assert_eq!(value(&figures.documents_right), Some(0.5));
        assert_eq!(value(&figures.documents_clean), Some(0.0));
        assert_eq!(value(&figures.documents_unharmed), Some(0.5));
        assert_eq!(value(&figures.recall_at_995), Some(2.0 / 3.0));
        // Order junk junk genuine junk: (1/1 + 2/2 + 3/4) / 3.
        assert!((value(&figures.average_precision).expect("defined") - 2.75 / 3.0).abs() < 1e-12);
        // One of nine pairs is the wrong way round.
        assert!((value(&figures.one_minus_roc_area).expect("defined") - 1.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn ties_stand_or_fall_together() {
        let rows = [row(0, 10, Label::Content, 0.7), row(0, 10, Label::Chrome, 0.7)];
        let figures = evaluate(&rows).figures;
        assert_eq!(figures.recall_at_995.value, Some(0.0));
        assert_eq!(figures.one_minus_roc_area.value, Some(0.5));
    }

    #[test]
    fn what_is_undefined_is_none() {
        let figures = evaluate(&[row(0, 10, Label::Content, 0.1)]).figures;
        assert_eq!(figures.recall.value, None);
        assert_eq!(figures.recall_at_995.value, None);
        assert_eq!(figures.precision.value, None);
        assert_eq!(figures.content_loss_words.value, Some(0.0));
        assert_eq!(evaluate(&[]).figures.content_loss_words.value, None);
    }

    #[test]
    fn intervals_hold_the_value_and_do_not_depend_on_the_order() {
        let mut rows: Vec<Judged> = (0..40)
            .flat_map(|d| {
                sample().into_iter().map(move |row| Judged {
                    document: 2 * d + row.document,
                    cluster: d,
                    ..row
                })
            })
            .collect();
        let forward = evaluate(&rows);
        rows.reverse();
        assert_eq!(forward.figures.recall, evaluate(&rows).figures.recall);
        for (name, estimate) in forward.figures.by_name() {
            let (Some(low), Some(value), Some(high)) =
                (estimate.low, estimate.value, estimate.high)
            else {
                panic!("{name} is undefined");
            };
            assert!(low <= value + 1e-12 && value <= high + 1e-12, "{name}: {low} {value} {high}");
        }
    }
}
