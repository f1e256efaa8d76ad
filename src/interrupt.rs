//! How a pass that waits is told to end before its time. Knows no signals and no passes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells a pass that waits to end, from another thread. Clones tell the same pass.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    happened: AtomicBool,
    listener: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Interrupt {
    /// One that has not happened yet.
    #[must_use]
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Ends the wait. Work that is under way is finished first.
    pub fn interrupt(&self) {
        self.0.happened.store(true, Ordering::SeqCst);
        if let Some(listener) = &*self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) {
            listener();
        }
    }

    /// Whether it has happened.
    pub(crate) fn has_happened(&self) -> bool {
        self.0.happened.load(Ordering::SeqCst)
    }

    /// Calls `listener` when it happens, in place of whoever listened before.
    pub(crate) fn listen(&self, listener: impl Fn() + Send + 'static) {
        *self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.has_happened()).finish()
    }
}
