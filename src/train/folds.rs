//! Work done once for every fold and once for all data.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Progress;
use super::fit::FitError;

/// Runs `job` without a fold and without each of `folds`, on up to `threads` threads;
/// results in that order: the one of all data first.
pub(super) fn for_folds<T: Send>(
    step: &str,
    folds: usize,
    threads: usize,
    progress: Progress<'_>,
    job: impl Fn(Option<u8>) -> Result<T, FitError> + Sync,
) -> Result<Vec<T>, FitError> {
    let jobs: Vec<Option<u8>> = std::iter::once(None).chain((0..folds as u8).map(Some)).collect();
    let results: Vec<Mutex<Option<Result<T, FitError>>>> =
        jobs.iter().map(|_| Mutex::new(None)).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    progress(step, 0, jobs.len());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len()) {
            scope.spawn(|| {
                while let Some((fold, slot)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(i).zip(results.get(i))
                } {
                    let result = job(*fold);
                    *lock(slot) = Some(result);
                    let done = done.fetch_add(1, Ordering::Relaxed);
                    progress(step, done + 1, jobs.len());
                }
            });
        }
    });
    let result = |slot: Mutex<Option<Result<T, FitError>>>| {
        slot.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or(Err(FitError::Empty))
    };
    results.into_iter().map(result).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
